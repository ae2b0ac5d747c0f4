// A master for tests of the protocol: sessions that run plans over single in-process tables, keep
// "stored" data sets in memory, and answer ML commands with fixed values. Nothing here is secret or
// sealed. Thread-safe as master::Session asks.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "src/master/master.h"

namespace soteria::connect {

/// Milliseconds that one step of a fake fit takes; a fit has `maxIter` steps.
inline constexpr int kFakeStepMs = 20;

class FakeSession final : public master::Session, private plan::Catalog {
 public:
  FakeSession() : builder_(*this) {}

  plan::Builder& builder() override { return builder_; }
  base::Status Collect(
      const plan::PlanPtr& plan,
      const std::function<base::Status(master::Permitted<std::shared_ptr<arrow::Table>>)>& sink,
      const master::Progress& progress) override;
  base::StatusOr<master::Permitted<std::string>> ShowString(
      const plan::PlanPtr& plan, int64_t num_rows, int64_t truncate, bool vertical,
      const table::TimeZone& zone, const master::Progress& progress) override;
  base::StatusOr<master::Permitted<FitResult>> Fit(const std::string& class_name,
                                                   const std::string& uid,
                                                   const ml::ParamMap& params,
                                                   const plan::PlanPtr& input,
                                                   const master::Progress& progress) override;
  base::StatusOr<master::Permitted<master::FetchResult>> Fetch(
      const std::string& object_id, const std::vector<master::MethodCall>& calls) override;
  base::StatusOr<std::string> Summarize(const std::string& object_id,
                                        const plan::PlanPtr& input) override;
  base::StatusOr<plan::PlanPtr> AttributeTable(const std::string& object_id,
                                               const master::MethodCall& call) override;
  base::StatusOr<master::Permitted<double>> Evaluate(const std::string& class_name,
                                                     const std::string& uid,
                                                     const ml::ParamMap& params,
                                                     const plan::PlanPtr& input,
                                                     const master::Progress& progress) override;
  base::StatusOr<plan::PlanPtr> Transform(const plan::PlanPtr& input, const std::string& object_id,
                                          const ml::ParamMap& params) override;
  base::StatusOr<plan::PlanPtr> TransformBy(const plan::PlanPtr& input,
                                            const std::string& class_name, const std::string& uid,
                                            const ml::ParamMap& params) override;
  base::StatusOr<master::Permitted<std::shared_ptr<arrow::Schema>>> SchemaOf(
      const plan::PlanPtr& plan) override;
  base::StatusOr<std::string> Adopt(std::shared_ptr<const ml::Model> model) override;
  base::Status Write(const plan::PlanPtr& plan, const WriteRequest& request,
                     const master::Progress& progress) override;
  base::StatusOr<std::string> TablePath(const std::string& name) override;
  base::StatusOr<std::optional<master::StoredTable>> FindTable(const std::string& name) override;
  base::StatusOr<std::vector<std::string>> TableNames() override;
  base::Status DefineTable(const std::string& name, const master::TableDefinition& definition,
                           bool replace) override;
  base::Status DropTable(const std::string& name) override;
  base::Status SaveModel(const std::string& object_id, const ml::ParamMap& params,
                         const std::string& path, bool overwrite) override;
  base::Status SaveStage(const std::string& class_name, const std::string& uid,
                         const ml::ParamMap& params, const std::string& path,
                         bool overwrite) override;
  base::StatusOr<master::Permitted<Loaded>> Load(const std::string& class_name,
                                                 const std::string& path) override;
  base::Status HandleOverwrite(const std::string& path, bool should_overwrite) override;
  std::vector<std::string> Delete(const std::vector<std::string>& ids) override;
  base::StatusOr<std::vector<Cached>> CacheInfo() override;
  base::StatusOr<master::Permitted<int64_t>> ModelSize(const std::string& object_id) override;
  int64_t CleanCache() override;
  void Persist(const plan::PlanPtr& plan) override;
  void Unpersist(const plan::PlanPtr& plan) override;
  void UnpersistAll() override;
  bool IsPersisted(const plan::PlanPtr& plan) override;
  base::StatusOr<plan::PlanPtr> Checkpoint(const plan::PlanPtr& plan, bool eager,
                                           const master::Progress& progress) override;
  void Cancel() override { cancelled_ = true; }

 private:
  struct Stage {
    std::string class_name;
    std::string uid;
    ml::ParamMap params;
    bool model = false;
  };

  base::StatusOr<plan::Source> Resolve(const std::vector<std::string>& paths,
                                       const std::string& format,
                                       const plan::ReadOptions& options) override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Run(const plan::Plan& plan);
  base::Status Store(const std::string& path, const Stage& stage, bool overwrite);

  plan::Builder builder_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<arrow::Table>> tables_;  // by path
  std::map<std::string, master::TableDefinition> defined_;       // by name
  std::map<std::string, Stage> models_;                          // by id
  std::map<std::string, Stage> saved_;                           // by path
  std::map<std::string, plan::PlanPtr> evaluated_;               // by id of the summary
  std::vector<plan::PlanPtr> persisted_;
  std::atomic<bool> cancelled_ = false;
  int next_id_ = 0;
};

class FakeMaster final : public master::Master {
 public:
  explicit FakeMaster(std::string token) : token_(std::move(token)) {}

  bool AuthoriseToken(std::string_view presented) const override { return presented == token_; }
  base::StatusOr<std::shared_ptr<master::Session>> SessionFor(
      const std::string& session_id) override;
  void ReleaseSession(const std::string& session_id) override;
  const std::string& server_side_session_id() const override { return server_side_; }

  size_t session_count() const;

 private:
  const std::string token_;
  const std::string server_side_ = "5e55e55e-0000-4000-8000-000000000001";
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<FakeSession>> sessions_;
};

}  // namespace soteria::connect
