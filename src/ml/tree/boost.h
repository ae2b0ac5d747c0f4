// What boosting keeps of each row: its prediction so far, and what the next tree is to learn of it.
// MLlib's GradientBoostedTrees. Pure; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/ml/kernel.h"
#include "src/ml/tree/group.h"
#include "src/ml/tree/rows.h"

namespace soteria::ml::tree {

enum class Loss { kLogistic, kSquared, kAbsolute };
base::StatusOr<Loss> ReadLoss(base::FieldReader& r);

/// The negative gradient of the loss: what the next tree learns.
double Residual(Loss loss, double prediction, double label);
double LossOf(Loss loss, double prediction, double label);

/// Adds a tree to the predictions.
class BoostStep : public Step {
 public:
  static constexpr std::string_view kKind = "ml.tree.boost";
  /// `tree`: its ends' slots are indices into `leaves`, what they predict.
  BoostStep(std::vector<int32_t> bins, RouteTree tree, std::vector<double> leaves, double weight,
            Loss loss, Bagging next)
      : bins_(std::move(bins)),
        tree_(std::move(tree)),
        leaves_(std::move(leaves)),
        weight_(weight),
        loss_(loss),
        next_(next) {}
  static base::StatusOr<StepPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Next(const Part& part) const override;

 private:
  std::vector<uint16_t> Draw(const Rows& rows) const;

  std::vector<int32_t> bins_;
  RouteTree tree_;
  std::vector<double> leaves_;
  double weight_;
  Loss loss_;
  Bagging next_;
};

/// The weighted mean loss of the rows that are held out.
class ValidationKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.tree.validation";
  /// `whole`: every partition has all rows.
  ValidationKernel(std::vector<int32_t> bins, Loss loss, bool whole)
      : bins_(std::move(bins)), loss_(loss), whole_(whole) {}
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;
  static base::StatusOr<double> Mean(std::string_view partial);

 private:
  std::vector<int32_t> bins_;
  Loss loss_;
  bool whole_;
};

}  // namespace soteria::ml::tree
