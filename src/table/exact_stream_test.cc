#include "src/table/exact_stream.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <arrow/util/key_value_metadata.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "src/base/errors.h"
#include "src/table/table_for_test.h"

namespace soteria::table {
namespace {

template <class T>
std::shared_ptr<arrow::Buffer> Written(const T& value) {
  const auto out = *arrow::io::BufferOutputStream::Create();
  EXPECT_TRUE(WriteExactly(value, *out).ok());
  return *out->Finish();
}

/// As a file is read: into memory of its own, not as slices of what is there.
class CopyingInput : public arrow::io::InputStream {
 public:
  explicit CopyingInput(std::shared_ptr<arrow::Buffer> bytes) : bytes_(std::move(bytes)) {}
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }
  arrow::Result<int64_t> Tell() const override { return bytes_.Tell(); }
  arrow::Result<int64_t> Read(int64_t size, void* out) override { return bytes_.Read(size, out); }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t size) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(size));
    ARROW_ASSIGN_OR_RAISE(const int64_t got, bytes_.Read(size, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(got, /*shrink_to_fit=*/false));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

 private:
  arrow::io::BufferReader bytes_;
};

/// Also as a part of something longer: reading takes exactly what was written.
std::shared_ptr<arrow::Table> Back(const arrow::Table& table) {
  const auto bytes = Written(table);
  CopyingInput in(arrow::Buffer::FromString(bytes->ToString() + "more"));
  const auto back = ReadTableExactly(in);
  EXPECT_TRUE(back.ok()) << base::Message(back.status());
  EXPECT_EQ(*in.Tell(), bytes->size());
  return back.ok() ? *back : nullptr;
}

std::shared_ptr<arrow::Array> Doubles(const std::vector<double>& values) {
  arrow::DoubleBuilder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return *builder.Finish();
}

void ExpectSame(const arrow::Table& table) {
  const auto back = Back(table);
  ASSERT_NE(back, nullptr);
  EXPECT_TRUE(back->schema()->Equals(*table.schema(), /*check_metadata=*/true));
  EXPECT_EQ(back->num_rows(), table.num_rows());
  EXPECT_TRUE(back->ValidateFull().ok());
  for (int c = 0; c < table.num_columns(); ++c) {
    ASSERT_EQ(back->column(c)->num_chunks(), table.column(c)->num_chunks());
    for (int i = 0; i < table.column(c)->num_chunks(); ++i) {
      const auto& chunk = back->column(c)->chunk(i);
      EXPECT_TRUE(chunk->Equals(*table.column(c)->chunk(i), arrow::EqualOptions().nans_equal(true)))
          << c << " " << i;
    }
  }
}

TEST(ExactStreamTest, EachBitOfDoublesComesBack) {
  const double payload = std::bit_cast<double>(uint64_t{0x7ff8'0000'dead'beef});
  const double signalling = std::bit_cast<double>(uint64_t{0xfff0'0000'0000'0001});
  const std::vector<double> values = {-0.0,       0.0,    payload,
                                      signalling, 1e-310, std::numeric_limits<double>::infinity()};
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("x", arrow::float64())}), {Doubles(values)});
  const auto back = Back(*table);
  ASSERT_NE(back, nullptr);
  const auto& doubles = static_cast<const arrow::DoubleArray&>(*back->column(0)->chunk(0));
  EXPECT_EQ(std::memcmp(doubles.raw_values(), values.data(), values.size() * sizeof(double)), 0);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(doubles.raw_values()) % 64, 0U);
}

TEST(ExactStreamTest, TypesNullsAndMetadataComeBack) {
  const auto metadata = arrow::key_value_metadata({"spark"}, {"vector"});
  const auto list = arrow::list(arrow::float64());
  const auto schema = arrow::schema(
      {arrow::field("i", arrow::int32(), true, metadata), arrow::field("s", arrow::utf8()),
       arrow::field("b", arrow::boolean(), false), arrow::field("l", list)},
      metadata);
  ExpectSame(*TableForTest(schema, {"[1, null, 3]", R"(["a", null, "long enough"])",
                                    "[true, false, true]", "[[1.5, null], null, []]"}));
  const auto vectors = VectorsForTest({VectorValue{}, std::nullopt, VectorValue{}});
  ExpectSame(*arrow::Table::Make(arrow::schema({arrow::field("v", vectors->type())}), {vectors}));
}

// Sums may follow chunks: columns that are cut at different places stay so.
TEST(ExactStreamTest, ChunksStayAsTheyAre) {
  const auto a = Doubles({1, 2, 3, 4, 5});
  const auto columns = arrow::ChunkedArrayVector{
      std::make_shared<arrow::ChunkedArray>(
          arrow::ArrayVector{a->Slice(0, 2), a->Slice(2, 0), a->Slice(2, 3)}),
      std::make_shared<arrow::ChunkedArray>(arrow::ArrayVector{a->Slice(0, 1), a->Slice(1, 4)}),
      std::make_shared<arrow::ChunkedArray>(arrow::ArrayVector{a})};
  const auto schema =
      arrow::schema({arrow::field("a", arrow::float64()), arrow::field("b", arrow::float64()),
                     arrow::field("b", arrow::float64())});
  ExpectSame(*arrow::Table::Make(schema, columns));
  ExpectSame(*arrow::Table::Make(schema, columns)->Slice(1, 3));
}

TEST(ExactStreamTest, EmptyTablesComeBack) {
  ExpectSame(*arrow::Table::Make(arrow::schema({}), arrow::ArrayVector{}, 17));
  const auto schema = arrow::schema({arrow::field("a", arrow::float64())});
  ExpectSame(*arrow::Table::Make(
      schema, {std::make_shared<arrow::ChunkedArray>(arrow::ArrayVector{}, arrow::float64())}));
  ExpectSame(*arrow::Table::Make(schema, {Doubles({})}));
}

FeatureBlock BackOf(const FeatureBlock& block) {
  arrow::io::BufferReader in(Written(block));
  auto back = ReadFeatureBlockExactly(in);
  EXPECT_TRUE(back.ok());
  return back.ok() ? *std::move(back) : FeatureBlock();
}

TEST(ExactStreamTest, DenseBlocksComeBack) {
  FeatureBlock block;
  block.rows = 2;
  block.cols = 3;
  block.dense = {1, -0.0, 3, std::bit_cast<double>(uint64_t{0x7ff8'0000'0000'0123}), 5, 6};
  block.label = {0, 1};
  const FeatureBlock back = BackOf(block);
  EXPECT_EQ(back.rows, 2);
  EXPECT_EQ(back.cols, 3);
  EXPECT_FALSE(back.sparse);
  ASSERT_EQ(back.dense.size(), block.dense.size());
  EXPECT_EQ(std::memcmp(back.dense.data(), block.dense.data(), 6 * sizeof(double)), 0);
  EXPECT_EQ(back.label, block.label);
  EXPECT_TRUE(back.weight.empty() && back.row_ptr.empty() && back.col.empty() && back.val.empty());
}

TEST(ExactStreamTest, SparseBlocksComeBack) {
  FeatureBlock block;
  block.rows = 3;
  block.cols = 1000;
  block.sparse = true;
  block.row_ptr = {0, 2, 2, 3};
  block.col = {5, 999, 0};
  block.val = {0.5, -1.5, -0.0};
  block.weight = {1, 2, 3};
  const FeatureBlock back = BackOf(block);
  EXPECT_TRUE(back.sparse);
  EXPECT_EQ(back.row_ptr, block.row_ptr);
  EXPECT_EQ(back.col, block.col);
  EXPECT_EQ(back.val, block.val);
  EXPECT_TRUE(std::signbit(back.val[2]));
  EXPECT_EQ(back.weight, block.weight);
  EXPECT_TRUE(back.dense.empty() && back.label.empty());
}

TEST(ExactStreamTest, WhatIsCutOrNoStreamIsAnError) {
  const auto table = Written(*arrow::Table::Make(
      arrow::schema({arrow::field("x", arrow::float64())}), {Doubles({1, 2, 3})}));
  FeatureBlock block;
  block.rows = block.cols = 1;
  block.dense = {1};
  const auto features = Written(block);
  for (const auto& bytes : {table, features}) {
    // The mark at the very end says nothing that a reader needs.
    for (int64_t size = 0; size < bytes->size() - 8; size += 8) {
      const auto cut = arrow::SliceBuffer(bytes, 0, size);
      arrow::io::BufferReader as_table(cut);
      EXPECT_FALSE(ReadTableExactly(as_table).ok()) << size;
      arrow::io::BufferReader as_features(cut);
      EXPECT_FALSE(ReadFeatureBlockExactly(as_features).ok()) << size;
    }
  }
  // A size that nothing has.
  arrow::io::BufferReader huge(arrow::Buffer::FromString(std::string(64, '\x7f')));
  EXPECT_TRUE(base::Is(ReadFeatureBlockExactly(huge).status(), base::kInternal));
}

}  // namespace
}  // namespace soteria::table
