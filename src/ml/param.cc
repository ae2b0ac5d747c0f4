#include "src/ml/param.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/stats/doubles.h"
#include "src/table/java_text.h"

namespace soteria::ml {
namespace {

/// Params of one instance; MLlib's largest class has fewer than 40.
constexpr uint64_t kParamsMax = 256;

std::optional<double> Number(const ParamValue& value) {
  if (const auto* i = std::get_if<int64_t>(&value)) return static_cast<double>(*i);
  if (const auto* d = std::get_if<double>(&value)) return *d;
  return std::nullopt;
}

std::optional<ParamValue> ToInteger(const ParamValue& value, int64_t low, int64_t high) {
  if (const auto* d = std::get_if<double>(&value)) {
    constexpr double kTwoTo63 = 9223372036854775808.0;
    if (!(*d >= -kTwoTo63 && *d < kTwoTo63) || std::trunc(*d) != *d) return std::nullopt;
    return ToInteger(static_cast<int64_t>(*d), low, high);
  }
  const auto* i = std::get_if<int64_t>(&value);
  if (i == nullptr || *i < low || *i > high) return std::nullopt;
  return value;
}

template <class T>
std::optional<ParamValue> As(const ParamValue& value) {
  if (std::holds_alternative<T>(value)) return value;
  return std::nullopt;
}

/// An empty array literal has no element type of its own.
template <class T, class Other>
std::optional<ParamValue> AsArray(const ParamValue& value) {
  if (const auto* other = std::get_if<Other>(&value); other != nullptr && other->empty()) {
    return T{};
  }
  return As<T>(value);
}

/// The value as the param's type has it, or nullopt.
std::optional<ParamValue> Coerce(const ParamValue& value, ParamType type) {
  switch (type) {
    case ParamType::kBool:
      return As<bool>(value);
    case ParamType::kInt:
      return ToInteger(value, std::numeric_limits<int32_t>::min(),
                       std::numeric_limits<int32_t>::max());
    case ParamType::kLong:
      return ToInteger(value, std::numeric_limits<int64_t>::min(),
                       std::numeric_limits<int64_t>::max());
    case ParamType::kDouble:
      if (const std::optional<double> number = Number(value)) return ParamValue(*number);
      return std::nullopt;
    case ParamType::kString:
      return As<std::string>(value);
    case ParamType::kDoubleArray:
      return AsArray<std::vector<double>, std::vector<std::string>>(value);
    case ParamType::kStringArray:
      return AsArray<std::vector<std::string>, std::vector<double>>(value);
    case ParamType::kVector:
      return As<VectorValue>(value);
    case ParamType::kMatrix:
      return As<MatrixValue>(value);
    case ParamType::kDoubleArrays:
      return AsArray<DoubleArrays, std::vector<double>>(value);
    case ParamType::kStringArrays:
      return AsArray<StringArrays, std::vector<double>>(value);
    case ParamType::kIntArray:
      return As<IntArray>(value);
  }
  return std::nullopt;
}

/// Which alternative a coerced value of `type` holds, to name it where coercion failed.
ParamType TypeOf(const ParamValue& value) {
  constexpr ParamType kTypes[] = {
      ParamType::kString,      ParamType::kBool,         ParamType::kLong,
      ParamType::kDouble,      ParamType::kString,       ParamType::kDoubleArray,
      ParamType::kStringArray, ParamType::kVector,       ParamType::kMatrix,
      ParamType::kIntArray,    ParamType::kDoubleArrays, ParamType::kStringArrays};
  return kTypes[value.index()];
}

ParamValue ForUid(const ParamValue& value, const std::string& uid) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || text->empty() || text->front() != kUidMark) return value;
  return uid + text->substr(1);
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string text = "[";
  for (const std::string& part : parts) {
    if (text.size() > 1) text += ',';
    text += part;
  }
  return text + "]";
}

void WriteInts(base::FieldWriter& w, const std::vector<int32_t>& values) {
  std::vector<double> as_doubles(values.begin(), values.end());  // exact for int32
  w.Add(stats::PackDoubles(as_doubles));
}

base::StatusOr<std::vector<int32_t>> ReadInts(base::FieldReader& r) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> values, stats::UnpackDoubles(bytes));
  std::vector<int32_t> ints;
  ints.reserve(values.size());
  for (const double v : values) {
    if (!(v >= std::numeric_limits<int32_t>::min() && v <= std::numeric_limits<int32_t>::max()) ||
        std::trunc(v) != v) {
      return base::Fail(base::kProtocol, "param value: no int32");
    }
    ints.push_back(static_cast<int32_t>(v));
  }
  return ints;
}

base::StatusOr<ParamValue> ReadLongs(base::FieldReader& r) {
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, r.NextU64());
  std::vector<int64_t> values;
  for (uint64_t i = 0; i < count; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(values.emplace_back(), r.NextI64());
  }
  return ParamValue(std::move(values));
}

base::StatusOr<std::vector<double>> ReadDoubles(base::FieldReader& r) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, r.Next());
  return stats::UnpackDoubles(bytes);
}

base::StatusOr<int32_t> ReadInt32(base::FieldReader& r) {
  SOTERIA_ASSIGN_OR_RETURN(const int64_t value, r.NextI64());
  if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max()) {
    return base::Fail(base::kProtocol, "param value: no int32");
  }
  return static_cast<int32_t>(value);
}

// Counts aren't limited: each item takes at least eight bytes of the input.
base::StatusOr<std::vector<std::string>> ReadStrings(base::FieldReader& r) {
  std::vector<std::string> strings;
  SOTERIA_ASSIGN_OR_RETURN(uint64_t left, r.NextU64());
  for (; left > 0; --left) {
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view text, r.Next());
    strings.emplace_back(text);
  }
  return strings;
}

base::StatusOr<ParamValue> ReadDoubleArrays(base::FieldReader& r) {
  DoubleArrays arrays;
  SOTERIA_ASSIGN_OR_RETURN(uint64_t left, r.NextU64());
  for (; left > 0; --left) {
    SOTERIA_ASSIGN_OR_RETURN(arrays.emplace_back(), ReadDoubles(r));
  }
  return ParamValue(std::move(arrays));
}

base::StatusOr<ParamValue> ReadStringArrays(base::FieldReader& r) {
  StringArrays arrays;
  SOTERIA_ASSIGN_OR_RETURN(uint64_t left, r.NextU64());
  for (; left > 0; --left) {
    SOTERIA_ASSIGN_OR_RETURN(arrays.emplace_back(), ReadStrings(r));
  }
  return ParamValue(std::move(arrays));
}

base::StatusOr<ParamValue> ReadVector(base::FieldReader& r) {
  VectorValue v;
  SOTERIA_ASSIGN_OR_RETURN(v.dense, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(v.size, ReadInt32(r));
  SOTERIA_ASSIGN_OR_RETURN(v.indices, ReadInts(r));
  SOTERIA_ASSIGN_OR_RETURN(v.values, ReadDoubles(r));
  if (!table::CheckVector(table::View(v)).ok()) {
    return base::Fail(base::kProtocol, "param value: malformed vector");
  }
  return ParamValue(std::move(v));
}

base::StatusOr<ParamValue> ReadMatrix(base::FieldReader& r) {
  MatrixValue m;
  SOTERIA_ASSIGN_OR_RETURN(m.dense, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(m.transposed, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(m.num_rows, ReadInt32(r));
  SOTERIA_ASSIGN_OR_RETURN(m.num_cols, ReadInt32(r));
  SOTERIA_ASSIGN_OR_RETURN(m.col_ptrs, ReadInts(r));
  SOTERIA_ASSIGN_OR_RETURN(m.row_indices, ReadInts(r));
  SOTERIA_ASSIGN_OR_RETURN(m.values, ReadDoubles(r));
  if (!table::CheckMatrix(m).ok()) {
    return base::Fail(base::kProtocol, "param value: malformed matrix");
  }
  return ParamValue(std::move(m));
}

base::StatusOr<ParamValue> ReadValue(uint64_t kind, base::FieldReader& r) {
  switch (kind) {
    case 0:
      return ParamValue();
    case 1: {
      SOTERIA_ASSIGN_OR_RETURN(const bool value, r.NextBool());
      return ParamValue(value);
    }
    case 2: {
      SOTERIA_ASSIGN_OR_RETURN(const int64_t value, r.NextI64());
      return ParamValue(value);
    }
    case 3: {
      SOTERIA_ASSIGN_OR_RETURN(const double value, r.NextDouble());
      return ParamValue(value);
    }
    case 4: {
      SOTERIA_ASSIGN_OR_RETURN(const std::string_view value, r.Next());
      return ParamValue(std::string(value));
    }
    case 5: {
      SOTERIA_ASSIGN_OR_RETURN(std::vector<double> values, ReadDoubles(r));
      return ParamValue(std::move(values));
    }
    case 6: {
      SOTERIA_ASSIGN_OR_RETURN(std::vector<std::string> strings, ReadStrings(r));
      return ParamValue(std::move(strings));
    }
    case 7:
      return ReadVector(r);
    case 8:
      return ReadMatrix(r);
    case 9:
      return ReadLongs(r);
    case 10:
      return ReadDoubleArrays(r);
    case 11:
      return ReadStringArrays(r);
    default:
      return base::Fail(base::kProtocol, "param value: unknown kind");
  }
}

}  // namespace

Validator AtLeast(double low) {
  return [low](const ParamValue& v) { return Number(v).value_or(NAN) >= low; };
}

Validator Above(double low) {
  return [low](const ParamValue& v) { return Number(v).value_or(NAN) > low; };
}

Validator InRange(double low, double high, bool include_low, bool include_high) {
  return [=](const ParamValue& v) {
    const double x = Number(v).value_or(NAN);
    return (include_low ? x >= low : x > low) && (include_high ? x <= high : x < high);
  };
}

Validator OneOf(std::vector<std::string> allowed) {
  return [allowed = std::move(allowed)](const ParamValue& v) {
    const auto* text = std::get_if<std::string>(&v);
    return text != nullptr && std::find(allowed.begin(), allowed.end(), *text) != allowed.end();
  };
}

Validator OneOfIgnoringCase(std::vector<std::string> allowed) {
  return [allowed = std::move(allowed)](const ParamValue& v) {
    const auto* text = std::get_if<std::string>(&v);
    return text != nullptr &&
           std::find(allowed.begin(), allowed.end(), base::Lower(*text)) != allowed.end();
  };
}

Validator Thresholds() {
  return [](const ParamValue& v) {
    const auto* thresholds = std::get_if<std::vector<double>>(&v);
    if (thresholds == nullptr) return false;
    const bool none_negative = std::all_of(thresholds->begin(), thresholds->end(),
                                           [](double threshold) { return threshold >= 0; });
    return none_negative && std::count(thresholds->begin(), thresholds->end(), 0.0) <= 1;
  };
}

const ParamSpec* ClassInfo::Find(std::string_view param) const {
  for (const ParamSpec& spec : params) {
    if (spec.name == param) return &spec;
  }
  return nullptr;
}

std::string_view ClassInfo::short_name() const {
  const std::string_view all = name;
  return all.substr(all.rfind('.') + 1);
}

base::StatusOr<Params> Params::Make(const ClassInfo& info, std::string uid, const ParamMap& set) {
  Params params(info, std::move(uid));
  for (const ParamSpec& spec : info.params) {
    if (spec.default_value) {
      params.defaults_[spec.name] = ForUid(*spec.default_value, params.uid_);
    }
  }
  return params.With(set);
}

base::StatusOr<Params> Params::With(const ParamMap& set) const {
  Params params = *this;
  for (const auto& [name, value] : set) {
    if (std::holds_alternative<std::monostate>(value)) continue;
    const ParamSpec* spec = info_->Find(name);
    if (spec == nullptr) {
      return base::Fail(base::kIllegalArgument, base::Cat("Param ", name, " does not exist."));
    }
    std::optional<ParamValue> coerced = Coerce(value, spec->type);
    if (!coerced || (spec->valid && !spec->valid(*coerced))) {
      const std::string text =
          coerced ? ToText(*coerced, spec->type) : ToText(value, TypeOf(value));
      return base::Fail(base::kIllegalArgument,
                        base::Cat(uid_, " parameter ", name, " given invalid value ", text, "."));
    }
    params.set_[name] = *std::move(coerced);
  }
  return params;
}

base::StatusOr<Params> Params::CopyTo(const ClassInfo& other) const {
  ParamMap shared;
  for (const auto& [name, value] : set_) {
    if (other.Find(name) != nullptr) shared[name] = value;
  }
  return Make(other, uid_, shared);
}

bool Params::IsSet(std::string_view name) const { return set_.contains(std::string(name)); }

bool Params::IsDefined(std::string_view name) const {
  return IsSet(name) || defaults_.contains(std::string(name));
}

const ParamValue& Params::Get(std::string_view name) const {
  const std::string key(name);
  if (const auto at = set_.find(key); at != set_.end()) return at->second;
  const auto at = defaults_.find(key);
  CHECK(at != defaults_.end()) << "an undefined param was asked for";
  return at->second;
}

bool Params::Bool(std::string_view name) const { return std::get<bool>(Get(name)); }

int64_t Params::Int(std::string_view name) const { return std::get<int64_t>(Get(name)); }

double Params::Double(std::string_view name) const { return std::get<double>(Get(name)); }

const std::string& Params::String(std::string_view name) const {
  return std::get<std::string>(Get(name));
}

const std::vector<double>& Params::Doubles(std::string_view name) const {
  return std::get<std::vector<double>>(Get(name));
}

const std::vector<std::string>& Params::Strings(std::string_view name) const {
  return std::get<std::vector<std::string>>(Get(name));
}

const DoubleArrays& Params::Arrays(std::string_view name) const {
  return std::get<DoubleArrays>(Get(name));
}

std::optional<std::string> Params::Column(std::string_view name) const {
  if (!IsDefined(name)) return std::nullopt;
  const std::string& column = String(name);
  if (column.empty()) return std::nullopt;
  return column;
}

std::string Params::Encode() const {
  base::FieldWriter w;
  w.Add(uid_).AddU64(set_.size());
  for (const auto& [name, value] : set_) w.Add(name).Add(EncodeValue(value));
  return w.Take();
}

base::StatusOr<Params> Params::Decode(const ClassInfo& info, std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view uid, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, r.NextU64());
  if (count > kParamsMax) return base::Fail(base::kProtocol, "params: too many");
  ParamMap set;
  for (uint64_t i = 0; i < count; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view name, r.Next());
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view value, r.Next());
    SOTERIA_ASSIGN_OR_RETURN(set[std::string(name)], DecodeValue(value));
  }
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return Make(info, std::string(uid), set);
}

std::string ToText(const ParamValue& value, ParamType type) {
  switch (type) {
    case ParamType::kBool:
      return std::get<bool>(value) ? "true" : "false";
    case ParamType::kInt:
    case ParamType::kLong:
      return base::Cat(std::get<int64_t>(value));
    case ParamType::kDouble:
      return table::JavaDouble(std::get<double>(value));
    case ParamType::kString:
      if (std::holds_alternative<std::monostate>(value)) return "null";
      return std::get<std::string>(value);
    case ParamType::kDoubleArray: {
      std::vector<std::string> parts;
      for (const double v : std::get<std::vector<double>>(value)) {
        parts.push_back(table::JavaDouble(v));
      }
      return Joined(parts);
    }
    case ParamType::kStringArray:
      return Joined(std::get<std::vector<std::string>>(value));
    case ParamType::kVector:
      return table::VectorText(table::View(std::get<VectorValue>(value)));
    case ParamType::kMatrix: {
      const auto& m = std::get<MatrixValue>(value);
      return base::Cat(m.num_rows, " x ", m.num_cols, " matrix");
    }
    case ParamType::kDoubleArrays: {
      std::vector<std::string> parts;
      for (const auto& each : std::get<DoubleArrays>(value)) {
        parts.push_back(ToText(each, ParamType::kDoubleArray));
      }
      return Joined(parts);
    }
    case ParamType::kStringArrays: {
      std::vector<std::string> parts;
      for (const auto& each : std::get<StringArrays>(value)) parts.push_back(Joined(each));
      return Joined(parts);
    }
    case ParamType::kIntArray: {
      std::vector<std::string> parts;
      for (const int64_t v : std::get<IntArray>(value)) parts.push_back(base::Cat(v));
      return Joined(parts);
    }
  }
  return "";
}

namespace {

struct Write {
  base::FieldWriter& w;
  void operator()(std::monostate) const {}
  void operator()(bool v) const { w.AddBool(v); }
  void operator()(int64_t v) const { w.AddI64(v); }
  void operator()(double v) const { w.AddDouble(v); }
  void operator()(const std::string& v) const { w.Add(v); }
  void operator()(const std::vector<double>& v) const { w.Add(stats::PackDoubles(v)); }
  void operator()(const std::vector<std::string>& v) const {
    w.AddU64(v.size());
    for (const std::string& text : v) w.Add(text);
  }
  void operator()(const DoubleArrays& v) const {
    w.AddU64(v.size());
    for (const auto& each : v) (*this)(each);
  }
  void operator()(const StringArrays& v) const {
    w.AddU64(v.size());
    for (const auto& each : v) (*this)(each);
  }
  void operator()(const IntArray& v) const {
    w.AddU64(v.size());
    for (const int64_t each : v) w.AddI64(each);
  }
  void operator()(const VectorValue& v) const {
    w.AddBool(v.dense).AddI64(v.size);
    WriteInts(w, v.indices);
    w.Add(stats::PackDoubles(v.values));
  }
  void operator()(const MatrixValue& m) const {
    w.AddBool(m.dense).AddBool(m.transposed).AddI64(m.num_rows).AddI64(m.num_cols);
    WriteInts(w, m.col_ptrs);
    WriteInts(w, m.row_indices);
    w.Add(stats::PackDoubles(m.values));
  }
};

}  // namespace

std::string EncodeValue(const ParamValue& value) {
  base::FieldWriter w;
  w.AddU64(value.index());
  std::visit(Write{w}, value);
  return w.Take();
}

base::StatusOr<ParamValue> DecodeValue(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t kind, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(ParamValue value, ReadValue(kind, r));
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return value;
}

}  // namespace soteria::ml
