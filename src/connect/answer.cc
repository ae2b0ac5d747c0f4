#include "src/connect/answer.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "src/base/ascii.h"
#include "src/table/arrow_status.h"

namespace soteria::connect {
namespace {

using Kind = AnswerColumn::Kind;

base::StatusOr<std::shared_ptr<arrow::Array>> Lists(const AnswerColumn& column) {
  auto texts = std::make_shared<arrow::StringBuilder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), texts,
                           arrow::list(arrow::field("element", arrow::utf8())));
  for (const auto& text : column.texts) {
    if (!text.has_value()) {
      SOTERIA_ARROW_RETURN(lists.AppendNull());
      continue;
    }
    SOTERIA_ARROW_RETURN(lists.Append());
    if (!text->empty()) SOTERIA_ARROW_RETURN(texts->Append(*text));
  }
  SOTERIA_ARROW_ASSIGN(auto array, lists.Finish());
  return array;
}

base::StatusOr<std::shared_ptr<arrow::Array>> ArrayOf(const AnswerColumn& column) {
  if (column.kind == Kind::kList) return Lists(column);
  arrow::StringBuilder texts;
  arrow::BooleanBuilder booleans;
  for (const auto& text : column.texts) {
    if (column.kind == Kind::kBoolean) {
      SOTERIA_ARROW_RETURN(booleans.Append(text == "true"));
    } else {
      SOTERIA_ARROW_RETURN(text.has_value() ? texts.Append(*text) : texts.AppendNull());
    }
  }
  arrow::ArrayBuilder& builder =
      column.kind == Kind::kBoolean ? static_cast<arrow::ArrayBuilder&>(booleans) : texts;
  SOTERIA_ARROW_ASSIGN(auto array, builder.Finish());
  return array;
}

/// Java's `replaceAll("\\*", ".*")` and `|`: stars match anything, bars separate, no case counts.
bool MatchesOne(std::string_view text, std::string_view pattern) {
  size_t t = 0;
  size_t p = 0;
  size_t star = std::string_view::npos;
  size_t from = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = t;
    } else if (p < pattern.size() &&
               base::EqualIgnoringCase(pattern.substr(p, 1), text.substr(t, 1))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

bool FitsPattern(std::string_view name, std::string_view patterns) {
  if (patterns.empty()) return true;
  for (size_t at = 0; at <= patterns.size();) {
    const size_t end = std::min(patterns.find('|', at), patterns.size());
    std::string_view one = patterns.substr(at, end - at);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (MatchesOne(name, one)) return true;
    at = end + 1;
  }
  return false;
}

base::StatusOr<std::shared_ptr<arrow::Table>> AnswerTable(
    const std::vector<AnswerColumn>& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const AnswerColumn& column : columns) {
    SOTERIA_ASSIGN_OR_RETURN(auto array, ArrayOf(column));
    fields.push_back(arrow::field(column.name, array->type(), column.nullable));
    arrays.push_back(std::move(array));
  }
  const int64_t rows = arrays.empty() ? 0 : arrays[0]->length();
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(arrays), rows);
}

}  // namespace soteria::connect
