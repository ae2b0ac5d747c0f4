// Ratings that tests share, as make_als_reference.py has them, and fits over them. Tests only.
#pragma once

#include <algorithm>
#include <fstream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "src/ml/als/driver.h"
#include "src/ml/als/factors.h"
#include "src/ml/als/model.h"
#include "src/ml/als/params.h"
#include "src/ml/data_for_test.h"
#include "src/ml/work_for_test.h"

namespace soteria::ml {

struct RatingForTest {
  int32_t user, item;
  float rating;
};

inline std::vector<RatingForTest> RatingsForTest() {
  std::vector<RatingForTest> ratings;
  for (int32_t user = 0; user < 23; ++user) {
    for (int32_t item = 0; item < 17; ++item) {
      if ((user * 5 + item * 11 + user * item) % 3 != 0) continue;
      const int32_t half_stars = (user * 7 + item * 3 + user * item) % 11;
      ratings.push_back({user * 3 - 10, item * 7 - 20, static_cast<float>(half_stars) / 2 - 1});
    }
  }
  return ratings;
}

inline std::shared_ptr<arrow::Array> IntsForTest(std::vector<int32_t> values) {
  const auto rows = static_cast<int64_t>(values.size());
  return std::make_shared<arrow::Int32Array>(rows, arrow::Buffer::FromVector(std::move(values)));
}

inline std::shared_ptr<arrow::Table> RatingsTable(const std::vector<RatingForTest>& ratings,
                                                  size_t first, size_t end) {
  std::vector<int32_t> users, items;
  std::vector<float> values;
  for (size_t i = first; i < end; ++i) {
    users.push_back(ratings[i].user);
    items.push_back(ratings[i].item);
    values.push_back(ratings[i].rating);
  }
  const auto rows = static_cast<int64_t>(values.size());
  return MakeTable(
      {{arrow::field("user", arrow::int32()), IntsForTest(std::move(users))},
       {arrow::field("item", arrow::int32()), IntsForTest(std::move(items))},
       {arrow::field("rating", arrow::float32()),
        std::make_shared<arrow::FloatArray>(rows, arrow::Buffer::FromVector(std::move(values)))}});
}

/// Cut into so many runs, the last ones possibly of no rows.
inline WorkForTest RatingsWork(const std::vector<RatingForTest>& ratings, size_t partitions) {
  std::vector<std::shared_ptr<arrow::Table>> tables;
  const size_t step = (ratings.size() + partitions - 1) / partitions;
  for (size_t p = 0; p < partitions; ++p) {
    const size_t first = std::min(ratings.size(), p * step);
    tables.push_back(RatingsTable(ratings, first, std::min(ratings.size(), first + step)));
  }
  return WorkForTest(std::move(tables));
}

inline base::StatusOr<std::shared_ptr<const AlsModel>> FitAls(WorkForTest work,
                                                              const ParamMap& params) {
  SOTERIA_ASSIGN_OR_RETURN(Params made, Params::Make(AlsInfo(), "als_1", params));
  SOTERIA_ASSIGN_OR_RETURN(const FitResult result, Als(std::move(made)).Fit(work));
  return std::dynamic_pointer_cast<const AlsModel>(result.model);
}

/// als_reference.json, made by make_als_reference.py.
inline const nlohmann::json& AlsReference() {
  static const auto* const reference = [] {
    std::ifstream file(TestDataPath("als_reference.json"));
    return new nlohmann::json(nlohmann::json::parse(file, nullptr, false));
  }();
  return *reference;
}

inline ParamMap ParamsOf(const nlohmann::json& params) {
  ParamMap map;
  for (const auto& [name, value] : params.items()) {
    if (value.is_boolean()) {
      map[name] = value.get<bool>();
    } else if (value.is_number_integer()) {
      map[name] = value.get<int64_t>();
    } else {
      map[name] = value.get<double>();
    }
  }
  return map;
}

}  // namespace soteria::ml
