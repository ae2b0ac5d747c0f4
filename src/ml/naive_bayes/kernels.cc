#include "src/ml/naive_bayes/kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/padding.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/summarizer/kernels.h"
#include "src/table/java_text.h"
#include "src/table/vector.h"

namespace soteria::ml {
namespace {

base::Status TooMany() {
  return base::Fail(base::kMemoryLimit,
                    base::Cat("labels times features are more than ", kBayesCellsMax));
}

base::Status CheckCells(uint64_t labels, uint64_t features, bool squares) {
  const uint64_t cells = labels * std::max<uint64_t>(1, features) * (squares ? 2 : 1);
  return cells > kBayesCellsMax ? TooMany() : base::OkStatus();
}

base::Status Malformed() { return base::Fail(base::kProtocol, "bayes: bad length"); }

/// The stored values of a row, and where they stand.
struct RowValues {
  std::span<const double> values;
  const int32_t* indices = nullptr;  // null: the row is dense
};

RowValues ValuesOf(const table::FeatureBlock& block, size_t row) {
  if (!block.sparse) {
    const auto cols = static_cast<size_t>(block.cols);
    return {{block.dense.data() + row * cols, cols}, nullptr};
  }
  const auto from = static_cast<size_t>(block.row_ptr[row]);
  const auto to = static_cast<size_t>(block.row_ptr[row + 1]);
  return {{block.val.data() + from, to - from}, block.col.data() + from};
}

std::string TextOf(const table::FeatureBlock& block, size_t row) {
  const RowValues of = ValuesOf(block, row);
  table::VectorView view;
  view.dense = of.indices == nullptr;
  view.size = static_cast<int32_t>(block.cols);
  view.values = of.values;
  if (!view.dense) view.indices = {of.indices, of.values.size()};
  return table::VectorText(view);
}

void AddRow(const RowValues& row, double weight, bool squares, LabelSums& sums) {
  double* sum = sums.sums.data();
  if (row.indices == nullptr) {
    for (size_t j = 0; j < row.values.size(); ++j) sum[j] += weight * row.values[j];
  } else {
    for (size_t k = 0; k < row.values.size(); ++k) sum[row.indices[k]] += weight * row.values[k];
  }
  if (!squares) return;
  for (size_t k = 0; k < row.values.size(); ++k) {
    const size_t j = row.indices == nullptr ? k : static_cast<size_t>(row.indices[k]);
    sums.squares[j] += weight * row.values[k] * row.values[k];
  }
}

constexpr size_t kWordBits = 64;

/// How many numbers are sent for so many of `all` that aren't 0: how many those are is of rows.
size_t PaddedCount(size_t numbers, size_t all) {
  const uint64_t bytes = base::PaddedSize(numbers * sizeof(double));
  return std::min<size_t>((bytes + sizeof(double) - 1) / sizeof(double), all);
}

/// Numbers of which many are 0: a bit for each, whether it is another, and those that are, padded
/// with zeros.
void WriteNumbers(const std::vector<double>& numbers, base::FieldWriter& w) {
  const size_t words = (numbers.size() + kWordBits - 1) / kWordBits;
  std::string bits(words * sizeof(uint64_t), '\0');
  // One more than there can be: each number is written, and the next one over it if it was 0.
  std::vector<double> values(numbers.size() + 1);
  size_t next = 0;
  for (size_t word = 0; word < words; ++word) {
    const size_t first = word * kWordBits, end = std::min(first + kWordBits, numbers.size());
    uint64_t mask = 0;
    for (size_t j = first; j < end; ++j) {
      const uint64_t there = numbers[j] != 0 ? 1 : 0;
      mask |= there << (j - first);
      values[next] = numbers[j];
      next += there;
    }
    base::PutLe64(mask, bits.data() + word * sizeof(uint64_t));
  }
  const size_t sent = PaddedCount(next, numbers.size());
  std::fill(values.begin() + static_cast<std::ptrdiff_t>(next), values.end(), 0.0);
  w.Add(bits).Add({reinterpret_cast<const char*>(values.data()), sent * sizeof(double)});
}

/// Adds them to as many others.
base::Status AddNumbers(base::FieldReader& r, std::vector<double>& to) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bits, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view values, r.Next());
  const size_t words = (to.size() + kWordBits - 1) / kWordBits;
  if (bits.size() != words * sizeof(uint64_t) || values.size() % sizeof(double) != 0) {
    return Malformed();
  }
  const char* value = values.data();
  const size_t sent = values.size() / sizeof(double);
  size_t left = sent;
  for (size_t word = 0; word < words; ++word) {
    const size_t first = word * kWordBits;
    uint64_t mask = base::GetLe64(bits.data() + word * sizeof(uint64_t));
    const auto set = static_cast<size_t>(std::popcount(mask));
    if (set > left || to.size() - first < static_cast<size_t>(std::bit_width(mask))) {
      return Malformed();
    }
    left -= set;
    for (; mask != 0; mask &= mask - 1) {
      double number = 0;
      std::memcpy(&number, value, sizeof number);
      value += sizeof number;
      to[first + static_cast<size_t>(std::countr_zero(mask))] += number;
    }
  }
  return sent == PaddedCount(sent - left, to.size()) ? base::OkStatus() : Malformed();
}

void WriteLabel(int32_t label, const LabelSums& sums, bool squares, base::FieldWriter& w) {
  w.AddI64(label).AddDouble(sums.weight);
  WriteNumbers(sums.sums, w);
  if (squares) WriteNumbers(sums.squares, w);
}

}  // namespace

base::StatusOr<LabelSums*> BayesSums::Of(int32_t label) {
  const auto [at, added] = labels.try_emplace(label);
  if (added) {
    SOTERIA_RETURN_IF_ERROR(CheckCells(labels.size(), features, squares));
    at->second.sums.assign(features, 0.0);
    if (squares) at->second.squares.assign(features, 0.0);
  }
  return &at->second;
}

base::Status BayesSums::Merge(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t size, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const bool with_squares, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, r.NextU64());
  if (size > static_cast<uint64_t>(std::numeric_limits<int32_t>::max()) || count > kClassesMax ||
      with_squares != squares || count * std::max<uint64_t>(1, size) > kBayesCellsMax) {
    return Malformed();
  }
  if (count == 0) return r.Finish();
  if (labels.empty()) features = size;
  if (features != size) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: Dimensions mismatch when merging with another"
                                " summarizer. Expecting ",
                                features, " but got ", size, "."));
  }
  int64_t last = -1;
  for (uint64_t i = 0; i < count; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const int64_t label, r.NextI64());
    if (label <= last || label >= kClassesMax) return Malformed();
    last = label;
    SOTERIA_ASSIGN_OR_RETURN(LabelSums * to, Of(static_cast<int32_t>(label)));
    SOTERIA_ASSIGN_OR_RETURN(const double weight, r.NextDouble());
    to->weight += weight;
    SOTERIA_RETURN_IF_ERROR(AddNumbers(r, to->sums));
    if (squares) SOTERIA_RETURN_IF_ERROR(AddNumbers(r, to->squares));
  }
  return r.Finish();
}

std::string BayesSums::Encode() && {
  base::FieldWriter w;
  w.AddU64(features).AddBool(squares).AddU64(labels.size());
  for (auto& [label, sums] : labels) {
    WriteLabel(label, sums, squares, w);
    sums = {};
  }
  labels.clear();
  return w.Take();
}

std::string BayesKernel::Encode() const {
  base::FieldWriter w;
  w.AddU64(static_cast<uint64_t>(type_)).AddU64(classes_);
  return w.Take();
}

base::StatusOr<KernelPtr> BayesKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t type, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t classes, r.NextU64());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (type > static_cast<uint64_t>(BayesType::kGaussian)) {
    return base::Fail(base::kProtocol, "bayes: an unknown type of model");
  }
  return std::make_unique<BayesKernel>(static_cast<BayesType>(type), classes);
}

base::StatusOr<int32_t> BayesKernel::ClassOf(double label) const {
  const double end = classes_ > 0 ? static_cast<double>(classes_) : 2147483647.0;
  if (label < 0 || label >= end) {
    const std::string range =
        classes_ == 2 ? "{0, 1}"
                      : base::Cat("[0, ", classes_ > 0 ? classes_ : uint64_t{2147483647}, ")");
    return RowFailure(
        base::Cat("Labels MUST be in ", range, ", but got ", table::JavaDouble(label)));
  }
  if (!(std::trunc(label) == label)) {
    return RowFailure(base::Cat("Labels MUST be Integers, but got ", table::JavaDouble(label)));
  }
  if (label >= kClassesMax) return TooMany();
  return static_cast<int32_t>(label);
}

base::Status BayesKernel::CheckRow(const table::FeatureBlock& block, size_t row) const {
  const RowValues of = ValuesOf(block, row);
  if (type_ == BayesType::kBernoulli) {
    for (const double value : of.values) {
      if (value == 0 || value == 1) continue;
      return RowFailure(base::Cat("Vector values MUST be in {0, 1}, but got ", TextOf(block, row)));
    }
    return base::OkStatus();
  }
  if (type_ == BayesType::kGaussian) return base::OkStatus();
  for (const double value : of.values) {
    if (value >= 0 && value < std::numeric_limits<double>::infinity()) continue;
    return RowFailure(base::Cat("Vector values MUST NOT be Negative, NaN or Infinity, but got ",
                                TextOf(block, row)));
  }
  return base::OkStatus();
}

base::StatusOr<std::string> BayesKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  if (block->label.size() != static_cast<size_t>(block->rows)) {
    return base::Fail(base::kInternal, "naive Bayes: a block without labels");
  }
  const uint64_t features = block->rows > 0 ? static_cast<uint64_t>(block->cols) : 0;
  const bool squares = type_ == BayesType::kGaussian;
  std::map<int32_t, std::vector<size_t>> rows;
  for (size_t i = 0; i < block->label.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const int32_t label, ClassOf(block->label[i]));
    SOTERIA_RETURN_IF_ERROR(CheckRow(*block, i));
    rows[label].push_back(i);
    SOTERIA_RETURN_IF_ERROR(CheckCells(rows.size(), features, squares));
  }
  // Label by label: the sums of one stay in the cache, and of no more than one is the memory.
  base::FieldWriter w;
  w.AddU64(features).AddBool(squares).AddU64(rows.size());
  LabelSums sums;
  for (const auto& [label, of_label] : rows) {
    sums.weight = 0;
    sums.sums.assign(features, 0.0);
    if (squares) sums.squares.assign(features, 0.0);
    for (const size_t i : of_label) {
      const double weight = block->weight.empty() ? 1.0 : block->weight[i];
      sums.weight += weight;
      if (weight != 0) AddRow(ValuesOf(*block, i), weight, squares, sums);
    }
    WriteLabel(label, sums, squares, w);
  }
  return w.Take();
}

base::StatusOr<std::string> BayesKernel::Merge(std::vector<std::string> children) const {
  BayesSums all;
  all.squares = type_ == BayesType::kGaussian;
  for (std::string& bytes : children) {
    const std::string child = std::exchange(bytes, {});
    SOTERIA_RETURN_IF_ERROR(all.Merge(child));
  }
  return std::move(all).Encode();
}

}  // namespace soteria::ml
