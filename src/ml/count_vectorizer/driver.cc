#include "src/ml/count_vectorizer/driver.h"

#include <algorithm>
#include <memory>

#include "src/base/errors.h"
#include "src/ml/count_vectorizer/kernels.h"
#include "src/ml/count_vectorizer/model.h"

namespace soteria::ml {
namespace {

/// A share of all rows below 1, else a number of rows.
double RowsOfLimit(double limit, uint64_t rows) {
  return limit >= 1 ? limit : limit * static_cast<double>(rows);
}

base::Status BadLimits() {
  return base::Fail(base::kIllegalArgument, "requirement failed: maxDF must be >= minDF.");
}

}  // namespace

base::Status CountVectorizer::CheckInput(const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckWordsInput(params_, input));
  const double least = params_.Double("minDF");
  const double most = params_.Double("maxDF");
  return (least >= 1) == (most >= 1) && most < least ? BadLimits() : base::OkStatus();
}

base::StatusOr<FitResult> CountVectorizer::Fit(Work& work) const {
  const WordCountsKernel kernel(params_.String("inputCol"));
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(kernel));
  WordCounts counts;
  SOTERIA_RETURN_IF_ERROR(WordCountsKernel::Take(partial, counts));
  const double least = RowsOfLimit(params_.Double("minDF"), counts.rows);
  const double most = RowsOfLimit(params_.Double("maxDF"), counts.rows);
  if (most < least) return BadLimits();
  std::vector<TextCounts::Entry> entries = counts.words.Sorted();
  std::erase_if(entries, [&](const TextCounts::Entry& entry) {
    const auto rows = static_cast<double>(entry.second.rows);
    return rows < least || rows > most;
  });
  // Of equally frequent words the first by its bytes.
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
  const auto size = std::min(entries.size(), static_cast<size_t>(params_.Int("vocabSize")));
  std::vector<std::string> vocabulary;
  for (size_t i = 0; i < size; ++i) vocabulary.push_back(std::move(entries[i].first));
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.CopyTo(CountVectorizerModelInfo()));
  FitResult result;
  result.model = std::make_shared<CountVectorizerModel>(std::move(params), std::move(vocabulary));
  return result;
}

Algorithm CountVectorizerAlgorithm() {
  Algorithm algorithm;
  algorithm.classes = EstimatorAndModel<CountVectorizer, CountVectorizerModel>(
      CountVectorizerInfo(), CountVectorizerModelInfo());
  algorithm.kernels = {{WordCountsKernel::kKind, WordCountsKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
