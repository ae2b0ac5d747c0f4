// The documents of make_lda_reference.py, and fits of them. Tests only.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/ml/lda/model.h"
#include "src/ml/reference_for_test.h"
#include "src/ml/seeded_rows_for_test.h"

namespace soteria::ml {

inline constexpr char kLdaForTest[] = "org.apache.spark.ml.clustering.LDA";

inline RowsForTest DocumentsForTest(size_t terms = 12) {
  SequenceForTest random(19);
  RowsForTest rows;
  for (size_t i = 0; i < 60; ++i) {
    std::vector<double> counts;
    for (size_t term = 0; term < terms; ++term) {
      counts.push_back(random.Below(term % 3 == i % 3 ? 9 : 2));
    }
    if (i % 13 == 5) std::fill(counts.begin(), counts.end(), 0.0);
    rows.features.push_back(std::move(counts));
    rows.label.push_back(0);
  }
  return rows;
}

inline const LdaData& LdaDataOf(const Model& model) {
  return dynamic_cast<const LdaModel&>(model).data();
}

/// The topics of a case of the reference, one after the other.
inline std::vector<double> TopicsForTest(const nlohmann::json& spark) {
  std::vector<double> flat;
  for (const auto& topic : spark["topics"]) {
    for (const auto& weight : topic) flat.push_back(weight.get<double>());
  }
  return flat;
}

/// Features as a table's column.
inline std::shared_ptr<arrow::Table> FeatureTable(const RowsForTest& rows) {
  return MakeTable({DenseVectorColumn("features", rows.features)});
}

/// |a - b| <= tolerance * |b|, number by number.
inline ::testing::AssertionResult Relatively(const std::vector<double>& a,
                                             const std::vector<double>& b, double tolerance) {
  if (a.size() != b.size()) {
    return ::testing::AssertionFailure() << a.size() << " values, not " << b.size();
  }
  for (size_t i = 0; i < a.size(); ++i) {
    if (!(std::abs(a[i] - b[i]) <= tolerance * std::abs(b[i]))) {
      return ::testing::AssertionFailure() << "value " << i << ": " << a[i] << " is not " << b[i];
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace soteria::ml
