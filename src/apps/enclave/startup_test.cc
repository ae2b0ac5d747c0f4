#include "src/apps/enclave/startup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace soteria::apps {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr uint64_t kRoomy = uint64_t{4} << 30;

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
      PinnedEnvironment(given.data(), kRoomy),
      ElementsAre("OPENBLAS_CORETYPE=Haswell", "OPENBLAS_NUM_THREADS=1",
                  StartsWith("GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:"),
                  "MIMALLOC_PURGE_DELAY=5000", "SOTERIA_COOKIE=abc"));
}

TEST(PinnedEnvironmentTest, IsItsOwnFixedPoint) {
  const std::array<const char*, 6> given = {"LD_PRELOAD=/a.so", "SOTERIA_COOKIE=1",
                                            "SOTERIA_COOKIE=2", "LD_LIBRARY_PATH=/b",
                                            "LD_DEBUG=all",     nullptr};
  const std::vector<std::string> once = PinnedEnvironment(given.data(), kRoomy);
  std::vector<const char*> pointers;
  for (const std::string& one : once) pointers.push_back(one.c_str());
  pointers.push_back(nullptr);
  EXPECT_EQ(PinnedEnvironment(pointers.data(), kRoomy), once);
  EXPECT_THAT(once, ElementsAre("OPENBLAS_CORETYPE=Haswell", "OPENBLAS_NUM_THREADS=1",
                                StartsWith("GLIBC_TUNABLES="), StartsWith("MIMALLOC_"),
                                "LD_PRELOAD=/a.so", "SOTERIA_COOKIE=1", "LD_LIBRARY_PATH=/b"));
}

TEST(PinnedEnvironmentTest, UnderALimitAllocatorsGiveBackWhatIsFreed) {
  const std::array<const char*, 2> given = {"GLIBC_TUNABLES=glibc.malloc.mmap_max=0", nullptr};
  const std::vector<std::string> tight = PinnedEnvironment(given.data(), kRoomy - 1);
  EXPECT_EQ(tight.size(), 4U);
  EXPECT_THAT(tight, Contains("ARROW_DEFAULT_MEMORY_POOL=system"));
  EXPECT_THAT(tight, Contains(StartsWith("GLIBC_TUNABLES=glibc.malloc.hugetlb=1:")));
  EXPECT_THAT(tight, Contains(HasSubstr(":glibc.malloc.mmap_threshold=8388608:")));
  EXPECT_THAT(PinnedEnvironment(given.data(), kRoomy / 64),
              Contains(HasSubstr(":glibc.malloc.mmap_threshold=262144:")));
}

}  // namespace
}  // namespace soteria::apps
