// Expected values, types and conditions are from Spark 4.3 (local[1], ANSI on).
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <cmath>

#include "src/base/errors.h"
#include "src/exec/cell_bytes.h"
#include "src/exec/expression.h"
#include "src/exec/show.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using table::ArrayForTest;

std::shared_ptr<arrow::Table> Rows() {
  return table::TableForTest(
      *table::SchemaFromDdl("k int not null, m map<string,int>, n map<int,string>, a array<int>, "
                            "w string, d map<double,int>"),
      {"[0, 1, 2, 3]", R"([[["a", 1], ["b", null]], [], null, [["b", 5]]])",
       R"([[[0, "x"]], [[7, "y"]], null, [[3, null]]])", "[[1, 2], [], null, [4, null]]",
       R"(["a:1,b", "", null, "x:y:z"])", R"([[[0.0, 1]], [["NaN", 2]], null, [[-1.5, 3]]])"});
}

std::string TextOf(const Expr& e, const arrow::Table& rows) {
  const auto field = TypeOf(e, *rows.schema());
  if (!field.ok()) return base::ConditionName(field.status());
  const auto values = Evaluate(e, rows);
  if (!values.ok()) return base::ConditionName(values.status());
  EXPECT_TRUE((*values)->ValidateFull().ok()) << PrettyName(e);
  EXPECT_TRUE((*values)->type()->Equals((*field)->type())) << PrettyName(e);
  EXPECT_TRUE((*field)->nullable() || (*values)->null_count() == 0) << PrettyName(e);
  std::string text;
  for (const auto& chunk : (*values)->chunks()) {
    for (int64_t i = 0; i < chunk->length(); ++i) {
      text += (text.empty() ? "" : "|") + *CellText(**field, *chunk, i);
    }
  }
  return text;
}

/// The rows' values as show() prints them, or the condition; of a slice the same, whose offsets
/// begin elsewhere.
std::string Values(const ExprPtr& e) {
  const auto rows = Rows();
  const std::string all = TextOf(*e, *rows);
  if (const size_t first = all.find('|'); first != std::string::npos) {
    EXPECT_EQ(TextOf(*e, *rows->Slice(1)), all.substr(first + 1)) << PrettyName(*e);
  }
  const auto back = DecodeExpr(EncodeExpr(*e));
  EXPECT_TRUE(back.ok()) << PrettyName(*e);
  return all;
}

std::string Type(const ExprPtr& e) {
  const auto field = TypeOf(*e, *Rows()->schema());
  return field.ok() ? table::TypeName(**field) + ((*field)->nullable() ? "" : " not null")
                    : base::ConditionName(field.status());
}

ExprPtr C(const char* name) { return Column(name); }
ExprPtr L(int32_t x) { return Literal(x); }
ExprPtr L(const char* x) { return Literal(std::string_view(x)); }
ExprPtr D(double x) { return Literal(x); }
ExprPtr Null() { return Literal(arrow::MakeNullScalar(arrow::null())); }

TEST(MapFunctions, Make) {
  EXPECT_EQ(Values(Call("map", {C("k"), C("w")})), "{0 -> a:1,b}|{1 -> }|{2 -> NULL}|{3 -> x:y:z}");
  EXPECT_EQ(Type(Call("map", {C("k"), C("w")})), "map<int,string> not null");
  EXPECT_EQ(Type(Call("map", {})), "map<void,void> not null");
  EXPECT_EQ(Values(Call("map", {L("a"), L(1), L("a"), L(2)})), "DUPLICATED_MAP_KEY");
  EXPECT_EQ(Values(Call("map", {D(0.0), L(1), D(-0.0), L(2)})), "DUPLICATED_MAP_KEY");
  EXPECT_EQ(Values(Call("map", {D(NAN), L(1), D(-NAN), L(2)})), "DUPLICATED_MAP_KEY");
  EXPECT_EQ(Values(Call("map", {D(-0.0), L(1)})), "{0.0 -> 1}|{0.0 -> 1}|{0.0 -> 1}|{0.0 -> 1}");
  EXPECT_EQ(Values(Call("map", {Null(), L(1)})), "NULL_MAP_KEY");
  EXPECT_EQ(Values(Call("map", {C("m"), L(1)})), "DATATYPE_MISMATCH.INVALID_MAP_KEY_TYPE");
  EXPECT_EQ(Values(Call("map", {L("a"), L(1), L("b"), Literal(true)})),
            "DATATYPE_MISMATCH.CREATE_MAP_VALUE_DIFF_TYPES");
  EXPECT_EQ(Values(Call("map", {L(1), L(1), Literal(true), L(1)})),
            "DATATYPE_MISMATCH.CREATE_MAP_KEY_DIFF_TYPES");
  EXPECT_EQ(Values(Call("map", {L(1)})), "WRONG_NUM_ARGS.WITHOUT_SUGGESTION");
  EXPECT_EQ(Values(Call("map_from_arrays", {C("a"), C("a")})), "NULL_MAP_KEY");
  EXPECT_EQ(Values(Call("map_from_arrays", {Call("array", {C("k")}), Call("array", {C("w")})})),
            "{0 -> a:1,b}|{1 -> }|{2 -> NULL}|{3 -> x:y:z}");
  EXPECT_EQ(Values(Call("map_from_arrays", {Call("array", {L(1)}), Call("array", {L(1), L(2)})})),
            "_LEGACY_ERROR_TEMP_2128");
  EXPECT_EQ(Values(Call("map_from_entries", {Call("map_entries", {C("m")})})),
            "{a -> 1, b -> NULL}|{}|NULL|{b -> 5}");
  EXPECT_EQ(Values(Call("map_concat", {C("n"), Call("map", {L(9), L("q")})})),
            "{0 -> x, 9 -> q}|{7 -> y, 9 -> q}|NULL|{3 -> NULL, 9 -> q}");
  EXPECT_EQ(Values(Call("map_concat", {C("m"), C("m")})), "DUPLICATED_MAP_KEY");
  EXPECT_EQ(Values(Call("map_concat", {C("m"), C("k")})),
            "DATATYPE_MISMATCH.MAP_CONCAT_DIFF_TYPES");
  EXPECT_EQ(Values(Call("str_to_map", {C("w")})), "{a -> 1, b -> NULL}|{ -> NULL}|NULL|{x -> y:z}");
}

TEST(MapFunctions, TakeApart) {
  EXPECT_EQ(Values(Call("map_keys", {C("m")})), "[a, b]|[]|NULL|[b]");
  EXPECT_EQ(Values(Call("map_values", {C("m")})), "[1, NULL]|[]|NULL|[5]");
  EXPECT_EQ(Values(Call("map_entries", {C("n")})), "[{0, x}]|[{7, y}]|NULL|[{3, NULL}]");
  EXPECT_EQ(Values(Call("size", {C("m")})), "2|0|NULL|1");
  EXPECT_EQ(Values(Call("map_contains_key", {C("m"), L("b")})), "true|false|NULL|true");
  EXPECT_EQ(Values(Call("map_contains_key", {C("d"), D(-0.0)})), "true|false|NULL|false");
  EXPECT_EQ(Values(Call("element_at", {C("d"), D(NAN)})), "NULL|2|NULL|NULL");
  EXPECT_EQ(Values(Call("element_at", {C("n"), C("k")})), "x|NULL|NULL|NULL");
  EXPECT_EQ(Values(Call("element_at", {C("m"), L(1)})),
            "DATATYPE_MISMATCH.MAP_FUNCTION_DIFF_TYPES");
  EXPECT_EQ(Values(Call("extract", {C("m"), L("b")})), "NULL|NULL|NULL|5");
  EXPECT_EQ(Values(C("m.b")), "NULL|NULL|NULL|5");
  EXPECT_EQ(Values(Call("[]", {C("m"), L("a")})), "1|NULL|NULL|NULL");
  EXPECT_EQ(PrettyName(*Call("[]", {C("m"), L("a")})), "m[a]");
  EXPECT_EQ(Values(Call("extract", {C("n"), L("3")})), "NULL|NULL|NULL|NULL");
}

TEST(MapFunctions, Lambdas) {
  const auto key = Variable("x");
  const auto value = Variable("v");
  const auto of = [](ExprPtr body) { return Lambda(std::move(body), {"x", "v"}); };
  EXPECT_EQ(Values(Call("map_filter", {C("m"), of(Call("isnotnull", {value}))})),
            "{a -> 1}|{}|NULL|{b -> 5}");
  EXPECT_EQ(Values(Call("transform_values", {C("m"), of(Call("+", {value, C("k")}))})),
            "{a -> 1, b -> NULL}|{}|NULL|{b -> 8}");
  EXPECT_EQ(Values(Call("transform_keys", {C("m"), of(Call("upper", {key}))})),
            "{A -> 1, B -> NULL}|{}|NULL|{B -> 5}");
  EXPECT_EQ(Values(Call("transform_keys", {C("m"), of(L(1))})), "DUPLICATED_MAP_KEY");
  EXPECT_EQ(Values(Call("transform_keys", {C("m"), of(value)})), "NULL_MAP_KEY");
  EXPECT_EQ(Values(Call("map_zip_with",
                        {C("n"), Call("map", {C("k"), C("k")}),
                         Lambda(Call("struct", {Variable("a"), Variable("b")}), {"x", "a", "b"})})),
            "{0 -> {x, 0}}|{7 -> {y, NULL}, 1 -> {NULL, 1}}|NULL|{3 -> {NULL, 3}}");
  EXPECT_EQ(Values(Call("map_filter", {C("a"), of(Literal(true))})),
            "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE");
}

TEST(MapFunctions, CastsAndOrder) {
  EXPECT_EQ(Values(Cast(C("m"), *table::TypeFromDdl("map<string,string>"))),
            "{a -> 1, b -> NULL}|{}|NULL|{b -> 5}");
  EXPECT_EQ(Values(Cast(C("n"), arrow::utf8())), "{0 -> x}|{7 -> y}|NULL|{3 -> null}");
  EXPECT_EQ(Values(Cast(C("m"), *table::TypeFromDdl("map<int,int>"))), "CAST_INVALID_INPUT");
  EXPECT_EQ(Values(TryCast(C("m"), *table::TypeFromDdl("map<int,int>"))),
            "DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION");
  for (const char* op : {"=", "<", "<=>", "in", "greatest"}) {
    EXPECT_EQ(Values(Call(op, {C("m"), C("m")})), "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE") << op;
  }
  EXPECT_EQ(Values(Call("hash", {Call("struct", {C("m")})})), "DATATYPE_MISMATCH.HASH_MAP_TYPE");
  EXPECT_EQ(Type(Call("coalesce", {C("m"), Call("map", {L("x"), D(1)})})),
            "map<string,double> not null");
}

TEST(MapFunctions, CellsComeBackAndEqualMapsHaveEqualBytes) {
  const auto type = *table::TypeFromDdl("map<string,array<int>>");
  const auto maps = ArrayForTest(
      type, R"([[["a", [1]], ["b", null]], [["b", null], ["a", [1]]], [], null, [["", [null]]]])");
  std::string bytes;
  for (int64_t i = 0; i < maps->length(); ++i) WriteCell(*maps, i, Floats::kAsTheyAre, bytes);
  const auto builder = arrow::MakeBuilder(type).ValueOrDie();
  std::string_view rest = bytes;
  for (int64_t i = 0; i < maps->length(); ++i) ASSERT_TRUE(ReadCell(rest, *builder).ok());
  EXPECT_TRUE(rest.empty());
  EXPECT_TRUE(builder->Finish().ValueOrDie()->Equals(maps));
  std::string one, two;
  WriteCell(*maps, 0, Floats::kNormalised, one);
  WriteCell(*maps, 1, Floats::kNormalised, two);
  EXPECT_EQ(one, two);
  // Each cut of them is refused, and so is a null key.
  for (size_t size = 0; size < one.size(); ++size) {
    const auto cut = arrow::MakeBuilder(type).ValueOrDie();
    std::string_view some = std::string_view(one).substr(0, size);
    EXPECT_TRUE(base::Is(ReadCell(some, *cut), base::kProtocol)) << size;
  }
  std::string_view null_key("\1\1\0\0\0\0\0", 7);
  EXPECT_TRUE(
      base::Is(ReadCell(null_key, *arrow::MakeBuilder(type).ValueOrDie()), base::kProtocol));
}

}  // namespace
}  // namespace soteria::exec
