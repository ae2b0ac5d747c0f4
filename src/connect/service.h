// The gRPC service: who may call, which session and operation a call is about, and the streaming of
// responses. What the calls mean is in analyze, execution and their like. Thread-safe.
#pragma once

#include <memory>

#include "src/connect/session_state.h"
#include "src/master/master.h"

namespace grpc {
class Service;
}

namespace soteria::connect {

/// Operations that may run at once, over all sessions.
inline constexpr size_t kRunningMax = 64;
/// How often a stream looks whether its client is there and whether stages moved.
inline constexpr int kTickMs = 150;
inline constexpr size_t kIdBytesMax = 64;

class ConnectService {
 public:
  virtual ~ConnectService() = default;
  /// `master` must outlive the service.
  static std::unique_ptr<ConnectService> Make(master::Master& master);
  virtual grpc::Service& grpc_service() = 0;
  /// Cancels all operations and waits for their threads.
  virtual void Stop() = 0;
};

}  // namespace soteria::connect
