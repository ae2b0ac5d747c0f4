#include "src/exec/operator.h"

#include <arrow/array.h>
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
#include "src/exec/prefix.h"
#include "src/exec/sort.h"
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
  field = field->WithName(column.name.empty() ? AutoName(*column.expr) : column.name);
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
    out.Add(column.name).Add(column.metadata);
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
    SOTERIA_ASSIGN_OR_RETURN(column.name, in.Next());
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

class SortAllOperator : public Operator {
 public:
  std::string_view kind() const override { return "exec.sort_all"; }
  std::string Encode() const override { return ""; }
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& input) const override {
    return SameSchema(input);
  }
  base::StatusOr<TablePtr> Apply(TablePtr table, uint64_t /*partition*/) const override {
    return SortByAll(table);
  }
  base::StatusOr<std::vector<int>> Passes(const arrow::Schema& input) const override {
    return AllColumns(input);
  }
};

class SortOperator : public Operator {
 public:
  explicit SortOperator(std::vector<SortKey> keys) : keys_(std::move(keys)) {}
  std::string_view kind() const override { return "exec.sort"; }
  std::string Encode() const override {
    FieldWriter out;
    out.AddU64(keys_.size());
    for (const SortKey& key : keys_) {
      out.AddBool(key.ascending).AddBool(key.nulls_first);
      WriteExpr(*key.expr, out);
    }
    return out.Take();
  }
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& input) const override {
    for (const SortKey& key : keys_) {
      SOTERIA_ASSIGN_OR_RETURN(const FieldPtr field, TypeOf(*key.expr, input));
      SOTERIA_RETURN_IF_ERROR(CheckOrderable(*field));
    }
    return SameSchema(input);
  }
  base::StatusOr<TablePtr> Apply(TablePtr table, uint64_t partition) const override {
    SOTERIA_RETURN_IF_ERROR(OutputSchema(*table->schema()));
    std::vector<SortColumn> columns;
    for (const SortKey& key : keys_) {
      SOTERIA_ASSIGN_OR_RETURN(auto values, Evaluate(*key.expr, *table, partition));
      columns.push_back({std::move(values), key.ascending, key.nulls_first});
    }
    return SortBy(table, columns);
  }
  base::StatusOr<std::vector<int>> Passes(const arrow::Schema& input) const override {
    return AllColumns(input);
  }

 private:
  std::vector<SortKey> keys_;
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

base::StatusOr<OperatorPtr> ReadSort(FieldReader& in) {
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, ReadCount(in));
  ExprReader exprs(in);
  std::vector<SortKey> keys;
  for (uint64_t i = 0; i < count; ++i) {
    SortKey key;
    SOTERIA_ASSIGN_OR_RETURN(key.ascending, in.NextBool());
    SOTERIA_ASSIGN_OR_RETURN(key.nulls_first, in.NextBool());
    SOTERIA_ASSIGN_OR_RETURN(key.expr, exprs.Read());
    keys.push_back(std::move(key));
  }
  return LocalSortBy(std::move(keys));
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
  if (kind == "exec.sort") return ReadSort(in);
  return base::Fail(base::kProtocol, "Operator: unknown kind");
}

}  // namespace

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
OperatorPtr Sample(double lower, double upper, bool with_replacement, int64_t seed) {
  return std::make_shared<SampleOperator>(lower, upper, with_replacement, seed);
}

}  // namespace soteria::exec
