// Expected groups, values and their order are from Spark 4.3 with as many shuffle partitions.
#include "src/exec/groups.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <limits>

#include "src/base/errors.h"
#include "src/exec/operator_for_test.h"
#include "src/exec/partition.h"
#include "src/exec/show.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using table::TableForTest;
using TablePtr = std::shared_ptr<arrow::Table>;
using AggregatePtr = std::shared_ptr<const Aggregate>;

std::string Lines(const arrow::Table& table) {
  std::string text;
  const TablePtr whole = table.CombineChunks().ValueOrDie();
  for (int64_t row = 0; row < whole->num_rows(); ++row) {
    for (int i = 0; i < whole->num_columns(); ++i) {
      text += (i > 0 ? " " : "") + *CellText(*whole->field(i), *whole->column(i)->chunk(0), row);
    }
    text += "\n";
  }
  return text;
}

AggregatePtr Made(std::vector<AggregateCall> calls, const arrow::Schema& schema,
                  std::vector<GroupKey> keys) {
  auto made = Aggregate::Make(std::move(calls), schema, std::move(keys));
  EXPECT_TRUE(made.ok()) << base::Message(made.status());
  return std::make_shared<const Aggregate>(*std::move(made));
}

/// The groups of rows in these partitions, exchanged between so many targets.
TablePtr Groups(const AggregatePtr& aggregate, const std::vector<TablePtr>& parts, uint64_t targets,
                uint64_t places = 200) {
  std::vector<std::vector<TablePtr>> cells(targets);
  for (size_t p = 0; p < parts.size(); ++p) {
    const auto partial = ApplyForTest(PartialGroups(aggregate), parts[p], p);
    const auto dealt =
        HashPartition(EncodeGroupPartitioner(*aggregate, places), partial, p, targets);
    EXPECT_TRUE(dealt.ok()) << base::Message(dealt.status());
    for (uint64_t t = 0; t < targets; ++t) cells[t].push_back((*dealt)[t]);
  }
  std::vector<TablePtr> groups;
  for (const auto& cell : cells) {
    const auto all = arrow::ConcatenateTables(cell).ValueOrDie();
    groups.push_back(ApplyForTest(FinishGroups(aggregate, places), all));
  }
  return arrow::ConcatenateTables(groups).ValueOrDie();
}

TablePtr Spoiled() {
  return TableForTest(*table::SchemaFromDdl("d double, s string, n int"),
                      {R"([0.0, "NaN", null, -0.0, "NaN", null, -1.5])",
                       R"(["a", "a", "b", "a", "a", null, "c"])", "[1, 2, 3, 4, 5, 6, 7]"});
}

std::vector<TablePtr> Cut(const TablePtr& table, const std::vector<int64_t>& ends) {
  std::vector<TablePtr> parts;
  int64_t begin = 0;
  for (const int64_t end : ends) parts.push_back(table->Slice(begin, end - begin)), begin = end;
  return parts;
}

TEST(Groups, NullNanAndZeroAreOneKeyEach) {
  const TablePtr table = Spoiled();
  const AggregatePtr by_number =
      Made({{"count", nullptr, std::nullopt}, {"sum", Column("n"), std::nullopt}}, *table->schema(),
           {{Column("d"), std::nullopt}});
  EXPECT_EQ(by_number->output_schema()->field(0)->name(), "d");
  EXPECT_EQ(Lines(*Groups(by_number, {table}, 1, 1)), "0.0 2 5\nNaN 2 7\nNULL 2 9\n-1.5 1 7\n");
  const AggregatePtr by_both = Made({{"max", Column("n"), std::nullopt}}, *table->schema(),
                                    {{Column("s"), "t"}, {Column("d"), std::nullopt}});
  EXPECT_EQ(Lines(*Groups(by_both, Cut(table, {2, 7}), 2, 1)),
            "a 0.0 4\na NaN 5\nb NULL 3\nNULL NULL 6\nc -1.5 7\n");
  EXPECT_EQ(Groups(by_both, {table->Slice(0, 0)}, 1)->num_rows(), 0);
}

TEST(Groups, TheOrderIsSparksHoweverManyPartsAndTargets) {
  const TablePtr table = Spoiled();
  const AggregatePtr groups =
      Made({{"sum", Column("n"), std::nullopt}, {"collect_list", Column("n"), std::nullopt}},
           *table->schema(), {{Column("s"), std::nullopt}});
  // Of the hashes modulo 200: what Spark itself says is in tests/parity/table_cases.py.
  const std::string expected = Lines(*Groups(groups, {table}, 1));
  for (const uint64_t targets : {1U, 2U, 3U, 7U, 200U}) {
    EXPECT_EQ(Lines(*Groups(groups, {table}, targets)), expected) << targets;
    EXPECT_EQ(Lines(*Groups(groups, Cut(table, {1, 1, 4, 7}), targets)), expected) << targets;
  }
}

TEST(Groups, EachPartOfARowIsUnderItsFilter) {
  const TablePtr table = Spoiled();
  AggregateCall few{"sum", Column("n"), "few"};
  few.where = Call("<", {Column("n"), Literal(4)});
  AggregateCall none{"count", nullptr, "none"};
  none.where = Call("isNull", {Column("n")});
  const AggregatePtr groups = Made({few, none}, *table->schema(), {{Column("s"), std::nullopt}});
  EXPECT_EQ(Lines(*Groups(groups, Cut(table, {3, 7}), 2, 1)),
            "a 3 0\nb 3 0\nNULL NULL 0\nc NULL 0\n");
}

TEST(Groups, KeysOfEveryTypeComeBack) {
  const auto table = TableForTest(
      *table::SchemaFromDdl("b boolean, y tinyint, h smallint, l bigint, f float, at date, "
                            "w decimal(30,2), e decimal(5,1), x binary"),
      {"[true, null]", "[-7, 7]", "[-300, 300]", "[-9223372036854775807, 9223372036854775807]",
       "[-0.25, 1e30]", "[-1, 20000]", R"(["-12345678901234567890.12", null])", R"([null, "-3.5"])",
       R"(["", "ab"])"});
  std::vector<GroupKey> keys;
  for (const auto& field : table->schema()->fields())
    keys.push_back({Column(field->name()), std::nullopt});
  const AggregatePtr groups = Made({{"count", nullptr, std::nullopt}}, *table->schema(), keys);
  EXPECT_EQ(Lines(*Groups(groups, {table, table}, 2, 1)),
            "true -7 -300 -9223372036854775807 -0.25 1969-12-31 -12345678901234567890.12 NULL [] "
            "2\nNULL 7 300 9223372036854775807 1.0E30 2024-10-04 NULL -3.5 [61 62] 2\n");
}

TEST(Groups, ArraysAndStructsAreKeysWithOneZeroAtAnyDepth) {
  const auto table = TableForTest(
      *table::SchemaFromDdl("xs array<double>, r struct<a: float, b: string>, n int"),
      {R"([[0.0, "NaN"], [-0.0, "NaN"], [], null, [null], null])",
       R"([[1.5, "x"], [1.5, "x"], [-0.0, null], [0.0, null], null, null])", "[1, 2, 3, 4, 5, 6]"});
  const auto by = [&](const char* key) {
    const AggregatePtr groups =
        Made({{"sum", Column("n"), std::nullopt}}, *table->schema(), {{Column(key), std::nullopt}});
    return Lines(*Groups(groups, Cut(table, {1, 6}), 2, 1));
  };
  EXPECT_EQ(by("xs"), "[0.0, NaN] 3\n[] 3\nNULL 10\n[NULL] 5\n");
  EXPECT_EQ(by("r"), "{1.5, x} 3\n{0.0, NULL} 7\nNULL 11\n");
}

TEST(Groups, ManyGroupsOfFewRows) {
  constexpr int64_t kRows = 300'000;
  arrow::Int64Builder numbers;
  for (int64_t i = 0; i < kRows; ++i) ASSERT_TRUE(numbers.Append(i * 7919 % 100'003).ok());
  const auto schema = arrow::schema({arrow::field("k", arrow::int64())});
  const auto table = arrow::Table::Make(schema, {*numbers.Finish()});
  const AggregatePtr aggregate =
      Made({{"count", nullptr, std::nullopt}, {"sum", Column("k"), std::nullopt}}, *schema,
           {{Column("k"), std::nullopt}});
  const TablePtr groups = Groups(aggregate, Cut(table, {kRows / 3, kRows}), 5);
  ASSERT_EQ(groups->num_rows(), 100'003);
  const TablePtr whole = groups->CombineChunks().ValueOrDie();
  const auto at = [&](int column, int64_t row) {
    return static_cast<const arrow::Int64Array&>(*whole->column(column)->chunk(0)).Value(row);
  };
  int64_t rows = 0;
  for (int64_t i = 0; i < whole->num_rows(); ++i) {
    ASSERT_EQ(at(2, i), at(0, i) * at(1, i));
    rows += at(1, i);
  }
  EXPECT_EQ(rows, kRows);
}

TEST(Groups, WhatIsNoKeyIsRefused) {
  const auto vectors = Aggregate::Make({}, *arrow::schema({table::VectorField("v", true, {})}),
                                       {{Column("v"), std::nullopt}});
  EXPECT_TRUE(base::Is(vectors.status(), base::kUnsupported));
}

TEST(Groups, RowsThatAreNoPartialOnesAreRefused) {
  const TablePtr table = Spoiled();
  const AggregatePtr groups =
      Made({{"sum", Column("n"), std::nullopt}}, *table->schema(), {{Column("s"), std::nullopt}});
  const OperatorPtr finish = FinishGroups(groups, 200);
  EXPECT_TRUE(base::Is(finish->Apply(table, 0).status(), base::kProtocol)) << "columns";
  const auto schema =
      arrow::schema({arrow::field("k0", arrow::utf8()), arrow::field("s0", arrow::binary())});
  const auto cells = [&](const char* json) {
    return finish->Apply(TableForTest(schema, {R"(["a"])", json}), 0).status();
  };
  EXPECT_TRUE(base::Is(cells("[null]"), base::kProtocol));
  EXPECT_TRUE(base::Is(cells(R"([""])"), base::kProtocol));
  EXPECT_TRUE(base::Is(cells(R"(["short"])"), base::kProtocol));
  const TablePtr partial = *PartialGroups(groups)->Apply(table, 0);
  EXPECT_TRUE(finish->Apply(partial, 0).ok());
  EXPECT_TRUE(base::Is(finish->Apply(partial->SelectColumns({0}).ValueOrDie(), 0).status(),
                       base::kProtocol));
}

TEST(Groups, BytesThatAreNoOperatorAreRefused) {
  const TablePtr table = Spoiled();
  const AggregatePtr groups = Made({}, *table->schema(), {{Column("s"), std::nullopt}});
  const auto refused = [](std::string_view kind, const std::string& bytes) {
    return base::Is(DecodeOperator(kind, bytes).status(), base::kProtocol);
  };
  const std::string partial = PartialGroups(groups)->Encode();
  EXPECT_TRUE(refused("exec.partial_groups", partial + "x"));
  EXPECT_TRUE(refused("exec.finish_groups", partial)) << "no places";
  for (const uint64_t places : {uint64_t{0}, kTargetsMax + 1}) {
    EXPECT_TRUE(refused("exec.finish_groups", FinishGroups(groups, places)->Encode()));
  }
  const AggregatePtr unkeyed = Made({{"count", nullptr, std::nullopt}}, *table->schema(), {});
  EXPECT_TRUE(refused("exec.partial_groups", PartialGroups(unkeyed)->Encode()));
  EXPECT_TRUE(base::Is(groups->Map(*table).status(), base::kProtocol)) << "is no kernel";
}

TEST(Groups, MemoryIsAskedFor) {
  const TablePtr table = Spoiled();
  const AggregatePtr groups = Made({}, *table->schema(), {{Column("s"), std::nullopt}});
  const auto full = [](uint64_t) { return base::Fail(base::kMemoryLimit, "full"); };
  EXPECT_TRUE(
      base::Is(PartialGroups(groups)->ApplyWithin(table, 0, full).status(), base::kMemoryLimit));
  const TablePtr partial = *PartialGroups(groups)->Apply(table, 0);
  EXPECT_TRUE(base::Is(FinishGroups(groups, 200)->ApplyWithin(partial, 0, full).status(),
                       base::kMemoryLimit));
}

}  // namespace
}  // namespace soteria::exec
