// from_csv, to_csv and schema_of_csv: the readers' and writers' CSV, a record at a time.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/cell_text.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/format_arguments.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/formats/cell_text.h"
#include "src/formats/csv_options.h"
#include "src/formats/csv_text.h"
#include "src/formats/csv_write.h"
#include "src/formats/write_options.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using ReadMade = MadeOf<formats::CsvReadOptions>;
using WriteMade = MadeOf<formats::WriteOptions>;

constexpr base::Condition kNoStruct = {"INVALID_SCHEMA.NON_STRUCT_TYPE",
                                       base::exception_class::kAnalysis, "42K07",
                                       absl::StatusCode::kInvalidArgument};
constexpr base::Condition kUnsupportedInput =
    internal::Mismatch("DATATYPE_MISMATCH.UNSUPPORTED_INPUT_TYPE");

// ---- from_csv -----------------------------------------------------------------------------------

base::StatusOr<ArrayPtr> FromCsv(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  const auto& options = static_cast<const ReadMade&>(*node.made).value;
  SOTERIA_ASSIGN_OR_RETURN(const auto texts, formats::CsvTexts::Make(node.field->type(), options));
  const bool none = args[0]->type_id() == Type::NA;
  for (int64_t i = 0; i < rows; ++i) {
    SOTERIA_RETURN_IF_ERROR(none || args[0]->IsNull(i) ? texts->AppendNull()
                                                       : texts->Append(TextAt(*args[0], i)));
  }
  return texts->Finish();
}

base::StatusOr<BoundPtr> BindFromCsv(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& /*context*/) {
  SOTERIA_ASSIGN_OR_RETURN(const TypePtr type, SchemaOf(*e.args[1], *args[1]));
  if (type->id() != Type::STRUCT) {
    return base::Fail(kNoStruct,
                      base::Cat("The input schema \"", PrettyName(*e.args[1]),
                                "\" is not a valid schema string. The input expression should be "
                                "evaluated to struct type, but got \"",
                                table::SqlTypeName(*type), "\"."));
  }
  SOTERIA_ASSIGN_OR_RETURN(const formats::OptionMap options, OptionsAt(e, args, 2));
  SOTERIA_ASSIGN_OR_RETURN(auto read, formats::ParseCsvReadOptions(options, {.zone = e.zone}));
  SOTERIA_RETURN_IF_ERROR(TakeText(e, args, 0));
  if (read.record.mode == formats::ParseMode::kDropMalformed) {
    return base::Fail(kParseModeUnsupported,
                      "The function `from_csv` doesn't support the DROPMALFORMED mode. Acceptable "
                      "modes are PERMISSIVE and FAILFAST.");
  }
  // What the type can't be shows before any row is there.
  SOTERIA_RETURN_IF_ERROR(formats::CsvTexts::Make(type, read).status());
  const bool nullable = args[0]->field->nullable();
  args.resize(1);
  auto node = MakeCall(PrettyName(e), type, nullable, std::move(args));
  node->kernel = FromCsv;
  node->careful = true;
  node->made = std::make_shared<ReadMade>(std::move(read));
  return BoundPtr(std::move(node));
}

// ---- to_csv -------------------------------------------------------------------------------------

base::StatusOr<ArrayPtr> ToCsv(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  const auto& options = static_cast<const WriteMade&>(*node.made).value;
  SOTERIA_ASSIGN_OR_RETURN(const auto texts, formats::CellTexts::Make(options, "CSV"));
  formats::CsvLine line(options);
  std::string cell;
  std::string record;
  return Each<arrow::StringBuilder>(
      node, args, rows, [&](int64_t i) -> base::StatusOr<std::optional<std::string_view>> {
        const auto& row = static_cast<const arrow::StructArray&>(*args[0]);
        for (int f = 0; f < row.num_fields(); ++f) {
          const arrow::Array& column = *row.field(f);
          if (column.type_id() == Type::NA || column.IsNull(i)) {
            line.Add(std::nullopt);
            continue;
          }
          cell.clear();
          if (formats::CellTexts::Has(*column.type())) {
            SOTERIA_RETURN_IF_ERROR(texts.Append(column, i, &cell));
          } else {
            cell = WriterText(*row.type()->field(f), column, i, node.zone);
          }
          line.Add(cell);
        }
        record.clear();
        line.End(&record);
        if (record.empty()) return std::optional<std::string_view>();
        if (static_cast<int64_t>(record.size()) > kMadeCellBytesMax) return TooLong("to_csv");
        return std::optional(
            std::string_view(record).substr(0, record.size() - options.line_end.size()));
      });
}

base::StatusOr<BoundPtr> BindToCsv(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& /*context*/) {
  SOTERIA_ASSIGN_OR_RETURN(const formats::OptionMap options, OptionsAt(e, args, 1));
  SOTERIA_ASSIGN_OR_RETURN(auto write,
                           formats::ParseWriteOptions("csv", options, {.zone = e.zone}));
  const arrow::Field& field = *args[0]->field;
  const bool udt = !table::UdtOf(field).empty();
  if ((field.type()->id() != Type::STRUCT || udt) && field.type()->id() != Type::NA) {
    return base::Fail(kUnsupportedInput,
                      base::Cat("Cannot resolve \"", PrettyName(e),
                                "\" due to data type mismatch: The input of `to_csv` can't be ",
                                table::QuotedTypeName(field), " type data."));
  }
  for (const FieldPtr& one : field.type()->fields()) {
    if (!table::UdtOf(*one).empty()) {
      return base::NotSupported(base::Cat("The function to_csv() of ", table::TypeName(*one)));
    }
  }
  args.resize(1);
  auto node = MakeCall(PrettyName(e), arrow::utf8(), true, std::move(args));
  node->kernel = ToCsv;
  node->careful = true;
  node->zone = table::TimeZone::Find(write.zone).value_or(table::TimeZone());
  node->made = std::make_shared<WriteMade>(std::move(write));
  return BoundPtr(std::move(node));
}

// ---- schema_of_csv ------------------------------------------------------------------------------

base::StatusOr<BoundPtr> BindSchemaOfCsv(const Expr& e, std::vector<BoundPtr> args,
                                         BindContext& /*context*/) {
  SOTERIA_ASSIGN_OR_RETURN(const formats::OptionMap options, OptionsAt(e, args, 1));
  SOTERIA_ASSIGN_OR_RETURN(const auto read,
                           formats::ParseCsvReadOptions(options, {.zone = e.zone}));
  SOTERIA_ASSIGN_OR_RETURN(const std::string text, ConstantText(e, args, "csv"));
  SOTERIA_ASSIGN_OR_RETURN(const TypePtr type, formats::CsvTypeOfText(text, read));
  return ConstantNode(PrettyName(e), table::SqlTypeName(*type));
}

constexpr Function kFunctions[] = {
    {"from_csv", 2, 3, "from_csv", Print::kSpecial, BindFromCsv},
    {"to_csv", 1, 2, "to_csv", Print::kSpecial, BindToCsv},
    {"schema_of_csv", 1, 2, "schema_of_csv", Print::kSpecial, BindSchemaOfCsv},
};

}  // namespace

std::span<const Function> CsvFunctions() { return kFunctions; }

}  // namespace soteria::exec
