#include "src/policy/admit.h"

#include <gtest/gtest.h>

#include <functional>

#include "src/base/errors.h"

namespace soteria::policy {
namespace {

base::Digest Filled(uint8_t byte) {
  base::Digest digest{};
  digest.fill(byte);
  return digest;
}

const std::string kReport(attest::kReportDataBytes, 'r');

// Claims and a policy that admit a master; each case changes one thing.
struct Situation {
  attest::Claims claims;
  Role role = Role::kMaster;
  std::string expected = kReport;
  TeePolicy policy;
};

Situation Simulated() {
  Situation s;
  s.claims.kind = TeeKind::kSimulated;
  s.claims.measurement = Filled(1);
  s.claims.report_data = kReport;
  s.claims.signer = "cluster key";
  s.policy.kinds = {TeeKind::kSimulated};
  s.policy.master_measurements = {Filled(9), Filled(1)};
  s.policy.worker_measurements = {Filled(2)};
  s.policy.simulated_key = "cluster key";
  return s;
}

Situation Real() {
  Situation s = Simulated();
  s.claims.kind = TeeKind::kSgx;
  s.claims.signer = "platform 7";
  s.policy.kinds = {TeeKind::kTdx, TeeKind::kSgx};
  s.policy.simulated_key.reset();
  s.policy.platforms = {"platform 3", "platform 7"};
  return s;
}

base::Status Decide(const Situation& s) { return Admit(s.claims, s.role, s.expected, s.policy); }

TEST(AdmitTest, AdmitsWhatThePolicyNames) {
  EXPECT_TRUE(Decide(Simulated()).ok()) << base::Message(Decide(Simulated()));
  EXPECT_TRUE(Decide(Real()).ok());
  Situation worker = Simulated();
  worker.role = Role::kWorker;
  worker.claims.measurement = Filled(2);
  EXPECT_TRUE(Decide(worker).ok());
  Situation any_platform = Real();
  any_platform.policy.platforms.clear();
  EXPECT_TRUE(Decide(any_platform).ok());
}

struct Refusal {
  const char* name;
  std::function<Situation()> start;
  std::function<void(Situation&)> change;
  const char* text;
};

class AdmitRefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(AdmitRefusalTest, NamesWhatDiffers) {
  Situation s = GetParam().start();
  GetParam().change(s);
  const base::Status verdict = Decide(s);
  ASSERT_FALSE(verdict.ok());
  EXPECT_TRUE(base::Is(verdict, base::kEvidence));
  EXPECT_NE(base::Message(verdict).find(GetParam().text), std::string::npos)
      << base::Message(verdict);
}

INSTANTIATE_TEST_SUITE_P(
    Table, AdmitRefusalTest,
    ::testing::Values(
        Refusal{"OwnerRole", Simulated, [](Situation& s) { s.role = Role::kOwner; }, "no enclave"},
        Refusal{"KindNotListed", Simulated, [](Situation& s) { s.policy.kinds = {TeeKind::kSgx}; },
                "TEE kind simulated is not in [tee] kinds"},
        Refusal{"NoKinds", Simulated, [](Situation& s) { s.policy.kinds.clear(); }, "[tee] kinds"},
        Refusal{"Debug", Real, [](Situation& s) { s.claims.debug = true; }, "debugged"},
        Refusal{"OtherReportData", Simulated, [](Situation& s) { s.claims.report_data[63] = 'x'; },
                "report data"},
        Refusal{"ShortReportData", Simulated, [](Situation& s) { s.claims.report_data.resize(63); },
                "report data"},
        Refusal{"NothingExpected", Simulated,
                [](Situation& s) {
                  s.claims.report_data.clear();
                  s.expected.clear();
                },
                "report data"},
        Refusal{"ZeroPaddedHash", Simulated,
                [](Situation& s) {
                  s.expected.resize(32);
                  s.claims.report_data.resize(32);
                },
                "report data"},
        Refusal{"OtherMeasurement", Simulated,
                [](Situation& s) { s.claims.measurement = Filled(3); }, "0303030303"},
        Refusal{"WorkerAsMaster", Simulated, [](Situation& s) { s.claims.measurement = Filled(2); },
                "is not in [tee] master"},
        Refusal{"MasterAsWorker", Simulated, [](Situation& s) { s.role = Role::kWorker; },
                "is not in [tee] worker"},
        Refusal{"NoMeasurements", Simulated,
                [](Situation& s) { s.policy.master_measurements.clear(); },
                "is not in [tee] master"},
        Refusal{"OtherSimulatedKey", Simulated, [](Situation& s) { s.claims.signer = "mine"; },
                "another key"},
        Refusal{"NoSimulatedKey", Simulated, [](Situation& s) { s.policy.simulated_key.reset(); },
                "no [tee] simulated_key"},
        Refusal{"PlatformNotListed", Real, [](Situation& s) { s.claims.signer = "platform 8"; },
                "platform \"platform 8\" is not in [tee] platforms"},
        Refusal{"NoPlatformClaimed", Real, [](Situation& s) { s.claims.signer.clear(); },
                "[tee] platforms"}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

TEST(RoleTest, NamesGoBothWays) {
  for (const Role role : {Role::kOwner, Role::kMaster, Role::kWorker}) {
    EXPECT_EQ(ParseRole(RoleName(role)).value(), role);
  }
  for (const char* name : {"", "Owner", "host", "master "}) {
    EXPECT_TRUE(base::Is(ParseRole(name).status(), base::kProtocol)) << name;
  }
}

TEST(EndorsementsOfTest, OnlyThePolicysOwnKey) {
  EXPECT_EQ(EndorsementsOf(Simulated().policy).simulated_keys,
            std::vector<std::string>{"cluster key"});
  EXPECT_TRUE(EndorsementsOf(Real().policy).simulated_keys.empty());
}

}  // namespace
}  // namespace soteria::policy
