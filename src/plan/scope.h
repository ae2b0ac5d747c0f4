// What the expressions of one node may name: the columns of its input, by Spark's rules. A name is
// looked up among the input's columns (`t.a` by qualifier first, then as field a of column t); a
// reference to a DataFrame's column (`df.a`) is looked up in the plan of that DataFrame, which must
// be part of the input, and stands for what became of that very column, not for one of its name.
//
// filter and sort may name what a select below has dropped: such a column is added to the plan
// below, and Input() has it behind the input's own columns. A Scope belongs to one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/base/status.h"
#include "src/exec/expression.h"
#include "src/plan/logical.h"

namespace soteria::plan {

/// A DataFrame's column where that DataFrame is no part of the input.
inline constexpr base::Condition kNoDataFrameColumn = {"CANNOT_RESOLVE_DATAFRAME_COLUMN",
                                                       base::exception_class::kAnalysis, "42704",
                                                       absl::StatusCode::kInvalidArgument};

class Scope {
 public:
  enum class Missing : uint8_t { kRefuse, kAdd };

  explicit Scope(PlanPtr input, Missing missing = Missing::kRefuse)
      : input_(std::move(input)), missing_(missing) {}

  using Name = std::vector<std::string>;  // the parts of a name: a column's, then fields'

  /// The column that is meant. kUnresolvedColumn, AMBIGUOUS_REFERENCE; of a DataFrame's column
  /// (`tag`) CANNOT_RESOLVE_DATAFRAME_COLUMN.
  base::StatusOr<exec::ExprPtr> Resolve(const Name& name,
                                        std::optional<int64_t> tag = std::nullopt);
  /// Is there a column of that name? Never adds one. AMBIGUOUS_REFERENCE, and for a tag that is no
  /// part of the input CANNOT_RESOLVE_DATAFRAME_COLUMN.
  base::StatusOr<std::optional<int>> Find(const Name& name,
                                          std::optional<int64_t> tag = std::nullopt) const;
  /// Every column: of the input, of those qualified by `qualifier`, or of a DataFrame (`tag`).
  /// Also the fields of a struct: `s.*`.
  base::StatusOr<std::vector<exec::ExprPtr>> Star(const Name& qualifier,
                                                  std::optional<int64_t> tag) const;

  /// A name that an earlier column of the same list gives: Spark takes it for that column.
  void Define(const std::string& name) { defined_.push_back(name); }
  /// df.metadataColumn: no table here has metadata columns.
  static base::Status NoMetadata(const Name& name);

  /// The input with the columns that Resolve added at its end.
  base::StatusOr<PlanPtr> Input(Builder& builder) const;
  bool added() const { return !added_.empty(); }
  const Plan& plan() const { return *input_; }

 private:
  base::StatusOr<exec::ExprPtr> Gone(const Name& name);
  std::optional<int> Add(ColumnId id);

  PlanPtr input_;
  Missing missing_;
  std::vector<ColumnId> added_;
  std::vector<std::string> defined_;
};

/// The input's column at that place as an expression.
exec::ExprPtr ColumnAt(const Plan& plan, int ordinal);

}  // namespace soteria::plan
