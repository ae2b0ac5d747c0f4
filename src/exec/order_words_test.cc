#include "src/exec/order_words.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "src/base/errors.h"

namespace soteria::exec {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;
using Random = std::mt19937_64;

/// Every fifth a null if there are to be some.
template <class Builder>
ArrayPtr Column(std::unique_ptr<Builder> builder, size_t rows, bool nulls,
                const std::function<arrow::Status(Builder&, Random&)>& append) {
  Random random(rows);
  for (size_t i = 0; i < rows; ++i) {
    if (nulls && random() % 5 == 0) {
      EXPECT_TRUE(builder->AppendNull().ok());
    } else {
      EXPECT_TRUE(append(*builder, random).ok());
    }
  }
  ArrayPtr made = *builder->Finish();
  return made;
}

template <class Builder, class Value>
ArrayPtr Few(size_t rows, bool nulls, std::vector<Value> values) {
  return Column<Builder>(std::make_unique<Builder>(), rows, nulls,
                         [&](Builder& builder, Random& random) {
                           return builder.Append(values[random() % values.size()]);
                         });
}

ArrayPtr Decimals(size_t rows, bool nulls, int precision) {
  auto type = arrow::decimal128(precision, 2);
  return Column<arrow::Decimal128Builder>(
      std::make_unique<arrow::Decimal128Builder>(type), rows, nulls,
      [&](arrow::Decimal128Builder& builder, Random& random) {
        const auto low = static_cast<int64_t>(random() % 200) - 100;
        // With more than a word's digits: some differ in the lower half only.
        const int64_t high = precision > 18 ? static_cast<int64_t>(random() % 3) - 1
                             : low < 0      ? -1
                                            : 0;
        return builder.Append(arrow::Decimal128(high, static_cast<uint64_t>(low)));
      });
}

ArrayPtr Texts(size_t rows, bool nulls) {
  return Few<arrow::StringBuilder, std::string>(
      rows, nulls,
      {"", std::string(1, '\0'), "a", "ab", "abcdefgh", "abcdefghi",
       "abcdefgh" + std::string(1, '\0'), "\xc3\xa9", "z", "\xff"});
}

std::vector<ArrayPtr> Columns(size_t rows, bool nulls) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const double nan = std::nan("");
  const auto longs = Few<arrow::Int64Builder, int64_t>(
      rows, nulls, {INT64_MIN, -1, 0, 1, 255, 256, int64_t{1} << 40, INT64_MAX});
  return {
      longs,
      Few<arrow::Int8Builder, int8_t>(rows, nulls, {-128, -1, 0, 1, 127}),
      Few<arrow::Date32Builder, int32_t>(rows, nulls, {INT32_MIN, -1, 0, 7, INT32_MAX}),
      Few<arrow::BooleanBuilder, bool>(rows, nulls, {false, true}),
      Few<arrow::DoubleBuilder, double>(
          rows, nulls, {-kInf, -2.5, -1e-320, -0.0, 0.0, 1e-320, 1, kInf, nan, -nan}),
      Few<arrow::FloatBuilder, float>(rows, nulls, {-1e30F, -2.0F, -1.0F, -0.0F, 0.0F, 2.0F, NAN}),
      Decimals(rows, nulls, 10),
      Decimals(rows, nulls, 30),
      Texts(rows, nulls),
      longs->Slice(static_cast<int64_t>(rows / 3)),
  };
}

std::vector<OrderKey> KeysOf(const std::vector<ArrayPtr>& arrays, bool ascending,
                             bool nulls_first) {
  std::vector<SortColumn> columns;
  for (const ArrayPtr& array : arrays) {
    columns.push_back({std::make_shared<arrow::ChunkedArray>(array), ascending, nulls_first});
  }
  return OrderKeysOf(columns).value();
}

std::vector<uint32_t> ByComparison(const std::vector<OrderKey>& keys, int64_t count) {
  std::vector<uint32_t> rows(static_cast<size_t>(count));
  std::iota(rows.begin(), rows.end(), 0);
  std::stable_sort(rows.begin(), rows.end(),
                   [&](uint32_t a, uint32_t b) { return OrderRows(keys, a, keys, b) < 0; });
  return rows;
}

// Below and above the number of rows from which digits are counted.
TEST(OrderedRows, AreThoseOfAStableSortByComparison) {
  for (const size_t rows : {0U, 1U, 7U, 300U, 5000U}) {
    for (const bool nulls : {false, true}) {
      const std::vector<ArrayPtr> columns = Columns(rows, nulls);
      for (const bool ascending : {true, false}) {
        for (const bool nulls_first : {true, false}) {
          for (size_t i = 0; i < columns.size(); ++i) {
            const int64_t count = columns[i]->length();
            const auto one = KeysOf({columns[i]}, ascending, nulls_first);
            EXPECT_EQ(OrderedRows(one, count).value(), ByComparison(one, count)) << i;
            const ArrayPtr second = columns[(i + 3) % (columns.size() - 1)]->Slice(0, count);
            const auto two =
                KeysOf({columns[i], second, columns[8]->Slice(0, count)}, ascending, nulls_first);
            EXPECT_EQ(OrderedRows(two, count).value(), ByComparison(two, count)) << i;
          }
        }
      }
    }
  }
}

TEST(OrderedRows, OfLargeNumbersByEveryDigit) {
  const ArrayPtr many = Column<arrow::DoubleBuilder>(
      std::make_unique<arrow::DoubleBuilder>(), 20000, false,
      [](arrow::DoubleBuilder& out, Random& random) {
        return out.Append(std::ldexp(static_cast<double>(random()) - 9e18,
                                     static_cast<int>(random() % 100) - 50));
      });
  const auto keys = KeysOf({many}, true, true);
  EXPECT_EQ(OrderedRows(keys, many->length()).value(), ByComparison(keys, many->length()));
}

TEST(OrderWords, SayWhereTheyDecide) {
  EXPECT_TRUE(OrderWordsOf(KeysOf({Columns(50, false)[0]}, true, true)[0]).exact);
  EXPECT_FALSE(OrderWordsOf(KeysOf({Columns(50, true)[0]}, true, true)[0]).exact);
  EXPECT_FALSE(OrderWordsOf(KeysOf({Texts(50, false)}, true, true)[0]).exact);
  const auto structs =
      arrow::StructArray::Make({Columns(50, false)[0]}, std::vector<std::string>{"a"});
  const OrderWords none = OrderWordsOf(KeysOf({*structs}, true, true)[0]);
  EXPECT_TRUE(none.words.empty());
}

TEST(OrderedRows, HasALimit) {
  const auto rows = OrderedRows({}, kOrderedRowsMax + 1);
  EXPECT_TRUE(base::Is(rows.status(), base::kUnsupported)) << rows.status();
}

}  // namespace
}  // namespace soteria::exec
