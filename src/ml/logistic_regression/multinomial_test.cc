// What the binomial family with an L2 penalty isn't: softmax, elastic net, bounds. Against stock
// Spark 4.3, distributed against single, and what is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/ml/catalog.h"
#include "src/ml/logistic_regression/driver.h"
#include "src/ml/logistic_regression/model.h"
#include "src/ml/logistic_regression/params.h"
#include "src/ml/logistic_regression/persistence.h"
#include "src/ml/seeded_rows_for_test.h"
#include "src/ml/work_for_test.h"

namespace soteria::ml {
namespace {

constexpr double kTolerance = 1e-6;

std::unique_ptr<LogisticRegression> Estimator(const ParamMap& params) {
  return std::make_unique<LogisticRegression>(
      Params::Make(LogisticRegressionInfo(), "logreg_1", params).value());
}

base::StatusOr<FitResult> Fit(const ParamMap& params, RowsForTest rows, size_t partitions = 1,
                              bool sparse = false) {
  if (!params.contains("weightCol")) rows.weight.clear();
  WorkForTest work(Blocks(rows, partitions, sparse));
  return Estimator(params)->Fit(work);
}

const LogisticData& DataOf(const FitResult& fit) {
  return dynamic_cast<const LogisticRegressionModel&>(*fit.model).data();
}

std::vector<double> RowMajor(const MatrixValue& m) {
  std::vector<double> values;
  for (int32_t i = 0; i < m.num_rows; ++i) {
    for (int32_t j = 0; j < m.num_cols; ++j) values.push_back(table::At(m, i, j));
  }
  return values;
}

std::vector<double> Flat(const nlohmann::json& lists) {
  std::vector<double> values;
  for (const auto& list : lists) {
    const std::vector<double> some = DoublesOf(list);
    values.insert(values.end(), some.begin(), some.end());
  }
  return values;
}

std::vector<double> Flat(const std::vector<table::VectorValue>& vectors) {
  std::vector<double> values;
  for (const auto& v : vectors) values.insert(values.end(), v.values.begin(), v.values.end());
  return values;
}

void ExpectModel(const FitResult& fit, const nlohmann::json& expected) {
  const LogisticData& data = DataOf(fit);
  EXPECT_TRUE(Close(RowMajor(data.coefficients), Flat(expected["coefficientMatrix"]), kTolerance));
  EXPECT_EQ(!data.coefficients.dense, expected["sparse"].get<bool>());
  EXPECT_EQ(data.coefficients.transposed, expected["transposed"].get<bool>());
  EXPECT_TRUE(Close(table::ToDense(table::View(data.intercepts)).values,
                    DoublesOf(expected["interceptVector"]), kTolerance));
  EXPECT_EQ(!data.intercepts.dense, expected["sparseIntercept"].get<bool>());
  EXPECT_EQ(data.num_classes, expected["numClasses"].get<int32_t>());
}

void ExpectSummary(const Summary& summary, const nlohmann::json& expected) {
  const auto number = [&](const char* name) {
    return std::get<double>(summary.Get(name, {}).value());
  };
  const auto list = [&](const char* name, const Arguments& args = {}) {
    return std::get<std::vector<double>>(summary.Get(name, args).value());
  };
  for (const char* name : {"accuracy", "weightedPrecision", "weightedRecall",
                           "weightedTruePositiveRate", "weightedFalsePositiveRate"}) {
    EXPECT_TRUE(Close(number(name), DoubleOf(expected[name]), kTolerance)) << name;
  }
  EXPECT_TRUE(Close(list("objectiveHistory"), DoublesOf(expected["objectiveHistory"]), kTolerance));
  for (const char* name : {"labels", "precisionByLabel", "recallByLabel", "truePositiveRateByLabel",
                           "falsePositiveRateByLabel"}) {
    EXPECT_TRUE(Close(list(name), DoublesOf(expected[name]), kTolerance)) << name;
  }
  EXPECT_TRUE(
      Close(list("fMeasureByLabel", {2.0}), DoublesOf(expected["fMeasureByLabel2"]), kTolerance));
  EXPECT_TRUE(Close(number("weightedFMeasure"), expected["weightedFMeasure"], kTolerance));
  // Curves are of two classes.
  const bool binary = expected["numClasses"].get<int>() <= 2;
  EXPECT_EQ(summary.Get("areaUnderROC", {}).ok(), binary);
  EXPECT_EQ(summary.Needs("areaUnderROC"), binary);
  EXPECT_EQ(summary.Curve("roc").has_value(), binary);
}

void ExpectRows(const FitResult& fit, const RowsForTest& rows, const nlohmann::json& expected) {
  const size_t n = expected["prediction"].size();
  const std::vector<std::vector<double>> first(
      rows.features.begin(), rows.features.begin() + static_cast<std::ptrdiff_t>(n));
  const auto input = MakeTable({DenseVectorColumn("features", first)});
  const auto output = fit.model->Apply(input).value();
  EXPECT_TRUE(Close(Flat(VectorsOf(*output, "rawPrediction")), Flat(expected["rawPrediction"]),
                    kTolerance));
  EXPECT_TRUE(
      Close(Flat(VectorsOf(*output, "probability")), Flat(expected["probability"]), kTolerance));
  EXPECT_TRUE(Close(DoublesOf(*output, "prediction"), DoublesOf(expected["prediction"]), 0));
  EXPECT_TRUE(output->schema()->Equals(*fit.model->OutputSchema(*input->schema()).value(), true));
}

TEST(Multinomial, AgreesWithSpark) {
  const nlohmann::json reference = ReferenceOf("multinomial_reference.json");
  ASSERT_GT(reference.size(), 15U);
  for (const auto& [name, expected] : reference.items()) {
    SCOPED_TRACE(name);
    if (expected.contains("failure")) continue;
    const nlohmann::json& params = expected["params"];
    RowsForTest rows =
        WithColumnsOf(params.value("data", "plain"), MakeSeededRows().classification);
    const auto fit = Fit(ParamsOfReference(params), rows);
    ASSERT_TRUE(fit.ok()) << fit.status();
    ExpectModel(*fit, expected);
    if (!params.contains("weightCol")) rows.weight.clear();
    WorkForTest work(Blocks(rows, 3));
    const auto& kernel = fit->model->summary()->kernel();
    const auto summary = fit->model->summary()->Complete(work.Reduce(kernel).value()).value();
    ExpectSummary(*summary, expected);
    ExpectRows(*fit, rows, expected);
  }
}

MatrixValue Filled(int32_t rows, int32_t cols, double value) {
  MatrixValue m;
  m.num_rows = rows;
  m.num_cols = cols;
  m.values.assign(static_cast<size_t>(rows) * static_cast<size_t>(cols), value);
  return m;
}

TEST(Multinomial, IsTheSameHoweverItIsCutAndStored) {
  const RowsForTest rows = MakeSeededRows(300, 7).classification;
  for (const ParamMap& params :
       {ParamMap{{"regParam", 0.05}}, ParamMap{{"regParam", 0.05}, {"elasticNetParam", 0.5}},
        ParamMap{{"regParam", 0.05}, {"lowerBoundsOnCoefficients", Filled(3, 7, -0.3)}},
        ParamMap{{"regParam", 0.05}, {"weightCol", std::string("weight")}}}) {
    const auto one = Fit(params, rows);
    ASSERT_TRUE(one.ok()) << one.status();
    for (const size_t partitions : {1U, 5U, 8U}) {
      for (const bool sparse : {false, true}) {
        const auto other = Fit(params, rows, partitions, sparse);
        ASSERT_TRUE(other.ok()) << other.status();
        EXPECT_TRUE(Close(RowMajor(DataOf(*other).coefficients),
                          RowMajor(DataOf(*one).coefficients), 1e-6));
        EXPECT_EQ(other->model->Encode(), Fit(params, rows, partitions, sparse)->model->Encode());
      }
    }
  }
}

TEST(Multinomial, BoundsHold) {
  const auto fit = Fit({{"lowerBoundsOnCoefficients", Filled(3, 5, -0.25)},
                        {"upperBoundsOnCoefficients", Filled(3, 5, 0.5)}},
                       MakeSeededRows().classification);
  ASSERT_TRUE(fit.ok()) << fit.status();
  for (const double c : RowMajor(DataOf(*fit).coefficients)) {
    EXPECT_GE(c, -0.25 - 1e-12);
    EXPECT_LE(c, 0.5 + 1e-12);
  }
}

std::string Refusal(const ParamMap& params, const RowsForTest& rows) {
  const auto fit = Fit(params, rows, 2);
  return fit.ok() ? "" : std::string(base::Message(fit.status()));
}

TEST(Multinomial, RefusesBoundsThatDontFit) {
  const RowsForTest three = MakeSeededRows().classification;
  const RowsForTest two = WithColumnsOf("two", three);
  EXPECT_EQ(Refusal({{"lowerBoundsOnCoefficients", Filled(1, 2, 0)}}, two),
            "requirement failed: The shape of LowerBoundsOnCoefficients must be compatible with "
            "(1, number of features) for binomial regression, or (number of classes, number of "
            "features) for multinomial regression, but found: (1, 2).");
  EXPECT_EQ(Refusal({{"upperBoundsOnCoefficients", Filled(1, 5, 0)}}, three),
            "requirement failed: The shape of upperBoundsOnCoefficients must be compatible with "
            "(1, number of features) for binomial regression, or (number of classes, number of "
            "features) for multinomial regression, but found: (1, 5).");
  EXPECT_EQ(Refusal({{"lowerBoundsOnIntercepts", table::DenseVector({0, 1})}}, two),
            "requirement failed: The size of lowerBoundsOnIntercepts must be equal to 1 for "
            "binomial regression, or the number of classes for multinomial regression, but found: "
            "2.");
  EXPECT_EQ(Refusal({{"lowerBoundsOnIntercepts", table::DenseVector({2})},
                     {"upperBoundsOnIntercepts", table::DenseVector({1})}},
                    two),
            "requirement failed: LowerBoundsOnIntercepts should always be less than or equal to "
            "upperBoundsOnIntercepts, but found: lowerBoundsOnIntercepts = [2.0], "
            "upperBoundsOnIntercepts = [1.0].");
  EXPECT_NE(Refusal({{"lowerBoundsOnCoefficients", Filled(1, 5, 2)},
                     {"upperBoundsOnCoefficients", Filled(1, 5, 1)}},
                    two),
            "");
  const auto input =
      MakeTable({DenseVectorColumn("features", {{1.0}}), NumberColumn("label", {1})});
  const auto text = [&](const ParamMap& params) {
    return std::string(base::Message(Estimator(params)->CheckInput(*input->schema())));
  };
  const VectorValue bound = table::DenseVector({0.25});
  EXPECT_EQ(text({{"elasticNetParam", 0.5}, {"lowerBoundsOnIntercepts", bound}}),
            "requirement failed: Fitting under bound constrained optimization only supports L2 "
            "regularization, but got elasticNetParam = 0.5.");
  EXPECT_EQ(text({{"fitIntercept", false}, {"lowerBoundsOnIntercepts", bound}}),
            "requirement failed: Please don't set bounds on intercepts if fitting without "
            "intercept.");
}

TEST(Multinomial, RefusesMoreCoefficientsThanAModelHas) {
  RowsForTest rows;
  rows.features = {std::vector<double>(64, 1.0), std::vector<double>(64, 2.0)};
  rows.label = {0, 1'000'000};
  const auto fit = Fit({}, rows);
  ASSERT_FALSE(fit.ok());
  EXPECT_TRUE(base::Is(fit.status(), base::kMemoryLimit));
}

TEST(Multinomial, StopsWhenItIsCancelled) {
  RowsForTest rows = MakeSeededRows().classification;
  rows.weight.clear();
  for (const ParamMap& params : {ParamMap{}, ParamMap{{"regParam", 0.01}, {"elasticNetParam", 0.5}},
                                 ParamMap{{"lowerBoundsOnCoefficients", Filled(3, 5, -5)}}}) {
    WorkForTest work(Blocks(rows, 2));
    work.cancel_at = 1;
    const auto fit = Estimator(params)->Fit(work);
    ASSERT_FALSE(fit.ok());
    EXPECT_TRUE(base::Is(fit.status(), base::kCancelled));
  }
}

TEST(MultinomialModel, AttributesAndBytes) {
  const auto fit = Fit({{"regParam", 0.1}}, MakeSeededRows().classification);
  const Model& model = *fit->model;
  EXPECT_EQ(base::Message(model.Get("coefficients", {}).status()),
            "Multinomial models contain a matrix of coefficients, use coefficientMatrix instead.");
  EXPECT_EQ(base::Message(model.Get("intercept", {}).status()),
            "Multinomial models contain a vector of intercepts, use interceptVector instead.");
  EXPECT_EQ(std::get<std::string>(*model.Get("toString", {})),
            "LogisticRegressionModel: uid=logreg_1, numClasses=3, numFeatures=5");
  const VectorValue x = table::DenseVector({1, 0, -1, 0.5, 2});
  const auto raw = std::get<VectorValue>(*model.Get("predictRaw", {x})).values;
  const auto best = std::max_element(raw.begin(), raw.end()) - raw.begin();
  EXPECT_EQ(std::get<double>(*model.Get("predict", {x})), static_cast<double>(best));
  const std::string bytes = model.Encode();
  EXPECT_EQ(DecodeTransformer(bytes).value()->Encode(), bytes);
  const std::string data = model.EncodeData();
  for (size_t n = 0; n < data.size(); ++n) {
    EXPECT_FALSE(LogisticRegressionModel::Decode(model.params(), data.substr(0, n)).ok()) << n;
  }
}

TEST(MultinomialModel, PredictsWithoutItsOtherColumns) {
  const RowsForTest rows = MakeSeededRows().classification;
  const auto fit = Fit({{"regParam", 0.1}}, rows);
  const auto input = MakeTable({DenseVectorColumn("features", rows.features)});
  const auto predicted = [&](const ParamMap& params) {
    const auto model = fit->model->WithParams(params).value();
    return DoublesOf(*model->Apply(input).value(), "prediction");
  };
  const std::vector<double> all = predicted({});
  const std::string none;
  EXPECT_EQ(predicted({{"rawPredictionCol", none}}), all);
  EXPECT_EQ(predicted({{"rawPredictionCol", none}, {"probabilityCol", none}}), all);
  const std::vector<double> zero = {0.5, 0.0, 0.5};
  EXPECT_EQ(predicted({{"thresholds", zero}}), std::vector<double>(all.size(), 1.0));
}

TEST(SoftmaxKernel, RefusesBytesOfOthers) {
  RowsForTest rows = MakeSeededRows(20).classification;
  const SoftmaxGradientKernel kernel({LinearScore{std::vector<double>(5, 0.5), 1.0},
                                      LinearScore{std::vector<double>(5, -0.5), 0},
                                      LinearScore{std::vector<double>(5, 0.0), 0.25}});
  const std::string bytes = kernel.Encode();
  EXPECT_EQ(DecodeKernel(kernel.kind(), bytes).value()->Encode(), bytes);
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(DecodeKernel(kernel.kind(), bytes.substr(0, n)).ok());
  }
  const std::string partial = MapForTest(kernel, Blocks(rows, 1)[0]).value();
  EXPECT_EQ(kernel.Merge({partial}).value(), partial);
  for (size_t n = 0; n < partial.size(); ++n) {
    EXPECT_FALSE(kernel.Merge({partial.substr(0, n)}).ok());
  }
  rows.label[0] = 3;  // beyond the classes
  EXPECT_FALSE(MapForTest(kernel, Blocks(rows, 1)[0]).ok());
}

TEST(Softmax, TakesInfinityAndHugeMargins) {
  double p[3];
  const double infinite[] = {1.0, kInfinityForTest, 3.0};
  Softmax(infinite, 3, p);
  EXPECT_EQ(p[1], 1.0);
  EXPECT_EQ(p[0], 0.0);
  const double huge[] = {1e300, 1e300, -1e300};
  Softmax(huge, 3, p);
  EXPECT_EQ(p[0], 0.5);
  EXPECT_EQ(p[2], 0.0);
}

}  // namespace
}  // namespace soteria::ml
