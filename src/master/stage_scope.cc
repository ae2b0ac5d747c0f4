#include "src/master/stage_scope.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "arrow/table.h"
#include "src/crypto/hash.h"
#include "src/master/checkpoint.h"
#include "src/master/summed_columns.h"
#include "src/table/arrow_status.h"
#include "src/table/ipc.h"

namespace soteria::master {
void LiveBlocks::Tell() {
  std::vector<base::Digest> live;
  live.reserve(live_.size());
  for (const auto& [recipe, uses] : live_) live.push_back(recipe);
  coordinator_.SetLive(std::move(live));
}

void LiveBlocks::Add(const base::Digest& recipe) {
  const std::lock_guard lock(mutex_);
  if (++live_[recipe] == 1) Tell();
}

void LiveBlocks::Remove(const base::Digest& recipe) {
  const std::lock_guard lock(mutex_);
  const auto found = live_.find(recipe);
  if (found == live_.end() || --found->second > 0) return;
  live_.erase(found);
  Tell();
}

bool LiveBlocks::Contains(const base::Digest& recipe) const {
  const std::lock_guard lock(mutex_);
  return live_.contains(recipe);
}

void Persisted::Add(const plan::Plan& plan, int64_t now_micros) {
  const std::lock_guard lock(mutex_);
  plans_.emplace(plan::Canonical(plan), now_micros);
}

void Persisted::Remove(const plan::Plan& plan) {
  const std::lock_guard lock(mutex_);
  const auto found = plans_.find(plan::Canonical(plan));
  if (found == plans_.end()) return;
  std::erase_if(kept_, [&](const auto& kept) {
    if (kept.first != found->first) return false;
    live_.Remove(kept.second);
    return true;
  });
  plans_.erase(found);
}

void Persisted::Clear() {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, recipe] : kept_) live_.Remove(recipe);
  kept_.clear();
  plans_.clear();
}

std::optional<int64_t> Persisted::AddedMicros(const plan::Plan& plan) const {
  const std::lock_guard lock(mutex_);
  const auto found = plans_.find(plan::Canonical(plan));
  if (found == plans_.end()) return std::nullopt;
  return found->second;
}

bool Persisted::Contains(const plan::Plan& plan) const {
  const std::lock_guard lock(mutex_);
  return !plans_.empty() && plans_.contains(plan::Canonical(plan));
}

bool Persisted::empty() const {
  const std::lock_guard lock(mutex_);
  return plans_.empty();
}

bool Persisted::Keep(const plan::Plan& plan, const base::Digest& recipe) {
  const std::lock_guard lock(mutex_);
  auto name = plan::Canonical(plan);
  if (!plans_.contains(name)) {
    live_.Remove(recipe);
    return false;
  }
  kept_.emplace_back(std::move(name), recipe);
  return true;
}

StageTurn::Piece::Piece(StageTurn& turn, const void* owner) : turn_(turn), owner_(owner) {
  const std::lock_guard lock(turn_.mutex_);
  turn_.pieces_.insert(this);
}

StageTurn::Piece::~Piece() {
  const std::lock_guard lock(turn_.mutex_);
  turn_.pieces_.erase(this);
}

base::StatusOr<dataflow::StageResult> StageTurn::Run(
    const Piece& piece, const dataflow::StageSpec& spec,
    const std::function<base::Status(uint64_t, std::string)>& on_output,
    const dataflow::Coordinator::OnProgress& on_progress) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return piece.cancelled_ || running_ == nullptr; });
  if (piece.cancelled_) return base::Fail(base::kCancelled, "the operation was cancelled");
  running_ = &piece;
  lock.unlock();
  const auto watched = [&](uint64_t stage, uint64_t done, uint64_t total) {
    if (piece.cancelled_) coordinator_.Cancel();  // it came when the stage wasn't open yet
    if (on_progress) on_progress(stage, done, total);
  };
  auto result = coordinator_.Run(spec, on_output, watched);
  lock.lock();
  running_ = nullptr;
  changed_.notify_all();
  return result;
}

void StageTurn::Cancel(const void* owner) {
  const std::lock_guard lock(mutex_);
  for (Piece* const piece : pieces_) {
    if (piece->owner_ == owner) piece->cancelled_ = true;
  }
  if (running_ != nullptr && running_->cancelled_) coordinator_.Cancel();
  changed_.notify_all();
}

StageScope::StageScope(const InsideKey& key, dataflow::Coordinator& coordinator, StageTurn& turn,
                       LiveBlocks& live, Persisted& persisted, int64_t now_micros,
                       Progress progress)
    : key_(key),
      coordinator_(coordinator),
      turn_(turn),
      piece_(turn, &persisted),
      live_(live),
      persisted_(persisted),
      now_micros_(now_micros),
      progress_(std::move(progress)) {}

StageScope::~StageScope() {
  DropKept();
  for (const uint64_t stage : shuffles_) coordinator_.DropShuffle(stage);
  for (const auto& broadcast : broadcasts_) coordinator_.DropBroadcast(broadcast);
}

base::StatusOr<dataflow::StageResult> StageScope::Run(
    const dataflow::StageSpec& spec,
    const std::function<base::Status(uint64_t, std::string)>& on_output) {
  dataflow::Coordinator::OnProgress on_progress;
  if (progress_) {
    on_progress = [this](uint64_t stage, uint64_t done, uint64_t total) {
      ShowProgress({stage, done, total});
    };
  }
  SOTERIA_ASSIGN_OR_RETURN(dataflow::StageResult result,
                           turn_.Run(piece_, spec, on_output, on_progress));
  if (spec.terminal == dataflow::Terminal::kShuffle) shuffles_.push_back(result.stage);
  return result;
}

base::StatusOr<dataflow::StageResult> StageScope::RunToKeep(const dataflow::StageSpec& shuffle) {
  SOTERIA_ASSIGN_OR_RETURN(dataflow::StageResult result, Run(shuffle, nullptr));
  std::erase(shuffles_, result.stage);
  return result;
}

base::StatusOr<dataflow::BroadcastRef> StageScope::Broadcast(std::string_view plain) {
  SOTERIA_ASSIGN_OR_RETURN(dataflow::BroadcastRef broadcast, coordinator_.Broadcast(plain));
  broadcasts_.push_back(broadcast);
  return broadcast;
}

base::Status StageScope::OnLowered(const plan::Plan& node, const plan::Lowered& lowered) {
  if (persisted_.empty() || !persisted_.Contains(node)) return base::OkStatus();
  if (live_.Contains(lowered.recipe->digest)) return base::OkStatus();
  live_.Add(lowered.recipe->digest);
  if (!persisted_.Keep(node, lowered.recipe->digest)) return base::OkStatus();
  return Run(lowered.Stage(dataflow::Terminal::kKeep), nullptr).status();
}

base::StatusOr<std::shared_ptr<arrow::Table>> StageScope::FinishAggregate(
    const plan::Plan& plan, const plan::Lowered& input, std::string_view partial) {
  SOTERIA_ASSIGN_OR_RETURN(auto rows, plan::Runner::FinishAggregate(plan, input, partial));
  if (statistics_ == nullptr) return rows;
  SOTERIA_ASSIGN_OR_RETURN(const auto questions,
                           QuestionsOf(std::get<plan::AggregateNode>(plan.node), partial));
  SOTERIA_RETURN_IF_ERROR(Ask(plan, input, questions));
  return rows;
}

base::Status StageScope::OnGroups(const plan::Plan& plan, const plan::Lowered& input,
                                  const plan::Lowered& groups) {
  const auto& node = std::get<plan::AggregateNode>(plan.node);
  if (statistics_ == nullptr || !CountsClasses(node) ||
      statistics_->RuleFor(stats::StatisticKind::kClasses, BehindOf(*input.recipe)) == nullptr) {
    return base::OkStatus();
  }
  std::vector<std::shared_ptr<arrow::Table>> parts;
  const auto on_output = [&](uint64_t, const std::string& ipc) -> base::Status {
    SOTERIA_ASSIGN_OR_RETURN(parts.emplace_back(), table::FromIpcStream(ipc));
    return base::OkStatus();
  };
  SOTERIA_RETURN_IF_ERROR(Run(groups.Stage(dataflow::Terminal::kCollect), on_output).status());
  SOTERIA_ARROW_ASSIGN(auto rows, arrow::ConcatenateTables(parts));
  SOTERIA_ASSIGN_OR_RETURN(const auto questions, QuestionsOfClasses(std::move(rows)));
  return Ask(plan, input, questions);
}

base::Status StageScope::Ask(const plan::Plan& plan, const plan::Lowered& input,
                             const std::vector<TableQuestion>& questions) {
  if (questions.empty()) return base::OkStatus();
  const DataBehind data = BehindOf(*input.recipe);
  const auto* rule = statistics_->RuleFor(questions.front().statistic.kind, data);
  if (rule == nullptr) return base::OkStatus();
  SOTERIA_ASSIGN_OR_RETURN(const CellColumns columns, CellsOf(plan));
  SOTERIA_ASSIGN_OR_RETURN(const bool enough, EnoughRows(*this, input, columns, rule->min_rows));
  if (!enough) return base::OkStatus();
  return AskAll(*statistics_, questions, data, &aggregates_from_);
}

base::StatusOr<std::shared_ptr<arrow::Table>> StageScope::RowsOf(const plan::MadeRows& rows) {
  const auto* made = dynamic_cast<const StageRows*>(&rows);
  if (made == nullptr) return plan::Runner::RowsOf(rows);
  return made->Make(key_);
}

base::StatusOr<plan::Lowered> StageScope::BlocksOf(
    const std::shared_ptr<plan::CheckpointedRows>& rows) {
  auto* const checkpoint = dynamic_cast<Checkpoint*>(rows.get());
  if (checkpoint == nullptr) return plan::Runner::BlocksOf(rows);
  // A model's summary may read them when the script has long let go of the table.
  checkpoints_.push_back(rows);
  return checkpoint->Blocks(*this);
}

base::Digest StageScope::ContentDigest(std::string_view bytes) { return crypto::Sha256(bytes); }

base::Status StageScope::Keep(const plan::Lowered& lowered) {
  const bool kept = live_.Contains(lowered.recipe->digest);
  KeepOnceMade(lowered);
  if (kept) return base::OkStatus();
  return Run(lowered.Stage(dataflow::Terminal::kKeep), nullptr).status();
}

void StageScope::KeepOnceMade(const plan::Lowered& lowered) {
  live_.Add(lowered.recipe->digest);
  kept_.push_back(lowered.recipe->digest);
}

void StageScope::Drop(const plan::Lowered& lowered) {
  const auto kept = std::find(kept_.begin(), kept_.end(), lowered.recipe->digest);
  if (kept == kept_.end()) return;
  live_.Remove(*kept);
  kept_.erase(kept);
}

void StageScope::DropKept() {
  for (const base::Digest& recipe : kept_) live_.Remove(recipe);
  kept_.clear();
}

StageWork::~StageWork() {
  if (own_) scope_.Drop(input_);
}

base::StatusOr<std::string> StageWork::Reduce(const ml::Kernel& kernel) {
  dataflow::StageSpec stage = input_.Stage(dataflow::Terminal::kReduce);
  stage.kernel = {std::string(kernel.kind()), kernel.Encode()};
  SOTERIA_ASSIGN_OR_RETURN(dataflow::StageResult result, scope_.Run(stage, nullptr));
  return std::move(result.root_partial);
}

base::Status StageWork::MoveTo(plan::Lowered next) {
  SOTERIA_RETURN_IF_ERROR(scope_.Keep(next));
  if (own_) scope_.Drop(input_);
  own_ = true;
  input_ = std::move(next);
  return base::OkStatus();
}

base::Status StageWork::Advance(const ml::Step& step) {
  return MoveTo(input_.With({dataflow::kStepOperator, ml::EncodeStep(step)}, nullptr));
}

base::StatusOr<std::unique_ptr<ml::Work>> StageWork::Exchange(const ml::Route& route,
                                                              uint64_t targets) {
  SOTERIA_ASSIGN_OR_RETURN(
      plan::Lowered next,
      plan::Shuffle(input_, targets, {dataflow::kRoute, ml::EncodeRoute(route)}, scope_));
  auto work = std::make_unique<StageWork>(scope_, std::move(next));
  SOTERIA_RETURN_IF_ERROR(work->MoveTo(work->input_));
  return std::unique_ptr<ml::Work>(std::move(work));
}

}  // namespace soteria::master
