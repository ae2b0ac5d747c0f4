#include "src/table/validate.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace soteria::table {
namespace {

std::shared_ptr<arrow::Buffer> Offsets(std::vector<int32_t> offsets) {
  return arrow::Buffer::FromVector(std::move(offsets));
}

std::shared_ptr<arrow::ArrayData> Text(std::vector<int32_t> offsets, std::string bytes) {
  const auto rows = static_cast<int64_t>(offsets.size()) - 1;
  return arrow::ArrayData::Make(
      arrow::utf8(), rows,
      {nullptr, Offsets(std::move(offsets)), arrow::Buffer::FromString(std::move(bytes))}, 0);
}

std::shared_ptr<arrow::ArrayData> ListOf(std::vector<int32_t> offsets,
                                         std::shared_ptr<arrow::ArrayData> values) {
  const auto rows = static_cast<int64_t>(offsets.size()) - 1;
  return arrow::ArrayData::Make(arrow::list(values->type), rows,
                                {nullptr, Offsets(std::move(offsets))}, {values}, 0);
}

arrow::Status Check(std::shared_ptr<arrow::ArrayData> data) {
  const auto column = arrow::MakeArray(data);
  return ValidateDecoded(
      *arrow::Table::Make(arrow::schema({arrow::field("c", data->type)}), {column}));
}

std::shared_ptr<arrow::ArrayData> Dictionary(std::vector<int8_t> indices,
                                             std::shared_ptr<arrow::ArrayData> values) {
  const auto rows = static_cast<int64_t>(indices.size());
  auto data = arrow::ArrayData::Make(arrow::dictionary(arrow::int8(), values->type), rows,
                                     {nullptr, arrow::Buffer::FromVector(std::move(indices))}, 0);
  data->dictionary = std::move(values);
  return data;
}

std::shared_ptr<arrow::ArrayData> In(std::shared_ptr<arrow::ArrayData> value) {
  return arrow::ArrayData::Make(arrow::struct_({arrow::field("s", value->type)}), value->length,
                                {nullptr}, {value}, 0);
}

// Text in each place that it can have in a Parquet file.
std::vector<std::shared_ptr<arrow::ArrayData>> Everywhere(std::shared_ptr<arrow::ArrayData> text) {
  const auto map = arrow::ArrayData::Make(
      arrow::map(arrow::utf8(), text->type), 1, {nullptr, Offsets({0, 2})},
      {arrow::ArrayData::Make(arrow::struct_({arrow::field("key", arrow::utf8(), false),
                                              arrow::field("value", text->type)}),
                              2, {nullptr}, {Text({0, 1, 2}, "ab"), text}, 0)},
      0);
  return {text,
          In(text),
          ListOf({0, 2}, text),
          ListOf({0, 1, 2}, In(text)),
          arrow::ArrayData::Make(arrow::fixed_size_list(text->type, 2), 1, {nullptr}, {text}, 0),
          map,
          Dictionary({0, 1, 1}, text),
          In(Dictionary({1}, text))};
}

TEST(ValidateDecoded, TextMayBeAnyBytes) {
  const auto text = Text({0, 1, 2}, "\xff\xc0");
  EXPECT_FALSE(arrow::MakeArray(text)->ValidateFull().ok());  // Arrow asks for UTF-8
  for (const auto& data : Everywhere(text)) {
    EXPECT_TRUE(Check(data).ok()) << data->type->ToString() << ": " << Check(data).ToString();
  }
}

TEST(ValidateDecoded, OffsetsStayWithinTheBytesEverywhere) {
  for (const auto& text : {Text({0, 3, 2}, "ab"), Text({-1, 1, 2}, "ab"), Text({0, 1, 9}, "ab"),
                           Text({0, 2, 1}, "ab")}) {
    for (const auto& data : Everywhere(text)) {
      EXPECT_FALSE(Check(data).ok()) << data->type->ToString();
    }
  }
  for (const auto& offsets :
       std::vector<std::vector<int32_t>>{{0, 3}, {1, 0}, {-1, 1}, {0, 2, 1}}) {
    EXPECT_FALSE(Check(ListOf(offsets, Text({0, 1, 2}, "ab"))).ok());
  }
}

TEST(ValidateDecoded, IndicesStayWithinTheirDictionary) {
  EXPECT_TRUE(Check(Dictionary({0, 1}, Text({0, 1, 2}, "ab"))).ok());
  for (const int8_t index : std::vector<int8_t>{2, 127, -1}) {
    EXPECT_FALSE(Check(Dictionary({0, index}, Text({0, 1, 2}, "ab"))).ok()) << int{index};
  }
}

TEST(ValidateDecoded, SaysWhichColumn) {
  const auto good = arrow::MakeArray(Text({0, 1, 2}, "ab"));
  const auto bad = arrow::MakeArray(Text({0, 2, 1}, "ab"));
  const auto status = ValidateDecoded(*arrow::Table::Make(
      arrow::schema({arrow::field("x", arrow::utf8()), arrow::field("y", arrow::utf8())}),
      {good, bad}));
  EXPECT_NE(status.message().find("column `y`"), std::string::npos) << status.message();
}

TEST(ValidateDecoded, NullCountsAreCounted) {
  auto data = Text({0, 1, 2}, "ab");
  data->buffers[0] = arrow::Buffer::FromString(std::string(1, '\x01'));
  data->null_count = 2;
  EXPECT_FALSE(Check(data).ok());
  data->null_count = 1;
  EXPECT_TRUE(Check(data).ok());
}

TEST(ValidateDecoded, ColumnsAreOfOneLength) {
  const auto two = arrow::MakeArray(Text({0, 1, 2}, "ab"));
  const auto one = arrow::MakeArray(Text({0, 1}, "a"));
  EXPECT_FALSE(
      ValidateDecoded(*arrow::Table::Make(arrow::schema({arrow::field("x", arrow::utf8()),
                                                         arrow::field("y", arrow::utf8())}),
                                          {two, one}, 2))
          .ok());
}

}  // namespace
}  // namespace soteria::table
