// What a sealed task and sealed answers say, on any bytes: a compromised worker shares the
// session's keys, so authentic isn't well-formed. What is accepted has one meaning.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/check.h"
#include "src/dataflow/task.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace soteria::dataflow;  // NOLINT: a program of its own
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto task = DecodeTask(bytes);
  if (task.ok()) {
    CHECK(task->spec.recipe != nullptr && task->spec.recipe->partitions > 0);
    CHECK(task->spec.broadcasts.size() <= kBroadcastsMax && task->live.size() <= kLiveMax);
    const std::string again = EncodeTask(*task);
    const auto back = DecodeTask(again);
    CHECK(back.ok() && EncodeTask(*back) == again);
    CHECK(back->spec.recipe->digest == task->spec.recipe->digest);
  }
  const auto answer = DecodeAnswer(std::string(bytes));
  if (answer.ok()) CHECK(answer->payload.size() <= bytes.size());
  const auto kept = DecodeKept(bytes);
  if (kept.ok()) CHECK(EncodeKept(*kept) == bytes);
  return 0;
}
