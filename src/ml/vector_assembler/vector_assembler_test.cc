// VectorAssembler: forms, handleInvalid, refusals; results and texts as stock Spark 4.3 gives them.
#include <arrow/array/util.h>
#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/ml/catalog.h"
#include "src/ml/data_for_test.h"

namespace soteria::ml {
namespace {

using Strings = std::vector<std::string>;

base::StatusOr<std::shared_ptr<arrow::Table>> AssembleTable(
    const std::shared_ptr<arrow::Table>& table, const Strings& inputs,
    const std::string& invalid = "error") {
  SOTERIA_ASSIGN_OR_RETURN(
      const auto assembler,
      MakeTransformer(
          "org.apache.spark.ml.feature.VectorAssembler", "va",
          {{"inputCols", inputs}, {"outputCol", std::string("f")}, {"handleInvalid", invalid}}));
  SOTERIA_ASSIGN_OR_RETURN(const auto again, DecodeTransformer(assembler->Encode()));
  return again->Apply(table);
}

ColumnForTest IntColumn(const std::string& name, std::vector<int64_t> values) {
  const auto n = static_cast<int64_t>(values.size());
  return {arrow::field(name, arrow::int64()),
          std::make_shared<arrow::Int64Array>(n, arrow::Buffer::FromVector(std::move(values)))};
}

ColumnForTest BoolColumn() {  // true, false
  return {
      arrow::field("t", arrow::boolean()),
      std::make_shared<arrow::BooleanArray>(2, arrow::Buffer::FromVector(std::vector<uint8_t>{1}))};
}

TEST(VectorAssembler, EachRowDenseOrSparse) {
  // Spark: DenseVector([1.0, 2.0, 0.0, 0.0]) and SparseVector(4, {}).
  const auto table = MakeTable(
      {NumberColumn("a", {1.0, 0.0}), IntColumn("b", {2, 0}),
       VectorColumn("v", {table::DenseVector({0, 0}), table::SparseVector(2, {1}, {0.0})})});
  const auto out = AssembleTable(table, {"a", "b", "v"});
  ASSERT_TRUE(out.ok()) << base::Message(out.status());
  const auto rows = VectorsOf(**out, "f");
  EXPECT_EQ(rows[0], table::DenseVector({1, 2, 0, 0}));
  EXPECT_EQ(rows[1], table::SparseVector(4, {}, {}));
}

TEST(VectorAssembler, NumbersTakeTheDenseForm) {
  const auto table = MakeTable(
      {NumberColumn("a", {1.0, 3.0}), BoolColumn(), DenseVectorColumn("v", {{4, 5}, {6, 7}})});
  const auto out = AssembleTable(table, {"v", "a", "t"});
  ASSERT_TRUE(out.ok()) << base::Message(out.status());
  EXPECT_EQ((*out)->GetColumnByName("f")->type()->id(), arrow::Type::FIXED_SIZE_LIST);
  const auto rows = VectorsOf(**out, "f");
  EXPECT_EQ(rows[0], table::DenseVector({4, 5, 1, 1}));
  EXPECT_EQ(rows[1], table::DenseVector({6, 7, 3, 0}));
  EXPECT_TRUE(table::IsVector(*(*out)->schema()->GetFieldByName("f")));
}

TEST(VectorAssembler, SparseRowsByTheRuleEvenAmongDenseOnes) {
  // Of five values, at most one nonzero makes a sparse row.
  const auto table =
      MakeTable({DenseVectorColumn("v", {{1, 0, 0, 0, 0}, {1, 2, 0, 0, 0}, {0, 0, 0, 0, 9}})});
  const auto out = AssembleTable(table, {"v"});
  const auto rows = VectorsOf(**out, "f");
  EXPECT_EQ(rows[0], table::SparseVector(5, {0}, {1.0}));
  EXPECT_EQ(rows[1], table::DenseVector({1, 2, 0, 0, 0}));
  EXPECT_EQ(rows[2], table::SparseVector(5, {4}, {9.0}));
}

TEST(VectorAssembler, ChunkedInputAndNoRows) {
  const auto table = MakeTable(
      {NumberColumn("a", {1.0, 2.0, 3.0}), DenseVectorColumn("v", {{4, 5}, {6, 7}, {8, 9}})});
  const auto chunked =
      arrow::ConcatenateTables({table->Slice(0, 1), table->Slice(1, 2)}).ValueOrDie();
  EXPECT_EQ(VectorsOf(**AssembleTable(chunked, {"a", "v"}), "f"),
            VectorsOf(**AssembleTable(table, {"a", "v"}), "f"));
  const auto none = AssembleTable(table->Slice(0, 0), {"a", "v"});
  ASSERT_TRUE(none.ok()) << base::Message(none.status());
  EXPECT_EQ((*none)->num_rows(), 0);
  const auto empty = AssembleTable(table, {});
  ASSERT_TRUE(empty.ok()) << base::Message(empty.status());
  EXPECT_EQ(VectorsOf(**empty, "f")[0], table::DenseVector({}));
}

std::shared_ptr<arrow::Table> WithInvalid() {
  return MakeTable(
      {NumberColumn("a", {1.0, std::nullopt, 1.0, 1.0, kNanForTest, 1.0}),
       NumberColumn("b", {2.0, 3.0, std::nullopt, 1.0, 1.0, 1.0}),
       VectorColumn(
           "v", {table::DenseVector({0, 0}), table::DenseVector({1, 1}), table::DenseVector({5, 1}),
                 std::nullopt, table::DenseVector({1, 2}), table::DenseVector({kNanForTest, 1})})});
}

std::vector<std::string> Texts(const arrow::Table& table) {
  std::vector<std::string> texts;
  for (const auto& row : VectorsOf(table, "f"))
    texts.push_back(table::VectorText(table::View(row)));
  return texts;
}

TEST(VectorAssembler, SkipDropsRows) {
  const auto numbers = AssembleTable(WithInvalid(), {"a", "b"}, "skip");
  ASSERT_TRUE(numbers.ok());
  EXPECT_EQ(Texts(**numbers), (Strings{"[1.0,2.0]", "[1.0,1.0]", "[1.0,1.0]"}));
  const auto all = AssembleTable(WithInvalid(), {"a", "b", "v"}, "skip");
  ASSERT_TRUE(all.ok()) << base::Message(all.status());
  EXPECT_EQ(Texts(**all), (Strings{"[1.0,2.0,0.0,0.0]", "[1.0,1.0,NaN,1.0]"}));
  EXPECT_EQ((*all)->num_rows(), 2);
}

TEST(VectorAssembler, KeepMakesNan) {
  const auto numbers = AssembleTable(WithInvalid(), {"a", "b"}, "keep");
  ASSERT_TRUE(numbers.ok());
  EXPECT_EQ(Texts(**numbers), (Strings{"[1.0,2.0]", "[NaN,3.0]", "[1.0,NaN]", "[1.0,1.0]",
                                       "[NaN,1.0]", "[1.0,1.0]"}));
  const auto all = AssembleTable(WithInvalid(), {"a", "b", "v"}, "keep");
  ASSERT_TRUE(all.ok()) << base::Message(all.status());
  EXPECT_EQ(Texts(**all)[3], "[1.0,1.0,NaN,NaN]");
  const auto unknown = AssembleTable(MakeTable({VectorColumn("v", {std::nullopt})}), {"v"}, "keep");
  EXPECT_EQ(base::Message(unknown.status()),
            "Can not infer column lengths with handleInvalid = \"keep\". Consider using"
            " VectorSizeHint to add metadata for columns: [v].");
}

TEST(VectorAssembler, ErrorNamesWhatItMet) {
  const std::string null =
      "Encountered null while assembling a row with handleInvalid = \"error\". Consider\nremoving"
      " nulls from dataset or using handleInvalid = \"keep\" or \"skip\".";
  const auto text = [](const std::shared_ptr<arrow::Table>& table, const Strings& inputs) {
    return base::Message(AssembleTable(table, inputs).status());
  };
  EXPECT_EQ(text(WithInvalid(), {"a"}), null);
  EXPECT_EQ(text(WithInvalid(), {"v"}), null);
  EXPECT_EQ(text(MakeTable({NumberColumn("a", {kNanForTest})}), {"a"}),
            "Encountered NaN while assembling a row with handleInvalid = \"error\". Consider\n"
            "removing NaNs from dataset or using handleInvalid = \"keep\" or \"skip\".");
  // NaN inside a vector passes, as in Spark.
  EXPECT_EQ(text(MakeTable({DenseVectorColumn("v", {{kNanForTest, 1}})}), {"v"}), "");
}

TEST(VectorAssembler, SchemaRefusals) {
  const auto table = MakeTable(
      {NumberColumn("a", {1.0}),
       {arrow::field("s", arrow::utf8()), arrow::MakeArrayOfNull(arrow::utf8(), 1).ValueOrDie()}});
  const auto text = [&table](const Strings& inputs) {
    return base::Message(AssembleTable(table, inputs).status());
  };
  EXPECT_EQ(text({"s"}), "Data type string of column s is not supported.");
  EXPECT_EQ(text({"s", "s"}),
            "Data type string of column s is not supported.\nData type string of column s is not"
            " supported.");
  EXPECT_EQ(text({"zz"}), "No such struct field `zz` in `a`, `s`.");
  const auto twice = AssembleTable(table, {"a"});
  EXPECT_EQ(base::Message(AssembleTable(*twice, {"a"}).status()),
            "Output column f already exists.");
  EXPECT_EQ(base::Message(AssembleTable(table, {"a"}, "zz").status()),
            "va parameter handleInvalid given invalid value zz.");
}

}  // namespace
}  // namespace soteria::ml
