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

base::StatusOr<bool> Lines::Next(std::string_view* line) {
  window_.Consume(std::exchange(taken_, 0));
  size_t searched = 0;
  for (;;) {
    const std::string_view rest = window_.rest();
    size_t end = kNone;
    size_t end_bytes = 1;
    if (line_end_.empty()) {
      const size_t lf = Find(rest, '\n', searched, rest.size());
      const size_t cr = Find(rest, '\r', searched, std::min(lf, rest.size()));
      end = std::min(lf, cr);
      searched = rest.size();
      if (cr != kNone && cr + 1 == rest.size() && !window_.ended()) {
        end = kNone;  // a \n may follow
        searched = cr;
      } else if (cr != kNone && cr + 1 == lf) {
        end_bytes = 2;
      }
    } else {
      end = rest.find(line_end_, searched);
      end_bytes = line_end_.size();
      searched = rest.size() - std::min(rest.size(), end_bytes - 1);
    }
    const bool whole = end == kNone && window_.ended();
    if (whole) {
      end = rest.size();
      end_bytes = 0;
    }
    if (end != kNone) {
      if (end > bytes_max_) return TooLong();
      *line = rest.substr(0, end);
      taken_ = end + end_bytes;
      return !whole || end > 0;
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
