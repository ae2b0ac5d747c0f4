// `soteria cluster`: starts, finds and stops a host on this machine, with its master and workers:
// soteria-host, or Apache Spark's driver with soteria-spark.jar (spark-submit). The cluster is
// untrusted even when it runs here; the directory only holds what is needed to reach it and, for
// simulated enclaves, the key pair that stands in for a chip maker's (simulated.pem for the
// enclaves, simulated.pub for Manifests). One process at a time works on a cluster directory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/client/owner.h"

namespace soteria::client {

struct ClusterOptions {
  std::string dir;
  bool simulated = false;
  uint64_t workers = 2;
  uint64_t slots = 1;
  uint64_t port = 0;                             ///< 0: any free port
  std::optional<uint64_t> enclave_memory_bytes;  ///< of each worker; none: the enclave's default
  std::string record_dir;                        ///< empty: traffic isn't recorded
  std::string keep_released_dir;                 ///< empty: released questions aren't kept
  std::vector<std::string> faults;               ///< passed on to soteria-host, for tests
  std::string program_dir;                       ///< where soteria-host and soteria-spark.jar are
  bool spark = false;                            ///< the host is Apache Spark
  std::string spark_home;                        ///< of the Spark to use
  std::string spark_master;                      ///< empty: local-cluster[workers,slots,1024]
  std::vector<std::string> spark_conf;           ///< NAME=VALUE each
};

struct ClusterState {
  int64_t pid = 0;
  uint16_t port = 0;
  bool running = false;

  std::string address() const;
};

/// Starts the host as a daemon and waits until it listens. kConflict when one runs from `dir`
/// already, was left there by a start that was killed, or the port is taken; the host's last words
/// are in the error otherwise. INT, TERM and HUP end what was started; they stay blocked.
base::StatusOr<ClusterState> StartCluster(Owner& owner, const ClusterOptions& options);

/// What the state file says, with `running` checked against the process table. kInput when the
/// directory holds no cluster.
base::StatusOr<ClusterState> FindCluster(base::Files& files, const std::string& dir);

/// Asks the host to end, one that is still starting too, waits, then insists. Not running is not an
/// error.
base::Status StopCluster(Owner& owner, const std::string& dir);

/// DER of the simulated public key of the cluster in `dir`.
base::StatusOr<std::string> SimulatedPublicKey(base::Files& files, const std::string& dir);

/// Makes the simulated key pair in `dir` unless it is there.
base::Status EnsureSimulatedKey(base::Files& files, const std::string& dir);

/// "128MiB", "2GiB", "65536KiB", "unlimited", or a number of bytes.
base::StatusOr<uint64_t> ParseMemorySize(std::string_view text);

/// "HOST:PORT" in parts.
struct MasterAddress {
  std::string host;
  uint16_t port = 0;
};
base::StatusOr<MasterAddress> ParseMasterAddress(std::string_view text);

}  // namespace soteria::client
