#include "src/base/status.h"

#include <optional>

#include "absl/strings/cord.h"
#include "src/base/errors.h"
#include "src/base/fields.h"

namespace soteria::base {
namespace {

constexpr char kPayloadUrl[] = "soteria.condition";
constexpr int kStatusCodeMax = 16;

struct Details {
  std::string name;
  std::string exception;
  std::string sql_state;
  bool quotes_data = false;
};

void Attach(const Details& details, Status& status) {
  FieldWriter fields;
  fields.Add(details.name).Add(details.exception).Add(details.sql_state);
  fields.AddBool(details.quotes_data);
  status.SetPayload(kPayloadUrl, absl::Cord(fields.Take()));
}

StatusOr<Details> ReadDetails(FieldReader& reader) {
  Details details;
  for (std::string* name : {&details.name, &details.exception, &details.sql_state}) {
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, reader.Next());
    if (bytes.size() > kStatusNameBytesMax) return Fail(kProtocol, "status: a name is too long");
    *name = std::string(bytes);
  }
  SOTERIA_ASSIGN_OR_RETURN(details.quotes_data, reader.NextBool());
  return details;
}

/// A status that nobody of ours made is an internal error that may quote anything.
Details DetailsOf(const Status& status) {
  Details foreign = {kInternal.name, kInternal.exception, kInternal.sql_state, true};
  const auto payload = status.GetPayload(kPayloadUrl);
  if (!payload.has_value()) return foreign;
  const std::string bytes(*payload);
  FieldReader reader(bytes);
  StatusOr<Details> details = ReadDetails(reader);
  return details.ok() ? *std::move(details) : foreign;
}

Status Make(const Condition& condition, std::string text, bool quotes_data) {
  Status status(condition.code, text);
  Attach({condition.name, condition.exception, condition.sql_state, quotes_data}, status);
  return status;
}

/// At most `bytes_max` bytes of `text`, without half a UTF-8 character at the end.
std::string_view Shorten(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

}  // namespace

Status Fail(const Condition& condition, std::string text) {
  return Make(condition, std::move(text), false);
}

Status FailQuotingData(const Condition& condition, std::string text) {
  return Make(condition, std::move(text), true);
}

Status WithContext(const Status& status, std::string_view prefix) {
  if (status.ok()) return status;
  std::string text(prefix);
  text += ": ";
  text += Message(status);
  Status result(status.code(), text);
  Attach(DetailsOf(status), result);
  return result;
}

std::string ConditionName(const Status& status) {
  return status.ok() ? std::string() : DetailsOf(status).name;
}

std::string ExceptionName(const Status& status) {
  return status.ok() ? std::string() : DetailsOf(status).exception;
}

std::string SqlState(const Status& status) {
  return status.ok() ? std::string() : DetailsOf(status).sql_state;
}

bool QuotesData(const Status& status) { return !status.ok() && DetailsOf(status).quotes_data; }

std::string Message(const Status& status) {
  const absl::string_view text = status.message();
  return std::string(text.data(), text.size());
}

bool Is(const Status& status, const Condition& condition) {
  return !status.ok() && DetailsOf(status).name == condition.name;
}

std::string EncodeStatus(const Status& status) {
  const Details details = status.ok() ? Details{} : DetailsOf(status);
  FieldWriter fields;
  fields.AddU64(static_cast<uint64_t>(status.code()));
  fields.Add(details.name).Add(details.exception).Add(details.sql_state);
  fields.AddBool(details.quotes_data);
  fields.Add(Shorten(Message(status), kStatusTextBytesMax));
  return fields.Take();
}

Status DecodeStatus(std::string_view bytes, Status* out) {
  FieldReader reader(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t code, reader.NextU64());
  if (code > kStatusCodeMax) return Fail(kProtocol, "status: no such code");
  SOTERIA_ASSIGN_OR_RETURN(const Details details, ReadDetails(reader));
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view text, reader.Next());
  SOTERIA_RETURN_IF_ERROR(reader.Finish());
  if (text.size() > kStatusTextBytesMax) return Fail(kProtocol, "status: the text is too long");
  if (code == 0) {
    const bool bare = details.name.empty() && details.exception.empty() &&
                      details.sql_state.empty() && !details.quotes_data && text.empty();
    if (!bare) return Fail(kProtocol, "status: OK with details");
    *out = OkStatus();
    return OkStatus();
  }
  *out = Status(static_cast<absl::StatusCode>(code), absl::string_view(text.data(), text.size()));
  Attach(details, *out);
  return OkStatus();
}

}  // namespace soteria::base
