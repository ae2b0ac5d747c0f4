#include "src/ml/evaluators/clustering.h"

#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/ml/columns.h"
#include "src/ml/shared_params.h"
#include "src/stats/clustering_metrics.h"
#include "src/stats/doubles.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

const ClassInfo& Info() {
  static const ClassInfo* const info = new ClassInfo{
      "org.apache.spark.ml.evaluation.ClusteringEvaluator",
      ClassKind::kEvaluator,
      {StringParam("distanceMeasure", std::string("squaredEuclidean"),
                   OneOf({"squaredEuclidean", "cosine"})),
       FeaturesCol(), StringParam("metricName", std::string("silhouette"), OneOf({"silhouette"})),
       PredictionCol(), WeightCol()}};
  return *info;
}

void WriteColumns(const ClusteredColumns& columns, base::FieldWriter& w) {
  w.Add(columns.features).Add(columns.prediction).Add(columns.weight.value_or(""));
  w.AddBool(columns.cosine);
}

base::StatusOr<ClusteredColumns> ReadColumns(base::FieldReader& r) {
  ClusteredColumns columns;
  SOTERIA_ASSIGN_OR_RETURN(columns.features, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(columns.prediction, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view weight, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(columns.cosine, r.NextBool());
  if (!weight.empty()) columns.weight = std::string(weight);
  return columns;
}

double SquareOf(const table::VectorView& row) {
  double square = 0;
  for (const double value : row.values) square += value * value;
  return square;
}

base::Status SizesDiffer(uint64_t expected, uint64_t got) {
  return base::Fail(base::kIllegalArgument,
                    base::Cat("requirement failed: Dimensions mismatch when adding new sample."
                              " Expecting ",
                              expected, " but got ", got, "."));
}

/// Calls `add(row, prediction, weight)` for each row of a table.
template <typename Add>
base::Status ForEachRow(const arrow::Table& table, const ClusteredColumns& columns, Add add) {
  SOTERIA_ASSIGN_OR_RETURN(const Numbers predictions, ReadNumbers(table, columns.prediction));
  if (predictions.null_count > 0) {
    return base::Fail(base::kIllegalArgument, "a prediction is null");
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> weights, ReadWeights(table, columns.weight));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<table::VectorReader> chunks,
                           ReadVectorColumn(table, columns.features));
  size_t at = 0;
  for (const table::VectorReader& rows : chunks) {
    if (rows.null_count() > 0) {
      return base::Fail(base::kIllegalArgument, "a feature vector is null");
    }
    for (int64_t i = 0; i < rows.rows(); ++i, ++at) {
      SOTERIA_RETURN_IF_ERROR(add(rows.Get(i), predictions.values[at], weights[at]));
    }
  }
  return base::OkStatus();
}

}  // namespace

base::Status Clusters::Merge(const Clusters& other) {
  if (other.of.empty()) return base::OkStatus();
  if (of.empty()) {
    *this = other;
    return base::OkStatus();
  }
  if (features != other.features) return SizesDiffer(features, other.features);
  for (const auto& [id, from] : other.of) {
    const auto [at, added] = of.try_emplace(id, from);
    if (added) continue;
    ClusterMoments& to = at->second;
    to.weight += from.weight;
    to.squares += from.squares;
    for (size_t j = 0; j < to.sums.size(); ++j) to.sums[j] += from.sums[j];
  }
  if (of.size() * std::max<uint64_t>(1, features) > kClusterCellsMax) {
    return base::Fail(base::kMemoryLimit, "the clusters of an evaluation take too much");
  }
  return base::OkStatus();
}

std::string Clusters::Encode() const {
  base::FieldWriter w;
  w.AddU64(features).AddU64(of.size());
  for (const auto& [id, moments] : of) {
    w.AddDouble(id).AddDouble(moments.weight).AddDouble(moments.squares);
    w.Add(stats::PackDoubles(moments.sums));
  }
  return w.Take();
}

base::StatusOr<Clusters> Clusters::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  Clusters clusters;
  SOTERIA_ASSIGN_OR_RETURN(clusters.features, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, r.NextU64());
  if (count > kClusterCellsMax) return base::Fail(base::kProtocol, "clusters: too many");
  for (uint64_t i = 0; i < count; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const double id, r.NextDouble());
    ClusterMoments moments;
    SOTERIA_ASSIGN_OR_RETURN(moments.weight, r.NextDouble());
    SOTERIA_ASSIGN_OR_RETURN(moments.squares, r.NextDouble());
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view sums, r.Next());
    SOTERIA_ASSIGN_OR_RETURN(moments.sums, stats::UnpackDoubles(sums));
    if (moments.sums.size() != clusters.features || std::isnan(id) ||
        !clusters.of.emplace(id, std::move(moments)).second) {
      return base::Fail(base::kProtocol, "clusters: bad length");
    }
  }
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return clusters;
}

std::string ClustersKernel::Encode() const {
  base::FieldWriter w;
  WriteColumns(columns_, w);
  return w.Take();
}

base::StatusOr<KernelPtr> ClustersKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(ClusteredColumns columns, ReadColumns(r));
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return std::make_unique<ClustersKernel>(std::move(columns));
}

base::StatusOr<std::string> ClustersKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* table, RowsOf(part));
  Clusters clusters;
  SOTERIA_RETURN_IF_ERROR(ForEachRow(
      *table, columns_,
      [&](const table::VectorView& row, double prediction, double weight) -> base::Status {
        const auto size = static_cast<uint64_t>(row.size);
        if (clusters.of.empty()) clusters.features = size;
        if (clusters.features != size) return SizesDiffer(clusters.features, size);
        if (std::isnan(prediction)) {
          return base::Fail(base::kIllegalArgument, "a prediction is NaN");
        }
        const auto [at, added] = clusters.of.try_emplace(prediction + 0.0);
        ClusterMoments& to = at->second;
        if (added) {
          if (clusters.of.size() * std::max<uint64_t>(1, size) > kClusterCellsMax) {
            return base::Fail(base::kMemoryLimit, "the clusters of an evaluation take too much");
          }
          to.sums.assign(size, 0.0);
        }
        const double square = SquareOf(row);
        const double factor = columns_.cosine ? weight / std::sqrt(square) : weight;
        to.weight += weight;
        to.squares += weight * square;
        for (size_t k = 0; k < row.values.size(); ++k) {
          to.sums[row.dense ? k : static_cast<size_t>(row.indices[k])] += factor * row.values[k];
        }
        return base::OkStatus();
      }));
  return clusters.Encode();
}

base::StatusOr<std::string> ClustersKernel::Merge(std::vector<std::string> children) const {
  Clusters all;
  for (std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const Clusters child, Clusters::Decode(std::exchange(bytes, {})));
    SOTERIA_RETURN_IF_ERROR(all.Merge(child));
  }
  return all.Encode();
}

SilhouettesKernel::SilhouettesKernel(ClusteredColumns columns, Clusters clusters)
    : columns_(std::move(columns)), clusters_(std::move(clusters)) {
  const size_t count = clusters_.of.size();
  by_column_.resize(count * clusters_.features);
  for (const auto& [id, moments] : clusters_.of) {
    const size_t c = ids_.size();
    ids_.push_back(id);
    weights_.push_back(moments.weight);
    squares_.push_back(moments.squares);
    for (size_t j = 0; j < moments.sums.size(); ++j) by_column_[j * count + c] = moments.sums[j];
  }
}

std::string SilhouettesKernel::Encode() const {
  base::FieldWriter w;
  WriteColumns(columns_, w);
  w.Add(clusters_.Encode());
  return w.Take();
}

base::StatusOr<KernelPtr> SilhouettesKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(ClusteredColumns columns, ReadColumns(r));
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view encoded, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(Clusters clusters, Clusters::Decode(encoded));
  return std::make_unique<SilhouettesKernel>(std::move(columns), std::move(clusters));
}

double SilhouettesKernel::Silhouette(size_t own, double weight,
                                     const std::vector<double>& distances) const {
  if (weights_[own] == weight) return 0;  // alone in its cluster
  double next = std::numeric_limits<double>::infinity();
  for (size_t c = 0; c < distances.size(); ++c) {
    if (c != own) next = std::min(next, distances[c]);
  }
  const double inside = distances[own] * weights_[own] / (weights_[own] - weight);
  if (inside < next) return 1 - inside / next;
  if (inside > next) return next / inside - 1;
  return std::isnan(inside) ? inside : 0;
}

base::StatusOr<std::string> SilhouettesKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* table, RowsOf(part));
  const size_t count = ids_.size();
  std::vector<double> dots(count), distances(count);
  stats::SilhouetteSums sums;
  SOTERIA_RETURN_IF_ERROR(ForEachRow(
      *table, columns_,
      [&](const table::VectorView& row, double prediction, double weight) -> base::Status {
        const auto size = static_cast<uint64_t>(row.size);
        if (size != clusters_.features) return SizesDiffer(clusters_.features, size);
        const auto at = std::lower_bound(ids_.begin(), ids_.end(), prediction);
        if (at == ids_.end() || *at != prediction) {
          return base::Fail(base::kProtocol, "silhouettes: a row of no cluster");
        }
        std::fill(dots.begin(), dots.end(), 0.0);
        for (size_t k = 0; k < row.values.size(); ++k) {
          const size_t j = row.dense ? k : static_cast<size_t>(row.indices[k]);
          const double* from = by_column_.data() + j * count;
          for (size_t c = 0; c < count; ++c) dots[c] += row.values[k] * from[c];
        }
        const double square = SquareOf(row);
        for (size_t c = 0; c < count; ++c) {
          distances[c] = columns_.cosine
                             ? 1 - dots[c] / std::sqrt(square) / weights_[c]
                             : square + squares_[c] / weights_[c] - 2 * dots[c] / weights_[c];
        }
        sums.Add(Silhouette(static_cast<size_t>(at - ids_.begin()), weight, distances), weight);
        return base::OkStatus();
      }));
  return stats::ExactSums{sums.Encode(), std::nullopt}.Encode();
}

base::StatusOr<std::string> SilhouettesKernel::Merge(std::vector<std::string> children) const {
  stats::SilhouetteSums all;
  for (const std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const stats::ExactSums exact, stats::ExactSums::Decode(bytes));
    SOTERIA_ASSIGN_OR_RETURN(const auto child, stats::SilhouetteSums::Decode(exact.sums));
    all.Merge(child);
  }
  return stats::ExactSums{all.Encode(), std::nullopt}.Encode();
}

base::Status ClusteringEvaluator::CheckInput(const arrow::Schema& input) const {
  const std::string& features = params_.String("featuresCol");
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Field> field,
                           ResolveField(input, features));
  if (!table::IsVector(*field)) {
    if (field->type()->id() == arrow::Type::LIST) {
      return base::NotSupported("ClusteringEvaluator over a column of arrays", "array_to_vector");
    }
    return base::Fail(
        base::kIllegalArgument,
        base::Cat("requirement failed: Column ", features,
                  " must be of type equal to one of the following types: "
                  "[struct<type:tinyint,size:int,indices:array<int>,values:array<double>>, "
                  "array<double>, array<float>] but was actually of type ",
                  table::TypeName(*field), "."));
  }
  SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, params_.String("predictionCol")));
  if (const std::optional<std::string> weight = params_.Column("weightCol")) {
    SOTERIA_RETURN_IF_ERROR(CheckNumberColumn(input, *weight));
  }
  return base::OkStatus();
}

ClusteredColumns ClusteringEvaluator::Reads() const {
  ClusteredColumns columns;
  columns.features = params_.String("featuresCol");
  columns.prediction = params_.String("predictionCol");
  columns.weight = params_.Column("weightCol");
  columns.cosine = params_.String("distanceMeasure") == "cosine";
  return columns;
}

base::StatusOr<KernelPtr> ClusteringEvaluator::MakeKernel() const {
  return std::make_unique<ClustersKernel>(Reads());
}

base::StatusOr<KernelPtr> ClusteringEvaluator::NextKernel(size_t passes,
                                                          std::string_view partial) const {
  if (passes > 1) return nullptr;
  SOTERIA_ASSIGN_OR_RETURN(Clusters clusters, Clusters::Decode(partial));
  if (clusters.of.size() < 2) {
    return base::Fail(base::kIllegalArgument,
                      "assertion failed: Number of clusters must be greater than one.");
  }
  return std::make_unique<SilhouettesKernel>(Reads(), std::move(clusters));
}

base::StatusOr<KernelPtr> ClusteringEvaluator::MakeAnswersKernel() const {
  return base::Fail(base::kInternal, "a silhouette has no answers");
}

stats::Statistic ClusteringEvaluator::Asks() const {
  stats::Statistic asked;
  asked.kind = stats::StatisticKind::kClustering;
  asked.metric = params_.String("metricName");
  return asked;
}

SummedColumns ClusteringEvaluator::Sums() const {
  return {{params_.String("featuresCol")}, params_.Column("weightCol")};
}

Algorithm ClusteringEvaluatorAlgorithm() {
  ClassEntry entry;
  entry.info = &Info();
  entry.evaluator = [](Params params) -> std::unique_ptr<const Evaluator> {
    return std::make_unique<ClusteringEvaluator>(std::move(params));
  };
  Algorithm algorithm;
  algorithm.classes = {entry};
  algorithm.kernels = {{ClustersKernel::kKind, ClustersKernel::Decode},
                       {SilhouettesKernel::kKind, SilhouettesKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
