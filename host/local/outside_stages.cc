#include "host/local/outside_stages.h"

#include <utility>

#include "soteria/host.pb.h"
#include "src/base/log.h"

namespace soteria::host {
namespace {

std::shared_ptr<const std::string> NoAnswer() { return std::make_shared<const std::string>(); }

}  // namespace

void OutsideStages::Expect(const std::string& cookie) {
  const std::lock_guard<std::mutex> lock(mutex_);
  cookie_ = cookie;
}

bool OutsideStages::Admits(const std::string& cookie) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return process_ == nullptr && !cookie_.empty() && cookie == cookie_;
}

void OutsideStages::Connected(const std::shared_ptr<Peer>& process) {
  const std::lock_guard<std::mutex> lock(mutex_);
  process_ = process;
  for (auto& [id, question] : questions_) GiveOut(id, question);
}

void OutsideStages::Serve(const std::shared_ptr<Peer>& process) {
  process->Flush();
  while (true) {
    base::StatusOr<base::Frame> answer = process->Receive();
    if (!answer.ok() || answer->kind != STATISTIC_DONE) break;
    std::shared_ptr<Peer> master;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto asked = questions_.find(answer->id);
      if (asked == questions_.end()) continue;  // it says more than it was asked
      master = asked->second.master;
      questions_.erase(asked);
    }
    master->Post(STATISTIC_DONE, answer->id,
                 std::make_shared<const std::string>(std::move(answer->payload)));
    master->Flush();
  }
  process->Close();
  std::shared_ptr<Peer> master;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    process_ = nullptr;
    for (auto it = questions_.begin(); it != questions_.end();) {
      master = it->second.master;
      it = it->second.attempts < kOutsideAttemptsMax ? std::next(it) : GiveUp(it);
    }
  }
  if (master != nullptr) master->Flush();
}

void OutsideStages::Ask(base::Frame question, const std::shared_ptr<Peer>& master) {
  std::shared_ptr<Peer> to = master;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    base::Log(base::Level::kInfo, "outside {}", question.id);
    const auto [asked, fresh] = questions_.try_emplace(question.id);
    if (!fresh) return;
    asked->second = {std::make_shared<const std::string>(std::move(question.payload)), master,
                     clock_.MonotonicMs()};
    if (cookie_.empty()) {
      GiveUp(asked);
    } else {
      GiveOut(asked->first, asked->second);
      to = process_;
    }
  }
  if (to != nullptr) to->Flush();
}

void OutsideStages::GiveOut(uint64_t id, Question& question) {
  if (process_ == nullptr) return;
  ++question.attempts;
  process_->Post(STATISTIC, id, question.bytes);
}

OutsideStages::Questions::iterator OutsideStages::GiveUp(Questions::iterator question) {
  base::Log(base::Level::kWarning, "outside {} has no answer", question->first);
  question->second.master->Post(STATISTIC_DONE, question->first, NoAnswer());
  return questions_.erase(question);
}

void OutsideStages::Tick() {
  std::shared_ptr<Peer> master;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const int64_t now = clock_.MonotonicMs();
    for (auto it = questions_.begin(); it != questions_.end();) {
      const bool late = now - it->second.asked_ms >= kOutsideMsMax;
      if (late) master = it->second.master;
      it = late ? GiveUp(it) : std::next(it);
    }
  }
  if (master != nullptr) master->Flush();
}

void OutsideStages::Close() {
  std::shared_ptr<Peer> process;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    process = process_;
  }
  if (process != nullptr) process->Close();
}

}  // namespace soteria::host
