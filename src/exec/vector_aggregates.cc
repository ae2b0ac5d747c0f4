// What Summarizer sends: statistics of vectors.
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

constexpr AggregateFunction kFunctions[] = {
    {"aggregate_metrics", "aggregate_metrics", 2, 2, BindMetrics, MakeMetrics},
};

}  // namespace

std::span<const AggregateFunction> VectorAggregates() { return kFunctions; }

}  // namespace soteria::exec
