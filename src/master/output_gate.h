// The way out to the owner, and in to data: the gate runs all work over data, and what comes of it
// is Ungated until it has been checked against the Manifest's outputs and recorded in the owner's
// ledger; only then it becomes a Permitted (I3). Failures go the same way. Without `rows` a failure
// of work is an outcome: its class alone leaves, recorded and counted, and when [limits]
// outcomes_max are out, nothing runs any more.
//
//   auto made = gate.Run([&](const InsideKey& key) -> base::StatusOr<Leaving<double>> { ... });
//   return gate.Permit(policy::Output::kMetrics, std::move(made));
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ledger/ledger.h"
#include "src/master/permitted.h"
#include "src/master/provisioned.h"
#include "src/master/session.h"
#include "src/master/statistics.h"
#include "src/master/ungated.h"
#include "src/policy/gate.h"

namespace soteria::master {

/// A value on its way out, and what the ledger says of it.
template <class T>
struct Leaving {
  T value = {};
  std::string content = {};  // bytes for the record
  std::string what = {};     // names it
  uint64_t rows = 0;
  Provenance from = {};
};

/// A stage or model of files. `saved`: all of them are such that saving wrote.
struct LoadedStage {
  Session::Loaded loaded;
  bool saved = false;
};

/// The numbers that a client must have to hold a model at all.
enum class Shape { kClasses, kFeatures, kHasSummary, kRank };

class OutputGate {
 public:
  OutputGate(const policy::Gate& gate, ledger::LedgerWriter& ledger, const EnclaveClock& clock)
      : gate_(gate), ledger_(ledger), clock_(clock) {}

  /// Whether that kind may leave at all: asked before work begins, so that nothing runs in vain.
  base::Status MayLeave(policy::Output kind) const { return gate_.MayOutput(kind); }

  /// Runs `work(const InsideKey&)`, which gives a Status or a StatusOr<T>, unless the outcomes are
  /// out.
  template <class Work>
  auto Run(Work&& work) {
    using Result = std::invoke_result_t<Work, const InsideKey&>;
    const base::Status may = MayRun();
    const InsideKey key(ShowsProgress());
    if constexpr (std::is_same_v<Result, base::Status>) {
      if (!may.ok()) return Ungated<Nothing>(may, false);
      const base::Status ended = std::forward<Work>(work)(key);
      return Ungated<Nothing>(ended.ok() ? base::StatusOr<Nothing>(Nothing()) : ended, true);
    } else {
      using T = typename Result::value_type;
      if (!may.ok()) return Ungated<T>(may, false);
      return Ungated<T>(std::forward<Work>(work)(key), true);
    }
  }

  /// How work ended that gives no value.
  base::Status Ended(Ungated<Nothing> work) { return Open(std::move(work)).status(); }

  /// Lets a value out.
  template <class T>
  base::StatusOr<Permitted<T>> Permit(policy::Output kind, Ungated<Leaving<T>> work) {
    SOTERIA_RETURN_IF_ERROR(gate_.MayOutput(kind));
    SOTERIA_ASSIGN_OR_RETURN(Leaving<T> leaving, Open(std::move(work)));
    return PermitOpened(kind, std::move(leaving));
  }
  /// Lets out a part of a result while its work still runs.
  template <class T>
  base::StatusOr<Permitted<T>> PermitPart(const InsideKey&, policy::Output kind,
                                          Leaving<T> leaving) {
    SOTERIA_RETURN_IF_ERROR(gate_.MayOutput(kind));
    return PermitOpened(kind, std::move(leaving));
  }

  /// Lets out a number of a model's shape: with `models`, or as an outcome of as many bits as it
  /// has. It is one number, so nothing else can come this way. `model` names the model: asked
  /// again, it is the same outcome.
  base::StatusOr<Permitted<FetchResult>> PermitShape(Shape shape, Ungated<int64_t> number,
                                                     const std::string& model,
                                                     const std::string& what);

  /// Lets out the names of models that a model is made of (`trees`), which a client must have to
  /// hold it: how many they are is such a number. `known`: as many as the params ask for.
  base::StatusOr<Permitted<FetchResult>> PermitParts(Ungated<std::vector<std::string>> ids,
                                                     std::optional<int64_t> known,
                                                     const std::string& model,
                                                     const std::string& what);

  /// A schema without what data made of its metadata, unless `models` or `rows` lets that out.
  base::StatusOr<Permitted<std::shared_ptr<arrow::Schema>>> PermitSchema(
      const arrow::Schema& schema);

  /// Whether a schema may be shown that the contents of files make (a header, the types of what is
  /// in a column): with `rows`. The script chooses how the files are cut into columns, so any row
  /// may become a name. `path`: of the files. Asked before work begins.
  base::Status MayShowContents(const std::string& path) const;
  /// Whether names of files may be looked for by a pattern, which tells those that the script
  /// doesn't know: with `models` or `rows`.
  base::Status MayMatchNames(const std::string& path) const;
  /// Whether values of rows may become names of folders below the path, which a script may ask for
  /// one by one: with `rows`.
  base::Status MayNameFolders(const std::string& path) const;
  /// A source with such a schema.
  base::StatusOr<plan::Source> PermitContents(Ungated<plan::Source> work);

  /// A fitted model under the name that it was given before, and the fit's warnings with `models`.
  base::StatusOr<Permitted<Session::FitResult>> PermitFit(
      std::string model_id, Ungated<std::vector<std::string>> warnings, const std::string& what);
  /// What the files of a stage say of it: with its class if saving wrote them, else as rows.
  base::StatusOr<Permitted<Session::Loaded>> PermitLoaded(Ungated<LoadedStage> work,
                                                          const std::string& what);

  /// Plans, sources and summaries are handles: what data made of them doesn't show in them.
  base::StatusOr<plan::PlanPtr> Handle(Ungated<plan::PlanPtr> work) {
    return Open(std::move(work));
  }
  base::StatusOr<plan::Source> Handle(Ungated<plan::Source> work) { return Open(std::move(work)); }
  /// The columns of a stored table are those that a script gave it.
  base::StatusOr<std::optional<StoredTable>> Handle(Ungated<std::optional<StoredTable>> work) {
    return Open(std::move(work));
  }

 private:
  template <class T>
  base::StatusOr<T> Open(Ungated<T> work) {
    if (!work.ran_) return std::move(work.result_);
    SOTERIA_RETURN_IF_ERROR(Shown(work.result_.status()));
    SOTERIA_RETURN_IF_ERROR(MayRun());  // others may have used the last one meanwhile
    return std::move(work.result_);
  }
  template <class T>
  base::StatusOr<Permitted<T>> PermitOpened(policy::Output kind, Leaving<T> leaving) {
    SOTERIA_RETURN_IF_ERROR(Record(LedgerKind(kind), RuleOf(kind), leaving.content, leaving.what,
                                   leaving.rows, leaving.from));
    return Permitted<T>(std::move(leaving.value));
  }

  static ledger::Output::Kind LedgerKind(policy::Output kind);
  static std::string RuleOf(policy::Output kind);
  std::string OutcomeRule() const;
  bool ShowsProgress() const;
  /// The constant refusal once all outcomes were told.
  base::Status MayRun();
  /// How work ended, as the script may see it.
  base::Status Shown(const base::Status& ended);
  /// Counts and records an outcome.
  base::Status Tell(std::string_view content, const std::string& what, uint64_t outcomes);
  base::Status Record(ledger::Output::Kind kind, std::string rule, std::string_view content,
                      const std::string& what, uint64_t rows, Provenance from = {}) const;

  /// `name`: of the model and the number, which is told once.
  base::Status TellShape(int64_t number, bool known, std::string_view content,
                         const std::string& name, const std::string& what);

  const policy::Gate& gate_;
  ledger::LedgerWriter& ledger_;
  const EnclaveClock& clock_;
  std::mutex mutex_;
  uint64_t outcomes_ = 0;              // that were told
  std::set<std::string> shapes_told_;  // by model and shape
  base::Status TellSchema(policy::Output kind, const std::string& content);
  policy::Output SchemaKind() const;

  std::set<std::string> schemas_told_;  // what data made of them
};

}  // namespace soteria::master
