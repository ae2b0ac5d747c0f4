// A file in memory. Tests only.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "src/base/env.h"

namespace soteria::formats {

/// Hands out at most `step` bytes a read.
class TextFileForTest : public base::ReadableFile {
 public:
  explicit TextFileForTest(std::string text, size_t step = 1 << 20)
      : text_(std::move(text)), step_(step) {}
  base::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    if (offset >= text_.size()) return size_t{0};
    const size_t n = std::min({out.size(), text_.size() - offset, step_});
    std::memcpy(out.data(), text_.data() + offset, n);
    return n;
  }
  uint64_t size() const override { return text_.size(); }

 private:
  const std::string text_;
  const size_t step_;
};

}  // namespace soteria::formats
