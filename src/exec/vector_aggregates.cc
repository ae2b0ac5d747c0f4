// What Summarizer sends, statistics of vectors; and sums and means of arrays of floats, in single
// precision as Spark's.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/accumulator.h"
#include "src/exec/coercion.h"
#include "src/exec/kernels.h"
#include "src/exec/vector_summary.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::exec {
namespace {

using arrow::Type;

class VectorMetrics final : public AccumulatorOf<VectorMetrics> {
 public:
  VectorMetrics(std::vector<std::string> metrics, TypePtr type)
      : metrics_(std::move(metrics)), type_(std::move(type)) {}

  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    SOTERIA_ASSIGN_OR_RETURN(const auto reader,
                             table::VectorReader::Make(args[0]->Slice(begin, end - begin)));
    const auto& weights = static_cast<const arrow::DoubleArray&>(*args[1]);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = i - begin;
      if (reader.IsNull(row)) return base::Fail(base::kUserRaised, "Summarizer: a vector is null");
      SOTERIA_RETURN_IF_ERROR(
          summary_.Add(reader.Get(row), weights.IsNull(i) ? 0 : weights.Value(i)));
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const VectorMetrics& later) { return summary_.Merge(later.summary_); }
  void Write(base::FieldWriter& out) const override { summary_.Write(out); }
  base::Status Read(base::FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(summary_, VectorSummary::Read(in));
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    arrow::ScalarVector fields;
    for (const std::string& name : metrics_) {
      SOTERIA_ASSIGN_OR_RETURN(const VectorMetric metric, VectorMetricNamed(name));
      if (metric == VectorMetric::kCount) {
        fields.push_back(std::make_shared<arrow::Int64Scalar>(summary_.count()));
        continue;
      }
      SOTERIA_ASSIGN_OR_RETURN(std::vector<double> values, summary_.Get(metric));
      const auto vector = table::DenseVector(std::move(values));
      SOTERIA_ASSIGN_OR_RETURN(auto scalar, table::VectorScalar(table::View(vector)));
      fields.push_back(std::move(scalar));
    }
    SOTERIA_ARROW_RETURN(out.AppendScalar(arrow::StructScalar(std::move(fields), type_)));
    return base::OkStatus();
  }
  CallNumbers Numbers() const override {
    return {.rows = summary_.count(), .elements = summary_.Elements()};
  }

 private:
  std::vector<std::string> metrics_;
  TypePtr type_;
  VectorSummary summary_;
};

/// aggregate_metrics(features, weight): a struct with a field for each metric.
base::Status BindMetrics(const AggregateCall& call, Typing& typing) {
  const arrow::Field& features = *typing.args[0]->field;
  if (!table::IsVector(features)) {
    return UnexpectedType(typing.text, 0,
                          table::QuotedTypeName(*table::VectorField("", true, std::nullopt)),
                          *typing.text.args[0], features);
  }
  SOTERIA_RETURN_IF_ERROR(TakeArgument(typing.text, typing.args, 1, 'd'));
  arrow::FieldVector fields;
  for (const std::string& metric : call.metrics) {
    SOTERIA_ASSIGN_OR_RETURN(const VectorMetric known, VectorMetricNamed(metric));
    fields.push_back(known == VectorMetric::kCount
                         ? arrow::field(metric, arrow::int64(), false)
                         : table::VectorField(metric, false, std::nullopt));
  }
  typing.gives = arrow::field("", arrow::struct_(std::move(fields)), false);
  return base::OkStatus();
}

base::StatusOr<AccumulatorPtr> MakeMetrics(const AggregateCall& call, const CallTypes& types) {
  return std::make_unique<VectorMetrics>(call.metrics, types.result);
}

constexpr base::Condition kDimensionMismatch = {"VECTOR_DIMENSION_MISMATCH",
                                                base::exception_class::kSparkRuntime, "22000",
                                                absl::StatusCode::kInvalidArgument};

/// Of arrays that are null or have a null within nothing counts.
template <bool kMean>
class FloatTotals final : public AccumulatorOf<FloatTotals<kMean>> {
 public:
  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    const auto& lists = static_cast<const arrow::ListArray&>(*args[0]);
    const auto& floats = static_cast<const arrow::FloatArray&>(*lists.values());
    for (int64_t i = begin; i < end; ++i) {
      if (lists.IsNull(i)) continue;
      const int64_t first = lists.value_offset(i);
      const int64_t size = lists.value_length(i);
      bool whole = true;
      for (int64_t k = 0; k < size && whole; ++k) whole = !floats.IsNull(first + k);
      if (whole) SOTERIA_RETURN_IF_ERROR(Add(floats.raw_values() + first, size));
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const FloatTotals& later) {
    if (later.count_ == 0) return base::OkStatus();
    if (count_ == 0) {
      *this = later;
      return base::OkStatus();
    }
    SOTERIA_RETURN_IF_ERROR(CheckSize(later.totals_.size()));
    const int64_t count = count_ + later.count_;
    const float own = static_cast<float>(count_) / static_cast<float>(count);
    const float others = static_cast<float>(later.count_) / static_cast<float>(count);
    for (size_t k = 0; k < totals_.size(); ++k) {
      totals_[k] =
          kMean ? totals_[k] * own + later.totals_[k] * others : totals_[k] + later.totals_[k];
    }
    count_ = count;
    return base::OkStatus();
  }
  void Write(base::FieldWriter& out) const override {
    out.AddI64(count_).AddU64(totals_.size());
    for (const float total : totals_) out.AddDouble(total);
  }
  base::Status Read(base::FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(count_, in.NextI64());
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t size, in.NextU64());
    if (count_ < 0 || size > kAccumulatorBytesMax / sizeof(float) || (count_ == 0 && size > 0)) {
      return base::Fail(base::kProtocol, "Aggregate: no sums of floats");
    }
    totals_.clear();
    for (uint64_t k = 0; k < size; ++k) {
      SOTERIA_ASSIGN_OR_RETURN(const double total, in.NextDouble());
      totals_.push_back(static_cast<float>(total));
    }
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    auto& list = static_cast<arrow::ListBuilder&>(out);
    if (count_ == 0) {
      SOTERIA_ARROW_RETURN(list.AppendNull());
      return base::OkStatus();
    }
    SOTERIA_ARROW_RETURN(list.Append());
    SOTERIA_ARROW_RETURN(static_cast<arrow::FloatBuilder&>(*list.value_builder())
                             .AppendValues(totals_.data(), static_cast<int64_t>(totals_.size())));
    return base::OkStatus();
  }

 private:
  static constexpr const char* kName = kMean ? "vector_avg" : "vector_sum";

  base::Status CheckSize(size_t size) const {
    if (size == totals_.size()) return base::OkStatus();
    return base::FailQuotingData(
        kDimensionMismatch,
        base::Cat("Vectors passed to `", kName, "` must have the same dimension, but got ",
                  totals_.size(), " and ", size, "."));
  }

  base::Status Add(const float* values, int64_t size) {
    if (count_ == 0) {
      if (static_cast<size_t>(size) > kAccumulatorBytesMax / sizeof(float)) {
        return TooMuchState(kName);
      }
      totals_.assign(values, values + size);
      count_ = 1;
      return base::OkStatus();
    }
    SOTERIA_RETURN_IF_ERROR(CheckSize(static_cast<size_t>(size)));
    ++count_;
    const float part = 1.0F / static_cast<float>(count_);
    for (size_t k = 0; k < totals_.size(); ++k) {
      totals_[k] += kMean ? (values[k] - totals_[k]) * part : values[k];
    }
    return base::OkStatus();
  }

  int64_t count_ = 0;
  std::vector<float> totals_;
};

base::Status BindTotals(const AggregateCall& /*call*/, Typing& typing) {
  const arrow::Field& field = *typing.args[0]->field;
  const bool floats = field.type()->id() == Type::LIST && table::UdtOf(field).empty() &&
                      field.type()->field(0)->type()->id() == Type::FLOAT;
  if (!floats) {
    return UnexpectedType(typing.text, 0, "\"ARRAY<FLOAT>\"", *typing.text.args[0], field);
  }
  typing.gives = arrow::field("", table::ListOf(arrow::float32(), false), true);
  return base::OkStatus();
}

template <bool kMean>
base::StatusOr<AccumulatorPtr> MakeTotals(const AggregateCall& /*call*/,
                                          const CallTypes& /*types*/) {
  return std::make_unique<FloatTotals<kMean>>();
}

constexpr AggregateFunction kFunctions[] = {
    {"vector_avg", "vector_avg", 1, 1, BindTotals, MakeTotals<true>},
    {"vector_sum", "vector_sum", 1, 1, BindTotals, MakeTotals<false>},
    {"aggregate_metrics", "aggregate_metrics", 2, 2, BindMetrics, MakeMetrics},
};

}  // namespace

std::span<const AggregateFunction> VectorAggregates() { return kFunctions; }

}  // namespace soteria::exec
