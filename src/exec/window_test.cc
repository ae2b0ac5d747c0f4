// Expected values and texts are from Spark 4.3, local[1], over the same six rows.
#include "src/exec/window.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "src/base/errors.h"
#include "src/exec/window_conditions.h"
#include "src/exec/window_expression.h"
#include "src/table/table_for_test.h"

namespace soteria::exec {
namespace {

using table::TableForTest;
using TablePtr = std::shared_ptr<arrow::Table>;
using Kind = FrameBound::Kind;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// id 1..6; k a, a, a, b, b, null; v 1, 2, 2, null, 5, 7; x 1.5, null, NaN, -0.0, 0.0, 2.0.
TablePtr Rows() {
  const auto flat =
      arrow::schema({arrow::field("id", arrow::int32()), arrow::field("k", arrow::utf8()),
                     arrow::field("v", arrow::int32())});
  const TablePtr table =
      TableForTest(flat, {"[1,2,3,4,5,6]", R"(["a","a","a","b","b",null])", "[1,2,2,null,5,7]"});
  arrow::DoubleBuilder x;
  EXPECT_TRUE(
      x.AppendValues({1.5, 0, kNan, -0.0, 0.0, 2.0}, {true, false, true, true, true, true}).ok());
  return table
      ->AddColumn(3, arrow::field("x", arrow::float64()),
                  std::make_shared<arrow::ChunkedArray>(x.Finish().ValueOrDie()))
      .ValueOrDie();
}

ExprPtr C(const char* name) { return Column(name); }
ExprPtr L(int32_t value) { return Literal(value); }
ExprPtr Null() { return Literal(arrow::MakeNullScalar(arrow::null())); }

WindowCall Of(const std::string& function, std::vector<ExprPtr> args = {}, WindowFrame frame = {}) {
  WindowCall call{{function, nullptr, "w"}, std::move(frame)};
  if (!args.empty()) call.call.arg = args[0];
  if (!args.empty()) call.call.rest.assign(args.begin() + 1, args.end());
  return call;
}

FrameBound At(int32_t offset) { return {Kind::kOffset, L(offset)}; }
FrameBound Now() { return {Kind::kCurrentRow}; }
FrameBound First() { return {Kind::kPreceding}; }
FrameBound Last() { return {Kind::kFollowing}; }
WindowFrame RowsOf(FrameBound lower, FrameBound upper) { return {true, lower, upper}; }
WindowFrame RangeOf(FrameBound lower, FrameBound upper) { return {false, lower, upper}; }

/// The window's column in the order of its rows, after a trip through the operator's bytes.
std::string ValuesOf(const WindowSpec& spec, const WindowCall& call,
                     const TablePtr& table = Rows()) {
  const OperatorPtr op = Window(spec, {call});
  const auto back = DecodeOperator(op->kind(), op->Encode());
  if (!back.ok()) return base::Message(back.status());
  EXPECT_EQ((*back)->Encode(), op->Encode());
  const auto out = (*back)->Apply(table, 0);
  if (!out.ok()) return base::Message(out.status());
  EXPECT_TRUE((*out)->ValidateFull().ok());
  const auto schema = op->OutputSchema(*table->schema());
  EXPECT_TRUE((*out)->schema()->Equals(**schema, true)) << (*out)->schema()->ToString();
  std::string text;
  const auto& values = (*out)->column((*out)->num_columns() - 1);
  for (int64_t i = 0; i < values->length(); ++i) {
    const auto scalar = values->GetScalar(i).ValueOrDie();
    text += (i > 0 ? " " : "") + (scalar->is_valid ? scalar->ToString() : "-");
  }
  return text;
}

WindowSpec ByK() { return {{C("k")}, {{C("id")}}}; }
WindowSpec ById() { return {{}, {{C("id")}}}; }

// The null k comes first, then a with ids 1, 2, 3, then b with 4, 5.
TEST(Window, Ranks) {
  EXPECT_EQ(ValuesOf(ByK(), Of("row_number")), "1 1 2 3 1 2");
  const WindowSpec by_v{{}, {{C("v")}}};
  EXPECT_EQ(ValuesOf(by_v, Of("rank")), "1 2 3 3 5 6");
  EXPECT_EQ(ValuesOf(by_v, Of("dense_rank")), "1 2 3 3 4 5");
  EXPECT_EQ(ValuesOf(by_v, Of("percent_rank")), "0 0.2 0.4 0.4 0.8 1");
  EXPECT_EQ(ValuesOf(by_v, Of("cume_dist")),
            "0.16666666666666666 0.3333333333333333 0.6666666666666666 0.6666666666666666 "
            "0.8333333333333334 1");
  EXPECT_EQ(ValuesOf({{}, {{C("x")}}}, Of("rank")), "1 2 2 4 5 6") << "one zero, NaN last";
  EXPECT_EQ(ValuesOf({{C("k")}, {{C("v")}}}, Of("percent_rank")), "0 0 0.5 0.5 0 1");
}

TEST(Window, Buckets) {
  EXPECT_EQ(ValuesOf(ById(), Of("ntile", {L(4)})), "1 1 2 2 3 4");
  EXPECT_EQ(ValuesOf(ById(), Of("ntile", {L(10)})), "1 2 3 4 5 6");
  EXPECT_EQ(ValuesOf(ById(), Of("ntile")), "1 1 1 1 1 1");
  EXPECT_EQ(ValuesOf(ById(), Of("ntile", {L(0)})),
            "Cannot resolve \"ntile(0)\" due to data type mismatch: The buckets must be between "
            "(0, 2147483647] (current value = 0).");
  EXPECT_EQ(ValuesOf(ById(), Of("ntile", {C("v")})),
            "Cannot resolve \"ntile(v)\" due to data type mismatch: the input `buckets` should be "
            "a foldable \"INT\" expression; however, got \"v\".");
}

TEST(Window, RowsBeforeAndAfter) {
  EXPECT_EQ(ValuesOf(ByK(), Of("lag", {C("v")})), "- - 1 2 - -");
  EXPECT_EQ(ValuesOf(ByK(), Of("lag", {C("v"), L(2), L(0)})), "0 0 0 1 0 0");
  EXPECT_EQ(ValuesOf(ByK(), Of("lead", {C("v"), L(1), L(9)})), "9 2 2 9 5 9");
  EXPECT_EQ(ValuesOf(ById(), Of("lag", {C("v"), L(1), C("id")})), "1 1 2 2 - 5");
  EXPECT_EQ(ValuesOf(ById(), Of("lead", {C("v"), L(-1)})), "- 1 2 2 - 5");
  EXPECT_EQ(ValuesOf(ById(), Of("lag", {C("k")})), "- a a a b b");
}

TEST(Window, NullsAreSkippedWhereAsked) {
  const ExprPtr yes = Literal(true);
  EXPECT_EQ(ValuesOf(ById(), Of("lag", {C("v"), L(1), Null(), yes})), "- 1 2 2 2 5");
  EXPECT_EQ(ValuesOf(ById(), Of("lead", {C("v"), L(2), Null(), yes})), "2 5 7 7 - -");
  EXPECT_EQ(ValuesOf(ById(), Of("lag", {C("v"), L(2), Null(), yes})), "- - 1 2 2 2");
  EXPECT_EQ(ValuesOf(ById(), Of("lag", {C("v"), L(0), Null(), yes})), "1 2 2 - 5 7");
  EXPECT_EQ(ValuesOf(ById(), Of("nth_value", {C("v"), L(2), yes}, RangeOf(First(), Now()))),
            "- 2 2 2 2 2");
  EXPECT_EQ(ValuesOf(ById(), Of("last", {C("v"), yes}, RangeOf(First(), Now()))), "1 2 2 2 5 7");
  EXPECT_EQ(ValuesOf(ById(), Of("first", {C("v"), yes}, RowsOf(Now(), Last()))), "1 2 2 5 5 7");
  EXPECT_EQ(ValuesOf(ById(), Of("first", {C("v")}, RowsOf(Now(), Last()))), "1 2 2 - 5 7");
}

TEST(Window, FramesOfRows) {
  const auto sum = [](FrameBound lower, FrameBound upper) {
    return ValuesOf(ById(), Of("sum", {C("v")}, RowsOf(lower, upper)));
  };
  EXPECT_EQ(sum(At(-1), At(2)), "5 5 9 14 12 12");
  EXPECT_EQ(sum(First(), At(1)), "3 5 5 10 17 17");
  EXPECT_EQ(sum(First(), At(-1)), "- 1 3 5 5 10");
  EXPECT_EQ(sum(Now(), Last()), "17 16 14 12 12 7");
  EXPECT_EQ(sum(At(1), At(2)), "4 2 5 12 7 -");
  EXPECT_EQ(sum(At(1), At(-1)), "- - - - - -");
  EXPECT_EQ(sum(At(100), At(200)), "- - - - - -");
  EXPECT_EQ(sum(First(), Last()), "17 17 17 17 17 17");
}

// Sums of whole numbers are put together of parts only where none of them can overflow.
TEST(Window, MovingSumsOverflowWhereSparksDo) {
  const auto flat =
      arrow::schema({arrow::field("id", arrow::int32()), arrow::field("v", arrow::int64())});
  const auto over = [&](const std::string& values, FrameBound lower, FrameBound upper) {
    return ValuesOf(ById(), Of("sum", {C("v")}, RowsOf(lower, upper)),
                    TableForTest(flat, {"[1,2,3,4]", values}));
  };
  const std::string large = "[9223372036854775807,-5,-9223372036854775807,5]";
  EXPECT_NE(over(large, At(-1), Now()).find("overflow"), std::string::npos);
  EXPECT_EQ(over("[9223372036854775807,-5,7,5]", Now(), At(1)), "9223372036854775802 2 12 5");
  EXPECT_EQ(over("[1,null,-3,4]", At(-1), Now()), "1 1 -3 1");
  EXPECT_EQ(over("[1,null,-3,4]", At(-2), At(-1)), "- 1 1 -3");
}

// The same values whether they are put together anew or of parts.
TEST(Window, MovingFramesOfFunctionsThatArePutTogether) {
  for (const char* function : {"min", "max", "count"}) {
    const auto over = [&](FrameBound lower, FrameBound upper) {
      return ValuesOf(ById(), Of(function, {C("v")}, RowsOf(lower, upper)));
    };
    const bool count = std::string(function) == "count";
    const bool least = std::string(function) == "min";
    EXPECT_EQ(over(At(-1), At(1)), count ? "2 3 2 2 2 2" : least ? "1 1 2 2 5 5" : "2 2 2 5 7 7");
    EXPECT_EQ(over(Now(), Last()), count ? "5 4 3 2 2 1" : least ? "1 2 2 5 5 7" : "7 7 7 7 7 7");
    EXPECT_EQ(over(At(1), At(2)), count ? "2 1 1 2 1 0" : least ? "2 2 5 5 7 -" : "2 2 5 7 7 -");
    EXPECT_EQ(over(At(-2), At(-1)), count ? "0 1 2 2 1 1" : least ? "- 1 1 2 2 5" : "- 1 2 2 2 5");
  }
}

TEST(Window, FramesOfRanges) {
  const auto sum = [](const SortKey& key, WindowFrame frame) {
    return ValuesOf({{}, {key}}, Of("sum", {C("v")}, std::move(frame)));
  };
  EXPECT_EQ(sum({C("v")}, RangeOf(At(-1), At(1))), "- 5 5 5 5 7");
  EXPECT_EQ(sum({C("v"), false, false}, RangeOf(At(-1), At(1))), "7 5 5 5 5 -");
  EXPECT_EQ(sum({C("v")}, RangeOf(First(), Now())), "- 1 5 5 10 17") << "peers go together";
  const auto one = [](double value) { return FrameBound{Kind::kOffset, Literal(value)}; };
  EXPECT_EQ(sum({C("x")}, RangeOf(one(-1), one(1))), "2 5 5 8 8 2");
  EXPECT_EQ(sum({C("x")}, RangeOf(one(-1), Now())), "2 5 5 1 8 2");
  const ExprPtr date =
      Call("date_add", {Cast(Literal(std::string_view("2020-01-01")), arrow::date32()), C("id")});
  EXPECT_EQ(sum({date}, RangeOf(At(-1), At(1))), "3 5 4 7 12 12");
  EXPECT_EQ(sum({date, false, false}, RangeOf(At(-1), Now())), "7 12 5 2 4 3");
}

TEST(Window, ABoundThatOverflowsIsAnError) {
  const std::string text =
      ValuesOf({{}, {{C("id")}}}, Of("sum", {C("v")},
                                     RangeOf(At(std::numeric_limits<int32_t>::min()),
                                             At(std::numeric_limits<int32_t>::max()))));
  EXPECT_NE(text.find("overflow"), std::string::npos) << text;
}

TEST(Window, Aggregates) {
  const WindowFrame growing = RangeOf(First(), Now());
  EXPECT_EQ(ValuesOf(ByK(), Of("avg", {C("x")}, growing)), "2 1.5 1.5 nan 0 0");
  EXPECT_EQ(ValuesOf(ByK(), Of("collect_list", {C("v")}, growing)),
            "list<element: int32 not null>[7] list<element: int32 not null>[1] "
            "list<element: int32 not null>[1, 2] list<element: int32 not null>[1, 2, 2] "
            "list<element: int32 not null>[] list<element: int32 not null>[5]");
  EXPECT_EQ(ValuesOf(ById(), Of("stddev", {C("v")}, growing)),
            "- 0.7071067811865476 0.5773502691896258 0.5773502691896258 1.7320508075688772 "
            "2.5099800796022262");
  EXPECT_EQ(ValuesOf(ById(), Of("max_by", {C("v"), C("id")}, growing)), "1 2 2 - 5 7");
  WindowCall filtered = Of("sum", {C("v")}, growing);
  filtered.call.where = Call(">", {C("v"), L(1)});
  EXPECT_EQ(ValuesOf(ByK(), filtered), "7 - 2 4 - 5");
  WindowCall counted = Of("count", {}, growing);
  EXPECT_EQ(ValuesOf(ByK(), counted), "1 1 2 3 1 2");
}

TEST(Window, RowsThatAreEqualToThePartitionGoTogether) {
  EXPECT_EQ(ValuesOf({{C("x")}, {}}, Of("count")), "1 2 2 1 1 1") << "null, zeros, 1.5, 2.0, NaN";
  EXPECT_EQ(ValuesOf({}, Of("count")), "6 6 6 6 6 6");
  EXPECT_EQ(ValuesOf(ByK(), Of("row_number"), Rows()->Slice(0, 0)), "");
  EXPECT_EQ(ValuesOf(ByK(), Of("sum", {C("v")}, RowsOf(At(-1), Now())), Rows()->Slice(0, 0)), "");
}

TEST(Window, ColumnsPassOn) {
  const OperatorPtr op = Window(ByK(), {Of("row_number"), Of("lag", {C("v")})});
  EXPECT_EQ(*op->Passes(*Rows()->schema()), (std::vector<int>{0, 1, 2, 3, -1, -1}));
  const auto out = op->Apply(Rows(), 0);
  ASSERT_TRUE(out.ok());
  EXPECT_EQ((*out)->num_columns(), 6);
  EXPECT_FALSE((*out)->field(4)->nullable());
  EXPECT_TRUE((*out)->field(5)->nullable());
}

TEST(Window, AsksForRoomBeforeItTakesIt) {
  // Of 1,000 rows each has the list of all of them.
  std::string ids = "[";
  for (int i = 0; i < 1000; ++i) ids += (i > 0 ? "," : "") + std::to_string(i);
  const TablePtr table =
      TableForTest(arrow::schema({arrow::field("id", arrow::int32())}), {ids + "]"});
  const OperatorPtr op = Window({}, {Of("count"), Of("collect_list", {C("id")})});
  uint64_t most = 0;
  const auto made = op->ApplyWithin(table, 0, [&](uint64_t bytes) {
    most = std::max(most, bytes);
    return base::OkStatus();
  });
  ASSERT_TRUE(made.ok()) << base::Message(made.status());
  EXPECT_GE(most, uint64_t{1000} * 1000 * sizeof(int32_t));
  int times = 0;
  const auto refused = op->ApplyWithin(table, 0, [&](uint64_t bytes) {
    ++times;
    return bytes < most ? base::OkStatus() : base::Fail(base::kMemoryLimit, "no room");
  });
  EXPECT_TRUE(base::Is(refused.status(), base::kMemoryLimit));
  EXPECT_GE(times, 4) << "for the sort, and for each call";
}

TEST(Window, BytesOfAnyOriginAreAnOperatorOrAnError) {
  const std::string bytes = Window(ByK(), {Of("sum", {C("v")}, RowsOf(At(-1), Now()))})->Encode();
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(DecodeOperator(kWindowOperator, bytes.substr(0, cut)).ok());
  }
  const WindowCall unknown = Of("nosuch", {C("v")});
  EXPECT_FALSE(DecodeOperator(kWindowOperator, Window(ByK(), {unknown})->Encode()).ok());
  const WindowCall backwards = Of("sum", {C("v")}, RowsOf(Last(), First()));
  EXPECT_FALSE(DecodeOperator(kWindowOperator, Window(ByK(), {backwards})->Encode()).ok());
  // A range of rows' type, or of two orders.
  const WindowCall range = Of("sum", {C("v")}, RangeOf(At(-1), Now()));
  EXPECT_FALSE(Window({{}, {{C("x")}}}, {range})->OutputSchema(*Rows()->schema()).ok());
  EXPECT_FALSE(Window({{}, {{C("id")}, {C("v")}}}, {range})->OutputSchema(*Rows()->schema()).ok());
}

// ---- as expressions -----------------------------------------------------------------------------

ExprPtr Special(std::string_view name) { return Call(std::string(name), {}); }

WindowParts Parts(bool rows, ExprPtr lower, ExprPtr upper,
                  std::vector<SortKey> order = {{C("id")}}) {
  return {Call("sum", {C("v")}),
          {{C("k")}, std::move(order)},
          rows,
          std::move(lower),
          std::move(upper)};
}

TEST(WindowExpression, PrintsAsSpark) {
  const ExprPtr over = Over(Parts(true, Special(kUnboundedPreceding), Special(kCurrentRow)));
  EXPECT_EQ(PrettyName(*over),
            "sum(v) OVER (PARTITION BY k ORDER BY id ASC NULLS FIRST ROWS BETWEEN UNBOUNDED "
            "PRECEDING AND CURRENT ROW)");
  EXPECT_TRUE(HasWindow(*Call("+", {over, L(1)})));
  EXPECT_FALSE(HasWindow(*PartsOf(*over).function));
  WindowParts bounds = Parts(true, Call("-", {L(1)}), L(2), {{C("id"), false, false}});
  EXPECT_EQ(WindowSpecText(bounds),
            "(PARTITION BY k ORDER BY id DESC NULLS LAST ROWS BETWEEN 1 PRECEDING AND 2 "
            "FOLLOWING)");
  bounds.rows = false;
  bounds.spec = {{}, {{C("x")}}};
  EXPECT_EQ(PrettyName(*WithCastBounds(Over(bounds), *Rows()->schema())),
            "sum(v) OVER (ORDER BY x ASC NULLS FIRST RANGE BETWEEN (- 1) FOLLOWING AND 2 "
            "FOLLOWING)");
  EXPECT_EQ(PrettyName(*Call("rank", {C("v")})), "RANK()");
  EXPECT_EQ(PrettyName(*Call("lag", {C("v")})), "lag(v, 1, NULL)");
  EXPECT_EQ(PrettyName(*Call("nth_value", {C("v"), L(2), Literal(true)})),
            "nth_value(v, 2) ignore nulls");
}

TEST(WindowExpression, FramesAreTyped) {
  const auto schema = Rows()->schema();
  const auto refused = [&](const WindowParts& parts) {
    const auto frame = FrameOf(parts, *schema);
    return frame.ok() ? "" : base::ConditionName(frame.status());
  };
  const auto frame = FrameOf(Parts(false, Literal(-1.5), L(2)), *schema);
  ASSERT_TRUE(frame.ok()) << base::Message(frame.status());
  EXPECT_EQ(PrettyName(*frame->lower.offset), "-1") << "of the type of the order";
  EXPECT_EQ(frame->upper.offset->literal->type->id(), arrow::Type::INT32);
  EXPECT_EQ(refused(Parts(true, Literal(1.5), L(2))), kFrameType.name);
  EXPECT_EQ(refused(Parts(true, C("v"), L(2))), kFrameNotLiteral.name);
  EXPECT_EQ(refused(Parts(true, L(2), L(1))), kFrameComparison.name);
  EXPECT_EQ(refused(Parts(true, Special(kUnboundedFollowing), L(1))), kFrameBound.name);
  EXPECT_EQ(refused(Parts(true, L(1), Special(kUnboundedPreceding))), kFrameBound.name);
  EXPECT_EQ(refused(Parts(false, L(1), L(2), {})), kRangeWithoutOrder.name);
  EXPECT_EQ(refused(Parts(false, L(1), L(2), {{C("id")}, {C("v")}})), kRangeMultiOrder.name);
  EXPECT_EQ(refused(Parts(false, L(1), L(2), {{C("k")}})), kFrameType.name);
  const ExprPtr time = Cast(C("id"), arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
  EXPECT_EQ(refused(Parts(false, L(1), L(2), {{time}})), kRangeType.name);
}

}  // namespace
}  // namespace soteria::exec
