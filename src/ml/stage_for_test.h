// Stages over small tables: fitted, applied, sent as bytes, saved and loaded. Tests only.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/ml/catalog.h"
#include "src/ml/data_for_test.h"
#include "src/ml/persist.h"
#include "src/ml/text_column.h"
#include "src/ml/work_for_test.h"
#include "src/table/feature_block.h"

namespace soteria::ml {

inline std::string FeatureClass(const std::string& name) {
  return "org.apache.spark.ml.feature." + name;
}

using TextsForTest = std::vector<std::optional<std::string>>;

inline ColumnForTest TextColumn(const std::string& name, const TextsForTest& rows) {
  WordsBuilder builder;
  EXPECT_TRUE(builder.Row().ok());
  for (const auto& row : rows) EXPECT_TRUE((row ? builder.Word(*row) : builder.NullWord()).ok());
  const auto array = builder.Finish().value();
  return {arrow::field(name, arrow::utf8()),
          static_cast<const arrow::ListArray&>(*array).value_slice(0)};
}

inline ColumnForTest WordsColumn(const std::string& name, const std::vector<TextsForTest>& rows) {
  WordsBuilder builder;
  for (const auto& row : rows) {
    EXPECT_TRUE(builder.Row().ok());
    for (const auto& word : row) {
      EXPECT_TRUE((word ? builder.Word(*word) : builder.NullWord()).ok());
    }
  }
  return {arrow::field(name, TextArrayType()), builder.Finish().value()};
}

inline ColumnForTest IntColumn(const std::string& name, std::vector<int32_t> rows) {
  const auto n = static_cast<int64_t>(rows.size());
  return {arrow::field(name, arrow::int32()),
          std::make_shared<arrow::Int32Array>(n, arrow::Buffer::FromVector(std::move(rows)))};
}

inline std::vector<TextsForTest> WordsOf(const arrow::Table& table, const std::string& column) {
  std::vector<TextsForTest> rows;
  EXPECT_TRUE(ForEachWords(*table.GetColumnByName(column), [&rows](std::optional<Words> words) {
                TextsForTest& row = rows.emplace_back();
                for (const auto& word : words.value()) {
                  row.push_back(word ? std::optional(std::string(*word)) : std::nullopt);
                }
                return base::OkStatus();
              }).ok());
  return rows;
}

inline TextsForTest TextsOf(const arrow::Table& table, const std::string& column) {
  TextsForTest rows;
  EXPECT_TRUE(ForEachText(*table.GetColumnByName(column), [&rows](const TextCell& cell) {
                rows.push_back(cell.null ? std::nullopt : std::optional(std::string(cell.text)));
                return base::OkStatus();
              }).ok());
  return rows;
}

inline std::string MetadataOf(const arrow::Table& table, const std::string& column) {
  return table::SparkMetadata(*table.schema()->GetFieldByName(column));
}

/// The table cut into `partitions` runs, some of them possibly of no rows.
inline std::vector<std::shared_ptr<arrow::Table>> Cut(const std::shared_ptr<arrow::Table>& table,
                                                      int64_t partitions) {
  std::vector<std::shared_ptr<arrow::Table>> parts;
  const int64_t step = (table->num_rows() + partitions - 1) / partitions;
  for (int64_t p = 0; p < partitions; ++p) {
    parts.push_back(table->Slice(std::min(p * step, table->num_rows()), step));
  }
  return parts;
}

/// Fitted as a session does it: checked, over rows or the feature blocks that it asks for.
inline base::StatusOr<std::shared_ptr<const Model>> FitForTest(
    const std::string& name, const ParamMap& params, const std::shared_ptr<arrow::Table>& table,
    int64_t partitions = 1) {
  SOTERIA_ASSIGN_OR_RETURN(const auto estimator, MakeEstimator(FeatureClass(name), "uid", params));
  SOTERIA_RETURN_IF_ERROR(estimator->CheckInput(*table->schema()));
  if (const auto columns = estimator->Columns()) {
    std::vector<table::FeatureBlock> blocks;
    for (const auto& part : Cut(table, partitions)) {
      SOTERIA_ASSIGN_OR_RETURN(blocks.emplace_back(), table::MakeFeatureBlock(*part, *columns));
    }
    WorkForTest work(std::move(blocks));
    SOTERIA_ASSIGN_OR_RETURN(const FitResult fit, estimator->Fit(work));
    return fit.model;
  }
  WorkForTest work(Cut(table, partitions));
  SOTERIA_ASSIGN_OR_RETURN(const FitResult fit, estimator->Fit(work));
  return fit.model;
}

inline base::StatusOr<std::shared_ptr<arrow::Table>> ApplyForTest(
    const std::string& name, const ParamMap& params, const std::shared_ptr<arrow::Table>& table) {
  SOTERIA_ASSIGN_OR_RETURN(const auto stage, MakeTransformer(FeatureClass(name), "uid", params));
  SOTERIA_RETURN_IF_ERROR(stage->OutputSchema(*table->schema()).status());
  return stage->Apply(table);
}

/// What a stage says of a table that it refuses, before any row or at one.
template <class T>
std::string Refusal(const base::StatusOr<T>& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? "" : base::Message(result.status());
}

class SavedFolderForTest : public FolderReader {
 public:
  explicit SavedFolderForTest(const std::vector<SavedFile>& files) {
    for (const SavedFile& file : files) {
      const std::string folder = file.relative.substr(0, file.relative.find('/'));
      if (file.table != nullptr) tables_[folder] = file.table;
      if (!file.bytes.empty()) texts_[folder] = file.bytes;
    }
  }
  base::StatusOr<std::string> Text(const std::string& folder) override { return texts_[folder]; }
  base::StatusOr<std::shared_ptr<arrow::Table>> Parquet(const std::string& folder) override {
    if (!tables_.contains(folder)) return base::Fail(base::kPathNotFound, folder);
    return tables_[folder];
  }
  std::map<std::string, std::shared_ptr<arrow::Table>> tables_;
  std::map<std::string, std::string> texts_;
};

/// Sent as bytes, and saved and loaded, a stage stays the same; other bytes are refused.
inline void ExpectRoundTrips(const Transformer& stage, bool saves = true) {
  const std::string bytes = stage.Encode();
  const auto back = DecodeTransformer(bytes);
  ASSERT_TRUE(back.ok()) << base::Message(back.status());
  EXPECT_EQ((*back)->Encode(), bytes);
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(DecodeTransformer(bytes.substr(0, n)).ok()) << n;
  }
  if (!saves) return;
  const auto files = Save(stage, 7);
  ASSERT_TRUE(files.ok()) << base::Message(files.status());
  SavedFolderForTest folder(*files);
  const auto loaded = Load(stage.class_name(), folder);
  ASSERT_TRUE(loaded.ok()) << base::Message(loaded.status());
  EXPECT_EQ(loaded->transformer->Encode(), bytes);
}

/// A kernel's partial over a table or its features, and every other bytes refused.
inline void ExpectPartialRefusesOthers(const Kernel& kernel, const Part& part) {
  const auto partial = kernel.Map(part);
  ASSERT_TRUE(partial.ok()) << base::Message(partial.status());
  EXPECT_EQ(kernel.Merge({*partial}).value(), *partial);
  for (size_t n = 0; n < partial->size(); ++n) {
    EXPECT_FALSE(kernel.Merge({*partial, partial->substr(0, n)}).ok()) << n;
  }
  const std::string bytes = kernel.Encode();
  EXPECT_EQ(DecodeKernel(kernel.kind(), bytes).value()->Encode(), bytes);
}

}  // namespace soteria::ml
