#include "src/ml/tree/survey.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/tree/tree.h"
#include "src/stats/doubles.h"
#include "src/table/java_text.h"
#include "src/table/spark_random.h"

namespace soteria::ml::tree {
namespace {

constexpr size_t kSampleBytesMax = size_t{2} << 30;

base::Status Malformed(std::string_view what) {
  return base::Fail(base::kProtocol, base::Cat("tree survey: ", what));
}

/// Spark's BernoulliSampler: gaps between the taken rows where few are, else a draw a row.
class BernoulliSampler {
 public:
  BernoulliSampler(double fraction, int64_t seed) : fraction_(fraction), random_(seed) {
    if (gaps()) Advance();
  }
  bool Takes() {
    if (fraction_ >= 1) return true;
    if (fraction_ <= 0) return false;
    if (!gaps()) return random_.NextDouble() <= fraction_;
    if (skip_ > 0) {
      --skip_;
      return false;
    }
    Advance();
    return true;
  }

 private:
  static constexpr double kGapsBelow = 0.4;
  bool gaps() const { return fraction_ > 0 && fraction_ <= kGapsBelow; }
  void Advance() {
    constexpr double kLeast = 5e-11;
    const double u = std::max(random_.NextDouble(), kLeast);
    skip_ = static_cast<int64_t>(std::log(u) / std::log1p(-fraction_));
  }

  double fraction_;
  table::XorShiftRandom random_;
  int64_t skip_ = 0;
};

void AppendRow(const table::FeatureBlock& block, size_t row, std::vector<double>& out) {
  const auto cols = static_cast<size_t>(block.cols);
  if (!block.sparse) {
    const auto* const from = block.dense.data() + row * cols;
    out.insert(out.end(), from, from + cols);
    return;
  }
  const size_t first = out.size();
  out.resize(first + cols, 0.0);
  const auto end = static_cast<size_t>(block.row_ptr[row + 1]);
  for (auto k = static_cast<size_t>(block.row_ptr[row]); k < end; ++k) {
    out[first + static_cast<size_t>(block.col[k])] = block.val[k];
  }
}

void WriteSource(base::FieldWriter& w, const std::optional<Source>& source) {
  w.AddBool(source.has_value());
  if (source) source->Write(w);
}

base::StatusOr<std::optional<Source>> ReadSource(base::FieldReader& r) {
  std::optional<Source> source;
  SOTERIA_ASSIGN_OR_RETURN(const bool there, r.NextBool());
  if (there) {
    SOTERIA_ASSIGN_OR_RETURN(source, Source::Read(r));
  }
  return source;
}

}  // namespace

base::Status CheckLabel(double label, const LabelRule& rule) {
  const std::string text = table::JavaDouble(label);
  if (rule.kind == LabelRule::Kind::kNumbers) {
    if (!std::isinf(label)) return base::OkStatus();
    return RowFailure(base::Cat("Labels MUST NOT be Infinity, but got ", text));
  }
  if (rule.kind == LabelRule::Kind::kBinary) {
    if (label == 0 || label == 1) return base::OkStatus();
    return RowFailure(base::Cat("Labels MUST be in {0, 1}, but got ", text));
  }
  if (label < 0 || label >= static_cast<double>(rule.classes)) {
    return RowFailure(base::Cat("Labels MUST be in [0, ", rule.classes, "), but got ", text));
  }
  if (std::trunc(label) == label) return base::OkStatus();
  return RowFailure(base::Cat("Labels MUST be Integers, but got ", text));
}

std::string Survey::Encode() const {
  base::FieldWriter w;
  w.AddI64(rows).AddDouble(weight).AddI64(cols).AddDouble(label_max).AddI64(held_rows);
  return w.Take();
}

base::StatusOr<Survey> Survey::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  Survey survey;
  SOTERIA_ASSIGN_OR_RETURN(survey.rows, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(survey.weight, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(survey.cols, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(survey.label_max, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(survey.held_rows, r.NextI64());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (survey.rows < 0 || survey.held_rows < 0 || survey.cols < -1) return Malformed("counts");
  return survey;
}

base::StatusOr<KernelPtr> SurveyKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(std::optional<Source> source, ReadSource(r));
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t kind, r.NextU64());
  LabelRule rule;
  SOTERIA_ASSIGN_OR_RETURN(rule.classes, r.NextI64());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (kind > static_cast<uint64_t>(LabelRule::Kind::kClasses)) return Malformed("label rule");
  rule.kind = static_cast<LabelRule::Kind>(kind);
  return std::make_unique<SurveyKernel>(std::move(source), rule);
}

std::string SurveyKernel::Encode() const {
  base::FieldWriter w;
  WriteSource(w, source_);
  w.AddU64(static_cast<uint64_t>(labels_.kind)).AddI64(labels_.classes);
  return w.Take();
}

base::StatusOr<std::string> SurveyKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const Input input, InputOf(part, source_));
  Survey survey;
  if (input.block->rows > 0) survey.cols = input.block->cols;
  for (size_t i = 0; i < input.block->label.size(); ++i) {
    SOTERIA_RETURN_IF_ERROR(CheckLabel(input.block->label[i], labels_));
    if (input.use(i) != kTrained) {
      if (input.use(i) == kHeldOut) ++survey.held_rows;
      continue;
    }
    ++survey.rows;
    survey.weight += input.weight(i);
    survey.label_max = std::max(survey.label_max, input.block->label[i]);
  }
  return survey.Encode();
}

base::StatusOr<std::string> SurveyKernel::Merge(std::vector<std::string> children) const {
  Survey sum;
  for (const std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const Survey child, Survey::Decode(bytes));
    if (sum.cols >= 0 && child.cols >= 0 && sum.cols != child.cols) {
      return RowFailure(base::Cat("Vectors of unequal length: ", sum.cols, " and ", child.cols));
    }
    sum.rows += child.rows;
    sum.weight += child.weight;
    sum.cols = std::max(sum.cols, child.cols);
    sum.label_max = std::max(sum.label_max, child.label_max);
    sum.held_rows += child.held_rows;
  }
  return sum.Encode();
}

std::string Sample::Encode() const {
  base::FieldWriter w;
  w.Add(stats::PackDoubles(weight)).Add(stats::PackDoubles(features));
  return w.Take();
}

base::StatusOr<Sample> Sample::Decode(std::string_view bytes, size_t cols) {
  base::FieldReader r(bytes);
  Sample sample;
  sample.cols = cols;
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view weight, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view features, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(sample.weight, stats::UnpackDoubles(weight));
  SOTERIA_ASSIGN_OR_RETURN(sample.features, stats::UnpackDoubles(features));
  if (sample.features.size() != sample.weight.size() * cols) return Malformed("size of a sample");
  return sample;
}

base::StatusOr<KernelPtr> SampleKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(std::optional<Source> source, ReadSource(r));
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t cols, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const double fraction, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(const int64_t seed, r.NextI64());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (cols == 0 || cols > kFeaturesMax || !(fraction >= 0 && fraction <= 1)) {
    return Malformed("parameters of a sample");
  }
  return std::make_unique<SampleKernel>(std::move(source), cols, fraction,
                                        static_cast<int32_t>(seed));
}

std::string SampleKernel::Encode() const {
  base::FieldWriter w;
  WriteSource(w, source_);
  w.AddU64(cols_).AddDouble(fraction_).AddI64(seed_);
  return w.Take();
}

base::StatusOr<std::string> SampleKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const Input input, InputOf(part, source_));
  const table::FeatureBlock& block = *input.block;
  Sample sample;
  sample.cols = cols_;
  if (block.rows == 0) return sample.Encode();
  if (static_cast<size_t>(block.cols) != cols_) return RowFailure("Vectors of unequal length.");
  // Each partition has the seed that its number draws from one generator.
  table::JavaRandom seeds(seed_);
  int64_t seed = seeds.NextLong();
  for (uint64_t p = 0; p < part.partition; ++p) seed = seeds.NextLong();
  BernoulliSampler sampler(fraction_, seed);
  for (size_t i = 0; i < static_cast<size_t>(block.rows); ++i) {
    if (input.use(i) != kTrained || !sampler.Takes()) continue;
    sample.weight.push_back(input.weight(i));
    AppendRow(block, i, sample.features);
    if (sample.features.size() * sizeof(double) > kSampleBytesMax) {
      return base::Fail(base::kMemoryLimit, "a sample of too many features");
    }
  }
  return sample.Encode();
}

base::StatusOr<std::string> SampleKernel::Merge(std::vector<std::string> children) const {
  Sample all;
  all.cols = cols_;
  for (std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const Sample child, Sample::Decode(std::exchange(bytes, {}), cols_));
    all.weight.insert(all.weight.end(), child.weight.begin(), child.weight.end());
    all.features.insert(all.features.end(), child.features.begin(), child.features.end());
    if (all.features.size() * sizeof(double) > kSampleBytesMax) {
      return base::Fail(base::kMemoryLimit, "a sample of too many features");
    }
  }
  return all.Encode();
}

std::vector<double> ThresholdsOf(std::vector<std::pair<double, double>> values, double expected,
                                 int32_t bins) {
  if (values.empty()) return {};
  const auto samples = static_cast<double>(values.size());
  const auto by_value = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::stable_sort(values.begin(), values.end(), by_value);
  std::vector<std::pair<double, double>> counts;
  double total = 0;
  for (const auto& [value, weight] : values) {
    if (counts.empty() || counts.back().first != value) counts.emplace_back(value, 0.0);
    counts.back().second += weight;
  }
  for (const auto& [value, weight] : counts) total += weight;
  const double tolerance = std::numeric_limits<double>::epsilon() * samples * 100;
  if (expected - total > tolerance) {
    const std::pair<double, double> zero = {0.0, expected - total};
    counts.insert(std::lower_bound(counts.begin(), counts.end(), zero, by_value), zero);
  }
  const auto middle = [&](size_t i) { return (counts[i - 1].first + counts[i].first) / 2.0; };
  const int32_t splits = bins - 1;
  std::vector<double> thresholds;
  if (counts.size() - 1 <= static_cast<size_t>(splits)) {
    for (size_t i = 1; i < counts.size(); ++i) thresholds.push_back(middle(i));
    return thresholds;
  }
  const double stride = expected / (splits + 1);
  double current = counts[0].second, target = stride;
  for (size_t i = 1; i < counts.size(); ++i) {
    const double previous = current;
    current += counts[i].second;
    // Where this value leads away from the target, the cut is before it.
    if (std::abs(previous - target) < std::abs(current - target)) {
      thresholds.push_back(middle(i));
      target += stride;
    }
  }
  return thresholds;
}

}  // namespace soteria::ml::tree
