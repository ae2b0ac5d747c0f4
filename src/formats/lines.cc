#include "src/formats/lines.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::formats {
namespace {

constexpr size_t kNone = std::string_view::npos;

size_t Find(std::string_view text, char c, size_t from, size_t to) {
  const void* const at = from >= to ? nullptr : std::memchr(text.data() + from, c, to - from);
  return at == nullptr ? kNone : static_cast<size_t>(static_cast<const char*>(at) - text.data());
}

}  // namespace

base::Status Lines::TooLong() const {
  return base::Fail(base::kMemoryLimit,
                    base::Cat("a line of a file has more than ", bytes_max_, " bytes"));
}

/// The first line end of the window that isn't before *searched; `at` is kNone if it isn't there.
Lines::End Lines::FindEnd(size_t* searched) const {
  const std::string_view rest = window_.rest();
  if (!line_end_.empty()) {
    const size_t at = rest.find(line_end_, *searched);
    *searched = rest.size() - std::min(rest.size(), line_end_.size() - 1);
    return {at, line_end_.size()};
  }
  const size_t lf = Find(rest, '\n', *searched, rest.size());
  const size_t cr = Find(rest, '\r', *searched, std::min(lf, rest.size()));
  *searched = rest.size();
  if (cr != kNone && cr + 1 == rest.size() && !window_.ended()) {
    *searched = cr;  // a \n may follow
    return {kNone, 1};
  }
  return {std::min(lf, cr), cr != kNone && cr + 1 == lf ? size_t{2} : size_t{1}};
}

/// Behind the first line end, which is as far as another part reads. A part without one has none of
/// its own, however long the line is.
base::Status Lines::SkipFirst() {
  for (;;) {
    size_t searched = 0;
    const End found = FindEnd(&searched);
    if (found.at != kNone) {
      window_.Consume(found.at + found.bytes);
      return base::OkStatus();
    }
    window_.Consume(window_.ended() ? window_.rest().size() : searched);
    if (window_.ended() || window_.offset() >= end_) {
      ended_ = true;
      return base::OkStatus();
    }
    SOTERIA_RETURN_IF_ERROR(window_.More().status());
  }
}

base::StatusOr<bool> Lines::Next(std::string_view* line) {
  window_.Consume(std::exchange(taken_, 0));
  if (std::exchange(within_, false)) SOTERIA_RETURN_IF_ERROR(SkipFirst());
  const uint64_t last_end = std::max<uint64_t>(1, line_end_.size());
  if (ended_ || window_.offset() >= end_ + last_end) return false;
  size_t searched = 0;
  for (;;) {
    End found = FindEnd(&searched);
    const bool whole = found.at == kNone && window_.ended();
    if (whole) found = {window_.rest().size(), 0};
    if (found.at != kNone) {
      if (found.at > bytes_max_) return TooLong();
      *line = window_.rest().substr(0, found.at);
      taken_ = found.at + found.bytes;
      if (window_.offset() == 0) *line = WithoutByteOrderMark(*line);
      return !whole || !line->empty();
    }
    SOTERIA_ASSIGN_OR_RETURN(const bool more, window_.More());
    if (!more) return TooLong();
  }
}

std::string_view WithoutByteOrderMark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

}  // namespace soteria::formats
