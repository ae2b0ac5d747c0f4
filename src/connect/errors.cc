#include "src/connect/errors.h"

#include <grpcpp/support/status.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/sql_error.h"

namespace soteria::connect {
namespace {

constexpr char kLegacy[] = "_LEGACY_ERROR_TEMP";
constexpr int kRpcInternal = 13;

/// Most specific first; PySpark takes the first name that it knows.
nlohmann::json ExceptionClasses(const std::string& exception) {
  nlohmann::json classes = nlohmann::json::array({exception});
  if (exception == base::exception_class::kParse) {
    classes.push_back(base::exception_class::kAnalysis);
  }
  if (exception == base::exception_class::kNumberFormat) {
    classes.push_back(base::exception_class::kIllegalArgument);
  }
  for (const char* parent : {"java.lang.Exception", "java.lang.Throwable", "java.lang.Object"}) {
    classes.push_back(parent);
  }
  return classes;
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// Length of the well-formed UTF-8 sequence that `text` begins with; 0 for none.
size_t SequenceLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool outside = (lead == 0xED && second >= 0xA0) || (lead == 0xF4 && second >= 0x90);
  return overlong || outside ? 0 : length;
}

/// Protobuf strings are UTF-8, a quoted cell may be anything: other bytes become '?'. Cut at a
/// character's boundary.
std::string Printable(std::string_view text, size_t bytes_max) {
  std::string out;
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    if (out.size() + length > bytes_max) return out + "...";
    out += length == 0 ? std::string_view("?") : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace

std::string SparkMessage(const base::Status& status) {
  const std::string condition = base::ConditionName(status);
  const std::string text = Printable(base::Message(status), kErrorMessageBytesMax);
  if (condition.empty() || condition == kLegacy) return text;
  // The place in a SQL text comes last.
  const size_t place = std::min(SqlPlaceIn(text), text.size());
  std::string message = base::Cat("[", condition, "] ", text.substr(0, place));
  if (const std::string state = base::SqlState(status); !state.empty()) {
    message += base::Cat(" SQLSTATE: ", state);
  }
  if (place == text.size()) return message;
  return base::Cat("\n", message, text.substr(place));
}

grpc::Status ToGrpc(const base::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const std::string message = SparkMessage(status);
  if (base::Is(status, base::kUnauthenticated)) {
    return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, message);
  }
  std::string exception = base::ExceptionName(status);
  if (exception.empty()) exception = base::exception_class::kSpark;
  google::rpc::ErrorInfo info;
  info.set_reason(exception);
  info.set_domain("org.apache.spark");
  auto& metadata = *info.mutable_metadata();
  using nlohmann::json;
  constexpr auto kReplace = json::error_handler_t::replace;
  metadata["classes"] = ExceptionClasses(exception).dump(-1, ' ', false, kReplace);
  if (const std::string condition = base::ConditionName(status);
      !condition.empty() && condition != kLegacy) {
    metadata["errorClass"] = condition;
  }
  if (const std::string state = base::SqlState(status); !state.empty()) {
    metadata["sqlState"] = state;
  }
  metadata["messageParameters"] = "{}";
  google::rpc::Status rpc;
  rpc.set_code(kRpcInternal);
  rpc.set_message(message);
  rpc.add_details()->PackFrom(info);
  return grpc::Status(grpc::StatusCode::INTERNAL, message, rpc.SerializeAsString());
}

}  // namespace soteria::connect
