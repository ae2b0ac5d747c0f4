// MLlib's folder layout as data: what a saved stage's folder holds, and back. Who stores the bytes
// is somebody else's business (a sealed tree in the enclaves); once decrypted, stock Spark 4.3
// loads the folder, and folders that stock Spark saved load here.
//
// Layout: metadata/part-00000 (one line of JSON) and, for models with data, a folder of Parquet
// files for each of their tables, most often one named data. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/estimator.h"
#include "src/ml/param.h"

namespace soteria::ml {

/// The version whose layout is written.
inline constexpr std::string_view kLayoutSparkVersion = "4.3.0";
inline constexpr size_t kMetadataBytesMax = size_t{1} << 20;

/// One file of the folder. Either `table` is there (the storing side encodes it as Parquet with
/// Spark's row metadata) or `bytes` is the whole file.
struct SavedFile {
  std::string relative;  // "metadata/part-00000", "data/part-00000.parquet", "data/_SUCCESS"
  std::string bytes;
  std::shared_ptr<arrow::Table> table;
};

/// `now_ms` goes into the metadata's timestamp.
base::StatusOr<std::vector<SavedFile>> Save(const Transformer& stage, int64_t now_ms);
/// A stage that is nothing but its params: estimators, evaluators, stateless transformers.
base::StatusOr<std::vector<SavedFile>> SaveParams(const Params& params, int64_t now_ms);

/// What a model's folder holds beside its params.
struct ModelFiles {
  struct Rows {
    std::string directory;
    std::shared_ptr<arrow::Table> table;
  };
  std::vector<Rows> tables;
  /// Fields of the metadata after MLlib's own ("numFeatures").
  std::vector<std::pair<std::string, int64_t>> numbers = {};
};
/// Of a model whose data are one table.
ModelFiles DataTable(std::shared_ptr<arrow::Table> table);

/// The folder that Load reads.
class FolderReader {
 public:
  virtual ~FolderReader() = default;
  /// The text below a directory of the folder ("metadata"): its part files in name order.
  virtual base::StatusOr<std::string> Text(const std::string& relative_dir) = 0;
  /// The rows below a directory of the folder ("data").
  virtual base::StatusOr<std::shared_ptr<arrow::Table>> Parquet(
      const std::string& relative_dir) = 0;
};

/// A model's folder as its class reads it.
class SavedModel {
 public:
  SavedModel(FolderReader& folder, std::map<std::string, int64_t, std::less<>> numbers)
      : folder_(folder), numbers_(std::move(numbers)) {}
  /// All rows below a directory of the folder, in one chunk. Errors: kPathNotFound, kProtocol.
  base::StatusOr<std::shared_ptr<arrow::Table>> Rows(const std::string& directory);
  base::StatusOr<std::shared_ptr<arrow::Table>> Data() { return Rows("data"); }
  /// A field of the metadata. Errors: kProtocol where there is none.
  base::StatusOr<int64_t> Number(std::string_view field) const;

 private:
  FolderReader& folder_;
  std::map<std::string, int64_t, std::less<>> numbers_;
};

struct Loaded {
  std::shared_ptr<const Transformer> transformer;  // null for estimators and evaluators
  std::shared_ptr<const Model> model;              // the same, when it is a model
  std::string class_name;                          // as in the metadata
  std::string uid;
  ParamMap params;  // those that were set
};

/// Uid and params of a stage of class `info`, of one line of metadata that is kept elsewhere.
/// Errors: kProtocol, kIllegalArgument.
base::StatusOr<Params> ParseParams(const ClassInfo& info, std::string_view metadata);

/// `class_name` is the one expected (name or alias). Errors: kIllegalArgument with MLlib's text
/// when the folder holds another class, kProtocol naming the field for a malformed folder.
base::StatusOr<Loaded> Load(std::string_view class_name, FolderReader& folder);

}  // namespace soteria::ml
