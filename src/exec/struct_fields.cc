// Structs with a field more, another or less: Column.withField and dropFields.
#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <string>
#include <utility>
#include <vector>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/catalogue.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/nested.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

constexpr int kUpdated = -1;

/// What becomes of one struct: where each field of the new one comes from, and which of the old
/// one's fields is updated within.
struct Level {
  std::vector<int> from;  // a field of the old one, or kUpdated: the value, the struct within
  int within = 0;
};

struct Update final : Made {
  std::vector<Level> levels;      // the outermost first
  std::vector<FieldPtr> structs;  // of the new structs
};

base::StatusOr<ArrayPtr> Updated(const Update& update, size_t at, const arrow::StructArray& old,
                                 const ArrayPtr& value) {
  const Level& level = update.levels[at];
  ArrayPtr changed = value;
  if (at + 1 < update.levels.size()) {
    SOTERIA_ARROW_ASSIGN(const ArrayPtr field, old.GetFlattenedField(level.within));
    SOTERIA_ASSIGN_OR_RETURN(
        changed, Updated(update, at + 1, static_cast<const arrow::StructArray&>(*field), value));
  }
  ArrayList fields;
  for (const int from : level.from) {
    fields.push_back(from == kUpdated ? changed : old.field(from));
  }
  SOTERIA_ASSIGN_OR_RETURN(Validity validity,
                           AllValid({arrow::MakeArray(old.data())}, old.length()));
  return std::make_shared<arrow::StructArray>(update.structs[at]->type(), old.length(),
                                              std::move(fields), std::move(validity.bits),
                                              validity.nulls);
}

base::StatusOr<ArrayPtr> UpdateFields(const Bound& node, const ArrayList& args, int64_t /*rows*/,
                                      EvalState& /*state*/) {
  return Updated(static_cast<const Update&>(*node.made), 0,
                 static_cast<const arrow::StructArray&>(*args[0]),
                 args.size() > 1 ? args[1] : nullptr);
}

/// The names of a call: all arguments but the first, and but the value.
base::StatusOr<std::vector<std::string>> PathOf(const Expr& e) {
  std::vector<std::string> path;
  const size_t end = e.args.size() - (e.name == kWithField ? 1 : 0);
  for (size_t i = 1; i < end; ++i) {
    const auto& name = e.args[i]->literal;
    if (name == nullptr || !name->is_valid || name->type->id() != arrow::Type::STRING) {
      return base::Fail(base::kAnalysis, "The name of a field that is no text");
    }
    path.emplace_back(static_cast<const arrow::StringScalar&>(*name).view());
  }
  return path;
}

base::Status NoStruct(const std::string& text, const Expr& e, const arrow::Field& got) {
  return base::Fail(kUnexpectedInputType,
                    base::Cat("Cannot resolve \"", PrettyName(e),
                              "\" due to data type mismatch: The first parameter requires the "
                              "\"STRUCT\" type, however \"",
                              text, "\" has the type ", table::QuotedTypeName(got), "."));
}

/// The fields of `old` with `value` as the field `name`, null: without it; what that says.
base::StatusOr<FieldPtr> Changed(const FieldPtr& old, const std::string& name,
                                 const FieldPtr& value, Level* level) {
  std::vector<FieldPtr> fields;
  bool there = false;
  const auto& all = old->type()->fields();
  for (size_t i = 0; i < all.size(); ++i) {
    const bool same = base::EqualIgnoringCase(all[i]->name(), name);
    if (same && value == nullptr) continue;
    level->from.push_back(same ? kUpdated : static_cast<int>(i));
    fields.push_back(same ? value->WithName(name) : all[i]);
    there = there || same;
  }
  if (!there && value != nullptr) {
    level->from.push_back(kUpdated);
    fields.push_back(value->WithName(name));
  }
  if (fields.empty()) return FieldPtr();
  return arrow::field(old->name(), arrow::struct_(std::move(fields)), old->nullable());
}

/// (struct, names of fields from the outermost on, value), and without the value.
base::StatusOr<BoundPtr> BindUpdate(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& /*context*/) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<std::string> path, PathOf(e));
  const bool drops = e.name == kDropField;
  std::vector<BoundPtr> structs = {args[0]};
  std::vector<std::string> texts = {PrettyName(*e.args[0])};
  auto update = std::make_shared<Update>();
  update->levels.resize(path.size());
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(structs.emplace_back(), BindField(structs[i], path[i], texts[i]));
    texts.push_back(base::Cat(texts[i], ".", path[i]));
    if (structs[i]->field->type()->id() == arrow::Type::STRUCT) {
      update->levels[i].within = structs.back()->number;
    }
  }
  for (size_t i = 0; i < path.size(); ++i) {
    const arrow::Field& field = *structs[i]->field;
    if (field.type()->id() != arrow::Type::STRUCT || !table::UdtOf(field).empty()) {
      return NoStruct(texts[i], e, field);
    }
  }
  FieldPtr value = drops ? nullptr : args.back()->field;
  update->structs.resize(path.size());
  for (size_t i = path.size(); i-- > 0;) {
    SOTERIA_ASSIGN_OR_RETURN(value, Changed(structs[i]->field, path[i], value, &update->levels[i]));
    if (value == nullptr) {
      return base::Fail(kCannotDropAllFields,
                        base::Cat("Cannot resolve \"", PrettyName(e),
                                  "\" due to data type mismatch: Cannot drop all fields in "
                                  "struct."));
    }
    update->structs[i] = value;
  }
  std::vector<BoundPtr> given = {args[0]};
  if (!drops) given.push_back(args.back());
  auto node = MakeCall(PrettyName(e), value->type(), value->nullable(), std::move(given));
  node->kernel = UpdateFields;
  node->made = std::move(update);
  return node;
}

constexpr Function kFunctions[] = {
    {kWithField.data(), 3, -1, "update_fields", Print::kSpecial, BindUpdate},
    {kDropField.data(), 2, -1, "update_fields", Print::kSpecial, BindUpdate},
};

}  // namespace

std::span<const Function> StructFunctions() { return kFunctions; }

}  // namespace soteria::exec
