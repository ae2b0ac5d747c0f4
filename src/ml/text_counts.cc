#include "src/ml/text_counts.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::ml {

bool JavaLess(std::string_view a, std::string_view b) {
  const auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (x == a.end() || y == b.end()) return x == a.end() && y != b.end();
  const auto left = static_cast<uint8_t>(*x);
  const auto right = static_cast<uint8_t>(*y);
  // Bytes from 0xF0 on begin a pair of surrogates, 0xEE and 0xEF what comes after those.
  if (left >= 0xEE && right >= 0xEE && (left >= 0xF0) != (right >= 0xF0)) return left >= 0xF0;
  return left < right;
}

base::Status TextCounts::Add(std::string_view text, TextCount more) {
  const auto at = counts_.find(text);
  if (at != counts_.end()) {
    at->second.count += more.count;
    at->second.rows += more.rows;
    return base::OkStatus();
  }
  bytes_ += text.size();
  if (counts_.size() >= kTextsMax || bytes_ > kTextBytesMax) {
    return base::Fail(base::kMemoryLimit, base::Cat("A column holds more than ", kTextsMax,
                                                    " different values, or longer ones than ",
                                                    kTextBytesMax >> 20, " MiB together"));
  }
  counts_.emplace(text, more);
  return base::OkStatus();
}

std::vector<TextCounts::Entry> TextCounts::Sorted() const {
  std::vector<Entry> entries(counts_.begin(), counts_.end());
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.first < b.first; });
  return entries;
}

void TextCounts::Write(base::FieldWriter& out) const {
  out.AddU64(counts_.size());
  for (const auto& [text, count] : Sorted()) {
    out.Add(text).AddI64(count.count).AddI64(count.rows);
  }
}

base::StatusOr<TextCount> TextCounts::TakeCount(base::FieldReader& in) {
  constexpr int64_t kCountMax = std::numeric_limits<int64_t>::max() / 65536;  // merges don't wrap
  TextCount count;
  SOTERIA_ASSIGN_OR_RETURN(count.count, in.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(count.rows, in.NextI64());
  if (count.count < 0 || count.rows < 0 || count.count > kCountMax || count.rows > kCountMax) {
    return base::Fail(base::kProtocol, "text counts: a count out of range");
  }
  return count;
}

base::Status TextCounts::Take(base::FieldReader& in) {
  SOTERIA_ASSIGN_OR_RETURN(uint64_t left, in.NextU64());
  for (; left > 0; --left) {
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view text, in.Next());
    SOTERIA_ASSIGN_OR_RETURN(const TextCount count, TakeCount(in));
    SOTERIA_RETURN_IF_ERROR(Add(text, count));
  }
  return base::OkStatus();
}

}  // namespace soteria::ml
