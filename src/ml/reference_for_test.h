// What tests of algorithms share beside their data: JSON that a script of testdata/ made with stock
// Spark, blocks of the same sizes as Spark's partitions, a saved folder in memory. Tests only.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/ml/catalog.h"
#include "src/ml/data_for_test.h"
#include "src/ml/estimator.h"
#include "src/ml/persist.h"
#include "src/ml/work_for_test.h"

namespace soteria::ml {

/// testdata/NAME_reference.json.
inline nlohmann::json ReferenceForTest(const std::string& name) {
  std::ifstream file(TestDataPath(name + "_reference.json"));
  EXPECT_TRUE(file.good()) << name;
  return nlohmann::json::parse(file, nullptr, false);
}

inline ParamMap ParamsForTest(const nlohmann::json& json) {
  ParamMap params;
  for (const auto& [name, value] : json.items()) {
    if (value.is_boolean()) {
      params[name] = value.get<bool>();
    } else if (value.is_number_integer()) {
      params[name] = value.get<int64_t>();
    } else if (value.is_number()) {
      params[name] = value.get<double>();
    } else if (value.is_array()) {
      params[name] = value.get<std::vector<double>>();
    } else {
      params[name] = value.get<std::string>();
    }
  }
  return params;
}

/// The rows in runs of these sizes.
inline std::vector<table::FeatureBlock> BlocksOfSizes(const RowsForTest& rows,
                                                      const std::vector<size_t>& sizes,
                                                      bool sparse = false) {
  std::vector<table::FeatureBlock> blocks;
  size_t first = 0;
  for (const size_t size : sizes) {
    blocks.push_back(sparse ? SparseBlock(rows, first, first + size)
                            : DenseBlock(rows, first, first + size));
    first += size;
  }
  return blocks;
}

inline base::StatusOr<std::shared_ptr<const Model>> FitForTest(
    const std::string& class_name, const ParamMap& params,
    std::vector<table::FeatureBlock> blocks) {
  WorkForTest work(std::move(blocks));
  SOTERIA_ASSIGN_OR_RETURN(const auto estimator, MakeEstimator(class_name, "uid", params));
  SOTERIA_ASSIGN_OR_RETURN(const FitResult fit, estimator->Fit(work));
  return fit.model;
}

/// The files of one saved model.
class SavedForTest : public FolderReader {
 public:
  explicit SavedForTest(std::vector<SavedFile> files) {
    for (SavedFile& file : files) {
      const std::string directory = file.relative.substr(0, file.relative.find('/'));
      if (file.table != nullptr) tables[directory] = file.table;
      if (directory == "metadata") metadata += file.bytes;
    }
  }
  base::StatusOr<std::string> Text(const std::string&) override { return metadata; }
  base::StatusOr<std::shared_ptr<arrow::Table>> Parquet(const std::string& directory) override {
    const auto at = tables.find(directory);
    if (at != tables.end()) return at->second;
    return base::Fail(base::kPathNotFound, "Path does not exist: " + directory);
  }
  std::string metadata;
  std::map<std::string, std::shared_ptr<arrow::Table>> tables;
};

/// Encoded, saved and loaded again it is the same; no truncation of its bytes decodes.
inline void CheckRoundTripsForTest(const Model& model) {
  const std::string bytes = model.Encode();
  const auto decoded = DecodeTransformer(bytes);
  ASSERT_TRUE(decoded.ok()) << base::Message(decoded.status());
  EXPECT_EQ((*decoded)->Encode(), bytes);
  const size_t step = bytes.size() < 4000 ? 1 : bytes.size() / 997;
  for (size_t n = 0; n < bytes.size(); n += step) {
    EXPECT_FALSE(DecodeTransformer(bytes.substr(0, n)).ok()) << n;
  }
  const auto files = Save(model, 17);
  ASSERT_TRUE(files.ok()) << base::Message(files.status());
  SavedForTest folder(*files);
  const auto loaded = Load(model.class_name(), folder);
  ASSERT_TRUE(loaded.ok()) << base::Message(loaded.status());
  EXPECT_EQ(loaded->model->Encode(), bytes);
  for (const auto& [name, table] : folder.tables) {
    for (int column = 0; column < table->num_columns(); ++column) {
      SavedForTest broken(*files);
      broken.tables[name] = table->RemoveColumn(column).ValueOrDie();
      EXPECT_FALSE(Load(model.class_name(), broken).ok()) << "without column " << column;
    }
    SavedForTest empty(*files);
    empty.tables[name] = table->Slice(0, 0);
    EXPECT_FALSE(Load(model.class_name(), empty).ok()) << "without rows";
  }
}

/// No truncation of a kernel's bytes or of its partial is taken.
inline void CheckKernelForTest(const Kernel& kernel, const Part& part) {
  const std::string bytes = kernel.Encode();
  const auto decoded = DecodeKernel(kernel.kind(), bytes);
  ASSERT_TRUE(decoded.ok()) << base::Message(decoded.status());
  EXPECT_EQ((*decoded)->Encode(), bytes);
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(DecodeKernel(kernel.kind(), bytes.substr(0, n)).ok()) << n;
  }
  const auto partial = kernel.Map(part);
  ASSERT_TRUE(partial.ok()) << base::Message(partial.status());
  EXPECT_EQ(kernel.Map(part).value(), *partial);
  for (size_t n = 0; n < partial->size(); ++n) {
    EXPECT_FALSE(kernel.Merge({partial->substr(0, n)}).ok()) << n;
  }
  EXPECT_TRUE(kernel.Merge({*partial, *partial}).ok());
  Part other;
  EXPECT_FALSE(kernel.Map(other).ok()) << "a block of the other kind";
}

}  // namespace soteria::ml
