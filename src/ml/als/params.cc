#include "src/ml/als/params.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <cmath>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/shared_params.h"
#include "src/table/java_text.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

std::vector<std::string> StorageLevels(bool none) {
  std::vector<std::string> levels = {
      "DISK_ONLY",         "DISK_ONLY_2",         "DISK_ONLY_3",           "MEMORY_ONLY",
      "MEMORY_ONLY_2",     "MEMORY_ONLY_SER",     "MEMORY_ONLY_SER_2",     "MEMORY_AND_DISK",
      "MEMORY_AND_DISK_2", "MEMORY_AND_DISK_SER", "MEMORY_AND_DISK_SER_2", "OFF_HEAP"};
  if (none) levels.emplace_back("NONE");
  return levels;
}

ParamSpec BlockSize() { return IntParam("blockSize", int64_t{4096}, Above(0)); }
ParamSpec ColdStartStrategy() {
  return StringParam("coldStartStrategy", std::string("nan"), OneOfIgnoringCase({"nan", "drop"}));
}
ParamSpec ItemCol() { return StringParam("itemCol", std::string("item")); }
ParamSpec UserCol() { return StringParam("userCol", std::string("user")); }

base::Status CheckIds(const Params& params, const arrow::Schema& input) {
  SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, params.String("userCol")));
  return CheckNumberColumn(input, params.String("itemCol"));
}

base::Status CheckPrediction(const Params& params, const arrow::Schema& input) {
  const std::optional<std::string> column = params.Column("predictionCol");
  return column ? CheckNoColumn(input, *column) : base::OkStatus();
}

/// A number as a text has it that joins it to others.
template <class T>
std::string Text(T value) {
  if constexpr (std::is_same_v<T, double>) {
    return table::JavaDouble(value);
  } else if constexpr (std::is_same_v<T, float>) {
    return table::JavaFloat(value);
  } else {
    return std::to_string(value);
  }
}

/// A cast to int, as Spark's.
template <class T>
base::Status Overflow(T value, const arrow::DataType& from) {
  std::string literal = Text(value);
  if (std::is_same_v<T, int64_t>) literal += 'L';
  if (std::is_same_v<T, double> && std::isfinite(static_cast<double>(value))) literal += 'D';
  return base::FailQuotingData(
      base::kCastOverflow,
      base::Cat("The value ", literal, " of the type \"", table::SqlTypeName(from),
                "\" cannot be cast to \"INT\" due to an overflow. Use `try_cast` to tolerate "
                "overflow and return NULL instead."));
}

template <class T>
base::StatusOr<int32_t> IdOf(T value, const arrow::DataType& type, const std::string& name) {
  using Limits = std::numeric_limits<int32_t>;
  if constexpr (std::is_floating_point_v<T>) {
    const auto number = static_cast<double>(value);
    if (!(std::floor(number) <= static_cast<double>(Limits::max()) &&
          std::ceil(number) >= static_cast<double>(Limits::min()))) {
      return Overflow(value, type);
    }
    if (std::trunc(number) != number) {
      return RowFailure(base::Cat(
          "ALS only supports non-Null values in Integer range and without fractional part for "
          "column ",
          name, ", but got ", Text(value)));
    }
  } else {
    const auto number = static_cast<int64_t>(value);
    if (number > Limits::max() || number < Limits::min()) return Overflow(value, type);
  }
  return static_cast<int32_t>(value);
}

template <class ArrayType>
base::Status AppendIds(const arrow::Array& array, const std::string& name,
                       std::vector<int32_t>& ids) {
  const auto& values = static_cast<const ArrayType&>(array);
  for (int64_t i = 0; i < values.length(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(ids.emplace_back(), IdOf(values.Value(i), *array.type(), name));
  }
  return base::OkStatus();
}

base::Status AppendAnyIds(const arrow::Array& array, const std::string& name,
                          std::vector<int32_t>& ids) {
  switch (array.type_id()) {
    case arrow::Type::INT32: {
      const auto& values = static_cast<const arrow::Int32Array&>(array);
      ids.insert(ids.end(), values.raw_values(), values.raw_values() + values.length());
      return base::OkStatus();
    }
    case arrow::Type::INT64:
      return AppendIds<arrow::Int64Array>(array, name, ids);
    case arrow::Type::INT16:
      return AppendIds<arrow::Int16Array>(array, name, ids);
    case arrow::Type::INT8:
      return AppendIds<arrow::Int8Array>(array, name, ids);
    case arrow::Type::FLOAT:
      return AppendIds<arrow::FloatArray>(array, name, ids);
    case arrow::Type::DOUBLE:
      return AppendIds<arrow::DoubleArray>(array, name, ids);
    default:
      return base::Fail(base::kInternal, "ALS: ids that are no numbers");
  }
}

}  // namespace

const ClassInfo& AlsInfo() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.recommendation.ALS",
                    ClassKind::kEstimator,
                    {
                        DoubleParam("alpha", 1.0, AtLeast(0)),
                        BlockSize(),
                        CheckpointInterval(10),
                        ColdStartStrategy(),
                        StringParam("finalStorageLevel", std::string("MEMORY_AND_DISK"),
                                    OneOf(StorageLevels(true))),
                        BoolParam("implicitPrefs", false),
                        StringParam("intermediateStorageLevel", std::string("MEMORY_AND_DISK"),
                                    OneOf(StorageLevels(false))),
                        ItemCol(),
                        MaxIter(10),
                        BoolParam("nonnegative", false),
                        IntParam("numItemBlocks", int64_t{10}, AtLeast(1)),
                        IntParam("numUserBlocks", int64_t{10}, AtLeast(1)),
                        PredictionCol(),
                        IntParam("rank", int64_t{10}, AtLeast(1)),
                        StringParam("ratingCol", std::string("rating")),
                        RegParam(0.1),
                        Seed("org.apache.spark.ml.recommendation.ALS"),
                        UserCol(),
                    }};
  return *info;
}

const ClassInfo& AlsModelInfo() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.recommendation.ALSModel",
                    ClassKind::kModel,
                    {BlockSize(), ColdStartStrategy(), ItemCol(), PredictionCol(), UserCol()}};
  return *info;
}

base::Status CheckAlsInput(const Params& params, const arrow::Schema& input) {
  SOTERIA_RETURN_IF_ERROR(CheckIds(params, input));
  SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, params.String("ratingCol")));
  return CheckPrediction(params, input);
}

base::Status CheckAlsModelInput(const Params& params, const arrow::Schema& input) {
  SOTERIA_RETURN_IF_ERROR(CheckIds(params, input));
  return CheckPrediction(params, input);
}

base::StatusOr<std::vector<int32_t>> ReadIds(const arrow::Table& table, const std::string& name) {
  SOTERIA_ASSIGN_OR_RETURN(const auto column, ReadColumn(table, name));
  if (column->null_count() > 0) {
    // Spark's text for other types joins the value to a sentence, and is null where that is.
    return column->type()->id() == arrow::Type::INT32
               ? RowFailure(base::Cat(name, " Ids MUST NOT be Null"))
               : RowFailure("null");
  }
  std::vector<int32_t> ids;
  ids.reserve(static_cast<size_t>(column->length()));
  for (const auto& chunk : column->chunks()) {
    SOTERIA_RETURN_IF_ERROR(AppendAnyIds(*chunk, name, ids));
  }
  return ids;
}

}  // namespace soteria::ml
