// LDA's models: topics over terms, and documents' distributions over them. One class for MLlib's
// two: a DistributedLDAModel also knows how well the topics fit what it was trained on. MLlib's
// keeps its training documents as well; none are kept here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/ml/estimator.h"
#include "src/ml/lda/inference.h"
#include "src/ml/param.h"

namespace soteria::ml {

/// What a model learnt.
struct LdaData {
  size_t terms = 0;
  std::vector<double> topics;  // `terms` numbers a topic
  std::vector<double> alpha;   // one a topic
  double eta = 0;

  struct Training {
    double log_likelihood = 0;
    double log_prior = 0;
  };
  std::optional<Training> training;  // of a DistributedLDAModel

  size_t k() const { return alpha.size(); }
};

class LdaModel : public Model {
 public:
  /// Errors: kProtocol for data that don't agree, or that aren't of the class that `params` name.
  static base::StatusOr<std::shared_ptr<const Model>> Make(Params params, LdaData data);
  static base::StatusOr<std::shared_ptr<const Model>> Decode(Params params, std::string_view data);

  const Params& params() const override { return params_; }
  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;
  std::string EncodeData() const override;
  base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const override;
  std::vector<std::shared_ptr<const Model>> Models(std::string_view method) const override;
  std::optional<MadeOfModels> MadeOf(std::string_view method) const override;
  base::StatusOr<std::shared_ptr<arrow::Schema>> RowsSchema(std::string_view method,
                                                            const Arguments& args) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Rows(std::string_view method,
                                                     const Arguments& args) const override;
  base::StatusOr<std::shared_ptr<const Summary>> Over(std::string_view method,
                                                      const Arguments& args,
                                                      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<const Model>> WithParams(const ParamMap& set) const override;
  base::Status CheckColumns(const Params& params, const arrow::Schema& input) const override;
  uint64_t bytes() const override;

  const LdaData& data() const { return *data_; }

 private:
  LdaModel(Params params, std::shared_ptr<const LdaData> data,
           std::shared_ptr<const Topics> inference)
      : params_(std::move(params)), data_(std::move(data)), inference_(std::move(inference)) {}
  std::shared_ptr<arrow::Field> OutputField(const std::string& name) const;

  Params params_;
  std::shared_ptr<const LdaData> data_;
  std::shared_ptr<const Topics> inference_;
};

}  // namespace soteria::ml
