#include "src/master/statistics_process.h"

#include <chrono>
#include <utility>

#include "soteria/host.pb.h"
#include "src/base/errors.h"
#include "src/stats/doubles.h"

namespace soteria::master {

base::StatusOr<std::optional<std::vector<double>>> StatisticsProcess::Ask(
    const Released<std::string>& question) {
  uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = next_++;
    waiting_[id] = std::nullopt;
  }
  const base::Status sent = host_.Send(host::STATISTIC, id, question.value());
  std::unique_lock lock(mutex_);
  const bool answered =
      sent.ok() && changed_.wait_for(lock, std::chrono::milliseconds(answer_ms_),
                                     [&] { return closed_ || waiting_[id].has_value(); });
  const std::optional<std::string> answer = std::move(waiting_[id]);
  waiting_.erase(id);
  if (!answered || !answer.has_value()) {
    return base::Fail(kStatistics,
                      "the cluster's statistics process didn't answer; the owner can run the job "
                      "with scheme = \"baseline\"");
  }
  if (*answer == std::string_view("\0", 1)) return std::optional<std::vector<double>>();
  if (answer->empty() || answer->front() != '\1' ||
      answer->size() > 1 + kAnswerNumbersMax * sizeof(double)) {
    return base::Fail(kStatistics, "the cluster's statistics process sent no answer");
  }
  auto numbers = stats::UnpackDoubles(std::string_view(*answer).substr(1));
  if (!numbers.ok()) {
    return base::Fail(kStatistics, "the cluster's statistics process sent no answer");
  }
  return std::optional<std::vector<double>>(*std::move(numbers));
}

bool StatisticsProcess::OnFrame(const base::Frame& frame) {
  if (frame.kind != host::STATISTIC_DONE) return false;
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(frame.id);
  if (found != waiting_.end() && !found->second.has_value()) {
    found->second = frame.payload;
    changed_.notify_all();
  }
  return true;
}

void StatisticsProcess::OnClosed() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

}  // namespace soteria::master
