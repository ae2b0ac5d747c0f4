// Functions of strings. Lengths and positions count code points, as Spark's do.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/catalogue.h"
#include "src/exec/characters.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/table/case.h"
#include "src/table/text_value.h"
#include "src/table/types.h"
#include "src/table/valid_text.h"

namespace soteria::exec {
namespace {

using arrow::Type;

std::string_view Cell(const arrow::Array& array, int64_t i) {
  return static_cast<const arrow::BinaryArray&>(array).GetView(i);
}

/// f(i) -> string or view, for rows where all arguments have a value.
template <class F>
base::StatusOr<ArrayPtr> Strings(const ArrayList& args, int64_t rows, F f) {
  SOTERIA_ASSIGN_OR_RETURN(const Validity validity, AllValid(args, rows));
  arrow::StringBuilder builder;
  for (int64_t i = 0; i < rows; ++i) {
    if (validity.IsNull(i)) {
      SOTERIA_ARROW_RETURN(builder.AppendNull());
    } else {
      SOTERIA_ARROW_RETURN(builder.Append(f(i)));
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder.Finish());
  return out;
}

template <class F>
base::StatusOr<ArrayPtr> Tests(const ArrayList& args, int64_t rows, F f) {
  SOTERIA_ASSIGN_OR_RETURN(const Validity validity, AllValid(args, rows));
  std::vector<int8_t> result(static_cast<size_t>(rows), -1);
  for (int64_t i = 0; i < rows; ++i) {
    if (!validity.IsNull(i)) result[static_cast<size_t>(i)] = static_cast<int8_t>(f(i));
  }
  return MakeBools(result);
}

base::StatusOr<ArrayPtr> Length(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid(args, rows));
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<int32_t>::Make(rows));
  const bool bytes = args[0]->type_id() == Type::BINARY;
  for (int64_t i = 0; i < rows; ++i) {
    const std::string_view cell = validity.IsNull(i) ? std::string_view() : Cell(*args[0], i);
    out.data()[i] =
        static_cast<int32_t>(bytes ? static_cast<int64_t>(cell.size()) : CountCharacters(cell));
  }
  return out.Finish(node.field->type(), std::move(validity));
}

template <std::string (*kMap)(std::string_view)>
base::StatusOr<ArrayPtr> Cased(const Bound& /*node*/, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr valid, table::WithValidText(args[0]));
  return Strings(args, rows, [&](int64_t i) { return kMap(Cell(*valid, i)); });
}

base::StatusOr<ArrayPtr> Concat(const Bound& /*node*/, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  return Strings(args, rows, [&](int64_t i) {
    std::string text;
    for (const ArrayPtr& arg : args) text += Cell(*arg, i);
    return text;
  });
}

/// substr(text, position from 1 or from the end, [length])
base::StatusOr<ArrayPtr> Substring(const Bound& /*node*/, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  return Strings(args, rows, [&](int64_t i) -> std::string_view {
    const std::string_view text = Cell(*args[0], i);
    const int64_t position = Values<int32_t>(*args[1])[i];
    const int64_t length = args.size() > 2 ? Values<int32_t>(*args[2])[i] : INT32_MAX;
    const int64_t count = CountCharacters(text);
    const int64_t start = position > 0 ? position - 1 : position < 0 ? count + position : 0;
    const int64_t end = std::min(count, start + length);
    const int64_t from = std::max<int64_t>(0, start);
    if (from >= end) return {};
    const size_t first = OffsetOf(text, from);
    return text.substr(first, OffsetOf(text, end) - first);
  });
}

/// Spaces only, as Spark's trim.
template <bool kLeft, bool kRight>
base::StatusOr<ArrayPtr> TrimSpaces(const Bound& /*node*/, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  return Strings(args, rows, [&](int64_t i) {
    std::string_view text = Cell(*args[0], i);
    while (kLeft && text.starts_with(' ')) text.remove_prefix(1);
    while (kRight && text.ends_with(' ')) text.remove_suffix(1);
    return text;
  });
}

base::StatusOr<ArrayPtr> Contains(const Bound& /*node*/, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  return Tests(args, rows, [&](int64_t i) {
    return Cell(*args[0], i).find(Cell(*args[1], i)) != std::string_view::npos;
  });
}

base::StatusOr<ArrayPtr> StartsWith(const Bound& /*node*/, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  return Tests(args, rows,
               [&](int64_t i) { return Cell(*args[0], i).starts_with(Cell(*args[1], i)); });
}

base::StatusOr<ArrayPtr> EndsWith(const Bound& /*node*/, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  return Tests(args, rows,
               [&](int64_t i) { return Cell(*args[0], i).ends_with(Cell(*args[1], i)); });
}

constexpr std::string_view kBackslash = "\\";

/// SQL's LIKE, in time proportional to text times pattern. What the escape is goes before what a
/// wildcard is.
bool Like(std::string_view text, std::string_view pattern, std::string_view escape) {
  size_t t = 0;
  size_t p = 0;
  size_t star = std::string_view::npos;
  size_t resume = 0;
  while (t < text.size()) {
    const bool escaped = pattern.substr(p).starts_with(escape);
    const char here = p < pattern.size() ? pattern[p] : '\0';
    if (!escaped && here == '%') {
      star = p++;
      resume = t;
      continue;
    }
    if (!escaped && here == '_') {
      t = std::min(text.size(), t + table::CharacterBytes(text[t]));
      ++p;
      continue;
    }
    const size_t literal = escaped ? p + escape.size() : p;
    if (literal < pattern.size() && pattern[literal] == text[t]) {
      ++t;
      p = literal + 1;
      continue;
    }
    if (star == std::string_view::npos) return false;
    t = ++resume;
    p = star + 1;
  }
  while (pattern.substr(p).starts_with('%') && !pattern.substr(p).starts_with(escape)) ++p;
  return p == pattern.size();
}

/// An escape stands before a wildcard or another one, nowhere else.
base::Status CheckPattern(std::string_view pattern, std::string_view escape) {
  for (size_t i = 0; i < pattern.size();) {
    if (!pattern.substr(i).starts_with(escape)) {
      ++i;
      continue;
    }
    i += escape.size();
    const std::string_view rest = pattern.substr(i);
    if (rest.empty()) {
      return base::FailQuotingData(
          kEscapeAtTheEnd, base::Cat("The format is invalid: '", pattern,
                                     "'. The escape character is not allowed to end with."));
    }
    const size_t bytes = std::min(rest.size(), table::CharacterBytes(rest[0]));
    if (rest[0] != '%' && rest[0] != '_' && !rest.starts_with(escape)) {
      return base::FailQuotingData(kEscapeInTheMiddle,
                                   base::Cat("The format is invalid: '", pattern,
                                             "'. The escape character is not allowed to precede '",
                                             rest.substr(0, bytes), "'."));
    }
    i += bytes;
  }
  return base::OkStatus();
}

/// like(text, pattern, [escape])
base::StatusOr<ArrayPtr> LikeKernel(const Bound& /*node*/, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  const auto escape = [&](int64_t i) { return args.size() > 2 ? Cell(*args[2], i) : kBackslash; };
  for (int64_t i = 0; i < rows; ++i) {
    if (args[0]->IsNull(i) || args[1]->IsNull(i)) continue;
    SOTERIA_RETURN_IF_ERROR(CheckPattern(Cell(*args[1], i), escape(i)));
  }
  return Tests(args, rows,
               [&](int64_t i) { return Like(Cell(*args[0], i), Cell(*args[1], i), escape(i)); });
}

/// Whether the text is like some of the patterns, or unlike some of them, or so with all.
template <bool kAll, bool kNot>
base::StatusOr<ArrayPtr> LikesKernel(const Bound& /*node*/, const ArrayList& args, int64_t rows,
                                     EvalState& /*state*/) {
  for (int64_t i = 0; i < rows; ++i) {
    if (args[0]->IsNull(i)) continue;
    for (size_t k = 1; k < args.size(); ++k) {
      SOTERIA_RETURN_IF_ERROR(CheckPattern(Cell(*args[k], i), kBackslash));
    }
  }
  return Tests(args, rows, [&](int64_t i) {
    const auto holds = [&](const ArrayPtr& pattern) {
      return Like(Cell(*args[0], i), Cell(*pattern, i), kBackslash) != kNot;
    };
    return kAll ? std::all_of(args.begin() + 1, args.end(), holds)
                : std::any_of(args.begin() + 1, args.end(), holds);
  });
}

// ---- binders ------------------------------------------------------------------------------------

bool AnyNullable(const std::vector<BoundPtr>& args) {
  return std::any_of(args.begin(), args.end(),
                     [](const BoundPtr& arg) { return arg->field->nullable(); });
}

/// The first kStrings arguments as strings, the rest as int.
template <Kernel kKernel, Type::type kResult, int kStrings>
base::StatusOr<BoundPtr> BindText(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  if (kKernel == Substring && args[0]->field->type()->id() == Type::BINARY) {
    return base::NotSupported(base::Cat("The function ", e.name, "() of bytes"),
                              "a cast to string");
  }
  for (size_t i = 0; i < args.size(); ++i) {
    const bool text = i < static_cast<size_t>(kStrings);
    SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, i, text ? arrow::utf8() : arrow::int32(),
                                           text ? "\"STRING\"" : "\"INT\""));
  }
  const TypePtr type = kResult == Type::STRING ? arrow::utf8() : arrow::boolean();
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), type, nullable, std::move(args));
  node->kernel = kKernel;
  return node;
}

/// One character of Java's.
bool IsEscape(const Expr& e) {
  if (e.kind != Expr::Kind::kLiteral || e.literal->type->id() != Type::STRING) return false;
  if (!e.literal->is_valid) return false;
  const auto text = static_cast<const arrow::StringScalar&>(*e.literal).view();
  return !text.empty() && text.size() < 4 && table::CharacterBytes(text[0]) == text.size();
}

base::StatusOr<BoundPtr> BindLike(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  if (args.size() > 2 && !IsEscape(*e.args[2])) {
    return base::Fail(kInvalidEscape,
                      base::Cat("`EscapeChar` should be a string literal of length one, but got \"",
                                PrettyName(*e.args[2]), "\"."));
  }
  for (size_t i = 0; i < 2; ++i) {
    SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, i, arrow::utf8(), "\"STRING\""));
  }
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), arrow::boolean(), nullable, std::move(args));
  node->kernel = LikeKernel;
  node->careful = true;
  return node;
}

template <bool kAll, bool kNot>
base::StatusOr<BoundPtr> BindLikes(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& /*context*/) {
  for (size_t i = 0; i < args.size(); ++i) {
    SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, i, arrow::utf8(), "\"STRING\""));
  }
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), arrow::boolean(), nullable, std::move(args));
  node->kernel = LikesKernel<kAll, kNot>;
  node->careful = true;
  return node;
}

base::StatusOr<BoundPtr> BindLength(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& /*context*/) {
  if (args[0]->field->type()->id() != Type::BINARY) {
    SOTERIA_RETURN_IF_ERROR(
        CoerceArgument(e, args, 0, arrow::utf8(), "(\"STRING\" or \"BINARY\")"));
  }
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), arrow::int32(), nullable, std::move(args));
  node->kernel = Length;
  return node;
}

base::StatusOr<BoundPtr> BindConcat(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& /*context*/) {
  const auto all = [&](Type::type id) {
    return !args.empty() && std::all_of(args.begin(), args.end(), [&](const BoundPtr& arg) {
      return arg->field->type()->id() == id && table::UdtOf(*arg->field).empty();
    });
  };
  if (all(Type::LIST)) return BindConcatArrays(e, std::move(args));
  if (all(Type::BINARY)) return base::NotSupported("The function concat() of bytes");
  for (size_t i = 0; i < args.size(); ++i) {
    SOTERIA_RETURN_IF_ERROR(
        CoerceArgument(e, args, i, arrow::utf8(), "(\"STRING\" or \"BINARY\" or \"ARRAY\")"));
  }
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), arrow::utf8(), nullable, std::move(args));
  node->kernel = Concat;
  node->null_stops = false;
  return node;
}

/// trim(text), or trim(characters, text).
template <bool kLeft, bool kRight>
base::StatusOr<BoundPtr> BindTrim(const Expr& e, std::vector<BoundPtr> args, BindContext& context) {
  if (args.size() > 1) return BindTrimOf(e, std::move(args), kLeft, kRight, context);
  return BindText<TrimSpaces<kLeft, kRight>, Type::STRING, 1>(e, std::move(args), context);
}

constexpr Function kFunctions[] = {
    {"length", 1, 1, "length", Print::kCall, BindLength},
    {"char_length", 1, 1, "char_length", Print::kCall, BindLength},
    {"character_length", 1, 1, "character_length", Print::kCall, BindLength},
    {"len", 1, 1, "len", Print::kCall, BindLength},
    {"upper", 1, 1, "upper", Print::kCall, BindText<Cased<table::UpperCase>, Type::STRING, 1>},
    {"ucase", 1, 1, "ucase", Print::kCall, BindText<Cased<table::UpperCase>, Type::STRING, 1>},
    {"lower", 1, 1, "lower", Print::kCall, BindText<Cased<table::LowerCase>, Type::STRING, 1>},
    {"lcase", 1, 1, "lcase", Print::kCall, BindText<Cased<table::LowerCase>, Type::STRING, 1>},
    {"concat", 0, -1, "concat", Print::kCall, BindConcat},
    {"substr", 2, 3, "substr", Print::kSpecial, BindText<Substring, Type::STRING, 1>},
    {"substring", 2, 3, "substring", Print::kSpecial, BindText<Substring, Type::STRING, 1>},
    {"trim", 1, 2, "trim", Print::kSpecial, BindTrim<true, true>},
    {"ltrim", 1, 2, "ltrim", Print::kSpecial, BindTrim<true, false>},
    {"rtrim", 1, 2, "rtrim", Print::kSpecial, BindTrim<false, true>},
    {"contains", 2, 2, "contains", Print::kCall, BindText<Contains, Type::BOOL, 2>},
    {"startswith", 2, 2, "startswith", Print::kCall, BindText<StartsWith, Type::BOOL, 2>},
    {"endswith", 2, 2, "endswith", Print::kCall, BindText<EndsWith, Type::BOOL, 2>},
    {"like", 2, 3, "like", Print::kSpecial, BindLike},
    {kLikeAll.data(), 2, -1, "likeall", Print::kSpecial, BindLikes<true, false>},
    {kLikeAny.data(), 2, -1, "likeany", Print::kSpecial, BindLikes<false, false>},
    {kNotLikeAll.data(), 2, -1, "notlikeall", Print::kSpecial, BindLikes<true, true>},
    {kNotLikeAny.data(), 2, -1, "notlikeany", Print::kSpecial, BindLikes<false, true>},
};

}  // namespace

std::span<const Function> StringFunctions() { return kFunctions; }

}  // namespace soteria::exec
