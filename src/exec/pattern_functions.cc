// Functions of Java's regular expressions, and ilike.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/exec/map_calls.h"
#include "src/table/case.h"
#include "src/table/java_pattern.h"
#include "src/table/map_type.h"
#include "src/table/types.h"
#include "src/table/valid_text.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using Text = arrow::StringBuilder;
using table::JavaPattern;
using table::PatternSpan;

constexpr base::Condition kPattern = {"INVALID_PARAMETER_VALUE.PATTERN",
                                      base::exception_class::kSparkRuntime, "22023",
                                      absl::StatusCode::kInvalidArgument};
constexpr base::Condition kJavaPattern = {"_LEGACY_ERROR_TEMP",
                                          base::exception_class::kIllegalArgument, "",
                                          absl::StatusCode::kInvalidArgument};
constexpr base::Condition kGroupIndex = {"INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX",
                                         base::exception_class::kSparkRuntime, "22023",
                                         absl::StatusCode::kInvalidArgument};

/// The pattern of the row, compiled once while it stays the same; and a text checked against it.
class Patterns {
 public:
  explicit Patterns(std::string who) : who_(std::move(who)) {}

  base::StatusOr<const JavaPattern*> For(std::string_view pattern, std::string_view text) {
    if (compiled_ == nullptr || pattern != last_) {
      auto compiled = JavaPattern::Compile(
          pattern, {.who = base::Cat("The function ", who_, "()"), .groups = true});
      if (!compiled.ok() && !base::Is(compiled.status(), base::kUnsupported)) {
        if (who_ == "str_to_map") {  // Java's own error
          return base::FailQuotingData(kJavaPattern, base::Cat("Not a pattern: '", pattern, "'"));
        }
        return base::FailQuotingData(kPattern, base::Cat("The value of parameter(s) `regexp` in `",
                                                         who_, "` is invalid: '", pattern, "'."));
      }
      if (!compiled.ok()) return compiled.status();
      compiled_ = *std::move(compiled);
      last_ = pattern;
    }
    SOTERIA_RETURN_IF_ERROR(compiled_->CheckText(text));
    return compiled_.get();
  }
  base::Status CheckGroup(int32_t group) const {
    if (group >= 0 && group <= compiled_->groups()) return base::OkStatus();
    return base::FailQuotingData(kGroupIndex,
                                 base::Cat("The value of parameter(s) `idx` in `", who_,
                                           "` is invalid: Expects group index between 0 and ",
                                           compiled_->groups(), ", but got ", group, "."));
  }

 private:
  std::string who_;
  std::string last_;
  std::shared_ptr<const JavaPattern> compiled_;
};

std::string_view Part(std::string_view text, const PatternSpan& span) {
  return span.matched ? text.substr(span.begin, span.end - span.begin) : std::string_view();
}

base::StatusOr<ArrayPtr> Matches(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr texts, table::WithValidText(args[0]));
  Patterns patterns("rlike");
  std::vector<PatternSpan> spans;
  return Each<arrow::BooleanBuilder>(node, args, rows, [&](int64_t i) -> base::StatusOr<bool> {
    const std::string_view text = TextAt(*texts, i);
    SOTERIA_ASSIGN_OR_RETURN(const JavaPattern* pattern, patterns.For(TextAt(*args[1], i), text));
    return pattern->Find(text, 0, spans);
  });
}

/// node.number: the group when no argument says it.
base::StatusOr<ArrayPtr> Extract(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr texts, table::WithValidText(args[0]));
  Patterns patterns("regexp_extract");
  std::vector<PatternSpan> spans;
  return Each<Text>(node, args, rows, [&](int64_t i) -> base::StatusOr<std::string> {
    const std::string_view text = TextAt(*texts, i);
    const int32_t group = args.size() > 2 ? IntAt(*args[2], i) : 1;
    SOTERIA_ASSIGN_OR_RETURN(const JavaPattern* pattern, patterns.For(TextAt(*args[1], i), text));
    SOTERIA_RETURN_IF_ERROR(patterns.CheckGroup(group));
    if (!pattern->Find(text, 0, spans)) return std::string();
    return std::string(Part(text, spans[static_cast<size_t>(group)]));
  });
}

/// f(i, add): calls `add` for each element of the row's list.
template <class F>
base::StatusOr<ArrayPtr> Lists(const Bound& node, const ArrayList& args, int64_t rows, F f) {
  SOTERIA_ASSIGN_OR_RETURN(const Validity validity, AllValid(args, rows));
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(node.field->type()));
  auto& list = static_cast<arrow::ListBuilder&>(*builder);
  auto& values = static_cast<Text&>(*list.value_builder());
  for (int64_t i = 0; i < rows; ++i) {
    if (validity.IsNull(i)) {
      SOTERIA_ARROW_RETURN(list.AppendNull());
      continue;
    }
    SOTERIA_ARROW_RETURN(list.Append());
    SOTERIA_RETURN_IF_ERROR(f(i, [&](std::string_view text) -> base::Status {
      SOTERIA_ARROW_RETURN(values.Append(text));
      return base::OkStatus();
    }));
    if (values.value_data_length() > kMadeColumnBytesMax) return TooLong(node.field->name());
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder->Finish());
  return out;
}

base::StatusOr<ArrayPtr> ExtractAll(const Bound& node, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr texts, table::WithValidText(args[0]));
  Patterns patterns("regexp_extract_all");
  std::vector<PatternSpan> spans;
  return Lists(node, args, rows, [&](int64_t i, auto add) -> base::Status {
    const std::string_view text = TextAt(*texts, i);
    const int32_t group = args.size() > 2 ? IntAt(*args[2], i) : 1;
    SOTERIA_ASSIGN_OR_RETURN(const JavaPattern* pattern, patterns.For(TextAt(*args[1], i), text));
    SOTERIA_RETURN_IF_ERROR(patterns.CheckGroup(group));
    for (size_t from = 0; pattern->Find(text, from, spans);) {
      SOTERIA_RETURN_IF_ERROR(add(Part(text, spans[static_cast<size_t>(group)])));
      from = JavaPattern::After(text, spans[0]);
    }
    return base::OkStatus();
  });
}

/// Java's replacement: $n and ${name} are groups, a backslash quotes.
base::Status AddReplacement(std::string_view by, std::string_view text,
                            const std::vector<PatternSpan>& spans, std::string& out) {
  const auto bad = [](std::string what) {
    return base::FailQuotingData({"_LEGACY_ERROR_TEMP", base::exception_class::kIllegalArgument, "",
                                  absl::StatusCode::kInvalidArgument},
                                 std::move(what));
  };
  for (size_t k = 0; k < by.size(); ++k) {
    if (by[k] == '\\') {
      if (++k == by.size()) return bad("character to be escaped is missing");
      out += by[k];
      continue;
    }
    if (by[k] != '$') {
      out += by[k];
      continue;
    }
    if (++k == by.size()) return bad("Illegal group reference: group index is missing");
    if (by[k] == '{') return base::NotSupported("regexp_replace() with a named group");
    if (by[k] < '0' || by[k] > '9') return bad("Illegal group reference");
    auto group = static_cast<size_t>(by[k] - '0');
    if (group >= spans.size()) {
      return base::FailQuotingData({"_LEGACY_ERROR_TEMP", "java.lang.IndexOutOfBoundsException", "",
                                    absl::StatusCode::kInvalidArgument},
                                   base::Cat("No group ", group));
    }
    while (k + 1 < by.size() && by[k + 1] >= '0' && by[k + 1] <= '9') {
      const size_t more = group * 10 + static_cast<size_t>(by[k + 1] - '0');
      if (more >= spans.size()) break;
      group = more;
      ++k;
    }
    out += Part(text, spans[group]);
  }
  return base::OkStatus();
}

base::StatusOr<ArrayPtr> RegexpReplace(const Bound& node, const ArrayList& args, int64_t rows,
                                       EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr texts, table::WithValidText(args[0]));
  Patterns patterns("regexp_replace");
  std::vector<PatternSpan> spans;
  return Each<Text>(node, args, rows, [&](int64_t i) -> base::StatusOr<std::string> {
    const std::string_view text = TextAt(*texts, i);
    const std::string_view by = TextAt(*args[2], i);
    SOTERIA_ASSIGN_OR_RETURN(const JavaPattern* pattern, patterns.For(TextAt(*args[1], i), text));
    // Positions count Java's characters.
    int64_t skip = args.size() > 3 ? IntAt(*args[3], i) - 1 : 0;
    size_t from = 0;
    if (skip > 0 && skip >= static_cast<int64_t>(table::JavaLength(text))) {
      return std::string(text);
    }
    while (skip > 0 && from < text.size()) {
      const size_t size = table::CharacterBytes(text[from]);
      skip -= size == 4 ? 2 : 1;
      from += size;
    }
    std::string out(text.substr(0, from));
    size_t done = from;
    while (pattern->Find(text, from, spans)) {
      out += text.substr(done, spans[0].begin - done);
      SOTERIA_RETURN_IF_ERROR(AddReplacement(by, text, spans, out));
      done = spans[0].end;
      from = JavaPattern::After(text, spans[0]);
      if (static_cast<int64_t>(out.size()) > kMadeCellBytesMax) return TooLong("regexp_replace");
    }
    out += text.substr(done);
    return out;
  });
}

base::StatusOr<ArrayPtr> CountMatches(const Bound& node, const ArrayList& args, int64_t rows,
                                      EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr texts, table::WithValidText(args[0]));
  Patterns patterns("regexp_count");
  std::vector<PatternSpan> spans;
  return Each<arrow::Int32Builder>(node, args, rows, [&](int64_t i) -> base::StatusOr<int32_t> {
    const std::string_view text = TextAt(*texts, i);
    SOTERIA_ASSIGN_OR_RETURN(const JavaPattern* pattern, patterns.For(TextAt(*args[1], i), text));
    int32_t count = 0;
    for (size_t from = 0; pattern->Find(text, from, spans); ++count) {
      from = JavaPattern::After(text, spans[0]);
    }
    return count;
  });
}

base::StatusOr<ArrayPtr> Substr(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  using Result = std::optional<std::string>;
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr texts, table::WithValidText(args[0]));
  Patterns patterns("regexp_substr");
  std::vector<PatternSpan> spans;
  return Each<Text>(node, args, rows, [&](int64_t i) -> base::StatusOr<Result> {
    const std::string_view text = TextAt(*texts, i);
    SOTERIA_ASSIGN_OR_RETURN(const JavaPattern* pattern, patterns.For(TextAt(*args[1], i), text));
    if (!pattern->Find(text, 0, spans)) return Result();
    // It is nullif(regexp_extract(...), '').
    const std::string_view found = Part(text, spans[0]);
    return found.empty() ? Result() : Result(found);
  });
}

base::StatusOr<ArrayPtr> RegexpInstr(const Bound& node, const ArrayList& args, int64_t rows,
                                     EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr texts, table::WithValidText(args[0]));
  Patterns patterns("regexp_instr");
  std::vector<PatternSpan> spans;
  return Each<arrow::Int32Builder>(node, args, rows, [&](int64_t i) -> base::StatusOr<int32_t> {
    const std::string_view text = TextAt(*texts, i);
    SOTERIA_ASSIGN_OR_RETURN(const JavaPattern* pattern, patterns.For(TextAt(*args[1], i), text));
    if (!pattern->Find(text, 0, spans)) return 0;
    return static_cast<int32_t>(table::JavaLength(text.substr(0, spans[0].begin))) + 1;
  });
}

/// What is between the matches, at most `left` parts.
template <class Add>
base::Status EachPart(std::string_view text, std::string_view regex, int64_t left,
                      Patterns& patterns, std::vector<PatternSpan>& spans, Add add) {
  if (regex.empty() && !text.empty()) {
    size_t at = 0;
    while (at < text.size()) {
      const size_t to =
          --left == 0 ? text.size() : std::min(text.size(), at + table::CharacterBytes(text[at]));
      SOTERIA_RETURN_IF_ERROR(add(text.substr(at, to - at)));
      at = to;
    }
    return base::OkStatus();
  }
  SOTERIA_ASSIGN_OR_RETURN(const JavaPattern* pattern, patterns.For(regex, text));
  size_t done = 0;
  for (size_t from = 0; left > 1 && pattern->Find(text, from, spans);) {
    from = JavaPattern::After(text, spans[0]);
    // No empty text before an empty match at the beginning.
    if (spans[0].begin == 0 && spans[0].end == 0) continue;
    SOTERIA_RETURN_IF_ERROR(add(text.substr(done, spans[0].begin - done)));
    done = spans[0].end;
    --left;
  }
  return add(text.substr(done));
}

/// split(text, pattern, limit): at most `limit` parts when it is positive.
base::StatusOr<ArrayPtr> SplitText(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr texts, table::WithValidText(args[0]));
  Patterns patterns("split");
  std::vector<PatternSpan> spans;
  return Lists(node, args, rows, [&](int64_t i, auto add) -> base::Status {
    const int64_t limit = args.size() > 2 ? IntAt(*args[2], i) : -1;
    return EachPart(TextAt(*texts, i), TextAt(*args[1], i), limit <= 0 ? INT64_MAX : limit,
                    patterns, spans, add);
  });
}

/// The parts of a text, each a key and, behind the first match of the other pattern, its value.
base::StatusOr<ArrayPtr> TextToMap(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr texts, table::WithValidText(args[0]));
  Patterns between("str_to_map");
  Patterns within("str_to_map");
  std::vector<PatternSpan> spans;
  return MakeMaps(node, args, rows, [&](int64_t i, MapMaker& out) -> base::Status {
    Text keys;
    Text values;
    std::vector<std::string_view> pair;
    std::vector<std::string_view> parts;
    const auto keep = [](std::vector<std::string_view>& to) {
      return [&to](std::string_view part) {
        to.push_back(part);
        return base::OkStatus();
      };
    };
    SOTERIA_RETURN_IF_ERROR(
        EachPart(TextAt(*texts, i), TextAt(*args[1], i), INT64_MAX, between, spans, keep(parts)));
    for (const std::string_view part : parts) {
      pair.clear();
      SOTERIA_RETURN_IF_ERROR(EachPart(part, TextAt(*args[2], i), 2, within, spans, keep(pair)));
      SOTERIA_ARROW_RETURN(keys.Append(pair.empty() ? "" : pair[0]));
      SOTERIA_ARROW_RETURN(pair.size() > 1 ? values.Append(pair[1]) : values.AppendNull());
    }
    SOTERIA_ARROW_ASSIGN(const ArrayPtr its_keys, keys.Finish());
    SOTERIA_ARROW_ASSIGN(const ArrayPtr its_values, values.Finish());
    for (int64_t k = 0; k < its_keys->length(); ++k) {
      SOTERIA_RETURN_IF_ERROR(out.Add(*its_keys, k, *its_values, k));
    }
    return base::OkStatus();
  });
}

base::StatusOr<BoundPtr> BindLists(const Expr& e, std::vector<BoundPtr> args, Kernel kernel) {
  for (size_t i = 0; i < args.size(); ++i) {
    SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, i, i < 2 ? 's' : 'i'));
  }
  const bool nullable = AnyNullable(args);
  // Of a text's parts none is null; Spark says so of split alone.
  const bool elements = kernel == ExtractAll;
  auto node =
      MakeCall(PrettyName(e), table::ListOf(arrow::utf8(), elements), nullable, std::move(args));
  node->kernel = kernel;
  node->careful = true;
  return node;
}

template <Kernel kKernel>
base::StatusOr<BoundPtr> BindList(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  return BindLists(e, std::move(args), kKernel);
}

/// ilike(a, b, [escape]) is: lower(a) like lower(b).
base::StatusOr<BoundPtr> BindILike(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& context) {
  for (size_t i = 0; i < 2; ++i) SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, i, 's'));
  std::vector<BoundPtr> lower;
  for (size_t i = 0; i < 2; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(
        lower.emplace_back(),
        FindFunction("lower")->bind(*Call("lower", {e.args[i]}), {args[i]}, context));
  }
  if (args.size() > 2) lower.push_back(args[2]);
  SOTERIA_ASSIGN_OR_RETURN(const BoundPtr bound,
                           FindFunction("like")->bind(e, std::move(lower), context));
  return bound;
}

/// str_to_map(text, [between pairs, [between key and value]]): of texts only.
base::StatusOr<BoundPtr> BindTextToMap(const Expr& e, std::vector<BoundPtr> args,
                                       BindContext& /*context*/) {
  for (const char* const pattern : {",", ":"}) {
    auto literal = std::make_shared<Bound>();
    literal->literal = std::make_shared<arrow::StringScalar>(pattern);
    literal->field = arrow::field(pattern, arrow::utf8(), false);
    const size_t place = pattern[0] == ',' ? 1 : 2;
    if (args.size() == place) args.push_back(std::move(literal));
  }
  for (size_t i = 0; i < args.size(); ++i) {
    const Type::type id = args[i]->field->type()->id();
    if (id != Type::STRING && id != Type::NA) {
      return UnexpectedType(e, i, "\"STRING\"", *e.args[i], *args[i]->field);
    }
    SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, i, 's'));
  }
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), table::MapOf(arrow::utf8(), arrow::utf8()), nullable,
                       std::move(args));
  node->kernel = TextToMap;
  node->careful = true;
  return BoundPtr(std::move(node));
}

constexpr Function kFunctions[] = {
    {"str_to_map", 1, 3, "str_to_map", Print::kSpecial, BindTextToMap},
    {"rlike", 2, 2, "RLIKE", Print::kCall, BindSimple<Matches, "ss", 'B', kCareful>},
    {"regexp", 2, 2, "REGEXP", Print::kCall, BindSimple<Matches, "ss", 'B', kCareful>},
    {"regexp_like", 2, 2, "REGEXP_LIKE", Print::kCall, BindSimple<Matches, "ss", 'B', kCareful>},
    {"regexp_extract", 2, 3, "regexp_extract", Print::kSpecial,
     BindSimple<Extract, "ssi", 's', kCareful>},
    {"regexp_extract_all", 2, 3, "regexp_extract_all", Print::kSpecial, BindList<ExtractAll>},
    {"regexp_replace", 3, 4, "regexp_replace", Print::kSpecial,
     BindSimple<RegexpReplace, "sssi", 's', kCareful>},
    {"regexp_count", 2, 2, "regexp_count", Print::kCall,
     BindSimple<CountMatches, "ss", 'i', kCareful>},
    {"regexp_substr", 2, 2, "regexp_substr", Print::kCall,
     BindSimple<Substr, "ss", 's', kNullable | kCareful>},
    {"regexp_instr", 2, 3, "regexp_instr", Print::kSpecial,
     BindSimple<RegexpInstr, "ssi", 'i', kCareful>},
    {"split", 2, 3, "split", Print::kSpecial, BindList<SplitText>},
    {"ilike", 2, 3, "ilike", Print::kSpecial, BindILike},
};

}  // namespace

std::span<const Function> PatternFunctions() { return kFunctions; }

}  // namespace soteria::exec
