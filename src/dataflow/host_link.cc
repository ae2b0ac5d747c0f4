#include "src/dataflow/host_link.h"

#include "soteria/host.pb.h"
#include "src/base/errors.h"

namespace soteria::dataflow {
namespace {

host::Role RoleOf(Greeting::Role role) {
  switch (role) {
    case Greeting::Role::kMaster:
      return host::MASTER;
    case Greeting::Role::kWorker:
      return host::WORKER;
    case Greeting::Role::kSlot:
      return host::SLOT;
  }
  return host::ROLE_NONE;
}

}  // namespace

Status Greet(base::FrameConnection& connection, const Greeting& greeting) {
  host::Hello hello;
  hello.set_cookie(greeting.cookie);
  hello.set_role(RoleOf(greeting.role));
  hello.set_name(greeting.name);
  hello.set_slot(greeting.slot);
  SOTERIA_RETURN_IF_ERROR(connection.Send(host::HELLO, 0, hello.SerializeAsString()));
  SOTERIA_ASSIGN_OR_RETURN(const base::Frame reply, connection.Receive());
  if (reply.kind != host::HELLO_OK) {
    return base::Fail(base::kProtocol, "the host did not answer the greeting");
  }
  return base::OkStatus();
}

FrameLink::FrameLink(std::unique_ptr<base::FrameConnection> connection)
    : connection_(std::move(connection)) {}

Status FrameLink::Send(uint8_t kind, uint64_t id, std::string_view payload) {
  return connection_->Send(kind, id, payload);
}

}  // namespace soteria::dataflow
