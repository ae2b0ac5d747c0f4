#include "src/connect/literals.h"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/ml_common.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using Literal = spark::connect::Expression_Literal;

ml::ParamValue There(const ml::ParamValue& value) {
  Literal literal;
  FillLiteral(value, &literal);
  const std::string wire = literal.SerializeAsString();
  Literal back;
  EXPECT_TRUE(back.ParseFromString(wire));
  auto read = ToParamValue(back);
  EXPECT_TRUE(read.ok()) << base::Message(read.status());
  return read.ok() ? *read : ml::ParamValue();
}

TEST(Literals, ParamValuesComeBack) {
  const ml::ParamValue values[] = {
      std::monostate(),
      true,
      int64_t{-3},
      std::numeric_limits<int64_t>::max(),
      0.1,
      std::string("text"),
      std::vector<double>{},
      std::vector<double>{1.5, -2},
      std::vector<std::string>{},
      std::vector<std::string>{"a", ""},
      table::DenseVector({1, 2}),
      table::DenseVector({}),
      table::SparseVector(5, {1, 4}, {0.5, 2}),
      table::SparseVector(5, {}, {}),
  };
  for (const auto& value : values) EXPECT_EQ(There(value).index(), value.index());
  EXPECT_EQ(std::get<int64_t>(There(values[3])), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(std::get<double>(There(values[4])), 0.1);
  EXPECT_EQ(std::get<std::vector<double>>(There(values[7])), (std::vector<double>{1.5, -2}));
  EXPECT_EQ(std::get<std::vector<std::string>>(There(values[9])),
            (std::vector<std::string>{"a", ""}));
  EXPECT_EQ(std::get<table::VectorValue>(There(values[12])),
            std::get<table::VectorValue>(values[12]));
}

TEST(Literals, CellsComeBack) {
  const char* const cells[][2] = {{"boolean", "true"},        {"tinyint", "-1"},
                                  {"smallint", "300"},        {"int", "-7"},
                                  {"bigint", "9000000000"},   {"float", "1.5"},
                                  {"double", "-0.25"},        {"string", "\"text\""},
                                  {"date", "19782"},          {"timestamp", "1709209815123456"},
                                  {"timestamp_ntz", "5"},     {"decimal(20,3)", "\"-7.125\""},
                                  {"array<int>", "[1, null]"}};
  for (const auto& [type, value] : cells) {
    const auto field = arrow::field("v", *table::TypeFromDdl(type));
    const auto array = table::ArrayForTest(field->type(), base::Cat("[", value, ", null]"));
    for (int64_t i = 0; i < 2; ++i) {
      const auto cell = array->GetScalar(i).ValueOrDie();
      Literal literal;
      ASSERT_TRUE(FillLiteral(*cell, *field, &literal).ok()) << type;
      const auto back = ToLiteralExpr(literal);
      ASSERT_TRUE(back.ok()) << type << ": " << base::Message(back.status());
      if ((*back)->literal == nullptr) continue;  // a call: array(1, NULL)
      EXPECT_TRUE((*back)->literal->Equals(*cell)) << type << ", " << i;
    }
  }
  Literal literal;
  const auto vector = table::VectorField("v", true, std::nullopt);
  const auto none = arrow::MakeNullScalar(vector->type());
  EXPECT_EQ(base::ConditionName(FillLiteral(*none, *vector, &literal)), "UNSUPPORTED_FEATURE");
}

TEST(Literals, MatricesComeBack) {
  table::MatrixValue dense{.dense = true,
                           .num_rows = 2,
                           .num_cols = 3,
                           .col_ptrs = {},
                           .row_indices = {},
                           .values = {1, 2, 3, 4, 5, 6},
                           .transposed = true};
  EXPECT_EQ(std::get<table::MatrixValue>(There(dense)), dense);
  table::MatrixValue sparse{.dense = false,
                            .num_rows = 2,
                            .num_cols = 2,
                            .col_ptrs = {0, 1, 2},
                            .row_indices = {1, 0},
                            .values = {3, 4},
                            .transposed = false};
  EXPECT_EQ(std::get<table::MatrixValue>(There(sparse)), sparse);
}

// The form that PySpark's deserialize_param takes apart.
TEST(Literals, VectorLayoutIsSparks) {
  Literal literal;
  FillLiteral(table::SparseVector(5, {1}, {0.5}), &literal);
  const auto& parts = literal.struct_();
  EXPECT_EQ(parts.struct_type().udt().jvm_class(), "org.apache.spark.ml.linalg.VectorUDT");
  ASSERT_EQ(parts.elements_size(), 4);
  EXPECT_EQ(parts.elements(0).byte(), 0);
  EXPECT_EQ(parts.elements(1).integer(), 5);
  EXPECT_EQ(parts.elements(2).specialized_array().ints().values(0), 1);
  EXPECT_EQ(parts.elements(3).specialized_array().doubles().values(0), 0.5);
}

Literal Vector(int byte, int size, std::vector<int> indices, std::vector<double> values) {
  Literal literal;
  auto* parts = literal.mutable_struct_();
  parts->mutable_struct_type()->mutable_udt()->set_jvm_class(
      "org.apache.spark.ml.linalg.VectorUDT");
  parts->add_elements()->set_byte(byte);
  parts->add_elements()->set_integer(size);
  auto* ints = parts->add_elements()->mutable_specialized_array()->mutable_ints();
  for (const int index : indices) ints->add_values(index);
  auto* doubles = parts->add_elements()->mutable_specialized_array()->mutable_doubles();
  for (const double value : values) doubles->add_values(value);
  return literal;
}

TEST(Literals, MalformedVectorsAreRefused) {
  EXPECT_TRUE(ToParamValue(Vector(0, 3, {0, 2}, {1, 2})).ok());
  EXPECT_FALSE(ToParamValue(Vector(0, 3, {2, 0}, {1, 2})).ok());   // order
  EXPECT_FALSE(ToParamValue(Vector(0, 3, {0, 3}, {1, 2})).ok());   // range
  EXPECT_FALSE(ToParamValue(Vector(0, 3, {0}, {1, 2})).ok());      // lengths
  EXPECT_FALSE(ToParamValue(Vector(0, -1, {}, {})).ok());          // size
  EXPECT_FALSE(ToParamValue(Vector(0, 3, {-1, 0}, {1, 2})).ok());  // range
  Literal short_one = Vector(1, 0, {}, {1});
  short_one.mutable_struct_()->mutable_elements()->RemoveLast();
  EXPECT_FALSE(ToParamValue(short_one).ok());
}

TEST(Literals, MalformedMatricesAreRefused) {
  Literal literal;
  FillLiteral(ml::MatrixValue{.dense = true,
                              .num_rows = 2,
                              .num_cols = 2,
                              .col_ptrs = {},
                              .row_indices = {},
                              .values = {1, 2, 3, 4},
                              .transposed = false},
              &literal);
  EXPECT_TRUE(ToParamValue(literal).ok());
  Literal wide = literal;
  wide.mutable_struct_()->mutable_elements(2)->set_integer(3);
  EXPECT_FALSE(ToParamValue(wide).ok());
  Literal negative = literal;
  negative.mutable_struct_()->mutable_elements(1)->set_integer(-2);
  negative.mutable_struct_()->mutable_elements(2)->set_integer(-2);
  EXPECT_FALSE(ToParamValue(negative).ok());
}

TEST(Literals, OtherKindsAreRefusedByName) {
  Literal literal;
  literal.set_date(1);
  const auto value = ToParamValue(literal);
  ASSERT_FALSE(value.ok());
  EXPECT_NE(base::Message(value.status()).find("`date`"), std::string::npos);
  EXPECT_FALSE(ToParamValue(Literal()).ok());
  Literal mixed;
  mixed.mutable_array()->add_elements()->set_string("a");
  mixed.mutable_array()->add_elements()->set_integer(1);
  EXPECT_FALSE(ToParamValue(mixed).ok());
}

TEST(Literals, Params) {
  ml::ParamMap params = {{"regParam", 0.5}, {"maxIter", int64_t{3}}};
  spark::connect::MlParams message;
  FillParams(params, &message);
  EXPECT_EQ(*ToParamMap(message), params);
  for (size_t i = 0; i <= kParamsMax; ++i) {
    (*message.mutable_params())["p" + std::to_string(i)].set_integer(1);
  }
  EXPECT_FALSE(ToParamMap(message).ok());
}

std::string TypeOfLiteral(const Literal& literal) {
  const auto expr = ToLiteralExpr(literal);
  return expr.ok() ? (*expr)->literal->type->ToString() : base::ConditionName(expr.status());
}

TEST(LiteralExpressions, Types) {
  Literal literal;
  literal.set_byte(1);
  EXPECT_EQ(TypeOfLiteral(literal), "int8");
  literal.set_short_(1);
  EXPECT_EQ(TypeOfLiteral(literal), "int16");
  literal.set_long_(1);
  EXPECT_EQ(TypeOfLiteral(literal), "int64");
  literal.set_timestamp(1);
  EXPECT_EQ(TypeOfLiteral(literal), "timestamp[us, tz=UTC]");
  literal.set_timestamp_ntz(1);
  EXPECT_EQ(TypeOfLiteral(literal), "timestamp[us]");
  literal.set_date(1);
  EXPECT_EQ(TypeOfLiteral(literal), "date32[day]");
  literal.mutable_null()->mutable_double_();
  EXPECT_EQ(TypeOfLiteral(literal), "double");
  literal.mutable_decimal()->set_value("1.25");
  EXPECT_EQ(TypeOfLiteral(literal), "decimal128(3, 2)");
  literal.mutable_decimal()->set_precision(10);
  literal.mutable_decimal()->set_scale(0);
  EXPECT_EQ(TypeOfLiteral(literal), "decimal128(10, 2)");
  literal.mutable_decimal()->set_value("0.001");
  literal.mutable_decimal()->clear_precision();
  EXPECT_EQ(TypeOfLiteral(literal), "decimal128(3, 3)");
  literal.mutable_decimal()->set_value("1E+3");
  EXPECT_EQ(TypeOfLiteral(literal), "decimal128(4, 0)");
  for (const char* bad : {"", "x", "1.5.2", "NaN"}) {
    literal.mutable_decimal()->set_value(bad);
    EXPECT_EQ(TypeOfLiteral(literal), "INVALID_PARAMETER_VALUE") << bad;
  }
  literal.mutable_decimal()->set_value("1E+2147483647");
  EXPECT_EQ(TypeOfLiteral(literal), "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION");
  literal.mutable_decimal()->set_value("1");
  literal.mutable_decimal()->set_scale(-1000);
  EXPECT_EQ(TypeOfLiteral(literal), "decimal128(1, 0)");
  literal.mutable_calendar_interval();
  EXPECT_EQ(TypeOfLiteral(literal), "UNSUPPORTED_FEATURE");
  literal.set_year_month_interval(1);
  EXPECT_EQ(TypeOfLiteral(literal), "month_interval");
  literal.set_day_time_interval(1);
  literal.mutable_data_type()->mutable_day_time_interval()->set_end_field(1);
  EXPECT_EQ(TypeOfLiteral(literal), "interval day to hour");
  literal.mutable_data_type()->mutable_day_time_interval()->set_end_field(4);
  EXPECT_EQ(TypeOfLiteral(literal), "INVALID_PARAMETER_VALUE");
}

TEST(LiteralExpressions, ArraysAndVectors) {
  Literal literal;
  literal.mutable_array()->mutable_element_type()->mutable_double_();
  literal.mutable_array()->add_elements()->set_double_(1);
  literal.mutable_array()->add_elements()->mutable_null()->mutable_double_();
  EXPECT_EQ(TypeOfLiteral(literal), "list<element: double>");
  Literal vector;
  FillLiteral(table::DenseVector({1, 2}), &vector);
  const auto expr = ToLiteralExpr(vector);
  ASSERT_TRUE(expr.ok());
  EXPECT_EQ((*expr)->udt, "vector");
}

TEST(LiteralExpressions, NestingIsBounded) {
  Literal literal;
  literal.set_integer(1);
  for (int i = 0; i < kLiteralDepthMax + 2; ++i) {
    Literal outer;
    *outer.mutable_array()->add_elements() = literal;
    literal = outer;
  }
  EXPECT_FALSE(ToLiteralExpr(literal).ok());
}

}  // namespace
}  // namespace soteria::connect
