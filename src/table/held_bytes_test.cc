#include "src/table/held_bytes.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace soteria::table {
namespace {

template <class Builder, class Value>
std::shared_ptr<arrow::Array> Of(int64_t rows, bool nulls, Value value) {
  Builder builder;
  for (int64_t i = 0; i < rows; ++i) {
    EXPECT_TRUE((nulls && i % 3 == 0 ? builder.AppendNull() : builder.Append(value)).ok());
  }
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Table> Table(const arrow::ArrayVector& columns) {
  arrow::FieldVector fields;
  for (const auto& column : columns) fields.push_back(arrow::field("c", column->type()));
  return arrow::Table::Make(arrow::schema(fields), columns);
}

// What Arrow says, which is slow for many columns.
TEST(HeldBytes, IsWhatArrowCounts) {
  const auto doubles = Of<arrow::DoubleBuilder>(1'000, true, 1.5);
  const auto bytes = Of<arrow::UInt8Builder>(1'000, false, uint8_t{7});
  const auto flags = Of<arrow::BooleanBuilder>(1'000, true, true);
  const auto words = Of<arrow::StringBuilder>(1'000, true, "word");
  const std::vector<std::shared_ptr<arrow::Table>> tables = {
      Table({doubles}),
      Table({bytes, doubles, flags}),
      Table({doubles, doubles}),
      Table({words, bytes}),
      Table({bytes->Slice(0, 0)}),
      Table({}),
      Table({doubles, bytes, flags})->Slice(13, 500),
      Table({doubles, bytes, flags})->Slice(7),
      arrow::ConcatenateTables({Table({doubles})->Slice(0, 600), Table({doubles})->Slice(400)})
          .ValueOrDie()};
  for (const auto& table : tables) {
    EXPECT_EQ(HeldBytes(*table),
              static_cast<uint64_t>(arrow::util::ReferencedBufferSize(*table).ValueOrDie()))
        << table->ToString();
  }
}

}  // namespace
}  // namespace soteria::table
