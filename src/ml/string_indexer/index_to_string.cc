#include "src/ml/string_indexer/index_to_string.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <cmath>
#include <limits>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/attributes.h"
#include "src/ml/column_model.h"
#include "src/ml/column_pairs.h"
#include "src/ml/columns.h"
#include "src/ml/shared_params.h"
#include "src/ml/text_column.h"
#include "src/table/arrow_status.h"
#include "src/table/java_text.h"
#include "src/table/number_column.h"

namespace soteria::ml {
namespace {

inline constexpr base::Condition kClassCast = {"_LEGACY_ERROR_TEMP", "java.lang.ClassCastException",
                                               "", absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kNoSuchElement = {"_LEGACY_ERROR_TEMP",
                                                   "java.util.NoSuchElementException", "",
                                                   absl::StatusCode::kInvalidArgument};

const ClassInfo& IndexToStringInfo() {
  static const ClassInfo* const info = new ClassInfo{
      "org.apache.spark.ml.feature.IndexToString",
      ClassKind::kTransformer,
      {InputCol(), {"labels", ParamType::kStringArray, std::nullopt, {}}, OutputCol()}};
  return *info;
}

base::StatusOr<std::vector<std::string>> LabelsOf(const arrow::Field& field) {
  ColumnAttribute attribute = AttributeOf(field);
  if (attribute.type != ColumnAttribute::Type::kNominal) {
    return base::Fail(kClassCast,
                      "class org.apache.spark.ml.attribute.UnresolvedAttribute$ cannot be cast to"
                      " class org.apache.spark.ml.attribute.NominalAttribute");
  }
  if (!attribute.values) return base::Fail(kNoSuchElement, "None.get");
  return *std::move(attribute.values);
}

base::Status CastOverflow(double value) {
  return base::FailQuotingData(
      base::kCastOverflow,
      base::Cat("The value ", table::JavaDouble(value),
                "D of the type \"DOUBLE\" cannot be cast to \"INT\" due to an overflow. Use"
                " `try_cast` to tolerate overflow and return NULL instead."));
}

}  // namespace

base::StatusOr<std::shared_ptr<arrow::Schema>> IndexToString::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckDefined(params_, "inputCol"));
  const std::string& column = params_.String("inputCol");
  SOTERIA_ASSIGN_OR_RETURN(const auto field, ResolveField(input, column));
  if (!table::IsNumeric(*field->type())) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: The input column ", column,
                                " must be a numeric type, but got ", ScalaTypeName(*field), "."));
  }
  const std::string& output = params_.String("outputCol");
  if (!input.GetAllFieldIndices(output).empty()) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: Output column ", output, " already exists."));
  }
  return arrow::schema(WithColumn(input.fields(), arrow::field(output, arrow::utf8())),
                       input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Table>> IndexToString::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(OutputSchema(*input->schema()));
  const std::string& column = params_.String("inputCol");
  std::vector<std::string> labels;
  if (params_.IsDefined("labels")) labels = params_.Strings("labels");
  if (labels.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(const auto field, ResolveField(*input->schema(), column));
    SOTERIA_ASSIGN_OR_RETURN(labels, LabelsOf(*field));
  }
  SOTERIA_ASSIGN_OR_RETURN(const Numbers numbers, ReadNumbers(*input, column));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<bool> nulls, NullRows(*input, column));
  arrow::StringBuilder builder;
  for (size_t i = 0; i < numbers.values.size(); ++i) {
    if (nulls[i]) return RowFailure("Unseen index: null ??");
    const double value = numbers.values[i];
    if (!(std::trunc(value) >= std::numeric_limits<int32_t>::min() &&
          std::trunc(value) <= std::numeric_limits<int32_t>::max())) {
      return CastOverflow(value);
    }
    const auto index = static_cast<int64_t>(value);
    if (index < 0 || index >= static_cast<int64_t>(labels.size())) {
      return RowFailure(base::Cat("Unseen index: ", table::JavaDouble(value), " ??"));
    }
    SOTERIA_ARROW_RETURN(builder.Append(labels[static_cast<size_t>(index)]));
  }
  SOTERIA_ARROW_ASSIGN(std::shared_ptr<arrow::Array> array, builder.Finish());
  return WithColumn(input, arrow::field(params_.String("outputCol"), arrow::utf8()),
                    std::make_shared<arrow::ChunkedArray>(std::move(array)));
}

ClassEntry IndexToStringEntry() { return TransformerEntry<IndexToString>(IndexToStringInfo()); }

}  // namespace soteria::ml
