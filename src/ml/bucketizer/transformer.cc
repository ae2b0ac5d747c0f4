#include "src/ml/bucketizer/transformer.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/attributes.h"
#include "src/ml/column_model.h"
#include "src/ml/column_pairs.h"
#include "src/ml/columns.h"
#include "src/ml/shared_params.h"
#include "src/table/arrow_status.h"
#include "src/table/java_text.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

using Splits = std::vector<double>;

bool AreSplits(const Splits& splits) {
  if (splits.size() < 3 || std::isnan(splits.back())) return false;
  for (size_t i = 0; i + 1 < splits.size(); ++i) {
    if (!(splits[i] < splits[i + 1])) return false;
  }
  return true;
}

const ClassInfo& BucketizerInfo() {
  static const ClassInfo* const info = new ClassInfo{
      "org.apache.spark.ml.feature.Bucketizer",
      ClassKind::kTransformer,
      {HandleInvalid({"skip", "error", "keep"}),
       InputCol(),
       InputCols(),
       OutputCol(),
       OutputCols(),
       {"splits", ParamType::kDoubleArray, std::nullopt,
        [](const ParamValue& value) { return AreSplits(std::get<Splits>(value)); }},
       {"splitsArray", ParamType::kDoubleArrays, std::nullopt, [](const ParamValue& value) {
          const auto& arrays = std::get<DoubleArrays>(value);
          return std::all_of(arrays.begin(), arrays.end(), AreSplits);
        }}}};
  return *info;
}

/// Java's order of doubles, by which MLlib searches: -0.0 is below 0.0.
bool IsBelow(double a, double b) {
  if (a != b) return a < b;
  return std::signbit(a) && !std::signbit(b);
}

/// Errors: MLlib's, for a value outside of all buckets.
base::StatusOr<double> BucketOf(const Splits& splits, double value) {
  if (value == splits.back()) return static_cast<double>(splits.size() - 2);
  const auto after = std::upper_bound(splits.begin(), splits.end(), value, IsBelow);
  if (after == splits.begin() || after == splits.end()) {
    return UdfFailure(base::Cat("Feature value ", table::JavaDouble(value),
                                " out of Bucketizer bounds [", table::JavaDouble(splits.front()),
                                ", ", table::JavaDouble(splits.back()),
                                "]. Check your features, or loosen the lower/upper bound"
                                " constraints."));
  }
  return static_cast<double>(after - splits.begin() - 1);
}

std::string Metadata(const Splits& splits) {
  ColumnAttribute attribute;
  attribute.type = ColumnAttribute::Type::kNominal;
  attribute.ordinal = true;
  attribute.values.emplace();
  for (size_t i = 0; i + 1 < splits.size(); ++i) {
    attribute.values->push_back(
        base::Cat(table::JavaDouble(splits[i]), ", ", table::JavaDouble(splits[i + 1])));
  }
  return AttributeMetadata(attribute);
}

}  // namespace

struct Bucketizer::Column {
  std::string input;
  const Splits* splits;
  std::shared_ptr<arrow::Field> output;
};

std::string Bucketizer::Text() const {
  return base::Cat("Bucketizer: uid=", uid(), PairCounts(params_));
}

base::StatusOr<std::vector<Bucketizer::Column>> Bucketizer::Check(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(
      CheckOneWay(params_, Text(), {"outputCol", "splits"}, {"outputCols", "splitsArray"}));
  const bool many = params_.IsSet("inputCols");
  if (many) {
    const size_t inputs = params_.Strings("inputCols").size();
    const size_t outputs = params_.Strings("outputCols").size();
    const size_t arrays = params_.Arrays("splitsArray").size();
    if (inputs != outputs || inputs != arrays) {
      return base::Fail(
          base::kIllegalArgument,
          base::Cat("requirement failed: Bucketizer ", Text(),
                    " has mismatched Params for multi-column transform. Params (inputCols,"
                    " outputCols, splitsArray) should have equal lengths, but they have different"
                    " lengths: (",
                    inputs, ", ", outputs, ", ", arrays, ")."));
    }
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<ColumnPair> pairs, ColumnPairs(params_));
  std::vector<Column> columns;
  arrow::FieldVector fields = input.fields();
  for (size_t i = 0; i < pairs.size(); ++i) {
    const auto& [from, to] = pairs[i];
    const auto schema = arrow::schema(fields);
    SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(*schema, from));
    SOTERIA_RETURN_IF_ERROR(CheckNoColumn(*schema, to));
    SOTERIA_ASSIGN_OR_RETURN(const auto field, ResolveField(*schema, from));
    const Splits& splits = many ? params_.Arrays("splitsArray")[i] : params_.Doubles("splits");
    auto output = table::WithSparkMetadata(arrow::field(to, arrow::float64(), field->nullable()),
                                           Metadata(splits));
    fields.push_back(output);
    columns.push_back({from, &splits, std::move(output)});
  }
  return columns;
}

base::StatusOr<std::shared_ptr<arrow::Schema>> Bucketizer::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto columns, Check(input));
  arrow::FieldVector fields = input.fields();
  for (const Column& column : columns) fields = WithColumn(std::move(fields), column.output);
  return arrow::schema(std::move(fields), input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Table>> Bucketizer::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto columns, Check(*input->schema()));
  const std::string& invalid = params_.String("handleInvalid");
  std::shared_ptr<arrow::Table> table = input;
  if (invalid == "skip") {
    std::vector<bool> dropped(static_cast<size_t>(input->num_rows()), false);
    for (const Column& column : columns) {
      SOTERIA_ASSIGN_OR_RETURN(const Numbers numbers, ReadNumbers(*input, column.input));
      for (size_t i = 0; i < dropped.size(); ++i) {
        if (std::isnan(numbers.values[i])) dropped[i] = true;
      }
    }
    SOTERIA_ASSIGN_OR_RETURN(table, DropRows(input, dropped));
  }
  const std::shared_ptr<arrow::Table> rows = table;
  for (const Column& column : columns) {
    SOTERIA_ASSIGN_OR_RETURN(const Numbers numbers, ReadNumbers(*rows, column.input));
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<bool> nulls, NullRows(*rows, column.input));
    arrow::DoubleBuilder builder;
    SOTERIA_ARROW_RETURN(builder.Reserve(rows->num_rows()));
    for (size_t i = 0; i < nulls.size(); ++i) {
      const double value = numbers.values[i];
      if (nulls[i]) {
        builder.UnsafeAppendNull();
        continue;
      }
      if (std::isnan(value)) {
        if (invalid != "keep") {
          return UdfFailure(
              "Bucketizer encountered NaN value. To handle or skip NaNs, try setting"
              " Bucketizer.handleInvalid.");
        }
        builder.UnsafeAppend(static_cast<double>(column.splits->size() - 1));
        continue;
      }
      SOTERIA_ASSIGN_OR_RETURN(const double bucket, BucketOf(*column.splits, value));
      builder.UnsafeAppend(bucket);
    }
    SOTERIA_ARROW_ASSIGN(std::shared_ptr<arrow::Array> array, builder.Finish());
    SOTERIA_ASSIGN_OR_RETURN(
        table,
        WithColumn(table, column.output, std::make_shared<arrow::ChunkedArray>(std::move(array))));
  }
  return table;
}

Algorithm BucketizerAlgorithm() {
  Algorithm algorithm;
  algorithm.classes = {TransformerEntry<Bucketizer>(BucketizerInfo())};
  return algorithm;
}

}  // namespace soteria::ml
