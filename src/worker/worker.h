// The worker enclave: is admitted by a master over an attested channel, then runs tasks on its
// slots until its host connection or its channel to the master ends. Everything it reads from the
// host is sealed and checked; everything it answers is sealed, errors included (I1, I8). Run blocks
// the calling thread; Stop may be called from any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "src/attest/evidence.h"
#include "src/base/env.h"
#include "src/base/frame.h"
#include "src/base/status.h"
#include "src/crypto/identity.h"
#include "src/dataflow/slices.h"

namespace soteria::worker {

struct Options {
  /// A new connection to the host.
  std::function<base::StatusOr<std::unique_ptr<base::FrameConnection>>()> dial;
  std::string cookie;
  std::string name;
  uint64_t slots = 1;
  uint64_t memory_bytes_max = uint64_t{2} << 30;  // kept blocks and what running tasks hold
  std::string spill_folder;                       // this worker's alone, absolute; may be missing
  uint64_t slice_bytes = dataflow::kSliceBytes;   // of answers
  std::string kernel_level;  // this process's instruction-set level, e.g. "Haswell"; empty = any
  base::Clock* clock = nullptr;
  base::Random* random = nullptr;
  base::Files* files = nullptr;  // local ones; the host serves those of other schemes
  attest::EvidenceSource* evidence = nullptr;
};

class Worker {
 public:
  explicit Worker(Options options);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// OK when the master or the host ended the session; else why the worker could not be admitted.
  base::Status Run();
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace soteria::worker
