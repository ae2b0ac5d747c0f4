#include "src/exec/generate.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/bound.h"
#include "src/exec/catalogue.h"
#include "src/exec/codec.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/constant.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/exec/sort.h"
#include "src/exec/taken.h"
#include "src/table/arrow_status.h"
#include "src/table/held_bytes.h"
#include "src/table/spark_random.h"
#include "src/table/types.h"
#include "src/table/well19937c.h"

namespace soteria::exec {
namespace {

using base::FieldReader;
using base::FieldWriter;
using SchemaPtr = std::shared_ptr<arrow::Schema>;
using TablePtr = std::shared_ptr<arrow::Table>;
using Kind = Generator::Kind;

constexpr std::string_view kGenerateKind = "exec.generate";
constexpr std::string_view kExpandKind = "exec.expand";
constexpr std::string_view kSampleAgainKind = "exec.sample_again";

constexpr base::Condition kGroupingOutside = {"UNSUPPORTED_GROUPING_EXPRESSION",
                                              base::exception_class::kAnalysis, "42K0E",
                                              absl::StatusCode::kInvalidArgument};
constexpr base::Condition kParameterNotFound = {"REQUIRED_PARAMETER_NOT_FOUND",
                                                base::exception_class::kAnalysis, "4274K",
                                                absl::StatusCode::kInvalidArgument};

/// Rows of the input that Expand copies at once.
constexpr int64_t kExpandedAtOnce = 65'536;
/// What the places of a made row take while it is made.
constexpr uint64_t kPlacesBytes = 2 * sizeof(int64_t) + 2 * sizeof(int32_t);

struct Named {
  std::string_view name;
  Kind kind;
  bool outer;
};
constexpr std::array<Named, 8> kGenerators = {{{"explode", Kind::kExplode, false},
                                               {"explode_outer", Kind::kExplode, true},
                                               {"inline", Kind::kInline, false},
                                               {"inline_outer", Kind::kInline, true},
                                               {"json_tuple", Kind::kInline, false},
                                               {"posexplode", Kind::kPosExplode, false},
                                               {"posexplode_outer", Kind::kPosExplode, true},
                                               {"stack", Kind::kStack, false}}};

const Named* Find(std::string_view name) {
  for (const Named& one : kGenerators) {
    if (base::EqualIgnoringCase(one.name, name)) return &one;
  }
  return nullptr;
}

/// The call as Spark prints it, which forgets the outer ones' names.
Expr TextOf(const Generator& generator) {
  const auto one = std::find_if(kGenerators.begin(), kGenerators.end(),
                                [&](const Named& its) { return its.kind == generator.kind; });
  // The plain one of a kind comes first.
  return *Call(std::string(one->name), generator.args);
}

base::Status TooManyRows() {
  return base::Fail(base::kMemoryLimit,
                    base::Cat("one partition becomes more than ", kMadeRowsMax,
                              " rows: use more partitions, or fewer copies of a row"));
}

// ---- types --------------------------------------------------------------------------------------

struct Typed {
  arrow::FieldVector fields;  // that it makes
  int64_t rows = 0;           // of stack: of each row
};

base::StatusOr<FieldPtr> ArgumentField(const Expr& e, const arrow::Schema& input) {
  BindContext context{input, {}};
  SOTERIA_ASSIGN_OR_RETURN(const BoundPtr bound, BindExpr(e, context, 1));
  return bound->field;
}

base::StatusOr<Typed> TypeExplode(const Generator& generator, const arrow::Schema& input) {
  SOTERIA_ASSIGN_OR_RETURN(const FieldPtr list, ArgumentField(*generator.args[0], input));
  const bool map = list->type()->id() == arrow::Type::MAP;
  if (!map && !IsPlainList(*list)) {
    return UnexpectedType(TextOf(generator), 0, "(\"ARRAY\" or \"MAP\")", *generator.args[0],
                          *list);
  }
  const FieldPtr& element = list->type()->field(0);
  Typed typed;
  if (generator.kind == Kind::kPosExplode) {
    typed.fields.push_back(arrow::field("pos", arrow::int32(), generator.outer));
  }
  if (map) {
    // The key and the value.
    for (const FieldPtr& part : element->type()->fields()) typed.fields.push_back(part);
  } else {
    typed.fields.push_back(element->WithName("col"));
  }
  for (FieldPtr& field : typed.fields) {
    field = field->WithNullable(generator.outer || field->nullable());
  }
  return typed;
}

base::StatusOr<Typed> TypeInline(const Generator& generator, const arrow::Schema& input) {
  SOTERIA_ASSIGN_OR_RETURN(const FieldPtr list, ArgumentField(*generator.args[0], input));
  const bool structs = IsPlainList(*list) &&
                       list->type()->field(0)->type()->id() == arrow::Type::STRUCT &&
                       table::UdtOf(*list->type()->field(0)).empty();
  if (!structs) {
    return UnexpectedType(TextOf(generator), 0, "\"ARRAY<STRUCT>\"", *generator.args[0], *list);
  }
  const FieldPtr& element = list->type()->field(0);
  Typed typed;
  for (const FieldPtr& field : element->type()->fields()) {
    typed.fields.push_back(
        field->WithNullable(generator.outer || element->nullable() || field->nullable()));
  }
  return typed;
}

base::Status Mismatched(const Generator& generator, const char* name, std::string text) {
  return base::Fail(internal::Mismatch(name),
                    base::Cat("Cannot resolve \"", PrettyName(TextOf(generator)),
                              "\" due to data type mismatch: ", text, "."));
}

/// The constant n of stack(n, ...).
base::StatusOr<int32_t> StackRows(const Generator& generator, const arrow::Schema& input) {
  BindContext context{input, {}};
  SOTERIA_ASSIGN_OR_RETURN(const BoundPtr bound, BindExpr(*generator.args[0], context, 1));
  if (bound->field->type()->id() != arrow::Type::INT32) {
    return UnexpectedType(TextOf(generator), 0, "\"INT\"", *generator.args[0], *bound->field);
  }
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr value, Constant(*bound));
  if (value == nullptr) {
    return Mismatched(generator, "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT",
                      base::Cat("the input `n` should be a foldable \"INT\" expression; however, "
                                "got \"",
                                PrettyName(*generator.args[0]), "\""));
  }
  const int32_t rows = value->IsNull(0) ? 0 : IntAt(*value, 0);
  if (rows >= 1) return rows;
  return Mismatched(generator, "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
                    base::Cat("The `n` must be between (0, ", std::numeric_limits<int32_t>::max(),
                              "] (current value = ", rows, ")"));
}

base::StatusOr<Typed> TypeStack(const Generator& generator, const arrow::Schema& input) {
  Typed typed;
  SOTERIA_ASSIGN_OR_RETURN(typed.rows, StackRows(generator, input));
  const auto rows = static_cast<size_t>(typed.rows);
  const size_t values = generator.args.size() - 1;
  const size_t width = values / rows + (values % rows == 0 ? 0 : 1);
  arrow::FieldVector fields;
  for (size_t i = 1; i <= values; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(fields.emplace_back(), ArgumentField(*generator.args[i], input));
  }
  // A null has the type of the others of its column.
  for (size_t c = 0; c < width; ++c) {
    FieldPtr its = fields[c];
    for (size_t i = c; i < values && its->type()->id() == arrow::Type::NA; i += width) {
      its = fields[i];
    }
    typed.fields.push_back(
        table::WithUdt(arrow::field(base::Cat("col", c), its->type(), true), table::UdtOf(*its)));
  }
  for (size_t i = 0; i < values; ++i) {
    const arrow::Field& column = *typed.fields[i % width];
    const arrow::Field& its = *fields[i];
    if (its.type()->id() == arrow::Type::NA) continue;
    const bool vectors = table::IsVector(its) && table::IsVector(column);
    if (vectors ||
        (its.type()->Equals(*column.type()) && table::UdtOf(its) == table::UdtOf(column))) {
      continue;
    }
    return Mismatched(
        generator, "DATATYPE_MISMATCH.STACK_COLUMN_DIFF_TYPES",
        base::Cat("The data type of the column (", i % width,
                  ") do not have the same type: ", table::QuotedTypeName(column), " (",
                  i % width + 1, ") <> ", table::QuotedTypeName(its), " (", i + 1, ")"));
  }
  return typed;
}

base::StatusOr<Typed> TypeGenerator(const Generator& generator, const arrow::Schema& input) {
  switch (generator.kind) {
    case Kind::kExplode:
    case Kind::kPosExplode:
      return TypeExplode(generator, input);
    case Kind::kInline:
      return TypeInline(generator, input);
    case Kind::kStack:
      return TypeStack(generator, input);
  }
  return base::Fail(base::kInternal, "unknown generator");
}

// ---- rows ---------------------------------------------------------------------------------------

/// Which rows of the input, and which elements of theirs, the made rows are of.
struct Places {
  std::vector<int64_t> rows;
  std::vector<int64_t> elements;  // -1: nulls
  std::vector<int32_t> positions;
};

/// The values in one chunk; `held` gets what they take beside the table.
base::StatusOr<ArrayPtr> Whole(const Expr& e, const arrow::Table& table, uint64_t partition,
                               const Operator::Admit& admit, uint64_t* held) {
  SOTERIA_ASSIGN_OR_RETURN(const auto values, Evaluate(e, table, partition));
  const bool copied = values->num_chunks() > 1;
  const uint64_t bytes = table::HeldBytes(*values);
  *held = IsInput(e) && !copied ? 0 : bytes;
  SOTERIA_RETURN_IF_ERROR(admit(copied ? 2 * bytes : *held));
  return OneChunk(*values);
}

base::StatusOr<Places> PlacesIn(const arrow::ListArray& lists, bool outer, uint64_t before,
                                const Operator::Admit& admit) {
  int64_t all = 0;
  for (int64_t i = 0; i < lists.length(); ++i) {
    const int64_t its = lists.IsNull(i) ? 0 : lists.value_length(i);
    all += its == 0 && outer ? 1 : its;
    if (all > kMadeRowsMax) return TooManyRows();
  }
  SOTERIA_RETURN_IF_ERROR(admit(before + static_cast<uint64_t>(all) * kPlacesBytes));
  Places places;
  places.rows.reserve(static_cast<size_t>(all));
  places.elements.reserve(static_cast<size_t>(all));
  places.positions.reserve(static_cast<size_t>(all));
  for (int64_t i = 0; i < lists.length(); ++i) {
    const int32_t its = lists.IsNull(i) ? 0 : lists.value_length(i);
    if (its == 0 && outer) {
      places.rows.push_back(i);
      places.elements.push_back(-1);
      places.positions.push_back(-1);
    }
    for (int32_t k = 0; k < its; ++k) {
      places.rows.push_back(i);
      places.elements.push_back(lists.value_offset(i) + k);
      places.positions.push_back(k);
    }
  }
  return places;
}

base::StatusOr<ArrayPtr> Positions(const Places& places) {
  arrow::Int32Builder builder;
  SOTERIA_ARROW_RETURN(builder.Reserve(static_cast<int64_t>(places.positions.size())));
  for (const int32_t position : places.positions) {
    if (position < 0) {
      builder.UnsafeAppendNull();
    } else {
      builder.UnsafeAppend(position);
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder.Finish());
  return out;
}

TablePtr Columns(const arrow::ArrayVector& arrays, int64_t rows) {
  arrow::FieldVector fields;
  for (const ArrayPtr& array : arrays) fields.push_back(arrow::field("", array->type()));
  return arrow::Table::Make(arrow::schema(std::move(fields)), arrays, rows);
}

class GenerateOperator : public AskingOperator {
 public:
  GenerateOperator(Generator generator, std::vector<int> kept, std::vector<std::string> names)
      : generator_(std::move(generator)), kept_(std::move(kept)), names_(std::move(names)) {}
  std::string_view kind() const override { return kGenerateKind; }
  std::string Encode() const override {
    FieldWriter out;
    out.AddU64(static_cast<uint64_t>(generator_.kind)).AddBool(generator_.outer);
    out.AddU64(generator_.args.size());
    for (const ExprPtr& arg : generator_.args) WriteExpr(*arg, out);
    out.AddU64(kept_.size());
    for (const int column : kept_) out.AddU64(static_cast<uint64_t>(column));
    out.AddU64(names_.size());
    for (const std::string& name : names_) out.Add(name);
    return out.Take();
  }
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& input) const override {
    SOTERIA_ASSIGN_OR_RETURN(const Typed typed, TypeGenerator(generator_, input));
    return SchemaOf(typed, input);
  }
  base::StatusOr<TablePtr> ApplyWithin(TablePtr table, uint64_t partition,
                                       const Admit& admit) const override {
    SOTERIA_ASSIGN_OR_RETURN(const Typed typed, TypeGenerator(generator_, *table->schema()));
    SOTERIA_ASSIGN_OR_RETURN(SchemaPtr schema, SchemaOf(typed, *table->schema()));
    SOTERIA_ARROW_ASSIGN(const TablePtr kept, table->SelectColumns(kept_));
    Places places;
    arrow::ArrayVector first;  // a column that isn't taken from anywhere
    TablePtr elements;
    uint64_t held = 0;
    if (generator_.kind == Kind::kStack) {
      SOTERIA_ASSIGN_OR_RETURN(places, StackPlaces(typed, table->num_rows(), admit));
    } else {
      SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr lists,
                               Whole(*generator_.args[0], *table, partition, admit, &held));
      const auto& list = static_cast<const arrow::ListArray&>(*lists);
      SOTERIA_ASSIGN_OR_RETURN(places, PlacesIn(list, generator_.outer, held, admit));
      SOTERIA_ASSIGN_OR_RETURN(elements, ElementsOf(list));
      if (generator_.kind == Kind::kPosExplode) {
        SOTERIA_ASSIGN_OR_RETURN(first.emplace_back(), Positions(places));
      }
    }
    const auto rows = static_cast<int64_t>(places.rows.size());
    const uint64_t placed =
        held + places.rows.size() * kPlacesBytes + TakenBytes(*kept, places.rows);
    arrow::ChunkedArrayVector columns;
    if (generator_.kind == Kind::kStack) {
      SOTERIA_RETURN_IF_ERROR(admit(placed));
      SOTERIA_RETURN_IF_ERROR(AppendTaken(*kept, places.rows, columns));
      SOTERIA_RETURN_IF_ERROR(AppendStack(typed, *table, partition, placed, admit, columns));
    } else {
      SOTERIA_RETURN_IF_ERROR(admit(placed + TakenBytes(*elements, places.elements)));
      SOTERIA_RETURN_IF_ERROR(AppendTaken(*kept, places.rows, columns));
      for (ArrayPtr& array : first) {
        columns.push_back(std::make_shared<arrow::ChunkedArray>(std::move(array)));
      }
      SOTERIA_RETURN_IF_ERROR(AppendTaken(*elements, places.elements, columns));
    }
    return arrow::Table::Make(std::move(schema), std::move(columns), rows);
  }
  base::StatusOr<std::vector<int>> Passes(const arrow::Schema& /*input*/) const override {
    return std::vector<int>(kept_.size() + names_.size(), -1);
  }

 private:
  base::StatusOr<SchemaPtr> SchemaOf(const Typed& typed, const arrow::Schema& input) const {
    arrow::FieldVector fields;
    for (const int column : kept_) {
      if (column >= input.num_fields()) {
        return base::Fail(base::kProtocol, "Generate: a column that isn't there");
      }
      fields.push_back(input.field(column));
    }
    if (typed.fields.size() != names_.size()) {
      return base::Fail(base::kProtocol, "Generate: another number of names");
    }
    for (size_t i = 0; i < names_.size(); ++i) {
      fields.push_back(typed.fields[i]->WithName(names_[i]));
    }
    return arrow::schema(std::move(fields));
  }

  /// The elements of all lists, as the columns that they become.
  base::StatusOr<TablePtr> ElementsOf(const arrow::ListArray& lists) const {
    const ArrayPtr& values = lists.values();
    if (generator_.kind != Kind::kInline && lists.type_id() != arrow::Type::MAP) {
      return Columns({values}, values->length());
    }
    const auto& structs = static_cast<const arrow::StructArray&>(*values);
    SOTERIA_ARROW_ASSIGN(const arrow::ArrayVector fields, structs.Flatten());
    return Columns(fields, values->length());
  }

  static base::StatusOr<Places> StackPlaces(const Typed& typed, int64_t rows, const Admit& admit) {
    if (rows > 0 && typed.rows > kMadeRowsMax / rows) return TooManyRows();
    const int64_t all = rows * typed.rows;
    SOTERIA_RETURN_IF_ERROR(admit(static_cast<uint64_t>(all) * kPlacesBytes));
    Places places;
    places.rows.reserve(static_cast<size_t>(all));
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t r = 0; r < typed.rows; ++r) places.rows.push_back(i);
    }
    return places;
  }

  /// Row r of what row i becomes has, in column c, argument r * columns + c.
  base::Status AppendStack(const Typed& typed, const arrow::Table& table, uint64_t partition,
                           uint64_t before, const Admit& admit,
                           arrow::ChunkedArrayVector& columns) const {
    const size_t width = typed.fields.size();
    const size_t values = generator_.args.size() - 1;
    const int64_t rows = table.num_rows();
    for (size_t c = 0; c < width; ++c) {
      arrow::ChunkedArrayVector parts;
      uint64_t made = 0;
      for (size_t i = c; i < values; i += width) {
        const Expr& expr = *generator_.args[i + 1];
        SOTERIA_ASSIGN_OR_RETURN(auto part, Evaluate(expr, table, partition));
        SOTERIA_ASSIGN_OR_RETURN(part, InForm(std::move(part), *typed.fields[c]));
        // They stand there once more while they are put together.
        made += table::HeldBytes(*part) * (IsInput(expr) ? 1 : 2);
        SOTERIA_RETURN_IF_ERROR(admit(before + made));
        parts.push_back(std::move(part));
      }
      arrow::ArrayVector chunks;
      for (const auto& part : parts) {
        chunks.insert(chunks.end(), part->chunks().begin(), part->chunks().end());
      }
      const TablePtr all =
          arrow::Table::Make(arrow::schema({typed.fields[c]}),
                             arrow::ChunkedArrayVector{std::make_shared<arrow::ChunkedArray>(
                                 std::move(chunks), parts[0]->type())},
                             rows * static_cast<int64_t>(parts.size()));
      std::vector<int64_t> places;
      places.reserve(static_cast<size_t>(rows * typed.rows));
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t r = 0; r < typed.rows; ++r) {
          places.push_back(r < static_cast<int64_t>(parts.size()) ? r * rows + i : -1);
        }
      }
      before += TakenBytes(*all, places);
      SOTERIA_RETURN_IF_ERROR(admit(before + made));
      SOTERIA_RETURN_IF_ERROR(AppendTaken(*all, places, columns));
    }
    return base::OkStatus();
  }

  /// Nulls get the column's type, vectors Spark's form.
  static base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> InForm(
      std::shared_ptr<arrow::ChunkedArray> values, const arrow::Field& field) {
    if (values->type()->id() == arrow::Type::NA && field.type()->id() != arrow::Type::NA) {
      SOTERIA_ASSIGN_OR_RETURN(ArrayPtr nulls, MakeNulls(field.type(), values->length()));
      return std::make_shared<arrow::ChunkedArray>(std::move(nulls));
    }
    if (!table::IsVector(field)) return values;
    const auto its = table::WithUdt(arrow::field("", values->type()), table::UdtOf(field));
    SOTERIA_ASSIGN_OR_RETURN(const TablePtr one, table::ToSparkForm(arrow::Table::Make(
                                                     arrow::schema({its}), {std::move(values)})));
    return one->column(0);
  }

  Generator generator_;
  std::vector<int> kept_;
  std::vector<std::string> names_;
};

// ---- copies -------------------------------------------------------------------------------------

class ExpandOperator : public AskingOperator {
 public:
  ExpandOperator(std::vector<std::vector<ExprPtr>> rows, std::vector<std::string> names)
      : rows_(std::move(rows)), names_(std::move(names)) {}
  std::string_view kind() const override { return kExpandKind; }
  std::string Encode() const override {
    FieldWriter out;
    out.AddU64(names_.size()).AddU64(rows_.size());
    for (const std::string& name : names_) out.Add(name);
    for (const auto& row : rows_) {
      for (const ExprPtr& expr : row) WriteExpr(*expr, out);
    }
    return out.Take();
  }
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& input) const override {
    arrow::FieldVector fields(names_.size());
    for (const auto& row : rows_) {
      for (size_t c = 0; c < fields.size(); ++c) {
        SOTERIA_ASSIGN_OR_RETURN(const FieldPtr field, TypeOf(*row[c], input));
        if (fields[c] == nullptr) {
          fields[c] = field->WithName(names_[c]);
        } else if (!fields[c]->type()->Equals(*field->type())) {
          return base::Fail(base::kInternal, "Expand: columns of several types");
        } else {
          // A key that isn't one of the first set is null there, and has its metadata all the same.
          const bool tells = !fields[c]->HasMetadata() && field->HasMetadata();
          if (tells) fields[c] = fields[c]->WithMetadata(field->metadata());
          if (field->nullable()) fields[c] = fields[c]->WithNullable(true);
        }
      }
    }
    return arrow::schema(std::move(fields));
  }
  base::StatusOr<TablePtr> ApplyWithin(TablePtr table, uint64_t partition,
                                       const Admit& admit) const override {
    SOTERIA_ASSIGN_OR_RETURN(table, table::ToSparkForm(std::move(table)));
    SOTERIA_ASSIGN_OR_RETURN(const SchemaPtr schema, OutputSchema(*table->schema()));
    const auto copies = static_cast<int64_t>(rows_.size());
    if (table->num_rows() > kMadeRowsMax / std::max<int64_t>(copies, 1)) return TooManyRows();
    std::vector<Dealt> columns;
    for (size_t c = 0; c < names_.size(); ++c) {
      SOTERIA_ASSIGN_OR_RETURN(columns.emplace_back(), DealtColumn(c));
    }
    uint64_t bytes = 0;
    std::vector<TablePtr> parts;
    const int64_t at_once = std::max<int64_t>(1, kExpandedAtOnce / copies);
    for (int64_t from = 0; from < table->num_rows() || parts.empty(); from += at_once) {
      // Of a table without columns Arrow's slice has as many rows as it is asked for.
      const TablePtr slice = table->Slice(from, std::min(at_once, table->num_rows() - from));
      arrow::ChunkedArrayVector made;
      for (size_t c = 0; c < columns.size(); ++c) {
        SOTERIA_ASSIGN_OR_RETURN(made.emplace_back(),
                                 Deal(c, columns[c], *slice, partition, bytes, admit));
      }
      parts.push_back(arrow::Table::Make(schema, std::move(made), slice->num_rows() * copies));
    }
    SOTERIA_ARROW_ASSIGN(TablePtr all, arrow::ConcatenateTables(parts));
    return all;
  }
  base::StatusOr<std::vector<int>> Passes(const arrow::Schema& /*input*/) const override {
    return std::vector<int>(names_.size(), -1);
  }

 private:
  /// Where a column's values come from. Most are one column of the input, or null, as the keys of
  /// grouping sets, or constants, as their ids: then nothing is evaluated for each copy.
  struct Dealt {
    int ordinal = -1;                                // of all copies that aren't null
    std::shared_ptr<arrow::ChunkedArray> constants;  // one a copy
  };

  base::StatusOr<Dealt> DealtColumn(size_t c) const {
    Dealt dealt;
    size_t constants = 0;
    size_t others = 0;  // neither the column nor null
    for (const auto& row : rows_) {
      const Expr& expr = *row[c];
      const bool constant = expr.kind == Expr::Kind::kLiteral;
      if (constant) ++constants;
      if (IsInput(expr) && dealt.ordinal < 0) dealt.ordinal = expr.ordinal;
      const bool same = IsInput(expr) && expr.ordinal == dealt.ordinal;
      if (!same && !(constant && !expr.literal->is_valid)) ++others;
    }
    if (others > 0) dealt.ordinal = -1;
    if (constants < rows_.size()) return dealt;
    arrow::ArrayVector values;
    for (const auto& row : rows_) {
      SOTERIA_ASSIGN_OR_RETURN(values.emplace_back(), ConstantValue(*row[c]));
    }
    dealt.constants = std::make_shared<arrow::ChunkedArray>(std::move(values));
    return dealt;
  }

  /// The column for a few rows, in the order of the rows that are made.
  base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> Deal(size_t c, const Dealt& dealt,
                                                            const arrow::Table& table,
                                                            uint64_t partition, uint64_t& bytes,
                                                            const Admit& admit) const {
    const int64_t rows = table.num_rows();
    std::shared_ptr<arrow::ChunkedArray> values = dealt.constants;
    if (dealt.ordinal >= 0) {
      values = table.column(dealt.ordinal);
    } else if (values == nullptr) {
      arrow::ArrayVector copies;
      TypePtr type;  // of no rows there may be no chunk that says it
      uint64_t made = 0;
      for (const auto& row : rows_) {
        SOTERIA_ASSIGN_OR_RETURN(const auto copy, Evaluate(*row[c], table, partition));
        made += table::HeldBytes(*copy);
        // They stand there once more while they are put together.
        SOTERIA_RETURN_IF_ERROR(admit(bytes + 2 * made));
        copies.insert(copies.end(), copy->chunks().begin(), copy->chunks().end());
        type = copy->type();
      }
      values = std::make_shared<arrow::ChunkedArray>(std::move(copies), std::move(type));
    }
    std::vector<int64_t> places;
    places.reserve(static_cast<size_t>(rows) * rows_.size());
    for (int64_t i = 0; i < rows; ++i) {
      for (size_t k = 0; k < rows_.size(); ++k) {
        const auto copy = static_cast<int64_t>(k);
        places.push_back(dealt.ordinal < 0       ? (dealt.constants ? copy : copy * rows + i)
                         : IsInput(*rows_[k][c]) ? i
                                                 : -1);
      }
    }
    bytes += TakenBytes(*values, places);
    SOTERIA_RETURN_IF_ERROR(admit(bytes + places.size() * sizeof(int64_t)));
    return TakeOrNull(*values, places);
  }

  std::vector<std::vector<ExprPtr>> rows_;
  std::vector<std::string> names_;
};

// ---- samples ------------------------------------------------------------------------------------

class SampleAgainOperator : public AskingOperator {
 public:
  SampleAgainOperator(double fraction, int64_t seed) : fraction_(fraction), seed_(seed) {}
  std::string_view kind() const override { return kSampleAgainKind; }
  std::string Encode() const override {
    return FieldWriter().AddDouble(fraction_).AddI64(seed_).Take();
  }
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& input) const override {
    constexpr double kRounding = 1e-6;  // Spark's slack
    if (!(fraction_ >= -kRounding)) {
      return base::Fail(base::kIllegalArgument,
                        base::Cat("requirement failed: Sampling fraction (", fraction_,
                                  ") must be nonnegative with replacement"));
    }
    if (fraction_ >= kSampleMeanMax) {
      return base::NotSupported(
          base::Cat("A sample with replacement of a fraction of ", kSampleMeanMax, " and more"));
    }
    return arrow::schema(input.fields(), input.metadata());
  }
  base::StatusOr<TablePtr> ApplyWithin(TablePtr table, uint64_t partition,
                                       const Admit& admit) const override {
    SOTERIA_ASSIGN_OR_RETURN(SchemaPtr schema, OutputSchema(*table->schema()));
    if (!(fraction_ > 0)) return table->Slice(0, 0);
    table::JavaRandom seeds(seed_);
    int64_t seed = seeds.NextLong();
    for (uint64_t p = 0; p < partition; ++p) seed = seeds.NextLong();
    table::PoissonSampler draws(fraction_, seed);
    std::vector<int64_t> places;
    for (int64_t i = 0; i < table->num_rows(); ++i) {
      const int64_t times = draws.Next();
      if (times > kMadeRowsMax - static_cast<int64_t>(places.size())) return TooManyRows();
      if (places.size() + static_cast<size_t>(times) > places.capacity()) {
        // The old ones are there until they are moved.
        const size_t room = std::max<size_t>(2 * places.capacity(), kExpandedAtOnce);
        SOTERIA_RETURN_IF_ERROR(admit((places.capacity() + room) * sizeof(int64_t)));
        places.reserve(std::max(room, places.size() + static_cast<size_t>(times)));
      }
      places.insert(places.end(), static_cast<size_t>(times), i);
    }
    SOTERIA_RETURN_IF_ERROR(admit(places.size() * sizeof(int64_t) + TakenBytes(*table, places)));
    arrow::ChunkedArrayVector columns;
    SOTERIA_RETURN_IF_ERROR(AppendTaken(*table, places, columns));
    return arrow::Table::Make(std::move(schema), std::move(columns),
                              static_cast<int64_t>(places.size()));
  }
  base::StatusOr<std::vector<int>> Passes(const arrow::Schema& input) const override {
    return std::vector<int>(static_cast<size_t>(input.num_fields()), -1);
  }

 private:
  double fraction_;
  int64_t seed_;
};

// ---- decoding -----------------------------------------------------------------------------------

base::StatusOr<size_t> ReadCount(FieldReader& in, size_t most) {
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in.NextU64());
  if (count > most) return base::Fail(base::kProtocol, "Operator: too many parts");
  return static_cast<size_t>(count);
}

base::StatusOr<std::vector<std::string>> ReadNames(FieldReader& in, size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(names.emplace_back(), in.Next());
  }
  return names;
}

base::StatusOr<OperatorPtr> ReadGenerate(FieldReader& in) {
  Generator generator;
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t kind, in.NextU64());
  if (kind > static_cast<uint64_t>(Kind::kStack)) {
    return base::Fail(base::kProtocol, "Generate: unknown generator");
  }
  generator.kind = static_cast<Kind>(kind);
  SOTERIA_ASSIGN_OR_RETURN(generator.outer, in.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(const size_t args, ReadCount(in, kExprNodesMax));
  const bool fits = generator.kind == Kind::kStack ? args >= 2 && !generator.outer : args == 1;
  if (!fits) return base::Fail(base::kProtocol, "Generate: another number of arguments");
  ExprReader exprs(in);
  for (size_t i = 0; i < args; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(generator.args.emplace_back(), exprs.Read());
  }
  SOTERIA_ASSIGN_OR_RETURN(const size_t columns, ReadCount(in, kOperatorColumnsMax));
  std::vector<int> kept;
  for (size_t i = 0; i < columns; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const size_t column, ReadCount(in, kOperatorColumnsMax));
    kept.push_back(static_cast<int>(column));
  }
  SOTERIA_ASSIGN_OR_RETURN(const size_t made, ReadCount(in, kOperatorColumnsMax));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<std::string> names, ReadNames(in, made));
  return Generate(std::move(generator), std::move(kept), std::move(names));
}

base::StatusOr<OperatorPtr> ReadExpand(FieldReader& in) {
  SOTERIA_ASSIGN_OR_RETURN(const size_t width, ReadCount(in, kOperatorColumnsMax));
  SOTERIA_ASSIGN_OR_RETURN(const size_t count, ReadCount(in, kExpandRowsMax));
  if (width == 0 || count == 0) return base::Fail(base::kProtocol, "Expand: of nothing");
  SOTERIA_ASSIGN_OR_RETURN(std::vector<std::string> names, ReadNames(in, width));
  ExprReader exprs(in);
  std::vector<std::vector<ExprPtr>> rows;
  for (size_t r = 0; r < count; ++r) {
    auto& row = rows.emplace_back();
    for (size_t c = 0; c < width; ++c) {
      SOTERIA_ASSIGN_OR_RETURN(row.emplace_back(), exprs.Read());
    }
  }
  return Expand(std::move(rows), std::move(names));
}

}  // namespace

bool MakesRows(std::string_view kind) {
  return kind == kGenerateKind || kind == kExpandKind || kind == kSampleAgainKind;
}

base::Status GroupingOutside() {
  return base::Fail(kGroupingOutside,
                    "grouping()/grouping_id() can only be used with GroupingSets/Cube/Rollup.");
}

bool IsGenerator(std::string_view name) { return Find(name) != nullptr; }

std::vector<std::string_view> GeneratorNames() {
  std::vector<std::string_view> names;
  for (const Named& one : kGenerators) names.push_back(one.name);
  return names;
}

const Expr* FindGenerator(const Expr& e) {
  if (e.kind == Expr::Kind::kCall && IsGenerator(e.name)) return &e;
  for (const ExprPtr& arg : e.args) {
    if (const Expr* found = FindGenerator(*arg); found != nullptr) return found;
  }
  return nullptr;
}

base::StatusOr<Generator> GeneratorOf(const Expr& call) {
  const Named* named = Find(call.name);
  if (named == nullptr) return base::Fail(base::kInternal, "not a generator");
  const auto count = static_cast<int>(call.args.size());
  const bool stack = named->kind == Kind::kStack;
  if (named->kind == Kind::kExplode && count == 0) {
    return base::Fail(kParameterNotFound,
                      base::Cat("Cannot invoke routine `", named->name,
                                "` because the parameter named `collection` is required, but the "
                                "routine call did not supply a value. Please update the routine "
                                "call to supply an argument value (either positionally at index 0 "
                                "or by name) and retry the query again."));
  }
  if (named->name == "json_tuple") {
    if (count < 2) return WrongNumberOfArguments(named->name, 2, -1, count);
    return Generator{named->kind, false, {Call(std::string(kTupleOf), call.args)}};
  }
  if (stack ? count < 2 : count != 1) {
    return WrongNumberOfArguments(named->name, stack ? 2 : 1, stack ? -1 : 1, count);
  }
  return Generator{named->kind, named->outer, call.args};
}

base::StatusOr<std::vector<std::shared_ptr<arrow::Field>>> GeneratorFields(
    const Generator& generator, const arrow::Schema& input) {
  SOTERIA_ASSIGN_OR_RETURN(Typed typed, TypeGenerator(generator, input));
  return std::move(typed.fields);
}

OperatorPtr Generate(Generator generator, std::vector<int> kept, std::vector<std::string> names) {
  return std::make_shared<GenerateOperator>(std::move(generator), std::move(kept),
                                            std::move(names));
}

OperatorPtr Expand(std::vector<std::vector<ExprPtr>> rows, std::vector<std::string> names) {
  return std::make_shared<ExpandOperator>(std::move(rows), std::move(names));
}

OperatorPtr SampleAgain(double fraction, int64_t seed) {
  return std::make_shared<SampleAgainOperator>(fraction, seed);
}

base::StatusOr<OperatorPtr> ReadRepeating(std::string_view kind, FieldReader& in) {
  if (kind == kGenerateKind) return ReadGenerate(in);
  if (kind == kExpandKind) return ReadExpand(in);
  if (kind == kSampleAgainKind) {
    SOTERIA_ASSIGN_OR_RETURN(const double fraction, in.NextDouble());
    SOTERIA_ASSIGN_OR_RETURN(const int64_t seed, in.NextI64());
    return SampleAgain(fraction, seed);
  }
  return base::Fail(base::kProtocol, "Operator: unknown kind");
}

}  // namespace soteria::exec
