// An enclave that only greets the host and stays until its connection ends. For tests of the
// supervisor.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "soteria/host.pb.h"
#include "src/base/frame.h"
#include "src/base/net.h"

namespace {

using soteria::base::FrameConnection;

std::string Argument(int argc, char** argv, const char* name, const char* otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return argv[i + 1];
  }
  return otherwise;
}

std::unique_ptr<FrameConnection> Greet(uint16_t port, soteria::host::Role role, uint64_t slot) {
  auto stream = soteria::base::DialLoopback(port);
  if (!stream.ok()) std::exit(3);
  auto connection = std::make_unique<FrameConnection>(*std::move(stream));
  soteria::host::Hello hello;
  hello.set_cookie(std::getenv("SOTERIA_COOKIE"));
  hello.set_role(role);
  hello.set_slot(slot);
  const bool welcome = connection->Send(soteria::host::HELLO, 0, hello.SerializeAsString()).ok() &&
                       connection->Receive().ok();
  if (!welcome) std::exit(4);
  return connection;
}

}  // namespace

int main(int argc, char** argv) {
  const auto port = static_cast<uint16_t>(std::stoul(Argument(argc, argv, "--host-port", "0")));
  const bool master = Argument(argc, argv, "--name", "") == "master";
  const auto control = Greet(port, master ? soteria::host::MASTER : soteria::host::WORKER, 0);
  std::vector<std::unique_ptr<FrameConnection>> slots;
  const uint64_t count = master ? 0 : std::stoul(Argument(argc, argv, "--slots", "1"));
  for (uint64_t s = 0; s < count; ++s) slots.push_back(Greet(port, soteria::host::SLOT, s));
  if (!master && !control->Send(soteria::host::READY, 0, "").ok()) return 5;
  while (control->Receive().ok()) {
  }
  return 0;
}
