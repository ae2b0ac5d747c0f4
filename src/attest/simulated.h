// The simulated TEE: development and tests only. It protects from nobody who is root on the
// machine. Everything here exists only in builds with -DSOTERIA_SIMULATED=ON; in any other build
// this header is empty and `Verify` refuses simulated evidence.
//
// A quote is an ECDSA P-256 signature, by the cluster's simulated key, over
// fields("simulated", measurement, report data). The measurement covers the running program and
// every library mapped into it, as a real one covers all code that is loaded.
// Functions: any thread.
#pragma once

#ifdef SOTERIA_SIMULATED

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/attest/evidence.h"
#include "src/base/bytes.h"
#include "src/base/env.h"
#include "src/base/status.h"
#include "src/crypto/identity.h"

namespace soteria::attest {

inline constexpr size_t kMappedFilesMax = 1024;
inline constexpr uint64_t kMappedFileBytesMax = uint64_t{4} << 30;

class SimulatedSource final : public EvidenceSource {
 public:
  SimulatedSource(crypto::IdentityKey cluster_key, const base::Digest& measurement);
  TeeKind kind() const override { return TeeKind::kSimulated; }
  base::StatusOr<Evidence> Get(std::string_view report_data64) override;

 private:
  crypto::IdentityKey cluster_key_;
  base::Digest measurement_;
};

/// Verifies a simulated quote against the endorsed keys. Called by Verify.
base::StatusOr<Claims> VerifySimulated(std::string_view quote, const Endorsements& endorsements);

/// The measurement of this process: call it at the start of main, before anything is loaded on
/// demand. kIo where a mapped file can't be read or has been deleted since.
base::StatusOr<base::Digest> MeasureSelf(base::Files& files);

/// The measurement of a program with these libraries (absolute paths, any order): SHA-256 over
/// fields("soteria/1 simulated measurement", SHA-256(program), then base name and SHA-256 of each
/// library, ascending by base name, then by SHA-256).
base::StatusOr<base::Digest> Measure(base::Files& files, const std::string& program,
                                     const std::vector<std::string>& libraries);

/// The files with executable mappings named by the text of /proc/PID/maps, each once, ascending.
/// Pseudo files of the kernel ([vdso]) aren't files. kIo for a deleted or anonymous-file mapping.
base::StatusOr<std::vector<std::string>> MappedFiles(std::string_view maps);

}  // namespace soteria::attest

#endif  // SOTERIA_SIMULATED
