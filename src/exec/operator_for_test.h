/// Operators in tests. Shipped programs do not include this header.
#pragma once

#include <arrow/table.h>
#include <gtest/gtest.h>

#include <memory>

#include "src/base/errors.h"
#include "src/exec/operator.h"

namespace soteria::exec {

/// A table of no rows, whose columns have no chunks, as a filter may leave them.
inline std::shared_ptr<arrow::Table> WithoutRows(const std::shared_ptr<arrow::Schema>& schema) {
  arrow::ChunkedArrayVector columns;
  for (const auto& field : schema->fields()) {
    columns.push_back(std::make_shared<arrow::ChunkedArray>(arrow::ArrayVector{}, field->type()));
  }
  return arrow::Table::Make(schema, std::move(columns), 0);
}

/// Applies the operator after a trip through its bytes; the schema must be what it promised, of
/// these rows and of none.
inline std::shared_ptr<arrow::Table> ApplyForTest(const OperatorPtr& op,
                                                  const std::shared_ptr<arrow::Table>& table,
                                                  uint64_t partition = 0) {
  const auto back = DecodeOperator(op->kind(), op->Encode());
  EXPECT_TRUE(back.ok()) << base::Message(back.status());
  EXPECT_EQ((*back)->Encode(), op->Encode());
  const auto none = (*back)->Apply(WithoutRows(table->schema()), partition);
  EXPECT_TRUE(none.ok() && (*none)->num_rows() == 0 && (*none)->ValidateFull().ok());
  const auto out = (*back)->Apply(table, partition);
  EXPECT_TRUE(out.ok()) << base::Message(out.status());
  EXPECT_TRUE((*out)->ValidateFull().ok());
  const auto schema = op->OutputSchema(*table->schema());
  EXPECT_TRUE(schema.ok());
  EXPECT_TRUE((*out)->schema()->Equals(**schema, true)) << (*out)->schema()->ToString();
  EXPECT_TRUE((*none)->schema()->Equals(**schema, true)) << (*none)->schema()->ToString();
  return *out;
}

}  // namespace soteria::exec
