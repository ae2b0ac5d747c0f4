// A master enclave in the test's own process: simulated evidence, a scripted host, files in a
// temporary folder, and both kinds of peers that come in by streams. Tests only; simulated builds
// only. Each stream has a thread; the fixture joins them.
#pragma once

#ifdef SOTERIA_SIMULATED

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "soteria/session.pb.h"
#include "src/attest/simulated.h"
#include "src/base/env_for_test.h"
#include "src/base/net.h"
#include "src/channel/attested.h"
#include "src/crypto/openssl.h"
#include "src/master/enclave_master.h"

namespace soteria::master {

/// Takes every frame and never answers.
class SilentHost : public dataflow::HostLink {
 public:
  base::Status Send(uint8_t, uint64_t, std::string_view) override { return base::OkStatus(); }
};

class MasterTest : public testing::Test {
 protected:
  static constexpr char kId[] = "00112233445566778899aabbccddeeff";

  MasterTest();
  ~MasterTest() override;

  /// A Manifest that admits this master and worker and reads one data set.
  policy::Manifest ManifestOf(uint64_t max_workers = 2) const;
  /// A provisioning message that fits it.
  session::Provision ProvisionOf(const policy::Manifest& manifest) const;

  /// A fresh TLS connection to the master, unproven.
  std::shared_ptr<channel::Channel> Dial();
  /// Verifies the master's evidence as the owner; its state goes into `state_`.
  base::StatusOr<channel::Proven> Verify(channel::Channel& channel,
                                         const policy::Manifest& manifest);
  /// Verifies and provisions; the reply. The control connection stays open in `control_`.
  session::ProvisionReply Provision(const policy::Manifest& manifest,
                                    const session::Provision& message);
  /// Answers the master's store requests, with OK unless refuses_entries_, until the control
  /// connection ends; collects the entries.
  void ServeControl();
  /// What it has been asked to store so far.
  std::vector<std::string> Entries();
  /// Joins as a worker with this measurement, up to and with the master's evidence.
  base::StatusOr<session::Admission> Join(channel::Channel& channel,
                                          const policy::Manifest& manifest,
                                          const base::Digest& measurement);

  std::filesystem::path folder_;
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  crypto::IdentityKey cluster_key_;
  base::Digest master_measurement_{};
  base::Digest worker_measurement_{};
  attest::SimulatedSource master_evidence_;
  crypto::IdentityKey identity_;
  crypto::SelfSigned certificate_;
  SilentHost host_;
  std::atomic<bool> stopped_ = false;  // by the thread that serves the owner
  int tunnels_ = 0;
  std::unique_ptr<EnclaveMaster> master_;
  std::shared_ptr<channel::Channel> control_;
  std::atomic<bool> refuses_entries_ = false;
  std::string owner_secret_ = std::string(32, 'o');
  std::string takeover_key_ = std::string(32, 'v');
  session::MasterState state_;
  std::string token_ = std::string(64, 't');

 private:
  std::mutex entries_mutex_;
  std::vector<std::string> entries_;
  std::vector<std::thread> threads_;
  std::vector<std::shared_ptr<channel::Channel>> channels_;
  std::thread control_thread_;
};

}  // namespace soteria::master

#endif  // SOTERIA_SIMULATED
