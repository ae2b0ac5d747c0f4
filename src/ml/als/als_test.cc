// ALS against stock Spark 4.3 (testdata/als_reference.json), over any number of partitions, and
// what it refuses.
#include <gtest/gtest.h>

#include "src/base/errors.h"
#include "src/ml/als/data_for_test.h"
#include "src/ml/als/kernels.h"
#include "src/ml/als/ratings.h"
#include "src/ml/als/recommend.h"
#include "src/ml/catalog.h"

namespace soteria::ml {
namespace {

constexpr char kModelMetadata[] =
    R"({"class":"org.apache.spark.ml.recommendation.ALSModel","timestamp":1795508223270,"sparkVersion":"4.3.0","uid":"ALS_48e26729be10","paramMap":{"blockSize":4096},"defaultParamMap":{"blockSize":4096,"coldStartStrategy":"nan","itemCol":"item","predictionCol":"prediction","userCol":"user"},"rank":2}
)";

/// Factors as rows of numbers, id first, against Spark's.
void ExpectFactors(const Factors& factors, const nlohmann::json& spark, const std::string& what) {
  ASSERT_EQ(factors.size(), spark.size()) << what;
  for (size_t i = 0; i < factors.size(); ++i) {
    ASSERT_EQ(factors.ids[i], spark[i][0].get<int32_t>()) << what << " row " << i;
    double norm = 0;
    for (int32_t k = 0; k < factors.rank; ++k) {
      norm = std::max(norm, std::abs(spark[i][static_cast<size_t>(k) + 1].get<double>()));
    }
    for (int32_t k = 0; k < factors.rank; ++k) {
      EXPECT_NEAR(factors.row(i)[k], spark[i][static_cast<size_t>(k) + 1].get<double>(),
                  2e-6 * std::max(norm, 0.1))
          << what << " row " << i;
    }
  }
}

/// One rating a row, whose columns may be of any type.
std::shared_ptr<arrow::Table> OneRating(const std::shared_ptr<arrow::Array>& user,
                                        std::optional<double> rating = 1.0) {
  return MakeTable({{arrow::field("user", user->type()), user},
                    {arrow::field("item", arrow::int32()), IntsForTest({1})},
                    NumberColumn("rating", {rating})});
}

base::Status FitOne(const std::shared_ptr<arrow::Table>& table, const ParamMap& params = {}) {
  SOTERIA_ASSIGN_OR_RETURN(Params made, Params::Make(AlsInfo(), "als_1", params));
  const Als als(std::move(made));
  SOTERIA_RETURN_IF_ERROR(als.CheckInput(*table->schema()));
  WorkForTest work(std::vector<std::shared_ptr<arrow::Table>>{table});
  return als.Fit(work).status();
}

std::shared_ptr<const AlsModel> SmallModel(const ParamMap& params = {}) {
  Factors users{2, {7, -3, 40}, {1, 0, 0, 1, 2, 2}};
  Factors items{2, {5, 100, 1, 2}, {1, 1, 2, 0, 0, 3, 1, 1}};
  return AlsModel::Make(Params::Make(AlsModelInfo(), "ALS_1", params).value(), std::move(users),
                        std::move(items))
      .value();
}

class FolderForTest : public FolderReader {
 public:
  base::StatusOr<std::string> Text(const std::string&) override { return metadata; }
  base::StatusOr<std::shared_ptr<arrow::Table>> Parquet(const std::string& dir) override {
    if (!tables.contains(dir)) return base::Fail(base::kPathNotFound, "no " + dir);
    return tables[dir];
  }
  std::string metadata = kModelMetadata;
  std::map<std::string, std::shared_ptr<arrow::Table>> tables;
};

TEST(AlsFit, FactorsAreSparks) {
  for (const auto& [name, spark] : AlsReference().items()) {
    const auto model = FitAls(RatingsWork(RatingsForTest(), 2), ParamsOf(spark["params"]));
    ASSERT_TRUE(model.ok()) << name << ": " << base::Message(model.status());
    ExpectFactors((*model)->data().users, spark["users"], name + " users");
    ExpectFactors((*model)->data().items, spark["items"], name + " items");
  }
}

TEST(AlsFit, PartitionsDoNotMatter) {
  const ParamMap params = {{"rank", int64_t{3}}, {"maxIter", int64_t{2}}, {"implicitPrefs", true}};
  const auto one = FitAls(RatingsWork(RatingsForTest(), 1), params);
  ASSERT_TRUE(one.ok());
  for (const size_t partitions : std::vector<size_t>{1, 5, 8, 200}) {
    const auto other = FitAls(RatingsWork(RatingsForTest(), partitions), params);
    ASSERT_TRUE(other.ok());
    EXPECT_EQ((*one)->Encode(), (*other)->Encode()) << partitions;
  }
}

TEST(AlsFit, RatingsOfOnePairAddUp) {
  // Two ratings of a pair, and each of their halves: MLlib counts both for lambda.
  const auto model = FitAls(RatingsWork({{1, 1, 1}, {1, 1, 3}, {2, 1, 2}}, 1),
                            {{"rank", int64_t{1}}, {"maxIter", int64_t{1}}, {"regParam", 0.5}});
  ASSERT_TRUE(model.ok());
  const double v = static_cast<double>((*model)->data().items.values[0]);
  const auto user = (*model)->data().user_index.Find(1);
  EXPECT_NEAR((*model)->data().users.row(user)[0], 4 * v / (2 * v * v + 2 * 0.5), 1e-6);
}

TEST(AlsFit, IdsThatAreNoIntegersAreRefused) {
  struct Case {
    std::shared_ptr<arrow::Array> user;
    std::string text;
  };
  const auto longs = [](int64_t value) {
    return std::make_shared<arrow::Int64Array>(
        1, arrow::Buffer::FromVector(std::vector<int64_t>{value}));
  };
  const std::string no_integer =
      "ALS only supports non-Null values in Integer range and without fractional part for column "
      "user, but got ";
  const auto overflow = [](const std::string& value, const std::string& type) {
    return "The value " + value + " of the type \"" + type +
           "\" cannot be cast to \"INT\" due to an overflow. Use `try_cast` to tolerate overflow "
           "and return NULL instead.";
  };
  for (const Case& c :
       std::vector<Case>{{NumberArray({1.5}), no_integer + "1.5"},
                         {NumberArray({kNanForTest}), overflow("NaN", "DOUBLE")},
                         {NumberArray({kInfinityForTest}), overflow("Infinity", "DOUBLE")},
                         {NumberArray({3e9}), overflow("3.0E9D", "DOUBLE")},
                         {NumberArray({2147483647.5}), no_integer + "2.1474836475E9"},
                         {longs(3000000000), overflow("3000000000L", "BIGINT")},
                         {longs(-2147483649), overflow("-2147483649L", "BIGINT")},
                         {std::make_shared<arrow::Int32Array>(
                              1, arrow::Buffer::FromVector(std::vector<int32_t>{1}),
                              arrow::Buffer::FromVector(std::vector<uint8_t>{0}), 1),
                          "user Ids MUST NOT be Null"}}) {
    const base::Status status = FitOne(OneRating(c.user));
    EXPECT_EQ(base::Message(status), c.text);
    EXPECT_TRUE(base::QuotesData(status)) << c.text;
  }
  for (const auto& fine : {longs(-2147483648), longs(2147483647)}) {
    EXPECT_TRUE(FitOne(OneRating(fine)).ok());
  }
  EXPECT_TRUE(FitOne(OneRating(NumberArray({-2147483648.0}))).ok());
}

TEST(AlsFit, OtherInputsAreRefused) {
  const auto user = IntsForTest({1});
  EXPECT_EQ(base::Message(FitOne(OneRating(user, std::nullopt))),
            "Ratings MUST NOT be Null or NaN");
  EXPECT_EQ(base::Message(FitOne(OneRating(user, kNanForTest))), "Ratings MUST NOT be Null or NaN");
  EXPECT_EQ(base::Message(FitOne(OneRating(user)->Slice(0, 0))),
            "requirement failed: No ratings available from the input");
  EXPECT_EQ(base::Message(FitOne(OneRating(user), {{"ratingCol", std::string("rate")}})),
            "No such struct field `rate` in `user`, `item`, `rating`.");
  EXPECT_EQ(base::Message(FitOne(OneRating(user), {{"predictionCol", std::string("item")}})),
            "requirement failed: Column item already exists.");
  EXPECT_TRUE(base::Is(FitOne(OneRating(user), {{"rank", int64_t{5000}}}), base::kUnsupported));
  EXPECT_TRUE(
      base::Is(FitOne(OneRating(user), {{"numItemBlocks", int64_t{70000}}}), base::kUnsupported));
  EXPECT_TRUE(FitOne(OneRating(user)).ok());
}

TEST(AlsFit, AnEquationWithoutASolutionIsRefused) {
  // Two unknowns, one rating, no regularisation.
  const base::Status status =
      FitOne(OneRating(IntsForTest({1})), {{"rank", int64_t{2}}, {"regParam", 0.0}});
  EXPECT_EQ(base::Message(status),
            "LAPACK.dppsv returned 2 because A is not positive definite. Is A derived from a "
            "singular matrix (e.g. collinear column values)?");
}

TEST(AlsFit, EndsWhenItIsCalledOff) {
  WorkForTest work = RatingsWork(RatingsForTest(), 2);
  work.cancel_at = 2;
  EXPECT_TRUE(base::Is(FitAls(std::move(work), {}).status(), base::kCancelled));
}

TEST(AlsParams, AreMllibs) {
  const auto refused = [](const std::string& name, ParamValue value) {
    return !Params::Make(AlsInfo(), "als_1", {{name, std::move(value)}}).ok();
  };
  EXPECT_TRUE(refused("rank", int64_t{0}));
  EXPECT_TRUE(refused("numUserBlocks", int64_t{0}));
  EXPECT_TRUE(refused("alpha", -1.0));
  EXPECT_TRUE(refused("checkpointInterval", int64_t{0}));
  EXPECT_TRUE(refused("coldStartStrategy", std::string("keep")));
  EXPECT_FALSE(refused("coldStartStrategy", std::string("DROP")));
  EXPECT_TRUE(refused("intermediateStorageLevel", std::string("NONE")));
  EXPECT_FALSE(refused("finalStorageLevel", std::string("NONE")));
  EXPECT_FALSE(refused("finalStorageLevel", std::string("MEMORY_ONLY_SER_2")));
  const auto params = Params::Make(AlsInfo(), "als_1", {}).value();
  EXPECT_EQ(params.Int("seed"), 1994790107);
}

TEST(AlsTransform, IsSparks) {
  const auto& spark = AlsReference()["blocks"];
  const auto model = FitAls(RatingsWork(RatingsForTest(), 2), ParamsOf(spark["params"])).value();
  const auto ratings = RatingsForTest();
  auto sorted = ratings;
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return std::pair(a.user, a.item) < std::pair(b.user, b.item);
  });
  const auto out = model->Apply(RatingsTable(sorted, 0, 30));
  ASSERT_TRUE(out.ok());
  const auto predictions = DoublesOf(**out, "prediction");
  for (size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(sorted[i].user, spark["predicted"][i][0].get<int32_t>());
    EXPECT_NEAR(predictions[i], spark["predicted"][i][2].get<double>(), 5e-6);
  }
}

TEST(AlsTransform, UnknownIdsAreNanOrDropped) {
  const auto table =
      MakeTable({NumberColumn("item", {1.0, 5.0, 6.0, 5.0}),
                 {arrow::field("user", arrow::int32()), IntsForTest({7, 8, -3, 40})}});
  const auto out = SmallModel()->Apply(table).value();
  EXPECT_TRUE(Close(DoublesOf(*out, "prediction"), {0, kNanForTest, kNanForTest, 4}, 0));
  EXPECT_EQ(out->schema()->field(0)->type()->id(), arrow::Type::INT32) << "ids become integers";
  const auto declared = SmallModel()->OutputSchema(*table->schema()).value();
  EXPECT_TRUE(declared->Equals(*out->schema()));
  const auto dropped =
      SmallModel({{"coldStartStrategy", std::string("Drop")}})->Apply(table).value();
  EXPECT_TRUE(Close(DoublesOf(*dropped, "prediction"), {0, 4}, 0));
  EXPECT_EQ(DoublesOf(*dropped, "user"), (std::vector<double>{7, 40}));
}

TEST(AlsTransform, InputsAreChecked) {
  const auto text = [](const std::shared_ptr<arrow::Table>& table) {
    return base::Message(SmallModel()->Apply(table).status());
  };
  EXPECT_EQ(text(OneRating(NumberArray({std::nullopt}))), "null");
  EXPECT_EQ(text(MakeTable({NumberColumn("user", {1}), NumberColumn("item", {1}),
                            NumberColumn("prediction", {1})})),
            "requirement failed: Column prediction already exists.");
  EXPECT_EQ(text(MakeTable({NumberColumn("user", {1})})), "No such struct field `item` in `user`.");
}

TEST(AlsModel, RecommendationsAreSparks) {
  const auto& spark = AlsReference()["blocks"];
  const auto model = FitAls(RatingsWork(RatingsForTest(), 2), ParamsOf(spark["params"])).value();
  const auto table = model->Rows("recommendForAllUsers", {int64_t{3}}).value();
  ASSERT_EQ(static_cast<size_t>(table->num_rows()), spark["recommended"].size());
  const auto& users = static_cast<const arrow::Int32Array&>(*table->column(0)->chunk(0));
  const auto& lists = static_cast<const arrow::ListArray&>(*table->column(1)->chunk(0));
  const auto& pairs = static_cast<const arrow::StructArray&>(*lists.values());
  const auto& items = static_cast<const arrow::Int32Array&>(*pairs.field(0));
  const auto& ratings = static_cast<const arrow::FloatArray&>(*pairs.field(1));
  std::map<int32_t, nlohmann::json> by_user;
  for (const auto& row : spark["recommended"]) by_user[row[0].get<int32_t>()] = row;
  for (int64_t i = 0; i < table->num_rows(); ++i) {
    ASSERT_EQ(lists.value_length(i), 3);
    for (int32_t j = 0; j < 3; ++j) {
      const auto& pair = by_user[users.Value(i)][static_cast<size_t>(j) + 1];
      EXPECT_EQ(items.Value(lists.value_offset(i) + j), pair[0].get<int32_t>());
      EXPECT_NEAR(ratings.Value(lists.value_offset(i) + j), pair[1].get<double>(), 5e-6);
    }
  }
}

TEST(AlsModel, RecommendsTheBestOfManyAndTiesByTheLargerId) {
  Factors own{1, {1, 2}, {1, -1}};
  Factors others{1, {}, {}};
  for (int32_t i = 0; i < 101; ++i) {
    others.ids.push_back(i);
    others.values.push_back(static_cast<float>(i / 2));
  }
  const auto schema = RecommendationsSchema("user", "item");
  const auto ids = [&](int64_t count, uint32_t row) {
    const auto table = Recommend(own, {row}, others, count, schema).value();
    const auto& lists = static_cast<const arrow::ListArray&>(*table->column(1)->chunk(0));
    const auto& pairs = static_cast<const arrow::StructArray&>(*lists.values());
    const auto& items = static_cast<const arrow::Int32Array&>(*pairs.field(0));
    return std::vector<int32_t>(items.raw_values(), items.raw_values() + items.length());
  };
  EXPECT_EQ(ids(4, 0), (std::vector<int32_t>{100, 99, 98, 97}));
  EXPECT_EQ(ids(3, 1), (std::vector<int32_t>{1, 0, 3}));
  EXPECT_EQ(ids(1000, 0).size(), 101U);
  others.values[50] = std::numeric_limits<float>::quiet_NaN();  // as Java orders it
  EXPECT_EQ(ids(2, 0), (std::vector<int32_t>{50, 100}));
}

TEST(AlsModel, AttributesAndArguments) {
  const auto model = SmallModel();
  EXPECT_EQ(std::get<int64_t>(model->Get("rank", {}).value()), 2);
  EXPECT_EQ(std::get<std::string>(model->Get("toString", {}).value()),
            "ALSModel: uid=ALS_1, rank=2");
  EXPECT_EQ(model->bytes(), 7U * 3 * 4);
  EXPECT_TRUE(base::Is(model->Get("userFactors", {}).status(), base::kMlAttribute));
  EXPECT_EQ(model->Rows("itemFactors", {}).value()->num_rows(), 4);
  EXPECT_EQ(model->RowsSchema("summary", {}).value(), nullptr);
  EXPECT_EQ(base::Message(model->RowsSchema("recommendForAllUsers", {int64_t{0}}).status()),
            "Failed preparing of the function `collect_top_k` for call. Please, double check "
            "function's arguments.");
  EXPECT_FALSE(model->RowsSchema("recommendForAllItems", {}).ok());
  EXPECT_EQ(model->RowsSchema("recommendForAllItems", {int64_t{1}}).value()->field(0)->name(),
            "item");
}

TEST(AlsModel, SubsetsTakeEachKnownIdOnce) {
  const auto model = SmallModel();
  EXPECT_EQ(model->TableColumn("recommendForUserSubset", {int64_t{2}}).value(), "user");
  EXPECT_EQ(model->TableColumn("recommendForItemSubset", {int64_t{2}}).value(), "item");
  EXPECT_EQ(model->TableColumn("recommendForAllUsers", {int64_t{2}}).value(), std::nullopt);
  const auto made = model->RowsOver("recommendForUserSubset", {int64_t{2}}).value();
  const auto subset = DecodeTransformer(made->Encode()).value();
  EXPECT_EQ(subset->Encode(), made->Encode());
  const auto ids = MakeTable({NumberColumn(
      "id", {40, 7.5, std::nullopt, -3, 40, 2147483648.0, kNanForTest, kInfinityForTest, 9})});
  const auto rows = subset->Apply(ids).value();
  EXPECT_EQ(DoublesOf(*rows, "user"), (std::vector<double>{40, -3}));
  EXPECT_TRUE(subset->OutputSchema(*ids->schema()).value()->Equals(*rows->schema()));
  const auto texts = arrow::schema({arrow::field("id", arrow::utf8())});
  EXPECT_TRUE(base::Is(subset->OutputSchema(*texts).status(), base::kUnsupported));
  EXPECT_EQ(subset->Apply(ids->Slice(0, 0)).value()->num_rows(), 0);
}

TEST(AlsModel, EncodingRoundTripsAndRefusesOthers) {
  const std::string bytes = SmallModel()->Encode();
  EXPECT_EQ(DecodeTransformer(bytes).value()->Encode(), bytes);
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(DecodeTransformer(bytes.substr(0, n)).ok()) << n;
  }
  Factors users{2, {1}, {1, 2}};
  Factors items{1, {1}, {1}};
  EXPECT_FALSE(AlsModel::Make(SmallModel()->params(), users, items).ok());
}

TEST(AlsPersistence, SparksFolderLoadsAndIsWrittenAgain) {
  FolderForTest folder;
  folder.tables["userFactors"] = SmallModel()->data().users.ToTable().value();
  folder.tables["itemFactors"] = SmallModel()->data().items.ToTable().value();
  const auto loaded = Load("org.apache.spark.ml.recommendation.ALSModel", folder);
  ASSERT_TRUE(loaded.ok()) << base::Message(loaded.status());
  const auto files = Save(*loaded->model, 1795508223270).value();
  EXPECT_EQ(files[0].bytes, kModelMetadata);
  const auto of_file = [](Factors factors) {
    factors.from_file = true;  // so that its columns may be null, as Spark says of any file's
    return factors.ToTable().value();
  };
  const std::map<std::string, std::shared_ptr<arrow::Table>> expected = {
      {"userFactors", of_file(SmallModel()->data().users)},
      {"itemFactors", of_file(SmallModel()->data().items)}};
  size_t tables = 0;
  for (const SavedFile& file : files) {
    if (file.table == nullptr) continue;
    ++tables;
    const std::string directory = file.relative.substr(0, file.relative.find('/'));
    EXPECT_TRUE(file.table->Equals(*expected.at(directory))) << file.relative;
  }
  EXPECT_EQ(tables, 2U);
}

TEST(AlsPersistence, OtherFoldersAreRefused) {
  const auto status = [](FolderForTest folder) {
    return Load("org.apache.spark.ml.recommendation.ALSModel", folder).status();
  };
  FolderForTest folder;
  folder.tables["userFactors"] = SmallModel()->data().users.ToTable().value();
  EXPECT_TRUE(base::Is(status(folder), base::kPathNotFound));
  folder.tables["itemFactors"] = SmallModel()->data().items.ToTable().value();
  EXPECT_TRUE(status(folder).ok());
  folder.tables["itemFactors"] = Factors{3, {1}, {1, 2, 3}}.ToTable().value();
  EXPECT_TRUE(base::Is(status(folder), base::kProtocol)) << "rows of another rank";
  folder.tables["itemFactors"] = MakeTable({NumberColumn("id", {1})});
  EXPECT_TRUE(base::Is(status(folder), base::kProtocol));
  folder.tables["itemFactors"] = folder.tables["userFactors"];
  const size_t rank = folder.metadata.find("\"rank\":2");
  folder.metadata.replace(rank, 8, "\"rank\":0");
  EXPECT_TRUE(base::Is(status(folder), base::kProtocol));
}

}  // namespace
}  // namespace soteria::ml
