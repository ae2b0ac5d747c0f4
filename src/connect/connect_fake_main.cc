// For tests only: serves FakeMaster on a loopback port to an unmodified PySpark client. Prints
// "port N" when it is ready; the token comes as the argument. Ends at the end of standard input.
#include <arrow/compute/initialize.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "src/base/net.h"
#include "src/connect/fake_session_for_test.h"
#include "src/connect/server.h"

namespace {

/// Copies until the end of `from`; then nothing more comes for `to` either.
void Copy(soteria::base::ByteStream& from, soteria::base::ByteStream& to) {
  std::vector<char> buffer(size_t{128} * 1024);
  while (true) {
    auto read = from.Read(buffer);
    if (!read.ok() || *read == 0 || !to.Write({buffer.data(), *read}).ok()) break;
  }
  from.Close();
  to.Close();
}

void Serve(std::shared_ptr<soteria::base::ByteStream> client, soteria::connect::Server& server) {
  auto pair = soteria::base::SocketPair();
  if (!pair.ok()) return;
  server.AddConnection(pair->first);
  const std::shared_ptr<soteria::base::ByteStream> inner =
      soteria::base::StreamFromFd(pair->second);
  std::thread([client, inner] { Copy(*client, *inner); }).detach();
  std::thread([client, inner] { Copy(*inner, *client); }).detach();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  if (!arrow::compute::Initialize().ok()) return 1;
  soteria::connect::FakeMaster master(argv[1]);
  auto server = soteria::connect::Server::Start(master);
  auto listener = soteria::base::Listener::Loopback(0);
  if (server == nullptr || !listener.ok()) return 1;
  std::printf("port %d\n", (*listener)->port());
  std::fflush(stdout);
  std::thread([&] {
    while (true) {
      auto accepted = (*listener)->Accept();
      if (!accepted.ok()) return;
      Serve(std::move(*accepted), *server);
    }
  }).detach();
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  server->Shutdown();
  std::_Exit(0);
}
