#include "src/connect/errors.h"

#include <grpcpp/support/status.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"

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

/// Cuts at a character boundary of UTF-8.
std::string CutUtf8(std::string text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  text += "...";
  return text;
}

}  // namespace

std::string SparkMessage(const base::Status& status) {
  const std::string condition = base::ConditionName(status);
  const std::string text = CutUtf8(base::Message(status), kErrorMessageBytesMax);
  if (condition.empty() || condition == kLegacy) return text;
  std::string message = base::Cat("[", condition, "] ", text);
  if (const std::string state = base::SqlState(status); !state.empty()) {
    message += base::Cat(" SQLSTATE: ", state);
  }
  return message;
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

base::Status RefusePython(std::string_view what) {
  return base::Fail(base::kUnsupported,
                    base::Cat("Python functions can't run in an enclave (", what,
                              "): no Python is part of the trusted code. Use "
                              "pyspark.sql.functions or pyspark.ml instead."));
}

base::Status RefuseNode(std::string_view kind, std::string_view node) {
  return base::Fail(base::kUnsupported,
                    base::Cat("The ", kind, " `", node, "` is not supported in an enclave."));
}

}  // namespace soteria::connect
