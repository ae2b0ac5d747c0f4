#include "src/exec/group_index.h"

#include <limits>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::exec {
namespace {

constexpr uint32_t kFree = std::numeric_limits<uint32_t>::max();
constexpr size_t kSlotsAtFirst = 1024;

/// Open addressing with linear probing; at most half of the slots are taken.
class Slots {
 public:
  Slots() : slots_(kSlotsAtFirst, kFree) {}

  /// The group of that hash which `is` says to be it; a new one with number `next` if there is
  /// none.
  template <class Is>
  uint32_t FindOrAdd(uint32_t hash, uint32_t next, const Is& is) {
    const size_t mask = slots_.size() - 1;
    for (size_t at = Spread(hash) & mask;; at = (at + 1) & mask) {
      uint32_t& slot = slots_[at];
      if (slot == kFree) {
        slot = next;
        hashes_.push_back(hash);
        if (hashes_.size() * 2 > slots_.size()) Grow();
        return next;
      }
      if (hashes_[slot] == hash && is(slot)) return slot;
    }
  }

 private:
  static size_t Spread(uint32_t hash) { return static_cast<size_t>(SpreadHash(hash) >> 24); }

  void Grow() {
    slots_.assign(slots_.size() * 4, kFree);
    const size_t mask = slots_.size() - 1;
    for (uint32_t group = 0; group < hashes_.size(); ++group) {
      size_t at = Spread(hashes_[group]) & mask;
      while (slots_[at] != kFree) at = (at + 1) & mask;
      slots_[at] = group;
    }
  }

  std::vector<uint32_t> slots_;
  std::vector<uint32_t> hashes_;  // of each group
};

}  // namespace

base::StatusOr<GroupIndex> IndexGroups(const RowKeys& keys) {
  GroupIndex index;
  index.groups.resize(static_cast<size_t>(keys.rows()));
  Slots slots;
  for (int64_t row = 0; row < keys.rows(); ++row) {
    const auto next = static_cast<uint32_t>(index.firsts.size());
    if (next == kFree) {
      return base::Fail(base::kMemoryLimit,
                        base::Cat("one partition has more than ", kFree,
                                  " groups: use more partitions, or coarser keys"));
    }
    const uint32_t group = slots.FindOrAdd(keys.hash(row), next, [&](uint32_t known) {
      return keys.Equal(row, keys, index.firsts[known]);
    });
    if (group == next) index.firsts.push_back(row);
    index.groups[static_cast<size_t>(row)] = group;
  }
  return index;
}

}  // namespace soteria::exec
