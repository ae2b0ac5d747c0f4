// What a folder of a sealed tree is as a table, by the rules of Spark's file sources: which files
// hold rows, what columns the names of folders make (year=2023), which file says the columns. Pure
// functions over the names that the index authenticates; any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/errors.h"
#include "src/base/status.h"
#include "src/dataflow/recipe.h"
#include "src/plan/logical.h"

namespace soteria::master {

inline constexpr base::Condition kConflictingKeys = {"CONFLICTING_PARTITION_COLUMN_NAMES",
                                                     base::exception_class::kSparkRuntime, "KD009",
                                                     absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kConflictingFolders = {
    "CONFLICTING_DIRECTORY_STRUCTURES", base::exception_class::kSparkRuntime, "KD009",
    absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kCannotInferSchema = {"UNABLE_TO_INFER_SCHEMA",
                                                       base::exception_class::kAnalysis, "42KD9",
                                                       absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kCannotMergeSchemas = {"CANNOT_MERGE_SCHEMAS",
                                                        base::exception_class::kSpark, "42KD9",
                                                        absl::StatusCode::kInvalidArgument};

struct TreeTable {
  std::vector<std::string> files;  // those that hold rows, ascending
  /// Those that may say the columns, the first of them first: summary files, then the others.
  std::vector<std::string> headers;
  std::vector<std::shared_ptr<arrow::Field>> keys;
  std::vector<std::string> values;               // as dataflow::TreeSource's
  std::vector<dataflow::FileRange> ranges = {};  // the same
};

/// A path of the tree that is read, a folder or a file, and the files at or below it, ascending.
struct TreePath {
  std::string path;
  std::vector<std::string> names;
};

/// The table of one path or several; `bytes_of` tells a file's size. kUnsupported for a file that
/// is there twice.
base::StatusOr<TreeTable> TableOfPaths(
    const std::vector<TreePath>& paths, const plan::ReadOptions& options,
    const std::function<base::StatusOr<uint64_t>(const std::string&)>& bytes_of);
base::StatusOr<TreeTable> TableOfFolder(
    const std::vector<std::string>& names, const std::string& folder,
    const plan::ReadOptions& options,
    const std::function<base::StatusOr<uint64_t>(const std::string&)>& bytes_of);

/// The columns of all files with those of the keys: a key takes the place of a column of its name,
/// the others come last. kColumnExists for names that differ in case only.
base::StatusOr<std::shared_ptr<arrow::Schema>> WithKeys(
    const arrow::Schema& data, const std::vector<std::shared_ptr<arrow::Field>>& keys);

/// mergeSchema: the columns of the one, then those that only the other has. kCannotMergeSchemas.
base::StatusOr<std::shared_ptr<arrow::Schema>> MergeSchemas(const arrow::Schema& a,
                                                            const arrow::Schema& b);

}  // namespace soteria::master
