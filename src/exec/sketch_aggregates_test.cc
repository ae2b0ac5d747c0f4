// Expected items, their order and estimates are from Spark 4.3.
#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/exec/aggregate.h"
#include "src/exec/digests.h"
#include "src/exec/distinct_count.h"
#include "src/exec/show.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using table::TableForTest;
using TablePtr = std::shared_ptr<arrow::Table>;

AggregateCall Items(std::string column, int32_t most) {
  AggregateCall call{"collect_frequent_items", Column(std::move(column)), "items"};
  call.rest = {Literal(most)};
  return call;
}

base::StatusOr<std::string> Root(const Aggregate& aggregate, const std::vector<TablePtr>& parts) {
  std::vector<std::string> partials;
  for (const TablePtr& part : parts) {
    SOTERIA_ASSIGN_OR_RETURN(partials.emplace_back(), aggregate.Map(*part));
  }
  return aggregate.Merge(partials);
}

std::string Shown(const AggregateCall& call, const std::vector<TablePtr>& parts) {
  const auto made = Aggregate::Make({call}, *parts[0]->schema());
  if (!made.ok()) return base::Message(made.status());
  const auto aggregate = Aggregate::Decode(made->Encode());
  if (!aggregate.ok()) return base::Message(aggregate.status());
  const auto root = Root(*aggregate, parts);
  if (!root.ok()) return base::Message(root.status());
  const auto rows = aggregate->Finish(*root);
  if (!rows.ok()) return base::Message(rows.status());
  return *CellText(*(*rows)->field(0), *(*rows)->column(0)->chunk(0), 0);
}

TablePtr Numbers(const std::string& json) {
  return TableForTest(*table::SchemaFromDdl("x int"), {json});
}

TEST(FrequentItems, ComeInTheOrderOfScalasMap) {
  EXPECT_EQ(Shown(Items("x", 100), {Numbers("[1, 2, null, 3, 7]")}), "[NULL, 1, 2, 3, 7]");
  const auto texts =
      TableForTest(*table::SchemaFromDdl("s string"), {R"(["1", "x", null, "3", ""])"});
  EXPECT_EQ(Shown(Items("s", 100), {texts}), "[NULL, , 1, x, 3]");
  const auto doubles =
      TableForTest(*table::SchemaFromDdl("d double"), {"[2.5, -1.0, 4.25, null, 0.5]"});
  EXPECT_EQ(Shown(Items("d", 100), {doubles}), "[-1.0, NULL, 0.5, 2.5, 4.25]");
  const auto floats = TableForTest(*table::SchemaFromDdl("f float"), {"[1.5, 2.0, null, -4.0]"});
  EXPECT_EQ(Shown(Items("f", 100), {floats}), "[NULL, 1.5, 2.0, -4.0]");
  const auto flags = TableForTest(*table::SchemaFromDdl("b boolean"), {"[true, false]"});
  EXPECT_EQ(Shown(Items("b", 100), {flags}), "[false, true]");
}

TEST(FrequentItems, ZerosAreOneAndNanEqualsNothing) {
  const auto doubles =
      TableForTest(*table::SchemaFromDdl("d double"), {R"([0.0, -0.0, "NaN", "NaN", 1.0])"});
  EXPECT_EQ(Shown(Items("d", 100), {doubles}), "[0.0, 1.0, NaN, NaN]");
}

TEST(FrequentItems, ANewOneTakesAwayWhereThereIsNoRoom) {
  EXPECT_EQ(Shown(Items("x", 2), {Numbers("[1, 2, null, 3, 7]")}), "[3, 7]");
  EXPECT_EQ(Shown(Items("x", 1), {Numbers("[1, 2, null, 3, 7]")}), "[7]");
  EXPECT_EQ(Shown(Items("x", 1), {Numbers("[5, 5, 1, 2, 5]")}), "[5]");
  EXPECT_EQ(Shown(Items("x", 2), {Numbers("[5, 5, 1]"), Numbers("[2, 2, 2, 9]")}), "[2]");
  EXPECT_EQ(Shown(Items("x", 100), {Numbers("[]"), Numbers("[]")}), "[]");
}

TEST(FrequentItems, Refusals) {
  const auto table = Numbers("[1]");
  for (const int32_t most : {0, -1, 10'001}) {
    EXPECT_FALSE(Aggregate::Make({Items("x", most)}, *table->schema()).ok());
  }
  const auto aggregate = *Aggregate::Make({Items("x", 2)}, *table->schema());
  const std::string partial = *aggregate.Map(*table);
  EXPECT_TRUE(aggregate.Merge(std::vector{partial}).ok());
  for (size_t i = 0; i < partial.size(); ++i) {
    EXPECT_FALSE(aggregate.Finish(std::string_view(partial).substr(0, i)).ok()) << i;
  }
}

TEST(DistinctCount, EstimatesAsSpark) {
  struct Case {
    int64_t values;
    int64_t estimate;
  };
  DistinctRegisters registers = {};
  int64_t added = 0;
  for (const Case& one : {Case{0, 0},
                          {1, 1},
                          {10, 10},
                          {100, 103},
                          {400, 397},
                          {480, 479},
                          {500, 484},
                          {520, 505},
                          {600, 612},
                          {1000, 1026},
                          {1280, 1249},
                          {2000, 1947},
                          {2500, 2378},
                          {2600, 2483},
                          {5000, 4671},
                          {100'000, 95'546}}) {
    for (; added < one.values; ++added) AddHash(Xxh64Long(added, 42), &registers);
    EXPECT_EQ(EstimateDistinct(registers), one.estimate) << one.values;
  }
}

TEST(DistinctCount, NullCountsNotAndPartsAreOne) {
  const AggregateCall call{"approx_count_distinct", Column("x"), "n"};
  EXPECT_EQ(Shown(call, {Numbers("[1, 2, null, 1]"), Numbers("[2, 3]"), Numbers("[]")}), "3");
  EXPECT_EQ(Shown(call, {Numbers("[]")}), "0");
}

TEST(DistinctCount, Refusals) {
  const auto table = Numbers("[1]");
  AggregateCall call{"approx_count_distinct", Column("x"), "n"};
  call.rest = {Literal(0.01)};
  EXPECT_TRUE(base::Is(Aggregate::Make({call}, *table->schema()).status(), base::kUnsupported));
  call.rest = {Literal(int32_t{1})};
  EXPECT_FALSE(Aggregate::Make({call}, *table->schema()).ok());
  call.rest = {Literal(0.05)};
  const auto aggregate = *Aggregate::Make({call}, *table->schema());
  const std::string partial = *aggregate.Map(*table);
  EXPECT_TRUE(aggregate.Finish(partial).ok());
  std::string bad = partial;
  bad.back() = 57;  // more zeros than a hash has
  EXPECT_FALSE(aggregate.Finish(bad).ok());
}

}  // namespace
}  // namespace soteria::exec
