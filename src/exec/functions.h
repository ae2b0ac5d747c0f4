// The catalogue of functions by the names that PySpark Connect sends (case-insensitive): how many
// arguments, how Spark prints a call, and how a call is typed and bound. Internal to exec. To add a
// function: write a binder (and a kernel) in one of the *_functions.cc files, and a row in its
// table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/exec/bound.h"

namespace soteria::exec {

/// How Spark prints a call of the function in column names and error texts.
enum class Print {
  kCall,     ///< name(a, b)
  kInfix,    ///< (a name b)
  kPrefix,   ///< (name a)
  kPostfix,  ///< (a name)
  kSpecial,  ///< by code in pretty_name.cc
};

struct Function {
  const char* name;  ///< lower-case
  int args_min;
  int args_max;  ///< -1: any number
  const char* printed;
  Print print;
  base::StatusOr<BoundPtr> (*bind)(const Expr& e, std::vector<BoundPtr> args, BindContext& context);
  bool per_row_state = false;  ///< rand and the like
  bool takes_lambdas = false;  ///< the bound argument of a lambda is null
};

/// Every function, in no order.
std::vector<const Function*> AllFunctions();
/// nullptr when there is none.
const Function* FindFunction(std::string_view name);

// One table a file.
std::span<const Function> ArithmeticFunctions();
std::span<const Function> CompareFunctions();
std::span<const Function> LogicFunctions();
std::span<const Function> MathFunctions();
std::span<const Function> StringFunctions();
std::span<const Function> NestedFunctions();
std::span<const Function> StructFunctions();
std::span<const Function> RowFunctions();
std::span<const Function> CastFunctions();
std::span<const Function> HigherOrderFunctions();
std::span<const Function> ClockFunctions();
std::span<const Function> DateFunctions();
std::span<const Function> DateTextFunctions();
std::span<const Function> TimeFunctions();
std::span<const Function> IntervalFunctions();
std::span<const Function> TextFunctions();
std::span<const Function> TextFormatFunctions();
std::span<const Function> PatternFunctions();
std::span<const Function> DigestFunctions();
std::span<const Function> ArrayFunctions();
std::span<const Function> ArrayOrderFunctions();
std::span<const Function> BitFunctions();
std::span<const Function> MapFunctions();
std::span<const Function> MapLambdaFunctions();
std::span<const Function> JsonFunctions();
std::span<const Function> JsonPathFunctions();
std::span<const Function> CsvFunctions();
std::span<const Function> NumberTextFunctions();
std::span<const Function> VectorFunctions();
std::span<const Function> DrawnFunctions();
std::span<const Function> CodeFunctions();
std::span<const Function> SimilarityFunctions();
std::span<const Function> UrlFunctions();
std::span<const Function> BitmapFunctions();
std::span<const Function> CipherFunctions();

/// WRONG_NUM_ARGS; `most` -1 is any number.
base::Status WrongNumberOfArguments(std::string_view name, int least, int most, int count);

/// int(x), string(x) ...: printed as their argument.
bool IsCastFunction(const Function& function);

// Binders that functions of several types share.
base::StatusOr<BoundPtr> BindReverseText(const Expr& e, std::vector<BoundPtr> args,
                                         BindContext& context);
base::StatusOr<BoundPtr> BindConcatArrays(const Expr& e, std::vector<BoundPtr> args);
/// trim(characters, text), ltrim, rtrim.
base::StatusOr<BoundPtr> BindTrimOf(const Expr& e, std::vector<BoundPtr> args, bool left,
                                    bool right, BindContext& context);

/// Text of a literal as Spark prints it.
std::string LiteralText(const arrow::Scalar& scalar, const std::string& udt,
                        const table::TimeZone& zone = {});

}  // namespace soteria::exec
