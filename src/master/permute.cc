#include "src/master/permute.h"

#include <algorithm>
#include <cstdint>

#include "src/base/bytes.h"
#include "src/base/check.h"
#include "src/base/fields.h"
#include "src/crypto/hash.h"

namespace soteria::master {
namespace {

class Numbers {
 public:
  explicit Numbers(const crypto::Secret& seed) : seed_(seed) {}

  /// Uniform in [0, bound).
  uint64_t Below(uint64_t bound) {
    const uint64_t unfair = (0 - bound) % bound;  // 2^64 mod bound
    while (true) {
      const uint64_t number = Next();
      if (number >= unfair) return number % bound;
    }
  }

 private:
  uint64_t Next() {
    if (used_ == block_.size()) {
      base::FieldWriter w;
      w.AddU64(counter_++);
      block_ = crypto::HmacSha256(seed_, w.bytes());
      used_ = 0;
    }
    const uint64_t number = base::GetLe64(reinterpret_cast<const char*>(block_.data()) + used_);
    used_ += sizeof(uint64_t);
    return number;
  }

  const crypto::Secret& seed_;
  base::Digest block_{};
  size_t used_ = block_.size();
  uint64_t counter_ = 0;
};

}  // namespace

std::string Permuted(std::string rows, size_t row_bytes, const crypto::Secret& seed) {
  CHECK(row_bytes > 0 && rows.size() % row_bytes == 0) << "rows of a bad length";
  Numbers numbers(seed);
  for (size_t left = rows.size() / row_bytes; left > 1; --left) {
    const size_t last = (left - 1) * row_bytes;
    const size_t other = static_cast<size_t>(numbers.Below(left)) * row_bytes;
    if (other != last) {
      std::swap_ranges(rows.begin() + static_cast<ptrdiff_t>(last),
                       rows.begin() + static_cast<ptrdiff_t>(last + row_bytes),
                       rows.begin() + static_cast<ptrdiff_t>(other));
    }
  }
  return rows;
}

}  // namespace soteria::master
