// Routes, the grouping of ratings, both kernels, the equations they solve, and bytes from
// elsewhere.
#include "src/ml/als/kernels.h"

#include <gtest/gtest.h>

#include <numeric>

#include "src/base/errors.h"
#include "src/ml/als/data_for_test.h"
#include "src/ml/als/normal_equation.h"
#include "src/ml/als/ratings.h"

namespace soteria::ml {
namespace {

std::shared_ptr<arrow::Table> Grouped(const std::vector<RatingForTest>& ratings) {
  const auto table = RatingsTable(ratings, 0, ratings.size());
  const RatingsRoute route("user", "item", "rating");
  const auto parts = route.Split({.table = table.get()}, 1).value();
  return GroupStep().Next({.table = parts[0].get()}).value();
}

TEST(Routes, RatingsGoToTheBlockOfTheirUserAndThenOfTheirItem) {
  const std::vector<RatingForTest> ratings = {{5, -1, 1}, {-1, 4, 2}, {2, 3, 3}, {-4, 4, 4}};
  const auto table = RatingsTable(ratings, 0, ratings.size());
  const auto by_user =
      RatingsRoute("user", "item", "rating").Split({.table = table.get()}, 3).value();
  ASSERT_EQ(by_user.size(), 3U);
  EXPECT_EQ(by_user[0]->num_rows(), 0);
  EXPECT_EQ(by_user[1]->num_rows(), 0);
  EXPECT_EQ(DoublesOf(*by_user[2], "own"), (std::vector<double>{5, -1, 2, -4}));
  const auto by_item = SwapRoute().Split({.table = by_user[2].get()}, 2).value();
  EXPECT_EQ(DoublesOf(*by_item[0], "own"), (std::vector<double>{4, 4}));
  EXPECT_EQ(DoublesOf(*by_item[0], "other"), (std::vector<double>{-1, -4}));
  EXPECT_EQ(DoublesOf(*by_item[1], "rating"), (std::vector<double>{1, 3}));
  EXPECT_FALSE(SwapRoute().Split({.table = table.get()}, 2).ok()) << "no ratings yet";
}

TEST(Routes, RoundTripAndRefuseOthers) {
  const RatingsRoute route("a", "b", "c");
  const std::string bytes = EncodeRoute(route);
  EXPECT_EQ(EncodeRoute(**DecodeRoute(bytes)), bytes);
  for (size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(DecodeRoute(bytes.substr(0, n)).ok());
  EXPECT_FALSE(SwapRoute::Decode("x").ok());
  EXPECT_FALSE(GroupStep::Decode("x").ok());
}

TEST(Grouping, IsByOwnIdThenByOther) {
  const auto table = Grouped({{9, 5, 1}, {-2, 8, 2}, {9, -7, 3}, {9, 5, 4}, {1 << 30, 8, 5}});
  const RatingBlock block = RatingBlock::Of(*table).value();
  const auto list = [](auto values) { return std::vector(values.begin(), values.end()); };
  EXPECT_EQ(list(block.own), (std::vector<int32_t>{-2, 9, 1 << 30}));
  EXPECT_EQ(list(block.ends), (std::vector<int32_t>{1, 4, 5}));
  EXPECT_EQ(list(block.others), (std::vector<int32_t>{-7, 5, 8}));
  EXPECT_EQ(list(block.other), (std::vector<int32_t>{2, 0, 1, 1, 2}));
  EXPECT_EQ(list(block.rating), (std::vector<float>{2, 3, 1, 4, 5}));
  EXPECT_EQ(RatingBlock::Of(*Grouped({})).value().own.size(), 0U);
}

TEST(Grouping, OtherTablesAreNoBlocks) {
  const auto ratings = RatingsTable(RatingsForTest(), 0, 5);
  EXPECT_FALSE(RatingBlock::Of(*ratings).ok());
  EXPECT_FALSE(GroupStep().Next({.table = ratings.get()}).ok());
  EXPECT_FALSE(GroupStep().Next({}).ok());
  const auto good = Grouped(RatingsForTest());
  const auto bad = good->SetColumn(3, good->field(3), good->column(0)).ValueOrDie();
  EXPECT_FALSE(RatingBlock::Of(*bad).ok()) << "places of other ratings";
}

TEST(Kernels, RoundTripAndRefuseOthers) {
  const StartKernel start(3, -5, true);
  const SolveKernel solve({0.5, true, 2.0, false}, Factors{2, {1, 5}, {1, 2, 3, 4}}, {1, 2, 3});
  for (const Kernel* kernel :
       {static_cast<const Kernel*>(&start), static_cast<const Kernel*>(&solve)}) {
    const std::string bytes = kernel->Encode();
    EXPECT_EQ((*DecodeKernel(kernel->kind(), bytes))->Encode(), bytes);
    for (size_t n = 0; n < bytes.size(); ++n) {
      EXPECT_FALSE(DecodeKernel(kernel->kind(), bytes.substr(0, n)).ok()) << n;
    }
    EXPECT_FALSE(kernel->Map({}).ok());
    EXPECT_FALSE(kernel->Merge({"nothing"}).ok());
  }
  const SolveKernel no_matrix({0.5, true, 2.0, false}, Factors{1, {1}, {1}}, {});
  EXPECT_FALSE(SolveKernel::Decode(no_matrix.Encode()).ok());
  const SolveKernel other_matrix({0.5, true, 2.0, false}, Factors{1, {1}, {1}}, {1, 2});
  EXPECT_FALSE(SolveKernel::Decode(other_matrix.Encode()).ok());
}

TEST(Kernels, PartialsRoundTripAndRefuseOthers) {
  const auto block = Grouped({{1, 2, 3}, {4, 5, 6}});
  const std::string bytes = StartKernel(2, 1, true).Map({.table = block.get()}).value();
  const auto partial = FactorsPartial::Decode(bytes).value();
  EXPECT_EQ(partial.factors.ids, (std::vector<int32_t>{1, 4}));
  EXPECT_EQ(partial.gram.size(), 3U);
  EXPECT_EQ(partial.Encode(), bytes);
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(FactorsPartial::Decode(bytes.substr(0, n)).ok()) << n;
  }
  const std::string other = StartKernel(3, 1, true).Map({.table = block.get()}).value();
  EXPECT_FALSE(StartKernel(2, 1, true).Merge({bytes, other}).ok()) << "of another rank";
}

TEST(Kernels, FactorsOfOtherIdsAreNoBlocks) {
  const auto block = Grouped({{1, 2, 3}, {4, 5, 6}});
  const SolveKernel kernel({}, Factors{1, {2, 6}, {1, 1}}, {});
  EXPECT_TRUE(base::Is(kernel.Map({.table = block.get()}).status(), base::kInternal));
}

TEST(NormalEquation, IsSolvedWhateverTheRank) {
  for (const size_t rank : std::vector<size_t>{1, 2, 3, 4, 5, 8, 11, 16, 33}) {
    NormalEquation equation(rank);
    std::vector<std::vector<float>> vectors;
    std::vector<double> wanted(rank);
    uint32_t state = 42;
    for (size_t k = 0; k < rank; ++k) wanted[k] = static_cast<double>(k % 5) - 1.5;
    for (size_t r = 0; r < 3 * rank + 2; ++r) {
      std::vector<float> v(rank);
      for (float& element : v) {
        state = state * 1664525U + 1013904223U;
        element = static_cast<float>(state >> 20) / 2048 - 1;
      }
      vectors.push_back(v);
    }
    equation.Reset();
    for (const auto& v : vectors) {  // targets that `wanted` meets exactly
      equation.Add(v.data(), 2.0,
                   2.0 * std::inner_product(v.begin(), v.end(), wanted.begin(), 0.0));
    }
    const std::vector<double> gram = equation.Gram();
    EXPECT_EQ(gram.size(), rank * (rank + 1) / 2);
    std::vector<float> x(rank);
    ASSERT_TRUE(equation.Solve(0.0, x.data()).ok()) << rank;
    for (size_t k = 0; k < rank; ++k) EXPECT_NEAR(x[k], wanted[k], 1e-5) << rank;
    equation.Reset(gram);  // with no right side
    ASSERT_TRUE(equation.Solve(1.0, x.data()).ok());
    EXPECT_EQ(x, std::vector<float>(rank, 0.0F));
  }
}

TEST(NormalEquation, BitsDoNotDependOnHowManyAreAddedAtOnce) {
  const auto gram = [](size_t flush_every) {
    NormalEquation equation(3);
    for (size_t r = 0; r < 11; ++r) {
      const float v[] = {0.1F * static_cast<float>(r), 0.7F, 1.3F - static_cast<float>(r)};
      equation.Add(v, 0.3, 1.0);
      if (r % flush_every == 0) equation.Flush();
    }
    return equation.Gram();
  };
  EXPECT_EQ(gram(1), gram(100));
}

TEST(NormalEquation, NonnegativeSolutions) {
  NormalEquation equation(2);
  NonnegativeSolver solver(2);
  const float a[] = {1, 0};
  const float b[] = {1, 1};
  const auto solve = [&](double of_a, double of_b) {
    equation.Reset();
    equation.Add(a, 1.0, of_a);
    equation.Add(b, 1.0, of_b);
    std::vector<float> x(2);
    equation.SolveNonnegative(0.0, solver, x.data());
    return x;
  };
  const auto inside = solve(1, 3);  // x = 1, x + y = 3
  EXPECT_NEAR(inside[0], 1, 1e-6);
  EXPECT_NEAR(inside[1], 2, 1e-6);
  const auto bound = solve(3, 1);  // y would be -2: x = 2 between 3 and 1
  EXPECT_NEAR(bound[0], 2, 1e-6);
  EXPECT_EQ(bound[1], 0);
  EXPECT_EQ(solve(-1, -1), (std::vector<float>{0, 0}));
}

TEST(FactorIndex, FindsIdsNearAndFarApart) {
  for (const std::vector<int32_t>& ids :
       {std::vector<int32_t>{5, -3, 9}, {INT32_MIN, 7, INT32_MAX}, {}}) {
    const FactorIndex index(ids);
    for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(index.Find(ids[i]), i);
    for (const int32_t id : {0, 10, -4, INT32_MAX - 1})
      EXPECT_EQ(index.Find(id), FactorIndex::kNone);
  }
}

}  // namespace
}  // namespace soteria::ml
