// StandardScaler and the summarizer below it, against stock Spark 4.3 and by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "src/base/errors.h"
#include "src/ml/catalog.h"
#include "src/ml/data_for_test.h"
#include "src/ml/standard_scaler/model.h"
#include "src/ml/summarizer/kernels.h"
#include "src/ml/work_for_test.h"

namespace soteria::ml {
namespace {

constexpr char kClass[] = "org.apache.spark.ml.feature.StandardScaler";

base::StatusOr<std::shared_ptr<const Model>> FitBlocks(std::vector<table::FeatureBlock> blocks,
                                                       ParamMap params = {}) {
  params["inputCol"] = std::string("features");
  params["outputCol"] = std::string("o");
  WorkForTest work(std::move(blocks));
  SOTERIA_ASSIGN_OR_RETURN(const auto estimator, MakeEstimator(kClass, "ss", params));
  SOTERIA_ASSIGN_OR_RETURN(const FitResult fit, estimator->Fit(work));
  return fit.model;
}

std::vector<double> Dense(const Model& model, std::string_view attribute) {
  const auto v = std::get<VectorValue>(model.Get(attribute, {}).value());
  return table::ToDense(table::View(v)).values;
}

RowsForTest Three() { return {{{1, 2, 7}, {3, 0, 7}, {0, 0, 7}}, {0, 0, 0}, {}}; }

TEST(StandardScalerFit, IsSparks) {
  const auto& spark = SparkReference()["scaler"];
  for (const bool sparse : {false, true}) {
    for (const size_t partitions : std::vector<size_t>{1, 5, 40}) {
      const auto model = FitBlocks(Blocks(BreastCancer(), partitions, sparse));
      ASSERT_TRUE(model.ok());
      EXPECT_TRUE(Close(Dense(**model, "mean"), spark["mean"].get<std::vector<double>>(), 1e-13));
      EXPECT_TRUE(Close(Dense(**model, "std"), spark["std"].get<std::vector<double>>(), 1e-12));
    }
  }
}

TEST(StandardScalerFit, ConstantColumnsHaveNoSpreadAtAll) {
  RowsForTest rows;
  for (size_t i = 0; i < 1000; ++i) {
    rows.features.push_back({0.1, 1e17 / 3, -7.0 / 9, static_cast<double>(i)});
    rows.label.push_back(0);
    rows.weight.push_back(0.3 + static_cast<double>(i % 3));
  }
  for (const bool sparse : {false, true}) {
    const auto model = FitBlocks(Blocks(rows, 7, sparse));
    ASSERT_TRUE(model.ok());
    const std::vector<double> std = Dense(**model, "std");
    EXPECT_EQ(std[0], 0.0);
    EXPECT_EQ(std[1], 0.0);
    EXPECT_EQ(std[2], 0.0);
    EXPECT_EQ(Dense(**model, "mean")[0], 0.1);
  }
}

TEST(StandardScalerFit, FarFromZeroKeepsItsDigits) {
  RowsForTest rows;
  for (size_t i = 0; i < 600; ++i) {
    rows.features.push_back({1e9 + static_cast<double>(i % 3)});
    rows.label.push_back(0);
  }
  const auto model = FitBlocks(Blocks(rows, 4));
  // Values 0, 1, 2, two hundred times each: sum of squares 400, over 599.
  EXPECT_TRUE(Close(Dense(**model, "std")[0], std::sqrt(400.0 / 599), 1e-12));
}

struct Extreme {
  const char* name;
  std::vector<double> values;
  double mean, std;
};

// Means and standard deviations of stock Spark 4.3, of one partition (tests/parity has the script).
TEST(StandardScalerFit, NaNInfinitiesAndOverflowAreSparks) {
  const double nan = std::nan("");
  const double inf = std::numeric_limits<double>::infinity();
  const Extreme extremes[] = {{"nan", {nan, 2, 3}, nan, nan},
                              {"nan last", {1, 2, nan}, nan, nan},
                              {"infinity", {inf, 1, 2}, nan, nan},
                              {"infinity last", {1, 2, inf}, inf, nan},
                              {"infinities", {inf, -inf}, nan, nan},
                              {"infinity alone", {inf}, inf, 0},
                              {"nan alone", {nan}, nan, 0},
                              {"apart", {1e308, -1e308, 5e307}, nan, nan},
                              {"apart twice", {1e308, -1e308}, -inf, nan},
                              {"between", {0.1, 1e308, -1e308}, 0, inf},
                              {"one sign", {1e308, 5e307, 7e307}, 7.333333333333333e+307, nan},
                              {"equal", {1e308, 1e308, 1e308}, 1e308, nan},
                              {"spread only", {1e200, 3e200, -2e200}, 6.666666666666666e+199, nan},
                              {"tiny", {5e-324, 1e-320, 0}, 3.335e-321, 0},
                              {"zeros", {-0.0, 0.0, -0.0}, 0, 0},
                              {"far", {1e9, 1e9 + 1, 1e9 + 2}, 1000000001, 1}};
  const auto same = [](double a, double b) {
    return (std::isnan(a) && std::isnan(b)) || a == b || Close(a, b, 1e-13);
  };
  for (const Extreme& extreme : extremes) {
    for (const bool sparse : {false, true}) {
      RowsForTest rows;
      for (const double value : extreme.values) {
        rows.features.push_back({7, value});
        rows.label.push_back(0);
      }
      const auto model = FitBlocks(Blocks(rows, 1, sparse));
      ASSERT_TRUE(model.ok());
      const double mean = Dense(**model, "mean")[1];
      const double std = Dense(**model, "std")[1];
      EXPECT_TRUE(same(mean, extreme.mean)) << extreme.name << " " << mean;
      EXPECT_TRUE(same(std, extreme.std)) << extreme.name << " " << std;
      EXPECT_EQ(Dense(**model, "mean")[0], 7) << "its neighbour";
      EXPECT_EQ(Dense(**model, "std")[0], 0);
    }
  }
}

TEST(StandardScalerFit, WeightsOfRows) {
  RowsForTest rows = {{{1}, {2}, {4}, {kInfinityForTest}}, {0, 0, 0, 0}, {1, 2, 3, 0}};
  rows.features[3][0] = 100;
  const auto block = Blocks(rows, 1)[0];
  const Moments moments = Moments::Of(block);
  const double mean = (1 + 4 + 12) / 6.0;
  const double spread =
      std::pow(1 - mean, 2) + 2 * std::pow(2 - mean, 2) + 3 * std::pow(4 - mean, 2);
  EXPECT_TRUE(Close(moments.mean()[0], mean, 1e-15));
  EXPECT_TRUE(Close(moments.StandardDeviation()[0], std::sqrt(spread / (6 - 14.0 / 6)), 1e-15));
  EXPECT_EQ(moments.rows(), 3U);
  EXPECT_EQ(moments.weight(), 6.0);
}

TEST(StandardScalerFit, OneRowAndNone) {
  RowsForTest one = {{{1, 2}}, {0}, {}};
  const auto model = FitBlocks(Blocks(one, 1));
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(Dense(**model, "std"), (std::vector<double>{0, 0}));
  EXPECT_EQ(Dense(**model, "mean"), (std::vector<double>{1, 2}));
  const auto none = FitBlocks(Blocks(RowsForTest(), 2));
  EXPECT_TRUE(base::Is(none.status(), base::kIllegalArgument));
  EXPECT_EQ(base::Message(none.status()),
            "requirement failed: Nothing has been added to this summarizer.");
}

TEST(StandardScalerFit, SparseMeanAndStdAreCompressed) {
  RowsForTest rows = {{{1, 0, 0, 0, 0}, {2, 0, 0, 0, 0}}, {0, 0}, {}};
  const auto model = FitBlocks(Blocks(rows, 1));  // Spark: SparseVector(5, {0: 1.5})
  EXPECT_EQ(std::get<VectorValue>((*model)->Get("mean", {}).value()),
            table::SparseVector(5, {0}, {1.5}));
}

TEST(StandardScalerFit, PartitionsOfOtherWidthsAreRefused) {
  RowsForTest wide = {{{1, 2, 3}}, {0}, {}};
  RowsForTest narrow = {{{1, 2}}, {0}, {}};
  const auto model = FitBlocks({Blocks(wide, 1)[0], Blocks(narrow, 1)[0]});
  EXPECT_TRUE(base::Is(model.status(), base::kIllegalArgument));
}

TEST(StandardScalerTransform, IsSparks) {
  const auto table = MakeTable(
      {VectorColumn("features", {table::DenseVector({1, 2, 7}), table::DenseVector({3, 0, 7}),
                                 table::SparseVector(3, {2}, {7.0})})});
  const double s0 = std::sqrt(7.0 / 3);
  const double s1 = std::sqrt(4.0 / 3);
  const auto scaled = [&](bool with_mean, bool with_std) {
    const auto model =
        FitBlocks(Blocks(Three(), 1), {{"withMean", with_mean}, {"withStd", with_std}});
    const auto out = (*model)->Apply(table);
    EXPECT_TRUE(out.ok()) << base::Message(out.status());
    return VectorsOf(**out, "o");
  };
  auto rows = scaled(false, false);
  EXPECT_EQ(rows[0], table::DenseVector({1, 2, 7}));
  EXPECT_EQ(rows[2], table::SparseVector(3, {2}, {7.0}));
  rows = scaled(false, true);
  EXPECT_TRUE(Close(rows[0].values, {1 / s0, 2 / s1, 0}, 1e-15));
  EXPECT_EQ(rows[2], table::SparseVector(3, {2}, {0.0}));
  rows = scaled(true, false);
  EXPECT_TRUE(Close(rows[2].values, {-4.0 / 3, -2.0 / 3, 0}, 1e-15));
  EXPECT_TRUE(rows[2].dense);
  rows = scaled(true, true);
  EXPECT_TRUE(Close(rows[1].values, {5.0 / 3 / s0, -2.0 / 3 / s1, 0}, 1e-15));
}

TEST(StandardScalerTransform, DenseFormStaysDense) {
  const auto model = FitBlocks(Blocks(Three(), 1), {{"withMean", true}});
  const auto dense = (*model)->Apply(MakeTable({DenseVectorColumn("features", Three().features)}));
  ASSERT_TRUE(dense.ok());
  const auto field = (*dense)->schema()->GetFieldByName("o");
  EXPECT_EQ(field->type()->id(), arrow::Type::FIXED_SIZE_LIST);
  EXPECT_EQ(table::SparkMetadata(*field), "{\"ml_attr\":{\"num_attrs\":3}}");
  std::vector<std::optional<table::VectorValue>> rows;
  for (const auto& row : Three().features) rows.push_back(table::DenseVector(row));
  const auto any = (*model)->Apply(MakeTable({VectorColumn("features", rows)}));
  EXPECT_EQ(VectorsOf(**any, "o"), VectorsOf(**dense, "o"));
  const auto declared = (*model)->OutputSchema(
      *MakeTable({DenseVectorColumn("features", Three().features)})->schema());
  EXPECT_TRUE((*declared)->Equals(*(*dense)->schema(), true));
}

TEST(StandardScalerTransform, Refusals) {
  const auto model = FitBlocks(Blocks(Three(), 1));
  const auto text = [&model](const std::shared_ptr<arrow::Table>& table) {
    return base::Message((*model)->Apply(table).status());
  };
  EXPECT_NE(text(MakeTable({VectorColumn("features", {std::nullopt})})), "");
  EXPECT_NE(text(MakeTable({VectorColumn("features", {table::DenseVector({1})})})), "");
  EXPECT_NE(text(MakeTable({DenseVectorColumn("features", {{1}})})), "");
  EXPECT_EQ(text(MakeTable({VectorColumn("features", {table::DenseVector({1, 2, 3})}),
                            NumberColumn("o", {1.0})})),
            "requirement failed: Output column o already exists.");
  EXPECT_TRUE(base::Is((*model)->Get("variance", {}).status(), base::kMlAttribute));
}

TEST(StandardScalerModel, EncodingRoundTripsAndRefusesOthers) {
  const auto model = FitBlocks(Blocks(Three(), 1));
  const std::string bytes = (*model)->Encode();
  const auto back = DecodeTransformer(bytes);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ((*back)->Encode(), bytes);
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(DecodeTransformer(bytes.substr(0, n)).ok()) << n;
  }
}

TEST(Summarizer, PartialsRoundTripAndRefuseOthers) {
  RowsForTest rows = Three();
  rows.label = {0, 2, 2};
  const SummarizerKernel kernel(SummarizerKernel::Labels::kClasses);
  const std::string bytes = MapForTest(kernel, Blocks(rows, 1)[0]).value();
  const auto result = SummarizerResult::Decode(bytes);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->Encode(), bytes);
  EXPECT_EQ(result->Histogram(), (std::vector<double>{1, 0, 2}));
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(SummarizerResult::Decode(bytes.substr(0, n)).ok()) << n;
  }
  EXPECT_FALSE(kernel.Merge(std::vector<std::string>{"abc"}).ok());
}

}  // namespace
}  // namespace soteria::ml
