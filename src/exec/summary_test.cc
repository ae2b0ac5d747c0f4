// Expected rows and texts are from Spark 4.3, local[1]; ranks are counted.
#include "src/exec/summary.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/exec/aggregate.h"
#include "src/exec/show.h"
#include "src/exec/vector_summary.h"
#include "src/table/quantiles.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using table::TableForTest;
using TablePtr = std::shared_ptr<arrow::Table>;

std::string Lines(const arrow::Table& table) {
  std::string text;
  for (int64_t row = 0; row < table.num_rows(); ++row) {
    for (int i = 0; i < table.num_columns(); ++i) {
      text += (i > 0 ? " " : "") + *CellText(*table.field(i), *table.column(i)->chunk(0), row);
    }
    text += "\n";
  }
  return text;
}

TablePtr Whole(const Aggregate& aggregate, const std::vector<TablePtr>& parts) {
  const auto back = Aggregate::Decode(aggregate.Encode());
  EXPECT_TRUE(back.ok()) << base::Message(back.status());
  EXPECT_EQ(back->Encode(), aggregate.Encode());
  std::vector<std::string> partials;
  for (const TablePtr& part : parts) {
    const auto partial = back->Map(*part);
    EXPECT_TRUE(partial.ok()) << base::Message(partial.status());
    partials.push_back(*partial);
  }
  const auto root = back->Merge(partials);
  EXPECT_TRUE(root.ok()) << base::Message(root.status());
  const auto rows = aggregate.Finish(*root);
  EXPECT_TRUE(rows.ok()) << base::Message(rows.status());
  return *rows;
}

TablePtr Spoiled() {
  return TableForTest(
      *table::SchemaFromDdl("i int, d double, s string, b boolean, v int"),
      {"[1, 2, null, 4]", R"([2.5, "NaN", null, -0.0])", R"(["a", "3", null, "10"])",
       "[true, false, null, true]", "[null, null, null, null]"});
}

TEST(Summary, DescribesAsSparkDoes) {
  const auto table = Spoiled();
  const auto summary = Summary::Make({"count", "Mean", "stddev", "min", "max"}, *table->schema());
  ASSERT_TRUE(summary.ok()) << base::Message(summary.status());
  const auto aggregate = Aggregate::Make(summary->Calls(), *table->schema());
  ASSERT_TRUE(aggregate.ok()) << base::Message(aggregate.status());
  // As Spark had them: a last digit depends on what was summed first.
  const auto out = summary->Table(*Whole(*aggregate, {table->Slice(0, 2), table->Slice(2)}));
  ASSERT_TRUE(out.ok());
  EXPECT_TRUE((*out)->schema()->Equals(*summary->schema()));
  EXPECT_EQ(Lines(**out),
            "count 3 3 3 0\nMean 2.3333333333333335 NaN 6.5 NULL\n"
            "stddev 1.5275252316519468 NaN 4.949747468305833 NULL\nmin 1 -0.0 10 NULL\n"
            "max 4 NaN a NULL\n");
}

TEST(Summary, PercentilesKeepTheTypeOfTheirColumn) {
  const auto table =
      TableForTest(*table::SchemaFromDdl("i int, s string"), {"[1, 2, 4]", R"(["a", "3", "10"])"});
  const auto summary = Summary::Make({"25%", "max", "50%", "75%"}, *table->schema());
  ASSERT_TRUE(summary.ok());
  const auto aggregate = Aggregate::Make(summary->Calls(), *table->schema());
  EXPECT_EQ(Lines(**summary->Table(*Whole(*aggregate, {table}))),
            "25% 1 3.0\nmax 4 a\n50% 2 3.0\n75% 4 10.0\n");
}

TEST(Summary, Refusals) {
  const auto schema = Spoiled()->schema();
  const auto names = [&](std::vector<std::string> statistics) {
    return base::ConditionName(Summary::Make(std::move(statistics), *schema).status());
  };
  EXPECT_EQ(names({"median"}), "UNRECOGNIZED_STATISTIC");
  EXPECT_EQ(names({"x%"}), "UNRECOGNIZED_STATISTIC");
  EXPECT_EQ(names({"101%"}), "INVALID_PARAMETER_VALUE");
  EXPECT_EQ(names({"min", "min"}), "DUPLICATED_MAP_KEY");
  EXPECT_EQ(names({"approx_distinct"}), "UNRECOGNIZED_STATISTIC");
  const arrow::Schema twice({arrow::field("a", arrow::int32()), arrow::field("A", arrow::int32())});
  EXPECT_TRUE(base::Is(Summary::Make({}, twice).status(), base::kAmbiguousReference));
  const auto none = Summary::Make({}, arrow::Schema({arrow::field("b", arrow::boolean())}));
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->Calls().empty());
}

// ---- quantiles ----------------------------------------------------------------------------------

table::QuantileSketch Sketch(double error, const std::vector<double>& values) {
  table::QuantileSketch sketch(error);
  for (const double value : values) EXPECT_TRUE(sketch.Insert(value).ok());
  EXPECT_TRUE(sketch.Compress().ok());
  return sketch;
}

TEST(Quantiles, RanksStayWithinTheError) {
  constexpr int kValues = 200'000;
  constexpr int kParts = 7;
  std::vector<double> values(kValues);
  for (int i = 0; i < kValues; ++i) values[static_cast<size_t>(i)] = i;  // a value is its rank
  std::shuffle(values.begin(), values.end(), std::mt19937(3));
  for (const double error : {0.0, 0.001, 0.05}) {
    table::QuantileSketch all(error);
    for (size_t p = 0; p < kParts; ++p) {
      std::vector<double> part;
      for (size_t i = p; i < values.size(); i += kParts) part.push_back(values[i]);
      ASSERT_TRUE(all.Merge(Sketch(error, part)).ok());
    }
    const std::vector<double> asked = {0.9, 0.0, 0.25, 0.5, 0.999, 1.0};
    const std::vector<double> found = all.Query(asked);
    ASSERT_EQ(found.size(), asked.size());
    for (size_t i = 0; i < asked.size(); ++i) {
      EXPECT_LE(std::abs(found[i] + 1 - asked[i] * kValues), error * kValues + 1) << asked[i];
    }
    EXPECT_EQ(found[1], 0.0);
    EXPECT_EQ(found[5], kValues - 1.0);
    base::FieldWriter out;
    all.Write(out);
    base::FieldReader in(out.bytes());
    const auto back = table::QuantileSketch::Read(error, in);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->Query(asked), found);
    EXPECT_TRUE(error < 0.05 || out.bytes().size() < 24U * 1000);  // it forgets
    for (size_t cut = 0; cut < std::min<size_t>(out.bytes().size(), 200); ++cut) {
      base::FieldReader part(std::string_view(out.bytes()).substr(0, cut));
      EXPECT_FALSE(table::QuantileSketch::Read(error, part).ok());
    }
  }
}

TEST(Quantiles, ExactOnesHaveALimit) {
  table::QuantileSketch all = Sketch(0, std::vector<double>(table::kQuantileSamplesMax / 32, 1.0));
  base::Status status;
  int doubled = 0;
  for (; status.ok() && doubled < 10; ++doubled) {
    const table::QuantileSketch copy = all;
    status = all.Merge(copy);
  }
  EXPECT_TRUE(base::Is(status, base::kMemoryLimit));
  EXPECT_EQ(doubled, 6);
}

TEST(Quantiles, NothingHasNone) {
  EXPECT_TRUE(Sketch(0.1, {}).Query(std::vector<double>{0.5}).empty());
  const auto table = TableForTest(*table::SchemaFromDdl("d double"), {R"(["NaN", null])"});
  AggregateCall call{"approx_quantile", Column("d"), "q"};
  call.probabilities = {0.5};
  EXPECT_EQ(Lines(*Whole(*Aggregate::Make({call}, *table->schema()), {table})), "[]\n");
  call.function = "summary_percentiles";
  EXPECT_EQ(Lines(*Whole(*Aggregate::Make({call}, *table->schema()), {table})), "[NaN]\n");
}

// ---- Summarizer ---------------------------------------------------------------------------------

const std::vector<std::string> kAll = {"mean",        "sum", "variance", "std",    "count",
                                       "numNonZeros", "max", "min",      "normL1", "normL2"};

TEST(VectorSummary, MatchesSpark) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::pair<table::VectorValue, double>> rows = {
      {table::DenseVector({1, 0, -2}), 1},
      {table::SparseVector(3, {0, 2}, {2.5, 0}), 0},
      {table::DenseVector({1, -3, nan}), 2},
      {table::SparseVector(3, {}, {}), 0.5}};
  VectorSummary all;
  VectorSummary parts[2];
  for (size_t i = 0; i < rows.size(); ++i) {
    ASSERT_TRUE(all.Add(table::View(rows[i].first), rows[i].second).ok());
    ASSERT_TRUE(parts[i / 2].Add(table::View(rows[i].first), rows[i].second).ok());
  }
  ASSERT_TRUE(parts[0].Merge(parts[1]).ok());
  for (const VectorSummary* summary : {&all, &parts[0]}) {
    const auto get = [&](VectorMetric metric) { return *summary->Get(metric); };
    EXPECT_EQ(summary->count(), 3);
    EXPECT_DOUBLE_EQ(get(VectorMetric::kMean)[1], -6 / 3.5);
    EXPECT_DOUBLE_EQ(get(VectorMetric::kSum)[0], 3);
    EXPECT_NEAR(get(VectorMetric::kVariance)[1], 3.857142857142857, 1e-14);
    EXPECT_NEAR(get(VectorMetric::kStd)[0], 0.4629100498862757, 1e-14);
    EXPECT_TRUE(std::isnan(get(VectorMetric::kVariance)[2]));
    EXPECT_EQ(get(VectorMetric::kNonzeros), (std::vector<double>{2, 1, 2}));
    EXPECT_EQ(get(VectorMetric::kMax), (std::vector<double>{1, 0, 0}));
    EXPECT_EQ(get(VectorMetric::kMin), (std::vector<double>{0, -3, -2}));
    EXPECT_EQ(get(VectorMetric::kNormL1)[1], 6);
    EXPECT_DOUBLE_EQ(get(VectorMetric::kNormL2)[1], std::sqrt(18));
  }
  base::FieldWriter out;
  all.Write(out);
  base::FieldReader in(out.bytes());
  EXPECT_EQ(VectorSummary::Read(in)->Get(VectorMetric::kMin), all.Get(VectorMetric::kMin));
}

TEST(VectorSummary, Refusals) {
  VectorSummary summary;
  const auto one = table::DenseVector({1});
  EXPECT_FALSE(summary.Get(VectorMetric::kMean).ok());
  EXPECT_TRUE(base::Is(summary.Add(table::View(one), -1), base::kIllegalArgument));
  EXPECT_FALSE(summary.Add(table::View(one), std::nan("")).ok());
  EXPECT_FALSE(summary.Add(table::View(table::DenseVector({})), 1).ok());
  ASSERT_TRUE(summary.Add(table::View(one), 1).ok());
  EXPECT_EQ(base::Message(summary.Add(table::View(table::DenseVector({1, 2})), 1)),
            "requirement failed: Dimensions mismatch when adding new sample. Expecting 1 but got "
            "2.");
  VectorSummary other;
  ASSERT_TRUE(other.Add(table::View(table::DenseVector({1, 2})), 1).ok());
  EXPECT_FALSE(summary.Merge(other).ok());
  EXPECT_FALSE(VectorMetricNamed("mode").ok());
}

}  // namespace
}  // namespace soteria::exec
