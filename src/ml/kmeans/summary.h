// What a k-means model keeps of its training: cost and iterations, and the sizes of the clusters
// once one more pass has counted them. Immutable.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/estimator.h"
#include "src/ml/kmeans/kernels.h"

namespace soteria::ml {

class KMeansSummary : public Summary {
 public:
  static std::shared_ptr<const Summary> Make(const Params& params, const Centers& centers,
                                             double cost, int64_t iterations);

  const Kernel& kernel() const override { return *kernel_; }
  bool over_rows() const override { return false; }
  bool complete() const override { return complete_; }
  bool Needs(std::string_view method) const override { return method == "clusterSizes"; }
  base::StatusOr<std::shared_ptr<const Summary>> Complete(std::string_view partial) const override;
  base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const override;
  std::optional<PredictionsColumn> OfPredictions(std::string_view method) const override;

 private:
  KMeansSummary() = default;

  std::map<std::string, Attribute, std::less<>> known_;
  std::shared_ptr<const AssignKernel> kernel_;
  bool complete_ = false;
  std::vector<int64_t> sizes_;
};

}  // namespace soteria::ml
