// soteria-master: binds the world to the master enclave and the Spark Connect front.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "src/apps/enclave/startup.h"
#include "src/base/errors.h"
#include "src/base/log.h"
#include "src/connect/server.h"
#include "src/crypto/identity.h"
#include "src/crypto/openssl.h"
#include "src/dataflow/host_files.h"
#include "src/dataflow/host_link.h"
#include "src/dataflow/routed_files.h"
#include "src/dataflow/stream_mux.h"
#include "src/master/enclave_master.h"

namespace soteria::apps {
namespace {

constexpr auto kWatchEvery = std::chrono::seconds(1);

/// Set once, when the job is over for whatever reason.
class Over {
 public:
  void Set() {
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }
  /// Whether it was set within the time.
  bool WaitFor(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [&] { return over_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
};

/// Frames from the host, until it closes.
void ReadFrames(dataflow::FrameLink& link, dataflow::StreamMux& mux,
                dataflow::HostFiles& host_files, master::EnclaveMaster& master, Over& over) {
  while (true) {
    auto frame = link.Receive();
    if (!frame.ok()) break;
    if (mux.OnFrame(*frame) || host_files.OnFrame(*frame)) continue;
    if (master.OnFrame(std::move(*frame))) continue;
    base::Log(base::Level::kWarning, "the host sent a frame of an unknown kind");
    break;
  }
  mux.Close();
  host_files.Close();
  master.OnHostClosed();
  over.Set();
}

void AcceptStreams(dataflow::StreamMux& mux, master::EnclaveMaster& master) {
  while (true) {
    auto incoming = mux.Accept();
    if (!incoming.ok()) return;
    std::thread([&master, stream = std::move(incoming->stream)]() mutable {
      master.ServeStream(std::move(stream));
    }).detach();
  }
}

base::Status Run(const EnclaveFlags& flags, base::Files& local, attest::EvidenceSource& evidence) {
  base::SetLogName("master");
  SOTERIA_ASSIGN_OR_RETURN(auto identity, crypto::IdentityKey::Generate());
  SOTERIA_ASSIGN_OR_RETURN(auto certificate, crypto::SelfSigned::Generate());
  SOTERIA_ASSIGN_OR_RETURN(auto connection, DialHost(flags));
  SOTERIA_RETURN_IF_ERROR(dataflow::Greet(
      *connection, {dataflow::Greeting::Role::kMaster, flags.cookie, flags.name, 0}));
  dataflow::FrameLink link(std::move(connection));
  dataflow::StreamMux mux(link);
  dataflow::HostFiles host_files(link, crypto::OsRandom());
  dataflow::RoutedFiles files(local, host_files);
  Over over;
  std::unique_ptr<connect::Server> front;
  SOTERIA_ASSIGN_OR_RETURN(
      auto master,
      master::EnclaveMaster::Create(
          {base::SystemClock(), crypto::OsRandom(), files, evidence, identity, certificate, link,
           kKernelLevel, [&front](int fd) { front->AddConnection(fd); }, [&over] { over.Set(); }}));
  front = connect::Server::Start(*master);
  std::thread reader([&] { ReadFrames(link, mux, host_files, *master, over); });
  std::thread acceptor([&] { AcceptStreams(mux, *master); });
  while (!over.WaitFor(kWatchEvery)) master->StopIfAbandoned();
  // Streams have threads of their own that only end with the process; the keys end here too.
  std::_Exit(0);
}

}  // namespace
}  // namespace soteria::apps

int main(int argc, char** argv) {
  return soteria::apps::EnclaveMain(argc, argv, "soteria-master", soteria::apps::Run);
}
