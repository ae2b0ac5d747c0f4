// Joins of two tables: what the rows of a left and a right partition make together. Built on the
// right, probed by the left in row order, so that the order of the result is a function of the
// inputs (I7): each left row with its matches in the right's order, then, in a right or full outer
// join, the right rows that matched none. Keys are compared as `==` does: a null matches nothing
// but under `<=>`; NaN equals NaN and -0.0 equals 0.0.
//
//   auto join = Join::Make(JoinKind::kInner, condition, *left->schema(), *right->schema());
//   auto rows = join->Apply(left, right, 0, admit);
//
// Immutable and thread-safe.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/exec/expression.h"

namespace soteria::exec {

/// Keys of one join.
inline constexpr size_t kJoinKeysMax = 10'000;
/// Rows that one partition of a join may have.
inline constexpr int64_t kJoinRowsMax = int64_t{1} << 31;

/// Values travel in operators. intersectAll and exceptAll give each left row whose like is (isn't)
/// among the right's, where a right row counts for one left row only. The last two give every left
/// row once: with whether it has a match, a boolean column; or with its only match, nulls where
/// there is none, SCALAR_SUBQUERY_TOO_MANY_ROWS where there are several.
enum class JoinKind : uint8_t {
  kInner = 1,
  kLeftOuter = 2,
  kRightOuter = 3,
  kFullOuter = 4,
  kLeftSemi = 5,
  kLeftAnti = 6,
  kIntersectAll = 7,
  kExceptAll = 8,
  kExistence = 9,
  kLeftSingle = 10,
};

struct JoinKey {
  ExprPtr left;   ///< over the left's columns
  ExprPtr right;  ///< over the right's, of the same type
  bool null_safe = false;
};

/// The right side of a join, its rows found by their keys: made once, it may meet several left
/// parts, in any thread.
class JoinSide;
using JoinSidePtr = std::shared_ptr<const JoinSide>;
/// What it takes, its rows included.
uint64_t BytesOf(const JoinSide& side);

class Join {
 public:
  /// Says how many bytes the result will take before it is made.
  using Admit = std::function<base::Status(uint64_t)>;

  /// `condition` is over the left's columns, then the right's; null: every pair. Equalities of one
  /// side with the other become keys. JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE.
  static base::StatusOr<Join> Make(JoinKind kind, const ExprPtr& condition,
                                   const arrow::Schema& left, const arrow::Schema& right);
  /// Every column of the left with the right's at its place, nulls being equal.
  static base::StatusOr<Join> OfWholeRows(JoinKind kind, const arrow::Schema& left,
                                          const arrow::Schema& right);
  std::string Encode() const;
  /// kProtocol unless the bytes are exactly one join.
  static base::StatusOr<Join> Decode(std::string_view bytes);

  /// kMemoryLimit for more than kJoinRowsMax rows.
  base::StatusOr<JoinSidePtr> Side(std::shared_ptr<arrow::Table> right, const Admit& admit) const;
  /// kMemoryLimit for a result of more than kJoinRowsMax rows.
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(std::shared_ptr<arrow::Table> left,
                                                      const JoinSide& right, uint64_t partition,
                                                      const Admit& admit) const;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(std::shared_ptr<arrow::Table> left,
                                                      std::shared_ptr<arrow::Table> right,
                                                      uint64_t partition, const Admit& admit) const;
  std::shared_ptr<arrow::Schema> OutputSchema(const arrow::Schema& left,
                                              const arrow::Schema& right) const;

  JoinKind kind() const { return kind_; }
  /// Whether the result is some of the left's rows, each once, and nothing else.
  bool KeepsLeftRows() const {
    return kind_ >= JoinKind::kLeftSemi && kind_ <= JoinKind::kExceptAll;
  }
  /// Whether each partition of the left may meet all of the right, and the other way round.
  bool RightMayBeWhole() const {
    return kind_ == JoinKind::kInner || kind_ == JoinKind::kLeftOuter ||
           kind_ == JoinKind::kLeftSemi || kind_ == JoinKind::kLeftAnti ||
           kind_ == JoinKind::kExistence || kind_ == JoinKind::kLeftSingle;
  }
  bool LeftMayBeWhole() const {
    return kind_ == JoinKind::kInner || kind_ == JoinKind::kRightOuter;
  }
  const std::vector<JoinKey>& keys() const { return keys_; }
  const ExprPtr& residual() const { return residual_; }

 private:
  /// -1 for none.
  base::StatusOr<std::shared_ptr<arrow::Table>> Rows(const arrow::Table& left,
                                                     const arrow::Table& right,
                                                     const std::vector<int64_t>& left_rows,
                                                     const std::vector<int64_t>& right_rows) const;
  Join(JoinKind kind, std::vector<JoinKey> keys, ExprPtr residual)
      : kind_(kind), keys_(std::move(keys)), residual_(std::move(residual)) {}

  JoinKind kind_;
  std::vector<JoinKey> keys_;
  ExprPtr residual_;  // over both sides' columns; null: none
};

/// The expression with its columns at other places: `place` of each.
ExprPtr WithPlaces(const ExprPtr& e, const std::function<int(int)>& place);
/// Over the columns `kept` of those alone, which are ascending and have all that it reads.
ExprPtr OverKept(const ExprPtr& e, const std::vector<int>& kept);
/// The places of the columns that it reads, ascending, each once.
std::vector<int> PlacesOf(const Expr& e);

}  // namespace soteria::exec
