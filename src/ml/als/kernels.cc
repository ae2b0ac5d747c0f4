#include "src/ml/als/kernels.h"

#include <arrow/table.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/ml/als/normal_equation.h"
#include "src/ml/als/ratings.h"
#include "src/stats/doubles.h"
#include "src/table/spark_random.h"

namespace soteria::ml {
namespace {

size_t GramSize(int32_t rank) {
  return static_cast<size_t>(rank) * (static_cast<size_t>(rank) + 1) / 2;
}

base::StatusOr<std::vector<double>> ReadGram(base::FieldReader& r, int32_t rank) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> gram, stats::UnpackDoubles(bytes));
  if (!gram.empty() && gram.size() != GramSize(rank)) {
    return base::Fail(base::kProtocol, "ALS: a matrix of another size");
  }
  return gram;
}

/// scala.util.hashing.byteswap64.
uint64_t ByteSwap(uint64_t v) {
  constexpr uint64_t kGolden = 0x9e3775cd9e3775cdULL;
  return __builtin_bswap64(v * kGolden) * kGolden;
}

/// The factors that a generator gives one after the other.
void AppendUnitVector(table::XorShiftRandom& random, int32_t rank, std::vector<float>& values) {
  const size_t first = values.size();
  double squares = 0;
  for (int32_t k = 0; k < rank; ++k) {
    values.push_back(static_cast<float>(random.NextGaussian()));
    const auto value = static_cast<double>(values.back());
    squares += value * value;
  }
  const float scale = 1.0F / static_cast<float>(std::sqrt(squares));
  for (size_t k = first; k < values.size(); ++k) values[k] *= scale;
}

std::vector<double> GramOf(const Factors& factors) {
  NormalEquation equation(static_cast<size_t>(factors.rank));
  for (size_t i = 0; i < factors.size(); ++i) equation.Add(factors.row(i), 1.0, 0.0);
  return equation.Gram();
}

base::StatusOr<std::string> MergeFactors(std::vector<std::string> children) {
  FactorsPartial all;
  for (size_t c = 0; c < children.size(); ++c) {
    SOTERIA_ASSIGN_OR_RETURN(FactorsPartial one,
                             FactorsPartial::Decode(std::exchange(children[c], {})));
    if (c == 0) {
      all = std::move(one);
      continue;
    }
    if (one.factors.rank != all.factors.rank || one.gram.size() != all.gram.size()) {
      return base::Fail(base::kProtocol, "ALS: factors of another rank");
    }
    all.factors.ids.insert(all.factors.ids.end(), one.factors.ids.begin(), one.factors.ids.end());
    all.factors.values.insert(all.factors.values.end(), one.factors.values.begin(),
                              one.factors.values.end());
    for (size_t i = 0; i < all.gram.size(); ++i) all.gram[i] += one.gram[i];
  }
  return all.Encode();
}

/// The factors of a block's other ids, in its order.
base::StatusOr<std::vector<float>> Gather(const RatingBlock& block, const Factors& others) {
  const auto rank = static_cast<size_t>(others.rank);
  std::vector<float> gathered(block.others.size() * rank);
  size_t from = 0;
  for (size_t i = 0; i < block.others.size(); ++i) {
    while (from < others.size() && others.ids[from] < block.others[i]) ++from;
    if (from == others.size() || others.ids[from] != block.others[i]) {
      return base::Fail(base::kInternal, "ALS: a rating's other end has no factors");
    }
    std::copy_n(others.row(from), rank, gathered.data() + i * rank);
  }
  return gathered;
}

}  // namespace

std::string FactorsPartial::Encode() const {
  base::FieldWriter w;
  factors.Write(w);
  w.Add(stats::PackDoubles(gram));
  return w.Take();
}

base::StatusOr<FactorsPartial> FactorsPartial::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  FactorsPartial partial;
  SOTERIA_ASSIGN_OR_RETURN(partial.factors, Factors::Read(r));
  SOTERIA_ASSIGN_OR_RETURN(partial.gram, ReadGram(r, partial.factors.rank));
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return partial;
}

std::string StartKernel::Encode() const {
  base::FieldWriter w;
  w.AddI64(rank_).AddI64(seed_).AddBool(gram_);
  return w.Take();
}

base::StatusOr<KernelPtr> StartKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const int64_t rank, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(const int64_t seed, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(const bool gram, r.NextBool());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (rank < 1 || rank > kAlsRankMax) return base::Fail(base::kProtocol, "ALS: rank");
  return std::make_unique<const StartKernel>(static_cast<int32_t>(rank), seed, gram);
}

base::StatusOr<std::string> StartKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* table, RowsOf(part));
  SOTERIA_ASSIGN_OR_RETURN(const RatingBlock block, RatingBlock::Of(*table));
  table::XorShiftRandom random(
      static_cast<int64_t>(ByteSwap(static_cast<uint64_t>(seed_) ^ part.partition)));
  FactorsPartial partial;
  partial.factors.rank = rank_;
  partial.factors.ids.assign(block.own.begin(), block.own.end());
  partial.factors.values.reserve(block.own.size() * static_cast<size_t>(rank_));
  for (size_t i = 0; i < block.own.size(); ++i) {
    AppendUnitVector(random, rank_, partial.factors.values);
  }
  if (gram_) partial.gram = GramOf(partial.factors);
  return partial.Encode();
}

base::StatusOr<std::string> StartKernel::Merge(std::vector<std::string> children) const {
  return MergeFactors(std::move(children));
}

std::string SolveKernel::Encode() const {
  base::FieldWriter w;
  w.AddDouble(problem_.reg_param).AddBool(problem_.implicit).AddDouble(problem_.alpha);
  w.AddBool(problem_.nonnegative);
  others_.Write(w);
  w.Add(stats::PackDoubles(gram_));
  return w.Take();
}

base::StatusOr<KernelPtr> SolveKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  AlsProblem problem;
  SOTERIA_ASSIGN_OR_RETURN(problem.reg_param, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(problem.implicit, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(problem.alpha, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(problem.nonnegative, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(Factors others, Factors::Read(r));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> gram, ReadGram(r, others.rank));
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (gram.empty() == problem.implicit) return base::Fail(base::kProtocol, "ALS: no matrix");
  return std::make_unique<const SolveKernel>(problem, std::move(others), std::move(gram));
}

base::StatusOr<std::string> SolveKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* table, RowsOf(part));
  SOTERIA_ASSIGN_OR_RETURN(const RatingBlock block, RatingBlock::Of(*table));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<float> vectors, Gather(block, others_));
  const auto rank = static_cast<size_t>(others_.rank);
  NormalEquation equation(rank);
  NonnegativeSolver nonnegative(problem_.nonnegative ? rank : 0);
  FactorsPartial partial;
  partial.factors.rank = others_.rank;
  partial.factors.ids.assign(block.own.begin(), block.own.end());
  partial.factors.values.resize(block.own.size() * rank);
  size_t i = 0;
  for (size_t j = 0; j < block.own.size(); ++j) {
    equation.Reset(gram_);
    size_t ratings = 0;  // those that say something: all, or the preferences
    for (const auto end = static_cast<size_t>(block.ends[j]); i < end; ++i) {
      const auto rating = static_cast<double>(block.rating[i]);
      const float* vector = vectors.data() + static_cast<size_t>(block.other[i]) * rank;
      if (!problem_.implicit) {
        equation.Add(vector, 1.0, rating);
        ++ratings;
        continue;
      }
      const double confidence = problem_.alpha * std::abs(rating);
      const bool preferred = rating > 0;
      equation.Add(vector, confidence, preferred ? 1.0 + confidence : 0.0);
      ratings += preferred;
    }
    const double lambda = static_cast<double>(ratings) * problem_.reg_param;
    float* x = partial.factors.values.data() + j * rank;
    if (problem_.nonnegative) {
      equation.SolveNonnegative(lambda, nonnegative, x);
    } else {
      SOTERIA_RETURN_IF_ERROR(equation.Solve(lambda, x));
    }
  }
  if (problem_.implicit) partial.gram = GramOf(partial.factors);
  return partial.Encode();
}

base::StatusOr<std::string> SolveKernel::Merge(std::vector<std::string> children) const {
  return MergeFactors(std::move(children));
}

}  // namespace soteria::ml
