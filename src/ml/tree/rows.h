// The rows of a fit as trees read them: bins of the features, one column a feature, beside label,
// weight and what boosting keeps of each row. Made once by a step and kept by the workers; boosting
// replaces some columns after each tree, the bins are shared. Pure; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/ml/kernel.h"
#include "src/table/feature_block.h"
#include "src/table/vector.h"

namespace soteria::ml::tree {

/// Where a fit's rows come from, when they are no feature blocks: a table's columns.
struct Source {
  table::FeatureColumns columns;
  /// Rows where this boolean column is true are held out.
  std::optional<std::string> held_out;

  void Write(base::FieldWriter& w) const;
  static base::StatusOr<Source> Read(base::FieldReader& r);
};

/// What a row is for.
inline constexpr uint8_t kTrained = 0, kHeldOut = 1, kNeither = 2;

/// One partition's rows before binning.
struct Input {
  const table::FeatureBlock* block = nullptr;
  std::shared_ptr<const table::FeatureBlock> owned;
  std::vector<uint8_t> held;  // empty: all are trained on

  double weight(size_t row) const { return block->weight.empty() ? 1.0 : block->weight[row]; }
  uint8_t use(size_t row) const { return held.empty() ? kTrained : held[row]; }
};
base::StatusOr<Input> InputOf(const Part& part, const std::optional<Source>& source);
/// Borrows from the block.
table::VectorView RowOf(const table::FeatureBlock& block, size_t row);

/// How rows are drawn for each tree: MLlib's BaggedPoint.
struct Bagging {
  int32_t trees = 1;
  bool with_replacement = false;
  double rate = 1;
  int64_t seed = 0;

  bool all_rows() const { return !with_replacement && rate == 1; }
  /// Draws of `rows` rows of a partition, row by row, `trees` a row.
  std::vector<uint16_t> Draw(uint64_t partition, size_t rows) const;

  void Write(base::FieldWriter& w) const;
  static base::StatusOr<Bagging> Read(base::FieldReader& r);
};

/// Of each feature: what its values are cut by, or how many categories it has.
struct Cuts {
  std::vector<std::vector<double>> thresholds;  // ascending; empty for categories
  std::vector<int32_t> arity;                   // 0: continuous

  void Write(base::FieldWriter& w) const;
  static base::StatusOr<Cuts> Read(base::FieldReader& r);
};

/// Makes the table out of a partition's input. `signs`: labels 0 and 1 become -1 and 1.
class BinStep : public Step {
 public:
  static constexpr std::string_view kKind = "ml.tree.bin";
  BinStep(std::optional<Source> source, Cuts cuts, Bagging bagging, bool signs)
      : source_(std::move(source)), cuts_(std::move(cuts)), bagging_(bagging), signs_(signs) {}
  static base::StatusOr<StepPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Next(const Part& part) const override;

 private:
  std::optional<Source> source_;
  Cuts cuts_;
  Bagging bagging_;
  bool signs_;
};

/// All rows to every partition: for inputs so small that histograms would outweigh them.
class GatherRoute : public Route {
 public:
  static constexpr std::string_view kKind = "ml.tree.gather";
  static base::StatusOr<RoutePtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override { return {}; }
  base::StatusOr<std::vector<std::shared_ptr<arrow::Table>>> Split(const Part& part,
                                                                   uint64_t targets) const override;
};

/// A column of bins, one byte a row where they fit.
struct BinColumn {
  const uint8_t* bytes = nullptr;
  const uint16_t* words = nullptr;
  uint32_t At(size_t row) const { return bytes != nullptr ? bytes[row] : words[row]; }
};

/// The table as kernels read it. Borrows; the table must outlive it.
class Rows {
 public:
  /// Errors: kProtocol for another table than BinStep and BoostStep make. `bins`: of each feature;
  /// a bin that isn't below is refused.
  static base::StatusOr<Rows> Of(const Part& part, std::span<const int32_t> bins);

  size_t size() const { return size_; }
  const double* label() const { return label_; }
  const double* weight() const { return weight_; }
  const double* target() const { return target_; }
  const double* prediction() const { return prediction_; }
  const uint8_t* held() const { return held_; }
  const int32_t* partition() const { return partition_; }
  /// Draws of one tree; null: each row once.
  const uint16_t* bag(size_t tree) const { return bags_.empty() ? nullptr : bags_.at(tree); }
  size_t bags() const { return bags_.size(); }
  const BinColumn& bin(size_t feature) const { return bins_[feature]; }
  const arrow::Table& table() const { return *table_; }

 private:
  std::shared_ptr<const arrow::Table> table_;
  size_t size_ = 0;
  const double* label_ = nullptr;
  const double* weight_ = nullptr;
  const double* target_ = nullptr;
  const double* prediction_ = nullptr;
  const uint8_t* held_ = nullptr;
  const int32_t* partition_ = nullptr;
  std::vector<const uint16_t*> bags_;
  std::vector<BinColumn> bins_;
};

// Columns of the table, in order; then the bags, then the bins.
inline constexpr int kLabelColumn = 0, kWeightColumn = 1, kHeldColumn = 2, kPartitionColumn = 3,
                     kPredictionColumn = 4, kTargetColumn = 5, kHeadColumns = 6;

std::shared_ptr<arrow::Array> BagColumn(std::vector<uint16_t> draws);

}  // namespace soteria::ml::tree
