// soteria-stats: computes statistics outside the enclaves, from what they have released.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "host/statd/answer.h"
#include "host/statd/keeper.h"
#include "src/base/env.h"
#include "src/base/log.h"
#include "src/base/net.h"

namespace {

using soteria::statd::Keeper;

constexpr char kUsage[] =
    "usage: soteria-stats --host-port PORT\n\n"
    "Computes statistics from what the enclaves have released. Started by a host, which gives it "
    "a\n"
    "cookie in SOTERIA_COOKIE. It holds no key and nobody has to trust it. What it is asked it "
    "keeps\n"
    "in the folder SOTERIA_KEEP_RELEASED, if that is set, for `soteria ledger replay`.\n";

}  // namespace

int main(int argc, char** argv) {
  soteria::base::SetLogName("stats");
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  char* end = nullptr;
  const unsigned long port =
      argc == 3 && std::strcmp(argv[1], "--host-port") == 0 ? std::strtoul(argv[2], &end, 10) : 0;
  if (port == 0 || port > 65535 || *end != '\0') {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const auto files = soteria::base::PosixFiles();
  std::optional<Keeper> keeper;
  if (const char* folder = std::getenv("SOTERIA_KEEP_RELEASED"); folder != nullptr) {
    auto made = Keeper::At(*files, folder);
    if (!made.ok()) {
      std::fprintf(stderr, "soteria-stats: %s\n", soteria::base::Message(made.status()).c_str());
      return 1;
    }
    keeper = *std::move(made);
  }
  const char* cookie = std::getenv("SOTERIA_COOKIE");
  auto stream = soteria::base::DialLoopback(static_cast<uint16_t>(port));
  if (!stream.ok()) {
    std::fputs("soteria-stats: the host can't be reached\n", stderr);
    return 1;
  }
  soteria::base::FrameConnection connection(*std::move(stream));
  const auto served =
      soteria::statd::Serve(connection, cookie == nullptr ? std::string() : std::string(cookie),
                            keeper.has_value() ? &*keeper : nullptr);
  return served.ok() ? 0 : 1;
}
