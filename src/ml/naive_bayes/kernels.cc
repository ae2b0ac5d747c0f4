#include "src/ml/naive_bayes/kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <span>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/summarizer/kernels.h"
#include "src/stats/doubles.h"
#include "src/table/java_text.h"
#include "src/table/vector.h"

namespace soteria::ml {
namespace {

base::Status TooMany() {
  return base::Fail(base::kMemoryLimit,
                    base::Cat("labels times features are more than ", kBayesCellsMax));
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

/// Numbers of which many are 0: their places, 4 bytes each, and values; or all of them.
void WriteNumbers(const std::vector<double>& numbers, base::FieldWriter& w) {
  std::string places;
  std::vector<double> values;
  const auto nonzeros = static_cast<size_t>(static_cast<int64_t>(numbers.size()) -
                                            std::count(numbers.begin(), numbers.end(), 0.0));
  const bool sparse = nonzeros * 12 < numbers.size() * 8;
  if (sparse) {
    places.reserve(nonzeros * 4);
    values.reserve(nonzeros);
    for (size_t j = 0; j < numbers.size(); ++j) {
      if (numbers[j] == 0) continue;
      for (int shift = 0; shift < 32; shift += 8) places += static_cast<char>(j >> shift & 0xff);
      values.push_back(numbers[j]);
    }
  }
  w.AddBool(sparse).Add(places).Add(stats::PackDoubles(sparse ? values : numbers));
}

base::StatusOr<std::vector<double>> ReadNumbers(base::FieldReader& r, size_t size) {
  SOTERIA_ASSIGN_OR_RETURN(const bool sparse, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view places, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> values, stats::UnpackDoubles(packed));
  if (!sparse) {
    if (values.size() != size || !places.empty()) return Malformed();
    return values;
  }
  if (places.size() != values.size() * 4) return Malformed();
  std::vector<double> numbers(size, 0.0);
  for (size_t k = 0; k < values.size(); ++k) {
    size_t place = 0;
    for (size_t b = 0; b < 4; ++b) {
      place |= static_cast<size_t>(static_cast<uint8_t>(places[4 * k + b])) << (8 * b);
    }
    if (place >= size) return Malformed();
    numbers[place] = values[k];
  }
  return numbers;
}

}  // namespace

base::StatusOr<LabelSums*> BayesSums::Of(int32_t label) {
  const auto [at, added] = labels.try_emplace(label);
  if (added) {
    if (labels.size() * std::max<uint64_t>(1, features) * (squares ? 2 : 1) > kBayesCellsMax) {
      return TooMany();
    }
    at->second.sums.assign(features, 0.0);
    if (squares) at->second.squares.assign(features, 0.0);
  }
  return &at->second;
}

base::Status BayesSums::Merge(const BayesSums& other) {
  if (other.labels.empty()) return base::OkStatus();
  if (labels.empty()) {
    *this = other;
    return base::OkStatus();
  }
  if (features != other.features) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: Dimensions mismatch when merging with another"
                                " summarizer. Expecting ",
                                features, " but got ", other.features, "."));
  }
  for (const auto& [label, from] : other.labels) {
    SOTERIA_ASSIGN_OR_RETURN(LabelSums * to, Of(label));
    to->weight += from.weight;
    for (size_t j = 0; j < from.sums.size(); ++j) to->sums[j] += from.sums[j];
    for (size_t j = 0; j < from.squares.size(); ++j) to->squares[j] += from.squares[j];
  }
  return base::OkStatus();
}

std::string BayesSums::Encode() const {
  base::FieldWriter w;
  w.AddU64(features).AddBool(squares).AddU64(labels.size());
  for (const auto& [label, sums] : labels) {
    w.AddI64(label).AddDouble(sums.weight);
    WriteNumbers(sums.sums, w);
    if (squares) WriteNumbers(sums.squares, w);
  }
  return w.Take();
}

base::StatusOr<BayesSums> BayesSums::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  BayesSums read;
  SOTERIA_ASSIGN_OR_RETURN(read.features, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(read.squares, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, r.NextU64());
  if (read.features > static_cast<uint64_t>(std::numeric_limits<int32_t>::max()) ||
      count > kClassesMax || count * std::max<uint64_t>(1, read.features) > kBayesCellsMax) {
    return Malformed();
  }
  for (uint64_t i = 0; i < count; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const int64_t label, r.NextI64());
    if (label < 0 || label >= kClassesMax) return Malformed();
    LabelSums sums;
    SOTERIA_ASSIGN_OR_RETURN(sums.weight, r.NextDouble());
    SOTERIA_ASSIGN_OR_RETURN(sums.sums, ReadNumbers(r, read.features));
    if (read.squares) {
      SOTERIA_ASSIGN_OR_RETURN(sums.squares, ReadNumbers(r, read.features));
    }
    if (!read.labels.emplace(static_cast<int32_t>(label), std::move(sums)).second) {
      return Malformed();
    }
  }
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return read;
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
  BayesSums sums;
  sums.features = block->rows > 0 ? static_cast<uint64_t>(block->cols) : 0;
  sums.squares = type_ == BayesType::kGaussian;
  for (size_t i = 0; i < block->label.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const int32_t label, ClassOf(block->label[i]));
    SOTERIA_RETURN_IF_ERROR(CheckRow(*block, i));
    SOTERIA_ASSIGN_OR_RETURN(LabelSums * to, sums.Of(label));
    const double weight = block->weight.empty() ? 1.0 : block->weight[i];
    to->weight += weight;
    if (weight != 0) AddRow(ValuesOf(*block, i), weight, sums.squares, *to);
  }
  return sums.Encode();
}

base::StatusOr<std::string> BayesKernel::Merge(std::vector<std::string> children) const {
  BayesSums all;
  all.squares = type_ == BayesType::kGaussian;
  for (std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const BayesSums child, BayesSums::Decode(std::exchange(bytes, {})));
    if (child.squares != all.squares) return Malformed();
    SOTERIA_RETURN_IF_ERROR(all.Merge(child));
  }
  return all.Encode();
}

}  // namespace soteria::ml
