#include "src/table/quantiles.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::table {
namespace {

constexpr size_t kBufferValues = 50'000;
constexpr size_t kThinFrom = 10'000;
constexpr size_t kSampleBytes = 24;

/// Java's order of doubles: -0.0 below 0.0, NaN above all.
bool Before(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return !std::isnan(a) && std::isnan(b);
  return a < b || (a == b && std::signbit(a) && !std::signbit(b));
}

}  // namespace

base::Status QuantileSketch::CheckSize(size_t samples) const {
  if (samples <= kQuantileSamplesMax) return base::OkStatus();
  return base::Fail(
      base::kMemoryLimit,
      base::Cat("quantiles with the relative error ", relative_error_, " would keep more than ",
                kQuantileSamplesMax, " values of a column: allow a larger error"));
}

base::Status QuantileSketch::Insert(double value) {
  buffer_.push_back(value);
  if (buffer_.size() < kBufferValues) return base::OkStatus();
  SOTERIA_RETURN_IF_ERROR(TakeInBuffer());
  if (samples_.size() >= kThinFrom) Thin(2 * relative_error_ * static_cast<double>(count_));
  return base::OkStatus();
}

base::Status QuantileSketch::Compress() {
  SOTERIA_RETURN_IF_ERROR(TakeInBuffer());
  Thin(2 * relative_error_ * static_cast<double>(count_));
  return base::OkStatus();
}

base::Status QuantileSketch::TakeInBuffer() {
  if (buffer_.empty()) return base::OkStatus();
  SOTERIA_RETURN_IF_ERROR(CheckSize(samples_.size() + buffer_.size()));
  std::sort(buffer_.begin(), buffer_.end(), Before);
  std::vector<Sample> merged;
  merged.reserve(samples_.size() + buffer_.size());
  size_t old = 0;
  for (size_t i = 0; i < buffer_.size(); ++i) {
    while (old < samples_.size() && samples_[old].value <= buffer_[i]) {
      merged.push_back(samples_[old++]);
    }
    ++count_;
    const bool end = merged.empty() || (old == samples_.size() && i + 1 == buffer_.size());
    const double spread = std::floor(2 * relative_error_ * static_cast<double>(count_));
    merged.push_back({buffer_[i], 1, end ? 0 : static_cast<int64_t>(spread)});
  }
  merged.insert(merged.end(), samples_.begin() + static_cast<std::ptrdiff_t>(old), samples_.end());
  samples_ = std::move(merged);
  buffer_.clear();
  return base::OkStatus();
}

/// Neighbours whose ranks are known well enough together become one.
void QuantileSketch::Thin(double threshold) {
  if (samples_.size() < 2) return;
  std::vector<Sample> kept;
  Sample head = samples_.back();
  for (size_t i = samples_.size() - 2; i >= 1; --i) {
    const Sample& sample = samples_[i];
    if (static_cast<double>(sample.gap + head.gap + head.spread) < threshold) {
      head.gap += sample.gap;
    } else {
      kept.push_back(head);
      head = sample;
    }
  }
  kept.push_back(head);
  if (samples_.front().value <= head.value) kept.push_back(samples_.front());
  std::reverse(kept.begin(), kept.end());
  samples_ = std::move(kept);
}

base::Status QuantileSketch::Merge(const QuantileSketch& other) {
  if (other.count_ == 0) return base::OkStatus();
  if (count_ == 0) {
    *this = other;
    return base::OkStatus();
  }
  SOTERIA_RETURN_IF_ERROR(CheckSize(samples_.size() + other.samples_.size()));
  // A sample that lies among the other side's has a rank that is no surer than theirs.
  const auto unsure = [this](int64_t count) {
    return static_cast<int64_t>(std::floor(2 * relative_error_ * static_cast<double>(count)));
  };
  const int64_t ours = unsure(other.count_);
  const int64_t theirs = unsure(count_);
  std::vector<Sample> merged;
  merged.reserve(samples_.size() + other.samples_.size());
  size_t a = 0, b = 0;
  while (a < samples_.size() && b < other.samples_.size()) {
    const bool own = samples_[a].value < other.samples_[b].value;
    Sample next = own ? samples_[a++] : other.samples_[b++];
    next.spread += own ? (b > 0 ? ours : 0) : (a > 0 ? theirs : 0);
    merged.push_back(next);
  }
  const auto rest = [&merged](const std::vector<Sample>& samples, size_t from) {
    merged.insert(merged.end(), samples.begin() + static_cast<std::ptrdiff_t>(from), samples.end());
  };
  rest(samples_, a);
  rest(other.samples_, b);
  samples_ = std::move(merged);
  count_ += other.count_;
  Thin(2 * relative_error_ * static_cast<double>(count_));
  return base::OkStatus();
}

std::vector<double> QuantileSketch::Query(std::span<const double> probabilities) const {
  if (samples_.empty()) return {};
  int64_t widest = 0;
  for (const Sample& sample : samples_) widest = std::max(widest, sample.spread + sample.gap);
  const int64_t half = widest / 2;  // whole, as Spark's
  const auto allowed = static_cast<double>(half);
  std::vector<size_t> ascending(probabilities.size());
  std::iota(ascending.begin(), ascending.end(), size_t{0});
  std::stable_sort(ascending.begin(), ascending.end(),
                   [&](size_t i, size_t j) { return probabilities[i] < probabilities[j]; });
  std::vector<double> found(probabilities.size());
  size_t at = 0;
  int64_t least = samples_[0].gap;  // the rank of samples_[at] at least
  for (const size_t i : ascending) {
    if (probabilities[i] <= relative_error_) {
      found[i] = samples_.front().value;
      continue;
    }
    if (probabilities[i] >= 1 - relative_error_) {
      found[i] = samples_.back().value;
      continue;
    }
    const double rank = std::ceil(probabilities[i] * static_cast<double>(count_));
    const auto fits = [&] {
      return static_cast<double>(least + samples_[at].spread) - allowed <= rank &&
             rank <= static_cast<double>(least) + allowed;
    };
    while (at + 1 < samples_.size() && !fits()) least += samples_[++at].gap;
    found[i] = samples_[at].value;
  }
  return found;
}

void QuantileSketch::Write(base::FieldWriter& out) const {
  std::string bytes(samples_.size() * kSampleBytes, '\0');
  char* at = bytes.data();
  for (const Sample& sample : samples_) {
    base::PutLe64(std::bit_cast<uint64_t>(sample.value), at);
    base::PutLe64(static_cast<uint64_t>(sample.gap), at + 8);
    base::PutLe64(static_cast<uint64_t>(sample.spread), at + 16);
    at += kSampleBytes;
  }
  out.AddI64(count_).Add(bytes);
}

base::StatusOr<QuantileSketch> QuantileSketch::Read(double relative_error, base::FieldReader& in) {
  QuantileSketch sketch(relative_error);
  SOTERIA_ASSIGN_OR_RETURN(sketch.count_, in.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, in.Next());
  if (sketch.count_ < 0 || bytes.size() % kSampleBytes != 0 ||
      bytes.size() / kSampleBytes > kQuantileSamplesMax) {
    return base::Fail(base::kProtocol, "quantiles: bad length");
  }
  for (const char* at = bytes.data(); at < bytes.data() + bytes.size(); at += kSampleBytes) {
    const Sample sample = {std::bit_cast<double>(base::GetLe64(at)),
                           static_cast<int64_t>(base::GetLe64(at + 8)),
                           static_cast<int64_t>(base::GetLe64(at + 16))};
    if (sample.gap < 1 || sample.gap > sketch.count_ || sample.spread < 0) {
      return base::Fail(base::kProtocol, "quantiles: bad rank");
    }
    sketch.samples_.push_back(sample);
  }
  return sketch;
}

}  // namespace soteria::table
