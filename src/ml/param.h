// Params of an ML class, as MLlib has them: a class lists names, types, defaults and validators; an
// instance holds what was set apart from the defaults, because persistence and Spark Connect do.
//
// Invariants: a Params holds only names that its class lists, with values of the listed type that
// passed the validator. Values are immutable after Make and may be shared by any threads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "src/base/status.h"
#include "src/table/vector.h"

namespace soteria::ml {

using VectorValue = table::VectorValue;
using MatrixValue = table::MatrixValue;

/// Integers as an attribute has them: scripts see ints, not floats.
using IntArray = std::vector<int64_t>;
using DoubleArrays = std::vector<std::vector<double>>;
using StringArrays = std::vector<std::vector<std::string>>;

/// The value of a param, an argument or an attribute; monostate is null.
using ParamValue = std::variant<std::monostate, bool, int64_t, double, std::string,
                                std::vector<double>, std::vector<std::string>, VectorValue,
                                MatrixValue, IntArray, DoubleArrays, StringArrays>;
using ParamMap = std::map<std::string, ParamValue>;

enum class ParamType {
  kBool,
  kInt,
  kLong,
  kDouble,
  kString,
  kDoubleArray,
  kStringArray,
  kVector,
  kMatrix,
  kDoubleArrays,
  kStringArrays,
  kIntArray
};

/// Which values a param takes, beyond its type. Default: all of them.
using Validator = std::function<bool(const ParamValue&)>;

Validator AtLeast(double low);
Validator Above(double low);
Validator InRange(double low, double high, bool include_low = true, bool include_high = true);
Validator OneOf(std::vector<std::string> allowed);
/// As OneOf, ignoring case.
Validator OneOfIgnoringCase(std::vector<std::string> allowed);
/// Thresholds of a classifier: none negative, at most one 0.
Validator Thresholds();

struct ParamSpec {
  std::string name;
  ParamType type = ParamType::kString;
  /// Absent: the param has no default. In a string, a leading kUidMark stands for the instance's
  /// uid.
  std::optional<ParamValue> default_value;
  Validator valid;
};
inline constexpr char kUidMark = '\x01';

enum class ClassKind { kEstimator, kTransformer, kModel, kEvaluator };

/// What MLlib calls a class, and its params in MLlib's order.
struct ClassInfo {
  std::string name;  // JVM class name
  ClassKind kind = ClassKind::kEstimator;
  std::vector<ParamSpec> params;

  const ParamSpec* Find(std::string_view param) const;
  /// The part after the last dot.
  std::string_view short_name() const;
};

class Params {
 public:
  /// Coerces integer and double literals to the param's type. Errors: kIllegalArgument with MLlib's
  /// text for an unknown param or a refused value. A null value means "not set".
  /// `info` must outlive the result (class infos live as long as the program).
  static base::StatusOr<Params> Make(const ClassInfo& info, std::string uid, const ParamMap& set);

  const ClassInfo& info() const { return *info_; }
  const std::string& uid() const { return uid_; }
  const ParamMap& set() const { return set_; }
  const ParamMap& defaults() const { return defaults_; }

  bool IsSet(std::string_view name) const;
  /// Set, or has a default.
  bool IsDefined(std::string_view name) const;

  // Typed getters of defined params; asking for an undefined one or for another type is our own
  // bug.
  bool Bool(std::string_view name) const;
  int64_t Int(std::string_view name) const;
  double Double(std::string_view name) const;
  const std::string& String(std::string_view name) const;
  const std::vector<double>& Doubles(std::string_view name) const;
  const std::vector<std::string>& Strings(std::string_view name) const;
  const DoubleArrays& Arrays(std::string_view name) const;

  /// A column-name param; nullopt when it is not defined or empty.
  std::optional<std::string> Column(std::string_view name) const;

  /// This instance's set params with `set` laid over them.
  base::StatusOr<Params> With(const ParamMap& set) const;

  /// The params of `other` that this class has too, as MLlib's copyValues hands them from an
  /// estimator to its model.
  base::StatusOr<Params> CopyTo(const ClassInfo& other) const;

  /// Canonical bytes: uid and set params. The class is known from the context.
  std::string Encode() const;
  static base::StatusOr<Params> Decode(const ClassInfo& info, std::string_view bytes);

 private:
  Params(const ClassInfo& info, std::string uid) : info_(&info), uid_(std::move(uid)) {}
  const ParamValue& Get(std::string_view name) const;

  const ClassInfo* info_;
  std::string uid_;
  ParamMap set_;
  ParamMap defaults_;
};

/// MLlib's text of a value, as its error messages show it.
std::string ToText(const ParamValue& value, ParamType type);

/// Canonical bytes of one value.
std::string EncodeValue(const ParamValue& value);
base::StatusOr<ParamValue> DecodeValue(std::string_view bytes);

}  // namespace soteria::ml
