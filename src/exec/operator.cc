#include "src/exec/operator.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/exec/bound.h"
#include "src/exec/codec.h"
#include "src/exec/conditions.h"
#include "src/exec/generate.h"
#include "src/exec/group_index.h"
#include "src/exec/groups.h"
#include "src/exec/prefix.h"
#include "src/exec/row_keys.h"
#include "src/exec/sort.h"
#include "src/exec/window.h"
#include "src/table/arrow_status.h"
#include "src/table/spark_random.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using base::FieldReader;
using base::FieldWriter;
using SchemaPtr = std::shared_ptr<arrow::Schema>;
using TablePtr = std::shared_ptr<arrow::Table>;

SchemaPtr SameSchema(const arrow::Schema& schema) {
  return arrow::schema(schema.fields(), schema.metadata());
}

base::StatusOr<FieldPtr> OutputField(const NamedExpr& column, const arrow::Schema& input) {
  SOTERIA_ASSIGN_OR_RETURN(FieldPtr field, TypeOf(*column.expr, input));
  field = field->WithName(NameOf(column));
  if (!column.metadata.empty()) field = table::WithSparkMetadata(field, column.metadata);
  return field;
}

base::StatusOr<std::vector<int>> ColumnsOf(const std::vector<NamedExpr>& columns,
                                           const arrow::Schema& input) {
  std::vector<int> passed;
  for (const NamedExpr& column : columns) {
    SOTERIA_ASSIGN_OR_RETURN(passed.emplace_back(), ColumnOf(*column.expr, input));
  }
  return passed;
}

std::vector<int> AllColumns(const arrow::Schema& input) {
  std::vector<int> all(static_cast<size_t>(input.num_fields()));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

void WriteNamed(const std::vector<NamedExpr>& columns, FieldWriter& out) {
  out.AddU64(columns.size());
  for (const NamedExpr& column : columns) {
    out.AddBool(column.name.has_value()).Add(column.name.value_or("")).Add(column.metadata);
    WriteExpr(*column.expr, out);
  }
}

base::StatusOr<uint64_t> ReadCount(FieldReader& in) {
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in.NextU64());
  if (count > kOperatorColumnsMax) return base::Fail(base::kProtocol, "Operator: too many columns");
  return count;
}

base::StatusOr<std::vector<NamedExpr>> ReadNamed(FieldReader& in) {
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, ReadCount(in));
  ExprReader exprs(in);
  std::vector<NamedExpr> columns;
  for (uint64_t i = 0; i < count; ++i) {
    NamedExpr column;
    SOTERIA_ASSIGN_OR_RETURN(const bool named, in.NextBool());
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view name, in.Next());
    if (named) {
      column.name = name;
    } else if (!name.empty()) {
      return base::Fail(base::kProtocol, "Operator: a name of a column without one");
    }
    SOTERIA_ASSIGN_OR_RETURN(column.metadata, in.Next());
    if (!column.metadata.empty()) SOTERIA_RETURN_IF_ERROR(table::CheckMetadata(column.metadata));
    SOTERIA_ASSIGN_OR_RETURN(column.expr, exprs.Read());
    columns.push_back(std::move(column));
  }
  return columns;
}

// ---- project ------------------------------------------------------------------------------------

class ProjectOperator : public Operator {
 public:
  explicit ProjectOperator(std::vector<NamedExpr> columns) : columns_(std::move(columns)) {}
  std::string_view kind() const override { return "exec.project"; }
  std::string Encode() const override {
    FieldWriter out;
    WriteNamed(columns_, out);
    return out.Take();
  }
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& input) const override {
    std::vector<FieldPtr> fields;
    for (const NamedExpr& column : columns_) {
      SOTERIA_ASSIGN_OR_RETURN(FieldPtr field, OutputField(column, input));
      fields.push_back(std::move(field));
    }
    return arrow::schema(std::move(fields));
  }
  base::StatusOr<TablePtr> Apply(TablePtr table, uint64_t partition) const override {
    SOTERIA_ASSIGN_OR_RETURN(SchemaPtr schema, OutputSchema(*table->schema()));
    arrow::ChunkedArrayVector out;
    for (const NamedExpr& column : columns_) {
      SOTERIA_ASSIGN_OR_RETURN(auto values, Evaluate(*column.expr, *table, partition));
      out.push_back(std::move(values));
    }
    return arrow::Table::Make(std::move(schema), std::move(out), table->num_rows());
  }
  base::StatusOr<std::vector<int>> Passes(const arrow::Schema& input) const override {
    return ColumnsOf(columns_, input);
  }

 private:
  std::vector<NamedExpr> columns_;
};

// ---- filter, limit, sample ----------------------------------------------------------------------

base::StatusOr<TablePtr> KeepRows(const TablePtr& table, const arrow::Datum& mask) {
  SOTERIA_ARROW_ASSIGN(arrow::Datum kept, arrow::compute::Filter(table, mask));
  return kept.table();
}

class FilterOperator : public Operator {
 public:
  explicit FilterOperator(ExprPtr condition) : condition_(std::move(condition)) {}
  std::string_view kind() const override { return "exec.filter"; }
  std::string Encode() const override { return EncodeExpr(*condition_); }
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& input) const override {
    SOTERIA_ASSIGN_OR_RETURN(const FieldPtr field, TypeOf(*condition_, input));
    const arrow::Type::type id = field->type()->id();
    if (id != arrow::Type::BOOL && id != arrow::Type::NA) {
      const std::string text = PrettyName(*condition_);
      return base::Fail(
          kFilterNotBoolean,
          base::Cat("Cannot resolve \"", text, "\" due to data type mismatch: Filter expression \"",
                    text, "\" of type ", table::QuotedTypeName(*field), " is not a boolean."));
    }
    return SameSchema(input);
  }
  base::StatusOr<TablePtr> Apply(TablePtr table, uint64_t partition) const override {
    SOTERIA_RETURN_IF_ERROR(OutputSchema(*table->schema()));
    SOTERIA_ASSIGN_OR_RETURN(const auto mask, Evaluate(*condition_, *table, partition));
    if (mask->type()->id() == arrow::Type::NA) return table->Slice(0, 0);
    if (table->num_columns() == 0) {
      int64_t rows = 0;
      for (const auto& chunk : mask->chunks()) {
        rows += static_cast<const arrow::BooleanArray&>(*chunk).true_count();
      }
      return arrow::Table::Make(table->schema(), arrow::ChunkedArrayVector{}, rows);
    }
    return KeepRows(table, mask);
  }
  base::StatusOr<std::vector<int>> Passes(const arrow::Schema& input) const override {
    return AllColumns(input);
  }

 private:
  ExprPtr condition_;
};

class LimitOperator : public Operator {
 public:
  LimitOperator(int64_t rows, bool take) : rows_(rows), take_(take) {}
  std::string_view kind() const override { return take_ ? kTake : "exec.limit"; }
  std::string Encode() const override { return FieldWriter().AddI64(rows_).Take(); }
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& input) const override {
    if (rows_ < 0) {
      return base::Fail(kNegativeLimit,
                        base::Cat("The limit like expression \"", rows_,
                                  "\" is invalid. The limit expression must be equal to or greater "
                                  "than 0, but got ",
                                  rows_, "."));
    }
    return SameSchema(input);
  }
  base::StatusOr<TablePtr> Apply(TablePtr table, uint64_t /*partition*/) const override {
    SOTERIA_RETURN_IF_ERROR(OutputSchema(*table->schema()));
    if (table->num_columns() == 0) {
      return arrow::Table::Make(table->schema(), arrow::ChunkedArrayVector{},
                                std::min(rows_, table->num_rows()));
    }
    return table->Slice(0, rows_);
  }
  base::StatusOr<std::vector<int>> Passes(const arrow::Schema& input) const override {
    return AllColumns(input);
  }

 private:
  int64_t rows_;
  bool take_;
};

class SampleOperator : public Operator {
 public:
  SampleOperator(double lower, double upper, bool with_replacement, int64_t seed)
      : lower_(lower), upper_(upper), with_replacement_(with_replacement), seed_(seed) {}
  std::string_view kind() const override { return "exec.sample"; }
  std::string Encode() const override {
    return FieldWriter()
        .AddDouble(lower_)
        .AddDouble(upper_)
        .AddBool(with_replacement_)
        .AddI64(seed_)
        .Take();
  }
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& input) const override {
    if (with_replacement_) {
      return base::Fail(base::kUnsupported, "Sampling with replacement is not supported");
    }
    constexpr double kRounding = 1e-6;  // Spark's slack for sums of weights
    if (!(lower_ >= -kRounding && upper_ <= 1 + kRounding && lower_ <= upper_ + kRounding)) {
      return base::Fail(base::kIllegalArgument,
                        base::Cat("requirement failed: Sampling fraction (", upper_ - lower_,
                                  ") must be on interval [0, 1] without replacement"));
    }
    return SameSchema(input);
  }
  base::StatusOr<TablePtr> Apply(TablePtr table, uint64_t partition) const override {
    SOTERIA_RETURN_IF_ERROR(OutputSchema(*table->schema()));
    if (upper_ - lower_ <= 0) return table->Slice(0, 0);
    table::XorShiftRandom random(static_cast<int64_t>(static_cast<uint64_t>(seed_) + partition));
    std::vector<int64_t> rows;
    for (int64_t i = 0; i < table->num_rows(); ++i) {
      const double x = random.NextDouble();
      if (x >= lower_ && x < upper_) rows.push_back(i);
    }
    return TakeTableRows(table, rows);
  }
  base::StatusOr<std::vector<int>> Passes(const arrow::Schema& input) const override {
    return AllColumns(input);
  }

 private:
  double lower_;
  double upper_;
  bool with_replacement_;
  int64_t seed_;
};

// ---- sort ---------------------------------------------------------------------------------------

class SortAllOperator : public AskingOperator {
 public:
  std::string_view kind() const override { return "exec.sort_all"; }
  std::string Encode() const override { return ""; }
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& input) const override {
    return SameSchema(input);
  }
  base::StatusOr<TablePtr> ApplyWithin(TablePtr table, uint64_t /*partition*/,
                                       const Admit& admit) const override {
    SOTERIA_RETURN_IF_ERROR(admit(SortBytes(*table)));
    return SortByAll(table);
  }
  base::StatusOr<std::vector<int>> Passes(const arrow::Schema& input) const override {
    return AllColumns(input);
  }
};

class SortOperator : public AskingOperator {
 public:
  explicit SortOperator(std::vector<SortKey> keys) : keys_(std::move(keys)) {}
  std::string_view kind() const override { return "exec.sort"; }
  std::string Encode() const override {
    FieldWriter out;
    WriteSortKeys(keys_, out);
    return out.Take();
  }
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& input) const override {
    for (const SortKey& key : keys_) SOTERIA_RETURN_IF_ERROR(CheckSortKey(key, input));
    return SameSchema(input);
  }
  base::StatusOr<TablePtr> ApplyWithin(TablePtr table, uint64_t partition,
                                       const Admit& admit) const override {
    SOTERIA_RETURN_IF_ERROR(OutputSchema(*table->schema()));
    SOTERIA_RETURN_IF_ERROR(admit(SortBytes(*table)));
    SOTERIA_ASSIGN_OR_RETURN(const auto columns, SortColumnsOf(keys_, *table, partition));
    return SortBy(table, columns);
  }
  base::StatusOr<std::vector<int>> Passes(const arrow::Schema& input) const override {
    return AllColumns(input);
  }

 private:
  std::vector<SortKey> keys_;
};

// ---- distinct, offset, tail ---------------------------------------------------------------------

class DistinctOperator : public Operator {
 public:
  explicit DistinctOperator(std::vector<int> columns) : columns_(std::move(columns)) {}
  std::string_view kind() const override { return "exec.distinct"; }
  std::string Encode() const override {
    FieldWriter out;
    out.AddU64(columns_.size());
    for (const int column : columns_) out.AddU64(static_cast<uint64_t>(column));
    return out.Take();
  }
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& input) const override {
    for (const int column : columns_) {
      if (column >= input.num_fields()) {
        return base::Fail(base::kProtocol, "Distinct: a column that isn't there");
      }
      SOTERIA_RETURN_IF_ERROR(CheckSetColumn(*input.field(column)));
    }
    return SameSchema(input);
  }
  base::StatusOr<TablePtr> Apply(TablePtr table, uint64_t partition) const override {
    SOTERIA_RETURN_IF_ERROR(OutputSchema(*table->schema()));
    std::vector<ExprPtr> exprs;
    for (const int column : columns_) {
      exprs.push_back(Input(column, {table->field(column)->name()}));
    }
    SOTERIA_ASSIGN_OR_RETURN(const RowKeys keys, RowKeys::Of(exprs, *table, partition));
    SOTERIA_ASSIGN_OR_RETURN(const GroupIndex index, IndexGroups(keys));
    SOTERIA_ASSIGN_OR_RETURN(const TablePtr rows, TakeTableRows(table, index.firsts));
    return WithOneZero(rows, columns_);
  }
  base::StatusOr<std::vector<int>> Passes(const arrow::Schema& input) const override {
    return AllColumns(input);
  }

 private:
  std::vector<int> columns_;
};

/// All rows but the first, or the last ones only.
class EndOperator : public Operator {
 public:
  EndOperator(int64_t rows, bool tail) : rows_(rows), tail_(tail) {}
  std::string_view kind() const override { return tail_ ? "exec.tail" : "exec.offset"; }
  std::string Encode() const override { return FieldWriter().AddI64(rows_).Take(); }
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& input) const override {
    if (rows_ < 0) return base::Fail(base::kProtocol, "a negative number of rows");
    return SameSchema(input);
  }
  base::StatusOr<TablePtr> Apply(TablePtr table, uint64_t /*partition*/) const override {
    SOTERIA_RETURN_IF_ERROR(OutputSchema(*table->schema()));
    const int64_t all = table->num_rows();
    const int64_t from = tail_ ? std::max<int64_t>(0, all - rows_) : std::min(rows_, all);
    if (table->num_columns() == 0) {
      return arrow::Table::Make(table->schema(), arrow::ChunkedArrayVector{}, all - from);
    }
    return table->Slice(from);
  }
  base::StatusOr<std::vector<int>> Passes(const arrow::Schema& input) const override {
    return AllColumns(input);
  }

 private:
  int64_t rows_;
  bool tail_;
};

// ---- range --------------------------------------------------------------------------------------

class ExpandRangeOperator : public Operator {
 public:
  explicit ExpandRangeOperator(int64_t step) : step_(step) {}
  std::string_view kind() const override { return "exec.expand_range"; }
  std::string Encode() const override { return FieldWriter().AddI64(step_).Take(); }
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& input) const override {
    const bool fits = input.num_fields() == 2 &&
                      input.field(0)->type()->id() == arrow::Type::INT64 &&
                      input.field(1)->type()->id() == arrow::Type::INT64;
    if (!fits) return base::Fail(base::kProtocol, "Range: not the bounds of one");
    return arrow::schema({arrow::field("id", arrow::int64(), false)});
  }
  base::StatusOr<TablePtr> Apply(TablePtr table, uint64_t /*partition*/) const override {
    SOTERIA_ASSIGN_OR_RETURN(SchemaPtr schema, OutputSchema(*table->schema()));
    SOTERIA_ASSIGN_OR_RETURN(const auto firsts, OneChunk(*table->column(0)));
    SOTERIA_ASSIGN_OR_RETURN(const auto counts, OneChunk(*table->column(1)));
    arrow::Int64Builder ids;
    for (int64_t i = 0; i < table->num_rows(); ++i) {
      auto value = static_cast<uint64_t>(static_cast<const arrow::Int64Array&>(*firsts).Value(i));
      const int64_t count = static_cast<const arrow::Int64Array&>(*counts).Value(i);
      if (count < 0 || count > kRangeRowsMax - ids.length()) {
        return base::Fail(base::kMemoryLimit,
                          base::Cat("one partition of a range has more than ", kRangeRowsMax,
                                    " rows: use more partitions"));
      }
      SOTERIA_ARROW_RETURN(ids.Reserve(count));
      for (int64_t k = 0; k < count; ++k, value += static_cast<uint64_t>(step_)) {
        ids.UnsafeAppend(static_cast<int64_t>(value));
      }
    }
    std::shared_ptr<arrow::Array> column;
    SOTERIA_ARROW_RETURN(ids.Finish(&column));
    return arrow::Table::Make(std::move(schema), arrow::ArrayVector{std::move(column)});
  }
  base::StatusOr<std::vector<int>> Passes(const arrow::Schema&) const override {
    return std::vector<int>{-1};
  }

 private:
  int64_t step_;
};

// ---- as -----------------------------------------------------------------------------------------

/// The same columns under a union's fields.
class AsOperator : public Operator {
 public:
  explicit AsOperator(SchemaPtr schema) : schema_(std::move(schema)) {}
  std::string_view kind() const override { return "exec.as"; }
  std::string Encode() const override {
    const auto json = table::SparkSchemaJson(*schema_);
    return FieldWriter().Add(json.ok() ? *json : "").Take();
  }
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& input) const override {
    if (input.num_fields() != schema_->num_fields()) {
      return base::Fail(base::kProtocol, "As: another number of columns");
    }
    std::vector<FieldPtr> fields;
    for (int i = 0; i < input.num_fields(); ++i) {
      const FieldPtr& field = schema_->field(i);
      // Vectors keep the form that they have here.
      const bool dense = input.field(i)->type()->id() == arrow::Type::FIXED_SIZE_LIST;
      fields.push_back(dense ? field->WithType(input.field(i)->type()) : field);
      if (!dense && input.field(i)->type()->id() != field->type()->id()) {
        return base::Fail(base::kProtocol, "As: a column of another type");
      }
    }
    return arrow::schema(std::move(fields));
  }
  base::StatusOr<TablePtr> Apply(TablePtr table, uint64_t /*partition*/) const override {
    SOTERIA_ASSIGN_OR_RETURN(SchemaPtr schema, OutputSchema(*table->schema()));
    arrow::ChunkedArrayVector columns;
    for (int i = 0; i < table->num_columns(); ++i) {
      auto column = table->column(i);
      const TypePtr& type = schema->field(i)->type();
      if (!column->type()->Equals(*type)) {  // what may be null inside differs
        SOTERIA_ARROW_ASSIGN(column, column->View(type));
      }
      columns.push_back(std::move(column));
    }
    return arrow::Table::Make(std::move(schema), std::move(columns), table->num_rows());
  }
  base::StatusOr<std::vector<int>> Passes(const arrow::Schema& input) const override {
    return AllColumns(input);
  }

 private:
  SchemaPtr schema_;
};

// ---- decoding -----------------------------------------------------------------------------------

base::StatusOr<OperatorPtr> ReadSample(FieldReader& in) {
  SOTERIA_ASSIGN_OR_RETURN(const double lower, in.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(const double upper, in.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(const bool with_replacement, in.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(const int64_t seed, in.NextI64());
  if (with_replacement) return base::Fail(base::kUnsupported, "Sample with replacement");
  return Sample(lower, upper, with_replacement, seed);
}

base::StatusOr<OperatorPtr> ReadDistinct(FieldReader& in) {
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, ReadCount(in));
  std::vector<int> columns;
  for (uint64_t i = 0; i < count; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t column, in.NextU64());
    if (column > kOperatorColumnsMax)
      return base::Fail(base::kProtocol, "Distinct: no such column");
    columns.push_back(static_cast<int>(column));
  }
  return Distinct(std::move(columns));
}

base::StatusOr<OperatorPtr> ReadAs(FieldReader& in) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view json, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(SchemaPtr schema, table::SchemaFromSparkJson(json));
  return As(std::move(schema));
}

base::StatusOr<OperatorPtr> ReadOperator(std::string_view kind, FieldReader& in) {
  if (kind == "exec.project") {
    SOTERIA_ASSIGN_OR_RETURN(std::vector<NamedExpr> columns, ReadNamed(in));
    return Project(std::move(columns));
  }
  if (kind == "exec.filter") {
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr condition, ExprReader(in).Read());
    return Filter(std::move(condition));
  }
  if (kind == "exec.limit" || kind == kTake) {
    SOTERIA_ASSIGN_OR_RETURN(const int64_t rows, in.NextI64());
    return kind == kTake ? LocalTake(rows) : LocalLimit(rows);
  }
  if (kind == "exec.sample") return ReadSample(in);
  if (kind == "exec.sort_all") return LocalSort();
  if (kind == "exec.sort") {
    SOTERIA_ASSIGN_OR_RETURN(std::vector<SortKey> keys, ReadSortKeys(in));
    return LocalSortBy(std::move(keys));
  }
  if (kind == "exec.distinct") return ReadDistinct(in);
  if (kind == "exec.offset" || kind == "exec.tail") {
    SOTERIA_ASSIGN_OR_RETURN(const int64_t rows, in.NextI64());
    return kind == "exec.tail" ? LocalTail(rows) : LocalOffset(rows);
  }
  if (kind == "exec.expand_range") {
    SOTERIA_ASSIGN_OR_RETURN(const int64_t step, in.NextI64());
    return ExpandRange(step);
  }
  if (kind == "exec.as") return ReadAs(in);
  if (kind == kWindowOperator) return ReadWindow(in);
  if (MakesGroups(kind)) return ReadGroups(kind, in);
  return ReadRepeating(kind, in);
}

}  // namespace

base::StatusOr<TablePtr> Operator::ApplyWithin(TablePtr table, uint64_t partition,
                                               const Admit& /*admit*/) const {
  return Apply(std::move(table), partition);
}

base::StatusOr<TablePtr> AskingOperator::Apply(TablePtr table, uint64_t partition) const {
  return ApplyWithin(std::move(table), partition, [](uint64_t) { return base::OkStatus(); });
}

std::string NameOf(const NamedExpr& column) {
  return column.name.has_value() ? *column.name : AutoName(*column.expr);
}

base::StatusOr<OperatorPtr> DecodeOperator(std::string_view kind, std::string_view bytes) {
  if (bytes.size() > kOperatorBytesMax) return base::Fail(base::kProtocol, "Operator: too long");
  FieldReader in(bytes);
  SOTERIA_ASSIGN_OR_RETURN(OperatorPtr op, ReadOperator(kind, in));
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return op;
}

OperatorPtr Project(std::vector<NamedExpr> columns) {
  return std::make_shared<ProjectOperator>(std::move(columns));
}
OperatorPtr Filter(ExprPtr condition) {
  return std::make_shared<FilterOperator>(std::move(condition));
}
OperatorPtr LocalLimit(int64_t n) { return std::make_shared<LimitOperator>(n, false); }
OperatorPtr LocalTake(int64_t rows) { return std::make_shared<LimitOperator>(rows, true); }
OperatorPtr LocalSort() { return std::make_shared<SortAllOperator>(); }
OperatorPtr LocalSortBy(std::vector<SortKey> keys) {
  return std::make_shared<SortOperator>(std::move(keys));
}
OperatorPtr Distinct(std::vector<int> columns) {
  return std::make_shared<DistinctOperator>(std::move(columns));
}
OperatorPtr LocalOffset(int64_t rows) { return std::make_shared<EndOperator>(rows, false); }
OperatorPtr LocalTail(int64_t rows) { return std::make_shared<EndOperator>(rows, true); }
uint64_t RangeRows(int64_t start, int64_t end, int64_t step) {
  const bool none = step > 0 ? start >= end : start <= end;
  if (none || step == 0) return 0;
  const uint64_t span = step > 0 ? static_cast<uint64_t>(end) - static_cast<uint64_t>(start)
                                 : static_cast<uint64_t>(start) - static_cast<uint64_t>(end);
  const uint64_t stride =
      step > 0 ? static_cast<uint64_t>(step) : uint64_t{0} - static_cast<uint64_t>(step);
  return (span - 1) / stride + 1;
}
OperatorPtr ExpandRange(int64_t step) { return std::make_shared<ExpandRangeOperator>(step); }
OperatorPtr As(std::shared_ptr<arrow::Schema> schema) {
  return std::make_shared<AsOperator>(std::move(schema));
}
OperatorPtr Sample(double lower, double upper, bool with_replacement, int64_t seed) {
  return std::make_shared<SampleOperator>(lower, upper, with_replacement, seed);
}

}  // namespace soteria::exec
