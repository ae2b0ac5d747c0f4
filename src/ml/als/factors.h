// Factors of users or items: an id and `rank` floats each. Values; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/fields.h"
#include "src/base/status.h"

namespace soteria::ml {

/// MLlib takes any; here a pair of blocks' factors must fit in a message.
inline constexpr int32_t kAlsRankMax = 4'096;

struct Factors {
  int32_t rank = 1;
  std::vector<int32_t> ids;
  std::vector<float> values;  // row-major
  bool from_file = false;     // then the table's columns may be null, as those of any file

  size_t size() const { return ids.size(); }
  const float* row(size_t i) const { return values.data() + i * static_cast<size_t>(rank); }

  void Write(base::FieldWriter& w) const;
  /// Errors: kProtocol for sizes that disagree.
  static base::StatusOr<Factors> Read(base::FieldReader& r);

  std::shared_ptr<arrow::Schema> schema() const;
  /// As MLlib's table: id and features.
  base::StatusOr<std::shared_ptr<arrow::Table>> ToTable() const;
  /// Errors: kProtocol for another table, a null, or a row of another length than `rank`.
  static base::StatusOr<Factors> FromTable(const arrow::Table& table, int32_t rank);
};

/// The places that put `ids` in ascending order.
std::vector<uint32_t> AscendingOrder(const std::vector<int32_t>& ids);
Factors Reordered(const Factors& factors, const std::vector<uint32_t>& order);

/// Where an id's factors are.
class FactorIndex {
 public:
  explicit FactorIndex(const std::vector<int32_t>& ids);
  /// The row of the id, or kNone.
  uint32_t Find(int32_t id) const {
    const int64_t at = static_cast<int64_t>(id) - low_;
    if (dense_) {
      const auto size = static_cast<int64_t>(rows_.size());
      return at >= 0 && at < size ? rows_[static_cast<size_t>(at)] : kNone;
    }
    return FindSorted(id);
  }
  static constexpr uint32_t kNone = UINT32_MAX;
  uint64_t bytes() const { return (rows_.size() + ids_.size()) * 4; }

 private:
  uint32_t FindSorted(int32_t id) const;

  bool dense_ = false;
  int64_t low_ = 0;
  std::vector<uint32_t> rows_;  // by id - low_, or in the order of ids_
  std::vector<int32_t> ids_;    // ascending, unless dense
};

}  // namespace soteria::ml
