// dataflow::Coordinator on any frames that a host delivers for an open stage. The first byte
// chooses the stage, the rest are frames; then the host ends. A stage that succeeds is complete
// (I5), one that fails tells the host nothing but CANCEL (I8).
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "soteria/host.pb.h"
#include "src/base/check.h"
#include "src/dataflow/coordinator.h"
#include "tests/fuzz/inputs.h"
#include "tests/fuzz/stages.h"

namespace {

using namespace soteria;  // NOLINT: a program of its own

class Host : public dataflow::HostLink {
 public:
  explicit Host(std::string_view bytes) : bytes_(bytes) {}
  base::Status Send(uint8_t kind, uint64_t, std::string_view) override {
    last = kind;
    if (kind == host::RUN_STAGE) {
      for (base::Frame& frame : fuzz::FramesOf(bytes_)) coordinator->OnFrame(std::move(frame));
      coordinator->OnClosed();
    }
    return base::OkStatus();
  }
  dataflow::Coordinator* coordinator = nullptr;
  uint8_t last = 0;

 private:
  std::string_view bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const dataflow::StageSpec spec = fuzz::StageOf(data[0]);
  Host host({reinterpret_cast<const char*>(data) + 1, size - 1});
  const crypto::Secret root = crypto::Secret::Adopt(fuzz::SessionRoot());
  crypto::Sealer sealer(root, crypto::SessionId(root), 0);
  const crypto::Opener opener(root, crypto::SessionId(root));
  dataflow::Coordinator coordinator(host, sealer, opener, {4, 16, 1 << 20, 1 << 20});
  host.coordinator = &coordinator;
  const auto result = coordinator.Run(spec);
  if (!result.ok()) {
    CHECK(host.last == host::CANCEL);
    return 0;
  }
  CHECK(host.last == host::RUN_STAGE);
  if (spec.terminal == dataflow::Terminal::kReduce) {
    CHECK(result->outputs.empty());
  } else {
    CHECK(result->outputs.size() == spec.recipe->partitions);
  }
  return 0;
}
