// The coordinator against a scripted host that answers with whatever a test wants to deliver.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "soteria/host.pb.h"
#include "src/base/errors.h"
#include "src/dataflow/coordinator.h"
#include "src/dataflow/slices.h"
#include "src/dataflow/task.h"

namespace soteria::dataflow {

using crypto::MessageKind;
using crypto::Place;

inline crypto::Secret RootOf(char fill) { return crypto::Secret::Adopt(std::string(32, fill)); }

inline void ToProto(const Place& place, host::Place& out) {
  out.set_a(place.a);
  out.set_b(place.b);
  out.set_c(place.c);
  out.set_d(place.d);
}

/// A host whose answer to RUN_STAGE is a test's script.
class ScriptedHost : public HostLink {
 public:
  using Script = std::function<void(ScriptedHost&)>;

  Status Send(uint8_t kind, uint64_t id, std::string_view payload) override {
    kinds.push_back(kind);
    if (kind == host::BROADCAST) broadcasts.emplace_back(id, payload);
    if (kind == host::RUN_STAGE) {
      EXPECT_TRUE(run.ParseFromString(std::string(payload)));
      sealed_tasks.push_back(run.sealed_task());
      script(*this);
    }
    return base::OkStatus();
  }

  /// What a worker of this session seals for the open stage.
  std::string Seal(MessageKind kind, Place place, std::string payload, uint64_t rebuilds = 0) {
    return SealAs(run.stage(), task(), kind, place, EncodeAnswer({std::move(payload), rebuilds}));
  }
  std::string SealAs(uint64_t stage, const base::Digest& digest, MessageKind kind, Place place,
                     std::string_view plain) {
    return *worker.Seal(stage, digest, kind, place, plain);
  }
  base::Digest task() const { return TaskDigest(run.sealed_task(), refs); }

  void Deliver(uint64_t stage, Place place, std::string sealed) {
    host::Result result;
    result.set_stage(stage);
    ToProto(place, *result.mutable_place());
    result.set_sealed(std::move(sealed));
    Push(host::RESULT, stage, result.SerializeAsString());
  }
  void Deliver(Place place, std::string sealed) { Deliver(run.stage(), place, std::move(sealed)); }
  /// An honest answer for a partition.
  void Rows(uint64_t p) {
    Deliver({p}, Seal(MessageKind::kRows, {p}, "rows " + std::to_string(p)));
  }
  void Done(host::Outcome outcome, uint64_t stage = 0) {
    host::StageDone done;
    done.set_stage(stage == 0 ? run.stage() : stage);
    done.set_outcome(outcome);
    Push(host::STAGE_DONE, run.stage(), done.SerializeAsString());
  }
  void Retried(Place place, bool kept = false) {
    host::Retried retried;
    retried.set_kept(kept);
    retried.set_stage(run.stage());
    ToProto(place, *retried.mutable_place());
    Push(host::RETRIED, run.stage(), retried.SerializeAsString());
  }
  void Push(uint8_t kind, uint64_t id, std::string payload) {
    EXPECT_TRUE(coordinator->OnFrame({kind, id, std::move(payload)}));
  }

  Script script = [](ScriptedHost&) {};
  Coordinator* coordinator = nullptr;
  host::RunStage run;
  std::vector<BroadcastRef> refs;
  std::vector<uint8_t> kinds;
  std::vector<std::string> sealed_tasks;
  std::vector<std::pair<uint64_t, std::string>> broadcasts;
  crypto::Secret root = RootOf('r');
  crypto::Sealer worker{root, crypto::SessionId(root), 1};
};

class CoordinatorTest : public ::testing::Test {
 protected:
  CoordinatorTest() { host_.coordinator = &coordinator_; }

  static StageSpec Collect(uint64_t partitions) {
    StageSpec spec;
    spec.terminal = Terminal::kCollect;
    spec.recipe = MakeRecipe(DatasetSource{"/d", std::string(16, 'd'), 1, {}, {}}, {}, partitions);
    return spec;
  }
  static StageSpec Of(Terminal terminal, uint64_t partitions) {
    StageSpec spec = Collect(partitions);
    spec.terminal = terminal;
    if (terminal == Terminal::kShuffle) {
      spec.targets = 2;
      spec.partitioner.kind = kRoundRobin;
    }
    return spec;
  }
  StatusOr<StageResult> Run(const StageSpec& spec, ScriptedHost::Script script) {
    host_.script = std::move(script);
    return coordinator_.Run(spec);
  }
  Status Fails(const StageSpec& spec, ScriptedHost::Script script) {
    const Status status = Run(spec, std::move(script)).status();
    // I8: whatever the cause, the host hears CANCEL and nothing else.
    EXPECT_EQ(host_.kinds.back(), host::CANCEL);
    return status;
  }

  /// The same for what a check must stop: where none does, the stage ends as the host says.
  Status Attacked(const StageSpec& spec, const ScriptedHost::Script& script) {
    return Fails(spec, [&](ScriptedHost& host) {
      script(host);
      host.Done(host::FAILED);
    });
  }

  ScriptedHost host_;
  crypto::Secret root_ = RootOf('r');
  crypto::Sealer sealer_{root_, crypto::SessionId(root_), 0};
  crypto::Opener opener_{root_, crypto::SessionId(root_)};
  Coordinator coordinator_{host_, sealer_, opener_, {4, 16, 1 << 20}};
};

}  // namespace soteria::dataflow
