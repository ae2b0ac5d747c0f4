#include "src/ml/columns.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <cmath>
#include <limits>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/column_pairs.h"
#include "src/table/arrow_status.h"
#include "src/table/column_path.h"
#include "src/table/java_text.h"
#include "src/table/number_column.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

inline constexpr base::Condition kFieldNotFound = {"FIELD_NOT_FOUND",
                                                   base::exception_class::kIllegalArgument, "42704",
                                                   absl::StatusCode::kInvalidArgument};

inline constexpr base::Condition kFailedUdf = {"FAILED_EXECUTE_UDF", base::exception_class::kSpark,
                                               "39000", absl::StatusCode::kInvalidArgument};

constexpr std::string_view kVectorClass =
    "class org.apache.spark.ml.linalg.VectorUDT:"
    "struct<type:tinyint,size:int,indices:array<int>,values:array<double>>";

/// Spark's "class name:catalog string" of a column's type.
std::string ClassAndType(const arrow::Field& field) {
  if (table::IsVector(field)) return std::string(kVectorClass);
  const char* name = nullptr;
  switch (field.type()->id()) {
    case arrow::Type::BOOL:
      name = "BooleanType$";
      break;
    case arrow::Type::INT8:
      name = "ByteType$";
      break;
    case arrow::Type::INT16:
      name = "ShortType$";
      break;
    case arrow::Type::INT32:
      name = "IntegerType$";
      break;
    case arrow::Type::INT64:
      name = "LongType$";
      break;
    case arrow::Type::FLOAT:
      name = "FloatType$";
      break;
    case arrow::Type::DOUBLE:
      name = "DoubleType$";
      break;
    case arrow::Type::STRING:
      name = "StringType$";
      break;
    case arrow::Type::LIST:
      name = "ArrayType";
      break;
    case arrow::Type::STRUCT:
      name = "StructType";
      break;
    default:
      return table::TypeName(field);
  }
  return base::Cat("class org.apache.spark.sql.types.", name, ":", table::TypeName(field));
}

base::Status NotFound(const arrow::Schema& schema, const std::string& name) {
  std::string names;
  for (const std::shared_ptr<arrow::Field>& field : schema.fields()) {
    names += base::Cat(names.empty() ? "" : ", ", table::QuotedName(field->name()));
  }
  return base::Fail(kFieldNotFound, base::Cat("No such struct field ", table::QuotedName(name),
                                              " in ", names, "."));
}

base::Status Required(std::string text) {
  return base::Fail(base::kIllegalArgument, base::Cat("requirement failed: ", text));
}

}  // namespace

base::StatusOr<std::shared_ptr<arrow::Field>> FindField(const arrow::Schema& schema,
                                                        const std::string& name) {
  const std::vector<int> at = schema.GetAllFieldIndices(name);
  if (at.empty()) return NotFound(schema, name);
  return schema.field(at.back());  // of several the last one, as in Spark's map of names
}

base::StatusOr<std::shared_ptr<arrow::Field>> ResolveField(const arrow::Schema& schema,
                                                           const std::string& name) {
  SOTERIA_ASSIGN_OR_RETURN(const auto path, table::FindPath(schema, name));
  if (!path.has_value()) return NotFound(schema, name);
  return path->field;
}

base::Status CheckSelectable(const arrow::Schema& schema, const std::string& name) {
  return table::PathOf(schema, name).status();
}

arrow::FieldVector WithColumn(arrow::FieldVector fields,
                              const std::shared_ptr<arrow::Field>& field) {
  bool replaced = false;
  for (std::shared_ptr<arrow::Field>& each : fields) {
    if (!base::EqualIgnoringCase(each->name(), field->name())) continue;
    each = field;
    replaced = true;
  }
  if (!replaced) fields.push_back(field);
  return fields;
}

base::StatusOr<std::shared_ptr<arrow::Table>> WithColumn(
    const std::shared_ptr<arrow::Table>& table, const std::shared_ptr<arrow::Field>& field,
    const std::shared_ptr<arrow::ChunkedArray>& values) {
  std::shared_ptr<arrow::Table> wider = table;
  bool replaced = false;
  for (int i = 0; i < table->num_columns(); ++i) {
    if (!base::EqualIgnoringCase(table->field(i)->name(), field->name())) continue;
    SOTERIA_ARROW_ASSIGN(wider, wider->SetColumn(i, field, values));
    replaced = true;
  }
  if (replaced) return wider;
  SOTERIA_ARROW_ASSIGN(wider, table->AddColumn(table->num_columns(), field, values));
  return wider;
}

base::Status CheckVectorColumn(const arrow::Schema& schema, const std::string& name) {
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Field> field, ResolveField(schema, name));
  if (table::IsVector(*field)) return base::OkStatus();
  return Required(base::Cat("Column ", name, " must be of type ", kVectorClass,
                            " but was actually ", ClassAndType(*field), "."));
}

base::Status CheckNumberColumn(const arrow::Schema& schema, const std::string& name) {
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Field> field, ResolveField(schema, name));
  if (table::IsNumeric(*field->type())) return base::OkStatus();
  return Required(base::Cat("Column ", name, " must be of type numeric but was actually of type ",
                            table::TypeName(*field), "."));
}

base::Status CheckDoubleColumn(const arrow::Schema& schema, const std::string& name) {
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Field> field, ResolveField(schema, name));
  if (field->type()->id() == arrow::Type::DOUBLE) return base::OkStatus();
  return Required(base::Cat("Column ", name,
                            " must be of type class org.apache.spark.sql.types.DoubleType$:double"
                            " but was actually ",
                            ClassAndType(*field), "."));
}

base::Status CheckDoubleOrVectorColumn(const arrow::Schema& schema, const std::string& name) {
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Field> field, FindField(schema, name));
  if (field->type()->id() == arrow::Type::DOUBLE || table::IsVector(*field)) {
    return base::OkStatus();
  }
  return Required(base::Cat(
      "Column ", name,
      " must be of type equal to one of the following types: [double, "
      "struct<type:tinyint,size:int,indices:array<int>,values:array<double>>] but was actually of"
      " type ",
      table::TypeName(*field), "."));
}

base::Status CheckVectorStage(const Params& params, const arrow::Schema& input) {
  SOTERIA_RETURN_IF_ERROR(CheckDefined(params, "inputCol"));
  SOTERIA_RETURN_IF_ERROR(CheckVectorColumn(input, params.String("inputCol")));
  const std::string& output = params.String("outputCol");
  if (input.GetAllFieldIndices(output).empty()) return base::OkStatus();
  return Required(base::Cat("Output column ", output, " already exists."));
}

base::Status CheckNoColumn(const arrow::Schema& schema, const std::string& name) {
  if (schema.GetAllFieldIndices(name).empty()) return base::OkStatus();
  return Required(base::Cat("Column ", name, " already exists."));
}

base::Status RowFailure(std::string text) {
  return base::FailQuotingData(base::kUserRaised, std::move(text));
}

base::Status UdfFailure(std::string text) {
  return base::FailQuotingData(kFailedUdf, std::move(text));
}

base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> ReadColumn(const arrow::Table& table,
                                                                const std::string& name) {
  SOTERIA_ASSIGN_OR_RETURN(const auto path, table::FindPath(*table.schema(), name));
  if (!path.has_value()) return NotFound(*table.schema(), name);
  return table::ColumnAt(table, *path);
}

base::StatusOr<Numbers> ReadNumbers(const arrow::Table& table, const std::string& name) {
  SOTERIA_ASSIGN_OR_RETURN(const auto column, ReadColumn(table, name));
  Numbers numbers;
  SOTERIA_ASSIGN_OR_RETURN(
      numbers.values, table::ReadNumbers(*column, name, std::numeric_limits<double>::quiet_NaN()));
  numbers.null_count = column->null_count();
  return numbers;
}

base::StatusOr<std::vector<bool>> NullRows(const arrow::Table& table, const std::string& name) {
  SOTERIA_ASSIGN_OR_RETURN(const auto column, ReadColumn(table, name));
  std::vector<bool> nulls;
  nulls.reserve(static_cast<size_t>(column->length()));
  for (const auto& chunk : column->chunks()) {
    for (int64_t i = 0; i < chunk->length(); ++i) nulls.push_back(chunk->IsNull(i));
  }
  return nulls;
}

base::StatusOr<std::vector<double>> ReadDefinedNumbers(const arrow::Table& table,
                                                       const std::string& name,
                                                       std::string_view what) {
  SOTERIA_ASSIGN_OR_RETURN(Numbers numbers, ReadNumbers(table, name));
  for (const double value : numbers.values) {
    if (std::isnan(value)) return RowFailure(base::Cat(what, " MUST NOT be Null or NaN"));
  }
  return std::move(numbers.values);
}

base::StatusOr<std::vector<double>> ReadWeights(const arrow::Table& table,
                                                const std::optional<std::string>& name) {
  if (!name) return std::vector<double>(static_cast<size_t>(table.num_rows()), 1.0);
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> weights,
                           ReadDefinedNumbers(table, *name, "Weights"));
  for (const double weight : weights) {
    if (weight < 0 || std::isinf(weight)) {
      return RowFailure(base::Cat("Weights MUST NOT be Negative or Infinity, but got ",
                                  table::JavaDouble(weight)));
    }
  }
  return weights;
}

base::StatusOr<std::vector<table::VectorReader>> ReadVectorColumn(const arrow::Table& table,
                                                                  const std::string& name) {
  SOTERIA_ASSIGN_OR_RETURN(const auto column, ReadColumn(table, name));
  std::vector<table::VectorReader> readers;
  for (const std::shared_ptr<arrow::Array>& chunk : column->chunks()) {
    SOTERIA_ASSIGN_OR_RETURN(table::VectorReader reader, table::VectorReader::Make(chunk));
    readers.push_back(std::move(reader));
  }
  return readers;
}

// As slices put together: arrow's own take is exec's.
base::StatusOr<std::shared_ptr<arrow::Table>> DropRows(const std::shared_ptr<arrow::Table>& table,
                                                       const std::vector<bool>& marked) {
  std::vector<std::shared_ptr<arrow::Table>> kept;
  size_t first = 0;
  while (first < marked.size()) {
    size_t end = first;
    while (end < marked.size() && !marked[end]) ++end;
    if (end > first) {
      kept.push_back(table->Slice(static_cast<int64_t>(first), static_cast<int64_t>(end - first)));
    }
    first = end + 1;
  }
  if (kept.empty()) return table->Slice(0, 0);
  SOTERIA_ARROW_ASSIGN(std::shared_ptr<arrow::Table> together, arrow::ConcatenateTables(kept));
  SOTERIA_ARROW_ASSIGN(together, together->CombineChunks());
  return together;
}

std::shared_ptr<arrow::Array> DoubleArray(std::vector<double> values) {
  const auto rows = static_cast<int64_t>(values.size());
  return std::make_shared<arrow::DoubleArray>(rows, arrow::Buffer::FromVector(std::move(values)));
}

base::StatusOr<std::shared_ptr<arrow::Array>> DenseArray(std::vector<double> row_major,
                                                         int64_t rows, int32_t size) {
  return table::DenseColumn(arrow::Buffer::FromVector(std::move(row_major)), rows, size);
}

std::string VectorAttributes(int64_t size) {
  return base::Cat("{\"ml_attr\":{\"num_attrs\":", size, "}}");
}

std::string NominalAttributes(int64_t values) {
  return base::Cat("{\"ml_attr\":{\"num_vals\":", values, ",\"type\":\"nominal\"}}");
}

std::string NumericAttributes() { return "{\"ml_attr\":{}}"; }

}  // namespace soteria::ml
