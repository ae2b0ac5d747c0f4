#include "src/exec/summary.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/cell_text.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/table/arrow_status.h"
#include "src/table/decimal.h"
#include "src/table/java_text.h"
#include "src/table/text_value.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;

/// Of percentile_approx, whose accuracy is 10000 by default.
constexpr double kPercentileError = 1.0 / 10'000;

constexpr base::Condition kUnrecognizedStatistic = {"UNRECOGNIZED_STATISTIC",
                                                    base::exception_class::kIllegalArgument,
                                                    "42704", absl::StatusCode::kInvalidArgument};

base::Status Unrecognized(const std::string& statistic) {
  return base::Fail(kUnrecognizedStatistic,
                    base::Cat("The statistic '", statistic,
                              "' is not recognized. Valid statistics include `count`, "
                              "`count_distinct`, `approx_count_distinct`, `mean`, `stddev`, `min`, "
                              "`max`, and percentile values. Percentile must be a numeric value "
                              "followed by '%', within the range 0% to 100%."));
}

/// Of a number, which was a value of a column of `type`.
std::string PercentileText(double value, const arrow::DataType& type) {
  if (IsIntegral(type)) return base::Cat(static_cast<int64_t>(value));
  if (table::IsDecimal(type)) {  // of as many places as the double has
    const auto digits = table::BigDecimalOf(value);
    return digits.has_value() ? table::PlainText(*digits) : table::JavaDouble(value);
  }
  if (type.id() == Type::FLOAT) return table::JavaFloat(static_cast<float>(value));
  return table::JavaDouble(value);
}

bool IsText(const arrow::Field& field) { return field.type()->id() == Type::STRING; }

}  // namespace

base::Status Summary::ReadStatistics(std::vector<std::string> statistics) {
  if (statistics.empty()) {
    statistics = {"count", "mean", "stddev", "min", "25%", "50%", "75%", "max"};
  }
  if (statistics.size() > kSummaryStatisticsMax) {
    return base::Fail(base::kUnsupported, "summary: too many statistics");
  }
  for (const std::string& statistic : statistics) {
    if (!statistic.ends_with('%')) continue;
    double percent = 0;
    const std::string_view number = std::string_view(statistic).substr(0, statistic.size() - 1);
    if (!table::ParseDouble(number, &percent)) return Unrecognized(statistic);
    percentiles_.push_back(percent / 100.0);
  }
  if (!std::all_of(percentiles_.begin(), percentiles_.end(),
                   [](double p) { return p >= 0 && p <= 1; })) {
    return base::Fail(base::kIllegalArgument,
                      "requirement failed: Percentiles must be in the range [0, 1]");
  }
  for (const std::string& statistic : statistics) {
    const std::string lower = base::Lower(statistic);
    const bool percentile = statistic.ends_with('%');
    const bool known = lower == "count" || lower == "mean" || lower == "stddev" || lower == "min" ||
                       lower == "max" || lower == "count_distinct" ||
                       lower == "approx_count_distinct";
    if (!percentile && !known) return Unrecognized(statistic);
    functions_.push_back(percentile ? "" : lower);
  }
  statistics_ = std::move(statistics);
  return base::OkStatus();
}

base::StatusOr<Summary> Summary::Make(std::vector<std::string> statistics,
                                      const arrow::Schema& input) {
  Summary summary;
  SOTERIA_RETURN_IF_ERROR(summary.ReadStatistics(std::move(statistics)));
  arrow::FieldVector texts = {arrow::field("summary", arrow::utf8())};
  for (const auto& field : input.fields()) {
    if (!table::UdtOf(*field).empty() || !(IsNumeric(*field->type()) || IsText(*field))) continue;
    summary.columns_.push_back(field);
    texts.push_back(arrow::field(field->name(), arrow::utf8()));
  }
  const arrow::Schema selected(summary.columns_);
  for (const auto& field : summary.columns_) {
    SOTERIA_RETURN_IF_ERROR(ResolveColumn(selected, field->name()).status());
  }
  std::set<std::string> seen;
  for (const std::string& statistic : summary.statistics_) {
    if (summary.columns_.empty() || seen.insert(statistic).second) continue;
    return base::Fail(kDuplicatedMapKey, base::Cat("Duplicate map key ", statistic,
                                                   " was found, please check the input data."));
  }
  summary.schema_ = arrow::schema(std::move(texts));
  return summary;
}

size_t Summary::CallsOfColumn() const {
  return statistics_.size() - percentiles_.size() + (percentiles_.empty() ? 0 : 1);
}

/// Column by column: its statistics in order, then one call for all percentiles.
std::vector<AggregateCall> Summary::Calls() const {
  std::vector<AggregateCall> calls;
  for (const auto& field : columns_) {
    const ExprPtr column = ColumnNamed(field->name());
    const ExprPtr number = IsText(*field) ? TryCast(column, arrow::float64()) : column;
    const auto add = [&calls](std::string function, const ExprPtr& arg) -> AggregateCall& {
      return calls.emplace_back(
          AggregateCall{std::move(function), arg, base::Cat("_", calls.size())});
    };
    for (const std::string& function : functions_) {
      if (function.empty()) continue;
      if (function == "count_distinct") {
        add("count", column).distinct = true;
        continue;
      }
      add(function, function == "mean" || function == "stddev" ? number : column);
    }
    if (percentiles_.empty()) continue;
    AggregateCall& call = add("summary_percentiles", number);
    call.probabilities = percentiles_;
    call.relative_error = kPercentileError;
  }
  return calls;
}

base::StatusOr<std::shared_ptr<arrow::Table>> Summary::Table(const arrow::Table& row) const {
  const size_t of_column = CallsOfColumn();
  if (static_cast<size_t>(row.num_columns()) != of_column * columns_.size() ||
      (row.num_columns() > 0 && row.num_rows() != 1)) {
    return base::Fail(base::kInternal, "summary: not the row of its aggregates");
  }
  const auto cell = [&](size_t column, size_t call, size_t percentile) {
    const int index = static_cast<int>(column * of_column + call);
    const auto& values = row.column(index)->chunk(0);
    if (values->IsNull(0)) return std::optional<std::string>();
    if (values->type_id() != Type::LIST) {
      return std::optional(CastText(*row.schema()->field(index), *values, 0));
    }
    const auto& list = static_cast<const arrow::ListArray&>(*values);
    const auto& numbers = static_cast<const arrow::DoubleArray&>(*list.values());
    const auto at = list.value_offset(0) + static_cast<int64_t>(percentile);
    return std::optional(PercentileText(numbers.Value(at), *columns_[column]->type()));
  };
  arrow::ArrayVector out;
  for (size_t c = 0; c <= columns_.size(); ++c) {
    arrow::StringBuilder builder;
    size_t call = 0, percentile = 0;
    for (size_t s = 0; s < statistics_.size(); ++s) {
      const bool is_percentile = functions_[s].empty();
      std::optional<std::string> text = statistics_[s];
      if (c > 0 && is_percentile) text = cell(c - 1, of_column - 1, percentile++);
      if (c > 0 && !is_percentile) text = cell(c - 1, call++, 0);
      SOTERIA_ARROW_RETURN(text.has_value() ? builder.Append(*text) : builder.AppendNull());
    }
    SOTERIA_ARROW_ASSIGN(out.emplace_back(), builder.Finish());
  }
  return arrow::Table::Make(schema_, std::move(out), static_cast<int64_t>(statistics_.size()));
}

}  // namespace soteria::exec
