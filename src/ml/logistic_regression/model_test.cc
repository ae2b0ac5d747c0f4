// LogisticRegressionModel: columns, thresholds, attributes, encoding. Numbers from stock Spark 4.3:
// LogisticRegression(regParam=0.1) on [1,2]->0, [2,1]->1, [3,5]->1, [0.5,1]->0.
#include "src/ml/logistic_regression/model.h"

#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/ml/data_for_test.h"
#include "src/ml/work_for_test.h"
#include "src/stats/doubles.h"

namespace soteria::ml {
namespace {

std::shared_ptr<const LogisticRegressionModel> MakeModel(const std::vector<double>& coefficients,
                                                         double intercept,
                                                         const ParamMap& set = {}) {
  LogisticData data;
  data.coefficients = CompressedRows(1, coefficients);
  data.intercepts = table::DenseVector({intercept});
  auto params = Params::Make(LogisticRegressionModelInfo(), "lr", set);
  EXPECT_TRUE(params.ok()) << base::Message(params.status());
  auto model = LogisticRegressionModel::Make(*params, data);
  EXPECT_TRUE(model.ok()) << base::Message(model.status());
  return *model;
}

const std::vector<double> kCoefficients = {1.3695, 0.0735};
constexpr double kIntercept = -2.3195;

std::shared_ptr<arrow::Table> MixedRows() {
  return MakeTable({VectorColumn(
      "features", {table::DenseVector({1, 2}), table::SparseVector(2, {1}, {3.0}),
                   table::DenseVector({3, 5}), table::DenseVector({kNanForTest, 1})})});
}

TEST(LogisticModel, AddsThreeColumns) {
  const auto model = MakeModel(kCoefficients, kIntercept);
  const auto table = model->Apply(MixedRows());
  ASSERT_TRUE(table.ok()) << base::Message(table.status());
  EXPECT_EQ((*table)->schema()->field_names(),
            (std::vector<std::string>{"features", "rawPrediction", "probability", "prediction"}));
  const double margin = kIntercept + 1.3695 + 2 * 0.0735;
  const auto raw = VectorsOf(**table, "rawPrediction");
  EXPECT_TRUE(Close(raw[0].values, {-margin, margin}, 1e-15));
  EXPECT_TRUE(Close(raw[1].values[1], kIntercept + 3 * 0.0735, 1e-15));
  const auto probability = VectorsOf(**table, "probability");
  EXPECT_TRUE(Close(probability[0].values[0], 1 / (1 + std::exp(margin)), 1e-15));
  EXPECT_EQ(probability[0].values[1], 1.0 - probability[0].values[0]);
  EXPECT_EQ(DoublesOf(**table, "prediction"), (std::vector<double>{0, 0, 1, 0}));
  EXPECT_TRUE(std::isnan(probability[3].values[0]));
  // What was declared is what comes.
  const auto declared = model->OutputSchema(*MixedRows()->schema());
  ASSERT_TRUE(declared.ok());
  EXPECT_TRUE((*declared)->Equals(*(*table)->schema(), /*check_metadata=*/true));
  EXPECT_FALSE((*declared)->GetFieldByName("prediction")->nullable());
  EXPECT_TRUE((*declared)->GetFieldByName("rawPrediction")->nullable());
}

TEST(LogisticModel, BothFormsOfAVectorGiveTheSameBits) {
  const RowsForTest rows = BreastCancer();
  std::vector<double> w;
  for (size_t j = 0; j < 30; ++j) w.push_back(0.01 * static_cast<double>(j) - 0.15);
  const auto model = MakeModel(w, 0.25);
  std::vector<std::optional<table::VectorValue>> structs;
  for (const auto& row : rows.features) structs.push_back(table::DenseVector(row));
  const auto dense = model->Apply(MakeTable({DenseVectorColumn("features", rows.features)}));
  const auto any = model->Apply(MakeTable({VectorColumn("features", structs)}));
  ASSERT_TRUE(dense.ok() && any.ok());
  EXPECT_TRUE(
      (*dense)->GetColumnByName("rawPrediction")->Equals((*any)->GetColumnByName("rawPrediction")));
}

TEST(LogisticModel, ChunksAndNoRows) {
  const auto model = MakeModel(kCoefficients, kIntercept);
  const auto table = MixedRows();
  const auto chunked = arrow::ConcatenateTables({table->Slice(0, 1), table->Slice(1)}).ValueOrDie();
  const auto whole = model->Apply(table);
  const auto parts = model->Apply(chunked);
  ASSERT_TRUE(whole.ok() && parts.ok());
  EXPECT_EQ(DoublesOf(**parts, "prediction"), DoublesOf(**whole, "prediction"));
  const auto none = model->Apply(table->Slice(0, 0));
  ASSERT_TRUE(none.ok());
  EXPECT_EQ((*none)->num_rows(), 0);
  EXPECT_EQ((*none)->num_columns(), 4);
}

TEST(LogisticModel, HugeMarginsStayProbabilities) {
  const auto model = MakeModel({1e300, 0}, 0);
  const auto table =
      model->Apply(MakeTable({DenseVectorColumn("features", {{1e300, 0}, {-1e300, 0}, {1e5, 0}})}));
  ASSERT_TRUE(table.ok());
  const auto probability = VectorsOf(**table, "probability");
  EXPECT_EQ(probability[0].values, (std::vector<double>{0, 1}));
  EXPECT_EQ(probability[1].values, (std::vector<double>{1, 0}));
  EXPECT_EQ(DoublesOf(**table, "prediction"), (std::vector<double>{1, 0, 1}));
}

TEST(LogisticModel, ThresholdDecides) {
  const auto predictions = [](const ParamMap& set) {
    const auto model = MakeModel({1, 0}, 0, set);
    const auto table = model->Apply(
        MakeTable({DenseVectorColumn("features", {{-2, 0}, {-0.5, 0}, {0, 0}, {0.5, 0}})}));
    EXPECT_TRUE(table.ok()) << base::Message(table.status());
    return DoublesOf(**table, "prediction");
  };
  EXPECT_EQ(predictions({}), (std::vector<double>{0, 0, 0, 1}));
  EXPECT_EQ(predictions({{"threshold", 0.3}}), (std::vector<double>{0, 1, 1, 1}));
  EXPECT_EQ(predictions({{"threshold", 0.0}}), (std::vector<double>{1, 1, 1, 1}));
  EXPECT_EQ(predictions({{"threshold", 1.0}}), (std::vector<double>{0, 0, 0, 0}));
  const std::vector<double> thresholds = {0.7, 0.3};
  EXPECT_EQ(predictions({{"thresholds", thresholds}}), (std::vector<double>{0, 1, 1, 1}));
  EXPECT_EQ(predictions({{"thresholds", thresholds}, {"rawPredictionCol", std::string()}}),
            (std::vector<double>{0, 1, 1, 1}));
}

TEST(LogisticModel, EmptyNamesLeaveColumnsOut) {
  const auto model =
      MakeModel(kCoefficients, kIntercept,
                {{"rawPredictionCol", std::string()}, {"probabilityCol", std::string()}});
  const auto table = model->Apply(MixedRows());
  ASSERT_TRUE(table.ok());
  EXPECT_EQ((*table)->schema()->field_names(),
            (std::vector<std::string>{"features", "prediction"}));
}

TEST(LogisticModel, Refusals) {
  const auto model = MakeModel(kCoefficients, kIntercept);
  const auto text = [&model](const std::shared_ptr<arrow::Table>& table) {
    return base::Message(model->Apply(table).status());
  };
  EXPECT_EQ(text(MakeTable({VectorColumn("features", {table::DenseVector({1, 2, 3})})})),
            "requirement failed: BLAS.dot(x: Vector, y:Vector) was given Vectors with non-matching"
            " sizes: x.size = 3, y.size = 2");
  EXPECT_NE(text(MakeTable({DenseVectorColumn("features", {{1, 2, 3}})})), "");
  EXPECT_NE(text(MakeTable({VectorColumn("features", {std::nullopt})})), "");
  EXPECT_EQ(text(MakeTable({NumberColumn("x", {1.0})})), "No such struct field `features` in `x`.");
  const auto twice = model->Apply(MixedRows());
  EXPECT_EQ(text(*twice), "requirement failed: Column prediction already exists.");
  const auto three =
      MakeModel(kCoefficients, kIntercept, {{"thresholds", std::vector<double>{0.1, 0.2, 0.7}}});
  EXPECT_EQ(base::Message(three->Apply(MixedRows()).status()),
            "requirement failed: LogisticRegressionModel.transform() called with non-matching"
            " numClasses and thresholds.length. numClasses=2, but thresholds has length 3");
}

TEST(LogisticModel, Attributes) {
  const auto model = MakeModel(kCoefficients, kIntercept);
  const VectorValue x = table::DenseVector({1, 2});
  EXPECT_EQ(std::get<VectorValue>(model->Get("coefficients", {}).value()),
            table::DenseVector(kCoefficients));
  EXPECT_EQ(std::get<double>(model->Get("intercept", {}).value()), kIntercept);
  EXPECT_EQ(std::get<VectorValue>(model->Get("interceptVector", {}).value()),
            table::DenseVector({kIntercept}));
  const auto matrix = std::get<MatrixValue>(model->Get("coefficientMatrix", {}).value());
  EXPECT_EQ(matrix.num_rows, 1);
  EXPECT_EQ(matrix.num_cols, 2);
  EXPECT_TRUE(matrix.transposed);
  EXPECT_EQ(std::get<int64_t>(model->Get("numClasses", {}).value()), 2);
  EXPECT_EQ(std::get<int64_t>(model->Get("numFeatures", {}).value()), 2);
  EXPECT_EQ(std::get<bool>(model->Get("hasSummary", {}).value()), false);
  EXPECT_EQ(std::get<double>(model->Get("predict", {x}).value()), 0.0);
  EXPECT_TRUE(Close(std::get<VectorValue>(model->Get("predictRaw", {x}).value()).values,
                    {0.803, -0.803}, 1e-12));
  EXPECT_TRUE(Close(std::get<VectorValue>(model->Get("predictProbability", {x}).value()).values[0],
                    1 / (1 + std::exp(-0.803)), 1e-12));
  EXPECT_TRUE(base::Is(model->Get("roc", {}).status(), base::kMlAttribute));
  EXPECT_TRUE(base::Is(model->Get("predict", {}).status(), base::kIllegalArgument));
  EXPECT_FALSE(model->Get("predict", {table::DenseVector({1})}).ok());
}

TEST(LogisticModel, CoefficientsAreCompressedAsInMllib) {
  // Spark: six columns, one of them not 0 -> SparseMatrix(1, 6, [0, 1], [0], [-2.355], 1).
  const MatrixValue one = CompressedRows(1, {-2.355, 0, 0, 0, 0, 0});
  EXPECT_FALSE(one.dense);
  EXPECT_EQ(one.col_ptrs, (std::vector<int32_t>{0, 1}));
  const MatrixValue none = CompressedRows(1, {0, 0, 0, 0, 0, 0});
  EXPECT_EQ(none.col_ptrs, (std::vector<int32_t>{0, 0}));
  EXPECT_TRUE(CompressedRows(1, {0, 0}).dense);
  // Whichever of rows and columns are fewer have the pointers; columns where they are as many.
  const MatrixValue tall = CompressedRows(4, {0, 0, 0, 7, 0, 0, 0, 0});
  EXPECT_FALSE(tall.transposed);
  EXPECT_EQ(tall.col_ptrs, (std::vector<int32_t>{0, 0, 1}));
  EXPECT_EQ(tall.row_indices, (std::vector<int32_t>{1}));
  EXPECT_FALSE(CompressedRows(3, std::vector<double>(9, 0.0)).transposed);
  EXPECT_TRUE(CompressedRows(2, std::vector<double>(12, 0.0)).transposed);
  const auto model = MakeModel({-2.355, 0, 0, 0, 0, 0}, 0);
  EXPECT_EQ(std::get<VectorValue>(model->Get("coefficients", {}).value()),
            table::SparseVector(6, {0}, {-2.355}));
}

TEST(LogisticModel, WithParamsReplacesThresholds) {
  const auto model = MakeModel({1, 0}, 0, {{"thresholds", std::vector<double>{0.7, 0.3}}});
  const auto other = model->WithParams({{"threshold", 0.9}});
  ASSERT_TRUE(other.ok()) << base::Message(other.status());
  EXPECT_FALSE((*other)->params().IsSet("thresholds"));
  EXPECT_EQ((*other)->params().Double("threshold"), 0.9);
  EXPECT_FALSE(
      model->WithParams({{"threshold", 0.9}, {"thresholds", std::vector<double>{0.7, 0.3}}}).ok());
}

TEST(LogisticModel, EncodingRoundTripsAndRefusesOthers) {
  const auto model = MakeModel(kCoefficients, kIntercept, {{"threshold", 0.25}});
  const std::string bytes = model->Encode();
  const auto back = DecodeTransformer(bytes);
  ASSERT_TRUE(back.ok()) << base::Message(back.status());
  EXPECT_EQ((*back)->Encode(), bytes);
  EXPECT_EQ((*back)->uid(), "lr");
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(DecodeTransformer(std::string_view(bytes).substr(0, n)).ok()) << n;
  }
  EXPECT_FALSE(DecodeTransformer(bytes + "x").ok());
}

TEST(LogisticModel, EvaluationOverATable) {
  const auto model = MakeModel({1, 0}, 0);
  const auto table =
      MakeTable({DenseVectorColumn("features", {{-2, 0}, {-0.5, 0}, {0.1, 0}, {0.5, 0}, {1, 0}}),
                 NumberColumn("label", {0, 1, 0, 1, 1})});
  WorkForTest work({table->Slice(0, 2), table->Slice(2, 3)});
  std::shared_ptr<const Summary> summary = model->Evaluation(*table->schema()).value();
  EXPECT_TRUE(summary->over_rows());
  summary = summary->Complete(work.Reduce(summary->kernel()).value()).value();
  EXPECT_EQ(std::get<double>(summary->Get("accuracy", {}).value()), 0.6);
  // Of 6 pairs of a positive and a negative row, 5 are in the right order.
  EXPECT_TRUE(Close(std::get<double>(summary->Get("areaUnderROC", {}).value()), 5.0 / 6, 1e-15));
  EXPECT_TRUE(base::Is(summary->Get("objectiveHistory", {}).status(), base::kMlAttribute));
  // Scores descend with the first feature: labels 1, 1, 0, 1, 0.
  const auto roc = std::get<std::vector<double>>(summary->Get("roc", {}).value());
  const double third = 1.0 / 3, half = 0.5;
  EXPECT_EQ(roc, (std::vector<double>{0, 0, 0, third, 0, 2 * third, half, 2 * third, half, 1, 1, 1,
                                      1, 1}));
  EXPECT_EQ(summary->Curve("roc")->x, "FPR");
  EXPECT_EQ(summary->Curve("fMeasureByThreshold")->y, "F-Measure");
  EXPECT_FALSE(summary->Curve("accuracy").has_value());
  EXPECT_TRUE(base::Is(summary->Get("roc", {1.0}).status(), base::kIllegalArgument));
  EXPECT_TRUE(base::Is(summary->Get("predictions", {}).status(), base::kMlAttribute));
}

TEST(LogisticModel, EvaluationCountsTheRowsOfItsWeights) {
  const auto weighted = MakeModel({1, 0}, 0, {{"weightCol", std::string("w")}});
  const auto table =
      MakeTable({DenseVectorColumn("features", {{-2, 0}, {-0.5, 0}, {0.1, 0}, {0.5, 0}, {1, 0}}),
                 NumberColumn("label", {0, 1, 0, 1, 1}), NumberColumn("w", {0.5, 2, 0, 3, 0.25})});
  WorkForTest work({table->Slice(0, 2), table->Slice(2, 3)});
  const auto evaluated = [&](const auto& model, const auto& over) {
    const std::shared_ptr<const Summary> summary = model->Evaluation(*over->schema()).value();
    return summary->Complete(work.Reduce(summary->kernel()).value()).value();
  };
  const auto summary = evaluated(weighted, table);
  EXPECT_TRUE(Close(std::get<double>(summary->Get("accuracy", {}).value()), 3.75 / 5.75, 1e-15));
  const SummaryStatistic asked = *summary->AsStatistic("accuracy", {});
  ASSERT_TRUE(asked.exact.rows.has_value());
  // (label, prediction, rows): the row without weight is in a cell of its own.
  EXPECT_EQ(*asked.exact.rows,
            stats::PackDoubles(std::vector<double>{0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 2}));
  // Without the column, or with one of the param's own name: as in MLlib.
  const auto plain = evaluated(weighted, table->RemoveColumn(2).ValueOrDie());
  EXPECT_FALSE(plain->AsStatistic("roc", {})->exact.rows.has_value());
  EXPECT_EQ(std::get<double>(plain->Get("accuracy", {}).value()), 0.6);
  const auto named = table->RenameColumns({"features", "label", "weightCol"}).ValueOrDie();
  WorkForTest named_work({named});
  const auto unset = MakeModel({1, 0}, 0)->Evaluation(*named->schema()).value();
  const auto by_name = unset->Complete(named_work.Reduce(unset->kernel()).value()).value();
  EXPECT_TRUE(by_name->AsStatistic("roc", {})->exact.rows.has_value());
  EXPECT_TRUE(base::Is(weighted->Evaluation(*arrow::schema({table->schema()->field(0)})).status(),
                       base::kUnresolvedColumn));
}

TEST(LogisticModel, SummariesNameTheColumnsTheyNeed) {
  const auto model = MakeModel({1, 0}, 0, {{"probabilityCol", std::string()}});
  const auto table =
      MakeTable({DenseVectorColumn("features", {{-2, 0}}), NumberColumn("label", {0})});
  const auto summary = model->Evaluation(*table->schema()).value();
  const std::string name = std::get<std::string>(summary->Get("probabilityCol", {}).value());
  EXPECT_EQ(name, "probability_lr");
  const auto predictions = model->SummaryModel().value()->Apply(table);
  ASSERT_TRUE(predictions.ok());
  EXPECT_NE((*predictions)->GetColumnByName(name), nullptr);
  EXPECT_EQ(std::get<std::string>(summary->Get("predictionCol", {}).value()), "prediction");
}

}  // namespace
}  // namespace soteria::ml
