// All evaluators and metrics against stock Spark 4.3 (testdata/make_evaluator_reference.py), over
// one and many partitions; refusals with Spark's texts.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "src/base/errors.h"
#include "src/ml/catalog.h"
#include "src/ml/data_for_test.h"
#include "src/ml/work_for_test.h"
#include "src/stats/doubles.h"

namespace soteria::ml {
namespace {

using Json = nlohmann::json;

const Json& Reference() {
  static const auto* const reference = [] {
    std::ifstream file(TestDataPath("evaluator_reference.json"));
    return new Json(Json::parse(file, nullptr, false));
  }();
  return *reference;
}

std::string ClassName(const std::string& kind) { return "org.apache.spark.ml.evaluation." + kind; }

std::shared_ptr<arrow::Table> ReferenceTable() {
  std::vector<std::optional<double>> score, label, prediction, weight, binary;
  std::vector<std::vector<double>> probability, other;
  for (const Json& row : Reference()["rows"]) {
    const double s = row[0].get<double>();
    score.push_back(s);
    label.push_back(row[1].get<double>());
    prediction.push_back(row[2].get<double>());
    weight.push_back(row[3].get<double>());
    binary.push_back(*label.back() > 0 ? 1.0 : 0.0);
    probability.push_back({s * 0.5, 1 - s, s * 0.5});
    other.push_back({1 - s, s * 0.5, s * 0.5});
  }
  return MakeTable({NumberColumn("score", score), NumberColumn("label", label),
                    NumberColumn("prediction", prediction), NumberColumn("w", weight),
                    NumberColumn("binary", binary), DenseVectorColumn("probability", probability),
                    DenseVectorColumn("other", other)});
}

ParamMap ParamsOf(const Json& json) {
  ParamMap params;
  for (const auto& [name, value] : json.items()) {
    if (value.is_boolean()) params[name] = value.get<bool>();
    if (value.is_number_integer()) params[name] = value.get<int64_t>();
    if (value.is_number_float()) params[name] = value.get<double>();
    if (value.is_string()) params[name] = value.get<std::string>();
  }
  return params;
}

base::StatusOr<double> EvaluateOver(const std::string& kind, const ParamMap& params,
                                    const std::vector<std::shared_ptr<arrow::Table>>& tables) {
  SOTERIA_ASSIGN_OR_RETURN(const auto evaluator, MakeEvaluator(ClassName(kind), "e", params));
  SOTERIA_RETURN_IF_ERROR(evaluator->CheckInput(*tables[0]->schema()));
  SOTERIA_ASSIGN_OR_RETURN(const KernelPtr kernel, evaluator->MakeKernel());
  WorkForTest work(tables);
  SOTERIA_ASSIGN_OR_RETURN(const std::string partial, work.Reduce(*kernel));
  return evaluator->Finish(partial);
}

struct Asked {
  stats::Statistic statistic;
  stats::ExactSums exact;
};

Asked Ask(const std::string& kind, const ParamMap& params,
          const std::vector<std::shared_ptr<arrow::Table>>& tables) {
  const auto evaluator = MakeEvaluator(ClassName(kind), "e", params).value();
  WorkForTest work(tables);
  const std::string partial = work.Reduce(*evaluator->MakeKernel().value()).value();
  return {evaluator->Asks(), stats::ExactSums::Decode(partial).value()};
}

/// What the statistics process answers: bit for bit the enclave's where every cell may leave as it
/// is, within the bound where scores are binned.
void ExpectTheSameOutside(const std::string& kind, const ParamMap& params,
                          const std::vector<std::shared_ptr<arrow::Table>>& tables, double inside) {
  const Asked asked = Ask(kind, params, tables);
  EXPECT_EQ(asked.exact.rows.has_value(), params.contains("weightCol"));
  const auto made = stats::MakeReleasable(asked.statistic, asked.exact, 1, 2000);
  ASSERT_TRUE(made.ok()) << base::Message(made.status());
  EXPECT_EQ(made->rows, Reference()["rows"].size());
  EXPECT_EQ(stats::Compute(asked.statistic, made->input).value(), std::vector<double>{inside});
  if (asked.statistic.metric != "areaUnderROC" || asked.statistic.bins == 10) return;
  const auto binned = stats::MakeReleasable(asked.statistic, asked.exact, 5, 20);
  ASSERT_TRUE(binned.ok());
  EXPECT_NEAR(stats::Compute(asked.statistic, binned->input).value()[0], inside,
              stats::BinningBound(binned->input.bytes).value() + 1e-12);
}

void ExpectSparks(const std::string& group, const std::string& kind) {
  const auto table = ReferenceTable();
  const std::vector<std::shared_ptr<arrow::Table>> parts = {table->Slice(0, 7), table->Slice(7, 0),
                                                            table->Slice(7, 20), table->Slice(27)};
  ASSERT_FALSE(Reference()[group].empty());
  for (const Json& c : Reference()[group]) {
    const ParamMap params = ParamsOf(c["params"]);
    const auto one = EvaluateOver(kind, params, {table});
    const auto many = EvaluateOver(kind, params, parts);
    ASSERT_TRUE(one.ok() && many.ok()) << c.dump() << base::Message(one.status());
    EXPECT_TRUE(Close(*one, c["value"].get<double>(), 1e-13)) << c.dump();
    EXPECT_TRUE(Close(*many, c["value"].get<double>(), 1e-12)) << c.dump();
    ExpectTheSameOutside(kind, params, {table}, *one);
    ExpectTheSameOutside(kind, params, parts, *many);
  }
}

TEST(BinaryEvaluator, IsSparks) { ExpectSparks("binary", "BinaryClassificationEvaluator"); }

TEST(MulticlassEvaluator, IsSparks) {
  ExpectSparks("multiclass", "MulticlassClassificationEvaluator");
}

TEST(RegressionEvaluator, IsSparks) { ExpectSparks("regression", "RegressionEvaluator"); }

constexpr char kBinary[] = "BinaryClassificationEvaluator";
constexpr char kMulticlass[] = "MulticlassClassificationEvaluator";

TEST(BinaryEvaluator, TakesRawPredictionVectors) {
  const std::vector<std::optional<double>> label = {1, 0, 1, 0};
  const auto table =
      MakeTable({DenseVectorColumn("rawPrediction", {{-2, 2}, {-1, 1}, {1, -1}, {2, -2}}),
                 NumberColumn("label", label)});
  EXPECT_EQ(EvaluateOver(kBinary, {}, {table}).value(), 0.75);
  const auto sparse =
      MakeTable({VectorColumn("rawPrediction",
                              {table::SparseVector(2, {1}, {2.0}), table::DenseVector({-1, 1}),
                               table::SparseVector(2, {}, {}), table::DenseVector({2, -2})}),
                 NumberColumn("label", label)});
  EXPECT_EQ(EvaluateOver(kBinary, {}, {sparse}).value(), 0.75);
}

TEST(BinaryEvaluator, OneClass) {  // Spark: [1.0, 1.0] and [0.0, 0.0]
  for (const double label : {1.0, 0.0}) {
    for (const char* metric : {"areaUnderROC", "areaUnderPR"}) {
      const auto table = MakeTable({NumberColumn("rawPrediction", {0.1, 0.2, 0.3}),
                                    NumberColumn("label", {label, label, label})});
      EXPECT_EQ(EvaluateOver(kBinary, {{"metricName", std::string(metric)}}, {table}).value(),
                label);
    }
  }
}

TEST(BinaryEvaluator, Refusals) {
  const auto table = MakeTable({NumberColumn("rawPrediction", {0.5, std::nullopt}),
                                NumberColumn("label", {1.0, 0.0}),
                                NumberColumn("w", {1.0, -1.0}),
                                {arrow::field("i", arrow::int32()),
                                 std::make_shared<arrow::Int32Array>(
                                     2, arrow::Buffer::FromVector(std::vector<int32_t>{1, 2}))}});
  const auto text = [&table](const ParamMap& params) {
    return base::Message(EvaluateOver(kBinary, params, {table}).status());
  };
  EXPECT_NE(text({}), "");  // a null score
  EXPECT_EQ(text({{"rawPredictionCol", std::string("label")}, {"weightCol", std::string("w")}}),
            "Weights MUST NOT be Negative or Infinity, but got -1.0");
  EXPECT_EQ(text({{"rawPredictionCol", std::string("zz")}}),
            "No such struct field `zz` in `rawPrediction`, `label`, `w`, `i`.");
  EXPECT_EQ(text({{"rawPredictionCol", std::string("i")}}),
            "requirement failed: Column i must be of type equal to one of the following types:"
            " [double, struct<type:tinyint,size:int,indices:array<int>,values:array<double>>] but"
            " was actually of type int.");
  EXPECT_EQ(text({{"metricName", std::string("f1")}}),
            "e parameter metricName given invalid value f1.");
  EXPECT_EQ(EvaluateOver(kBinary, {}, {table->Slice(0, 0)}).value(), 0.5);  // as in Spark
  const auto none =
      EvaluateOver(kBinary, {{"metricName", std::string("areaUnderPR")}}, {table->Slice(0, 0)});
  EXPECT_TRUE(base::Is(none.status(), base::kUnsupported));
  EXPECT_EQ(base::Message(none.status()), "empty collection");
}

TEST(MulticlassEvaluator, Refusals) {
  const auto table = MakeTable(
      {NumberColumn("prediction", {0.0, 1.0}), NumberColumn("label", {0.0, 1.0}),
       NumberColumn("nan", {0.0, kNanForTest}), NumberColumn("big", {5.0, 0.0}),
       NumberColumn("half", {0.5, 0.0}), DenseVectorColumn("probability", {{1, 0}, {0, 1}})});
  const auto text = [&table](const ParamMap& params) {
    return base::Message(EvaluateOver(kMulticlass, params, {table}).status());
  };
  const std::string log_loss = "logLoss";
  EXPECT_EQ(text({{"eps", 0.7}}), "e parameter eps given invalid value 0.7.");
  EXPECT_NE(text({{"metricName", std::string("precisionByLabel")}, {"metricLabel", 7.0}}), "");
  EXPECT_EQ(text({{"labelCol", std::string("nan")}}), "Labels MUST NOT be Null or NaN");
  EXPECT_EQ(text({{"metricName", log_loss}, {"labelCol", std::string("half")}}),
            "requirement failed: Invalid label 0.5");
  EXPECT_NE(text({{"metricName", log_loss}, {"labelCol", std::string("big")}}), "");
  EXPECT_NE(text({{"metricName", log_loss}, {"probabilityCol", std::string("label")}}), "");
  EXPECT_EQ(text({{"metricName", log_loss}}), "");
  EXPECT_EQ(EvaluateOver(kMulticlass, {}, {table->Slice(0, 0)}).value(), 0.0);  // as in Spark
}

TEST(RegressionEvaluator, NoRows) {
  const auto table = ReferenceTable()->Slice(0, 0);
  EXPECT_EQ(base::Message(EvaluateOver("RegressionEvaluator",
                                       {{"predictionCol", std::string("score")}}, {table})
                              .status()),
            "requirement failed: Nothing has been added to this summarizer.");
}

TEST(Evaluators, KnowWhatIsBetter) {
  const auto better = [](const std::string& kind, const std::string& metric) {
    return MakeEvaluator(ClassName(kind), "e", {{"metricName", metric}})
        .value()
        ->larger_is_better();
  };
  EXPECT_TRUE(better(kBinary, "areaUnderPR"));
  EXPECT_TRUE(better(kMulticlass, "f1"));
  EXPECT_FALSE(better(kMulticlass, "logLoss"));
  EXPECT_FALSE(better(kMulticlass, "hammingLoss"));
  EXPECT_FALSE(better("RegressionEvaluator", "rmse"));
  EXPECT_TRUE(better("RegressionEvaluator", "r2"));
}

TEST(Evaluators, KernelsRoundTripAndRefuseOtherBytes) {
  for (const char* kind : {kBinary, kMulticlass, "RegressionEvaluator"}) {
    const auto evaluator =
        MakeEvaluator(ClassName(kind), "e", {{"weightCol", std::string("w")}}).value();
    const KernelPtr sums = evaluator->MakeKernel().value();
    const KernelPtr answers = evaluator->MakeAnswersKernel().value();
    for (const Kernel* kernel : {sums.get(), answers.get()}) {
      const std::string bytes = kernel->Encode();
      EXPECT_EQ(DecodeKernel(kernel->kind(), bytes).value()->Encode(), bytes);
      for (size_t n = 0; n < bytes.size(); ++n) {
        EXPECT_FALSE(DecodeKernel(kernel->kind(), bytes.substr(0, n)).ok());
      }
    }
    EXPECT_EQ(answers->Encode(), sums->Encode());
    EXPECT_TRUE(base::Is(sums->Merge(std::vector<std::string>{"x"}).status(), base::kProtocol));
  }
}

TEST(Evaluators, AnswersAreRowsOfFourNumbersInTheTablesOrder) {
  const auto table =
      MakeTable({NumberColumn("label", {1, 0}), NumberColumn("prediction", {0, 1}),
                 NumberColumn("w", {2, 3}), DenseVectorColumn("p", {{0.5, 0.5}, {1, 0}})});
  const auto rows = [&table](const char* kind, const ParamMap& params) {
    const KernelPtr kernel =
        MakeEvaluator(ClassName(kind), "e", params).value()->MakeAnswersKernel().value();
    return stats::UnpackDoubles(kernel->Map({.table = table.get()}).value()).value();
  };
  EXPECT_EQ(rows("RegressionEvaluator", {}), (std::vector<double>{0, 1, 1, 0, 1, 0, 1, 0}));
  EXPECT_EQ(
      rows(kBinary, {{"rawPredictionCol", std::string("p")}, {"weightCol", std::string("w")}}),
      (std::vector<double>{0.5, 1, 2, 0, 0, 0, 3, 0}));
  const auto losses = rows(kMulticlass, {{"metricName", std::string("logLoss")},
                                         {"probabilityCol", std::string("p")},
                                         {"weightCol", std::string("w")}});
  EXPECT_EQ(losses, (std::vector<double>{0, 1, 2, -std::log(0.5), 1, 0, 3, -std::log1p(-1e-15)}));
}

}  // namespace
}  // namespace soteria::ml
