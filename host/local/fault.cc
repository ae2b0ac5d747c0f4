#include "host/local/fault.h"

#include <charconv>
#include <string>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::host {
namespace {

/// Takes "<key>=<number>" off the front of `rest`.
bool Take(std::string_view key, std::string_view& rest, uint64_t& value) {
  if (!rest.starts_with(key)) return false;
  rest.remove_prefix(key.size());
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc()) return false;
  rest.remove_prefix(static_cast<size_t>(end - rest.data()));
  return true;
}

}  // namespace

base::StatusOr<Fault> ParseFault(std::string_view spec) {
  Fault fault;
  std::string_view rest = spec;
  if (Take("kill:reduce=", rest, fault.reduce) && Take(",after=", rest, fault.after) &&
      Take(",worker=", rest, fault.worker) && rest.empty() && fault.reduce > 0) {
    return fault;
  }
  return base::Fail(base::kIllegalArgument,
                    base::Cat("a fault reads kill:reduce=N,after=K,worker=W, not '", spec, "'"));
}

}  // namespace soteria::host
