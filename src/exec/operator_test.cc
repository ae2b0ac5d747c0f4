// Expected rows and texts are from Spark 4.3, local[1].
#include "src/exec/operator.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/exec/aggregate.h"
#include "src/exec/conditions.h"
#include "src/exec/operator_for_test.h"
#include "src/exec/partition.h"
#include "src/exec/show.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using table::ArrayForTest;
using table::DenseVector;
using table::SparseVector;
using table::TableForTest;
using TablePtr = std::shared_ptr<arrow::Table>;

TablePtr Range(int64_t from, int64_t to) {
  std::string json = "[";
  for (int64_t i = from; i < to; ++i) json += (i > from ? "," : "") + std::to_string(i);
  return TableForTest(arrow::schema({arrow::field("id", arrow::int64(), false)}), {json + "]"});
}

std::vector<int64_t> Ids(const arrow::Table& table, int column = 0) {
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < table.num_rows(); ++i) {
    const auto scalar = table.column(column)->GetScalar(i).ValueOrDie();
    ids.push_back(std::stoll(scalar->ToString()));
  }
  return ids;
}

std::string Names(const arrow::Table& table) {
  std::string names;
  for (const auto& name : table.schema()->field_names()) names += (names.empty() ? "" : ",") + name;
  return names;
}

TEST(Operator, ProjectKeepsMarksAndNames) {
  const auto schema = arrow::schema(
      {arrow::field("a", arrow::int32()),
       table::WithSparkMetadata(table::VectorField("v", true, std::nullopt), R"({"m":1})")});
  const auto table = arrow::Table::Make(
      schema, arrow::ArrayVector{ArrayForTest(arrow::int32(), "[1, 2]"),
                                 table::VectorsForTest({DenseVector({1}), std::nullopt})});
  const auto out = ApplyForTest(Project({{std::nullopt, Column("A")},
                                         {"f", Column("v")},
                                         {std::nullopt, Call("+", {Column("a"), Literal(1)})},
                                         {"m", Column("a"), R"({"x":2})"},
                                         {std::nullopt, Cast(Column("a"), arrow::utf8())}}),
                                table);
  EXPECT_EQ(Names(*out), "A,f,(a + 1),m,a");
  EXPECT_TRUE(table::IsVector(*out->field(1)));
  EXPECT_EQ(table::SparkMetadata(*out->field(1)), R"({"m":1})");
  EXPECT_EQ(table::SparkMetadata(*out->field(3)), R"({"x":2})");
}

TEST(Operator, ProjectOfNothingKeepsRows) {
  const auto out = ApplyForTest(Project({}), Range(0, 5));
  EXPECT_EQ(out->num_rows(), 5);
  EXPECT_EQ(ApplyForTest(LocalLimit(2), out)->num_rows(), 2);
  EXPECT_EQ(ApplyForTest(LocalLimit(1), ApplyForTest(Project({}), Range(0, 0)))->num_rows(), 0);
  EXPECT_EQ(ApplyForTest(Project({{"one", Literal(1)}}), out)->num_rows(), 5);
}

TEST(Operator, Filter) {
  const auto schema = *table::SchemaFromDdl("a int, s string");
  const auto table = TableForTest(schema, {"[1, null, 3]", R"(["x", "y", "z"])"});
  EXPECT_EQ(Ids(*ApplyForTest(Filter(Call(">", {Column("a"), Literal(0)})), table)),
            (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(ApplyForTest(Filter(Literal(arrow::MakeNullScalar(arrow::null()))), table)->num_rows(),
            0);
  const base::Status status = Filter(Column("a"))->OutputSchema(*schema).status();
  EXPECT_TRUE(base::Is(status, kFilterNotBoolean));
  EXPECT_EQ(base::Message(status),
            "Cannot resolve \"a\" due to data type mismatch: Filter expression \"a\" of type "
            "\"INT\" is not a boolean.");
}

TEST(Operator, ColumnsByPlace) {
  // Two columns of one name, as a select may make them.
  const auto table = TableForTest(*table::SchemaFromDdl("a int, a int"), {"[1, 2]", "[10, 20]"});
  const auto op =
      Project({{std::nullopt, Input(1, {"A"})}, {"z", Call("+", {Input(0, {"a"}), Literal(1)})}});
  const auto decoded = DecodeOperator(op->kind(), op->Encode());
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(Names(*ApplyForTest(*decoded, table)), "A,z");
  EXPECT_EQ(Ids(*ApplyForTest(*decoded, table)), (std::vector<int64_t>{10, 20}));
  EXPECT_EQ(Ids(*ApplyForTest(*decoded, table), 1), (std::vector<int64_t>{2, 3}));
  const auto beyond = Project({{std::nullopt, Input(2, {"a"})}})->OutputSchema(*table->schema());
  EXPECT_TRUE(base::Is(beyond.status(), base::kProtocol));
  Expr absurd = *Input(0, {"a"});
  absurd.ordinal = table::kFieldsMax;
  EXPECT_FALSE(DecodeExpr(EncodeExpr(absurd)).ok());
}

TEST(Operator, Limit) {
  EXPECT_EQ(Ids(*ApplyForTest(LocalLimit(2), Range(0, 5))), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(ApplyForTest(LocalLimit(9), Range(0, 5))->num_rows(), 5);
  EXPECT_TRUE(
      base::Is(LocalLimit(-1)->OutputSchema(*Range(0, 1)->schema()).status(), kNegativeLimit));
}

TEST(Operator, SampleDrawsSparksRows) {
  // spark.range(0, 40, 1, 2).sample(False, 0.5, 3)
  const auto op = Sample(0, 0.5, false, 3);
  EXPECT_EQ(Ids(*ApplyForTest(op, Range(0, 20), 0)),
            (std::vector<int64_t>{0, 4, 5, 8, 10, 15, 16, 17}));
  EXPECT_EQ(Ids(*ApplyForTest(op, Range(20, 40), 1)),
            (std::vector<int64_t>{21, 22, 23, 24, 25, 26, 28, 30, 31, 33, 38, 39}));
  EXPECT_EQ(ApplyForTest(Sample(0.5, 0.5, false, 3), Range(0, 9))->num_rows(), 0);
  const auto schema = Range(0, 1)->schema();
  EXPECT_TRUE(
      base::Is(Sample(0, 1.5, false, 3)->OutputSchema(*schema).status(), base::kIllegalArgument));
  EXPECT_FALSE(Sample(std::nan(""), 1, false, 3)->OutputSchema(*schema).ok());
  const auto replacing = Sample(0, 0.5, true, 3);
  EXPECT_TRUE(base::Is(replacing->OutputSchema(*schema).status(), base::kUnsupported));
  EXPECT_FALSE(DecodeOperator("exec.sample", replacing->Encode()).ok());
}

TEST(Operator, RandomSplitIsSparks) {
  // spark.range(0, 30, 1, 1).randomSplit([0.7, 0.3], 5)
  const auto sorted = ApplyForTest(LocalSort(), Range(0, 30));
  EXPECT_EQ(Ids(*ApplyForTest(Sample(0.7, 1.0, false, 5), sorted)),
            (std::vector<int64_t>{2, 7, 13, 17, 26, 27}));
  EXPECT_EQ(ApplyForTest(Sample(0, 0.7, false, 5), sorted)->num_rows(), 24);
}

TablePtr Vectors() {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto vectors = table::VectorsForTest({DenseVector({3, 1}), SparseVector(3, {0}, {1}),
                                              std::nullopt, DenseVector({1, 2}), DenseVector({1}),
                                              SparseVector(3, {}, {}), SparseVector(2, {1}, {-1}),
                                              DenseVector({nan, 0}), DenseVector({-0.0, 0})});
  return arrow::Table::Make(
      arrow::schema(
          {table::VectorField("v", true, std::nullopt), arrow::field("i", arrow::int32())}),
      arrow::ArrayVector{vectors, ArrayForTest(arrow::int32(), "[1,2,3,4,5,6,7,8,9]")});
}

TEST(Operator, VectorsSortAsSparkSortsTheirStructs) {
  // df.sortWithinPartitions("v")
  const std::vector<int64_t> expected = {3, 7, 6, 2, 9, 5, 4, 1, 8};
  EXPECT_EQ(Ids(*ApplyForTest(LocalSort(), Vectors()), 1), expected);
  EXPECT_EQ(Ids(*ApplyForTest(LocalSortBy({{Column("v")}}), Vectors()), 1), expected);
  // The dense form has the same order.
  const double values[] = {3, 1, 1, 2, 1, 0};
  const auto dense = arrow::Table::Make(
      arrow::schema({table::VectorField("v", true, 2), arrow::field("i", arrow::int32())}),
      arrow::ArrayVector{*table::DenseColumn(values, 3, 2),
                         ArrayForTest(arrow::int32(), "[1,2,3]")});
  EXPECT_EQ(Ids(*ApplyForTest(LocalSort(), dense), 1), (std::vector<int64_t>{3, 2, 1}));
}

TEST(Operator, SortOrders) {
  const auto table = TableForTest(*table::SchemaFromDdl("d double, i int"),
                                  {R"([3, null, "NaN", -0.0, 0.0, "-inf"])", "[0,1,2,3,4,5]"});
  EXPECT_EQ(Ids(*ApplyForTest(LocalSortBy({{Column("d"), false, false}}), table), 1),
            (std::vector<int64_t>{2, 0, 3, 4, 5, 1}));  // desc: nulls last, stable
  EXPECT_EQ(Ids(*ApplyForTest(LocalSortBy({{Column("d"), true, false}}), table), 1),
            (std::vector<int64_t>{5, 3, 4, 0, 2, 1}));  // asc_nulls_last
  EXPECT_EQ(Ids(*ApplyForTest(LocalSortBy({{Call("negative", {Column("i")})}}), table), 1),
            (std::vector<int64_t>{5, 4, 3, 2, 1, 0}));
}

TEST(Operator, HostileBytesAreRefused) {
  EXPECT_TRUE(base::Is(DecodeOperator("exec.nope", "").status(), base::kProtocol));
  const OperatorPtr ops[] = {Project({{"x", Call("+", {Column("a"), Literal(1)})}}),
                             Filter(Column("a")), LocalLimit(3), LocalSortBy({{Column("a")}}),
                             Sample(0, 1, false, 1)};
  std::mt19937 random(3);
  for (const OperatorPtr& op : ops) {
    const std::string good = op->Encode();
    for (size_t cut = 0; cut < good.size(); ++cut) {
      EXPECT_FALSE(DecodeOperator(op->kind(), good.substr(0, cut)).ok()) << op->kind();
    }
    EXPECT_FALSE(DecodeOperator(op->kind(), good + "x").ok()) << op->kind();
    for (int round = 0; round < 300; ++round) {
      std::string hostile = good;
      hostile[random() % hostile.size()] = static_cast<char>(random());
      (void)DecodeOperator(op->kind(), hostile);
    }
  }
  EXPECT_FALSE(DecodeOperator("exec.sort_all", "x").ok());
  base::FieldWriter huge;
  huge.AddU64(~uint64_t{0});
  EXPECT_FALSE(DecodeOperator("exec.project", huge.bytes()).ok());
}

// ---- aggregates ---------------------------------------------------------------------------------

TablePtr Finish(const Aggregate& aggregate, const std::vector<TablePtr>& parts) {
  const auto back = Aggregate::Decode(aggregate.Encode());
  EXPECT_TRUE(back.ok()) << base::Message(back.status());
  std::vector<std::string> partials;
  for (size_t p = 0; p < parts.size(); ++p) {
    const auto partial = back->Map(*parts[p], p);
    EXPECT_TRUE(partial.ok()) << base::Message(partial.status());
    partials.push_back(*partial);
  }
  const auto root = back->Merge(partials);
  EXPECT_TRUE(root.ok());
  const auto out = back->Finish(*root);
  EXPECT_TRUE(out.ok()) << base::Message(out.status());
  EXPECT_TRUE((*out)->schema()->Equals(*aggregate.output_schema(), true));
  return *out;
}

std::string Line(const arrow::Table& table) {
  std::string line;
  for (int i = 0; i < table.num_columns(); ++i) {
    line += (i > 0 ? " " : "") + *CellText(*table.field(i), *table.column(i)->chunk(0), 0);
  }
  return line;
}

TEST(Aggregate, MatchesSpark) {
  const auto schema = *table::SchemaFromDdl("i int, d double, s string");
  const auto table =
      TableForTest(schema, {"[1, 2, null]", R"([2.0, null, "NaN"])", R"(["b", "a", null])"});
  const auto i = Column("i");
  const auto d = Column("d");
  const auto s = Column("s");
  const auto aggregate = Aggregate::Make({{"count", nullptr, std::nullopt},
                                          {"count", i, std::nullopt},
                                          {"count", Literal(1), std::nullopt},
                                          {"sum", i, std::nullopt},
                                          {"avg", i, std::nullopt},
                                          {"mean", d, std::nullopt},
                                          {"min", i, std::nullopt},
                                          {"max", d, std::nullopt},
                                          {"min", d, std::nullopt},
                                          {"min", s, std::nullopt},
                                          {"max", s, std::nullopt},
                                          {"sum", d, std::nullopt},
                                          {"stddev", i, std::nullopt},
                                          {"variance", i, std::nullopt},
                                          {"stddev_pop", i, std::nullopt},
                                          {"var_pop", i, "named"}},
                                         *schema);
  ASSERT_TRUE(aggregate.ok()) << base::Message(aggregate.status());
  const char* expected = "3 2 3 3 1.5 NaN 1 NaN 2.0 a b NaN 0.7071067811865476 0.5 0.5 0.25";
  const auto whole = Finish(*aggregate, {table});
  EXPECT_EQ(Line(*whole), expected);
  EXPECT_EQ(Names(*whole),
            "count(1),count(i),count(1),sum(i),avg(i),mean(d),min(i),max(d),min(d),min(s),max(s),"
            "sum(d),stddev(i),variance(i),stddev_pop(i),named");
  EXPECT_EQ(Line(*Finish(*aggregate, {table->Slice(0, 1), table->Slice(1, 0), table->Slice(1, 2)})),
            expected);
}

TEST(Aggregate, NothingAndOne) {
  const auto none = Range(0, 0);
  const auto id = Column("id");
  const auto aggregate = Aggregate::Make({{"count", nullptr, std::nullopt},
                                          {"sum", id, std::nullopt},
                                          {"avg", id, std::nullopt},
                                          {"min", id, std::nullopt},
                                          {"stddev", id, std::nullopt},
                                          {"var_pop", id, std::nullopt}},
                                         *none->schema());
  ASSERT_TRUE(aggregate.ok());
  EXPECT_EQ(Line(*Finish(*aggregate, {none})), "0 NULL NULL NULL NULL NULL");
  EXPECT_EQ(Line(*Finish(*aggregate, {Range(4, 5)})), "1 4 4.0 4 NULL 0.0");
}

TEST(Aggregate, SumsWidenAndOverflow) {
  const auto ints = TableForTest(*table::SchemaFromDdl("x int"), {"[2147483647, 2147483647]"});
  const auto sum = Aggregate::Make({{"sum", Column("x"), std::nullopt}}, *ints->schema());
  ASSERT_TRUE(sum.ok());
  EXPECT_EQ(Line(*Finish(*sum, {ints})), "4294967294");
  const auto longs = TableForTest(*table::SchemaFromDdl("x bigint"), {"[9223372036854775807, 1]"});
  const auto wide = Aggregate::Make({{"sum", Column("x"), std::nullopt}}, *longs->schema());
  ASSERT_TRUE(wide.ok());
  EXPECT_TRUE(base::Is(wide->Map(*longs).status(), base::kOverflow));
  const std::string partials[] = {*wide->Map(*longs->Slice(0, 1)), *wide->Map(*longs->Slice(1, 1))};
  EXPECT_TRUE(base::Is(wide->Merge(partials).status(), base::kOverflow));
  const auto average = Aggregate::Make({{"avg", Column("x"), std::nullopt}}, *longs->schema());
  ASSERT_TRUE(average.ok());
  EXPECT_EQ(Line(*Finish(*average, {longs})), "4.611686018427388E18");
}

TEST(Aggregate, VectorsHaveExtremes) {
  const auto aggregate =
      Aggregate::Make({{"min", Column("v"), std::nullopt}, {"max", Column("v"), std::nullopt}},
                      *Vectors()->schema());
  ASSERT_TRUE(aggregate.ok());
  EXPECT_EQ(Line(*Finish(*aggregate, {Vectors()->Slice(0, 4), Vectors()->Slice(4)})),
            "(2,[1],[-1.0]) [NaN,0.0]");
}

TEST(Aggregate, Refusals) {
  const auto schema = *table::SchemaFromDdl("t boolean");
  const auto status = Aggregate::Make({{"avg", Column("t"), std::nullopt}}, *schema).status();
  EXPECT_TRUE(base::Is(status, kUnexpectedInputType));
  EXPECT_EQ(base::Message(status),
            "Cannot resolve \"avg(t)\" due to data type mismatch: The first parameter requires the "
            "\"NUMERIC\" or \"ANSI INTERVAL\" type, however \"t\" has the type \"BOOLEAN\".");
  EXPECT_TRUE(base::Is(Aggregate::Make({{"frob", Column("t"), std::nullopt}}, *schema).status(),
                       base::kUnresolvedRoutine));
  EXPECT_FALSE(Aggregate::Make({{"sum", nullptr, std::nullopt}}, *schema).ok());
  const auto good = Aggregate::Make({{"min", Column("t"), std::nullopt}}, *schema);
  ASSERT_TRUE(good.ok());
  const std::string bytes = good->Encode();
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(Aggregate::Decode(bytes.substr(0, cut)).ok());
  }
  const std::string partial = *good->Map(*TableForTest(schema, {"[true]"}));
  for (size_t cut = 0; cut < partial.size(); ++cut) {
    const std::string parts[] = {partial.substr(0, cut)};
    EXPECT_FALSE(good->Merge(parts).ok());
    EXPECT_FALSE(good->Finish(parts[0]).ok());
  }
}

// ---- round robin, show --------------------------------------------------------------------------

TEST(RoundRobin, StartsWhereSparkDoes) {
  // spark.range(0, 20, 1, 3).repartition(5) with spark.sql.execution.sortBeforeRepartition=false;
  // range makes partitions [0, 6), [6, 13), [13, 20).
  const std::vector<std::vector<int64_t>> expected = {
      {1, 7, 12, 14, 19}, {2, 8, 15}, {3, 9, 16}, {4, 10, 17}, {0, 5, 6, 11, 13, 18}};
  std::vector<std::vector<int64_t>> got(5);
  const int64_t bounds[] = {0, 6, 13, 20};
  for (uint64_t p = 0; p < 3; ++p) {
    const auto parts = RoundRobin(Range(bounds[p], bounds[p + 1]), p, 5);
    ASSERT_TRUE(parts.ok());
    ASSERT_EQ(parts->size(), 5u);
    for (size_t q = 0; q < 5; ++q) {
      const auto ids = Ids(*(*parts)[q]);
      got[q].insert(got[q].end(), ids.begin(), ids.end());
    }
  }
  EXPECT_EQ(got, expected);
  EXPECT_FALSE(RoundRobin(Range(0, 1), 0, 0).ok());
}

TEST(Show, Vectors) {
  const auto table = Vectors()->Slice(0, 3);
  const std::string head = "+-------------+---+\n|            v|  i|\n+-------------+---+\n";
  EXPECT_EQ(*ShowString(*table, 20, 20, false, false),
            head +
                "|    [3.0,1.0]|  1|\n|(3,[0],[1.0])|  2|\n|         NULL|  3|\n"
                "+-------------+---+\n");
  EXPECT_EQ(*ShowString(*table, 2, 20, false, false),
            head +
                "|    [3.0,1.0]|  1|\n|(3,[0],[1.0])|  2|\n+-------------+---+\n"
                "only showing top 2 rows");
  EXPECT_EQ(*ShowString(*table->Slice(0, 2), 2, 0, false, true),
            "+-------------+---+\n|v            |i  |\n+-------------+---+\n"
            "|[3.0,1.0]    |1  |\n|(3,[0],[1.0])|2  |\n+-------------+---+\n"
            "only showing top 2 rows");
  EXPECT_EQ(*ShowString(*table, 1, 20, false, false),
            "+---------+---+\n|        v|  i|\n+---------+---+\n|[3.0,1.0]|  1|\n"
            "+---------+---+\nonly showing top 1 row");
  EXPECT_EQ(*ShowString(*table, 2, 20, true, false),
            "-RECORD 0------------\n v   | [3.0,1.0]     \n i   | 1             \n"
            "-RECORD 1------------\n v   | (3,[0],[1.0]) \n i   | 2             \n"
            "only showing top 2 rows");
  const std::string none = "+---+---+\n|  v|  i|\n+---+---+\n+---+---+\n";
  EXPECT_EQ(*ShowString(*table, 0, 20, false, false), none + "only showing top 0 rows");
  EXPECT_EQ(*ShowString(*table, -1, 20, false, false), none + "only showing top 0 rows");
  EXPECT_EQ(*ShowString(*table->Slice(0, 0), 20, 20, false, false), none);
  EXPECT_EQ(*ShowString(*table->Slice(0, 0), 20, 20, true, false), "(0 rows)");
}

TEST(Show, EveryType) {
  const auto table = TableForTest(
      *table::SchemaFromDdl("i int, d double, s string, b boolean, n string, a array<int>, "
                            "st struct<x:int,y:string>, bin binary, e double"),
      {"[1, null]", R"([2.5, "NaN"])", R"(["abc", "a very long string that is cut at 20"])",
       "[true, false]", R"([null, "x"])", "[[1, null], null]", "[[1, null], null]",
       R"(["ab", null])", "[1e10, 1e-5]"});
  EXPECT_EQ(*ShowString(*table, 20, 20, false, false),
            "+----+---+--------------------+-----+----+---------+---------+-------+------+\n"
            "|   i|  d|                   s|    b|   n|        a|       st|    bin|     e|\n"
            "+----+---+--------------------+-----+----+---------+---------+-------+------+\n"
            "|   1|2.5|                 abc| true|NULL|[1, NULL]|{1, NULL}|[61 62]|1.0E10|\n"
            "|NULL|NaN|a very long strin...|false|   x|     NULL|     NULL|   NULL|1.0E-5|\n"
            "+----+---+--------------------+-----+----+---------+---------+-------+------+\n");
  EXPECT_EQ(*ShowString(*table, 20, 3, false, false),
            "+---+---+---+---+---+---+---+---+---+\n"
            "|  i|  d|  s|  b|  n|  a| st|bin|  e|\n"
            "+---+---+---+---+---+---+---+---+---+\n"
            "|  1|2.5|abc|tru|NUL|[1,|{1,|[61|1.0|\n"
            "|NUL|NaN|a v|fal|  x|NUL|NUL|NUL|1.0|\n"
            "+---+---+---+---+---+---+---+---+---+\n");
}

TEST(Show, WideCharactersEscapesAndSurrogates) {
  const auto table = TableForTest(arrow::schema({arrow::field("s\t", arrow::utf8())}),
                                  {R"(["ü日本語", "ab\n\t", "😀😀😀😀😀😀😀😀😀😀😀"])"});
  EXPECT_EQ(*ShowString(*table, 20, 6, false, false),
            "+-------+\n|    s\\t|\n+-------+\n|ü日本語|\n| ab\\n\\t|\n| 😀?...|\n+-------+\n");
}

TEST(Show, NoColumns) {
  const auto table = arrow::Table::Make(arrow::schema({}), arrow::ArrayVector{}, 3);
  EXPECT_EQ(*ShowString(*table, 20, 20, false, false), "++\n||\n++\n||\n||\n||\n++\n");
}

TEST(Show, DatesAndTimes) {
  const auto table =
      TableForTest(*table::SchemaFromDdl("d date, t timestamp"), {"[18263]", "[1577934245600000]"});
  EXPECT_EQ(*ShowString(*table, 20, 0, false, false),
            "+----------+---------------------+\n|d         |t                    |\n"
            "+----------+---------------------+\n|2020-01-02|2020-01-02 03:04:05.6|\n"
            "+----------+---------------------+\n");
}

}  // namespace
}  // namespace soteria::exec
