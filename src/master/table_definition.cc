#include "src/master/table_definition.h"

#include <utility>

#include "arrow/type.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/table/types.h"

namespace soteria::master {
namespace {

constexpr std::string_view kMagic = "soteria/1 table";

using Texts = std::map<std::string, std::string>;

void Add(const Texts& texts, base::FieldWriter* out) {
  out->AddU64(texts.size());
  for (const auto& [name, value] : texts) out->Add(name).Add(value);
}

base::StatusOr<Texts> ReadTexts(base::FieldReader* in) {
  Texts texts;
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in->NextU64());
  for (uint64_t i = 0; i < count; ++i) {  // each takes bytes, so there are no more than those
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view name, in->Next());
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view value, in->Next());
    texts.emplace(name, value);
  }
  return texts;
}

}  // namespace

base::StatusOr<std::string> EncodeDefinition(const TableDefinition& definition) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string schema, table::SparkSchemaJson(*definition.schema));
  base::FieldWriter out;
  out.Add(kMagic).Add(definition.format).Add(schema).AddU64(definition.keys.size());
  for (const std::string& key : definition.keys) out.Add(key);
  Add(definition.options, &out);
  out.AddBool(definition.comment.has_value()).Add(definition.comment.value_or(""));
  Add(definition.comments, &out);
  if (out.bytes().size() <= kDefinitionBytesMax) return out.Take();
  return base::Fail(base::kIllegalArgument, "the definition of the table is longer than a MiB");
}

base::StatusOr<TableDefinition> DecodeDefinition(std::string_view bytes) {
  if (bytes.size() > kDefinitionBytesMax) {
    return base::Fail(base::kProtocol, "a table's definition is too long");
  }
  base::FieldReader in(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view magic, in.Next());
  if (magic != kMagic) return base::Fail(base::kProtocol, "not a table's definition");
  TableDefinition out;
  SOTERIA_ASSIGN_OR_RETURN(out.format, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view schema, in.Next());
  const auto columns = table::SchemaFromSparkJson(schema);
  if (!columns.ok()) return base::Fail(base::kProtocol, "a table's columns can't be read");
  out.schema = *columns;
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t keys, in.NextU64());
  for (uint64_t i = 0; i < keys; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view key, in.Next());
    if (out.schema->GetFieldIndex(std::string(key)) < 0) {
      return base::Fail(base::kProtocol, "a table has no column of a key's name");
    }
    out.keys.emplace_back(key);
  }
  SOTERIA_ASSIGN_OR_RETURN(out.options, ReadTexts(&in));
  SOTERIA_ASSIGN_OR_RETURN(const bool commented, in.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view comment, in.Next());
  if (commented) out.comment = comment;
  SOTERIA_ASSIGN_OR_RETURN(out.comments, ReadTexts(&in));
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return out;
}

}  // namespace soteria::master
