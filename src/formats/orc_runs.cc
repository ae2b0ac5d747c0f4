#include "src/formats/orc_runs.h"

#include <algorithm>
#include <span>
#include <utility>

#include "src/formats/orc_wire.h"

namespace soteria::formats {
namespace {

constexpr size_t kPendingMax = 4096;
constexpr size_t kRunLeast = 3;
constexpr size_t kRunMost = 130;
constexpr size_t kLiteralsMost = 128;

int64_t StepOf(int64_t from, int64_t to) {
  return static_cast<int64_t>(static_cast<uint64_t>(to) - static_cast<uint64_t>(from));
}

/// How many values from the first on have the steps of the first two.
template <class T, class Fits>
size_t RunAt(std::span<const T> values, Fits fits) {
  if (values.size() < 2 || !fits(StepOf(values[0], values[1]))) return 1;
  const int64_t step = StepOf(values[0], values[1]);
  size_t run = 2;
  while (run < values.size() && run < kRunMost && StepOf(values[run - 1], values[run]) == step) {
    ++run;
  }
  return run;
}

/// Cuts the values in runs and what lies between them.
template <class T, class Fits, class Run, class Literals>
void Cut(std::span<const T> values, Fits fits, Run run, Literals literals) {
  while (!values.empty()) {
    size_t alone = 0;
    size_t length = 0;
    while (alone < values.size() && alone < kLiteralsMost) {
      length = RunAt(values.subspan(alone), fits);
      if (length >= kRunLeast) break;
      ++alone;
    }
    if (alone > 0) literals(values.first(alone));
    values = values.subspan(alone);
    if (length < kRunLeast || values.empty()) continue;
    run(values.first(length));
    values = values.subspan(length);
  }
}

}  // namespace

void OrcByteRuns::Add(uint8_t value) {
  pending_.push_back(value);
  if (pending_.size() == kPendingMax) Flush();
}

void OrcByteRuns::Flush() {
  const auto same = [](int64_t step) { return step == 0; };
  const auto run = [&](std::span<const uint8_t> values) {
    out_.push_back(static_cast<char>(values.size() - kRunLeast));
    out_.push_back(static_cast<char>(values[0]));
  };
  const auto literals = [&](std::span<const uint8_t> values) {
    out_.push_back(static_cast<char>(0x100 - values.size()));
    out_.append(values.begin(), values.end());
  };
  Cut(std::span<const uint8_t>(pending_), same, run, literals);
  pending_.clear();
}

std::string OrcByteRuns::Finish() {
  Flush();
  return std::exchange(out_, {});
}

void OrcBitRuns::Add(bool value) {
  byte_ = static_cast<uint8_t>(byte_ << 1 | (value ? 1 : 0));
  if (++bits_ < 8) return;
  bytes_.Add(byte_);
  bits_ = 0;
}

std::string OrcBitRuns::Finish() {
  if (bits_ > 0) bytes_.Add(static_cast<uint8_t>(byte_ << (8 - bits_)));
  bits_ = 0;
  return bytes_.Finish();
}

void OrcIntRuns::Add(int64_t value) {
  pending_.push_back(value);
  if (pending_.size() == kPendingMax) Flush();
}

void OrcIntRuns::Number(int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  const uint64_t sign = value < 0 ? ~uint64_t{0} : 0;
  AppendVarint(with_sign_ ? bits << 1 ^ sign : bits, &out_);
}

void OrcIntRuns::Flush() {
  const auto one_byte = [](int64_t step) { return step >= INT8_MIN && step <= INT8_MAX; };
  const auto run = [&](std::span<const int64_t> values) {
    out_.push_back(static_cast<char>(values.size() - kRunLeast));
    out_.push_back(static_cast<char>(StepOf(values[0], values[1])));
    Number(values[0]);
  };
  const auto literals = [&](std::span<const int64_t> values) {
    out_.push_back(static_cast<char>(0x100 - values.size()));
    for (const int64_t value : values) Number(value);
  };
  Cut(std::span<const int64_t>(pending_), one_byte, run, literals);
  pending_.clear();
}

std::string OrcIntRuns::Finish() {
  Flush();
  return std::exchange(out_, {});
}

}  // namespace soteria::formats
