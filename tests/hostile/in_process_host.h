// A cluster in one thread: the real scheduler, an adversary, and workers with their real books,
// caches, slots and keys, all behind the HostLink that the real coordinator sends to. A stage is
// run to its end inside Send(RUN_STAGE), so that the coordinator finds every frame in its inbox and
// a seed reproduces the run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/local/scheduler.h"
#include "src/base/env.h"
#include "src/crypto/secret.h"
#include "src/dataflow/coordinator.h"
#include "src/dataflow/host_link.h"
#include "tests/hostile/adversary.h"

namespace soteria::hostile {

class InProcessHost : public dataflow::HostLink {
 public:
  /// `adversary` must outlive the host. `seed` decides which slot works next.
  InProcessHost(const crypto::Secret& session_root, const Setting& setting, uint64_t seed,
                Adversary& adversary);
  ~InProcessHost() override;

  /// Before the first frame.
  void Connect(dataflow::Coordinator& coordinator);
  base::Status Send(uint8_t kind, uint64_t id, std::string_view payload) override;
  uint64_t steps() const { return steps_; }

 private:
  class Worker;

  void Perform(host::Actions actions);
  void Deliver(host::Outgoing& out);
  /// Runs tasks, in an order that the seed decides, until nobody has any.
  void Work();
  void RunTask(size_t worker, size_t slot);
  void Restart(size_t worker);

  const crypto::Secret& root_;
  const base::Digest session_;
  const Setting setting_;
  std::unique_ptr<base::Files> files_;
  std::unique_ptr<base::Random> worker_random_;
  std::mt19937_64 random_;
  Adversary& adversary_;
  host::Scheduler scheduler_;
  dataflow::Coordinator* coordinator_ = nullptr;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::map<std::pair<size_t, size_t>, std::deque<base::Frame>> pending_;  // TASKs by slot
  uint64_t senders_ = 0;
  uint64_t steps_ = 0;
};

}  // namespace soteria::hostile
