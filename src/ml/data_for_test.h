// Data that tests share: scikit-learn's breast cancer table, what stock Spark made of it, small
// tables and blocks by hand. Tests only.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/chunked_array.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "src/base/status.h"
#include "src/ml/columns.h"
#include "src/table/feature_block.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::ml {

inline constexpr double kNanForTest = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinityForTest = std::numeric_limits<double>::infinity();

struct RowsForTest {
  std::vector<std::vector<double>> features;
  std::vector<double> label;
  std::vector<double> weight;  // may be empty
};

inline std::string TestDataPath(const std::string& name) {
  return std::string(SOTERIA_SOURCE_DIR) + "/src/ml/testdata/" + name;
}

/// Weights as make_reference.py has them: 0.5 + row % 5.
inline RowsForTest BreastCancer(bool weighted = false) {
  std::ifstream file(TestDataPath("breast_cancer.csv"));
  EXPECT_TRUE(file.good());
  RowsForTest rows;
  std::string line;
  std::getline(file, line);  // counts and names
  while (std::getline(file, line)) {
    std::vector<double> values;
    std::stringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) values.push_back(std::stod(cell));
    rows.label.push_back(values.back());
    values.pop_back();
    if (weighted) rows.weight.push_back(0.5 + static_cast<double>(rows.features.size() % 5));
    rows.features.push_back(std::move(values));
  }
  return rows;
}

/// spark_reference.json, made by make_reference.py.
inline const nlohmann::json& SparkReference() {
  static const auto* const reference = [] {
    std::ifstream file(TestDataPath("spark_reference.json"));
    return new nlohmann::json(nlohmann::json::parse(file, nullptr, false));
  }();
  return *reference;
}

inline table::FeatureBlock DenseBlock(const RowsForTest& rows, size_t first, size_t end) {
  table::FeatureBlock block;
  block.rows = static_cast<int64_t>(end - first);
  block.cols = end > first ? static_cast<int64_t>(rows.features[first].size()) : 0;
  for (size_t i = first; i < end; ++i) {
    block.dense.insert(block.dense.end(), rows.features[i].begin(), rows.features[i].end());
    block.label.push_back(rows.label[i]);
    if (!rows.weight.empty()) block.weight.push_back(rows.weight[i]);
  }
  return block;
}

inline table::FeatureBlock SparseBlock(const RowsForTest& rows, size_t first, size_t end) {
  table::FeatureBlock block = DenseBlock(rows, first, end);
  block.sparse = true;
  block.dense.clear();
  block.row_ptr = {0};
  for (size_t i = first; i < end; ++i) {
    for (size_t j = 0; j < rows.features[i].size(); ++j) {
      if (rows.features[i][j] == 0) continue;
      block.col.push_back(static_cast<int32_t>(j));
      block.val.push_back(rows.features[i][j]);
    }
    block.row_ptr.push_back(static_cast<int64_t>(block.val.size()));
  }
  return block;
}

/// The rows cut into `partitions` runs, the last ones possibly of no rows.
inline std::vector<table::FeatureBlock> Blocks(const RowsForTest& rows, size_t partitions,
                                               bool sparse = false) {
  std::vector<table::FeatureBlock> blocks;
  const size_t n = rows.features.size();
  const size_t step = (n + partitions - 1) / partitions;
  for (size_t p = 0; p < partitions; ++p) {
    const size_t first = std::min(n, p * step);
    const size_t end = std::min(n, first + step);
    blocks.push_back(sparse ? SparseBlock(rows, first, end) : DenseBlock(rows, first, end));
  }
  return blocks;
}

/// A column of vectors in the struct form; nullopt for null.
inline std::shared_ptr<arrow::Array> VectorArray(
    const std::vector<std::optional<table::VectorValue>>& rows) {
  table::VectorBuilder builder;
  for (const auto& row : rows) {
    EXPECT_TRUE((row ? builder.Append(*row) : builder.AppendNull()).ok());
  }
  return builder.Finish().value();
}

inline std::shared_ptr<arrow::Array> NumberArray(const std::vector<std::optional<double>>& rows) {
  std::vector<double> values;
  std::vector<uint8_t> valid((rows.size() + 7) / 8, 0);
  int64_t nulls = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    values.push_back(rows[i].value_or(0.0));
    if (rows[i]) {
      valid[i / 8] = static_cast<uint8_t>(valid[i / 8] | (1U << (i % 8)));
    } else {
      ++nulls;
    }
  }
  const auto n = static_cast<int64_t>(rows.size());
  return std::make_shared<arrow::DoubleArray>(n, arrow::Buffer::FromVector(std::move(values)),
                                              arrow::Buffer::FromVector(std::move(valid)), nulls);
}

struct ColumnForTest {
  std::shared_ptr<arrow::Field> field;
  std::shared_ptr<arrow::Array> array;
};

inline ColumnForTest NumberColumn(const std::string& name,
                                  const std::vector<std::optional<double>>& rows) {
  return {arrow::field(name, arrow::float64()), NumberArray(rows)};
}

inline ColumnForTest VectorColumn(const std::string& name,
                                  const std::vector<std::optional<table::VectorValue>>& rows) {
  return {table::VectorField(name, true, std::nullopt), VectorArray(rows)};
}

/// The dense form.
inline ColumnForTest DenseVectorColumn(const std::string& name,
                                       const std::vector<std::vector<double>>& rows) {
  std::vector<double> all;
  for (const auto& row : rows) all.insert(all.end(), row.begin(), row.end());
  const auto size = static_cast<int32_t>(rows[0].size());
  return {table::VectorField(name, true, size),
          DenseArray(std::move(all), static_cast<int64_t>(rows.size()), size).value()};
}

inline std::shared_ptr<arrow::Table> MakeTable(const std::vector<ColumnForTest>& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const ColumnForTest& column : columns) {
    fields.push_back(column.field);
    arrays.push_back(column.array);
  }
  return arrow::Table::Make(arrow::schema(fields), arrays);
}

inline std::vector<double> DoublesOf(const arrow::Table& table, const std::string& column) {
  return ReadNumbers(table, column).value().values;
}

inline std::vector<table::VectorValue> VectorsOf(const arrow::Table& table,
                                                 const std::string& column) {
  std::vector<table::VectorValue> rows;
  const auto read = table::ReadVectors(*table.GetColumnByName(column)).value();
  for (const auto& row : read) {
    rows.push_back(row.value());
  }
  return rows;
}

/// |a - b| <= tolerance * max(1, |b|); NaN and infinities equal themselves.
inline ::testing::AssertionResult Close(double a, double b, double tolerance) {
  if (std::isnan(a) && std::isnan(b)) return ::testing::AssertionSuccess();
  if (a == b) return ::testing::AssertionSuccess();
  if (std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b))) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << a << " is not " << b << ", off by " << a - b;
}

inline ::testing::AssertionResult Close(const std::vector<double>& a, const std::vector<double>& b,
                                        double tolerance) {
  if (a.size() != b.size()) {
    return ::testing::AssertionFailure() << a.size() << " values, not " << b.size();
  }
  for (size_t i = 0; i < a.size(); ++i) {
    if (const auto close = Close(a[i], b[i], tolerance); !close) {
      return ::testing::AssertionFailure() << "value " << i << ": " << close.message();
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace soteria::ml
