// Statistics across the boundary: a question on any bytes, in the statistics process and in an
// auditor's replay; and an answer on any bytes, in the master, from a process that nobody trusts
// (I6).
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "soteria/host.pb.h"
#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/master/statistics_process.h"
#include "src/stats/statistic.h"

namespace soteria::master {
struct ReleasedForTest {
  static Released<std::string> Of(std::string text) {
    return Released<std::string>(std::move(text));
  }
};
}  // namespace soteria::master

namespace {

using namespace soteria;  // NOLINT: a program of its own

class Host : public dataflow::HostLink {
 public:
  explicit Host(std::string_view answer) : answer_(answer) {}
  base::Status Send(uint8_t, uint64_t id, std::string_view) override {
    process->OnFrame({host::STATISTIC_DONE, id + 1, std::string(answer_)});
    process->OnFrame({host::STATISTIC_DONE, id, std::string(answer_)});
    process->OnFrame({host::STATISTIC_DONE, id, "again"});
    return base::OkStatus();
  }
  master::StatisticsProcess* process = nullptr;

 private:
  std::string_view answer_;
};

void Answered(std::string_view bytes) {
  Host host(bytes);
  master::StatisticsProcess process(host, /*answer_ms=*/0);
  host.process = &process;
  const auto numbers = process.Ask(master::ReleasedForTest::Of("question"));
  if (!numbers.ok()) {
    CHECK(base::Is(numbers.status(), master::kStatistics));
    return;
  }
  const size_t expected = numbers->has_value() ? 1 + 8 * (*numbers)->size() : 1;
  CHECK(bytes.size() == expected);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Answered(bytes);
  const auto question = stats::DecodeQuestion(bytes);
  if (!question.ok()) return 0;
  CHECK(stats::EncodeQuestion(*question) == bytes);
  const auto values = stats::Compute(question->statistic, question->input);
  if (values.ok()) CHECK(values->size() <= bytes.size());
  return 0;
}
