#include "src/connect/types.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

#include "spark/connect/types.pb.h"
#include "src/base/errors.h"
#include "src/table/map_type.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using spark::connect::DataType;

TEST(Types, SchemasComeBack) {
  const auto schema = arrow::schema({
      arrow::field("b", arrow::boolean(), false),
      arrow::field("i", arrow::int32()),
      arrow::field("l", arrow::int64()),
      arrow::field("y", arrow::int8()),
      arrow::field("s", arrow::int16()),
      arrow::field("f", arrow::float32()),
      arrow::field("d", arrow::float64()),
      arrow::field("t", arrow::utf8()),
      arrow::field("x", arrow::binary()),
      arrow::field("day", arrow::date32()),
      arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
      arrow::field("local", arrow::timestamp(arrow::TimeUnit::MICRO)),
      arrow::field("list", table::ListOf(arrow::float64())),
      arrow::field("pair", arrow::struct_({arrow::field("a", arrow::int32(), false)})),
      table::VectorField("v", true, std::nullopt),
      table::MatrixField("m", true),
  });
  DataType message;
  ASSERT_TRUE(FillSchema(*schema, &message).ok());
  const auto back = SchemaOf(message);
  ASSERT_TRUE(back.ok()) << base::Message(back.status());
  EXPECT_TRUE((*back)->Equals(*schema, /*check_metadata=*/true)) << (*back)->ToString(true);
}

TEST(Types, DenseVectorsAreVectors) {
  DataType message;
  ASSERT_TRUE(FillDataType(*table::VectorField("v", true, 3), &message).ok());
  EXPECT_EQ(message.udt().type(), "udt");
  EXPECT_EQ(message.udt().jvm_class(), "org.apache.spark.ml.linalg.VectorUDT");
  EXPECT_EQ(message.udt().python_class(), "pyspark.ml.linalg.VectorUDT");
}

TEST(Types, MetadataIsKept) {
  const auto field =
      table::WithSparkMetadata(arrow::field("a", arrow::int32()), R"({"ml_attr":{"x":1}})");
  DataType message;
  ASSERT_TRUE(FillSchema(*arrow::schema({field}), &message).ok());
  EXPECT_EQ(message.struct_().fields(0).metadata(), R"({"ml_attr":{"x":1}})");
  EXPECT_EQ(table::SparkMetadata(*(*SchemaOf(message))->field(0)), R"({"ml_attr":{"x":1}})");
}

TEST(Types, Decimals) {
  DataType message;
  message.mutable_decimal();
  EXPECT_EQ(table::TypeName(**FieldOf("a", true, message)), "decimal(10,0)");
  ASSERT_TRUE(FillDataType(*arrow::field("d", arrow::decimal128(5, 2)), &message).ok());
  EXPECT_EQ(message.decimal().precision(), 5);
  EXPECT_EQ(message.decimal().scale(), 2);
  EXPECT_EQ(table::TypeName(**FieldOf("a", true, message)), "decimal(5,2)");
}

TEST(Types, Refusals) {
  DataType message;
  EXPECT_FALSE(FieldOf("a", true, message).ok());
  message.mutable_calendar_interval();
  EXPECT_TRUE(base::Is(FieldOf("a", true, message).status(), base::kUnsupported));
  message.mutable_udt()->set_jvm_class("some.other.UDT");
  EXPECT_TRUE(base::Is(FieldOf("a", true, message).status(), base::kUnsupported));
  message.mutable_decimal()->set_precision(39);
  EXPECT_FALSE(FieldOf("a", true, message).ok());
  message.mutable_decimal()->set_precision(5);
  message.mutable_decimal()->set_scale(6);
  EXPECT_FALSE(FieldOf("a", true, message).ok());
  message.mutable_decimal()->set_scale(-1);
  EXPECT_TRUE(base::Is(FieldOf("a", true, message).status(), base::kUnsupported));
  message.mutable_integer();
  EXPECT_FALSE(SchemaOf(message).ok());
  DataType deep;
  deep.mutable_integer();
  for (int i = 0; i < 40; ++i) {
    DataType outer;
    *outer.mutable_array()->mutable_element_type() = deep;
    deep = outer;
  }
  EXPECT_FALSE(FieldOf("a", true, deep).ok());
}

TEST(Types, UnparsedIsDdl) {
  DataType message;
  message.mutable_unparsed()->set_data_type_string("array<int>");
  EXPECT_EQ((*FieldOf("a", true, message))->type()->id(), arrow::Type::LIST);
}

// As Spark 4 prints the same schema.
TEST(Types, TreeString) {
  const auto schema = arrow::schema({
      arrow::field("a", arrow::int32(), false),
      arrow::field("l", arrow::list(arrow::field("element", arrow::int64(), true))),
      arrow::field("p", arrow::struct_({arrow::field("x", arrow::utf8())})),
      table::VectorField("v", true, 2),
      arrow::field("m", table::MapOf(arrow::utf8(), table::MapOf(arrow::int32(), arrow::int64()),
                                     /*contains_null=*/false)),
  });
  EXPECT_EQ(TreeString(*schema, 0),
            "root\n"
            " |-- a: integer (nullable = false)\n"
            " |-- l: array (nullable = true)\n"
            " |    |-- element: long (containsNull = true)\n"
            " |-- p: struct (nullable = true)\n"
            " |    |-- x: string (nullable = true)\n"
            " |-- v: vector (nullable = true)\n"
            " |-- m: map (nullable = true)\n"
            " |    |-- key: string\n"
            " |    |-- value: map (valueContainsNull = false)\n"
            " |    |    |-- key: integer\n"
            " |    |    |-- value: long (valueContainsNull = true)\n");
  EXPECT_EQ(TreeString(*arrow::schema({schema->field(1)}), 1),
            "root\n |-- l: array (nullable = true)\n");
}

}  // namespace
}  // namespace soteria::connect
