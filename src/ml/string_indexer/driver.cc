#include "src/ml/string_indexer/driver.h"

#include <algorithm>
#include <memory>

#include "src/ml/string_indexer/index_to_string.h"
#include "src/ml/string_indexer/kernels.h"
#include "src/ml/string_indexer/model.h"

namespace soteria::ml {
namespace {

/// Of equally frequent ones, the first by its bytes comes first, whatever the order.
std::vector<std::string> Ordered(const TextCounts& counts, const std::string& order) {
  std::vector<TextCounts::Entry> entries = counts.Sorted();
  if (order == "alphabetDesc") std::reverse(entries.begin(), entries.end());
  if (order.starts_with("frequency")) {
    const bool ascending = order == "frequencyAsc";
    std::stable_sort(entries.begin(), entries.end(), [ascending](const auto& a, const auto& b) {
      return ascending ? a.second.count < b.second.count : a.second.count > b.second.count;
    });
  }
  std::vector<std::string> labels;
  for (TextCounts::Entry& entry : entries) labels.push_back(std::move(entry.first));
  return labels;
}

}  // namespace

base::Status StringIndexer::CheckInput(const arrow::Schema& input) const {
  return CheckIndexed(params_, params_.uid(), input, false).status();
}

base::StatusOr<FitResult> StringIndexer::Fit(Work& work) const {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<ColumnPair> pairs, ColumnPairs(params_));
  std::vector<std::string> columns;
  for (const ColumnPair& pair : pairs) columns.push_back(pair.input);
  const LabelCountsKernel kernel(std::move(columns));
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(kernel));
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<TextCounts> counts, kernel.Read(partial));
  StringArrays labels;
  for (const TextCounts& each : counts) {
    labels.push_back(Ordered(each, params_.String("stringOrderType")));
  }
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.CopyTo(StringIndexerModelInfo()));
  FitResult result;
  result.model = std::make_shared<StringIndexerModel>(std::move(params), std::move(labels));
  return result;
}

Algorithm StringIndexerAlgorithm() {
  Algorithm algorithm;
  algorithm.classes = EstimatorAndModel<StringIndexer, StringIndexerModel>(
      StringIndexerInfo(), StringIndexerModelInfo());
  algorithm.classes.push_back(IndexToStringEntry());
  algorithm.kernels = {{LabelCountsKernel::kKind, LabelCountsKernel::Decode}};
  return algorithm;
}

}  // namespace soteria::ml
