#include "src/ml/als/driver.h"

#include <memory>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/als/factors.h"
#include "src/ml/als/kernels.h"
#include "src/ml/als/model.h"
#include "src/ml/als/params.h"
#include "src/ml/als/persistence.h"
#include "src/ml/als/ratings.h"
#include "src/table/spark_random.h"

namespace soteria::ml {
namespace {

constexpr int64_t kBlocksMax = 65'536;

base::Status Unsupported(std::string_view what) {
  return base::Fail(base::kUnsupported, base::Cat("ALS does not support ", what, " here."));
}

/// Users, or items: their ratings, and their factors so far.
class Side {
 public:
  explicit Side(std::unique_ptr<Work> work) : work_(std::move(work)) {}

  Work& work() { return *work_; }
  FactorsPartial& so_far() { return so_far_; }

  base::Status Start(int32_t rank, int64_t seed, bool gram) {
    SOTERIA_RETURN_IF_ERROR(work_->Advance(GroupStep()));
    SOTERIA_RETURN_IF_ERROR(Take(work_->Reduce(StartKernel(rank, seed, gram))));
    order_ = AscendingOrder(so_far_.factors.ids);
    return base::OkStatus();
  }

  base::Status Solve(const AlsProblem& problem, const Side& other) {
    const SolveKernel kernel(problem, Reordered(other.so_far_.factors, other.order_),
                             other.so_far_.gram);
    return Take(work_->Reduce(kernel));
  }

 private:
  base::Status Take(base::StatusOr<std::string> partial) {
    SOTERIA_RETURN_IF_ERROR(partial.status());
    SOTERIA_ASSIGN_OR_RETURN(FactorsPartial next, FactorsPartial::Decode(*partial));
    if (!order_.empty() && next.factors.ids != so_far_.factors.ids) {
      return base::Fail(base::kInternal, "ALS: factors of other ids");
    }
    so_far_ = std::move(next);
    return base::OkStatus();
  }

  std::unique_ptr<Work> work_;
  FactorsPartial so_far_;
  std::vector<uint32_t> order_;
};

}  // namespace

base::Status Als::CheckInput(const arrow::Schema& input) const {
  if (params_.Int("rank") > kAlsRankMax) {
    return Unsupported(base::Cat("a rank above ", kAlsRankMax));
  }
  for (const char* blocks : {"numUserBlocks", "numItemBlocks"}) {
    if (params_.Int(blocks) > kBlocksMax) {
      return Unsupported(base::Cat(blocks, " above ", kBlocksMax));
    }
  }
  return CheckAlsInput(params_, input);
}

base::StatusOr<FitResult> Als::Fit(Work& work) const {
  const auto rank = static_cast<int32_t>(params_.Int("rank"));
  AlsProblem problem;
  problem.reg_param = params_.Double("regParam");
  problem.implicit = params_.Bool("implicitPrefs");
  problem.alpha = params_.Double("alpha");
  problem.nonnegative = params_.Bool("nonnegative");

  SOTERIA_ASSIGN_OR_RETURN(
      std::unique_ptr<Work> by_user,
      work.Exchange(RatingsRoute(params_.String("userCol"), params_.String("itemCol"),
                                 params_.String("ratingCol")),
                    static_cast<uint64_t>(params_.Int("numUserBlocks"))));
  SOTERIA_ASSIGN_OR_RETURN(
      std::unique_ptr<Work> by_item,
      by_user->Exchange(SwapRoute(), static_cast<uint64_t>(params_.Int("numItemBlocks"))));
  Side users(std::move(by_user));
  Side items(std::move(by_item));
  table::XorShiftRandom seeds(params_.Int("seed"));
  SOTERIA_RETURN_IF_ERROR(users.Start(rank, seeds.NextLong(), problem.implicit));
  SOTERIA_RETURN_IF_ERROR(items.Start(rank, seeds.NextLong(), problem.implicit));
  if (users.so_far().factors.size() == 0) {
    return base::Fail(base::kIllegalArgument,
                      "requirement failed: No ratings available from the input");
  }
  const int64_t iterations = params_.Int("maxIter");
  for (int64_t iteration = 1; iteration <= iterations; ++iteration) {
    SOTERIA_RETURN_IF_ERROR(items.Solve(problem, users));
    SOTERIA_RETURN_IF_ERROR(users.Solve(problem, items));
    work.Progress(static_cast<uint64_t>(iteration), static_cast<uint64_t>(iterations));
    if (work.cancelled()) return base::Fail(base::kCancelled, "the fit was cancelled");
  }

  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.CopyTo(AlsModelInfo()));
  SOTERIA_ASSIGN_OR_RETURN(params, params.With({{"blockSize", params_.Int("blockSize")}}));
  FitResult result;
  SOTERIA_ASSIGN_OR_RETURN(result.model,
                           AlsModel::Make(std::move(params), std::move(users.so_far().factors),
                                          std::move(items.so_far().factors)));
  return result;
}

Algorithm AlsAlgorithm() {
  Algorithm algorithm =
      FittingAlgorithm<Als, AlsModel>(AlsInfo(), AlsModelInfo(), SaveAls, LoadAls);
  algorithm.kernels = {{StartKernel::kKind, StartKernel::Decode},
                       {SolveKernel::kKind, SolveKernel::Decode}};
  algorithm.steps = {{GroupStep::kKind, GroupStep::Decode}};
  algorithm.routes = {{RatingsRoute::kKind, RatingsRoute::Decode},
                      {SwapRoute::kKind, SwapRoute::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
