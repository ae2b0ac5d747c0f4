// What the Spark Connect front may ask of the master: one Session for each Spark Connect session of
// the owner. Values come back as Permitted, and a Status of work over data has passed the gate:
// without `rows` in the Manifest it is the outcome's class and nothing else (I3). Plans are
// handles: what data made of them shows in no schema, explanation or comparison.
//
// Thread-safe: calls may come from any thread; those that run stages wait for each other.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/master/permitted.h"
#include "src/master/table_definition.h"
#include "src/ml/estimator.h"
#include "src/ml/param.h"
#include "src/plan/logical.h"
#include "src/table/time_zone.h"

namespace soteria::master {

/// Of the id by which a model's training summary is known.
inline constexpr std::string_view kSummarySuffix = ".summary";

/// Where a running call stands; numbers only. Stage 0 stands for the iterations of a fit, each of
/// which counts as many tasks as there are partitions. Where the Manifest lets neither metrics nor
/// rows out, one stage of one task that is never done.
struct StageProgress {
  uint64_t stage = 0;
  uint64_t tasks_done = 0;
  uint64_t tasks_total = 0;
};
using Progress = std::function<void(const StageProgress&)>;

/// One link of a fetch chain: `summary`, then `fMeasureByLabel(1.0)`.
struct MethodCall {
  std::string method;
  std::vector<ml::ParamValue> args;
  plan::PlanPtr table = nullptr;  // the DataFrame that it takes before the others
};

/// What a fetch chain ends in.
struct FetchResult {
  ml::ParamValue value;  // meaningful unless one of the others is there
  bool is_summary = false;
  std::string object_id;               // of the summary
  std::vector<std::string> model_ids;  // models of this session that the attribute is made of
};

/// A table that a script saved by name, and where it lies.
struct StoredTable {
  TableDefinition definition;
  std::string path;    // of its folder
  std::string id;      // of the root, 16 bytes
  std::string folder;  // below the root
  bool empty = true;   // no file of rows
};

class Session {
 public:
  enum class WriteMode { kErrorIfExists, kOverwrite, kAppend, kIgnore };
  struct WriteRequest {
    std::string path;
    std::string format;  // "parquet", "orc", "csv", "json" or "text"
    WriteMode mode = WriteMode::kErrorIfExists;
    std::map<std::string, std::string> options;      // as the script gave them, names in lower case
    std::vector<std::string> keys;                   // of folders; text, the plan's last columns
    std::string zone;                                // "" is UTC
    bool ignore_null_fields = true;                  // of JSON, where no option says it
    std::string orc_codec = "zstd";                  // of ORC, where no option says it
    std::optional<TableDefinition> definition = {};  // the folder is a table's
  };

  struct FitResult {
    std::string model_id;
    std::string warning;  // empty for none, or where models may not leave
  };

  /// A model in the cache.
  struct Cached {
    std::string id;
    std::string class_name;
    std::optional<Permitted<int64_t>> bytes;  // output kind `models`
  };

  struct Loaded {
    std::optional<std::string> model_id;  // absent for stages that are not models
    std::string class_name;
    std::string uid;
    ml::ParamMap params;  // those that were set, without defaults
  };

  virtual ~Session() = default;

  /// Builds resolved plans against this session's Manifest and storage.
  virtual plan::Builder& builder() = 0;

  /// Rows of the plan in partition order, in Spark's physical form. Calls `sink` at least once (0
  /// rows). Output kind `rows`.
  virtual base::Status Collect(
      const plan::PlanPtr& plan,
      const std::function<base::Status(Permitted<std::shared_ptr<arrow::Table>>)>& sink,
      const Progress& progress) = 0;

  /// The text that `df.show` prints, time stamps as a clock in `zone` shows them. Output kind
  /// `rows`.
  virtual base::StatusOr<Permitted<std::string>> ShowString(const plan::PlanPtr& plan,
                                                            int64_t num_rows, int64_t truncate,
                                                            bool vertical,
                                                            const table::TimeZone& zone,
                                                            const Progress& progress) = 0;

  /// The model's name; output kind `models` for warnings.
  virtual base::StatusOr<Permitted<FitResult>> Fit(const std::string& class_name,
                                                   const std::string& uid,
                                                   const ml::ParamMap& params,
                                                   const plan::PlanPtr& input,
                                                   const Progress& progress) = 0;

  /// An attribute of a model ("<uuid>"), of its summary ("<uuid>.summary") or of a summary that
  /// Summarize made. Output kind `models` for models, `metrics` for summaries.
  virtual base::StatusOr<Permitted<FetchResult>> Fetch(const std::string& object_id,
                                                       const std::vector<MethodCall>& calls) = 0;

  /// `model.evaluate(df)`: the id of a summary over `input`, which goes when its model does. Runs
  /// nothing yet and lets nothing out.
  virtual base::StatusOr<std::string> Summarize(const std::string& object_id,
                                                const plan::PlanPtr& input) = 0;

  /// An attribute of a model or summary that is a table (`itemFactors`, `recommendForUserSubset(df,
  /// 3)`, `predictions`, a curve), whose rows are worked out when a plan that has them first runs.
  /// Collecting it is output kind `rows`.
  virtual base::StatusOr<plan::PlanPtr> AttributeTable(const std::string& object_id,
                                                       const MethodCall& call) = 0;

  /// Output kind `metrics`.
  virtual base::StatusOr<Permitted<double>> Evaluate(const std::string& class_name,
                                                     const std::string& uid,
                                                     const ml::ParamMap& params,
                                                     const plan::PlanPtr& input,
                                                     const Progress& progress) = 0;

  /// `input` as a model of this session transforms it under other params.
  virtual base::StatusOr<plan::PlanPtr> Transform(const plan::PlanPtr& input,
                                                  const std::string& object_id,
                                                  const ml::ParamMap& params) = 0;

  /// `input` as a transformer that needs no fit makes it.
  virtual base::StatusOr<plan::PlanPtr> TransformBy(const plan::PlanPtr& input,
                                                    const std::string& class_name,
                                                    const std::string& uid,
                                                    const ml::ParamMap& params) = 0;

  /// What the plan's columns are. What data made of their metadata (labels, the number of elements)
  /// is there with output kind `models` or `rows`.
  virtual base::StatusOr<Permitted<std::shared_ptr<arrow::Schema>>> SchemaOf(
      const plan::PlanPtr& plan) = 0;

  /// Keeps a model that the script made itself; its id.
  virtual base::StatusOr<std::string> Adopt(std::shared_ptr<const ml::Model> model) = 0;

  /// Writes the plan's rows as part files below a writable root.
  virtual base::Status Write(const plan::PlanPtr& plan, const WriteRequest& request,
                             const Progress& progress) = 0;

  /// The folder of the table of that name, in the warehouse (policy::Gate). kNotInManifest where
  /// nothing may be written. Names of tables are in lower case.
  virtual base::StatusOr<std::string> TablePath(const std::string& name) = 0;
  /// nullopt: none of that name.
  virtual base::StatusOr<std::optional<StoredTable>> FindTable(const std::string& name) = 0;
  /// The names, in order: without `models` or `rows` of those tables only that the session named.
  virtual base::StatusOr<std::vector<std::string>> TableNames() = 0;
  /// The table without rows; `replace`: in place of what is there, else kPathExists where anything
  /// is. kUnsupported and the like for columns and options that its format doesn't have.
  virtual base::Status DefineTable(const std::string& name, const TableDefinition& definition,
                                   bool replace) = 0;
  /// Removes the folder.
  virtual base::Status DropTable(const std::string& name) = 0;

  virtual base::Status SaveModel(const std::string& object_id, const ml::ParamMap& params,
                                 const std::string& path, bool overwrite) = 0;
  virtual base::Status SaveStage(const std::string& class_name, const std::string& uid,
                                 const ml::ParamMap& params, const std::string& path,
                                 bool overwrite) = 0;
  /// Files that saving didn't write are output kind `rows`.
  virtual base::StatusOr<Permitted<Loaded>> Load(const std::string& class_name,
                                                 const std::string& path) = 0;

  /// MLlib's helper of the same name: removes what is at `path`, or says that it exists.
  virtual base::Status HandleOverwrite(const std::string& path, bool should_overwrite) = 0;

  /// Forgets objects; returns the ids that were there.
  virtual std::vector<std::string> Delete(const std::vector<std::string>& ids) = 0;
  /// Each model that the session holds.
  virtual base::StatusOr<std::vector<Cached>> CacheInfo() = 0;
  /// In bytes. Output kind `models`.
  virtual base::StatusOr<Permitted<int64_t>> ModelSize(const std::string& object_id) = 0;
  /// Forgets all models; returns how many.
  virtual int64_t CleanCache() = 0;

  virtual void Persist(const plan::PlanPtr& plan) = 0;
  virtual void Unpersist(const plan::PlanPtr& plan) = 0;
  virtual void UnpersistAll() = 0;
  virtual bool IsPersisted(const plan::PlanPtr& plan) = 0;

  /// A plan whose rows are those of `plan`, kept from when they are first needed, which is now if
  /// `eager`, until no plan begins with them any more.
  virtual base::StatusOr<plan::PlanPtr> Checkpoint(const plan::PlanPtr& plan, bool eager,
                                                   const Progress& progress) = 0;

  /// Ends the running call with kCancelled.
  virtual void Cancel() = 0;
};

}  // namespace soteria::master
