// How often texts occur and in how many rows: what label indexes and vocabularies are made of.
// Private to ml. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "src/base/fields.h"
#include "src/base/status.h"

namespace soteria::ml {

/// Different texts of one column, and their bytes together.
inline constexpr size_t kTextsMax = 5'000'000;
inline constexpr size_t kTextBytesMax = size_t{256} << 20;

struct TextCount {
  int64_t count = 0;
  int64_t rows = 0;
  bool operator==(const TextCount&) const = default;
};

/// Java's order of texts, by their UTF-16 units: characters beyond U+FFFF come before those from
/// U+E000 on.
bool JavaLess(std::string_view a, std::string_view b);

class TextCounts {
 public:
  using Entry = std::pair<std::string, TextCount>;

  /// Errors: kMemoryLimit beyond the limits, which doesn't say how many there are.
  base::Status Add(std::string_view text, TextCount more);
  size_t size() const { return counts_.size(); }
  /// By their bytes.
  std::vector<Entry> Sorted() const;

  void Write(base::FieldWriter& out) const;
  /// Adds what Write wrote. Errors: kProtocol for other bytes.
  base::Status Take(base::FieldReader& in);
  /// Two fields: a count and its rows. Errors: kProtocol for what no rows have.
  static base::StatusOr<TextCount> TakeCount(base::FieldReader& in);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, TextCount, Hash, std::equal_to<>> counts_;
  size_t bytes_ = 0;
};

}  // namespace soteria::ml
