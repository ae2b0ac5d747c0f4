// VectorAssembler: forms, handleInvalid, refusals; results and texts as stock Spark 4.3 gives them.
#include <arrow/array/util.h>
#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/ml/attributes.h"
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

std::shared_ptr<arrow::Field> Described(const std::string& name, const std::string& metadata) {
  return table::WithSparkMetadata(arrow::field(name, arrow::float64()), metadata);
}

/// Columns as stock Spark's stages make them, and a plain vector of two elements.
std::shared_ptr<arrow::Schema> DescribedSchema(bool sized) {
  const auto vector = [](const std::string& name, const std::string& metadata) {
    return table::WithSparkMetadata(table::VectorField(name, true, std::nullopt), metadata);
  };
  return arrow::schema(
      {arrow::field("x", arrow::float64()), arrow::field("b", arrow::boolean()),
       table::WithSparkMetadata(arrow::field("n", arrow::int32()),
                                R"({"ml_attr":{"type":"nominal","num_vals":4}})"),
       Described("ci", R"({"ml_attr":{"vals":["a","b"],"type":"nominal","name":"ci"}})"),
       Described("min", R"({"ml_attr":{"type":"numeric","min":0.0,"name":"zz"}})"),
       Described("xb", R"({"ml_attr":{"type":"binary"}})"),
       Described("prediction", R"({"ml_attr":{"type":"nominal","num_vals":2}})"),
       Described("bu",
                 R"({"ml_attr":{"ord":true,"vals":["0.0, 1.5","1.5, 3.0"],"type":"nominal"}})"),
       vector("co", R"({"ml_attr":{"attrs":{"binary":[{"idx":0,"name":"a"}]},"num_attrs":1}})"),
       vector("probability", R"({"ml_attr":{"num_attrs":2}})"),
       vector("f1", R"({"ml_attr":{"attrs":{"nominal":[{"vals":["a","b"],"name":"ci","idx":0}],)"
                    R"("numeric":[{"name":"x","idx":1}]},"num_attrs":2}})"),
       table::VectorField("v", true, sized ? std::optional<int32_t>(2) : std::nullopt)});
}

base::StatusOr<std::shared_ptr<arrow::Field>> AssembledField(const arrow::Schema& input,
                                                             const Strings& columns) {
  SOTERIA_ASSIGN_OR_RETURN(
      const auto assembler,
      MakeTransformer("org.apache.spark.ml.feature.VectorAssembler", "va",
                      {{"inputCols", columns}, {"outputCol", std::string("f")}}));
  SOTERIA_ASSIGN_OR_RETURN(const auto schema, assembler->OutputSchema(input));
  return schema->GetFieldByName("f");
}

TEST(VectorAssembler, DescribesElementsAsSparkDoes) {
  // What df.schema["f"].metadata is in stock Spark 4.3.
  const std::pair<Strings, const char*> cases[] = {
      {{}, R"({"num_attrs":0,"attrs":{}})"},
      {{"x", "n", "b"},
       R"({"num_attrs":3,"attrs":{"numeric":[{"name":"x","idx":0},{"name":"n","idx":1},)"
       R"({"name":"b","idx":2}]}})"},
      {{"ci", "x"},
       R"({"num_attrs":2,"attrs":{"nominal":[{"vals":["a","b"],"name":"ci","idx":0}],)"
       R"("numeric":[{"name":"x","idx":1}]}})"},
      {{"co", "x"},
       R"({"num_attrs":2,"attrs":{"binary":[{"name":"co_a","idx":0}],)"
       R"("numeric":[{"name":"x","idx":1}]}})"},
      {{"v", "ci"},
       R"({"num_attrs":3,"attrs":{"nominal":[{"vals":["a","b"],"name":"ci","idx":2}],)"
       R"("numeric":[{"name":"v_0","idx":0},{"name":"v_1","idx":1}]}})"},
      {{"f1", "n"},
       R"({"num_attrs":3,"attrs":{"nominal":[{"vals":["a","b"],"name":"f1_ci","idx":0}],)"
       R"("numeric":[{"name":"f1_x","idx":1},{"name":"n","idx":2}]}})"},
      {{"xb", "bu"},
       R"({"num_attrs":2,"attrs":{"binary":[{"name":"xb","idx":0}],)"
       R"("nominal":[{"ord":true,"vals":["0.0, 1.5","1.5, 3.0"],"name":"bu","idx":1}]}})"},
      {{"min"}, R"({"num_attrs":1,"attrs":{"numeric":[{"min":0.0,"name":"min","idx":0}]}})"},
      {{"probability", "prediction"},
       R"({"num_attrs":3,"attrs":{"nominal":[{"num_vals":2,"name":"prediction","idx":2}],)"
       R"("numeric":[{"name":"probability_0","idx":0},{"name":"probability_1","idx":1}]}})"},
  };
  for (const auto& [columns, expected] : cases) {
    const auto field = AssembledField(*DescribedSchema(true), columns);
    ASSERT_TRUE(field.ok()) << base::Message(field.status());
    const auto found = nlohmann::json::parse(table::SparkMetadata(**field), nullptr, false);
    EXPECT_EQ(found["ml_attr"], nlohmann::json::parse(expected, nullptr, false)) << found;
  }
}

TEST(VectorAssembler, AVectorOfUnknownLengthLeavesItsElementsOpen) {
  const auto schema = DescribedSchema(false);
  const auto known = GroupOf(**AssembledField(*schema, {"ci", "x", "v", "x"}));
  EXPECT_TRUE(known.open);
  EXPECT_FALSE(known.categories_follow);
  EXPECT_EQ(known.size(), -1);
  ASSERT_EQ(known.attributes->size(), 2U);
  EXPECT_EQ(known.attributes->front().values->size(), 2U);
  const auto behind = *AssembledField(*schema, {"x", "v", "ci"});
  EXPECT_TRUE(GroupOf(*behind).categories_follow);
  // And so it is when it is assembled again.
  const auto again = GroupOf(**AssembledField(*arrow::schema({behind->WithName("g")}), {"g"}));
  EXPECT_TRUE(again.open && again.categories_follow);
}

TEST(VectorAssembler, LengthsThatATypeTellsAreDatas) {
  EXPECT_TRUE(table::MetadataAreData(**AssembledField(*DescribedSchema(true), {"x", "v"})));
  EXPECT_FALSE(table::MetadataAreData(**AssembledField(*DescribedSchema(true), {"x", "ci"})));
  EXPECT_FALSE(table::MetadataAreData(**AssembledField(*DescribedSchema(true), {"probability"})));
}

}  // namespace
}  // namespace soteria::ml
