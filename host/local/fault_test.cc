#include "host/local/fault.h"

#include <gtest/gtest.h>

#include "src/base/errors.h"

namespace soteria::host {
namespace {

TEST(FaultTest, ReadsTheOneForm) {
  const auto fault = ParseFault("kill:reduce=5,after=3,worker=1");
  ASSERT_TRUE(fault.ok());
  EXPECT_EQ(fault->reduce, 5U);
  EXPECT_EQ(fault->after, 3U);
  EXPECT_EQ(fault->worker, 1U);
}

TEST(FaultTest, RefusesEverythingElse) {
  for (const char* spec : {"", "kill", "kill:reduce=5", "kill:reduce=5,after=3",
                           "kill:reduce=0,after=3,worker=1", "kill:reduce=,after=3,worker=1",
                           "kill:reduce=5,after=3,worker=1,", "kill:reduce=-1,after=3,worker=1",
                           "stop:reduce=5,after=3,worker=1", "kill:after=3,reduce=5,worker=1"}) {
    EXPECT_TRUE(base::Is(ParseFault(spec).status(), base::kIllegalArgument)) << spec;
  }
}

}  // namespace
}  // namespace soteria::host
