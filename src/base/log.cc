#include "src/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace soteria::base {
namespace {

spdlog::level::level_enum SpdlogLevel(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("soteria",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e soteria %L %v");
    made->set_level(spdlog::level::info);
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *logger;
}

}  // namespace

namespace internal {

void WriteLog(Level level, const std::string& line) { Logger().log(SpdlogLevel(level), line); }

bool LogEnabled(Level level) { return Logger().should_log(SpdlogLevel(level)); }

}  // namespace internal

void SetLogLevel(Level level) { Logger().set_level(SpdlogLevel(level)); }

void SetLogName(Literal name) {
  Logger().set_pattern("%Y-%m-%dT%H:%M:%S.%e " + std::string(name.text()) + " %L %v");
}

}  // namespace soteria::base
