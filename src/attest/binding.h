// What evidence is bound to: the 64 bytes of report data that a prover puts into its quote and a
// verifier expects there (I2). Must hold: every part is a length-prefixed field, so no two bindings
// share their bytes; the exporter value makes the evidence useless in any other TLS session. Pure
// functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "src/base/bytes.h"

namespace soteria::attest {

/// The hash by which a Manifest is named everywhere: SHA-256 of the file's bytes.
base::Digest PolicyHash(std::string_view manifest_bytes);

struct Binding {
  std::string_view prover_role;    // "owner", "master", "worker"
  std::string_view verifier_role;  //
  std::string_view exporter;       // of this TLS session, made with the verifier's nonce
  base::Digest policy_hash{};
  std::string_view identity_der;  // the prover's identity public key
};

/// SHA-512 over fields("soteria/1", prover's role, verifier's role, exporter, policy hash,
/// SHA-256(identity public key)): 64 bytes.
std::string ReportData(const Binding& binding);

}  // namespace soteria::attest
