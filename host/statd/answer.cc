#include "host/statd/answer.h"

#include "soteria/host.pb.h"
#include "src/base/errors.h"
#include "src/stats/doubles.h"
#include "src/stats/statistic.h"

namespace soteria::statd {

std::string Answer(std::string_view question) {
  const std::string none(1, '\0');
  const auto asked = stats::DecodeQuestion(question);
  if (!asked.ok()) return none;
  const auto values = stats::Compute(asked->statistic, asked->input);
  if (!values.ok()) return none;
  return '\1' + stats::PackDoubles(*values);
}

base::Status Serve(base::FrameConnection& connection, const std::string& cookie, Keeper* keeper) {
  host::Hello hello;
  hello.set_cookie(cookie);
  hello.set_role(host::STATISTICS);
  SOTERIA_RETURN_IF_ERROR(connection.Send(host::HELLO, 0, hello.SerializeAsString()));
  SOTERIA_ASSIGN_OR_RETURN(const base::Frame greeted, connection.Receive());
  if (greeted.kind != host::HELLO_OK) {
    return base::Fail(base::kProtocol, "the host did not answer the greeting");
  }
  while (true) {
    const auto frame = connection.Receive();
    if (!frame.ok()) return base::OkStatus();  // the host has ended
    if (frame->kind != host::STATISTIC) {
      return base::Fail(base::kProtocol, "the host sent something else than a question");
    }
    if (keeper != nullptr) keeper->Keep(frame->payload);
    SOTERIA_RETURN_IF_ERROR(
        connection.Send(host::STATISTIC_DONE, frame->id, Answer(frame->payload)));
  }
}

}  // namespace soteria::statd
