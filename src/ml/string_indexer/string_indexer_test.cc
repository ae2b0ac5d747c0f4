// StringIndexer, IndexToString and OneHotEncoder, against what stock Spark 4.3 answers for the same
// rows.
#include "src/ml/attributes.h"
#include "src/ml/one_hot_encoder/kernels.h"
#include "src/ml/one_hot_encoder/model.h"
#include "src/ml/stage_for_test.h"
#include "src/ml/string_indexer/kernels.h"
#include "src/ml/string_indexer/model.h"

namespace soteria::ml {
namespace {

using Texts = std::vector<std::string>;

std::shared_ptr<arrow::Table> Rows() {
  return MakeTable({TextColumn("s", {"a", "b", "b", std::nullopt, "c", "a", "é"}),
                    NumberColumn("d", {1.0, 2.0, kNanForTest, std::nullopt, 2.5, 1.0, -0.0}),
                    IntColumn("i", {1, 2, 3, 3, 2, 7, 7})});
}

ParamMap Both(const std::string& order = "frequencyDesc", const std::string& invalid = "error") {
  return {{"inputCols", Texts{"s", "d"}},
          {"outputCols", Texts{"x", "y"}},
          {"stringOrderType", order},
          {"handleInvalid", invalid}};
}

StringArrays LabelsOf(const Model& model) {
  return std::get<StringArrays>(model.Get("labelsArray", {}).value());
}

TEST(StringIndexer, OrdersAreSparks) {
  const std::map<std::string, StringArrays> spark = {
      {"frequencyDesc", {{"a", "b", "c", "é"}, {"1.0", "-0.0", "2.0", "2.5"}}},
      {"frequencyAsc", {{"c", "é", "a", "b"}, {"-0.0", "2.0", "2.5", "1.0"}}},
      {"alphabetDesc", {{"é", "c", "b", "a"}, {"2.5", "2.0", "1.0", "-0.0"}}},
      {"alphabetAsc", {{"a", "b", "c", "é"}, {"-0.0", "1.0", "2.0", "2.5"}}}};
  for (const auto& [order, labels] : spark) {
    for (const int64_t partitions : {1, 5, 8}) {
      const auto model = FitForTest("StringIndexer", Both(order), Rows(), partitions);
      ASSERT_TRUE(model.ok()) << base::Message(model.status());
      EXPECT_EQ(LabelsOf(**model), labels) << order;
    }
  }
  const auto wide = FitForTest("StringIndexer", {{"inputCol", std::string("s")}},
                               MakeTable({TextColumn("s", {"😀", "\uFFFD", "z"})}));
  EXPECT_EQ(LabelsOf(**wide), (StringArrays{{"z", "\uFFFD", "😀"}})) << "by bytes";
}

TEST(StringIndexer, InvalidRows) {
  const auto keep = FitForTest("StringIndexer", Both("frequencyDesc", "keep"), Rows());
  const auto kept = (*keep)->Apply(Rows());
  EXPECT_EQ(DoublesOf(**kept, "x"), (std::vector<double>{0, 1, 1, 4, 2, 0, 3}));
  EXPECT_EQ(DoublesOf(**kept, "y"), (std::vector<double>{0, 2, 4, 4, 3, 0, 1}));
  EXPECT_EQ(MetadataOf(**kept, "y"),
            R"({"ml_attr":{"name":"y","type":"nominal","vals":["1.0","-0.0","2.0","2.5",)"
            R"("__unknown"]}})");
  const auto skip = (*keep)->WithParams({{"handleInvalid", std::string("skip")}});
  const auto skipped = (*skip)->Apply(Rows());
  EXPECT_EQ(DoublesOf(**skipped, "x"), (std::vector<double>{0, 1, 2, 0, 3}));
  EXPECT_EQ(DoublesOf(**skipped, "y"), (std::vector<double>{0, 2, 3, 0, 1}));
  EXPECT_EQ(TextsOf(**skipped, "s"), (TextsForTest{"a", "b", "c", "a", "é"}));
  const auto error = (*keep)->WithParams({{"handleInvalid", std::string("error")}});
  EXPECT_EQ(Refusal((*error)->Apply(Rows())),
            "StringIndexer encountered NULL value. To handle or skip NULLS, try setting"
            " StringIndexer.handleInvalid.");
  const auto unseen = (*error)->Apply(
      MakeTable({TextColumn("s", {"q"}), NumberColumn("d", {1.0}), IntColumn("i", {1})}));
  EXPECT_EQ(Refusal(unseen),
            "Unseen label: q. To handle unseen labels, set Param handleInvalid to keep.");
}

TEST(StringIndexer, AttributesAndSchema) {
  const auto model = FitForTest("StringIndexer", Both(), Rows());
  EXPECT_EQ(std::get<std::string>((*model)->Get("toString", {}).value()),
            "StringIndexerModel: uid=uid, handleInvalid=error, numInputCols=2, numOutputCols=2");
  EXPECT_EQ(Refusal((*model)->Get("labels", {})),
            "requirement failed: This StringIndexerModel is fit on multiple columns. Call"
            " `labelsArray` instead.");
  const auto declared = (*model)->OutputSchema(*Rows()->schema());
  const auto present = (*model)->Apply(Rows()->Slice(0, 2));
  EXPECT_TRUE((*declared)->Equals(*(*present)->schema(), true));
  EXPECT_FALSE((*declared)->GetFieldByName("x")->nullable());
  const auto without = (*model)->OutputSchema(*arrow::schema({arrow::field("t", arrow::utf8())}));
  EXPECT_EQ((*without)->num_fields(), 1) << "columns that aren't there are passed over";
  const auto one = FitForTest("StringIndexer", {{"inputCol", std::string("i")}}, Rows());
  EXPECT_EQ(std::get<Texts>((*one)->Get("labels", {}).value()), (Texts{"2", "3", "7", "1"}));
  EXPECT_EQ((*(*one)->OutputSchema(*Rows()->schema()))->field(3)->name(), "uid__output");
  EXPECT_EQ(LabelsOf(**FitForTest("StringIndexer", Both(), Rows()->Slice(0, 0))),
            (StringArrays{{}, {}}));
  ExpectRoundTrips(**model);
  ExpectRoundTrips(**one);
}

TEST(StringIndexer, RefusalsAreSparks) {
  const auto text = [](ParamMap params) {
    return Refusal(FitForTest("StringIndexer", params, Rows()));
  };
  EXPECT_EQ(text({{"inputCol", std::string("nope")}}), "Input column nope does not exist.");
  EXPECT_EQ(text({{"inputCol", std::string("s")}, {"outputCol", std::string("d")}}),
            "requirement failed: Output column d already exists.");
  EXPECT_EQ(text({}),
            "StringIndexer uid requires exactly one of inputCol, inputCols Params to be set, but"
            " neither is set.");
  EXPECT_EQ(text({{"inputCol", std::string("s")}, {"inputCols", Texts{"s"}}}),
            "requirement failed: StringIndexer uid requires exactly one of inputCol, inputCols"
            " Params to be set, but both are set.");
  EXPECT_EQ(text({{"inputCols", Texts{"s"}}, {"outputCol", std::string("x")}}),
            "StringIndexer uid has the inputCols Param set for multi-column transform. The"
            " following Params are not applicable and should not be set: outputCol.The following"
            " Params must be defined but are not set: outputCols.");
  EXPECT_EQ(text({{"inputCols", Texts{"s", "d"}}, {"outputCols", Texts{"x"}}}),
            "requirement failed: The number of input columns does not match output columns");
  EXPECT_EQ(text({{"inputCols", Texts{"s", "d"}}, {"outputCols", Texts{"x", "x"}}}),
            "requirement failed: Output columns should not be duplicate.");
  EXPECT_EQ(text({{"inputCol", std::string("s")}, {"handleInvalid", std::string("foo")}}),
            "uid parameter handleInvalid given invalid value foo.");
  const auto words = MakeTable({WordsColumn("v", {{"a"}})});
  EXPECT_EQ(Refusal(FitForTest("StringIndexer", {{"inputCol", std::string("v")}}, words)),
            "requirement failed: The input column v must be either string type or numeric type, but"
            " got ArrayType(StringType,true).");
}

// StringIndexerModel.from_labels(["a", "b", "a"]): the last place of a label counts.
TEST(StringIndexer, LabelsMayOccurTwice) {
  const auto info = Params::Make(StringIndexerModelInfo(), "uid",
                                 {{"inputCol", std::string("s")},
                                  {"outputCol", std::string("o")},
                                  {"handleInvalid", std::string("keep")}});
  const StringIndexerModel model(*info, {{"a", "b", "a"}});
  const auto out = model.Apply(MakeTable({TextColumn("s", {"a", "b", "x", std::nullopt})}));
  EXPECT_EQ(DoublesOf(**out, "o"), (std::vector<double>{2, 1, 3, 3}));
}

TEST(StringIndexer, PartialsRefuseOthers) {
  const auto table = Rows();
  ExpectPartialRefusesOthers(LabelCountsKernel({"s", "d"}), {.table = table.get()});
  TextCounts counts;
  EXPECT_TRUE(counts.Add("a", {1, 1}).ok());
  EXPECT_TRUE(base::Is(counts.Add(std::string(kTextBytesMax, 'x'), {1, 1}), base::kMemoryLimit));
}

TEST(IndexToString, LabelsOfParamAndMetadata) {
  const auto model = FitForTest("StringIndexer", Both("frequencyDesc", "keep"), Rows());
  const auto indexed = *(*model)->Apply(Rows());
  const ParamMap params = {{"inputCol", std::string("x")}, {"outputCol", std::string("o")}};
  const auto back = ApplyForTest("IndexToString", params, indexed);
  EXPECT_EQ(TextsOf(**back, "o"), (TextsForTest{"a", "b", "b", "__unknown", "c", "a", "é"}));
  ParamMap given = params;
  given["labels"] = Texts{"p", "q"};
  const auto rows = [](const std::vector<std::optional<double>>& x) {
    return MakeTable({NumberColumn("x", x)});
  };
  EXPECT_EQ(TextsOf(**ApplyForTest("IndexToString", given, rows({0.0, 1.9, -0.5})), "o"),
            (TextsForTest{"p", "q", "p"}));
  EXPECT_EQ(Refusal(ApplyForTest("IndexToString", given, rows({0.0, std::nullopt}))),
            "Unseen index: null ??");
  EXPECT_EQ(Refusal(ApplyForTest("IndexToString", given, rows({2.0}))), "Unseen index: 2.0 ??");
  const auto nan = ApplyForTest("IndexToString", given, rows({kNanForTest}));
  EXPECT_TRUE(base::Is(nan.status(), base::kCastOverflow));
  const auto none = ApplyForTest("IndexToString", params, rows({0.0}));
  EXPECT_EQ(base::ExceptionName(none.status()), "java.lang.ClassCastException");
  EXPECT_EQ(Refusal(ApplyForTest("IndexToString",
                                 {{"inputCol", std::string("s")}, {"labels", Texts{"p"}}}, Rows())),
            "requirement failed: The input column s must be a numeric type, but got StringType.");
}

std::shared_ptr<arrow::Table> Categories() {
  return MakeTable({NumberColumn("a", {0.0, 1.0, 2.0, 0.0}), IntColumn("b", {1, 2, 0, 3})});
}

ParamMap Encoded(bool drop_last, const std::string& invalid) {
  return {{"inputCols", Texts{"a", "b"}},
          {"outputCols", Texts{"x", "y"}},
          {"dropLast", drop_last},
          {"handleInvalid", invalid}};
}

TEST(OneHotEncoder, VectorsAreSparks) {
  struct Case {
    bool drop_last;
    const char* invalid;
    int32_t width;                        // of x, of 3 categories
    std::optional<int32_t> place_of_two;  // in x
    std::optional<int32_t> place_of_new;
  };
  for (const Case& c : {Case{true, "error", 2, {}, {}}, Case{true, "keep", 3, 2, {}},
                        Case{false, "error", 3, 2, {}}, Case{false, "keep", 4, 2, 3}}) {
    for (const int64_t partitions : {1, 5}) {
      const auto model =
          FitForTest("OneHotEncoder", Encoded(c.drop_last, c.invalid), Categories(), partitions);
      ASSERT_TRUE(model.ok()) << base::Message(model.status());
      EXPECT_EQ(std::get<IntArray>((*model)->Get("categorySizes", {}).value()), (IntArray{3, 4}));
      const auto rows = VectorsOf(**(*model)->Apply(Categories()), "x");
      const auto at = [&c](std::optional<int32_t> place) {
        return place ? table::SparseVector(c.width, {*place}, {1.0})
                     : table::SparseVector(c.width, {}, {});
      };
      EXPECT_EQ(rows[0], at(0));
      EXPECT_EQ(rows[2], at(c.place_of_two));
      const auto odd = MakeTable(
          {NumberColumn("a", {0.5, 7.0, -1.0, kNanForTest}), IntColumn("b", {0, 0, 0, 0})});
      const auto encoded = (*model)->Apply(odd);
      if (std::string(c.invalid) == "error") {
        EXPECT_EQ(Refusal(encoded),
                  "Unseen value: 7.0. To handle unseen values, set Param handleInvalid to keep.");
        EXPECT_EQ(Refusal((*model)->Apply(odd->Slice(2, 1))),
                  "Negative value: -1.0. Input can't be negative. To handle invalid values, set"
                  " Param handleInvalid to keep");
        continue;
      }
      const auto kept = VectorsOf(**encoded, "x");
      EXPECT_EQ(kept[0], at(0)) << "0.5 is 0";
      for (const size_t i : std::vector<size_t>{1, 2, 3})
        EXPECT_EQ(kept[i], at(c.place_of_new)) << i;
    }
  }
}

TEST(OneHotEncoder, MetadataComeFromTheInput) {
  const auto indexer = FitForTest("StringIndexer", Both("frequencyDesc", "keep"), Rows());
  const auto indexed = *(*indexer)->Apply(Rows());
  const ParamMap params = {{"inputCol", std::string("x")}, {"outputCol", std::string("w")}};
  const auto model = FitForTest("OneHotEncoder", params, indexed, 3);
  EXPECT_EQ(std::get<IntArray>((*model)->Get("categorySizes", {}).value()), (IntArray{5}));
  EXPECT_EQ(MetadataOf(**(*model)->Apply(indexed), "w"),
            R"({"ml_attr":{"attrs":{"binary":[{"idx":0,"name":"a"},{"idx":1,"name":"b"},)"
            R"({"idx":2,"name":"c"},{"idx":3,"name":"é"}]},"num_attrs":4}})");
  const auto small = FitForTest("OneHotEncoder", Encoded(true, "error"), Categories());
  const auto renamed = *indexed->SelectColumns({3, 2})->get()->RenameColumns({"a", "b"});
  EXPECT_EQ(Refusal((*small)->OutputSchema(*renamed->schema())),
            "requirement failed: OneHotEncoderModel expected 2 categorical values for input column"
            " a, but the input column had metadata specifying 4 values.");
  EXPECT_EQ(MetadataOf(**(*small)->Apply(Categories()), "x"),
            R"({"ml_attr":{"attrs":{"binary":[{"idx":0,"name":"0"},{"idx":1,"name":"1"}]},)"
            R"("num_attrs":2}})");
  EXPECT_EQ(std::get<std::string>((*small)->Get("toString", {}).value()),
            "OneHotEncoderModel: uid=uid, dropLast=true, handleInvalid=error, numInputCols=2,"
            " numOutputCols=2");
  ExpectRoundTrips(**small);
}

TEST(OneHotEncoder, NullsAndRefusals) {
  const auto one = [](const std::vector<std::optional<double>>& rows) {
    return MakeTable({NumberColumn("a", rows)});
  };
  const ParamMap params = {{"inputCol", std::string("a")}, {"outputCol", std::string("q")}};
  const auto fit = [&](const std::vector<std::optional<double>>& rows) {
    return FitForTest("OneHotEncoder", params, one(rows));
  };
  const auto model = fit({0.0, 1.0});
  const auto applied = (*model)->Apply(one({std::nullopt, 0.0}));
  EXPECT_EQ((*applied)->GetColumnByName("q")->null_count(), 1);
  EXPECT_TRUE(VectorsOf(**(*fit({0.0}))->Apply(one({0.0})), "q")[0].values.empty());
  EXPECT_EQ(Refusal(fit({0.0, std::nullopt})),
            "Found NULL in a row at the index 0, expected a non-NULL value.");
  EXPECT_EQ(Refusal(fit({0.5})),
            "assertion failed: Values from column a must be indices, but got 0.5.");
  EXPECT_EQ(Refusal(fit({1e10})),
            "assertion failed: OneHotEncoder only supports up to 2147483647 indices, but got"
            " 1.0E10.");
  EXPECT_EQ(Refusal(FitForTest("OneHotEncoder", {{"inputCol", std::string("s")}}, Rows())),
            "requirement failed: Column s must be of type numeric but was actually of type"
            " string.");
  EXPECT_EQ(Refusal(FitForTest("OneHotEncoder",
                               {{"inputCols", Texts{"a", "b"}}, {"outputCols", Texts{"q"}}},
                               Categories())),
            "requirement failed: The number of input columns 2 must be the same as the number of"
            " output columns 1.");
  const auto table = Categories();
  ExpectPartialRefusesOthers(CategoryCountsKernel({"a", "b"}), {.table = table.get()});
}

TEST(OneHotEncoder, ManyCategoriesAreCountedNotNamed) {
  const auto rows = [](std::vector<std::optional<double>> of) {
    return MakeTable({NumberColumn("a", std::move(of))});
  };
  const auto model = [&](bool drop_last, const std::string& invalid, double greatest) {
    return FitForTest("OneHotEncoder",
                      {{"inputCol", std::string("a")},
                       {"outputCol", std::string("q")},
                       {"dropLast", drop_last},
                       {"handleInvalid", invalid}},
                      rows({greatest}));
  };
  const auto told = [&](bool drop_last, const std::string& invalid, double greatest) {
    return MetadataOf(**(*model(drop_last, invalid, greatest))->Apply(rows({7.0})), "q");
  };
  EXPECT_EQ(told(true, "error", 4'000'000), R"({"ml_attr":{"num_attrs":4000000}})");
  EXPECT_EQ(told(false, "error", 4'000'000), R"({"ml_attr":{"num_attrs":4000001}})");
  EXPECT_EQ(told(false, "keep", 4'000'000), R"({"ml_attr":{"num_attrs":4000002}})");
  EXPECT_GT(told(true, "error", static_cast<double>(kNamedAttributesMax)).size(), 1'000'000U);
  const auto greatest = static_cast<double>(kColumnCategoriesMax - 1);
  const auto most = model(false, "keep", greatest);
  EXPECT_EQ(VectorsOf(**(*most)->Apply(rows({greatest, -1.0})), "q")[1].indices,
            (std::vector<int32_t>{static_cast<int32_t>(kColumnCategoriesMax)}));
  for (const double above : {greatest + 1, 2e9, 2147483646.0}) {
    const auto refused = model(false, "keep", above);
    EXPECT_TRUE(base::Is(refused.status(), base::kMemoryLimit));
    EXPECT_EQ(base::Message(refused.status()),
              "OneHotEncoder: a column has more than 4194303 categories");
  }
  ColumnAttribute counted;
  counted.type = ColumnAttribute::Type::kNominal;
  counted.num_values = 5'000'000;
  const auto field =
      table::WithSparkMetadata(arrow::field("a", arrow::float64()), AttributeMetadata(counted));
  const auto many = *rows({1.0})->SetColumn(0, field, rows({1.0})->column(0));
  EXPECT_TRUE(base::Is(FitForTest("OneHotEncoder", {{"inputCol", std::string("a")}}, many).status(),
                       base::kMemoryLimit));
  base::FieldWriter w;
  w.AddI64(INT32_MAX);
  const auto params = Params::Make(OneHotEncoderModelInfo(), "uid", {});
  EXPECT_FALSE(OneHotEncoderModel::Decode(*params, w.Take()).ok());
}

TEST(Attributes, WideColumnsAreNotHeld) {
  const auto of = [](const std::string& text) {
    return GroupOf(*table::WithSparkMetadata(arrow::field("x", arrow::float64()), text));
  };
  const AttributeGroup none = of(R"({"ml_attr":{"num_attrs":2147483647,"attrs":{}}})");
  EXPECT_FALSE(none.attributes.has_value());
  EXPECT_EQ(none.size(), 2147483647);
  const std::string some = R"({"ml_attr":{"num_attrs":10000000,"attrs":{"binary":[{"idx":1}],)";
  const AttributeGroup one = of(some + R"("nominal":[]}}})");
  EXPECT_EQ(one.size(), -1);
  EXPECT_EQ(static_cast<int64_t>(one.attributes->size()), kNamedAttributesMax);
  EXPECT_EQ((*one.attributes)[1].type, ColumnAttribute::Type::kBinary);
  EXPECT_FALSE(one.categories_follow);
  EXPECT_TRUE(of(some + R"("nominal":[{"idx":9999999}]}}})").categories_follow);
}

TEST(Attributes, WhatIsWrittenIsRead) {
  ColumnAttribute attribute;
  attribute.type = ColumnAttribute::Type::kNominal;
  attribute.name = "x";
  attribute.values = Texts{"a", "\"b\""};
  const auto field =
      table::WithSparkMetadata(arrow::field("x", arrow::float64()), AttributeMetadata(attribute));
  EXPECT_EQ(AttributeOf(*field).values, attribute.values);
  EXPECT_EQ(AttributeOf(*field).name, attribute.name);
  EXPECT_EQ(AttributeOf(*arrow::field("x", arrow::float64())).type,
            ColumnAttribute::Type::kUnresolved);
  for (const char* odd : {"[]", "{\"ml_attr\":3}", "{\"ml_attr\":{\"num_attrs\":-4}}",
                          "{\"ml_attr\":{\"num_attrs\":1e99,\"attrs\":{}}}", "nonsense"}) {
    const auto of = table::WithSparkMetadata(arrow::field("x", arrow::float64()), odd);
    EXPECT_LT(GroupOf(*of).size(), 0) << odd;
  }
}

}  // namespace
}  // namespace soteria::ml
