#include "src/plan/stored.h"

#include <gtest/gtest.h>

#include "arrow/compute/initialize.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "src/base/errors.h"
#include "src/ml/catalog.h"
#include "src/plan/small.h"
#include "src/table/types.h"

namespace soteria::plan {
namespace {

using exec::Call;
using exec::Column;
using exec::Literal;

std::shared_ptr<arrow::Schema> Stored() {
  return arrow::schema({arrow::field("a", arrow::float64()), arrow::field("b", arrow::float64()),
                        arrow::field("n", arrow::int32()), arrow::field("s", arrow::utf8())});
}

/// "/data" is a data set, "/tree" was put, "/written" by a job.
class ThreeRoots : public Catalog {
 public:
  base::StatusOr<Source> Resolve(const std::vector<std::string>& paths, const std::string&,
                                 const ReadOptions&) override {
    const std::string id(16, 'd');
    const std::string& path = paths.front();
    if (path == "/data") return Source{dataflow::DatasetSource{path, id, 1, {}, {}}, 1, Stored()};
    dataflow::TreeSource tree{path, id, 1, {}, {"f"}, "parquet", {}, {}, {}, {}};
    tree.origins = {{id}, true, path == "/tree"};
    return Source{std::move(tree), 1, Stored()};
  }
};

class StoredTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(arrow::compute::Initialize().ok()); }

  PlanPtr Read(const std::string& path = "/data") {
    return builder_.Read({path}, "parquet").value();
  }
  PlanPtr Project(std::vector<exec::NamedExpr> columns, PlanPtr plan = nullptr) {
    return builder_.Project(plan == nullptr ? Read() : std::move(plan), std::move(columns)).value();
  }
  /// As withColumn: the columns of Read, but `name` is `e`.
  PlanPtr With(const std::string& name, const exec::ExprPtr& e) {
    std::vector<exec::NamedExpr> columns;
    const auto stored = Stored();  // a loop over a part of a temporary outlives it
    for (const auto& field : stored->fields()) {
      if (field->name() != name) columns.push_back({std::nullopt, Column(field->name())});
      if (field->name() == name) columns.push_back({name, e});
    }
    return Project(std::move(columns));
  }
  PlanPtr Assembled(std::vector<std::string> columns, PlanPtr plan) {
    ml::ParamMap params;
    params["inputCols"] = std::move(columns);
    params["outputCol"] = std::string("v");
    const auto assembler =
        ml::MakeTransformer("org.apache.spark.ml.feature.VectorAssembler", "va", params).value();
    return builder_.Transform(std::move(plan), assembler).value();
  }
  /// Of the plan's columns, in order: "ab" where column a is stored and b too, "." where not.
  static std::string Of(const PlanPtr& plan) {
    const auto stored = StoredColumns(*plan);
    EXPECT_TRUE(stored.ok()) << base::Message(stored.status());
    EXPECT_EQ(stored->size(), static_cast<size_t>(plan->schema->num_fields()));
    std::string text;
    for (size_t i = 0; i < stored->size(); ++i) {
      text += (*stored)[i] ? plan->schema->field(static_cast<int>(i))->name() : ".";
    }
    return text;
  }

  ThreeRoots catalog_;
  Builder builder_{catalog_};
};

TEST_F(StoredTest, OnlyWhatTheOwnerPutIsStored) {
  EXPECT_EQ(Of(Read()), "abns");
  EXPECT_EQ(Of(Read("/tree")), "abns");
  EXPECT_EQ(Of(Read("/written")), "....");
  const auto local = builder_.Local(arrow::Table::Make(
      Stored(), std::vector<std::shared_ptr<arrow::ChunkedArray>>{
                    std::make_shared<arrow::ChunkedArray>(arrow::ArrayVector(), arrow::float64()),
                    std::make_shared<arrow::ChunkedArray>(arrow::ArrayVector(), arrow::float64()),
                    std::make_shared<arrow::ChunkedArray>(arrow::ArrayVector(), arrow::int32()),
                    std::make_shared<arrow::ChunkedArray>(arrow::ArrayVector(), arrow::utf8())}));
  EXPECT_EQ(Of(*local), "....");
  const auto counted =
      builder_.Aggregate(Read(), {{"count", nullptr, "count"}}, {{Column("n"), "n"}}).value();
  EXPECT_EQ(Of(counted), "..");
  EXPECT_EQ(Of(builder_.Made({"curve", nullptr}, Stored())), "....");
}

TEST_F(StoredTest, WhatAWindowMakesIsNotStored) {
  const exec::WindowCall lag{{"lag", Column("a"), "a"}, {}};
  const PlanPtr window = builder_.Window(Read(), {{Column("s")}, {{Column("n")}}}, {lag}).value();
  EXPECT_EQ(Of(window), "abns.");
}

TEST_F(StoredTest, NamesAndRowsMayChangeAndValuesMayNot) {
  const auto gate =
      Call("when", {Call("==", {Column("n"), Literal(int32_t{7})}), Column("a"), Literal(0.0)});
  EXPECT_EQ(Of(Project({{"x", Column("b")}, {"y", Column("b")}})), "xy");
  EXPECT_EQ(Of(Project({{"x", gate}, {"y", Call("+", {Column("b"), Literal(0.0)})}})), "..");
  EXPECT_EQ(Of(Project({{"x", Literal(1.0)}, {"y", Cast(Column("a"), arrow::int32())}})), "..");
  EXPECT_EQ(Of(With("a", gate)), ".bns");
  EXPECT_EQ(Of(With("a", Column("b"))), "abns");
  // A made column stays made under another's name, in another's place, and through what only takes
  // rows away or moves them.
  EXPECT_EQ(Of(Project({{"a", Column("b")}, {"b", Column("a")}}, With("a", gate))), "a.");
  PlanPtr plan = With("b", gate);
  plan = builder_.Filter(plan, Call(">", {Column("b"), Literal(0.0)})).value();
  plan = builder_.Sample(plan, 0, 0.5, false, 1, true).value();
  plan = builder_.Alias(plan, "t");
  plan = builder_.Sort(plan, {{Column("a")}}).value();
  plan = builder_.Limit(plan, 10).value();
  plan = builder_.Repartition(plan, 3).value();
  plan = builder_.Coalesce(plan, 2).value();
  EXPECT_EQ(Of(plan), "a.ns");
}

TEST_F(StoredTest, ACheckpointIsWhatItIsOf) {
  const PlanPtr plan = With("a", Call("+", {Column("a"), Literal(1.0)}));
  const PlanPtr kept = Builder::Checkpoint(*plan, "1", nullptr);
  EXPECT_EQ(Of(kept), ".bns");
  EXPECT_FALSE(IsInOnePart(*kept));
  EXPECT_TRUE(IsInOnePart(*Builder::Checkpoint(*builder_.Limit(plan, 3).value(), "3", nullptr)));
  EXPECT_EQ(IsSmall(*kept), IsSmall(*plan));
  EXPECT_EQ(kept->columns.at(1).id, plan->columns.at(1).id);
  EXPECT_TRUE(kept->inputs.empty());
  EXPECT_FALSE(SameSemantics(*kept, *Builder::Checkpoint(*plan, "2", nullptr)));
}

TEST_F(StoredTest, AVectorIsStoredWhenAllItsElementsAre) {
  EXPECT_EQ(Of(Assembled({"a", "n"}, Read())), "abnsv");
  const auto made = With("n", Call("*", {Column("n"), Column("n")}));
  EXPECT_EQ(Of(Assembled({"a", "b"}, made)), "ab.sv");
  EXPECT_EQ(Of(Assembled({"a", "n"}, made)), "ab.s.");
  EXPECT_EQ(Of(Assembled({"a", "b"}, Read("/written"))), ".....");
}

TEST_F(StoredTest, ExpressionsOverThePlan) {
  const auto plan = Project({{std::nullopt, Column("a")},
                             {std::nullopt, Column("n")},
                             {std::nullopt, Column("s")},
                             {"c", Call("abs", {Column("a")})}});
  const auto is_stored = [&](const exec::ExprPtr& e) { return IsStored(*e, *plan).value(); };
  EXPECT_TRUE(is_stored(Column("a")));
  EXPECT_TRUE(is_stored(Cast(Column("n"), arrow::float64())));
  EXPECT_TRUE(is_stored(TryCast(Column("s"), arrow::float64())));
  EXPECT_FALSE(is_stored(Column("c")));
  EXPECT_FALSE(is_stored(Cast(Column("c"), arrow::float64())));
  EXPECT_FALSE(is_stored(Cast(Column("a"), arrow::int32())));
  EXPECT_FALSE(is_stored(Call("coalesce", {Column("a"), Literal(0.0)})));
  EXPECT_FALSE(is_stored(Literal(1.0)));
  EXPECT_EQ(ParamColumn("a.b"), nullptr);
  EXPECT_EQ(ParamColumn("`a`"), nullptr);
  EXPECT_EQ(ParamColumn(""), nullptr);
  EXPECT_TRUE(is_stored(ParamColumn("a")));
}

}  // namespace
}  // namespace soteria::plan
