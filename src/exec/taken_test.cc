#include "src/exec/taken.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace soteria::exec {
namespace {

constexpr size_t kLong = 100'000;

std::shared_ptr<arrow::Array> Texts() {
  arrow::StringBuilder texts;
  EXPECT_TRUE(texts.AppendValues({std::string(kLong, 'x'), "", "y"}).ok());
  return texts.Finish().ValueOrDie();
}

uint64_t Bytes(const std::shared_ptr<arrow::Array>& array, const std::vector<int64_t>& rows) {
  return TakenBytes(arrow::ChunkedArray(array), rows);
}

// A thousand times a row of another length than most: its own bytes count, wherever they hang.
TEST(Taken, BytesAreEachRowsOwn) {
  const auto texts = Texts();
  const auto structs =
      arrow::StructArray::Make({texts}, {arrow::field("t", arrow::utf8())}).ValueOrDie();
  arrow::Int32Builder offsets;
  ASSERT_TRUE(offsets.AppendValues({0, 1, 1, 3}).ok());
  const auto lists =
      arrow::ListArray::FromArrays(*offsets.Finish().ValueOrDie(), *texts).ValueOrDie();
  for (const std::shared_ptr<arrow::Array>& array :
       {texts, std::shared_ptr<arrow::Array>(structs), std::shared_ptr<arrow::Array>(lists)}) {
    SCOPED_TRACE(array->type()->ToString());
    const std::vector<int64_t> first(1'000, 0);
    const std::vector<int64_t> second(1'000, 1);
    EXPECT_GE(Bytes(array, first), 1'000 * kLong);
    EXPECT_LE(Bytes(array, first), 1'000 * (kLong + 64));
    EXPECT_LE(Bytes(array, second), 1'000 * 64U);
    // As a slice has its own rows: the second is the first of what begins there.
    EXPECT_EQ(Bytes(array->Slice(1), std::vector<int64_t>{0}),
              Bytes(array, std::vector<int64_t>{1}));
    EXPECT_EQ(TakenBytes(arrow::ChunkedArray({array, array->Slice(1)}), {3, 0, 4, -1}),
              Bytes(array, {1, 0, 2, -1}));
  }
}

// Arrow's Take doesn't look whether the offsets of one chunk still fit.
TEST(Taken, ChunksEndByBytes) {
  const auto texts = Texts();
  arrow::Int32Builder offsets;
  ASSERT_TRUE(offsets.AppendValues({0, 1, 1, 3}).ok());
  const auto lists =
      arrow::ListArray::FromArrays(*offsets.Finish().ValueOrDie(), *texts).ValueOrDie();
  const std::vector<int64_t> rows = {0, 0, 0, 1, -1, 2, 1, 0};
  for (const std::shared_ptr<arrow::Array>& array : {texts, std::shared_ptr<arrow::Array>(lists)}) {
    const arrow::ChunkedArray column(array);
    const auto whole = TakeOrNull(column, rows).value();
    EXPECT_EQ(whole->num_chunks(), 1);
    const auto cut = TakeOrNull(column, rows, 2 * kLong + 1'000).value();
    EXPECT_EQ(cut->num_chunks(), 2);
    EXPECT_EQ(cut->chunk(0)->length(), 2);
    EXPECT_TRUE(cut->Equals(*whole));
    EXPECT_EQ(TakeOrNull(column, rows, 1)->get()->num_chunks(), 8);
  }
}

TEST(Taken, LengthsAreOfTheLongestWithin) {
  const auto texts = Texts();
  arrow::Int32Builder offsets;
  ASSERT_TRUE(offsets.AppendValues({0, 1, 1, 3}).ok());
  const std::shared_ptr<arrow::Array> lists =
      arrow::ListArray::FromArrays(*offsets.Finish().ValueOrDie(), *texts).ValueOrDie();
  const auto structs =
      arrow::StructArray::Make({lists}, {arrow::field("l", lists->type())}).ValueOrDie();
  EXPECT_EQ(TakenLength(*texts, {0, 0, 2, -1}), 2 * kLong + 1);
  EXPECT_EQ(TakenLength(*lists, {0, 2, 2}), kLong + 4);
  EXPECT_EQ(TakenLength(*structs, {0, 2, 2}), kLong + 4);
  EXPECT_EQ(TakenLength(*structs->Slice(2), {0}), 2U);
}

TEST(Taken, ValuesOfOneWidthCostThatEach) {
  arrow::Int64Builder longs;
  ASSERT_TRUE(longs.AppendValues({1, 2, 3}).ok());
  EXPECT_EQ(Bytes(longs.Finish().ValueOrDie(), {0, 2, 2, 1}), 4 * (sizeof(int64_t) + 1));
}

}  // namespace
}  // namespace soteria::exec
