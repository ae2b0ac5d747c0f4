#include "src/exec/join.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/initialize.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/conditions.h"
#include "src/exec/murmur3.h"
#include "src/exec/operator.h"
#include "src/exec/partition.h"
#include "src/exec/row_keys.h"

namespace soteria::exec {
namespace {

using Ints = std::vector<std::optional<int64_t>>;
using TablePtr = std::shared_ptr<arrow::Table>;

std::shared_ptr<arrow::Array> IntArray(const Ints& values) {
  arrow::Int64Builder builder;
  for (const auto& value : values) {
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  }
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> DoubleArray(const std::vector<double>& values) {
  arrow::DoubleBuilder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}

TablePtr TwoInts(const std::string& key, const Ints& keys, const std::string& value,
                 const Ints& values) {
  return arrow::Table::Make(
      arrow::schema({arrow::field(key, arrow::int64()), arrow::field(value, arrow::int64())}),
      {IntArray(keys), IntArray(values)});
}

std::string Cell(const arrow::Table& table, int column, int64_t row) {
  const auto value = table.column(column)->GetScalar(row).ValueOrDie();
  return value->is_valid ? value->ToString() : "-";
}

std::string Rows(const base::StatusOr<TablePtr>& table) {
  if (!table.ok()) return std::string(base::ConditionName(table.status()));
  std::string text;
  for (int64_t i = 0; i < (*table)->num_rows(); ++i) {
    if (i > 0) text += ' ';
    for (int c = 0; c < (*table)->num_columns(); ++c) text += Cell(**table, c, i);
  }
  return text;
}

class JoinTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(arrow::compute::Initialize().ok()); }

  base::StatusOr<TablePtr> Run(JoinKind kind, const ExprPtr& condition) const {
    SOTERIA_ASSIGN_OR_RETURN(const Join made,
                             Join::Make(kind, condition, *left_->schema(), *right_->schema()));
    SOTERIA_ASSIGN_OR_RETURN(const Join join, Join::Decode(made.Encode()));
    return join.Apply(left_, right_, 0, nullptr);
  }
  static ExprPtr Equal() { return Call("==", {Input(0, {"k"}), Input(2, {"k"})}); }

  TablePtr left_ = TwoInts("k", {1, 2, std::nullopt, 2, 5}, "a", {1, 2, 3, 4, 5});
  TablePtr right_ = TwoInts("k", {2, 1, 2, std::nullopt, 9}, "b", {6, 7, 8, 9, 0});
};

TEST_F(JoinTest, EachKindHasTheRowsOfSparkInTheOrderOfTheInputs) {
  EXPECT_EQ(Rows(Run(JoinKind::kInner, Equal())), "1117 2226 2228 2426 2428");
  EXPECT_EQ(Rows(Run(JoinKind::kLeftOuter, Equal())), "1117 2226 2228 -3-- 2426 2428 55--");
  EXPECT_EQ(Rows(Run(JoinKind::kRightOuter, Equal())), "1117 2226 2228 2426 2428 ---9 --90");
  EXPECT_EQ(Rows(Run(JoinKind::kFullOuter, Equal())),
            "1117 2226 2228 -3-- 2426 2428 55-- ---9 --90");
  EXPECT_EQ(Rows(Run(JoinKind::kLeftSemi, Equal())), "11 22 24");
  EXPECT_EQ(Rows(Run(JoinKind::kLeftAnti, Equal())), "-3 55");
}

TEST_F(JoinTest, WhichSideIsLookedUpDoesNotShow) {
  Ints keys;
  Ints values;
  for (int64_t i = 0; i < 5'000; ++i) {
    keys.push_back(i % 11 == 10 ? std::nullopt : std::optional(i * 7919 % 97));
    values.push_back(i);
  }
  const TablePtr large = TwoInts("k", keys, "b", values);
  for (const int64_t rows : {0, 1, 5, 40, 2'500, 5'000}) {
    const TablePtr small = large->Slice(1'000 % (5'001 - rows), rows);
    for (const ExprPtr& condition :
         {Equal(), Call("<=>", {Input(0, {"k"}), Input(2, {"k"})}),
          Call("and", {Equal(), Call("<", {Input(1, {"a"}), Input(3, {"b"})})})}) {
      const auto join = Join::Make(JoinKind::kInner, condition, *small->schema(), *large->schema());
      ASSERT_TRUE(join.ok());
      const auto side = join->Side(large, nullptr);
      ASSERT_TRUE(side.ok());
      EXPECT_GT(BytesOf(**side), 5'000 * 2 * sizeof(int64_t));
      const auto found = join->Apply(small, large, 0, nullptr);
      const auto expected = join->Apply(small, **side, 0, nullptr);
      ASSERT_TRUE(found.ok() && expected.ok());
      EXPECT_TRUE((*found)->Equals(**expected)) << rows;
      EXPECT_TRUE((*found)->ValidateFull().ok());
    }
  }
}

TEST_F(JoinTest, NullsMatchUnderTheNullSafeEqualityOnly) {
  const auto same = Call("<=>", {Input(0, {"k"}), Input(2, {"k"})});
  EXPECT_EQ(Rows(Run(JoinKind::kInner, same)), "1117 2226 2228 -3-9 2426 2428");
  EXPECT_EQ(Rows(Run(JoinKind::kLeftAnti, same)), "55");
}

TEST_F(JoinTest, WhatIsLeftOfTheConditionIsAskedOfEachPair) {
  const auto above = Call(
      "and",
      {Equal(), Call(">", {Call("+", {Input(1, {"a"}), Input(3, {"b"})}), Literal(int32_t{9})})});
  EXPECT_EQ(Rows(Run(JoinKind::kInner, above)), "2228 2426 2428");
  EXPECT_EQ(Rows(Run(JoinKind::kLeftOuter, above)), "11-- 2228 -3-- 2426 2428 55--");
  EXPECT_EQ(Rows(Run(JoinKind::kLeftSemi, above)), "22 24");
  EXPECT_EQ(Rows(Run(JoinKind::kExistence, above)), "11false 22true -3false 24true 55false");
  EXPECT_EQ(Rows(Run(JoinKind::kLeftAnti, above)), "11 -3 55");
  EXPECT_TRUE(base::Is(Run(JoinKind::kLeftSingle, Equal()).status(), kScalarSubqueryRows));
  const auto first = Call("and", {Equal(), Call("==", {Input(3, {"b"}), Literal(int32_t{6})})});
  EXPECT_EQ(Rows(Run(JoinKind::kLeftSingle, first)), "11-- 2226 -3-- 2426 55--");
  EXPECT_EQ(Rows(Run(JoinKind::kFullOuter, above)), "11-- 2228 -3-- 2426 2428 55-- --17 ---9 --90");
}

TEST_F(JoinTest, WithoutAnEqualityEveryPairIsAsked) {
  const auto less = Call(">", {Input(1, {"a"}), Input(3, {"b"})});  // b = 0 only
  EXPECT_EQ(Rows(Run(JoinKind::kInner, less)), "1190 2290 -390 2490 5590");
  EXPECT_EQ(Rows(Run(JoinKind::kRightOuter, less)), "1190 2290 -390 2490 5590 --26 --17 --28 ---9");
  EXPECT_EQ(Rows(Run(JoinKind::kLeftSemi, less)), "11 22 -3 24 55");
  const auto all = Run(JoinKind::kInner, nullptr);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ((*all)->num_rows(), 25);
  EXPECT_EQ(Rows(Run(JoinKind::kLeftSemi, nullptr)), "11 22 -3 24 55");
  EXPECT_EQ(Rows(Run(JoinKind::kLeftAnti, nullptr)), "");
  right_ = right_->Slice(0, 0);
  EXPECT_EQ(Rows(Run(JoinKind::kInner, nullptr)), "");
  EXPECT_EQ(Rows(Run(JoinKind::kLeftOuter, nullptr)), "11-- 22-- -3-- 24-- 55--");
  EXPECT_EQ(Rows(Run(JoinKind::kLeftAnti, nullptr)), "11 22 -3 24 55");
}

TEST_F(JoinTest, ARowOfTheRightCountsForOneOfTheLeft) {
  left_ = TwoInts("k", {1, 1, 1, 2, std::nullopt, 3}, "a", {0, 0, 0, 0, std::nullopt, 0});
  right_ = TwoInts("k", {1, 3, 1, std::nullopt, 3}, "b", {0, 0, 0, std::nullopt, 0});
  const auto run = [&](JoinKind kind) {
    const auto join = Join::OfWholeRows(kind, *left_->schema(), *right_->schema());
    return Rows(Join::Decode(join->Encode())->Apply(left_, right_, 0, nullptr));
  };
  EXPECT_EQ(run(JoinKind::kIntersectAll), "10 10 -- 30");
  EXPECT_EQ(run(JoinKind::kExceptAll), "10 20");
  EXPECT_EQ(run(JoinKind::kLeftSemi), "10 10 10 -- 30");
  EXPECT_EQ(run(JoinKind::kLeftAnti), "20");
}

TEST_F(JoinTest, KeysOfDifferentTypesMeetInTheWiderAndZerosAndNaNsAreOne) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  left_ = arrow::Table::Make(arrow::schema({arrow::field("x", arrow::float64())}),
                             {DoubleArray({-0.0, nan, 2.0, 2.5})});
  right_ =
      arrow::Table::Make(arrow::schema({arrow::field("y", arrow::int64())}), {IntArray({0, 2})});
  const auto equal = Call("==", {Input(0, {"x"}), Input(1, {"y"})});
  EXPECT_EQ(Rows(Run(JoinKind::kInner, equal)), "-00 22");
  right_ = arrow::Table::Make(arrow::schema({arrow::field("y", arrow::float64())}),
                              {DoubleArray({-nan, 0.0})});
  EXPECT_EQ(Rows(Run(JoinKind::kInner, equal)), "-00 nannan");
}

TEST_F(JoinTest, SchemasSayWhatMayBeNull) {
  const auto field = [](const char* name) { return arrow::field(name, arrow::int64(), false); };
  const auto left = arrow::schema({field("a")});
  const auto right = arrow::schema({field("b")});
  const auto nullable = [&](JoinKind kind) {
    const auto join = Join::Make(kind, nullptr, *left, *right);
    std::string text;
    const auto schema = join->OutputSchema(*left, *right);
    for (const auto& one : schema->fields()) {
      text += one->nullable() ? 'n' : '.';
    }
    return text;
  };
  EXPECT_EQ(nullable(JoinKind::kInner), "..");
  EXPECT_EQ(nullable(JoinKind::kLeftOuter), ".n");
  EXPECT_EQ(nullable(JoinKind::kRightOuter), "n.");
  EXPECT_EQ(nullable(JoinKind::kFullOuter), "nn");
  EXPECT_EQ(nullable(JoinKind::kExistence), "..");
  EXPECT_EQ(nullable(JoinKind::kLeftSingle), ".n");
  EXPECT_EQ(nullable(JoinKind::kLeftSemi), ".");
}

TEST_F(JoinTest, AsksForRoomBeforeTheResultIsMade) {
  left_ = TwoInts("k", Ints(1000, 1), "a", Ints(1000, 1));
  right_ = TwoInts("k", Ints(1000, 1), "b", Ints(1000, 1));
  const auto join =
      Join::Make(JoinKind::kInner, nullptr, *left_->schema(), *right_->schema()).value();
  uint64_t most = 0;
  const auto few = [&](uint64_t bytes) {
    most = std::max(most, bytes);
    return bytes < 10'000'000 ? base::OkStatus() : base::Fail(base::kMemoryLimit, "no room");
  };
  EXPECT_EQ(Rows(join.Apply(left_, right_, 0, few)), base::kMemoryLimit.name);
  EXPECT_LT(most, 20'000'000U);  // of 48 MB
}

TEST_F(JoinTest, ConditionsAreTyped) {
  const auto number = Run(JoinKind::kInner, Input(0, {"k"}));
  EXPECT_TRUE(base::Is(number.status(), kJoinConditionNotBoolean));
  EXPECT_EQ(base::Message(number.status()),
            "The join condition \"k\" has the invalid type \"BIGINT\", expected \"BOOLEAN\".");
  EXPECT_TRUE(
      base::Is(Run(JoinKind::kInner, Call(">", {Call("rand", {Literal(int32_t{1})}), Literal(0.5)}))
                   .status(),
               base::kUnsupported));
}

TEST_F(JoinTest, DamagedBytesAreRefused) {
  const auto join = Join::Make(
      JoinKind::kFullOuter, Call("and", {Equal(), Call(">", {Input(1, {"a"}), Input(3, {"b"})})}),
      *left_->schema(), *right_->schema());
  const std::string bytes = join->Encode();
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(Join::Decode(bytes.substr(0, length)).ok()) << length;
  }
  EXPECT_FALSE(Join::Decode(bytes + bytes).ok());
  std::string kind = bytes;
  kind[8] = 11;
  EXPECT_FALSE(Join::Decode(kind).ok());
  // A condition over columns that aren't there, of bytes from elsewhere.
  const auto far = Join::Make(JoinKind::kInner, Call(">", {Input(1, {"a"}), Input(3, {"b"})}),
                              *left_->schema(), *right_->schema());
  EXPECT_TRUE(
      base::Is(far->Apply(left_, right_->SelectColumns({0}).ValueOrDie(), 0, nullptr).status(),
               base::kProtocol));
}

// ---- partitioners -------------------------------------------------------------------------------

uint32_t HashOf(const std::shared_ptr<arrow::Array>& array) {
  return HashRows({array}, array->length()).value()[0];
}

// SELECT hash(...) in Spark 4.
TEST_F(JoinTest, HashesAreSparks) {
  const auto signed_hash = [](const std::shared_ptr<arrow::Array>& array) {
    return static_cast<int32_t>(HashOf(array));
  };
  arrow::Int32Builder ints;
  ASSERT_TRUE(ints.Append(1).ok());
  EXPECT_EQ(signed_hash(ints.Finish().ValueOrDie()), -559580957);
  EXPECT_EQ(signed_hash(IntArray({1})), -1712319331);
  arrow::StringBuilder text;
  ASSERT_TRUE(text.Append("Spark").ok());
  EXPECT_EQ(signed_hash(text.Finish().ValueOrDie()), 228093765);
  EXPECT_EQ(signed_hash(DoubleArray({0.0})), -1670924195);
  EXPECT_EQ(signed_hash(DoubleArray({-0.0})), -1670924195);
  EXPECT_EQ(signed_hash(IntArray({std::nullopt})), 42);
  EXPECT_EQ(HashOf(DoubleArray({std::numeric_limits<double>::quiet_NaN()})),
            HashOf(DoubleArray({-std::numeric_limits<double>::quiet_NaN()})));
}

TEST_F(JoinTest, EqualKeysMeetInOnePart) {
  Ints keys;
  for (int64_t i = 0; i < 200; ++i) keys.push_back(i % 17);
  const auto table = TwoInts("k", keys, "v", keys);
  const auto parts = HashPartition(EncodeHashPartitioner({Input(0, {"k"})}), table, 3, 5).value();
  ASSERT_EQ(parts.size(), 5U);
  std::map<std::string, size_t> where;
  int64_t rows = 0;
  for (size_t q = 0; q < parts.size(); ++q) {
    rows += parts[q]->num_rows();
    for (int64_t i = 0; i < parts[q]->num_rows(); ++i) {
      EXPECT_EQ(where.emplace(Cell(*parts[q], 0, i), q).first->second, q);
    }
  }
  EXPECT_EQ(rows, 200);
  EXPECT_FALSE(HashPartition("", table, 0, 5).ok());
  EXPECT_FALSE(HashPartition(EncodeHashPartitioner({Input(7, {"k"})}), table, 0, 5).ok());
}

TEST_F(JoinTest, RangesAreInOrderAndAboutEqual) {
  std::vector<SortKey> keys = {{Input(0, {"k"}), false, false}};
  const KeySample sample = KeySample::Decode(KeySample(keys, 50).Encode()).value();
  std::vector<TablePtr> inputs;
  std::vector<std::string> partials;
  for (uint64_t p = 0; p < 3; ++p) {
    Ints values;
    for (int64_t i = 0; i < 300; ++i) {
      const int64_t value = (i * 7919 + static_cast<int64_t>(p)) % 1000;
      values.push_back(i % 50 == 0 ? std::nullopt : std::optional(value));
    }
    inputs.push_back(TwoInts("k", values, "v", values));
    partials.push_back(sample.Map(*inputs.back(), p).value());
    EXPECT_EQ(partials.back(), sample.Map(*inputs.back(), p).value()) << "repeatable";
  }
  const std::string bounds = sample.Finish(sample.Merge(partials).value(), 4).value();
  std::vector<int64_t> low(4, 2000);
  std::vector<int64_t> high(4, -1);
  std::vector<int64_t> rows(4, 0);
  for (uint64_t p = 0; p < 3; ++p) {
    const auto parts = RangePartition(bounds, inputs[p], p, 4).value();
    for (size_t q = 0; q < 4; ++q) {
      rows[q] += parts[q]->num_rows();
      for (int64_t i = 0; i < parts[q]->num_rows(); ++i) {
        const std::string cell = Cell(*parts[q], 0, i);
        const int64_t value = cell == "-" ? -1 : std::stoll(cell);  // nulls last: below all
        low[q] = std::min(low[q], value);
        high[q] = std::max(high[q], value);
      }
    }
  }
  for (size_t q = 0; q < 4; ++q) {
    EXPECT_GT(rows[q], 900 / 8);
    if (q > 0) {
      EXPECT_LT(high[q], low[q - 1]);
    }
  }
  EXPECT_FALSE(RangePartition(bounds, inputs[0], 0, 2).ok()) << "more bounds than targets";
  for (size_t length = 0; length < bounds.size(); length += 7) {
    EXPECT_FALSE(RangePartition(bounds.substr(0, length), inputs[0], 0, 4).ok());
  }
  // Rows that are all alike have one bound at most, and the other targets none.
  const auto same = TwoInts("k", Ints(100, 5), "v", Ints(100, 5));
  const std::string one = sample.Finish(sample.Map(*same, 0).value(), 4).value();
  const auto parts = RangePartition(one, same, 0, 4).value();
  EXPECT_EQ(parts[0]->num_rows(), 100);
  const auto none = same->Slice(0, 0);
  EXPECT_TRUE(sample.Finish(sample.Map(*none, 0).value(), 4).ok());
}

TEST_F(JoinTest, TheFirstOfEachStays) {
  const auto table =
      TwoInts("k", {1, 2, 1, std::nullopt, 2, std::nullopt}, "v", {1, 2, 3, 4, 5, 6});
  const auto op = Distinct({0});
  EXPECT_EQ(Rows(DecodeOperator(op->kind(), op->Encode()).value()->Apply(table, 0)), "11 22 -4");
  EXPECT_EQ(Rows(Distinct({0, 1})->Apply(table, 0)), "11 22 13 -4 25 -6");
  EXPECT_EQ(Rows(LocalTail(2)->Apply(table, 0)), "25 -6");
  EXPECT_EQ(Rows(LocalOffset(4)->Apply(table, 0)), "25 -6");
  EXPECT_EQ(Rows(LocalOffset(9)->Apply(table, 0)), "");
}

TEST_F(JoinTest, DistinctRowsHaveOneZero) {
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("x", arrow::float64())}),
                                        {DoubleArray({-0.0, 0.0, -1.5})});
  EXPECT_EQ(Rows(Distinct({0})->Apply(table, 0)), "0 -1.5");
  const auto all = Join::OfWholeRows(JoinKind::kIntersectAll, *table->schema(), *table->schema());
  EXPECT_EQ(Rows(all->Apply(table, table->Slice(1), 0, nullptr)), "0 -1.5");
}

TEST_F(JoinTest, RangesCountAsSparksDo) {
  EXPECT_EQ(RangeRows(0, 10, 3), 4U);
  EXPECT_EQ(RangeRows(10, 0, -3), 4U);
  EXPECT_EQ(RangeRows(0, 0, 1), 0U);
  EXPECT_EQ(RangeRows(5, 0, 1), 0U);
  EXPECT_EQ(RangeRows(INT64_MIN, INT64_MAX, 1), UINT64_MAX);
  EXPECT_EQ(RangeRows(INT64_MAX, INT64_MIN, INT64_MIN), 2U);
  const auto bounds = TwoInts("first", {7, 1}, "rows", {3, 1});
  const auto op = ExpandRange(-2);
  EXPECT_EQ(Rows(DecodeOperator(op->kind(), op->Encode()).value()->Apply(bounds, 0)), "7 5 3 1");
}

}  // namespace
}  // namespace soteria::exec
