#include "src/exec/vector_summary.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/java_text.h"

namespace soteria::exec {
namespace {

constexpr double kLargest = std::numeric_limits<double>::max();

constexpr std::pair<std::string_view, VectorMetric> kMetrics[] = {
    {"count", VectorMetric::kCount},
    {"max", VectorMetric::kMax},
    {"mean", VectorMetric::kMean},
    {"min", VectorMetric::kMin},
    {"normL1", VectorMetric::kNormL1},
    {"normL2", VectorMetric::kNormL2},
    {"numNonZeros", VectorMetric::kNonzeros},
    {"std", VectorMetric::kStd},
    {"sum", VectorMetric::kSum},
    {"variance", VectorMetric::kVariance}};

base::Status Mismatch(std::string_view how, size_t expected, size_t got) {
  return base::Fail(base::kIllegalArgument,
                    base::Cat("requirement failed: Dimensions mismatch when ", how, ". Expecting ",
                              expected, " but got ", got, "."));
}

void WriteNumbers(const std::vector<double>& numbers, base::FieldWriter& out) {
  std::string bytes(numbers.size() * sizeof(double), '\0');
  char* at = bytes.data();
  for (const double number : numbers) {
    base::PutLe64(std::bit_cast<uint64_t>(number), at);
    at += sizeof(double);
  }
  out.Add(bytes);
}

base::StatusOr<std::vector<double>> ReadNumbers(size_t bytes_wanted, base::FieldReader& in) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, in.Next());
  if (bytes.size() != bytes_wanted) {
    return base::Fail(base::kProtocol, "summary of vectors: bad length");
  }
  std::vector<double> numbers;
  numbers.reserve(bytes.size() / sizeof(double));
  for (size_t at = 0; at < bytes.size(); at += sizeof(double)) {
    numbers.push_back(std::bit_cast<double>(base::GetLe64(bytes.data() + at)));
  }
  return numbers;
}

}  // namespace

base::StatusOr<VectorMetric> VectorMetricNamed(std::string_view name) {
  std::string known;
  for (const auto& [text, metric] : kMetrics) {
    if (text == name) return metric;
    known += base::Cat(known.empty() ? "" : ", ", text);
  }
  return base::Fail(
      base::kIllegalArgument,
      base::Cat("Metric ", name, " cannot be found. Valid metrics are List(", known, ")"));
}

base::Status VectorSummary::Add(const table::VectorView& vector, double weight) {
  if (!(weight >= 0)) {
    return base::FailQuotingData(base::kIllegalArgument,
                                 base::Cat("requirement failed: sample weight, ",
                                           table::JavaDouble(weight), " has to be >= 0.0"));
  }
  if (weight == 0) return base::OkStatus();
  const auto size = static_cast<size_t>(vector.size);
  if (mean_.empty()) {
    if (size == 0) {
      return base::Fail(base::kIllegalArgument,
                        "requirement failed: Vector should have dimension larger than zero.");
    }
    for (auto* zeros : {&mean_, &spread_, &squares_, &absolutes_, &weights_, &nonzeros_}) {
      zeros->assign(size, 0.0);
    }
    max_.assign(size, -kLargest);
    min_.assign(size, kLargest);
  }
  if (size != mean_.size()) return Mismatch("adding new sample", mean_.size(), size);
  for (size_t k = 0; k < vector.values.size(); ++k) {
    const double value = vector.values[k];
    if (value == 0) continue;
    const size_t j = vector.dense ? k : static_cast<size_t>(vector.indices[k]);
    if (max_[j] < value) max_[j] = value;
    if (min_[j] > value) min_[j] = value;
    const double apart = value - mean_[j];
    mean_[j] += weight * apart / (weights_[j] + weight);
    spread_[j] += weight * (value - mean_[j]) * apart;
    weights_[j] += weight;
    squares_[j] += weight * value * value;
    absolutes_[j] += weight * std::abs(value);
    nonzeros_[j] += 1;
  }
  weight_ += weight;
  weight_squares_ += weight * weight;
  ++count_;
  return base::OkStatus();
}

base::Status VectorSummary::Merge(const VectorSummary& other) {
  if (other.count_ == 0) return base::OkStatus();
  if (count_ == 0) {
    *this = other;
    return base::OkStatus();
  }
  if (other.mean_.size() != mean_.size()) {
    return Mismatch("merging with another summarizer", mean_.size(), other.mean_.size());
  }
  for (size_t j = 0; j < mean_.size(); ++j) {
    const double ours = weights_[j];
    const double theirs = other.weights_[j];
    if (ours + theirs != 0) {
      const double apart = other.mean_[j] - mean_[j];
      mean_[j] += apart * theirs / (ours + theirs);
      spread_[j] += other.spread_[j] + apart * apart * ours * theirs / (ours + theirs);
    }
    weights_[j] = ours + theirs;
    squares_[j] += other.squares_[j];
    absolutes_[j] += other.absolutes_[j];
    nonzeros_[j] += other.nonzeros_[j];
    max_[j] = std::max(max_[j], other.max_[j]);
    min_[j] = std::min(min_[j], other.min_[j]);
  }
  count_ += other.count_;
  weight_ += other.weight_;
  weight_squares_ += other.weight_squares_;
  return base::OkStatus();
}

std::vector<VectorSummary::Element> VectorSummary::Elements() const {
  std::vector<Element> elements;
  for (size_t j = 0; j < mean_.size(); ++j) {
    elements.push_back({nonzeros_[j], mean_[j], spread_[j], absolutes_[j], squares_[j]});
  }
  return elements;
}

std::vector<double> VectorSummary::Variance() const {
  std::vector<double> variance(mean_.size(), 0.0);
  const double freedom = weight_ - weight_squares_ / weight_;
  if (!(freedom > 0)) return variance;
  for (size_t j = 0; j < mean_.size(); ++j) {
    const double zeros = weight_ - weights_[j];
    const double found =
        (spread_[j] + mean_[j] * mean_[j] * weights_[j] * zeros / weight_) / freedom;
    variance[j] = found < 0 ? 0 : found;
  }
  return variance;
}

base::StatusOr<std::vector<double>> VectorSummary::Get(VectorMetric metric) const {
  if (!(weight_ > 0)) {
    return base::Fail(base::kIllegalArgument,
                      "requirement failed: Nothing has been added to this summarizer.");
  }
  std::vector<double> found = mean_;
  for (size_t j = 0; j < found.size(); ++j) {
    const bool has_zeros = nonzeros_[j] < static_cast<double>(count_);
    if (metric == VectorMetric::kMean) found[j] *= weights_[j] / weight_;
    if (metric == VectorMetric::kSum) found[j] *= weights_[j];
    if (metric == VectorMetric::kNonzeros) found[j] = nonzeros_[j];
    if (metric == VectorMetric::kMax) found[j] = has_zeros && max_[j] < 0 ? 0 : max_[j];
    if (metric == VectorMetric::kMin) found[j] = has_zeros && min_[j] > 0 ? 0 : min_[j];
    if (metric == VectorMetric::kNormL1) found[j] = absolutes_[j];
    if (metric == VectorMetric::kNormL2) found[j] = std::sqrt(squares_[j]);
  }
  if (metric == VectorMetric::kVariance) return Variance();
  if (metric == VectorMetric::kStd) {
    found = Variance();
    for (double& value : found) value = std::sqrt(value);
  }
  return found;
}

void VectorSummary::Write(base::FieldWriter& out) const {
  out.AddI64(count_).AddDouble(weight_).AddDouble(weight_squares_).AddU64(mean_.size());
  for (const auto* numbers :
       {&mean_, &spread_, &squares_, &absolutes_, &weights_, &nonzeros_, &max_, &min_}) {
    WriteNumbers(*numbers, out);
  }
}

base::StatusOr<VectorSummary> VectorSummary::Read(base::FieldReader& in) {
  VectorSummary summary;
  SOTERIA_ASSIGN_OR_RETURN(summary.count_, in.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(summary.weight_, in.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(summary.weight_squares_, in.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t size, in.NextU64());
  if (summary.count_ < 0 || size > INT32_MAX || (size == 0) != (summary.count_ == 0)) {
    return base::Fail(base::kProtocol, "summary of vectors: bad size");
  }
  for (auto* numbers : {&summary.mean_, &summary.spread_, &summary.squares_, &summary.absolutes_,
                        &summary.weights_, &summary.nonzeros_, &summary.max_, &summary.min_}) {
    SOTERIA_ASSIGN_OR_RETURN(*numbers, ReadNumbers(size * sizeof(double), in));
  }
  return summary;
}

}  // namespace soteria::exec
