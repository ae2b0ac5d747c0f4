#include "src/exec/join.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/codec.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/conjunction.h"
#include "src/exec/row_keys.h"
#include "src/exec/sort.h"
#include "src/exec/taken.h"
#include "src/table/arrow_status.h"
#include "src/table/held_bytes.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using TablePtr = std::shared_ptr<arrow::Table>;

/// Pairs whose condition is evaluated at once, but that a left row's are never cut apart.
constexpr size_t kPairsAtOnce = 65'536;
/// Rows of one chunk of the result.
constexpr int64_t kChunkRows = 262'144;

bool IsCall(const Expr& e, std::string_view name) {
  return e.kind == Expr::Kind::kCall && base::EqualIgnoringCase(e.name, name);
}

void AddPlaces(const Expr& e, std::set<int>& places) {
  if (e.kind == Expr::Kind::kColumn) places.insert(e.ordinal);
  for (const ExprPtr& arg : e.args) AddPlaces(*arg, places);
}

void Conjuncts(const ExprPtr& e, std::vector<ExprPtr>& out) {
  if (!IsCall(*e, "and")) {
    out.push_back(e);
    return;
  }
  for (const ExprPtr& arg : e->args) Conjuncts(arg, out);
}

std::shared_ptr<arrow::Schema> BothSides(const arrow::Schema& left, const arrow::Schema& right) {
  arrow::FieldVector fields = left.fields();
  fields.insert(fields.end(), right.fields().begin(), right.fields().end());
  return arrow::schema(std::move(fields));
}

ExprPtr AsType(ExprPtr e, const arrow::Field& from, const TypePtr& type, const std::string& zone) {
  if (from.type()->Equals(*type)) return e;
  e = Cast(std::move(e), type);
  return zone.empty() ? e : InZone(e, zone);
}

/// An equality of one side with the other as a key; nullopt for another condition.
base::StatusOr<std::optional<JoinKey>> KeyOf(const Expr& e, const arrow::Schema& left,
                                             const arrow::Schema& right) {
  const bool null_safe = IsCall(e, "<=>");
  if (!null_safe && !IsCall(e, "==")) return std::optional<JoinKey>();
  const int lefts = left.num_fields();
  const auto side = [&](const Expr& one) {  // -1, 1; 0: of both or none
    const std::vector<int> places = PlacesOf(one);
    if (places.empty() || places.front() < 0) return 0;
    if (places.back() < lefts) return -1;
    return places.front() >= lefts ? 1 : 0;
  };
  ExprPtr a = e.args[0];
  ExprPtr b = e.args[1];
  if (side(*a) > 0) std::swap(a, b);
  if (side(*a) >= 0 || side(*b) <= 0) return std::optional<JoinKey>();
  b = WithPlaces(b, [lefts](int place) { return place - lefts; });
  SOTERIA_ASSIGN_OR_RETURN(const auto a_field, TypeOf(*a, left));
  SOTERIA_ASSIGN_OR_RETURN(const auto b_field, TypeOf(*b, right));
  const TypePtr type = CommonType(*a_field->type(), *b_field->type(), Texts::kOutside);
  if (type == nullptr || OrderOf(*type) == nullptr) return std::optional<JoinKey>();
  return std::optional<JoinKey>(
      {AsType(a, *a_field, type, e.zone), AsType(b, *b_field, type, e.zone), null_safe});
}

/// Rows of two tables that belong together, -1 for none; in the order of the result.
struct Pairs {
  std::vector<int64_t> left;
  std::vector<int64_t> right;

  void Add(int64_t l, int64_t r) {
    left.push_back(l);
    right.push_back(r);
  }
  size_t size() const { return left.size(); }
  void clear() {
    left.clear();
    right.clear();
  }
};

/// Whether there is a row in each place.
base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> Exists(const std::vector<int64_t>& rows) {
  arrow::BooleanBuilder exists;
  SOTERIA_ARROW_RETURN(exists.Reserve(static_cast<int64_t>(rows.size())));
  for (const int64_t row : rows) exists.UnsafeAppend(row >= 0);
  std::shared_ptr<arrow::Array> array;
  SOTERIA_ARROW_RETURN(exists.Finish(&array));
  return std::make_shared<arrow::ChunkedArray>(std::move(array));
}

uint64_t RowBytes(const arrow::Table& table) {
  if (table.num_rows() == 0) return 0;
  return table::HeldBytes(table) / static_cast<uint64_t>(table.num_rows()) + 1;
}

/// The condition behind the keys, evaluated over pairs of rows.
class Residual {
 public:
  Residual(const ExprPtr& condition, const arrow::Table& left, const arrow::Table& right,
           uint64_t partition)
      : left_(left), right_(right), partition_(partition) {
    if (condition == nullptr) return;
    places_ = PlacesOf(*condition);
    condition_ = WithPlaces(condition, [this](int place) {
      const auto at = std::lower_bound(places_.begin(), places_.end(), place);
      return static_cast<int>(at - places_.begin());
    });
  }
  bool none() const { return condition_ == nullptr; }

  /// Those of the pairs for which it is true.
  base::Status Keep(Pairs& pairs) const {
    if (none() || pairs.size() == 0) return base::OkStatus();
    const int both = left_.num_columns() + right_.num_columns();
    if (!places_.empty() && (places_.front() < 0 || places_.back() >= both)) {
      return base::Fail(base::kProtocol, "Join: a condition over columns that aren't there");
    }
    arrow::FieldVector fields;
    arrow::ChunkedArrayVector columns;
    for (const int place : places_) {
      const bool of_left = place < left_.num_columns();
      const arrow::Table& table = of_left ? left_ : right_;
      const int index = of_left ? place : place - left_.num_columns();
      SOTERIA_ASSIGN_OR_RETURN(
          auto taken, TakeOrNull(*table.column(index), of_left ? pairs.left : pairs.right));
      fields.push_back(table.field(index));
      columns.push_back(std::move(taken));
    }
    const auto batch = arrow::Table::Make(arrow::schema(std::move(fields)), std::move(columns),
                                          static_cast<int64_t>(pairs.size()));
    SOTERIA_ASSIGN_OR_RETURN(const auto mask, Evaluate(*condition_, *batch, partition_));
    Pairs kept;
    int64_t before = 0;
    for (const auto& chunk : mask->chunks()) {
      if (chunk->type_id() == arrow::Type::NA) break;
      for (const int64_t row : TrueRows(*chunk)) {
        const auto at = static_cast<size_t>(before + row);
        kept.Add(pairs.left[at], pairs.right[at]);
      }
      before += chunk->length();
    }
    pairs = std::move(kept);
    return base::OkStatus();
  }

 private:
  const arrow::Table& left_;
  const arrow::Table& right_;
  uint64_t partition_;
  std::vector<int> places_;
  ExprPtr condition_;
};

std::vector<ExprPtr> KeyExprs(const std::vector<JoinKey>& keys, ExprPtr JoinKey::*side) {
  std::vector<ExprPtr> exprs;
  for (const JoinKey& key : keys) exprs.push_back(key.*side);
  return exprs;
}

bool MayMatch(const std::vector<JoinKey>& keys, const RowKeys& values, int64_t row) {
  for (size_t k = 0; k < keys.size(); ++k) {
    if (!keys[k].null_safe && values.IsNull(k, row)) return false;
  }
  return true;
}

base::Status CheckTypes(const RowKeys& a, const RowKeys& b) {
  for (size_t k = 0; k < a.columns().size(); ++k) {
    if (!a.columns()[k]->type()->Equals(*b.columns()[k]->type())) {
      return base::Fail(base::kProtocol, "Join: a key has two types");
    }
  }
  return base::OkStatus();
}

base::Status TooManyPairs() {
  return base::Fail(base::kMemoryLimit,
                    base::Cat("one partition of a join has more than ", kJoinRowsMax,
                              " rows: use more partitions, or a condition with an equality"));
}

}  // namespace

class JoinSide {
 public:
  /// By the keys' expressions of that side. No key is a function of the partition: Make refuses
  /// such conditions.
  static base::StatusOr<JoinSide> Of(const std::vector<JoinKey>& keys, ExprPtr JoinKey::*its,
                                     TablePtr rows) {
    JoinSide side(std::move(rows), keys.empty());
    if (keys.empty()) return side;
    SOTERIA_ASSIGN_OR_RETURN(side.keys_, RowKeys::Of(KeyExprs(keys, its), *side.rows_, 0));
    for (int64_t r = side.rows_->num_rows() - 1; r >= 0; --r) {
      if (MayMatch(keys, *side.keys_, r)) side.index_.Add(side.keys_->hash(r), r);
    }
    return side;
  }
  static uint64_t IndexBytes(int64_t rows) {
    return RowIndex::Bytes(rows) + static_cast<uint64_t>(rows) * sizeof(uint32_t);
  }

  const TablePtr& rows() const { return rows_; }
  const RowKeys& keys() const { return *keys_; }
  const RowIndex& index() const { return index_; }
  uint64_t bytes() const {
    const uint64_t words = keys_.has_value() ? keys_->columns().size() * sizeof(uint64_t) : 0;
    const auto count = static_cast<uint64_t>(rows_->num_rows());
    return table::HeldBytes(*rows_) +
           (keys_.has_value() ? IndexBytes(rows_->num_rows()) + count * words : 0);
  }

 private:
  JoinSide(TablePtr rows, bool all) : rows_(std::move(rows)), index_(all ? 0 : rows_->num_rows()) {}

  TablePtr rows_;
  std::optional<RowKeys> keys_;  // none where every pair is a candidate
  RowIndex index_;
};

uint64_t BytesOf(const JoinSide& side) { return side.bytes(); }

namespace {

/// One join of two tables on its way.
class Matching {
 public:
  Matching(JoinKind kind, const std::vector<JoinKey>& keys, const Residual& residual,
           const arrow::Table& left, const JoinSide& right, const Join::Admit& admit)
      : kind_(kind),
        keys_(keys),
        residual_(residual),
        left_(left),
        right_(*right.rows()),
        side_(right),
        admit_(admit),
        row_bytes_(sizeof(int64_t) * 2 + RowBytes(left) + (KeepsLeft() ? 0 : RowBytes(right_))) {}

  base::StatusOr<Pairs> Run(uint64_t partition) {
    SOTERIA_RETURN_IF_ERROR(Room(0));
    if (!keys_.empty()) {
      SOTERIA_ASSIGN_OR_RETURN(left_keys_,
                               RowKeys::Of(KeyExprs(keys_, &JoinKey::left), left_, partition));
      SOTERIA_RETURN_IF_ERROR(CheckTypes(*left_keys_, side_.keys()));
    }
    if (NeedsRight()) right_matched_.assign(static_cast<size_t>(right_.num_rows()), false);
    if (OneToOne()) {
      unused_.emplace(side_.index());
      index_ = &*unused_;
    }
    if (residual_.none() && !keys_.empty()) {
      SOTERIA_RETURN_IF_ERROR(MatchByKeys());
    } else {
      SOTERIA_RETURN_IF_ERROR(MatchByCondition());
    }
    for (int64_t r = 0; NeedsRight() && r < right_.num_rows(); ++r) {
      if (!right_matched_[static_cast<size_t>(r)]) result_.Add(-1, r);
    }
    SOTERIA_RETURN_IF_ERROR(Room(result_.size()));
    if (admit_ != nullptr) SOTERIA_RETURN_IF_ERROR(admit_(ResultBytes()));
    return std::move(result_);
  }

 private:
  /// What the rows of the result take, as long as they are: a few long ones may be repeated.
  uint64_t ResultBytes() const {
    uint64_t bytes = result_.size() * 2 * sizeof(int64_t) + JoinSide::IndexBytes(right_.num_rows());
    bytes += TakenBytes(left_, result_.left);
    if (!KeepsLeft()) bytes += TakenBytes(right_, result_.right);
    return bytes;
  }

  /// Whether no column of the right is in the result.
  bool KeepsLeft() const { return kind_ >= JoinKind::kLeftSemi && kind_ <= JoinKind::kExistence; }
  bool NeedsRight() const {
    return kind_ == JoinKind::kRightOuter || kind_ == JoinKind::kFullOuter;
  }
  bool KeepsUnmatched() const {
    return kind_ == JoinKind::kLeftOuter || kind_ == JoinKind::kFullOuter ||
           kind_ == JoinKind::kLeftAnti || kind_ == JoinKind::kExceptAll ||
           kind_ == JoinKind::kExistence || kind_ == JoinKind::kLeftSingle;
  }
  bool KeepsMatched() const {
    return kind_ != JoinKind::kLeftAnti && kind_ != JoinKind::kExceptAll;
  }
  bool OneToOne() const {
    return kind_ == JoinKind::kIntersectAll || kind_ == JoinKind::kExceptAll;
  }

  /// Before a result of so many rows is made.
  base::Status Room(size_t rows) const {
    if (rows > static_cast<size_t>(kJoinRowsMax)) return TooManyPairs();
    return admit_ == nullptr ? base::OkStatus()
                             : admit_(rows * row_bytes_ + JoinSide::IndexBytes(right_.num_rows()));
  }

  static base::Status TooManyRows() {
    return base::Fail(kScalarSubqueryRows,
                      "More than one row returned by a subquery used as an expression.");
  }

  base::Status MatchByCondition() {
    int64_t first = 0;  // of the rows whose pairs wait
    for (int64_t l = 0; l < left_.num_rows(); ++l) {
      AddCandidates(l);
      if (waiting_.size() < kPairsAtOnce && l - first < kChunkRows) continue;
      SOTERIA_RETURN_IF_ERROR(Settle(first, l + 1));
      first = l + 1;
    }
    return Settle(first, left_.num_rows());
  }

  /// Whatever is found is in the result: nothing waits for a condition.
  base::Status MatchByKeys() {
    for (int64_t l = 0; l < left_.num_rows(); ++l) {
      if (l % kChunkRows == 0) SOTERIA_RETURN_IF_ERROR(Room(result_.size()));
      const size_t before = result_.size();
      bool matched = false;
      ForEachCandidate(l, [&](int64_t r) {
        matched = true;
        if (!KeepsLeft()) {
          result_.Add(l, r);
          if (NeedsRight()) right_matched_[static_cast<size_t>(r)] = true;
        } else if (KeepsMatched()) {
          result_.Add(l, kind_ == JoinKind::kExistence ? 0 : -1);
        }
      });
      if (!matched && KeepsUnmatched()) result_.Add(l, -1);
      const size_t added = result_.size() - before;
      if (kind_ == JoinKind::kLeftSingle && added > 1) return TooManyRows();
      if (added >= kPairsAtOnce) SOTERIA_RETURN_IF_ERROR(Room(result_.size()));
    }
    return base::OkStatus();
  }

  /// The right rows of the left one's keys, in their order; only the first where one is enough.
  template <class F>
  void ForEachCandidate(int64_t l, const F& f) {
    if (!MayMatch(keys_, *left_keys_, l)) return;
    const uint32_t hash = left_keys_->hash(l);
    int64_t before = -1;
    for (int64_t r = index_->First(hash); r >= 0; before = r, r = index_->Next(r)) {
      if (index_->hash(r) != hash || !left_keys_->Equal(l, side_.keys(), r)) continue;
      f(r);
      if (OneToOne()) unused_->Remove(hash, r, before);
      if (OneToOne() || (KeepsLeft() && residual_.none())) return;
    }
  }

  void AddCandidates(int64_t l) {
    if (keys_.empty()) {
      const int64_t needed = KeepsLeft() && residual_.none() ? 1 : right_.num_rows();
      for (int64_t r = 0; r < std::min(needed, right_.num_rows()); ++r) waiting_.Add(l, r);
      return;
    }
    ForEachCandidate(l, [&](int64_t r) { waiting_.Add(l, r); });
  }

  /// The left rows [first, last), all of whose candidates wait.
  base::Status Settle(int64_t first, int64_t last) {
    SOTERIA_RETURN_IF_ERROR(residual_.Keep(waiting_));
    const size_t most = result_.size() + waiting_.size() + static_cast<size_t>(last - first);
    SOTERIA_RETURN_IF_ERROR(Room(most));
    size_t at = 0;
    for (int64_t l = first; l < last; ++l) {
      const bool matched = at < waiting_.size() && waiting_.left[at] == l;
      if (!matched && KeepsUnmatched()) result_.Add(l, -1);
      // Of an existence the right's place says whether there is a match.
      if (matched && KeepsMatched() && KeepsLeft()) {
        result_.Add(l, kind_ == JoinKind::kExistence ? 0 : -1);
      }
      for (size_t first_of_row = at; at < waiting_.size() && waiting_.left[at] == l; ++at) {
        if (KeepsLeft()) continue;
        if (kind_ == JoinKind::kLeftSingle && at > first_of_row) return TooManyRows();
        const int64_t r = waiting_.right[at];
        result_.Add(l, r);
        if (NeedsRight()) right_matched_[static_cast<size_t>(r)] = true;
      }
    }
    waiting_.clear();
    return base::OkStatus();
  }

  const JoinKind kind_;
  const std::vector<JoinKey>& keys_;
  const Residual& residual_;
  const arrow::Table& left_;
  const arrow::Table& right_;
  const JoinSide& side_;
  const Join::Admit& admit_;
  const uint64_t row_bytes_;
  const RowIndex* index_ = &side_.index();
  std::optional<RowIndex> unused_;  // right rows that count for no left row yet
  std::optional<RowKeys> left_keys_;
  std::vector<bool> right_matched_;
  Pairs waiting_;
  Pairs result_;
};

/// The left row of each pair ascending, and of equal ones the right; pairs come by the right.
Pairs InOrder(const Pairs& pairs, int64_t left_rows) {
  std::vector<size_t> places(static_cast<size_t>(left_rows) + 1);
  for (const int64_t l : pairs.left) ++places[static_cast<size_t>(l) + 1];
  std::partial_sum(places.begin(), places.end(), places.begin());
  Pairs sorted;
  sorted.left.resize(pairs.size());
  sorted.right.resize(pairs.size());
  for (size_t i = 0; i < pairs.size(); ++i) {
    const size_t place = places[static_cast<size_t>(pairs.left[i])]++;
    sorted.left[place] = pairs.left[i];
    sorted.right[place] = pairs.right[i];
  }
  return sorted;
}

/// The pairs of an inner join by keys alone, found by looking up the left side's rows.
base::StatusOr<Pairs> PairsFromRight(const std::vector<JoinKey>& keys, const TablePtr& left_rows,
                                     const arrow::Table& right, uint64_t partition,
                                     const Join::Admit& admit) {
  const arrow::Table& left = *left_rows;
  const uint64_t index_bytes = JoinSide::IndexBytes(left.num_rows());
  // Twice: as they are found, and in order.
  const uint64_t pair_bytes = 4 * sizeof(int64_t) + RowBytes(left) + RowBytes(right);
  const auto room = [&](size_t rows) -> base::Status {
    if (rows > static_cast<size_t>(kJoinRowsMax)) return TooManyPairs();
    return admit == nullptr ? base::OkStatus() : admit(index_bytes + rows * pair_bytes);
  };
  SOTERIA_RETURN_IF_ERROR(room(0));
  SOTERIA_ASSIGN_OR_RETURN(const JoinSide side, JoinSide::Of(keys, &JoinKey::left, left_rows));
  SOTERIA_ASSIGN_OR_RETURN(const RowKeys right_keys,
                           RowKeys::Of(KeyExprs(keys, &JoinKey::right), right, partition));
  SOTERIA_RETURN_IF_ERROR(CheckTypes(side.keys(), right_keys));
  const RowIndex& index = side.index();
  Pairs pairs;
  size_t asked = 0;
  for (int64_t r = 0; r < right.num_rows(); ++r) {
    if (!MayMatch(keys, right_keys, r)) continue;
    const uint32_t hash = right_keys.hash(r);
    for (int64_t l = index.First(hash); l >= 0; l = index.Next(l)) {
      if (index.hash(l) == hash && right_keys.Equal(r, side.keys(), l)) pairs.Add(l, r);
    }
    if (pairs.size() - asked < kPairsAtOnce) continue;
    asked = pairs.size();
    SOTERIA_RETURN_IF_ERROR(room(asked));
  }
  SOTERIA_RETURN_IF_ERROR(room(pairs.size()));
  Pairs sorted = InOrder(pairs, left.num_rows());
  if (admit != nullptr) {
    SOTERIA_RETURN_IF_ERROR(admit(index_bytes + pairs.size() * 4 * sizeof(int64_t) +
                                  TakenBytes(left, sorted.left) + TakenBytes(right, sorted.right)));
  }
  return sorted;
}

}  // namespace

ExprPtr WithPlaces(const ExprPtr& e, const std::function<int(int)>& place) {
  auto copy = std::make_shared<Expr>(*e);
  if (e->kind == Expr::Kind::kColumn) copy->ordinal = place(e->ordinal);
  for (ExprPtr& arg : copy->args) arg = WithPlaces(arg, place);
  return copy;
}

ExprPtr OverKept(const ExprPtr& e, const std::vector<int>& kept) {
  return WithPlaces(e, [&](int place) {
    return static_cast<int>(std::lower_bound(kept.begin(), kept.end(), place) - kept.begin());
  });
}

std::vector<int> PlacesOf(const Expr& e) {
  std::set<int> places;
  AddPlaces(e, places);
  return {places.begin(), places.end()};
}

base::StatusOr<Join> Join::Make(JoinKind kind, const ExprPtr& condition, const arrow::Schema& left,
                                const arrow::Schema& right) {
  if (condition == nullptr) return Join(kind, {}, nullptr);
  SOTERIA_ASSIGN_OR_RETURN(const auto field, TypeOf(*condition, *BothSides(left, right)));
  const arrow::Type::type id = field->type()->id();
  if (id != arrow::Type::BOOL && id != arrow::Type::NA) {
    return base::Fail(
        kJoinConditionNotBoolean,
        base::Cat("The join condition \"", PrettyName(*condition), "\" has the invalid type ",
                  table::QuotedTypeName(*field), ", expected \"BOOLEAN\"."));
  }
  if (IsNondeterministic(*condition)) {
    return base::NotSupported("A join by a random condition", "withColumn before the join");
  }
  std::vector<ExprPtr> conjuncts;
  Conjuncts(condition, conjuncts);
  std::vector<JoinKey> keys;
  std::vector<ExprPtr> residual;
  for (const ExprPtr& one : conjuncts) {
    std::optional<JoinKey> key;
    if (keys.size() < kJoinKeysMax) {
      SOTERIA_ASSIGN_OR_RETURN(key, KeyOf(*one, left, right));
    }
    if (key.has_value()) {
      keys.push_back(*std::move(key));
    } else {
      residual.push_back(one);
    }
  }
  return Join(kind, std::move(keys), Connected("and", residual));
}

base::StatusOr<Join> Join::OfWholeRows(JoinKind kind, const arrow::Schema& left,
                                       const arrow::Schema& right) {
  std::vector<JoinKey> keys;
  for (int i = 0; i < left.num_fields(); ++i) {
    for (const arrow::Schema* side : {&left, &right}) {
      SOTERIA_RETURN_IF_ERROR(CheckSetColumn(*side->field(i)));
    }
    keys.push_back({Input(i, {left.field(i)->name()}), Input(i, {right.field(i)->name()}), true});
  }
  if (keys.size() > kJoinKeysMax) {
    return base::NotSupported(
        base::Cat("A comparison of rows of more than ", kJoinKeysMax, " columns"));
  }
  return Join(kind, std::move(keys), nullptr);
}

std::string Join::Encode() const {
  base::FieldWriter out;
  out.AddU64(static_cast<uint64_t>(kind_)).AddU64(keys_.size());
  for (const JoinKey& key : keys_) {
    out.AddBool(key.null_safe);
    WriteExpr(*key.left, out);
    WriteExpr(*key.right, out);
  }
  out.AddBool(residual_ != nullptr);
  if (residual_ != nullptr) WriteExpr(*residual_, out);
  return out.Take();
}

base::StatusOr<Join> Join::Decode(std::string_view bytes) {
  base::FieldReader in(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t kind, in.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in.NextU64());
  if (kind < static_cast<uint64_t>(JoinKind::kInner) ||
      kind > static_cast<uint64_t>(JoinKind::kLeftSingle) || count > kJoinKeysMax) {
    return base::Fail(base::kProtocol, "Join: unknown kind or too many keys");
  }
  ExprReader exprs(in);
  std::vector<JoinKey> keys;
  for (uint64_t i = 0; i < count; ++i) {
    JoinKey key;
    SOTERIA_ASSIGN_OR_RETURN(key.null_safe, in.NextBool());
    SOTERIA_ASSIGN_OR_RETURN(key.left, exprs.Read());
    SOTERIA_ASSIGN_OR_RETURN(key.right, exprs.Read());
    keys.push_back(std::move(key));
  }
  SOTERIA_ASSIGN_OR_RETURN(const bool has_residual, in.NextBool());
  ExprPtr residual;
  if (has_residual) {
    SOTERIA_ASSIGN_OR_RETURN(residual, exprs.Read());
  }
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return Join(static_cast<JoinKind>(kind), std::move(keys), std::move(residual));
}

std::shared_ptr<arrow::Schema> Join::OutputSchema(const arrow::Schema& left,
                                                  const arrow::Schema& right) const {
  arrow::FieldVector fields;
  const bool left_null = kind_ == JoinKind::kRightOuter || kind_ == JoinKind::kFullOuter;
  const bool right_null = kind_ == JoinKind::kLeftOuter || kind_ == JoinKind::kFullOuter ||
                          kind_ == JoinKind::kLeftSingle;
  for (const auto& field : left.fields()) {
    fields.push_back(left_null ? field->WithNullable(true) : field);
  }
  if (KeepsLeftRows()) return arrow::schema(std::move(fields));
  if (kind_ == JoinKind::kExistence) {
    fields.push_back(arrow::field("exists", arrow::boolean(), false));
    return arrow::schema(std::move(fields));
  }
  for (const auto& field : right.fields()) {
    fields.push_back(right_null ? field->WithNullable(true) : field);
  }
  return arrow::schema(std::move(fields));
}

base::StatusOr<JoinSidePtr> Join::Side(TablePtr right, const Admit& admit) const {
  SOTERIA_ASSIGN_OR_RETURN(right, table::ToSparkForm(std::move(right)));
  if (right->num_rows() > RowIndex::kRowsMax) {
    return base::Fail(base::kMemoryLimit,
                      base::Cat("one partition of a join's right side has more "
                                "than ",
                                RowIndex::kRowsMax, " rows: use more partitions"));
  }
  if (admit != nullptr && !keys_.empty()) {
    SOTERIA_RETURN_IF_ERROR(admit(JoinSide::IndexBytes(right->num_rows())));
  }
  SOTERIA_ASSIGN_OR_RETURN(JoinSide side, JoinSide::Of(keys_, &JoinKey::right, std::move(right)));
  return std::make_shared<const JoinSide>(std::move(side));
}

base::StatusOr<TablePtr> Join::Apply(TablePtr left, TablePtr right, uint64_t partition,
                                     const Admit& admit) const {
  // Where the left side is the smaller one, its rows are looked up, and pairs put in order then.
  const bool from_right = kind_ == JoinKind::kInner && residual_ == nullptr && !keys_.empty() &&
                          left->num_rows() <= RowIndex::kRowsMax &&
                          left->num_rows() * 2 <= right->num_rows();
  if (!from_right) {
    SOTERIA_ASSIGN_OR_RETURN(const JoinSidePtr side, Side(std::move(right), admit));
    return Apply(std::move(left), *side, partition, admit);
  }
  SOTERIA_ASSIGN_OR_RETURN(left, table::ToSparkForm(std::move(left)));
  SOTERIA_ASSIGN_OR_RETURN(right, table::ToSparkForm(std::move(right)));
  SOTERIA_ASSIGN_OR_RETURN(const Pairs pairs,
                           PairsFromRight(keys_, left, *right, partition, admit));
  return Rows(*left, *right, pairs.left, pairs.right);
}

base::StatusOr<TablePtr> Join::Apply(TablePtr left, const JoinSide& side, uint64_t partition,
                                     const Admit& admit) const {
  SOTERIA_ASSIGN_OR_RETURN(left, table::ToSparkForm(std::move(left)));
  const TablePtr& right = side.rows();
  const Residual residual(residual_, *left, *right, partition);
  Matching matching(kind_, keys_, residual, *left, side, admit);
  SOTERIA_ASSIGN_OR_RETURN(const Pairs pairs, matching.Run(partition));
  return Rows(*left, *right, pairs.left, pairs.right);
}

base::StatusOr<TablePtr> Join::Rows(const arrow::Table& left, const arrow::Table& right,
                                    const std::vector<int64_t>& left_rows,
                                    const std::vector<int64_t>& right_rows) const {
  arrow::ChunkedArrayVector columns;
  SOTERIA_RETURN_IF_ERROR(AppendTaken(left, left_rows, columns));
  if (kind_ == JoinKind::kExistence) {
    SOTERIA_ASSIGN_OR_RETURN(columns.emplace_back(), Exists(right_rows));
  } else if (!KeepsLeftRows()) {
    SOTERIA_RETURN_IF_ERROR(AppendTaken(right, right_rows, columns));
  }
  TablePtr rows = arrow::Table::Make(OutputSchema(*left.schema(), *right.schema()),
                                     std::move(columns), static_cast<int64_t>(left_rows.size()));
  if (kind_ != JoinKind::kIntersectAll && kind_ != JoinKind::kExceptAll) return rows;
  std::vector<int> all(static_cast<size_t>(rows->num_columns()));
  std::iota(all.begin(), all.end(), 0);
  return WithOneZero(rows, all);
}

}  // namespace soteria::exec
