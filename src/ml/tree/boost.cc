#include "src/ml/tree/boost.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <cmath>
#include <numeric>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/tree/tree.h"
#include "src/stats/doubles.h"

namespace soteria::ml::tree {
namespace {

base::Status Malformed(std::string_view what) {
  return base::Fail(base::kProtocol, base::Cat("boosting: ", what));
}

/// log(1 + exp(x)) without overflow.
double Log1pExp(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

base::StatusOr<std::vector<int32_t>> ReadBins(base::FieldReader& r) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed, r.Next());
  return UnpackRuns(packed, 1, 1 << 16);
}

}  // namespace

base::StatusOr<Loss> ReadLoss(base::FieldReader& r) {
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t loss, r.NextU64());
  if (loss > static_cast<uint64_t>(Loss::kAbsolute)) return Malformed("loss");
  return static_cast<Loss>(loss);
}

double Residual(Loss loss, double prediction, double label) {
  switch (loss) {
    case Loss::kLogistic:
      return 4.0 * label / (1.0 + std::exp(2.0 * label * prediction));
    case Loss::kSquared:
      return 2.0 * (label - prediction);
    case Loss::kAbsolute:
      return label - prediction < 0 ? -1.0 : 1.0;
  }
  return 0;
}

double LossOf(Loss loss, double prediction, double label) {
  const double off = label - prediction;
  switch (loss) {
    case Loss::kLogistic:
      return 2.0 * Log1pExp(-2.0 * label * prediction);
    case Loss::kSquared:
      return off * off;
    case Loss::kAbsolute:
      return std::abs(off);
  }
  return 0;
}

base::StatusOr<StepPtr> BoostStep::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(std::vector<int32_t> bins, ReadBins(r));
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> leaves, stats::UnpackDoubles(packed));
  SOTERIA_ASSIGN_OR_RETURN(RouteTree tree, RouteTree::Read(r, bins, leaves.size()));
  SOTERIA_ASSIGN_OR_RETURN(const double weight, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(const Loss loss, ReadLoss(r));
  SOTERIA_ASSIGN_OR_RETURN(const Bagging next, Bagging::Read(r));
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return std::make_unique<BoostStep>(std::move(bins), std::move(tree), std::move(leaves), weight,
                                     loss, next);
}

std::string BoostStep::Encode() const {
  base::FieldWriter w;
  w.Add(PackRuns(bins_)).Add(stats::PackDoubles(leaves_));
  tree_.Write(w);
  w.AddDouble(weight_).AddU64(static_cast<uint64_t>(loss_));
  next_.Write(w);
  return w.Take();
}

/// Rows of one partition of the input lie together, also where all are gathered.
std::vector<uint16_t> BoostStep::Draw(const Rows& rows) const {
  std::vector<uint16_t> bag(rows.size(), 0);
  for (size_t first = 0; first < rows.size();) {
    const int32_t partition = rows.partition()[first];
    std::vector<size_t> drawn;
    size_t end = first;
    for (; end < rows.size() && rows.partition()[end] == partition; ++end) {
      if (rows.held()[end] == kTrained) drawn.push_back(end);
    }
    const std::vector<uint16_t> draws = next_.Draw(static_cast<uint64_t>(partition), drawn.size());
    for (size_t i = 0; i < drawn.size(); ++i) bag[drawn[i]] = draws[i];
    first = end;
  }
  return bag;
}

base::StatusOr<std::shared_ptr<arrow::Table>> BoostStep::Next(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const Rows rows, Rows::Of(part, bins_));
  std::vector<double> prediction(rows.size()), target(rows.size());
  std::vector<uint32_t> start(rows.size());
  std::iota(start.begin(), start.end(), 0U);
  tree_.ForEachEnd(rows, std::move(start), [&](size_t leaf, const std::vector<uint32_t>& members) {
    const double add = leaves_[leaf] * weight_;
    for (const uint32_t row : members) {
      prediction[row] = rows.prediction()[row] + add;
      target[row] = Residual(loss_, prediction[row], rows.label()[row]);
    }
  });
  arrow::ChunkedArrayVector columns = rows.table().columns();
  const auto put = [&](int column, std::shared_ptr<arrow::Array> values) {
    columns[static_cast<size_t>(column)] = std::make_shared<arrow::ChunkedArray>(std::move(values));
  };
  put(kPredictionColumn, DoubleArray(std::move(prediction)));
  put(kTargetColumn, DoubleArray(std::move(target)));
  if (!next_.all_rows()) {
    if (rows.bags() != 1) return Malformed("a bag column is missing");
    put(kHeadColumns, BagColumn(Draw(rows)));
  }
  return arrow::Table::Make(rows.table().schema(), std::move(columns),
                            static_cast<int64_t>(rows.size()));
}

base::StatusOr<KernelPtr> ValidationKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(std::vector<int32_t> bins, ReadBins(r));
  SOTERIA_ASSIGN_OR_RETURN(const Loss loss, ReadLoss(r));
  SOTERIA_ASSIGN_OR_RETURN(const bool whole, r.NextBool());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return std::make_unique<ValidationKernel>(std::move(bins), loss, whole);
}

std::string ValidationKernel::Encode() const {
  base::FieldWriter w;
  w.Add(PackRuns(bins_)).AddU64(static_cast<uint64_t>(loss_)).AddBool(whole_);
  return w.Take();
}

base::StatusOr<std::string> ValidationKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const Rows rows, Rows::Of(part, bins_));
  double loss = 0, weight = 0;
  const size_t counted = whole_ && part.partition > 0 ? 0 : rows.size();
  for (size_t i = 0; i < counted; ++i) {
    if (rows.held()[i] != kHeldOut) continue;
    loss += LossOf(loss_, rows.prediction()[i], rows.label()[i]) * rows.weight()[i];
    weight += rows.weight()[i];
  }
  return stats::PackDoubles(std::vector<double>{loss, weight});
}

base::StatusOr<std::string> ValidationKernel::Merge(std::vector<std::string> children) const {
  std::vector<double> sum = {0, 0};
  for (const std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> child, stats::UnpackDoubles(bytes));
    if (child.size() != sum.size()) return Malformed("size of a loss");
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += child[i];
  }
  return stats::PackDoubles(sum);
}

base::StatusOr<double> ValidationKernel::Mean(std::string_view partial) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> sum, stats::UnpackDoubles(partial));
  if (sum.size() != 2) return Malformed("size of a loss");
  return sum[0] / sum[1];
}

}  // namespace soteria::ml::tree
