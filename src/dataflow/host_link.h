// The way to the host: frames out. The coordinator and the stream mux send through this interface,
// so that tests can script a host. Implementations are thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/frame.h"
#include "src/base/status.h"

namespace soteria::dataflow {

using base::Status;
using base::StatusOr;

class HostLink {
 public:
  virtual ~HostLink() = default;
  virtual Status Send(uint8_t kind, uint64_t id, std::string_view payload) = 0;
};

/// What an enclave says of itself when it has dialled the host.
struct Greeting {
  enum class Role { kMaster, kWorker, kSlot } role = Role::kMaster;
  std::string cookie;
  std::string name;
  uint64_t slot = 0;
};

/// HELLO, then HELLO_OK from the host. kProtocol when the host answers anything else.
Status Greet(base::FrameConnection& connection, const Greeting& greeting);

/// A HostLink over a frame connection.
class FrameLink : public HostLink {
 public:
  explicit FrameLink(std::unique_ptr<base::FrameConnection> connection);
  Status Send(uint8_t kind, uint64_t id, std::string_view payload) override;
  StatusOr<base::Frame> Receive() { return connection_->Receive(); }
  void Close() { connection_->Close(); }
  base::FrameConnection& connection() { return *connection_; }

 private:
  std::unique_ptr<base::FrameConnection> connection_;
};

}  // namespace soteria::dataflow
