// The models of the six tree estimators: one tree, or several with weights. What they differ in is
// how the trees' answers become a prediction. Immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/estimator.h"
#include "src/ml/tree/params.h"
#include "src/ml/tree/tree.h"

namespace soteria::ml::tree {

/// What a model knows beside its params.
struct TreeData {
  int32_t num_features = 0;
  int32_t num_classes = 0;  // 0: regression
  std::vector<Tree> trees;
  std::vector<double> weights;
  /// Of each tree of an ensemble: its uid and params.
  std::vector<Params> tree_params;
};

class TreeModel : public Model {
 public:
  /// Errors: kProtocol for data of no such model.
  static base::StatusOr<std::shared_ptr<const TreeModel>> Make(Params params, TreeData data);
  static base::StatusOr<std::shared_ptr<const Model>> Decode(Params params, std::string_view data);
  /// Uid and params that MLlib's trees have within an ensemble of these params.
  static std::vector<Params> ParamsOfTrees(const Params& params, size_t trees);

  const Params& params() const override { return params_; }
  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;
  std::string EncodeData() const override;
  base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const override;
  std::vector<std::shared_ptr<const Model>> Models(std::string_view method) const override;
  std::optional<MadeOfModels> MadeOf(std::string_view method) const override;
  base::StatusOr<std::shared_ptr<const Model>> WithParams(const ParamMap& set) const override;
  base::Status CheckColumns(const Params& params, const arrow::Schema& input) const override;
  std::shared_ptr<const Summary> summary() const override { return summary_; }
  base::StatusOr<std::shared_ptr<const Summary>> Evaluation(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<const Model>> SummaryModel() const override;
  base::StatusOr<std::shared_ptr<const Summary>> Over(std::string_view method,
                                                      const Arguments& args,
                                                      const arrow::Schema& input) const override;
  uint64_t bytes() const override;

  /// The same model with its training's summary, where its class has one.
  std::shared_ptr<const Model> WithTraining() const;
  /// The class that a classifier's summary counts for one row; its scores go into the spans, of
  /// num_classes each. Errors: a row that is too short.
  base::StatusOr<double> Answer(const table::VectorView& features, std::span<double> raw,
                                std::span<double> probability) const;

  /// Errors: a row that is too short for the trees.
  base::Status CheckSize(const table::VectorView& features) const;

  const TreeData& data() const { return *data_; }
  const Family& family() const { return family_; }
  /// Statistics of a node.
  static size_t StatsOf(const Family& family, int32_t num_classes);

 private:
  /// What transform predicts a class by: the first of the columns that it writes.
  enum class PredictsBy { kRaw, kProbability, kItself };

  TreeModel(Params params, std::shared_ptr<const TreeData> data);
  base::Status CheckTransform() const;
  bool HasSummary() const;
  ParamMap SummaryColumns() const;
  /// All output columns but a classifier's.
  arrow::FieldVector OtherFields() const;
  base::StatusOr<arrow::ArrayVector> OtherColumns(const table::VectorReader& rows) const;
  base::StatusOr<std::shared_ptr<arrow::Table>> WithClasses(
      std::shared_ptr<arrow::Table> input, const std::vector<table::VectorReader>& chunks) const;
  void Raw(const table::VectorView& features, std::span<double> raw) const;
  void Probability(std::span<const double> raw, std::span<double> probability) const;
  double FromProbability(std::span<const double> probability) const;
  /// The class of one row; its scores go into the spans.
  double ClassOf(const table::VectorView& features, PredictsBy by, std::span<double> raw,
                 std::span<double> probability) const;
  double Regression(const table::VectorView& features) const;
  void AppendLeaves(const table::VectorView& features, std::vector<double>& out) const;
  base::StatusOr<Attribute> OfVector(std::string_view method, const VectorValue& features) const;
  std::string Text() const;
  VectorValue Importances() const;

  Params params_;
  std::shared_ptr<const TreeData> data_;
  const Family& family_;
  int32_t features_used_ = 0;  // one more than the largest
  std::shared_ptr<const Summary> summary_;
  PredictsBy predicts_by_ = PredictsBy::kRaw;
  std::vector<double> thresholds_;  // empty: none are set
  bool has_variance_ = false;
};

}  // namespace soteria::ml::tree
