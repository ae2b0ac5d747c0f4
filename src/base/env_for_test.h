// Stand-ins for the world in tests: a seeded generator and a clock that the test moves. Shipped
// programs do not include this header. ClockForTest is for one thread; RandomForTest is
// thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <random>
#include <span>

#include "src/base/env.h"

namespace soteria::base {

/// The same bytes for the same seed. No secrets from it.
class RandomForTest : public Random {
 public:
  explicit RandomForTest(uint64_t seed) : engine_(seed) {}
  Status Fill(std::span<uint8_t> out) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (uint8_t& byte : out) byte = static_cast<uint8_t>(engine_());
    return OkStatus();
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

class ClockForTest : public Clock {
 public:
  int64_t NowMs() override { return now_ms_; }
  int64_t MonotonicMs() override { return monotonic_ms_; }
  void Advance(int64_t ms) {
    now_ms_ += ms;
    monotonic_ms_ += ms;
  }
  /// The host sets the wall clock as it likes.
  void SetNowMs(int64_t ms) { now_ms_ = ms; }

 private:
  int64_t now_ms_ = 1'700'000'000'000;
  int64_t monotonic_ms_ = 1'000;
};

}  // namespace soteria::base
