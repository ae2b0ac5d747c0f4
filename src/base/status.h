// The one way in which something hostile or environmental is reported: absl::Status that also
// carries a condition (base/errors.h), so that the owner's script sees Spark's own exception class,
// error class and SQL state.
//
//   if (size != expected) return base::Fail(base::kIntegrity, base::Cat("file ", i, ": ", size));
//
// Invariant: a text made by FailQuotingData quotes user data, and the mark survives WithContext and
// encoding, so that the gate can replace the text (I1, I3). Pure values: any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace soteria::base {

using absl::OkStatus;
using absl::Status;
using absl::StatusOr;

/// What kind of failure this is. All constants are in base/errors.h.
struct Condition {
  const char* name;       ///< Spark's error class, or "SOTERIA.X".
  const char* exception;  ///< Full name of the JVM exception class that PySpark maps.
  const char* sql_state;  ///< Five characters, or "".
  absl::StatusCode code;
};

/// Longest text that a decoded status may have; longer ones are cut when encoded.
inline constexpr size_t kStatusTextBytesMax = 16 * 1024;
/// Longest condition name, exception name or SQL state that DecodeStatus accepts.
inline constexpr size_t kStatusNameBytesMax = 128;

/// A failure with `text`, which must not quote user data, keys or plaintext.
Status Fail(const Condition& condition, std::string text);
/// A failure whose text quotes user data: only an owner with `rows` may see it.
Status FailQuotingData(const Condition& condition, std::string text);
/// "prefix: text" under the same condition and mark. OK stays OK.
Status WithContext(const Status& status, std::string_view prefix);

/// "" for OK; "INTERNAL_ERROR" for a status that was not made by Fail.
std::string ConditionName(const Status& status);
std::string ExceptionName(const Status& status);
std::string SqlState(const Status& status);
bool QuotesData(const Status& status);
std::string Message(const Status& status);
bool Is(const Status& status, const Condition& condition);

/// Canonical bytes of any status, OK included; DecodeStatus gives an equal one back.
std::string EncodeStatus(const Status& status);
/// Sets `*out` to the encoded status. kProtocol when `bytes` are not an encoded status.
Status DecodeStatus(std::string_view bytes, Status* out);

namespace internal {
inline const Status& StatusOf(const Status& status) { return status; }
template <class T>
const Status& StatusOf(const StatusOr<T>& result) {
  return result.status();
}
}  // namespace internal
}  // namespace soteria::base

/// Returns from the calling function when `expr` (Status or StatusOr) failed.
#define SOTERIA_RETURN_IF_ERROR(...)                                                        \
  do {                                                                                      \
    if (auto&& soteria_status_ = (__VA_ARGS__); !soteria_status_.ok()) {                    \
      return ::soteria::base::Status(::soteria::base::internal::StatusOf(soteria_status_)); \
    }                                                                                       \
  } while (false)

#define SOTERIA_STATUS_CONCAT_INNER_(a, b) a##b
#define SOTERIA_STATUS_CONCAT_(a, b) SOTERIA_STATUS_CONCAT_INNER_(a, b)
#define SOTERIA_ASSIGN_OR_RETURN_IMPL_(result, lhs, ...)             \
  auto result = (__VA_ARGS__);                                       \
  if (!result.ok()) return ::soteria::base::Status(result.status()); \
  lhs = std::move(result).value()

/// `SOTERIA_ASSIGN_OR_RETURN(auto x, Parse(bytes));` returns the failure, else assigns the value.
#define SOTERIA_ASSIGN_OR_RETURN(lhs, ...)                                                  \
  SOTERIA_ASSIGN_OR_RETURN_IMPL_(SOTERIA_STATUS_CONCAT_(soteria_result_, __COUNTER__), lhs, \
                                 __VA_ARGS__)
