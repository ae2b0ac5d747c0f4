#include "src/table/types.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/arrow_status.h"
#include "src/table/map_type.h"
#include "src/table/table_for_test.h"
#include "src/table/vector.h"

namespace soteria::table {
namespace {

constexpr char kVectorJson[] =
    R"({"type":"udt","class":"org.apache.spark.ml.linalg.VectorUDT","pyClass":"pyspark.ml.linalg.VectorUDT",)"
    R"("sqlType":{"type":"struct","fields":[)"
    R"({"name":"type","type":"byte","nullable":false,"metadata":{}},)"
    R"({"name":"size","type":"integer","nullable":true,"metadata":{}},)"
    R"({"name":"indices","type":{"type":"array","elementType":"integer","containsNull":false},"nullable":true,"metadata":{}},)"
    R"({"name":"values","type":{"type":"array","elementType":"double","containsNull":false},"nullable":true,"metadata":{}}]}})";

TEST(Types, SchemaJsonIsSparks) {
  // df.schema.json() of StructType([a int not null, v VectorUDT, s array<struct<x: double>>]) in
  // Spark 4.3's key order.
  const auto schema = arrow::schema(
      {arrow::field("a", arrow::int32(), false), VectorField("v", true, std::nullopt),
       arrow::field("s", ListOf(arrow::struct_({arrow::field("x", arrow::float64())})))});
  const auto json = SparkSchemaJson(*schema);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(
      *json,
      std::string(R"({"type":"struct","fields":[)") +
          R"({"name":"a","type":"integer","nullable":false,"metadata":{}},)"
          R"({"name":"v","type":)" +
          kVectorJson +
          R"(,"nullable":true,"metadata":{}},)"
          R"({"name":"s","type":{"type":"array","elementType":{"type":"struct","fields":[)"
          R"({"name":"x","type":"double","nullable":true,"metadata":{}}]},"containsNull":true},)"
          R"("nullable":true,"metadata":{}}]})");
  const auto back = SchemaFromSparkJson(*json);
  ASSERT_TRUE(back.ok());
  EXPECT_TRUE((*back)->Equals(*schema, /*check_metadata=*/true)) << (*back)->ToString();
}

TEST(Types, DenseVectorsHaveTheSameJson) {
  const auto dense = SparkSchemaJson(*arrow::schema({VectorField("v", true, 5)}));
  const auto rows = SparkSchemaJson(*arrow::schema({VectorField("v", true, std::nullopt)}));
  ASSERT_TRUE(dense.ok() && rows.ok());
  EXPECT_EQ(*dense, *rows);
}

TEST(Types, EveryAtomRoundTrips) {
  for (const char* name : {"boolean", "tinyint", "smallint", "int", "bigint", "float", "double",
                           "string", "binary", "date", "timestamp", "timestamp_ntz", "void",
                           "array<int>", "struct<a:int,b:array<string>>"}) {
    const auto type = TypeFromDdl(name);
    ASSERT_TRUE(type.ok()) << name;
    EXPECT_EQ(TypeName(**type), name);
    const auto schema = arrow::schema({arrow::field("x", *type)});
    const auto json = SparkSchemaJson(*schema);
    ASSERT_TRUE(json.ok()) << name;
    const auto back = SchemaFromSparkJson(*json);
    ASSERT_TRUE(back.ok()) << *json;
    EXPECT_TRUE((*back)->Equals(*schema, true)) << name;
  }
}

TEST(Types, MetadataHaveLimits) {
  EXPECT_TRUE(CheckMetadata(R"({"a":[1,{"b":2}]})").ok());
  const auto nested = [](int depth) {
    return "{\"a\":" + std::string(static_cast<size_t>(depth), '[') +
           std::string(static_cast<size_t>(depth), ']') + "}";
  };
  EXPECT_TRUE(CheckMetadata(nested(kTypeDepthMax - 1)).ok());
  for (const std::string& bad : {std::string(), std::string("[1]"), std::string("{"),
                                 std::string("1"), nested(kTypeDepthMax), nested(100'000)}) {
    EXPECT_TRUE(base::Is(CheckMetadata(bad), base::kIllegalArgument)) << bad.substr(0, 20);
  }
  const std::string large = "{\"a\":\"" + std::string(kMetadataBytesMax, 'x') + "\"}";
  EXPECT_TRUE(base::Is(CheckMetadata(large), base::kIllegalArgument));
}

TEST(Types, NoSchemaIsWrittenThatCannotBeRead) {
  const std::string pad = "{\"a\":\"" + std::string(kSchemaTextBytesMax, 'x') + "\"}";
  const auto vector = VectorField("v", true, std::nullopt);
  EXPECT_TRUE(SparkSchemaJson(*arrow::schema({vector})).ok());
  const auto padded =
      arrow::schema({vector, WithSparkMetadata(arrow::field("x", arrow::int8()), pad)});
  EXPECT_TRUE(base::Is(SparkSchemaJson(*padded).status(), base::kUnsupported));
}

TEST(Types, MetadataThatDataMadeAreMarkedAtAnyDepth) {
  const auto leaf = WithSparkMetadata(arrow::field("i", arrow::float64()), R"({"a":1})");
  const auto in_struct =
      arrow::field("s", arrow::struct_({leaf, arrow::field("n", arrow::int8())}));
  const auto deep = arrow::field("l", arrow::list(in_struct->WithName("element")));
  const auto map = arrow::field("m", arrow::map(arrow::utf8(), leaf));
  const auto schema = arrow::schema({leaf, in_struct, deep, map});
  EXPECT_EQ(MarkedMetadataText(*schema), "");
  EXPECT_FALSE(HasMarkedMetadata(*schema));
  const auto marked = MarkedMetadata(*schema);
  EXPECT_TRUE(HasMarkedMetadata(*marked));
  EXPECT_EQ(MarkedMetadataText(*marked),
            "i: {\"a\":1}\ni: {\"a\":1}\ni: {\"a\":1}\ni: {\"a\":1}\n");
  EXPECT_TRUE(UnmarkedMetadata(*marked)->Equals(*schema, /*check_metadata=*/true));
  const auto without = WithoutMarkedMetadata(*marked);
  EXPECT_TRUE(without->Equals(*schema, /*check_metadata=*/false));
  EXPECT_EQ(without->ToString(true).find("soteria."), std::string::npos);
  // What the script writes over them is its own.
  EXPECT_FALSE(MetadataAreData(*WithSparkMetadata(marked->field(0), R"({"b":2})")));
}

TEST(Types, SparkMetadataIsKept) {
  const std::string json =
      R"({"type":"struct","fields":[{"name":"f","type":"double","nullable":true,)"
      R"("metadata":{"ml_attr":{"vals":["b","a"],"type":"nominal"}}}]})";
  const auto schema = SchemaFromSparkJson(json);
  ASSERT_TRUE(schema.ok());
  EXPECT_EQ(SparkMetadata(*(*schema)->field(0)),
            R"({"ml_attr":{"vals":["b","a"],"type":"nominal"}})");
  EXPECT_EQ(*SparkSchemaJson(**schema), json);
  EXPECT_EQ(SparkMetadata(*arrow::field("x", arrow::int8())), "{}");
}

TEST(Types, RefusesWhatIsNotASchema) {
  for (const char* json :
       {"", "[]", "{}", R"({"type":"struct"})", R"({"type":"struct","fields":7})",
        R"({"type":"struct","fields":[{"name":"a"}]})",
        R"({"type":"struct","fields":[{"name":3,"type":"integer"}]})",
        R"({"type":"array","elementType":"integer"})"}) {
    EXPECT_TRUE(base::Is(SchemaFromSparkJson(json).status(), base::kInput)) << json;
  }
  const std::string start = R"({"type":"struct","fields":[{"name":"a","type":)";
  const std::string decimal = start + R"j("decimal(3,5)"}]})j";
  EXPECT_FALSE(SchemaFromSparkJson(decimal).ok());
  const std::string point = start + R"({"type":"udt","class":"x.PointUDT"}}]})";
  EXPECT_TRUE(base::Is(SchemaFromSparkJson(point).status(), base::kUnsupported));
  EXPECT_FALSE(SchemaFromSparkJson(std::string(1'000'000, '[')).ok());
  EXPECT_FALSE(SchemaFromSparkJson(std::string(1'000'000, '{')).ok());
}

TEST(Types, NestingIsBounded) {
  std::string ddl;
  for (int i = 0; i < 100'000; ++i) ddl += "array<";
  EXPECT_TRUE(base::Is(TypeFromDdl(ddl).status(), base::kParse));
  std::string json = R"("integer")";
  for (int i = 0; i < kTypeDepthMax + 1; ++i)
    json = R"({"type":"array","elementType":)" + json + "}";
  const std::string start = R"({"type":"struct","fields":[{"name":"a","type":)";
  EXPECT_FALSE(SchemaFromSparkJson(start + json + "}]}").ok());
}

TEST(Types, DdlSchemas) {
  const auto schema = SchemaFromDdl(
      "a INT, `odd ``name` array<double> NOT NULL, c: struct<x: bigint, y string> COMMENT 'it''s'");
  EXPECT_FALSE(schema.ok());  // SQL quotes double by backslash in Spark: 'it' then 's'
  const auto good = SchemaFromDdl(
      "a INT, `odd ``name` array<double> NOT NULL, c: struct<x: bigint, y string> COMMENT 'its'");
  ASSERT_TRUE(good.ok()) << base::Message(good.status());
  ASSERT_EQ((*good)->num_fields(), 3);
  EXPECT_EQ((*good)->field(1)->name(), "odd `name");
  EXPECT_FALSE((*good)->field(1)->nullable());
  EXPECT_EQ(TypeName(*(*good)->field(2)), "struct<x:bigint,y:string>");
}

TEST(Types, DdlRefusals) {
  for (const char* ddl :
       {"a", "a int,", "a int b string", "a array<int", "`a int", "a int NOT", "a int("}) {
    EXPECT_TRUE(base::Is(SchemaFromDdl(ddl).status(), base::kParse)) << ddl;
  }
  for (const auto& [ddl, said] :
       std::vector<std::pair<const char*, const char*>>{{"frob", "FROB"},
                                                        {"array<frob>", "FROB"},
                                                        {"frob(1,2)", "FROB(1,2)"},
                                                        {"int(3)", "INT(3)"}}) {
    const base::Status status = TypeFromDdl(ddl).status();
    EXPECT_EQ(base::ConditionName(status), "UNSUPPORTED_DATATYPE") << ddl;
    EXPECT_EQ(base::Message(status), base::Cat("Unsupported data type \"", said, "\"."));
  }
  for (const char* ddl : {"map", "map<int>", "map<int,>", "map<int,int", "map<,int>"}) {
    EXPECT_TRUE(base::Is(TypeFromDdl(ddl).status(), base::kParse)) << ddl;
  }
  for (const char* ddl : {"decimal(", "decimal()", "decimal(x)", "decimal(5,)", "decimal(5,2",
                          "decimal(5,-1)", "decimal(5 2)"}) {
    EXPECT_TRUE(base::Is(TypeFromDdl(ddl).status(), base::kParse)) << ddl;
  }
  EXPECT_EQ(base::ConditionName(TypeFromDdl("decimal(39,1)").status()),
            "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION");
  EXPECT_EQ(base::ConditionName(TypeFromDdl("decimal(3,4)").status()),
            "DECIMAL_SCALE_EXCEEDS_PRECISION");
}

TEST(Types, NamesInErrorTexts) {
  EXPECT_EQ(QuotedTypeName(*arrow::field("a", ListOf(arrow::int32()))), "\"ARRAY<INT>\"");
  // As Spark 4.3 prints the type of a VectorUDT operand.
  EXPECT_EQ(QuotedTypeName(*VectorField("v", true, 3)),
            "UDT(\"STRUCT<type: TINYINT NOT NULL, size: INT, indices: ARRAY<INT>, values: "
            "ARRAY<DOUBLE>>\")");
}

TEST(Types, ToSparkFormMakesStructs) {
  const double values[] = {1, 2, 3, 4};
  const auto column = DenseColumn(values, 2, 2);
  ASSERT_TRUE(column.ok());
  const auto table =
      arrow::Table::Make(arrow::schema({VectorField("v", true, 2)}), arrow::ArrayVector{*column});
  const auto spark = ToSparkForm(table);
  ASSERT_TRUE(spark.ok());
  EXPECT_TRUE((*spark)->field(0)->Equals(*VectorField("v", true, std::nullopt), true));
  const auto rows = ReadVectors(*(*spark)->column(0));
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ((*rows)[1], DenseVector({3, 4}));
}

TEST(Types, NormaliseBringsForeignTypesHome) {
  const auto dictionary = arrow::DictionaryArray::FromArrays(
      arrow::dictionary(arrow::int32(), arrow::utf8()),
      ArrayForTest(arrow::int32(), "[1, 0, null]"), ArrayForTest(arrow::utf8(), R"(["x", "y"])"));
  ASSERT_TRUE(dictionary.ok());
  arrow::UInt16Builder unsigned_builder;
  ASSERT_TRUE(unsigned_builder.AppendValues({1, 65535, 3}).ok());
  const auto large = arrow::LargeListArray::FromArrays(
      *arrow::Int64Array(4, arrow::Buffer::FromVector(std::vector<int64_t>{0, 1, 1, 3}))
           .View(arrow::int64())
           .ValueOrDie(),
      *ArrayForTest(arrow::float32(), "[1, 2, 3]"));
  ASSERT_TRUE(large.ok());
  const auto time = arrow::timestamp(arrow::TimeUnit::NANO, "Europe/Berlin");
  auto nanos = ArrayForTest(arrow::int64(), "[1500, -1, null]")->View(time);
  ASSERT_TRUE(nanos.ok());
  const auto table = arrow::Table::Make(
      arrow::schema({arrow::field("d", (*dictionary)->type()), arrow::field("u", arrow::uint16()),
                     arrow::field("l", (*large)->type()), arrow::field("t", time)}),
      arrow::ArrayVector{*dictionary, *unsigned_builder.Finish(), *large, *nanos});
  const auto normal = Normalise(table);
  ASSERT_TRUE(normal.ok()) << base::Message(normal.status());
  ASSERT_TRUE((*normal)->ValidateFull().ok());
  EXPECT_EQ(TypeName(*(*normal)->field(0)), "string");
  EXPECT_TRUE(
      (*normal)->column(0)->chunk(0)->Equals(ArrayForTest(arrow::utf8(), R"(["y", "x", null])")));
  EXPECT_TRUE(
      (*normal)->column(1)->chunk(0)->Equals(ArrayForTest(arrow::int32(), "[1, 65535, 3]")));
  EXPECT_TRUE((*normal)->column(2)->chunk(0)->Equals(
      ArrayForTest(ListOf(arrow::float32()), "[[1], [], [2, 3]]")));
  EXPECT_TRUE((*normal)->column(3)->chunk(0)->Equals(
      ArrayForTest(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[1, -1, null]")));
}

TEST(Types, NormaliseLaysMarksOverData) {
  // What a client sends: the storage struct with other child names, the schema apart.
  const auto loose =
      arrow::struct_({arrow::field("type", arrow::int8()), arrow::field("size", arrow::int32()),
                      arrow::field("indices", arrow::list(arrow::field("item", arrow::int32()))),
                      arrow::field("values", arrow::list(arrow::field("item", arrow::float64())))});
  const auto table = TableForTest(arrow::schema({arrow::field("v", loose)}),
                                  {"[[1, null, null, [1.5, 2.5]], [0, 3, [1], [7.0]], null]"});
  const auto marks = arrow::schema({VectorField("v", true, std::nullopt)});
  const auto normal = Normalise(table, marks.get());
  ASSERT_TRUE(normal.ok()) << base::Message(normal.status());
  EXPECT_TRUE((*normal)->schema()->Equals(*marks, true));
  const auto rows = ReadVectors(*(*normal)->column(0));
  ASSERT_TRUE(rows.ok()) << base::Message(rows.status());
  EXPECT_EQ((*rows)[0], DenseVector({1.5, 2.5}));
  EXPECT_EQ((*rows)[1], SparseVector(3, {1}, {7.0}));
  EXPECT_EQ((*rows)[2], std::nullopt);
}

TEST(Types, NormaliseRefusals) {
  const auto times = arrow::Table::MakeEmpty(
      arrow::schema({arrow::field("d", arrow::time64(arrow::TimeUnit::MICRO))}));
  EXPECT_TRUE(base::Is(Normalise(*times).status(), base::kUnsupported));
  EXPECT_NE(base::Message(Normalise(*times).status()).find("Column 'd' has the type time64"),
            std::string::npos)
      << base::Message(Normalise(*times).status());
  const auto negative =
      arrow::Table::MakeEmpty(arrow::schema({arrow::field("d", arrow::decimal128(5, -2))}));
  EXPECT_TRUE(base::Is(Normalise(*negative).status(), base::kUnsupported));
  const auto table = TableForTest(arrow::schema({arrow::field("a", arrow::int32())}), {"[1]"});
  const auto marks = arrow::schema({VectorField("a", true, std::nullopt)});
  EXPECT_TRUE(base::Is(Normalise(table, marks.get()).status(), base::kInput));
  const auto none = arrow::schema({});
  EXPECT_TRUE(base::Is(Normalise(table, none.get()).status(), base::kInput));
}

TEST(ArrowStatus, CountsAsQuotingData) {
  const base::Status status = FromArrow(arrow::Status::Invalid("value 17 is bad"));
  EXPECT_TRUE(base::Is(status, base::kInternal));
  EXPECT_TRUE(base::QuotesData(status));
  EXPECT_TRUE(base::Is(FromArrow(arrow::Status::OutOfMemory("x")), base::kMemoryLimit));
  EXPECT_TRUE(FromArrow(arrow::Status::OK()).ok());
}

TEST(Types, MapsAreKeysAndValues) {
  const auto type = TypeFromDdl("MAP < string , map<int,array<double>> >");
  ASSERT_TRUE(type.ok()) << base::Message(type.status());
  EXPECT_EQ(TypeName(**type), "map<string,map<int,array<double>>>");
  EXPECT_EQ(SqlTypeName(**type), "MAP<STRING, MAP<INT, ARRAY<DOUBLE>>>");
  EXPECT_TRUE(ContainsMap(*arrow::struct_({arrow::field("x", ListOf(*type))})));
  EXPECT_FALSE(ContainsMap(*VectorStructType()));
  const auto map =
      MapOf(arrow::field("k", arrow::int32()), VectorField("v", /*nullable=*/false, std::nullopt));
  const auto schema = arrow::schema({arrow::field("m", map), arrow::field("n", *type, false)});
  const auto json = SparkSchemaJson(*schema);
  ASSERT_TRUE(json.ok());
  EXPECT_NE(json->find(R"("type":{"type":"map","keyType":"integer","valueType":{"type":"udt")"),
            std::string::npos)
      << *json;
  EXPECT_NE(json->find(R"("valueContainsNull":false)"), std::string::npos);
  const auto back = SchemaFromSparkJson(*json);
  ASSERT_TRUE(back.ok()) << base::Message(back.status());
  EXPECT_TRUE((*back)->Equals(*schema, /*check_metadata=*/true));
  EXPECT_EQ(TypeName(*(*back)->field(0)), "map<int,vector>");
  for (const char* bad : {R"({"type":"map","keyType":"integer"})", R"({"type":"map"})",
                          R"({"type":"map","valueType":"integer"})"}) {
    const std::string text =
        std::string(R"({"type":"struct","fields":[{"name":"m","type":)") + bad + "}]}";
    EXPECT_TRUE(base::Is(SchemaFromSparkJson(text).status(), base::kInput)) << text;
  }
}

TEST(Types, MapsFromOutsideGetTheirNames) {
  const auto given = arrow::map(arrow::large_utf8(), arrow::field("its", arrow::uint8()));
  arrow::LargeStringBuilder keys;
  ASSERT_TRUE(keys.AppendValues({"x", "a", "b"}).ok());
  const auto values = ArrayForTest(arrow::int16(), "[0, 1, 2]");
  arrow::UInt8Builder small;
  ASSERT_TRUE(small.AppendValues({0, 1}).ok() && small.AppendNull().ok());
  const auto offsets = ArrayForTest(arrow::int32(), "[0, 1, 1, 3]");
  const auto array = arrow::MapArray::FromArrays(given, offsets, keys.Finish().ValueOrDie(),
                                                 small.Finish().ValueOrDie())
                         .ValueOrDie();
  // A slice, so that neither the map's offsets nor its entries begin at 0.
  const auto rows =
      arrow::Table::Make(arrow::schema({arrow::field("m", given)}), {array->Slice(1, 2)});
  const auto out = Normalise(rows);
  ASSERT_TRUE(out.ok()) << base::Message(out.status());
  ASSERT_TRUE((*out)->ValidateFull().ok());
  const auto wanted = MapOf(arrow::utf8(), arrow::int16());
  EXPECT_TRUE((*out)->field(0)->type()->Equals(*wanted)) << (*out)->field(0)->type()->ToString();
  EXPECT_TRUE(
      (*out)->column(0)->chunk(0)->Equals(ArrayForTest(wanted, R"([[], [["a", 1], ["b", null]]])")))
      << (*out)->column(0)->ToString();
}

}  // namespace
}  // namespace soteria::table
