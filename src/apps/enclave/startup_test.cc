#include "src/apps/enclave/startup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace soteria::apps {
namespace {

using testing::ElementsAre;

TEST(PinnedEnvironmentTest, NothingOfTheHostsReachesTheLibraries) {
  const std::array<const char*, 8> given = {"GRPC_TRACE=all",
                                            "GRPC_VERBOSITY=debug",
                                            "OPENSSL_CONF=/tmp/evil.cnf",
                                            "OPENBLAS_CORETYPE=SkylakeX",
                                            "SOTERIA_COOKIE=abc",
                                            "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2",
                                            "noname",
                                            nullptr};
  EXPECT_THAT(
      PinnedEnvironment(given.data()),
      ElementsAre("OPENBLAS_CORETYPE=Haswell", "OPENBLAS_NUM_THREADS=1", "SOTERIA_COOKIE=abc"));
}

TEST(PinnedEnvironmentTest, IsItsOwnFixedPoint) {
  const std::array<const char*, 6> given = {"LD_PRELOAD=/a.so", "SOTERIA_COOKIE=1",
                                            "SOTERIA_COOKIE=2", "LD_LIBRARY_PATH=/b",
                                            "LD_DEBUG=all",     nullptr};
  const std::vector<std::string> once = PinnedEnvironment(given.data());
  std::vector<const char*> pointers;
  for (const std::string& one : once) pointers.push_back(one.c_str());
  pointers.push_back(nullptr);
  EXPECT_EQ(PinnedEnvironment(pointers.data()), once);
  EXPECT_THAT(once, ElementsAre("OPENBLAS_CORETYPE=Haswell", "OPENBLAS_NUM_THREADS=1",
                                "LD_PRELOAD=/a.so", "SOTERIA_COOKIE=1", "LD_LIBRARY_PATH=/b"));
}

}  // namespace
}  // namespace soteria::apps
