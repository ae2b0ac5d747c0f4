// KMeansModel: cluster centers, and the nearest of them as the prediction.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "src/ml/estimator.h"
#include "src/ml/kmeans/centers.h"
#include "src/ml/kmeans/params.h"

namespace soteria::ml {

class KMeansModel : public Model {
 public:
  /// Errors: kProtocol for no centers.
  static base::StatusOr<std::shared_ptr<const KMeansModel>> Make(Params params, Centers centers);
  static base::StatusOr<std::shared_ptr<const Model>> Decode(Params params, std::string_view data);

  /// The same model with its training's summary.
  std::shared_ptr<const Model> WithTraining(double cost, int64_t iterations) const;

  const Params& params() const override { return params_; }
  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;
  std::string EncodeData() const override;
  base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const override;
  base::StatusOr<std::shared_ptr<const Model>> WithParams(const ParamMap& set) const override;
  base::Status CheckColumns(const Params& params, const arrow::Schema& input) const override;
  std::shared_ptr<const Summary> summary() const override { return summary_; }
  uint64_t bytes() const override;

  const Centers& centers() const { return *centers_; }

 private:
  KMeansModel(Params params, std::shared_ptr<const Centers> centers)
      : params_(std::move(params)), centers_(std::move(centers)) {}
  base::StatusOr<std::shared_ptr<arrow::Array>> Predict(const table::VectorReader& rows) const;
  std::shared_ptr<arrow::Field> OutputField(const std::string& name) const;

  Params params_;
  std::shared_ptr<const Centers> centers_;
  std::shared_ptr<const Summary> summary_;
};

}  // namespace soteria::ml
