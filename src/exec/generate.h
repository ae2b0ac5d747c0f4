// What makes several rows of one: generators (explode and its kin), the copies of a row that
// grouping sets and unpivot work over, and samples with replacement. Each is an Operator that goes
// row by row, whose columns count as made by it: a row that is there several times is one person
// still, which nothing above can see. Immutable and thread-safe.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/errors.h"
#include "src/base/status.h"
#include "src/exec/expression.h"
#include "src/exec/operator.h"

namespace soteria::base {
class FieldReader;
}

namespace soteria::exec {

/// Rows that one partition becomes.
inline constexpr int64_t kMadeRowsMax = int64_t{1} << 28;
/// Copies of each row; also of grouping sets.
inline constexpr size_t kExpandRowsMax = 4096;
/// Larger means of a sample with replacement are drawn by another method in Spark.
inline constexpr double kSampleMeanMax = 40;

inline constexpr base::Condition kGeneratorOutside = {"UNSUPPORTED_GENERATOR.OUTSIDE_SELECT",
                                                      base::exception_class::kAnalysis, "42K0E",
                                                      absl::StatusCode::kInvalidArgument};

/// UNSUPPORTED_GROUPING_EXPRESSION: there are no sets.
base::Status GroupingOutside();

struct Generator {
  enum class Kind : uint8_t { kExplode = 0, kPosExplode = 1, kInline = 2, kStack = 3 };
  Kind kind = Kind::kExplode;
  bool outer = false;  ///< a row for which there is none is kept, with nulls
  std::vector<ExprPtr> args;
};

/// In any case.
bool IsGenerator(std::string_view name);
std::vector<std::string_view> GeneratorNames();
/// The first call of one within the expression, itself included; null: there is none.
const Expr* FindGenerator(const Expr& e);
/// A call of a generator as one. WRONG_NUM_ARGS.
base::StatusOr<Generator> GeneratorOf(const Expr& call);
/// The columns that it makes, under their own names. DATATYPE_MISMATCH.
base::StatusOr<std::vector<std::shared_ptr<arrow::Field>>> GeneratorFields(
    const Generator& generator, const arrow::Schema& input);

/// The columns `kept`, then the generator's under `names`, which are as many as it makes.
OperatorPtr Generate(Generator generator, std::vector<int> kept, std::vector<std::string> names);

/// Each row once for each of `rows`, in turn: the expressions' values, as columns of `names`. All
/// rows have as many expressions, and expressions of one place one type.
OperatorPtr Expand(std::vector<std::vector<ExprPtr>> rows, std::vector<std::string> names);

/// Each row as often as the Poisson distribution of mean `fraction` draws it, as Spark's samples
/// with replacement.
OperatorPtr SampleAgain(double fraction, int64_t seed);

/// Whether a row may become many: by the kind of an operator, one of those here.
bool MakesRows(std::string_view kind);
/// Those of the operators here; kProtocol for another kind.
base::StatusOr<OperatorPtr> ReadRepeating(std::string_view kind, base::FieldReader& in);

}  // namespace soteria::exec
