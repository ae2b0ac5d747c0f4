#include "src/table/number_column.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/type.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/edit_distance.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/conditions.h"
#include "src/table/decimal.h"
#include "src/table/types.h"

namespace soteria::table {
namespace {

using arrow::Type;

constexpr int kSuggestionsMax = 5;

template <class ArrayType>
void Append(const arrow::Array& array, double null_value, std::vector<double>* out) {
  const auto& values = static_cast<const ArrayType&>(array);
  const bool nulls = array.null_count() != 0;
  for (int64_t i = 0; i < array.length(); ++i) {
    out->push_back(nulls && values.IsNull(i) ? null_value : static_cast<double>(values.Value(i)));
  }
}

bool AppendAny(const arrow::Array& array, double null_value, std::vector<double>* out) {
  switch (array.type_id()) {
    case Type::DOUBLE:
      if (array.null_count() == 0) {
        const auto& values = static_cast<const arrow::DoubleArray&>(array);
        out->insert(out->end(), values.raw_values(), values.raw_values() + array.length());
      } else {
        Append<arrow::DoubleArray>(array, null_value, out);
      }
      return true;
    case Type::FLOAT:
      Append<arrow::FloatArray>(array, null_value, out);
      return true;
    case Type::INT64:
      Append<arrow::Int64Array>(array, null_value, out);
      return true;
    case Type::INT32:
      Append<arrow::Int32Array>(array, null_value, out);
      return true;
    case Type::INT16:
      Append<arrow::Int16Array>(array, null_value, out);
      return true;
    case Type::INT8:
      Append<arrow::Int8Array>(array, null_value, out);
      return true;
    case Type::BOOL:
      Append<arrow::BooleanArray>(array, null_value, out);
      return true;
    case Type::DECIMAL128: {
      const int scale = ShapeOf(*array.type()).scale;
      for (int64_t i = 0; i < array.length(); ++i) {
        out->push_back(array.IsNull(i) ? null_value : DecimalToDouble(DecimalAt(array, i), scale));
      }
      return true;
    }
    case Type::NA:
      out->insert(out->end(), static_cast<size_t>(array.length()), null_value);
      return true;
    default:
      return false;
  }
}

}  // namespace

base::Status UnresolvedColumn(std::string_view quoted, std::string_view name,
                              std::vector<std::string> candidates) {
  const std::string text = base::Cat("A column, variable, or function parameter with name ", quoted,
                                     " cannot be resolved.");
  if (candidates.empty()) return base::Fail(kUnresolvedNoSuggestion, text);
  constexpr size_t kComparedBytes = 256;  // names are short; don't pay the square of a long one
  std::vector<std::pair<size_t, std::string>> near;
  for (std::string& candidate : candidates) {
    const size_t distance = base::EditDistance(
        std::string_view(candidate).substr(0, kComparedBytes), name.substr(0, kComparedBytes));
    near.emplace_back(distance, std::move(candidate));
  }
  std::stable_sort(near.begin(), near.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  if (near.size() > kSuggestionsMax) near.resize(kSuggestionsMax);
  std::string names;
  for (const auto& [distance, candidate] : near) {
    names += base::Cat(names.empty() ? "" : ", ", candidate);
  }
  return base::Fail(base::kUnresolvedColumn,
                    base::Cat(text, " Did you mean one of the following? [", names, "]."));
}

bool IsNumeric(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::DECIMAL128:
      return true;
    default:
      return false;
  }
}

base::StatusOr<std::vector<double>> ReadNumbers(const arrow::ChunkedArray& column,
                                                std::string_view name, double null_value) {
  std::vector<double> values;
  values.reserve(static_cast<size_t>(column.length()));
  for (const auto& chunk : column.chunks()) {
    if (!AppendAny(*chunk, null_value, &values)) {
      return base::Fail(base::kDatatypeMismatch,
                        base::Cat("Column ", name, " must be of a numeric type but was ",
                                  TypeName(*column.type())));
    }
  }
  return values;
}

base::StatusOr<int> FindColumn(const arrow::Schema& schema, std::string_view name) {
  int found = -1;
  std::string candidates;
  int count = 0;
  for (int i = 0; i < schema.num_fields(); ++i) {
    if (!base::EqualIgnoringCase(schema.field(i)->name(), name)) continue;
    found = i;
    candidates += base::Cat(++count > 1 ? ", `" : "`", name, "`");
  }
  if (count > 1) {
    return base::Fail(
        base::kAmbiguousReference,
        base::Cat("Reference `", name, "` is ambiguous, could be: [", candidates, "]."));
  }
  if (found >= 0) return found;
  std::vector<std::string> names;
  for (const auto& field : schema.fields()) names.push_back(base::Cat("`", field->name(), "`"));
  return UnresolvedColumn(base::Cat("`", name, "`"), name, std::move(names));
}

}  // namespace soteria::table
