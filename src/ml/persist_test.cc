// MLlib's folders: what Spark 4.3 wrote is read, and what is written is Spark's, field by field.
// The metadata lines are those of stock Spark 4.3 (LogisticRegression().fit(...).write().save(dir)
// and the like), the data tables have the schema of its Parquet files.
#include "src/ml/persist.h"

#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/ml/catalog.h"
#include "src/ml/data_for_test.h"

namespace soteria::ml {
namespace {

constexpr char kModelClass[] = "org.apache.spark.ml.classification.LogisticRegressionModel";
constexpr char kModelMetadata[] =
    R"({"class":"org.apache.spark.ml.classification.LogisticRegressionModel","timestamp":1795508223270,"sparkVersion":"4.3.0","uid":"LogisticRegression_1c2e08952aeb","paramMap":{},"defaultParamMap":{"aggregationDepth":2,"elasticNetParam":0.0,"family":"auto","featuresCol":"features","fitIntercept":true,"labelCol":"label","maxBlockSizeInMB":0.0,"maxIter":100,"predictionCol":"prediction","probabilityCol":"probability","rawPredictionCol":"rawPrediction","regParam":0.0,"standardization":true,"threshold":0.5,"tol":1.0E-6}}
)";
constexpr char kScalerMetadata[] =
    R"({"class":"org.apache.spark.ml.feature.StandardScalerModel","timestamp":1795508225716,"sparkVersion":"4.3.0","uid":"StandardScaler_e8c6c4051e70","paramMap":{"inputCol":"features","outputCol":"scaled","withMean":true},"defaultParamMap":{"outputCol":"StandardScaler_e8c6c4051e70__output","withMean":false,"withStd":true}}
)";
constexpr char kAssemblerMetadata[] =
    R"({"class":"org.apache.spark.ml.feature.VectorAssembler","timestamp":1795508226304,"sparkVersion":"4.3.0","uid":"VectorAssembler_23748eac3c2a","paramMap":{"inputCols":["a","b"],"outputCol":"f"},"defaultParamMap":{"handleInvalid":"error","outputCol":"VectorAssembler_23748eac3c2a__output"}}
)";
constexpr char kEstimatorMetadata[] =
    R"({"class":"org.apache.spark.ml.classification.LogisticRegression","timestamp":1795508226639,"sparkVersion":"4.3.0","uid":"LogisticRegression_e54d90bca01b","paramMap":{"maxIter":7,"regParam":0.5},"defaultParamMap":{"aggregationDepth":2,"elasticNetParam":0.0,"family":"auto","featuresCol":"features","fitIntercept":true,"labelCol":"label","maxBlockSizeInMB":0.0,"maxIter":100,"predictionCol":"prediction","probabilityCol":"probability","rawPredictionCol":"rawPrediction","regParam":0.0,"standardization":true,"threshold":0.5,"tol":1.0E-6}}
)";
constexpr char kMulticlassMetadata[] =
    R"({"class":"org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator","timestamp":1795508720547,"sparkVersion":"4.3.0","uid":"MulticlassClassificationEvaluator_bcee5de42874","paramMap":{},"defaultParamMap":{"beta":1.0,"eps":1.0E-15,"labelCol":"label","metricLabel":0.0,"metricName":"f1","predictionCol":"prediction","probabilityCol":"probability"}}
)";
constexpr char kBinaryMetadata[] =
    R"({"class":"org.apache.spark.ml.evaluation.BinaryClassificationEvaluator","timestamp":1795508720150,"sparkVersion":"4.3.0","uid":"BinaryClassificationEvaluator_a115b00fea90","paramMap":{},"defaultParamMap":{"labelCol":"label","metricName":"areaUnderROC","numBins":1000,"rawPredictionCol":"rawPrediction"}}
)";
constexpr char kRegressionMetadata[] =
    R"({"class":"org.apache.spark.ml.evaluation.RegressionEvaluator","timestamp":1795508720673,"sparkVersion":"4.3.0","uid":"RegressionEvaluator_285739a865a6","paramMap":{},"defaultParamMap":{"labelCol":"label","metricName":"rmse","predictionCol":"prediction","throughOrigin":false}}
)";

constexpr char kBoundsMetadata[] =
    R"({"class":"org.apache.spark.ml.classification.LogisticRegression","timestamp":1795964094425,"sparkVersion":"4.3.0","uid":"LogisticRegression_abeaa182bb36","paramMap":{"lowerBoundsOnCoefficients":{"class":"matrix","type":1,"numRows":1,"numCols":5,"values":[-1.0,0.5,-2.0,-3.0,-1.0E10],"isTransposed":false},"lowerBoundsOnIntercepts":{"type":1,"values":[0.25]},"upperBoundsOnCoefficients":{"class":"matrix","type":0,"numRows":1,"numCols":5,"colPtrs":[0,1,1,1,1,1],"rowIndices":[0],"values":[3.0],"isTransposed":false},"upperBoundsOnIntercepts":{"type":0,"size":1,"indices":[0],"values":[4.0]}},"defaultParamMap":{"aggregationDepth":2,"elasticNetParam":0.0,"family":"auto","featuresCol":"features","fitIntercept":true,"labelCol":"label","maxBlockSizeInMB":0.0,"maxIter":100,"predictionCol":"prediction","probabilityCol":"probability","rawPredictionCol":"rawPrediction","regParam":0.0,"standardization":true,"threshold":0.5,"tol":1.0E-6}}
)";
constexpr char kInfiniteBoundMetadata[] =
    R"({"class":"org.apache.spark.ml.classification.LogisticRegression","timestamp":1795964096465,"sparkVersion":"4.3.0","uid":"LogisticRegression_8de806eb521d","paramMap":{"lowerBoundsOnIntercepts":{"type":1,"values":["-Infinity"]}},"defaultParamMap":{"aggregationDepth":2,"elasticNetParam":0.0,"family":"auto","featuresCol":"features","fitIntercept":true,"labelCol":"label","maxBlockSizeInMB":0.0,"maxIter":100,"predictionCol":"prediction","probabilityCol":"probability","rawPredictionCol":"rawPrediction","regParam":0.0,"standardization":true,"threshold":0.5,"tol":1.0E-6}}
)";
constexpr char kLinearMetadata[] =
    R"({"class":"org.apache.spark.ml.regression.LinearRegressionModel","timestamp":1795964078652,"sparkVersion":"4.3.0","uid":"LinearRegression_9918f25063ef","paramMap":{"regParam":0.1},"defaultParamMap":{"aggregationDepth":2,"elasticNetParam":0.0,"epsilon":1.35,"featuresCol":"features","fitIntercept":true,"labelCol":"label","loss":"squaredError","maxBlockSizeInMB":0.0,"maxIter":100,"predictionCol":"prediction","regParam":0.0,"solver":"auto","standardization":true,"tol":1.0E-6}}
)";
constexpr char kMultinomialMetadata[] =
    R"({"class":"org.apache.spark.ml.classification.LogisticRegressionModel","timestamp":1795964124241,"sparkVersion":"4.3.0","uid":"LogisticRegression_8f606c4ba1a3","paramMap":{"regParam":0.1},"defaultParamMap":{"aggregationDepth":2,"elasticNetParam":0.0,"family":"auto","featuresCol":"features","fitIntercept":true,"labelCol":"label","maxBlockSizeInMB":0.0,"maxIter":100,"predictionCol":"prediction","probabilityCol":"probability","rawPredictionCol":"rawPrediction","regParam":0.0,"standardization":true,"threshold":0.5,"tol":1.0E-6}}
)";

class FolderForTest : public FolderReader {
 public:
  base::StatusOr<std::string> Text(const std::string& dir) override {
    EXPECT_EQ(dir, "metadata");
    return metadata;
  }
  base::StatusOr<std::shared_ptr<arrow::Table>> Parquet(const std::string& dir) override {
    EXPECT_EQ(dir, "data");
    if (data == nullptr) return base::Fail(base::kPathNotFound, "Path does not exist: data");
    return data;
  }
  std::string metadata;
  std::shared_ptr<arrow::Table> data;
};

std::shared_ptr<arrow::Array> Ints(int32_t value) {
  return std::make_shared<arrow::Int32Array>(
      1, arrow::Buffer::FromVector(std::vector<int32_t>{value}));
}

/// As Spark's Parquet file has it.
std::shared_ptr<arrow::Table> SparkModelTable(bool multinomial = false, int32_t features = 2) {
  table::MatrixValue matrix;
  matrix.num_rows = 1;
  matrix.num_cols = 2;
  matrix.values = {5.682020674813531, -0.19634754525106174};
  matrix.transposed = true;
  return MakeTable(
      {{arrow::field("numClasses", arrow::int32(), false), Ints(2)},
       {arrow::field("numFeatures", arrow::int32(), false), Ints(features)},
       VectorColumn("interceptVector", {table::DenseVector({135.4858675776791})}),
       {table::MatrixField("coefficientMatrix", true), table::MatrixColumn({&matrix, 1}).value()},
       {arrow::field("isMultinomial", arrow::boolean(), false),
        std::make_shared<arrow::BooleanArray>(1, arrow::Buffer::FromVector(std::vector<uint8_t>{
                                                     multinomial ? uint8_t{1} : uint8_t{0}}))}});
}

const SavedFile& FileOf(const std::vector<SavedFile>& files, const std::string& relative) {
  for (const SavedFile& file : files) {
    if (file.relative == relative) return file;
  }
  ADD_FAILURE() << "no " << relative;
  return files[0];
}

TEST(Persist, SparksLogisticModelLoadsAndSavesAsItself) {
  FolderForTest folder;
  folder.metadata = kModelMetadata;
  folder.data = SparkModelTable();
  const auto loaded = Load(kModelClass, folder);
  ASSERT_TRUE(loaded.ok()) << base::Message(loaded.status());
  EXPECT_EQ(loaded->uid, "LogisticRegression_1c2e08952aeb");
  EXPECT_EQ(loaded->class_name, kModelClass);
  EXPECT_TRUE(loaded->params.empty());
  ASSERT_NE(loaded->model, nullptr);
  EXPECT_EQ(std::get<double>(loaded->model->Get("intercept", {}).value()), 135.4858675776791);
  EXPECT_EQ(loaded->model->summary(), nullptr);

  const auto files = Save(*loaded->transformer, 1795508223270);
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(files->size(), 4U);
  EXPECT_EQ(FileOf(*files, "metadata/part-00000").bytes, kModelMetadata);
  EXPECT_EQ(FileOf(*files, "metadata/_SUCCESS").bytes, "");
  EXPECT_EQ(FileOf(*files, "data/_SUCCESS").bytes, "");
  const auto& data = FileOf(*files, "data/part-00000.parquet").table;
  ASSERT_NE(data, nullptr);
  EXPECT_TRUE(data->schema()->Equals(*SparkModelTable()->schema(), /*check_metadata=*/true))
      << data->schema()->ToString();
  EXPECT_TRUE(data->Equals(*SparkModelTable()));
}

TEST(Persist, SparksMultinomialModelLoadsAndSavesAsItself) {
  table::MatrixValue matrix;
  matrix.dense = false;
  matrix.num_rows = 3;
  matrix.num_cols = 5;
  matrix.col_ptrs = {0, 1, 1, 2, 2, 2};
  matrix.row_indices = {2, 0};
  matrix.values = {0.5, -1.25};
  FolderForTest folder;
  folder.metadata = kMultinomialMetadata;
  folder.data = MakeTable(
      {{arrow::field("numClasses", arrow::int32(), false), Ints(3)},
       {arrow::field("numFeatures", arrow::int32(), false), Ints(5)},
       VectorColumn("interceptVector", {table::DenseVector({0.5, -0.25, -0.25})}),
       {table::MatrixField("coefficientMatrix", true), table::MatrixColumn({&matrix, 1}).value()},
       {arrow::field("isMultinomial", arrow::boolean(), false),
        std::make_shared<arrow::BooleanArray>(
            1, arrow::Buffer::FromVector(std::vector<uint8_t>{uint8_t{1}}))}});
  const auto loaded = Load(kModelClass, folder);
  ASSERT_TRUE(loaded.ok()) << base::Message(loaded.status());
  EXPECT_EQ(std::get<MatrixValue>(*loaded->model->Get("coefficientMatrix", {})), matrix);
  EXPECT_EQ(std::get<int64_t>(*loaded->model->Get("numClasses", {})), 3);
  const auto at = nlohmann::json::parse(folder.metadata)["timestamp"].get<int64_t>();
  const auto files = Save(*loaded->transformer, at);
  EXPECT_EQ(FileOf(*files, "metadata/part-00000").bytes, kMultinomialMetadata);
  EXPECT_TRUE(FileOf(*files, "data/part-00000.parquet").table->Equals(*folder.data));
}

TEST(Persist, SparksLinearModelLoadsAndSavesAsItself) {
  constexpr char kLinearClass[] = "org.apache.spark.ml.regression.LinearRegressionModel";
  const auto table = [](const VectorValue& coefficients) {
    const auto number = [](const char* name, double value) {
      return ColumnForTest{arrow::field(name, arrow::float64(), false), DoubleArray({value})};
    };
    return MakeTable({number("intercept", 1.5), VectorColumn("coefficients", {coefficients}),
                      number("scale", 2.25)});
  };
  for (const VectorValue& coefficients :
       {table::DenseVector({1, 2, 3}), table::SparseVector(9, {4}, {-0.5})}) {
    FolderForTest folder;
    folder.metadata = kLinearMetadata;
    folder.data = table(coefficients);
    const auto loaded = Load(kLinearClass, folder);
    ASSERT_TRUE(loaded.ok()) << base::Message(loaded.status());
    EXPECT_EQ(std::get<VectorValue>(*loaded->model->Get("coefficients", {})), coefficients);
    EXPECT_EQ(std::get<double>(*loaded->model->Get("scale", {})), 2.25);
    EXPECT_EQ(loaded->model->summary(), nullptr);
    const auto at = nlohmann::json::parse(folder.metadata)["timestamp"].get<int64_t>();
    const auto files = Save(*loaded->transformer, at);
    EXPECT_EQ(FileOf(*files, "metadata/part-00000").bytes, kLinearMetadata);
    const auto& data = FileOf(*files, "data/part-00000.parquet").table;
    EXPECT_TRUE(data->schema()->Equals(*folder.data->schema(), /*check_metadata=*/true));
    EXPECT_TRUE(data->Equals(*folder.data));
    for (int i = 0; i < 3; ++i) {
      folder.data = table(coefficients)->RemoveColumn(i).ValueOrDie();
      EXPECT_TRUE(base::Is(Load(kLinearClass, folder).status(), base::kProtocol));
    }
  }
}

TEST(Persist, BoundsAreRead) {
  constexpr char kEstimatorClass[] = "org.apache.spark.ml.classification.LogisticRegression";
  FolderForTest folder;
  folder.metadata = kBoundsMetadata;
  const auto loaded = Load(kEstimatorClass, folder);
  ASSERT_TRUE(loaded.ok()) << base::Message(loaded.status());
  const auto& lower = std::get<MatrixValue>(loaded->params.at("lowerBoundsOnCoefficients"));
  EXPECT_EQ(lower.values, (std::vector<double>{-1, 0.5, -2, -3, -1e10}));
  EXPECT_EQ(std::get<VectorValue>(loaded->params.at("upperBoundsOnIntercepts")),
            table::SparseVector(1, {0}, {4.0}));
  folder.metadata = kInfiniteBoundMetadata;
  EXPECT_EQ(
      std::get<VectorValue>(Load(kEstimatorClass, folder)->params.at("lowerBoundsOnIntercepts")),
      table::DenseVector({-kInfinityForTest}));
  const std::string good = R"({"type":1,"values":["-Infinity"]})";
  const auto refused = [&](const std::string& value) {
    folder.metadata = kInfiniteBoundMetadata;
    folder.metadata.replace(folder.metadata.find(good), good.size(), value);
    return !Load(kEstimatorClass, folder).ok();
  };
  EXPECT_FALSE(refused(R"({"type":1,"values":[2]})"));
  for (
      const char* bad :
      {R"({"type":1})", R"({"type":2,"values":[1]})", R"({"values":[1]})", R"([1])", R"({})",
       R"({"type":0,"size":1,"indices":[1],"values":[1]})",
       R"({"type":0,"size":-1,"indices":[],"values":[]})",
       R"({"type":0,"size":2,"indices":[0.5],"values":[1]})", R"({"type":1,"values":["x"]})",
       R"({"class":"matrix","type":1,"numRows":1,"numCols":1,"values":[1],"isTransposed":false})"}) {
    EXPECT_TRUE(refused(bad)) << bad;
  }
}

TEST(Persist, SparksScalerModelLoadsAndSavesAsItself) {
  FolderForTest folder;
  folder.metadata = kScalerMetadata;
  folder.data = MakeTable({VectorColumn("std", {table::DenseVector({3.5, 4.25})}),
                           VectorColumn("mean", {table::SparseVector(2, {0}, {1.5})})});
  const auto loaded = Load("org.apache.spark.ml.feature.StandardScalerModel", folder);
  ASSERT_TRUE(loaded.ok()) << base::Message(loaded.status());
  EXPECT_EQ(loaded->params.size(), 3U);
  const auto files = Save(*loaded->transformer, 1795508225716);
  EXPECT_EQ(FileOf(*files, "metadata/part-00000").bytes, kScalerMetadata);
  EXPECT_TRUE(FileOf(*files, "data/part-00000.parquet").table->Equals(*folder.data));
}

TEST(Persist, StagesThatAreOnlyParamsRoundTrip) {
  for (const std::string metadata :
       {kAssemblerMetadata, kEstimatorMetadata, kBoundsMetadata, kInfiniteBoundMetadata,
        kMulticlassMetadata, kBinaryMetadata, kRegressionMetadata}) {
    FolderForTest folder;
    folder.metadata = metadata;
    const auto json = nlohmann::json::parse(metadata);
    const auto loaded = Load(json["class"].get<std::string>(), folder);
    ASSERT_TRUE(loaded.ok()) << base::Message(loaded.status());
    const ClassInfo* info = FindClass(loaded->class_name).value();
    EXPECT_EQ(loaded->transformer != nullptr, info->kind == ClassKind::kTransformer);
    EXPECT_EQ(loaded->model, nullptr);
    const auto params = Params::Make(*info, loaded->uid, loaded->params);
    const auto files = SaveParams(*params, json["timestamp"].get<int64_t>());
    ASSERT_TRUE(files.ok());
    EXPECT_EQ(FileOf(*files, "metadata/part-00000").bytes, metadata);
  }
}

TEST(Persist, NumbersThatJsonLacks) {
  const auto params =
      Params::Make(*FindClass(kModelClass).value(), "lr", {{"tol", kInfinityForTest}});
  const auto files = SaveParams(*params, 0);
  EXPECT_NE(FileOf(*files, "metadata/part-00000").bytes.find("\"tol\":\"Inf\""), std::string::npos);
  FolderForTest folder;
  folder.metadata = FileOf(*files, "metadata/part-00000").bytes;
  folder.data = SparkModelTable();
  EXPECT_EQ(std::get<double>(Load(kModelClass, folder)->params.at("tol")), kInfinityForTest);
}

TEST(Persist, RefusesOtherFolders) {
  const auto load = [](const std::string& metadata, std::shared_ptr<arrow::Table> data) {
    FolderForTest folder;
    folder.metadata = metadata;
    folder.data = std::move(data);
    return Load(kModelClass, folder).status();
  };
  const auto good = SparkModelTable();
  EXPECT_TRUE(load(kModelMetadata, good).ok());
  const base::Status other = load(kScalerMetadata, good);
  EXPECT_EQ(base::Message(other),
            "requirement failed: Error loading metadata: Expected class name"
            " org.apache.spark.ml.classification.LogisticRegressionModel but found class name"
            " org.apache.spark.ml.feature.StandardScalerModel");
  EXPECT_TRUE(base::QuotesData(other));  // a script can write such a file from rows (I3)
  EXPECT_TRUE(base::Is(load(kModelMetadata, nullptr), base::kPathNotFound));
  for (const char* metadata : {"", "{", "[]", "7", "{\"class\":7}", "{\"class\":\"x\"}",
                               "{\"class\":\"x\",\"uid\":\"u\",\"paramMap\":[]}"}) {
    EXPECT_TRUE(base::Is(load(metadata, good), base::kProtocol)) << metadata;
  }
  EXPECT_TRUE(base::Is(load(std::string(100'000, '['), good), base::kProtocol));
  EXPECT_TRUE(base::Is(load(std::string(kMetadataBytesMax + 1, ' '), good), base::kProtocol));
  const auto with_params = [](const std::string& params) {
    return std::string("{\"class\":\"") + kModelClass + "\",\"uid\":\"u\",\"paramMap\":" + params +
           "}";
  };
  EXPECT_TRUE(load(with_params("{\"maxIter\":3}"), good).ok());
  EXPECT_TRUE(base::QuotesData(load(with_params("{\"maxIter\":-3}"), good)));
  EXPECT_FALSE(load(with_params("{\"maxIter\":\"3\"}"), good).ok());
  EXPECT_FALSE(load(with_params("{\"maxIter\":99999999999999999999}"), good).ok());
  EXPECT_FALSE(load(with_params("{\"thresholds\":[1,\"x\"]}"), good).ok());
  EXPECT_TRUE(base::QuotesData(load(with_params("{\"nothing\":3}"), good)));
}

TEST(Persist, RefusesOtherTables) {
  const auto load = [](std::shared_ptr<arrow::Table> data) {
    FolderForTest folder;
    folder.metadata = kModelMetadata;
    folder.data = std::move(data);
    return Load(kModelClass, folder).status();
  };
  EXPECT_TRUE(base::Is(load(SparkModelTable(/*multinomial=*/true)), base::kProtocol));
  EXPECT_TRUE(base::Is(load(SparkModelTable(false, 3)), base::kProtocol));
  const auto good = SparkModelTable();
  EXPECT_TRUE(base::Is(load(good->Slice(0, 0)), base::kProtocol));
  for (int i = 0; i < good->num_columns(); ++i) {
    EXPECT_TRUE(base::Is(load(good->RemoveColumn(i).ValueOrDie()), base::kProtocol)) << i;
    const auto swapped = good->SetColumn(i, arrow::field(good->field(i)->name(), arrow::float64()),
                                         std::make_shared<arrow::ChunkedArray>(NumberArray({1.0})))
                             .ValueOrDie();
    EXPECT_TRUE(base::Is(load(swapped), base::kProtocol)) << i;
  }
}

}  // namespace
}  // namespace soteria::ml
