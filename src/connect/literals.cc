#include "src/connect/literals.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/ml_common.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/types.h"
#include "src/table/vector.h"

namespace soteria::connect {
namespace {

using Literal = spark::connect::Expression_Literal;
using spark::connect::DataType;

constexpr int kVectorElements = 4;
constexpr int kMatrixElements = 7;

base::Status Malformed(std::string_view what) {
  return base::Fail(base::kIllegalArgument, base::Cat("Malformed ", what, " literal"));
}

std::string KindName(const Literal& literal) {
  const auto* field = Literal::descriptor()->FindFieldByNumber(literal.literal_type_case());
  return field == nullptr ? "(none)" : field->name();
}

base::StatusOr<std::vector<double>> Doubles(const Literal& literal) {
  if (!literal.has_specialized_array() || !literal.specialized_array().has_doubles()) {
    return Malformed("vector or matrix");
  }
  const auto& values = literal.specialized_array().doubles().values();
  return std::vector<double>(values.begin(), values.end());
}

/// An empty array arrives as a specialised array of no kind.
base::StatusOr<std::vector<int32_t>> Ints(const Literal& literal) {
  if (!literal.has_specialized_array() || !literal.specialized_array().has_ints()) {
    return Malformed("vector or matrix");
  }
  const auto& values = literal.specialized_array().ints().values();
  return std::vector<int32_t>(values.begin(), values.end());
}

base::StatusOr<ml::ParamValue> ToVector(const Literal::Struct& literal) {
  if (literal.elements_size() != kVectorElements) return Malformed("vector");
  table::VectorValue value;
  value.dense = literal.elements(0).byte() == 1;
  SOTERIA_ASSIGN_OR_RETURN(value.values, Doubles(literal.elements(3)));
  if (value.values.size() > static_cast<size_t>(kLiteralElementsMax)) return Malformed("vector");
  if (value.dense) {
    value.size = static_cast<int32_t>(value.values.size());
  } else {
    value.size = literal.elements(1).integer();
    SOTERIA_ASSIGN_OR_RETURN(value.indices, Ints(literal.elements(2)));
  }
  if (!table::CheckVector(table::View(value)).ok()) return Malformed("vector");
  return ml::ParamValue(std::move(value));
}

base::StatusOr<ml::ParamValue> ToMatrix(const Literal::Struct& literal) {
  if (literal.elements_size() != kMatrixElements) return Malformed("matrix");
  table::MatrixValue value;
  value.dense = literal.elements(0).byte() == 1;
  value.num_rows = literal.elements(1).integer();
  value.num_cols = literal.elements(2).integer();
  value.transposed = literal.elements(6).boolean();
  SOTERIA_ASSIGN_OR_RETURN(value.values, Doubles(literal.elements(5)));
  if (value.values.size() > static_cast<size_t>(kLiteralElementsMax)) return Malformed("matrix");
  if (!value.dense) {
    SOTERIA_ASSIGN_OR_RETURN(value.col_ptrs, Ints(literal.elements(3)));
    SOTERIA_ASSIGN_OR_RETURN(value.row_indices, Ints(literal.elements(4)));
  }
  if (!table::CheckMatrix(value).ok()) return Malformed("matrix");
  return ml::ParamValue(std::move(value));
}

base::StatusOr<ml::ParamValue> ToStruct(const Literal::Struct& literal) {
  const DataType& type =
      literal.has_struct_type() ? literal.struct_type() : DataType::default_instance();
  if (type.udt().jvm_class() == kVectorClass) return ToVector(literal);
  if (type.udt().jvm_class() == kMatrixClass) return ToMatrix(literal);
  return base::Fail(base::kUnsupported, "Struct literals other than ML vectors and matrices");
}

base::StatusOr<double> NumberOf(const Literal& literal) {
  switch (literal.literal_type_case()) {
    case Literal::kByte:
      return literal.byte();
    case Literal::kShort:
      return literal.short_();
    case Literal::kInteger:
      return literal.integer();
    case Literal::kLong:
      return static_cast<double>(literal.long_());
    case Literal::kFloat:
      return static_cast<double>(literal.float_());
    case Literal::kDouble:
      return literal.double_();
    default:
      return base::Fail(base::kUnsupported, base::Cat("An array element of kind `",
                                                      KindName(literal), "` among numbers"));
  }
}

base::StatusOr<ml::ParamValue> ToArray(const Literal::Array& literal);
base::StatusOr<ml::ParamValue> ToSpecialized(const Literal::SpecializedArray& literal);

/// Arrays of numbers, or arrays of strings. An empty one is either.
base::StatusOr<ml::ParamValue> ToArrays(const Literal::Array& literal) {
  ml::DoubleArrays numbers;
  ml::StringArrays strings;
  for (const auto& element : literal.elements()) {
    if (!element.has_array() && !element.has_specialized_array()) return Malformed("array");
    if (element.has_array() && element.array().elements_size() > 0 &&
        element.array().elements(0).has_array()) {
      return base::Fail(base::kUnsupported, "Arrays of arrays of arrays as a parameter");
    }
    SOTERIA_ASSIGN_OR_RETURN(ml::ParamValue one, element.has_array()
                                                     ? ToArray(element.array())
                                                     : ToSpecialized(element.specialized_array()));
    if (auto* values = std::get_if<std::vector<double>>(&one)) {
      numbers.push_back(std::move(*values));
      strings.emplace_back();
    } else if (auto* texts = std::get_if<std::vector<std::string>>(&one)) {
      strings.push_back(std::move(*texts));
      numbers.emplace_back();
    } else {
      return Malformed("array");
    }
  }
  const auto empty = [](const auto& each) { return each.empty(); };
  const bool has_numbers = !std::all_of(numbers.begin(), numbers.end(), empty);
  const bool has_strings = !std::all_of(strings.begin(), strings.end(), empty);
  if (has_numbers && has_strings) return Malformed("array");
  if (has_strings) return ml::ParamValue(std::move(strings));
  return ml::ParamValue(std::move(numbers));
}

base::StatusOr<ml::ParamValue> ToArray(const Literal::Array& literal) {
  if (literal.elements_size() > kLiteralElementsMax) return Malformed("array");
  if (literal.elements_size() > 0 &&
      (literal.elements(0).has_array() || literal.elements(0).has_specialized_array())) {
    return ToArrays(literal);
  }
  const bool strings = literal.elements_size() > 0 ? literal.elements(0).has_string()
                                                   : literal.element_type().has_string();
  if (strings) {
    std::vector<std::string> values;
    for (const auto& element : literal.elements()) {
      if (!element.has_string()) return Malformed("string array");
      values.push_back(element.string());
    }
    return ml::ParamValue(std::move(values));
  }
  std::vector<double> values;
  values.reserve(static_cast<size_t>(literal.elements_size()));
  for (const auto& element : literal.elements()) {
    SOTERIA_ASSIGN_OR_RETURN(const double value, NumberOf(element));
    values.push_back(value);
  }
  return ml::ParamValue(std::move(values));
}

base::StatusOr<ml::ParamValue> ToSpecialized(const Literal::SpecializedArray& literal) {
  if (literal.has_strings()) {
    const auto& values = literal.strings().values();
    return ml::ParamValue(std::vector<std::string>(values.begin(), values.end()));
  }
  std::vector<double> out;
  const auto take = [&out](const auto& values) {
    for (const auto value : values) out.push_back(static_cast<double>(value));
  };
  if (literal.has_doubles()) take(literal.doubles().values());
  if (literal.has_floats()) take(literal.floats().values());
  if (literal.has_ints()) take(literal.ints().values());
  if (literal.has_longs()) take(literal.longs().values());
  if (literal.has_bools()) {
    return base::Fail(base::kUnsupported, "Arrays of booleans as a parameter");
  }
  return ml::ParamValue(std::move(out));
}

void FillNull(Literal* out) { out->mutable_null()->mutable_null(); }

template <class T>
void FillInts(const T& values, Literal* out) {
  auto* ints = out->mutable_specialized_array()->mutable_ints()->mutable_values();
  ints->Assign(values.begin(), values.end());
}

void FillDoubles(const std::vector<double>& values, Literal* out) {
  auto* doubles = out->mutable_specialized_array()->mutable_doubles()->mutable_values();
  doubles->Assign(values.begin(), values.end());
}

Literal::Struct* UdtStruct(const char* jvm_class, const char* python_class, Literal* out) {
  auto* udt = out->mutable_struct_()->mutable_struct_type()->mutable_udt();
  udt->set_type("udt");
  udt->set_jvm_class(jvm_class);
  udt->set_python_class(python_class);
  return out->mutable_struct_();
}

void FillValue(const table::VectorValue& value, Literal* out) {
  auto* parts = UdtStruct(kVectorClass, "pyspark.ml.linalg.VectorUDT", out);
  parts->add_elements()->set_byte(value.dense ? 1 : 0);
  if (value.dense) {
    FillNull(parts->add_elements());
    FillNull(parts->add_elements());
  } else {
    parts->add_elements()->set_integer(value.size);
    FillInts(value.indices, parts->add_elements());
  }
  FillDoubles(value.values, parts->add_elements());
}

void FillValue(const table::MatrixValue& value, Literal* out) {
  auto* parts = UdtStruct(kMatrixClass, "pyspark.ml.linalg.MatrixUDT", out);
  parts->add_elements()->set_byte(value.dense ? 1 : 0);
  parts->add_elements()->set_integer(value.num_rows);
  parts->add_elements()->set_integer(value.num_cols);
  if (value.dense) {
    FillNull(parts->add_elements());
    FillNull(parts->add_elements());
  } else {
    FillInts(value.col_ptrs, parts->add_elements());
    FillInts(value.row_indices, parts->add_elements());
  }
  FillDoubles(value.values, parts->add_elements());
  parts->add_elements()->set_boolean(value.transposed);
}

void FillValue(std::monostate, Literal* out) { FillNull(out); }
void FillValue(bool value, Literal* out) { out->set_boolean(value); }
void FillValue(int64_t value, Literal* out) {
  if (value >= std::numeric_limits<int32_t>::min() &&
      value <= std::numeric_limits<int32_t>::max()) {
    out->set_integer(static_cast<int32_t>(value));
  } else {
    out->set_long_(value);
  }
}
void FillValue(double value, Literal* out) { out->set_double_(value); }
void FillValue(const std::string& value, Literal* out) { out->set_string(value); }
void FillValue(const std::vector<double>& values, Literal* out) {
  auto* array = out->mutable_array();
  array->mutable_element_type()->mutable_double_();
  for (const double value : values) array->add_elements()->set_double_(value);
}
void FillValue(const std::vector<int64_t>& values, Literal* out) {
  auto* array = out->mutable_array();
  array->mutable_element_type()->mutable_long_();
  for (const int64_t value : values) array->add_elements()->set_long_(value);
}
void FillValue(const std::vector<std::string>& values, Literal* out) {
  auto* array = out->mutable_array();
  array->mutable_element_type()->mutable_string();
  for (const std::string& value : values) array->add_elements()->set_string(value);
}
template <class T>
void FillArrays(const std::vector<std::vector<T>>& values, Literal* out) {
  auto* array = out->mutable_array();
  auto* element = array->mutable_element_type()->mutable_array();
  element->set_contains_null(true);
  if constexpr (std::is_same_v<T, double>) {
    element->mutable_element_type()->mutable_double_();
  } else {
    element->mutable_element_type()->mutable_string();
  }
  for (const std::vector<T>& value : values) FillValue(value, array->add_elements());
}
void FillValue(const ml::DoubleArrays& values, Literal* out) { FillArrays(values, out); }
void FillValue(const ml::StringArrays& values, Literal* out) { FillArrays(values, out); }

}  // namespace

base::StatusOr<ml::ParamValue> ToParamValue(const Literal& literal) {
  switch (literal.literal_type_case()) {
    case Literal::kNull:
      return ml::ParamValue(std::monostate());
    case Literal::kBoolean:
      return ml::ParamValue(literal.boolean());
    case Literal::kByte:
      return ml::ParamValue(static_cast<int64_t>(literal.byte()));
    case Literal::kShort:
      return ml::ParamValue(static_cast<int64_t>(literal.short_()));
    case Literal::kInteger:
      return ml::ParamValue(static_cast<int64_t>(literal.integer()));
    case Literal::kLong:
      return ml::ParamValue(static_cast<int64_t>(literal.long_()));
    case Literal::kFloat:
      return ml::ParamValue(static_cast<double>(literal.float_()));
    case Literal::kDouble:
      return ml::ParamValue(literal.double_());
    case Literal::kString:
      return ml::ParamValue(literal.string());
    case Literal::kArray:
      return ToArray(literal.array());
    case Literal::kSpecializedArray:
      return ToSpecialized(literal.specialized_array());
    case Literal::kStruct:
      return ToStruct(literal.struct_());
    default:
      return base::Fail(base::kUnsupported,
                        base::Cat("A literal of kind `", KindName(literal), "` as a parameter"));
  }
}

void FillLiteral(const ml::ParamValue& value, Literal* out) {
  std::visit([out](const auto& v) { FillValue(v, out); }, value);
}

base::StatusOr<ml::ParamMap> ToParamMap(const spark::connect::MlParams& params) {
  if (params.params().size() > kParamsMax) return Malformed("params");
  ml::ParamMap out;
  for (const auto& [name, literal] : params.params()) {
    auto value = ToParamValue(literal);
    if (!value.ok()) return base::WithContext(value.status(), base::Cat("Param ", name));
    out.emplace(name, *std::move(value));
  }
  return out;
}

void FillParams(const ml::ParamMap& params, spark::connect::MlParams* out) {
  for (const auto& [name, value] : params) {
    FillLiteral(value, &(*out->mutable_params())[name]);
  }
}

}  // namespace soteria::connect
