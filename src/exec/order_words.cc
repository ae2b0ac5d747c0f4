#include "src/exec/order_words.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/key_words.h"
#include "src/table/decimal.h"

namespace soteria::exec {
namespace {

using arrow::Type;

constexpr uint64_t kSign = uint64_t{1} << 63;
constexpr size_t kDigits = 8;
constexpr size_t kDigitValues = 256;
/// Below it comparisons are faster than counting digits.
constexpr size_t kRadixRowsMin = 512;

/// A row and its word in twelve bytes.
struct Entry {
  uint32_t low = 0;
  uint32_t high = 0;
  uint32_t row = 0;

  uint64_t word() const { return static_cast<uint64_t>(high) << 32 | low; }
  void set(uint64_t word) {
    low = static_cast<uint32_t>(word);
    high = static_cast<uint32_t>(word >> 32);
  }
  bool operator<(const Entry& other) const {
    return word() != other.word() ? word() < other.word() : row < other.row;
  }
};

/// Rows that are equal in the keys before.
struct Run {
  size_t begin = 0;
  size_t end = 0;
};

void WordsOfBytes(const arrow::Array& array, std::vector<uint64_t>& words) {
  const auto& cells = static_cast<const arrow::BinaryArray&>(array);
  words.resize(static_cast<size_t>(array.length()));
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view cell = cells.GetView(static_cast<int64_t>(i));
    uint64_t word = 0;
    std::memcpy(&word, cell.data(), std::min<size_t>(cell.size(), 8));
    words[i] = __builtin_bswap64(word);
  }
}

void WordsOfLongDecimals(const arrow::Array& array, std::vector<uint64_t>& words) {
  words.resize(static_cast<size_t>(array.length()));
  const uint8_t* values = static_cast<const arrow::Decimal128Array&>(array).raw_values();
  // The upper half comes last.
  for (size_t i = 0; i < words.size(); ++i) {
    std::memcpy(&words[i], values + 16 * i + 8, 8);
    words[i] ^= kSign;
  }
}

/// Stable by words: rows of one word are in order before.
void SortEntries(std::span<Entry> entries, std::vector<Entry>& scratch) {
  if (entries.size() < kRadixRowsMin) {
    std::sort(entries.begin(), entries.end());
    return;
  }
  std::array<std::array<uint32_t, kDigitValues>, kDigits> counts{};
  for (const Entry& entry : entries) {
    const uint64_t word = entry.word();
    for (size_t d = 0; d < kDigits; ++d) ++counts[d][word >> (8 * d) & 0xff];
  }
  scratch.resize(std::max(scratch.size(), entries.size()));
  std::span<Entry> from = entries;
  std::span<Entry> to(scratch.data(), entries.size());
  for (size_t d = 0; d < kDigits; ++d) {
    const uint64_t first = entries.front().word() >> (8 * d) & 0xff;
    if (counts[d][first] == entries.size()) continue;  // all alike
    uint32_t place = 0;
    for (uint32_t& count : counts[d]) place += std::exchange(count, place);
    for (const Entry& entry : from) to[counts[d][entry.word() >> (8 * d) & 0xff]++] = entry;
    std::swap(from, to);
  }
  if (from.data() != entries.data()) std::copy(from.begin(), from.end(), entries.begin());
}

/// Orders runs of rows key by key.
class Sorter {
 public:
  Sorter(const std::vector<OrderKey>& keys, size_t rows) : keys_(keys), entries_(rows) {
    for (size_t i = 0; i < rows; ++i) entries_[i].row = static_cast<uint32_t>(i);
  }

  std::vector<uint32_t> Rows() {
    std::vector<Run> runs{{0, entries_.size()}};
    for (size_t k = 0; k < keys_.size() && !runs.empty(); ++k) runs = OrderBy(k, runs);
    scratch_ = {};
    std::vector<uint32_t> rows(entries_.size());
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = entries_[i].row;
    return rows;
  }

 private:
  /// @returns the runs that key `k` leaves to those after it
  std::vector<Run> OrderBy(size_t k, const std::vector<Run>& runs) {
    const OrderWords key = OrderWordsOf(keys_[k]);
    std::vector<Run> left;
    for (const Run& run : runs) {
      const std::span<Entry> entries = Entries(run);
      if (key.words.empty()) {
        Compare(k, run, left);
        continue;
      }
      for (Entry& entry : entries) entry.set(key.words[entry.row]);
      SortEntries(entries, scratch_);
      for (size_t i = run.begin; i < run.end;) {
        size_t end = i + 1;
        while (end < run.end && entries_[end].word() == entries_[i].word()) ++end;
        if (key.exact) {
          Leave({i, end}, left);
        } else {
          Compare(k, {i, end}, left);
        }
        i = end;
      }
    }
    return left;
  }

  std::span<Entry> Entries(const Run& run) {
    return std::span<Entry>(entries_).subspan(run.begin, run.end - run.begin);
  }

  static void Leave(const Run& run, std::vector<Run>& left) {
    if (run.end - run.begin > 1) left.push_back(run);
  }

  int Order(const OrderKey& key, const Entry& a, const Entry& b) const {
    return key.Order(static_cast<int64_t>(a.row), key, static_cast<int64_t>(b.row));
  }

  /// Rows whose words don't tell them apart.
  void Compare(size_t k, const Run& run, std::vector<Run>& left) {
    const OrderKey& key = keys_[k];
    const std::span<Entry> entries = Entries(run);
    if (entries.size() < 2) return;
    // Few different values are usual, and then one look at each row does.
    const bool alike = std::all_of(entries.begin() + 1, entries.end(), [&](const Entry& entry) {
      return Order(key, entries.front(), entry) == 0;
    });
    if (alike) return Leave(run, left);
    std::stable_sort(entries.begin(), entries.end(),
                     [&](const Entry& a, const Entry& b) { return Order(key, a, b) < 0; });
    for (size_t i = run.begin; i < run.end;) {
      size_t end = i + 1;
      while (end < run.end && Order(key, entries_[i], entries_[end]) == 0) ++end;
      Leave({i, end}, left);
      i = end;
    }
  }

  const std::vector<OrderKey>& keys_;
  std::vector<Entry> entries_;
  std::vector<Entry> scratch_;
};

}  // namespace

OrderWords OrderWordsOf(const OrderKey& key) {
  const arrow::Array& array = *key.values;
  OrderWords made{WordsOf(array), true};
  switch (array.type_id()) {
    case Type::STRING:
    case Type::BINARY:
      WordsOfBytes(array, made.words);
      made.exact = false;
      break;
    case Type::FLOAT:
    case Type::DOUBLE:
      // Of two negative numbers the one of the greater bits is less.
      for (uint64_t& word : made.words) word = (word & kSign) != 0 ? ~word : word ^ kSign;
      break;
    case Type::DECIMAL128:
      if (made.words.empty()) {
        WordsOfLongDecimals(array, made.words);
        made.exact = false;
        break;
      }
      [[fallthrough]];
    default:
      for (uint64_t& word : made.words) word ^= kSign;
  }
  if (made.words.empty()) return made;
  if (!key.ascending) {
    for (uint64_t& word : made.words) word = ~word;
  }
  if (array.null_count() > 0) {
    made.exact = false;
    const uint64_t null = key.nulls_first ? 0 : ~uint64_t{0};
    for (size_t i = 0; i < made.words.size(); ++i) {
      if (array.IsNull(static_cast<int64_t>(i))) made.words[i] = null;
    }
  }
  return made;
}

base::StatusOr<std::vector<uint32_t>> OrderedRows(const std::vector<OrderKey>& keys, int64_t rows) {
  if (rows > kOrderedRowsMax) {
    return base::Fail(base::kUnsupported,
                      base::Cat("A partition of ", rows, " rows can't be sorted: at most ",
                                kOrderedRowsMax, " can; use more partitions (files)"));
  }
  return Sorter(keys, static_cast<size_t>(rows)).Rows();
}

}  // namespace soteria::exec
