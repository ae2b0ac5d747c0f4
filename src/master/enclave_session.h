// The Session of the master enclave: plans become stages, fits become models of this session, and
// every value goes through the output gate.
//
// Thread-safe; see session.h.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "src/dataflow/coordinator.h"
#include "src/master/held_model.h"
#include "src/master/output_gate.h"
#include "src/master/provisioned.h"
#include "src/master/roots.h"
#include "src/master/session.h"
#include "src/master/stage_scope.h"
#include "src/master/statistics.h"
#include "src/master/storage_catalog.h"
#include "src/ml/estimator.h"
#include "src/ml/persist.h"
#include "src/policy/gate.h"

namespace soteria::master {

inline constexpr size_t kModelsMax = 10'000;

/// What a session works with; all outlive it.
struct SessionWorld {
  const policy::Gate& gate;
  Roots& roots;
  OutputGate& output;
  dataflow::Coordinator& coordinator;
  StageTurn& turn;
  LiveBlocks& live;
  base::Random& random;
  const EnclaveClock& clock;
  const Statistics& statistics;
};

class EnclaveSession : public Session {
 public:
  explicit EnclaveSession(SessionWorld world);
  ~EnclaveSession() override;

  plan::Builder& builder() override { return builder_; }
  base::Status Collect(
      const plan::PlanPtr& plan,
      const std::function<base::Status(Permitted<std::shared_ptr<arrow::Table>>)>& sink,
      const Progress& progress) override;
  base::StatusOr<Permitted<std::string>> ShowString(const plan::PlanPtr& plan, int64_t num_rows,
                                                    int64_t truncate, bool vertical,
                                                    const table::TimeZone& zone,
                                                    const Progress& progress) override;
  base::StatusOr<Permitted<FitResult>> Fit(const std::string& class_name, const std::string& uid,
                                           const ml::ParamMap& params, const plan::PlanPtr& input,
                                           const Progress& progress) override;
  base::StatusOr<Permitted<FetchResult>> Fetch(const std::string& object_id,
                                               const std::vector<MethodCall>& calls) override;
  base::StatusOr<std::string> Summarize(const std::string& object_id,
                                        const plan::PlanPtr& input) override;
  base::StatusOr<plan::PlanPtr> AttributeTable(const std::string& object_id,
                                               const MethodCall& call) override;
  base::StatusOr<Permitted<double>> Evaluate(const std::string& class_name, const std::string& uid,
                                             const ml::ParamMap& params, const plan::PlanPtr& input,
                                             const Progress& progress) override;
  base::StatusOr<plan::PlanPtr> Transform(const plan::PlanPtr& input, const std::string& object_id,
                                          const ml::ParamMap& params) override;
  base::StatusOr<plan::PlanPtr> TransformBy(const plan::PlanPtr& input,
                                            const std::string& class_name, const std::string& uid,
                                            const ml::ParamMap& params) override;
  base::StatusOr<Permitted<std::shared_ptr<arrow::Schema>>> SchemaOf(
      const plan::PlanPtr& plan) override;
  base::StatusOr<std::string> Adopt(std::shared_ptr<const ml::Model> model) override;
  base::Status Write(const plan::PlanPtr& plan, const WriteRequest& request,
                     const Progress& progress) override;
  base::StatusOr<std::string> TablePath(const std::string& name) override;
  base::StatusOr<std::optional<StoredTable>> FindTable(const std::string& name) override;
  base::StatusOr<std::vector<std::string>> TableNames() override;
  base::Status DefineTable(const std::string& name, const TableDefinition& definition,
                           bool replace) override;
  base::Status DropTable(const std::string& name) override;
  base::Status SaveModel(const std::string& object_id, const ml::ParamMap& params,
                         const std::string& path, bool overwrite) override;
  base::Status SaveStage(const std::string& class_name, const std::string& uid,
                         const ml::ParamMap& params, const std::string& path,
                         bool overwrite) override;
  base::StatusOr<Permitted<Loaded>> Load(const std::string& class_name,
                                         const std::string& path) override;
  base::Status HandleOverwrite(const std::string& path, bool should_overwrite) override;
  std::vector<std::string> Delete(const std::vector<std::string>& ids) override;
  base::StatusOr<std::vector<Cached>> CacheInfo() override;
  base::StatusOr<Permitted<int64_t>> ModelSize(const std::string& object_id) override;
  int64_t CleanCache() override;
  void Persist(const plan::PlanPtr& plan) override { persisted_.Add(*plan, NowMicros()); }
  void Unpersist(const plan::PlanPtr& plan) override { persisted_.Remove(*plan); }
  void UnpersistAll() override { persisted_.Clear(); }
  bool IsPersisted(const plan::PlanPtr& plan) override { return persisted_.Contains(*plan); }
  base::StatusOr<plan::PlanPtr> Checkpoint(const plan::PlanPtr& plan, bool eager,
                                           const Progress& progress) override;
  void Cancel() override { world_.turn.Cancel(&persisted_); }

 private:
  /// A model of this session with the summary of its training or of an evaluation and, while the
  /// summary lacks data, what it can be completed from: the blocks of the training, or the table.
  struct Fitted {
    explicit Fitted(HeldModel held) : model(std::move(held)) {}

    std::mutex mutex;  // of all below but the model and the table
    const HeldModel model;
    plan::PlanPtr table;   // that the summary is about; none for a model that was loaded
    std::string of_model;  // of an evaluation: the id of its model
    std::shared_ptr<const ml::Summary> summary;
    std::unique_ptr<StageScope> scope;
    std::optional<plan::Lowered> input;
    DataBehind data;             // whose rows the summary is about
    std::optional<bool> enough;  // whether their weights tell no small group apart, once counted
    std::map<std::string, std::shared_ptr<arrow::Table>> curves;  // worked out, by attribute
  };
  class CurveRows;
  class ModelRows;
  /// Where something is saved, and what is there now.
  struct Place {
    policy::Readable target;
    std::vector<std::string> removed;
  };
  /// Rows on their way to a folder.
  struct Writing {
    dataflow::WriteTarget where;
    policy::Readable target;
    std::vector<std::string> removed;
    std::string definition;  // of a table's folder, else ""
  };
  base::StatusOr<Place> PlaceFor(const std::string& path, bool overwrite);

  /// The rows of an attribute that takes a table.
  base::StatusOr<plan::PlanPtr> RowsOver(const std::string& object_id, const Fitted& fitted,
                                         const MethodCall& call);

  /// Of a model, also by the name of its training's summary.
  base::StatusOr<std::shared_ptr<Fitted>> Find(const std::string& object_id);
  /// Of the summary that this id names, or none if it names a model.
  std::shared_ptr<Fitted> FindEvaluation(const std::string& object_id);
  base::Status Keep(const std::string& id, std::shared_ptr<Fitted> fitted);
  base::StatusOr<std::string> NewId();

  // What takes an InsideKey runs within the gate.
  StageScope NewScope(const InsideKey& key, Progress progress);
  int64_t NowMicros() const { return world_.clock.NowMs() * 1000; }
  base::StatusOr<std::vector<std::string>> FitInside(const InsideKey& key, const std::string& id,
                                                     const ml::Estimator& estimator,
                                                     const plan::PlanPtr& input,
                                                     const Progress& progress);
  base::StatusOr<StatisticValue> EvaluateInside(const InsideKey& key,
                                                const ml::Evaluator& evaluator,
                                                const plan::PlanPtr& input,
                                                const Progress& progress);
  /// Keeps the models that an attribute is made of; their names.
  base::StatusOr<std::vector<std::string>> KeepParts(const InsideKey& key, const Fitted& fitted,
                                                     const std::string& method);
  /// A method that takes a table and answers numbers.
  base::StatusOr<Permitted<FetchResult>> FetchOver(const std::shared_ptr<Fitted>& fitted,
                                                   const MethodCall& call);
  base::StatusOr<Permitted<FetchResult>> FetchSummary(const std::shared_ptr<Fitted>& fitted,
                                                      const MethodCall& call);
  base::StatusOr<Permitted<FetchResult>> FetchModel(const std::shared_ptr<Fitted>& fitted,
                                                    const std::string& object_id,
                                                    const MethodCall& call);
  // Of these: fitted.mutex is held.
  base::Status CompleteSummary(const InsideKey& key, Fitted& fitted, const std::string& method);
  /// `release`: whether its statistic may be computed outside.
  base::StatusOr<ml::Attribute> SummaryAttribute(const InsideKey& key, Fitted& fitted,
                                                 const MethodCall& call, bool release,
                                                 Provenance* from);
  base::StatusOr<bool> EnoughSummarized(const InsideKey& key, Fitted& fitted,
                                        const std::optional<std::string>& weight,
                                        uint64_t min_rows);
  base::StatusOr<std::shared_ptr<arrow::Table>> CurveInside(const InsideKey& key, Fitted& fitted,
                                                            const std::string& method);
  base::Status WriteInside(const InsideKey& key, const plan::PlanPtr& plan, Writing writing,
                           const Progress& progress);
  /// `behind`: what the files were made of.
  base::Status SaveInside(const InsideKey& key, std::vector<ml::SavedFile> files,
                          const Place& place, const DataBehind& behind);
  /// Roots::Publish of the files of one write.
  base::Status Publish(const policy::Readable& target, std::vector<storage::FileEntry> files,
                       const std::vector<std::string>& removed, const DataBehind& behind);

  SessionWorld world_;
  StorageCatalog catalog_;
  plan::Builder builder_;
  Persisted persisted_;
  std::atomic<uint64_t> checkpoints_ = 0;  // made so far
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Fitted>> models_;
  std::map<std::string, std::shared_ptr<Fitted>> evaluations_;
  std::set<std::string> asked_tables_;  // that are there
};

}  // namespace soteria::master
