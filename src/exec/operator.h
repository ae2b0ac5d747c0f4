// Narrow operators: table in, table out, over one partition, with a schema that is known
// beforehand. An operator encodes itself into canonical bytes (part of recipe digests), and comes
// back from bytes of any origin through DecodeOperator. Immutable and thread-safe.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/exec/expression.h"

namespace soteria::exec {

inline constexpr size_t kOperatorBytesMax = size_t{64} << 20;
inline constexpr size_t kOperatorColumnsMax = 100'000;
/// Rows of one partition of a range.
inline constexpr int64_t kRangeRowsMax = int64_t{1} << 28;

class Operator {
 public:
  /// Says how many bytes a result will take before it is made.
  using Admit = std::function<base::Status(uint64_t bytes)>;

  virtual ~Operator() = default;
  /// "exec.project", "exec.filter", ...
  virtual std::string_view kind() const = 0;
  virtual std::string Encode() const = 0;
  /// Analysis: errors of names and types surface here.
  virtual base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const = 0;
  virtual base::StatusOr<std::shared_ptr<arrow::Table>> Apply(std::shared_ptr<arrow::Table> table,
                                                              uint64_t partition) const = 0;
  /// The same by an operator whose result may be much larger than its input: it asks first.
  virtual base::StatusOr<std::shared_ptr<arrow::Table>> ApplyWithin(
      std::shared_ptr<arrow::Table> table, uint64_t partition, const Admit& admit) const;
  /// For each column of the output the column of the input whose values it has, unchanged, in every
  /// row that is left; -1 for one that the operator makes. One that may repeat a row makes all.
  virtual base::StatusOr<std::vector<int>> Passes(const arrow::Schema& input) const = 0;
};
using OperatorPtr = std::shared_ptr<const Operator>;

/// One whose result may be much larger than its input.
class AskingOperator : public Operator {
 public:
  /// Asks nobody.
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(std::shared_ptr<arrow::Table> table,
                                                      uint64_t partition) const final;
  base::StatusOr<std::shared_ptr<arrow::Table>> ApplyWithin(std::shared_ptr<arrow::Table> table,
                                                            uint64_t partition,
                                                            const Admit& admit) const override = 0;
};

/// kProtocol unless the bytes are exactly one operator of that kind.
base::StatusOr<OperatorPtr> DecodeOperator(std::string_view kind, std::string_view bytes);

struct NamedExpr {
  std::optional<std::string> name;  ///< none: AutoName(expr)
  ExprPtr expr;
  std::string metadata =
      {};  ///< Spark's metadata object as JSON; "": the column's own, if it is one
};

/// Its name, or the one that Spark would give.
std::string NameOf(const NamedExpr& column);

struct SortKey {
  ExprPtr expr;
  bool ascending = true;
  bool nulls_first = true;
};

OperatorPtr Project(std::vector<NamedExpr> columns);
OperatorPtr Filter(ExprPtr condition);
OperatorPtr LocalLimit(int64_t n);
/// All orderable columns ascending, nulls first, vectors as Spark orders their structs: the order
/// that DataFrame.randomSplit fixes.
OperatorPtr LocalSort();
OperatorPtr LocalSortBy(std::vector<SortKey> keys);
/// The first row of each that agree in these columns, as `<=>` has it.
OperatorPtr Distinct(std::vector<int> columns);
/// All rows but the first `rows`; the last `rows`.
OperatorPtr LocalOffset(int64_t rows);
OperatorPtr LocalTail(int64_t rows);
/// How many numbers there are from `start` on, `step` apart, before `end`.
uint64_t RangeRows(int64_t start, int64_t end, int64_t step);
/// For each row (first bigint, rows bigint) the `rows` numbers from `first` on, `step` apart, as
/// the column id. kMemoryLimit for more than kRangeRowsMax.
OperatorPtr ExpandRange(int64_t step);
/// The columns under these fields, which differ in names, in metadata and in what may be null.
OperatorPtr As(std::shared_ptr<arrow::Schema> schema);
/// Rows whose draw x from XORShiftRandom(seed + partition) has lower <= x < upper. With replacement
/// is refused by DecodeOperator and OutputSchema (kUnsupported).
OperatorPtr Sample(double lower, double upper, bool with_replacement, int64_t seed);

}  // namespace soteria::exec
