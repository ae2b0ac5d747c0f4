// The rows of testdata/seeded_rows.py, and what stock Spark made of them. Tests only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "src/ml/data_for_test.h"

namespace soteria::ml {

class SequenceForTest {
 public:
  explicit SequenceForTest(uint64_t seed) : state_(seed) {}
  /// An integer of 0 to end - 1, as a double.
  double Below(uint64_t end) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<double>((state_ >> 33) % end);
  }

 private:
  uint64_t state_;
};

struct SeededRows {
  RowsForTest regression;      // labels that are numbers
  RowsForTest classification;  // of three classes
};

inline SeededRows MakeSeededRows(size_t count = 120, size_t columns = 5, uint64_t seed = 7) {
  SequenceForTest random(seed);
  SeededRows made;
  for (size_t i = 0; i < count; ++i) {
    std::vector<double> x;
    for (size_t j = 0; j < columns; ++j) {
      x.push_back((random.Below(256) - 128) / 64 * static_cast<double>(1 + j % 3));
    }
    double label = 1.5;
    for (size_t j = 0; j < columns; ++j) label += x[j] * (2.0 - static_cast<double>(j));
    label += (random.Below(65) - 32) / 64;
    if (i % 17 == 0) label += 16;
    std::vector<double> scores;
    scores.push_back(x[0] + x[1] + random.Below(128) / 64);
    scores.push_back(x[2] - x[0] + random.Below(128) / 64);
    scores.push_back(random.Below(192) / 64);
    const auto best = std::max_element(scores.begin(), scores.end()) - scores.begin();
    for (RowsForTest* rows : {&made.regression, &made.classification}) {
      rows->features.push_back(x);
      rows->weight.push_back(0.5 + static_cast<double>(i % 5));
    }
    made.regression.label.push_back(label);
    made.classification.label.push_back(static_cast<double>(best));
  }
  return made;
}

/// The rows as make_linear_reference.py's `data` has them.
inline RowsForTest WithColumnsOf(const std::string& data, RowsForTest rows) {
  for (std::vector<double>& x : rows.features) {
    if (data == "constant") x[2] = 3.0;
    if (data == "twice") x.push_back(x[1]);
  }
  for (double& label : rows.label) {
    if (data == "same") label = 2.5;
    if (data == "zero") label = 0.0;
    if (data == "two") label = std::min(label, 1.0);
    if (data == "ones") label = 1.0;
  }
  return rows;
}

inline nlohmann::json ReferenceOf(const std::string& file) {
  std::ifstream stream(TestDataPath(file));
  return nlohmann::json::parse(stream, nullptr, false);
}

inline double DoubleOf(const nlohmann::json& value) {
  if (value == "inf") return kInfinityForTest;
  if (value == "-inf") return -kInfinityForTest;
  return value.is_number() ? value.get<double>() : kNanForTest;
}

inline std::vector<double> DoublesOf(const nlohmann::json& list) {
  std::vector<double> values;
  for (const auto& value : list) values.push_back(DoubleOf(value));
  return values;
}

/// Params as the reference has them; bounds are [rows, columns, values] or values.
inline ParamMap ParamsOfReference(const nlohmann::json& json) {
  ParamMap params;
  for (const auto& [name, value] : json.items()) {
    if (name == "data") continue;
    if (name.ends_with("OnCoefficients")) {
      MatrixValue m;
      m.num_rows = value[0];
      m.num_cols = value[1];
      m.values = DoublesOf(value[2]);
      params[name] = m;
    } else if (name.ends_with("OnIntercepts")) {
      params[name] = table::DenseVector(DoublesOf(value));
    } else if (value.is_array()) {
      params[name] = DoublesOf(value);
    } else if (value.is_boolean()) {
      params[name] = value.get<bool>();
    } else if (value.is_string()) {
      params[name] = value.get<std::string>();
    } else {
      params[name] = value.get<double>();
    }
  }
  return params;
}

}  // namespace soteria::ml
