#include "src/master/output_gate.h"

#include <algorithm>
#include <bit>
#include <variant>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/master/outcomes.h"
#include "src/table/types.h"

namespace soteria::master {
namespace {

constexpr std::string_view kClassRule = "[ml] classes";

std::string ContentOf(const Session::Loaded& loaded) {
  std::string content = loaded.uid;
  for (const auto& [name, value] : loaded.params) content += name + ml::EncodeValue(value);
  return content;
}

}  // namespace

ledger::Output::Kind OutputGate::LedgerKind(policy::Output kind) {
  switch (kind) {
    case policy::Output::kRows:
      return ledger::Output::Kind::kRows;
    case policy::Output::kMetrics:
      return ledger::Output::Kind::kMetrics;
    case policy::Output::kModels:
      return ledger::Output::Kind::kModels;
  }
  return ledger::Output::Kind::kRows;
}

std::string OutputGate::RuleOf(policy::Output kind) {
  return base::Cat("[outputs] ", policy::OutputName(kind), " = true");
}

std::string OutputGate::OutcomeRule() const {
  return base::Cat("[limits] outcomes_max = ", gate_.outcomes_max());
}

bool OutputGate::ShowsProgress() const {
  return gate_.MayOutput(policy::Output::kRows).ok() ||
         gate_.MayOutput(policy::Output::kMetrics).ok();
}

base::Status OutputGate::Record(ledger::Output::Kind kind, std::string rule,
                                std::string_view content, const std::string& what, uint64_t rows,
                                Provenance from) const {
  ledger::Output output;
  output.kind = kind;
  output.rule = std::move(rule);
  output.what = what.substr(0, ledger::kTextBytesMax);
  output.rows = rows;
  output.outside = from.placement == Placement::kOutside;
  output.unverified = from.unverified;
  output.content = ledger_.Conceal(content);
  return ledger_.Append(output, clock_.NowMs());
}

base::Status OutputGate::MayRun() {
  if (gate_.MayOutput(policy::Output::kRows).ok()) return base::OkStatus();
  const std::lock_guard lock(mutex_);
  if (outcomes_ < gate_.outcomes_max()) return base::OkStatus();  // I3
  return base::Fail(base::kNotInManifest,
                    "this job has been told as many outcomes as [limits] outcomes_max allows: "
                    "raise it, or add rows = true to [outputs]");
}

base::Status OutputGate::Tell(std::string_view content, const std::string& what,
                              uint64_t outcomes) {
  SOTERIA_RETURN_IF_ERROR(MayRun());
  {
    const std::lock_guard lock(mutex_);
    outcomes_ +=
        std::min(outcomes, gate_.outcomes_max() - std::min(outcomes_, gate_.outcomes_max()));
  }
  return Record(ledger::Output::Kind::kOutcome, OutcomeRule(), content, what, 0);
}

base::Status OutputGate::Shown(const base::Status& ended) {
  if (ended.ok() || base::Is(ended, base::kCancelled)) return ended;
  const std::string name = base::ConditionName(ended);
  if (gate_.MayOutput(policy::Output::kRows).ok()) {
    if (IsOfTheHost(ended)) return ended;
    SOTERIA_RETURN_IF_ERROR(Record(ledger::Output::Kind::kRows, RuleOf(policy::Output::kRows),
                                   base::Message(ended), name, 0));
    return ended;
  }
  const base::Status outcome = AsOutcome(ended);
  const std::string told = base::ConditionName(outcome);
  SOTERIA_RETURN_IF_ERROR(Tell(told, told, 1));
  return outcome;
}

base::StatusOr<Permitted<FetchResult>> OutputGate::PermitShape(Shape shape, Ungated<int64_t> number,
                                                               const std::string& model,
                                                               const std::string& what) {
  SOTERIA_ASSIGN_OR_RETURN(const int64_t opened, Open(std::move(number)));
  FetchResult result;
  if (shape == Shape::kHasSummary) {
    result.value = opened != 0;
  } else {
    result.value = opened;
  }
  // Whether there is a summary, the script knows: a fit made the model, or a load.
  SOTERIA_RETURN_IF_ERROR(TellShape(opened, shape == Shape::kHasSummary,
                                    ml::EncodeValue(result.value),
                                    base::Cat(model, "/", static_cast<int>(shape)), what));
  return Permitted<FetchResult>(std::move(result));
}

base::StatusOr<Permitted<FetchResult>> OutputGate::PermitParts(
    Ungated<std::vector<std::string>> ids, std::optional<int64_t> known, const std::string& model,
    const std::string& what) {
  FetchResult result;
  SOTERIA_ASSIGN_OR_RETURN(result.model_ids, Open(std::move(ids)));
  const auto count = static_cast<int64_t>(result.model_ids.size());
  SOTERIA_RETURN_IF_ERROR(
      TellShape(count, known == count, ml::EncodeValue(count), base::Cat(model, "/parts"), what));
  return Permitted<FetchResult>(std::move(result));
}

base::Status OutputGate::TellShape(int64_t number, bool known, std::string_view content,
                                   const std::string& name, const std::string& what) {
  if (known || gate_.MayOutput(policy::Output::kRows).ok() ||
      gate_.MayOutput(policy::Output::kModels).ok()) {
    return Record(ledger::Output::Kind::kModels, std::string(kClassRule), content, what, 0);
  }
  {
    const std::lock_guard lock(mutex_);
    if (shapes_told_.contains(name)) return base::OkStatus();
  }
  const auto bits = static_cast<uint64_t>(std::bit_width(static_cast<uint64_t>(number)));
  SOTERIA_RETURN_IF_ERROR(Tell(content, what, std::max<uint64_t>(bits, 2) - 1));
  const std::lock_guard lock(mutex_);
  shapes_told_.insert(name);
  return base::OkStatus();
}

base::StatusOr<Permitted<std::shared_ptr<arrow::Schema>>> OutputGate::PermitSchema(
    const arrow::Schema& schema) {
  using Shown = Permitted<std::shared_ptr<arrow::Schema>>;
  const policy::Output kind = SchemaKind();
  const std::string content = table::MarkedMetadataText(schema);
  if (content.empty() || !gate_.MayOutput(kind).ok()) {
    return Shown(table::WithoutMarkedMetadata(schema));
  }
  SOTERIA_RETURN_IF_ERROR(TellSchema(kind, content));
  return Shown(table::UnmarkedMetadata(schema));
}

policy::Output OutputGate::SchemaKind() const {
  return gate_.MayOutput(policy::Output::kModels).ok() ? policy::Output::kModels
                                                       : policy::Output::kRows;
}

base::Status OutputGate::TellSchema(policy::Output kind, const std::string& content) {
  {
    const std::lock_guard lock(mutex_);  // scripts ask for the same schema again and again
    if (schemas_told_.contains(content)) return base::OkStatus();
  }
  SOTERIA_RETURN_IF_ERROR(Record(LedgerKind(kind), RuleOf(kind), content, "schema", 0));
  const std::lock_guard lock(mutex_);
  schemas_told_.insert(content);
  return base::OkStatus();
}

base::Status OutputGate::MayShowContents(const std::string& path) const {
  if (gate_.MayOutput(policy::Output::kRows).ok()) return base::OkStatus();
  return base::Fail(
      base::kNotInManifest,
      base::Cat("the columns of '", path,
                "' would be made of its contents (a header, inferSchema, how many values a row "
                "has), which the Manifest doesn't let out: give them, spark.read.schema(...) or "
                "LIBSVM's option numFeatures, or add rows = true to [outputs]"));
}

base::Status OutputGate::MayMatchNames(const std::string& path) const {
  if (gate_.MayOutput(SchemaKind()).ok()) return base::OkStatus();
  return base::Fail(
      base::kNotInManifest,
      base::Cat("which names below '", path,
                "' fit a pattern, the Manifest doesn't let out: name the files or their folder, or "
                "add models = true or rows = true to [outputs]"));
}

base::Status OutputGate::MayNameFolders(const std::string& path) const {
  if (gate_.MayOutput(policy::Output::kRows).ok()) return base::OkStatus();
  return base::Fail(
      base::kNotInManifest,
      base::Cat("partitionBy below '", path,
                "' makes names of folders of what rows hold, and a script may ask which names "
                "there are: write without it, or add rows = true to [outputs]"));
}

base::StatusOr<plan::Source> OutputGate::PermitContents(Ungated<plan::Source> work) {
  const policy::Output kind = policy::Output::kRows;
  SOTERIA_RETURN_IF_ERROR(gate_.MayOutput(kind));
  SOTERIA_ASSIGN_OR_RETURN(plan::Source source, Open(std::move(work)));
  SOTERIA_ASSIGN_OR_RETURN(const std::string content, table::SparkSchemaJson(*source.schema));
  SOTERIA_RETURN_IF_ERROR(TellSchema(kind, content));
  return source;
}

base::StatusOr<Permitted<Session::FitResult>> OutputGate::PermitFit(
    std::string model_id, Ungated<std::vector<std::string>> warnings, const std::string& what) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<std::string> opened, Open(std::move(warnings)));
  Session::FitResult result{std::move(model_id), ""};
  if (!opened.empty() && gate_.MayOutput(policy::Output::kModels).ok()) {
    for (const std::string& warning : opened) {
      result.warning += result.warning.empty() ? warning : "\n" + warning;
    }
    SOTERIA_RETURN_IF_ERROR(Record(ledger::Output::Kind::kModels, RuleOf(policy::Output::kModels),
                                   result.warning, what, 0));
  }
  return Permitted<Session::FitResult>(std::move(result));
}

base::StatusOr<Permitted<Session::Loaded>> OutputGate::PermitLoaded(Ungated<LoadedStage> work,
                                                                    const std::string& what) {
  SOTERIA_ASSIGN_OR_RETURN(LoadedStage stage, Open(std::move(work)));
  const std::string content = ContentOf(stage.loaded);
  if (stage.saved) {
    SOTERIA_RETURN_IF_ERROR(
        Record(ledger::Output::Kind::kModels, std::string(kClassRule), content, what, 0));
    return Permitted<Session::Loaded>(std::move(stage.loaded));
  }
  SOTERIA_RETURN_IF_ERROR(gate_.MayOutput(policy::Output::kRows));
  SOTERIA_RETURN_IF_ERROR(
      Record(ledger::Output::Kind::kRows, RuleOf(policy::Output::kRows), content, what, 0));
  return Permitted<Session::Loaded>(std::move(stage.loaded));
}

}  // namespace soteria::master
