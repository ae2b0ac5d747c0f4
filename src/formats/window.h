// A file from front to back through one buffer: what is at hand is one piece of memory, so that
// whatever lies in it whole is read where it is. A read ends where a piece of the file ends that is
// sealed by itself: which pieces are opened says nothing of where in them records end. Internal to
// formats. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/env.h"
#include "src/base/status.h"

namespace soteria::formats {

/// Of one record (a line, a JSON value): the most that is at hand at once.
inline constexpr uint64_t kRecordBytesMax = uint64_t{64} << 20;

/// All of a file whose size its caller has checked.
base::StatusOr<std::string> ReadWhole(base::ReadableFile& file);

class Window {
 public:
  /// `from`: where in the file it begins.
  explicit Window(base::ReadableFile& file, uint64_t most = kRecordBytesMax, uint64_t from = 0)
      : file_(file), most_(most), read_(from) {}

  std::string_view rest() const { return {buffer_.data() + at_, size_ - at_}; }
  /// Whether the rest is all that is left of the file.
  bool ended() const { return ended_; }
  /// Makes the rest longer, or finds that it ends the file. False when it is as long as it may be.
  base::StatusOr<bool> More();
  void Consume(size_t bytes) { at_ += bytes; }
  /// Where the rest begins in the file.
  uint64_t offset() const { return read_ - (size_ - at_); }

 private:
  base::ReadableFile& file_;
  const uint64_t most_;
  std::vector<char> buffer_;
  size_t at_ = 0;
  size_t size_ = 0;
  uint64_t read_;
  bool ended_ = false;
};

}  // namespace soteria::formats
