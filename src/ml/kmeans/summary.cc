#include "src/ml/kmeans/summary.h"

#include <algorithm>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::ml {

std::shared_ptr<const Summary> KMeansSummary::Make(const Params& params, const Centers& centers,
                                                   double cost, int64_t iterations) {
  std::shared_ptr<KMeansSummary> summary(new KMeansSummary());
  summary->known_ = {{"featuresCol", params.String("featuresCol")},
                     {"predictionCol", params.String("predictionCol")},
                     {"k", params.Int("k")},
                     {"numIter", iterations},
                     {"trainingCost", cost}};
  summary->sizes_.assign(static_cast<size_t>(params.Int("k")), 0);
  summary->kernel_ = std::make_shared<const AssignKernel>(centers, Assigns::kCounts);
  return summary;
}

base::StatusOr<std::shared_ptr<const Summary>> KMeansSummary::Complete(
    std::string_view partial) const {
  SOTERIA_ASSIGN_OR_RETURN(const ClusterSums counts, kernel_->Result(partial));
  std::shared_ptr<KMeansSummary> made(new KMeansSummary(*this));
  if (counts.weights.size() > made->sizes_.size()) {
    return base::Fail(base::kInternal, "summary: more centers than clusters");
  }
  std::transform(counts.weights.begin(), counts.weights.end(), made->sizes_.begin(),
                 [](double count) { return static_cast<int64_t>(count); });
  made->complete_ = true;
  return std::shared_ptr<const Summary>(std::move(made));
}

std::optional<PredictionsColumn> KMeansSummary::OfPredictions(std::string_view method) const {
  if (method != "cluster") return std::nullopt;
  return PredictionsColumn{std::get<std::string>(known_.at("predictionCol"))};
}

base::StatusOr<Attribute> KMeansSummary::Get(std::string_view method, const Arguments& args) const {
  if (args.empty()) {
    if (const auto at = known_.find(method); at != known_.end()) return at->second;
    if (method == "clusterSizes") {
      if (complete_) return Attribute(sizes_);
      return base::Fail(base::kInternal, "summary: clusterSizes before its data");
    }
  }
  return base::Fail(base::kMlAttribute,
                    base::Cat(method, " in org.apache.spark.ml.clustering.KMeansSummary",
                              " is not allowed to be accessed."));
}

}  // namespace soteria::ml
