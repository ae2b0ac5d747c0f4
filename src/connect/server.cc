#include "src/connect/server.h"

#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>
#include <unistd.h>

#include <chrono>
#include <mutex>
#include <utility>

#include "src/connect/service.h"

namespace soteria::connect {
namespace {

/// Largest message from a client: PySpark's own limit.
constexpr int kReceiveBytesMax = 128 << 20;
/// PySpark sends a keepalive ping every 60 s, also while a stage is silent; gRPC by default takes
/// one in 5 minutes and then drops the connection.
constexpr int kPingEveryMsMin = 10'000;
/// gRPC threads, one for each call that is served; the others wait.
constexpr int kThreadsMax = 256;
/// Calls that go on after a shutdown began are cut off then.
constexpr auto kShutdownGrace = std::chrono::seconds(1);

class GrpcServer final : public Server {
 public:
  GrpcServer(std::unique_ptr<ConnectService> service, std::unique_ptr<grpc::Server> server)
      : service_(std::move(service)), server_(std::move(server)) {}
  ~GrpcServer() override { Shutdown(); }

  void AddConnection(int fd) override {
    const std::lock_guard lock(mutex_);
    if (down_) {
      close(fd);
      return;
    }
    grpc::AddInsecureChannelFromFd(server_.get(), fd);
  }

  void Shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(down_, true)) return;
    }
    service_->Stop();
    server_->Shutdown(std::chrono::system_clock::now() + kShutdownGrace);
    server_->Wait();
  }

 private:
  std::unique_ptr<ConnectService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::mutex mutex_;
  bool down_ = false;
};

}  // namespace

std::unique_ptr<Server> Server::Start(master::Master& master) {
  auto service = ConnectService::Make(master);
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kReceiveBytesMax);
  builder.SetMaxSendMessageSize(-1);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kPingEveryMsMin);
  grpc::ResourceQuota quota;
  quota.SetMaxThreads(kThreadsMax);
  builder.SetResourceQuota(quota);
  builder.RegisterService(&service->grpc_service());
  auto server = builder.BuildAndStart();
  if (server == nullptr) return nullptr;
  return std::make_unique<GrpcServer>(std::move(service), std::move(server));
}

}  // namespace soteria::connect
