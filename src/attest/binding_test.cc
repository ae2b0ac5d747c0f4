#include "src/attest/binding.h"

#include <gtest/gtest.h>

#include <set>

namespace soteria::attest {
namespace {

Binding Example() {
  Binding binding;
  binding.prover_role = "master";
  binding.verifier_role = "owner";
  binding.exporter = "0123456789abcdef0123456789abcdef";
  binding.policy_hash.fill(7);
  binding.identity_der = "identity";
  return binding;
}

TEST(ReportDataTest, IsSha512OfTheDocumentedFields) {
  // Computed with Python's hashlib over the fields as docs/formats/channel.md gives them.
  EXPECT_EQ(base::Hex(ReportData(Example())),
            "f7786f83c072a93a84ee06eeb1905bbc91d09b29e6d77ea4bec84d54eff9b86c670ddc2c57b34a7cc15c1c"
            "9354e655b93d625491add540260febd7c453bfd258");
}

TEST(ReportDataTest, EveryPartChangesIt) {
  std::set<std::string> seen = {ReportData(Example())};
  Binding b = Example();
  b.prover_role = "worker";
  EXPECT_TRUE(seen.insert(ReportData(b)).second);
  b = Example();
  b.verifier_role = "worker";
  EXPECT_TRUE(seen.insert(ReportData(b)).second);
  b = Example();
  b.exporter = "1123456789abcdef0123456789abcdef";
  EXPECT_TRUE(seen.insert(ReportData(b)).second);
  b = Example();
  b.policy_hash[31] = 8;
  EXPECT_TRUE(seen.insert(ReportData(b)).second);
  b = Example();
  b.identity_der = "identitY";
  EXPECT_TRUE(seen.insert(ReportData(b)).second);
  EXPECT_EQ(seen.size(), 6u);
  for (const std::string& report : seen) EXPECT_EQ(report.size(), 64u);
}

TEST(ReportDataTest, PartsCannotBorrowFromTheirNeighbours) {
  Binding a = Example();
  a.prover_role = "masterowner";
  a.verifier_role = "";
  EXPECT_NE(ReportData(a), ReportData(Example()));
}

TEST(PolicyHashTest, IsSha256) {
  // FIPS 180-4's example "abc".
  EXPECT_EQ(base::Hex(base::View(PolicyHash("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace soteria::attest
