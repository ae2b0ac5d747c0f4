#include "src/ml/one_hot_encoder/kernels.h"

#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/attributes.h"
#include "src/ml/columns.h"
#include "src/ml/string_indexer/kernels.h"
#include "src/table/java_text.h"

namespace soteria::ml {
namespace {

constexpr double kIndexMax = std::numeric_limits<int32_t>::max() - 1;

inline constexpr base::Condition kRowValueIsNull = {"ROW_VALUE_IS_NULL",
                                                    base::exception_class::kSparkRuntime, "22023",
                                                    absl::StatusCode::kInvalidArgument};

base::Status NoIndex(const std::string& column, double value) {
  if (value > kIndexMax) {
    return UdfFailure(
        base::Cat("assertion failed: OneHotEncoder only supports up to 2147483647"
                  " indices, but got ",
                  table::JavaDouble(value), "."));
  }
  return UdfFailure(base::Cat("assertion failed: Values from column ", column,
                              " must be indices, but got ", table::JavaDouble(value), "."));
}

base::Status TooMany() {
  return base::Fail(base::kMemoryLimit, base::Cat("OneHotEncoder: a column has more than ",
                                                  kColumnCategoriesMax, " categories"));
}

}  // namespace

base::StatusOr<KernelPtr> CategoryCountsKernel::Decode(std::string_view bytes) {
  SOTERIA_ASSIGN_OR_RETURN(std::vector<std::string> columns, DecodeColumns(bytes));
  return KernelPtr(std::make_unique<CategoryCountsKernel>(std::move(columns)));
}

std::string CategoryCountsKernel::Encode() const { return EncodeColumns(columns_); }

base::StatusOr<std::string> CategoryCountsKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* rows, RowsOf(part));
  base::FieldWriter w;
  for (size_t at = 0; at < columns_.size(); ++at) {
    const std::string& column = columns_[at];
    SOTERIA_ASSIGN_OR_RETURN(const auto field, ResolveField(*rows->schema(), column));
    if (const std::optional<int64_t> count = AttributeOf(*field).CategoryCount()) {
      if (*count > kColumnCategoriesMax) return TooMany();
      w.AddI64(*count);
      continue;
    }
    SOTERIA_ASSIGN_OR_RETURN(const Numbers numbers, ReadNumbers(*rows, column));
    if (numbers.null_count > 0) {
      return base::FailQuotingData(kRowValueIsNull, base::Cat("Found NULL in a row at the index ",
                                                              at, ", expected a non-NULL value."));
    }
    double greatest = 0;
    for (const double value : numbers.values) {
      if (!(value >= 0 && value <= kIndexMax && std::trunc(value) == value)) {
        return NoIndex(column, value);
      }
      greatest = std::max(greatest, value);
    }
    if (greatest >= static_cast<double>(kColumnCategoriesMax)) return TooMany();
    w.AddI64(static_cast<int64_t>(greatest) + 1);
  }
  return w.Take();
}

base::StatusOr<std::string> CategoryCountsKernel::Merge(std::vector<std::string> children) const {
  std::vector<int32_t> counts(columns_.size(), 0);
  if (children.empty()) return base::Fail(base::kProtocol, "one hot encoder: nothing to merge");
  for (const std::string& child : children) {
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<int32_t> more, Read(child));
    for (size_t i = 0; i < counts.size(); ++i) counts[i] = std::max(counts[i], more[i]);
  }
  base::FieldWriter w;
  for (const int32_t count : counts) w.AddI64(count);
  return w.Take();
}

base::StatusOr<std::vector<int32_t>> CategoryCountsKernel::Read(std::string_view partial) const {
  std::vector<int32_t> counts;
  base::FieldReader r(partial);
  for (size_t i = 0; i < columns_.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const int64_t count, r.NextI64());
    if (count < 0 || count > kColumnCategoriesMax) {
      return base::Fail(base::kProtocol, "one hot encoder: a count out of range");
    }
    counts.push_back(static_cast<int32_t>(count));
  }
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return counts;
}

}  // namespace soteria::ml
