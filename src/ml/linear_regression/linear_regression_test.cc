// LinearRegression against stock Spark 4.3 over every solver and loss, distributed against single,
// and what it refuses.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/ml/catalog.h"
#include "src/ml/linalg/student_t.h"
#include "src/ml/linear_regression/driver.h"
#include "src/ml/linear_regression/model.h"
#include "src/ml/linear_regression/params.h"
#include "src/ml/linear_regression/summary.h"
#include "src/ml/seeded_rows_for_test.h"
#include "src/ml/work_for_test.h"

namespace soteria::ml {
namespace {

constexpr double kTolerance = 1e-6;

std::unique_ptr<LinearRegression> Estimator(const ParamMap& params) {
  return std::make_unique<LinearRegression>(
      Params::Make(LinearRegressionInfo(), "linReg_1", params).value());
}

base::StatusOr<FitResult> Fit(const ParamMap& params, RowsForTest rows, size_t partitions = 1,
                              bool sparse = false) {
  if (!params.contains("weightCol")) rows.weight.clear();
  WorkForTest work(Blocks(rows, partitions, sparse));
  return Estimator(params)->Fit(work);
}

const LinearRegressionModel& ModelOf(const FitResult& fit) {
  return dynamic_cast<const LinearRegressionModel&>(*fit.model);
}

std::shared_ptr<const Summary> Completed(const FitResult& fit, RowsForTest rows, bool weighted) {
  if (!weighted) rows.weight.clear();
  WorkForTest work(Blocks(rows, 3));
  return fit.model->summary()
      ->Complete(work.Reduce(fit.model->summary()->kernel()).value())
      .value();
}

template <class T>
T GetAs(const Summary& summary, const std::string& method) {
  const auto value = summary.Get(method, {});
  EXPECT_TRUE(value.ok()) << method << ": " << value.status();
  if (!value.ok()) return T();
  return std::get<T>(*value);
}

void ExpectSummary(const Summary& summary, const nlohmann::json& expected) {
  for (const char* name : {"explainedVariance", "meanAbsoluteError", "meanSquaredError",
                           "rootMeanSquaredError", "r2", "r2adj"}) {
    EXPECT_TRUE(Close(GetAs<double>(summary, name), DoubleOf(expected[name]), kTolerance)) << name;
  }
  for (const char* name : {"numInstances", "degreesOfFreedom", "totalIterations"}) {
    EXPECT_EQ(GetAs<int64_t>(summary, name), expected[name].get<int64_t>()) << name;
  }
  EXPECT_TRUE(Close(GetAs<std::vector<double>>(summary, "devianceResiduals"),
                    DoublesOf(expected["devianceResiduals"]), kTolerance));
  for (const char* name : {"coefficientStandardErrors", "tValues", "pValues"}) {
    if (expected.contains(name)) {
      EXPECT_TRUE(
          Close(GetAs<std::vector<double>>(summary, name), DoublesOf(expected[name]), kTolerance))
          << name;
    } else {
      const auto refused = summary.Get(name, {});
      ASSERT_FALSE(refused.ok()) << name;
      EXPECT_TRUE(base::Is(refused.status(), base::kUnsupported));
    }
  }
}

TEST(LinearRegression, AgreesWithSpark) {
  const nlohmann::json reference = ReferenceOf("linear_reference.json");
  ASSERT_GT(reference.size(), 30U);
  for (const auto& [name, expected] : reference.items()) {
    SCOPED_TRACE(name);
    const nlohmann::json& params = expected["params"];
    const RowsForTest rows =
        WithColumnsOf(params.value("data", "plain"), MakeSeededRows().regression);
    const auto fit = Fit(ParamsOfReference(params), rows);
    ASSERT_TRUE(fit.ok()) << fit.status();
    const LinearData& data = ModelOf(*fit).data();
    EXPECT_TRUE(Close(table::ToDense(table::View(data.coefficients)).values,
                      DoublesOf(expected["coefficients"]), kTolerance));
    EXPECT_EQ(!data.coefficients.dense, expected["sparse"].get<bool>());
    EXPECT_TRUE(Close(data.intercept, expected["intercept"], kTolerance));
    EXPECT_TRUE(Close(data.scale, expected["scale"], kTolerance));
    EXPECT_TRUE(Close(GetAs<std::vector<double>>(*fit->model->summary(), "objectiveHistory"),
                      DoublesOf(expected["objectiveHistory"]), kTolerance));
    const auto summary = Completed(*fit, rows, params.contains("weightCol"));
    ExpectSummary(*summary, expected);
  }
}

TEST(LinearRegression, PredictsAsSpark) {
  const nlohmann::json expected = ReferenceOf("linear_reference.json")["ridge"];
  const RowsForTest rows = MakeSeededRows().regression;
  const auto fit = Fit({{"regParam", 0.1}}, rows);
  const auto first = [&](size_t n) {
    return std::vector<std::vector<double>>(rows.features.begin(),
                                            rows.features.begin() + static_cast<std::ptrdiff_t>(n));
  };
  const auto input = MakeTable({DenseVectorColumn("features", first(5))});
  const auto output = fit->model->Apply(input).value();
  EXPECT_TRUE(Close(DoublesOf(*output, "prediction"), DoublesOf(expected["prediction"]), 1e-9));
  EXPECT_TRUE(output->schema()->Equals(*fit->model->OutputSchema(*input->schema()).value(), true));
  std::vector<std::optional<table::VectorValue>> sparse;
  for (const auto& row : first(5)) {
    sparse.push_back(table::ToSparse(table::View(table::DenseVector(row))));
  }
  const auto of_sparse = fit->model->Apply(MakeTable({VectorColumn("features", sparse)})).value();
  EXPECT_TRUE(Close(DoublesOf(*of_sparse, "prediction"), DoublesOf(*output, "prediction"), 1e-14));
  const auto one = fit->model->Get("predict", {table::DenseVector(rows.features[0])});
  EXPECT_EQ(std::get<double>(*one), DoublesOf(*output, "prediction")[0]);
}

TEST(LinearRegression, IsTheSameHoweverItIsCutAndStored) {
  const RowsForTest rows = MakeSeededRows(300, 7).regression;
  for (const ParamMap& params :
       {ParamMap{{"regParam", 0.1}}, ParamMap{{"regParam", 0.3}, {"elasticNetParam", 0.5}},
        ParamMap{{"solver", std::string("l-bfgs")}, {"regParam", 0.1}},
        ParamMap{{"loss", std::string("huber")}, {"weightCol", std::string("weight")}}}) {
    const auto one = Fit(params, rows);
    ASSERT_TRUE(one.ok()) << one.status();
    for (const size_t partitions : {1U, 5U, 8U}) {
      for (const bool sparse : {false, true}) {
        const auto other = Fit(params, rows, partitions, sparse);
        ASSERT_TRUE(other.ok()) << other.status();
        EXPECT_TRUE(Close(ModelOf(*other).data().coefficients.values,
                          ModelOf(*one).data().coefficients.values, 1e-6));
        EXPECT_EQ(other->model->Encode(), Fit(params, rows, partitions, sparse)->model->Encode());
      }
    }
  }
}

TEST(LinearRegression, MoreColumnsThanTheNormalEquationsTake) {
  RowsForTest rows;
  for (int i = 0; i < 4; ++i) {
    rows.features.emplace_back(kNormalFeaturesMax + 1, 0.0);
    rows.features.back()[0] = i;
    rows.label.push_back(2.0 * i);
  }
  const auto fit = Fit({{"maxIter", int64_t{3}}}, rows, 2, /*sparse=*/true);
  ASSERT_TRUE(fit.ok()) << fit.status();
  EXPECT_TRUE(Close(table::At(table::View(ModelOf(*fit).data().coefficients), 0), 2.0, 1e-6));
  const auto refused = Fit({{"solver", std::string("normal")}}, rows, 2, /*sparse=*/true);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(base::Message(refused.status()),
            "requirement failed: In order to take the normal equation approach efficiently, we set "
            "the max number of features to 4096 but got 4097.");
}

std::string Refusal(const ParamMap& params, const RowsForTest& rows) {
  const auto fit = Fit(params, rows, 2);
  return fit.ok() ? "" : std::string(base::Message(fit.status()));
}

TEST(LinearRegression, RefusesWhatCannotBeFitted) {
  const RowsForTest plain = MakeSeededRows().regression;
  const ParamMap lbfgs = {{"solver", std::string("l-bfgs")}};
  RowsForTest none;
  EXPECT_EQ(Refusal({}, none), "head of empty array");
  EXPECT_EQ(Refusal(lbfgs, none), "requirement failed: Nothing has been added to this summarizer.");
  RowsForTest infinite = plain;
  infinite.label[3] = kInfinityForTest;
  for (const ParamMap& params : {ParamMap(), lbfgs}) {
    EXPECT_EQ(Refusal(params, infinite), "Labels MUST NOT be Infinity, but got Infinity");
  }
  RowsForTest weightless = plain;
  std::fill(weightless.weight.begin(), weightless.weight.end(), 0.0);
  EXPECT_EQ(Refusal({{"weightCol", std::string("weight")}}, weightless),
            "assertion failed: Sum of weights cannot be zero.");
  EXPECT_EQ(Refusal({{"maxIter", int64_t{0}}}, plain),
            "requirement failed: maxIter must be a positive integer: 0");
  RowsForTest same = WithColumnsOf("same", plain);
  EXPECT_EQ(Refusal({{"fitIntercept", false}, {"regParam", 0.1}}, same),
            "requirement failed: The standard deviation of the label is zero. Model cannot be "
            "regularized when labels are standardized.");
  EXPECT_EQ(Refusal({{"fitIntercept", false}, {"regParam", 0.1}, {"solver", std::string("l-bfgs")}},
                    same),
            "requirement failed: The standard deviation of the label is zero. Model cannot be "
            "regularized.");
}

TEST(LinearRegression, RefusesParamsThatDisagreeBeforeAnyStage) {
  const auto input =
      MakeTable({DenseVectorColumn("features", {{1.0}}), NumberColumn("label", {1})});
  const auto text = [&](const ParamMap& params) {
    return std::string(base::Message(Estimator(params)->CheckInput(*input->schema())));
  };
  const std::string huber = "huber";
  EXPECT_EQ(text({{"loss", huber}, {"solver", std::string("normal")}}),
            "requirement failed: LinearRegression with huber loss doesn't support normal solver, "
            "please change solver to auto or l-bfgs.");
  EXPECT_EQ(text({{"loss", huber}, {"elasticNetParam", 0.5}}),
            "requirement failed: LinearRegression with huber loss only supports L2 regularization, "
            "but got elasticNetParam = 0.5.");
  EXPECT_EQ(text({{"predictionCol", std::string("label")}}),
            "requirement failed: Column label already exists.");
  EXPECT_EQ(text({}), "");
  EXPECT_FALSE(Params::Make(LinearRegressionInfo(), "u", {{"epsilon", 1.0}}).ok());
  EXPECT_FALSE(Params::Make(LinearRegressionInfo(), "u", {{"solver", std::string("sgd")}}).ok());
}

TEST(LinearRegression, StopsWhenItIsCancelled) {
  for (const ParamMap& params :
       {ParamMap{{"regParam", 0.1}, {"elasticNetParam", 0.5}},
        ParamMap{{"solver", std::string("l-bfgs")}}, ParamMap{{"loss", std::string("huber")}}}) {
    RowsForTest rows = MakeSeededRows().regression;
    rows.weight.clear();
    WorkForTest work(Blocks(rows, 2));
    work.cancel_at = 1;
    const auto fit = Estimator(params)->Fit(work);
    ASSERT_FALSE(fit.ok());
    EXPECT_TRUE(base::Is(fit.status(), base::kCancelled));
  }
}

TEST(LinearKernels, RefuseBytesOfOthers) {
  const RowsForTest rows = MakeSeededRows(20).regression;
  LinearScore score{std::vector<double>(5, 0.5), 1.0};
  table::FeatureColumns columns;
  columns.features = "features";
  columns.label = "label";
  const NormalKernel normal;
  const LinearGradientKernel gradient(score, RegressionLoss{true, 1.0, 1.35, 2.0});
  const LinearSummaryKernel summary(score, std::nullopt);
  const LinearSummaryKernel evaluation(score, columns);
  for (const Kernel* kernel :
       std::initializer_list<const Kernel*>{&normal, &gradient, &summary, &evaluation}) {
    const std::string bytes = kernel->Encode();
    EXPECT_EQ(DecodeKernel(kernel->kind(), bytes).value()->Encode(), bytes);
    for (size_t n = 0; n < bytes.size(); ++n) {
      EXPECT_FALSE(DecodeKernel(kernel->kind(), bytes.substr(0, n)).ok());
    }
    EXPECT_FALSE(DecodeKernel(kernel->kind(), bytes + "x").ok());
    if (kernel == &evaluation) continue;
    const std::string partial = MapForTest(*kernel, Blocks(rows, 1)[0]).value();
    EXPECT_EQ(kernel->Merge({partial}).value(), partial);
    for (size_t n = 0; n < partial.size(); ++n) {
      EXPECT_FALSE(kernel->Merge({partial.substr(0, n)}).ok()) << kernel->kind() << n;
    }
    RowsForTest wider = MakeSeededRows(20, 6).regression;
    const auto other = MapForTest(*kernel, Blocks(wider, 1)[0]);
    EXPECT_FALSE(other.ok() && kernel->Merge({partial, *other}).ok());
    EXPECT_FALSE(kernel->Map({}).ok());
  }
}

TEST(NormalKernel, IsTheFormulaWithWeightsAndWithout) {
  for (const bool weighted : {false, true}) {
    RowsForTest rows = MakeSeededRows(50, 9).regression;
    if (!weighted) rows.weight.clear();
    const auto dense = NormalSums::Decode(MapForTest(NormalKernel(), Blocks(rows, 1)[0]).value());
    const auto sparse =
        NormalSums::Decode(MapForTest(NormalKernel(), Blocks(rows, 1, true)[0]).value());
    size_t p = 0;
    for (size_t j = 0; j < 9; ++j) {
      for (size_t i = 0; i <= j; ++i, ++p) {
        double sum = 0;
        for (size_t r = 0; r < 50; ++r) {
          sum += (weighted ? rows.weight[r] : 1.0) * rows.features[r][i] * rows.features[r][j];
        }
        EXPECT_TRUE(Close(dense->xx[p], sum, 1e-12));
        EXPECT_TRUE(Close(sparse->xx[p], sum, 1e-12));
      }
    }
    EXPECT_TRUE(Close(dense->x, sparse->x, 1e-13));
    EXPECT_TRUE(Close(dense->xy, sparse->xy, 1e-13));
  }
}

TEST(LinearRegressionModel, BytesAndAttributes) {
  const auto fit = Fit({{"regParam", 0.1}}, MakeSeededRows().regression);
  const std::string bytes = fit->model->Encode();
  EXPECT_EQ(DecodeTransformer(bytes).value()->Encode(), bytes);
  const std::string data = fit->model->EncodeData();
  for (size_t n = 0; n < data.size(); ++n) {
    EXPECT_FALSE(LinearRegressionModel::Decode(fit->model->params(), data.substr(0, n)).ok());
  }
  EXPECT_EQ(std::get<std::string>(*fit->model->Get("toString", {})),
            "LinearRegressionModel: uid=linReg_1, numFeatures=5");
  EXPECT_EQ(std::get<int64_t>(*fit->model->Get("numFeatures", {})), 5);
  EXPECT_FALSE(fit->model->Get("coefficientMatrix", {}).ok());
  EXPECT_FALSE(fit->model->Get("predict", {table::DenseVector({1.0})}).ok());
  EXPECT_FALSE(fit->model->summary()->Get("areaUnderROC", {}).ok());
  EXPECT_GT(fit->model->bytes(), 80U);
}

TEST(LinearRegressionModel, EvaluatesATable) {
  const nlohmann::json expected = ReferenceOf("linear_reference.json")["ridge"];
  const RowsForTest rows = MakeSeededRows().regression;
  const auto fit = Fit({{"regParam", 0.1}}, rows);
  std::vector<std::optional<double>> labels(rows.label.begin(), rows.label.end());
  const auto table =
      MakeTable({DenseVectorColumn("features", rows.features), NumberColumn("label", labels)});
  const auto summary = fit->model->Evaluation(*table->schema()).value();
  EXPECT_TRUE(summary->over_rows());
  WorkForTest work(std::vector<std::shared_ptr<arrow::Table>>{table});
  const auto complete = summary->Complete(work.Reduce(summary->kernel()).value()).value();
  EXPECT_TRUE(Close(GetAs<double>(*complete, "r2"), expected["evaluated"][0], kTolerance));
  EXPECT_TRUE(
      Close(GetAs<double>(*complete, "meanAbsoluteError"), expected["evaluated"][1], kTolerance));
  EXPECT_FALSE(complete->Get("objectiveHistory", {}).ok());
  EXPECT_FALSE(complete->Get("tValues", {}).ok());
  EXPECT_FALSE(fit->model->Evaluation(*MakeTable({NumberColumn("x", {1})})->schema()).ok());
}

TEST(StudentT, IsTheDistribution) {
  EXPECT_EQ(StudentT(5, 0), 0.5);
  EXPECT_NEAR(StudentT(1, 1), 0.75, 1e-15);  // Cauchy's
  EXPECT_NEAR(StudentT(2, std::sqrt(2.0)), 0.5 + std::sqrt(2.0) / 4, 1e-15);
  EXPECT_NEAR(StudentT(1e6, 1.959963984540054), 0.975, 1e-6);
  EXPECT_NEAR(StudentT(7, -1.3) + StudentT(7, 1.3), 1.0, 1e-15);
  EXPECT_TRUE(std::isnan(StudentT(0, 1)));
}

}  // namespace
}  // namespace soteria::ml
