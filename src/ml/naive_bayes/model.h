// NaiveBayesModel: log priors, log conditional probabilities (means of the Gaussian type) and
// variances, and MLlib's four ways to score a row with them.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/estimator.h"
#include "src/ml/naive_bayes/params.h"

namespace soteria::ml {

struct BayesData {
  VectorValue pi;     // one a class
  MatrixValue theta;  // classes x features
  MatrixValue sigma;  // the same for the Gaussian type, else 0 x 0
};

class NaiveBayesModel : public Model {
 public:
  /// Errors: kProtocol when the sizes don't fit each other or the type.
  static base::StatusOr<std::shared_ptr<const Model>> Make(Params params, BayesData data);
  static base::StatusOr<std::shared_ptr<const Model>> Decode(Params params, std::string_view data);

  const Params& params() const override { return params_; }
  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;
  std::string EncodeData() const override;
  base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const override;
  base::StatusOr<std::shared_ptr<const Model>> WithParams(const ParamMap& set) const override;
  base::Status CheckColumns(const Params& params, const arrow::Schema& input) const override;
  uint64_t bytes() const override;

  const BayesData& data() const { return scorer_->data; }

 private:
  /// The model's numbers, and from the first row that is scored on what scoring reads, column by
  /// column, a number a class: as large once more, where only attributes are asked for.
  struct Scorer {
    const BayesType type;
    const size_t classes, features;
    const BayesData data;

    explicit Scorer(BayesType type, BayesData data);
    /// Writes a raw prediction of `classes` numbers.
    base::Status Score(const table::VectorView& row, double* raw) const;

   private:
    void Prepare() const;
    void UseBernoulli() const;
    void UseGaussian() const;
    base::Status Check(const table::VectorView& row) const;
    void AddProducts(const table::VectorView& row, double* raw) const;
    void AddGaussian(const table::VectorView& row, double* raw) const;

    mutable std::once_flag prepared_;
    mutable std::vector<double> start_;      // one a class
    mutable std::vector<double> by_column_;  // factors; means of the Gaussian type
    mutable std::vector<double> variances_;  // of the Gaussian type
  };

  NaiveBayesModel(Params params, std::shared_ptr<const Scorer> scorer)
      : params_(std::move(params)), scorer_(std::move(scorer)) {}
  double Predict(const double* raw, const double* probability) const;
  base::Status CheckThresholds() const;

  Params params_;
  std::shared_ptr<const Scorer> scorer_;
};

/// MLlib's softmax, in place of `size` numbers.
void Softmax(double* values, size_t size);

}  // namespace soteria::ml
