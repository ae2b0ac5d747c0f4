#include "src/connect/column_regex.h"

#include <arrow/type.h>

#include <memory>
#include <string_view>

#include "src/base/ascii.h"
#include "src/base/text.h"
#include "src/plan/scope.h"
#include "src/table/java_pattern.h"

namespace soteria::connect {
namespace {

using table::JavaPattern;

constexpr table::PatternUse kUse = {.who = "DataFrame.colRegex", .groups = true};

/// Where the group that the pattern begins with ends; npos where it begins with none.
size_t EndOfGroup(std::string_view pattern) {
  if (!pattern.starts_with('(') || pattern.starts_with("(?")) return std::string_view::npos;
  int depth = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '[') {
      return std::string_view::npos;  // parentheses mean something else in it
    } else if (pattern[i] == '(') {
      ++depth;
    } else if (pattern[i] == ')' && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

/// Matches whole names. `(x)?+rest`, as Spark's documentation says "all but x", is read here: RE2
/// has no possessive quantifiers.
class NamePattern {
 public:
  static base::StatusOr<NamePattern> Make(std::string_view pattern) {
    NamePattern made;
    const size_t end = EndOfGroup(pattern);
    if (end != std::string_view::npos && pattern.substr(end).starts_with("?+")) {
      SOTERIA_RETURN_IF_ERROR(
          JavaPattern::Compile(base::Cat("(?i)", pattern.substr(0, end)), kUse).status());
      SOTERIA_ASSIGN_OR_RETURN(
          made.prefix_, JavaPattern::Compile(base::Cat("(?i)\\A", pattern.substr(0, end)), kUse));
      pattern = pattern.substr(end + 2);
    }
    if (pattern.find('|') == std::string_view::npos) {  // else they are an alternative's
      if (pattern.starts_with('^') && made.prefix_ == nullptr) pattern.remove_prefix(1);
      if (pattern.ends_with('$') && !pattern.ends_with("\\$")) pattern.remove_suffix(1);
    }
    // By itself first: parentheses around it could make a pattern of what is none.
    SOTERIA_RETURN_IF_ERROR(JavaPattern::Compile(base::Cat("(?i)", pattern), kUse).status());
    SOTERIA_ASSIGN_OR_RETURN(made.whole_,
                             JavaPattern::Compile(base::Cat("(?i)\\A(?:", pattern, ")\\z"), kUse));
    return made;
  }

  base::StatusOr<bool> Matches(std::string_view name) const {
    SOTERIA_RETURN_IF_ERROR(whole_->CheckText(name));
    std::vector<table::PatternSpan> spans;
    if (prefix_ != nullptr && prefix_->Find(name, 0, spans)) name.remove_prefix(spans[0].end);
    return whole_->Find(name, 0, spans);
  }

 private:
  std::shared_ptr<const JavaPattern> prefix_;
  std::shared_ptr<const JavaPattern> whole_;
};

}  // namespace

std::optional<ColumnRegex> ReadColumnRegex(const std::string& text) {
  if (text.size() < 3 || !text.ends_with('`')) return std::nullopt;
  if (text.starts_with('`')) return ColumnRegex{text.substr(1, text.size() - 2)};
  // t.`p`: as much as can be is the qualifier.
  const size_t from = text.rfind('`', text.size() - 3);
  if (from == std::string::npos || from < 2) return std::nullopt;
  return ColumnRegex{text.substr(from + 1, text.size() - from - 2), text.substr(0, from - 1)};
}

base::StatusOr<std::vector<exec::ExprPtr>> MatchingColumns(const plan::Plan& input,
                                                           const ColumnRegex& regex) {
  SOTERIA_ASSIGN_OR_RETURN(const NamePattern pattern, NamePattern::Make(regex.pattern));
  std::vector<exec::ExprPtr> columns;
  for (int i = 0; i < input.schema->num_fields(); ++i) {
    const std::string& its = input.columns[static_cast<size_t>(i)].qualifier;
    if (regex.qualifier.has_value() && !base::EqualIgnoringCase(its, *regex.qualifier)) continue;
    SOTERIA_ASSIGN_OR_RETURN(const bool matches, pattern.Matches(input.schema->field(i)->name()));
    if (matches) columns.push_back(plan::ColumnAt(input, i));
  }
  return columns;
}

}  // namespace soteria::connect
