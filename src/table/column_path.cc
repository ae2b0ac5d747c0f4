#include "src/table/column_path.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/arrow_status.h"
#include "src/table/conditions.h"
#include "src/table/number_column.h"
#include "src/table/types.h"

namespace soteria::table {
namespace {

constexpr base::Condition kNameSyntax = {"INVALID_ATTRIBUTE_NAME_SYNTAX",
                                         base::exception_class::kAnalysis, "42601",
                                         absl::StatusCode::kInvalidArgument};

constexpr base::Condition kAmbiguousField = {"AMBIGUOUS_COLUMN_OR_FIELD",
                                             base::exception_class::kAnalysis, "42702",
                                             absl::StatusCode::kInvalidArgument};

std::string Quoted(std::string_view part) {
  std::string quoted = "`";
  for (const char c : part) {
    if (c == '`') quoted += c;
    quoted += c;
  }
  return quoted + "`";
}

std::string Joined(const std::vector<std::string>& parts, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += base::Cat(i == 0 ? "" : ".", Quoted(parts[i]));
  return text;
}

}  // namespace

base::StatusOr<std::vector<std::string>> NameParts(std::string_view name) {
  const auto bad = [&name] {
    return base::Fail(kNameSyntax,
                      base::Cat("Syntax error in the attribute name: ", name,
                                ". Check that backticks appear in pairs, a quoted string is a "
                                "complete name part and use a backtick only inside quoted name "
                                "parts."));
  };
  if (name.empty()) return std::vector<std::string>{""};
  std::vector<std::string> parts;
  std::string part;
  bool quoted = false;
  bool closed = false;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (quoted) {
      if (c != '`') {
        part += c;
      } else if (i + 1 < name.size() && name[i + 1] == '`') {
        part += name[i++];
      } else {
        quoted = false;
        closed = true;
      }
    } else if (c == '`') {
      if (!part.empty() || closed) return bad();
      quoted = true;
    } else if (c == '.') {
      if (part.empty() && !closed) return bad();
      parts.push_back(std::exchange(part, ""));
      closed = false;
    } else {
      if (closed) return bad();
      part += c;
    }
  }
  if (quoted || (part.empty() && !closed)) return bad();
  parts.push_back(std::move(part));
  return parts;
}

std::string QuotedName(std::string_view name) {
  const auto parts = NameParts(name);
  return parts.ok() ? Joined(*parts, parts->size()) : Quoted(name);
}

base::StatusOr<std::optional<ColumnPath>> FindPath(const arrow::Schema& schema,
                                                   std::string_view name) {
  SOTERIA_ASSIGN_OR_RETURN(const auto parts, NameParts(name));
  ColumnPath path;
  arrow::FieldVector fields = schema.fields();
  for (size_t p = 0; p < parts.size(); ++p) {
    if (p > 0) {
      // An ML vector is no struct to a script.
      const bool inside =
          path.field->type()->id() == arrow::Type::STRUCT && UdtOf(*path.field).empty();
      if (!inside) return std::optional<ColumnPath>();
      fields = path.field->type()->fields();
    }
    int count = 0;
    for (size_t i = 0; i < fields.size(); ++i) {
      if (!base::EqualIgnoringCase(fields[i]->name(), parts[p])) continue;
      if (++count == 1) path.at.push_back(static_cast<int>(i));
    }
    if (count == 0) return std::optional<ColumnPath>();
    if (count > 1) {
      return base::Fail(kAmbiguousField, base::Cat("Column or field ", Joined(parts, p + 1),
                                                   " is ambiguous and has ", count, " matches."));
    }
    path.field = fields[static_cast<size_t>(path.at.back())];
  }
  return std::optional<ColumnPath>(std::move(path));
}

base::StatusOr<ColumnPath> PathOf(const arrow::Schema& schema, std::string_view name) {
  SOTERIA_ASSIGN_OR_RETURN(auto path, FindPath(schema, name));
  if (path.has_value()) return *std::move(path);
  std::vector<std::string> names;
  for (const auto& field : schema.fields()) names.push_back(Quoted(field->name()));
  return UnresolvedColumn(QuotedName(name), name, std::move(names));
}

base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> ColumnAt(const arrow::Table& table,
                                                              const ColumnPath& path) {
  std::shared_ptr<arrow::ChunkedArray> column = table.column(path.at.front());
  for (size_t p = 1; p < path.at.size(); ++p) {
    const auto type = column->type()->field(path.at[p])->type();
    arrow::ArrayVector chunks;
    for (const auto& chunk : column->chunks()) {
      const auto& rows = static_cast<const arrow::StructArray&>(*chunk);
      SOTERIA_ARROW_ASSIGN(chunks.emplace_back(), rows.GetFlattenedField(path.at[p]));
    }
    column = std::make_shared<arrow::ChunkedArray>(std::move(chunks), type);
  }
  return column;
}

std::string QuotedIfNeeded(std::string_view name) {
  const auto plain = [](char c) { return base::IsAlphanumeric(c) || c == '_'; };
  if (!name.empty() && std::all_of(name.begin(), name.end(), plain) &&
      !std::all_of(name.begin(), name.end(), base::IsDigit)) {
    return std::string(name);
  }
  std::string quoted = "`";
  for (const char c : name) quoted.append(c == '`' ? 2 : 1, c);
  return quoted + "`";
}

}  // namespace soteria::table
