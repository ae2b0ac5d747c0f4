// What both enclave programs do before anything else: start again in an environment that the host
// didn't choose, measure themselves, harden the process, check the instruction-set level, read the
// flags that the (untrusted) host passed, and bind evidence. Flags select where to connect and how
// much to use, never what is trusted.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "src/attest/evidence.h"
#include "src/base/bytes.h"
#include "src/base/env.h"
#include "src/base/frame.h"
#include "src/base/status.h"

namespace soteria::apps {

struct EnclaveFlags {
  uint16_t host_port = 0;
  std::string name = "enclave";
  std::string cookie;  // from SOTERIA_COOKIE
  std::string simulated_key;
  uint64_t slots = 1;
  uint64_t memory_bytes = uint64_t{4} << 30;
  std::string spill_dir = "/tmp";
};

/// The level that every enclave of this build computes at (I7), as OpenBLAS names it.
extern const char kKernelLevel[];

/// Everything up to the first connection; `run` gets what is bound. Returns the exit code: 0, 1 for
/// a failure (one line on standard error), 2 for wrong flags.
int EnclaveMain(int argc, char** argv, const std::string& program,
                const std::function<base::Status(const EnclaveFlags&, base::Files&,
                                                 attest::EvidenceSource&)>& run);

/// The environment that an enclave runs in, whatever the host gave it: the pinned kernel level, and
/// of the host's variables only the cookie and what the dynamic linker reads (which is measured);
/// with little memory, allocators that give back at once what is freed.
std::vector<std::string> PinnedEnvironment(const char* const* given, uint64_t memory_bytes);

/// A new frame connection to the host.
base::StatusOr<std::unique_ptr<base::FrameConnection>> DialHost(const EnclaveFlags& flags);

}  // namespace soteria::apps
