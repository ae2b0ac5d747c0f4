#include "src/formats/window.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "src/base/errors.h"

namespace soteria::formats {
namespace {
/// As much of a tree's file is sealed by itself (storage::kTreeChunkBytes).
constexpr size_t kReadBytes = size_t{1} << 20;
}  // namespace

base::StatusOr<bool> Window::More() {
  if (ended_) return true;
  const size_t kept = size_ - at_;
  if (kept >= most_) return false;
  if (at_ > 0) {
    if (kept > 0) std::memmove(buffer_.data(), buffer_.data() + at_, kept);
    at_ = 0;
    size_ = kept;
  }
  const auto wanted = static_cast<size_t>(kReadBytes - read_ % kReadBytes);
  if (buffer_.size() < kept + wanted) {
    buffer_.resize(std::max(kept + wanted, 2 * buffer_.size()));
  }
  SOTERIA_ASSIGN_OR_RETURN(const size_t read,
                           file_.ReadAt(read_, {buffer_.data() + size_, wanted}));
  size_ += read;
  read_ += read;
  ended_ = read == 0;
  return true;
}

base::StatusOr<std::string> ReadWhole(base::ReadableFile& file) {
  std::string text(file.size(), '\0');
  for (size_t at = 0; at < text.size();) {
    SOTERIA_ASSIGN_OR_RETURN(const size_t read,
                             file.ReadAt(at, std::span(text.data() + at, text.size() - at)));
    if (read == 0) return base::Fail(base::kIntegrity, "a file is shorter than it was");
    at += read;
  }
  return text;
}

}  // namespace soteria::formats
