#include "src/ml/count_vectorizer/driver.h"

#include <algorithm>
#include <memory>

#include "src/base/errors.h"
#include "src/base/unsupported.h"
#include "src/ml/columns.h"
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

/// MLlib takes null for a word, and fails where it would have to put it before or after another. A
/// vocabulary that holds it isn't one here; `entries` are in their order.
base::Status CheckNulls(int64_t nulls, const std::vector<TextCounts::Entry>& entries, size_t size) {
  size_t before = 0;
  for (const TextCounts::Entry& entry : entries) {
    if (entry.second.count == nulls) {
      return UdfFailure("Cannot read field \"value\" because \"anotherString\" is null");
    }
    before += entry.second.count > nulls ? 1 : 0;
  }
  if (before >= size) return base::OkStatus();
  return base::FailQuotingData(base::kUnsupported,
                               base::Message(base::NotSupported(
                                   "CountVectorizer with null among the words of its vocabulary",
                                   "array_compact() on the column")));
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
  const auto stays = [&](const TextCount& count) {
    const auto rows = static_cast<double>(count.rows);
    return count.count > 0 && rows >= least && rows <= most;
  };
  std::vector<TextCounts::Entry> entries = counts.words.Sorted();
  std::erase_if(entries, [&](const TextCounts::Entry& entry) { return !stays(entry.second); });
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    if (a.second.count != b.second.count) return a.second.count > b.second.count;
    return JavaLess(a.first, b.first);
  });
  const auto most_words = static_cast<size_t>(params_.Int("vocabSize"));
  if (stays(counts.nulls)) {
    SOTERIA_RETURN_IF_ERROR(CheckNulls(counts.nulls.count, entries, most_words));
  }
  const size_t size = std::min(entries.size(), most_words);
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
