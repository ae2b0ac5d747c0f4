#include "src/master/file_parts.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/formats/formats.h"

namespace soteria::master {
namespace {

using Ranges = std::vector<dataflow::FileRange>;
using Made = storage::Origin::Made;

constexpr uint64_t kStep = uint64_t{16} << 20;

storage::FileEntry File(const std::string& name, Made made) {
  storage::FileEntry file;
  file.name = name;
  file.origin.made = made;
  return file;
}

Cut CutOf(uint64_t part_bytes, bool rows, const formats::OptionMap& options = {}) {
  return {"csv", formats::EncodeReadOptions("csv", options, {}).value(), part_bytes, rows};
}

size_t Parts(uint64_t bytes, const Cut& cut, Made made = Made::kPut) {
  return PartsOf(File("a.csv", made), bytes, cut).value().size();
}

TEST(FileParts, CutFromTheFrontAsInSpark) {
  const storage::FileEntry file = File("a.csv", Made::kJob);
  EXPECT_EQ(*PartsOf(file, 10, CutOf(4, true)), (Ranges{{0, 4}, {4, 8}, {8, 10}}));
  EXPECT_EQ(*PartsOf(file, 8, CutOf(4, true)), (Ranges{{0, 4}, {4, 8}}));
  EXPECT_EQ(*PartsOf(file, 4, CutOf(4, true)), Ranges(1));
  EXPECT_EQ(*PartsOf(file, 0, CutOf(4, true)), Ranges(1));
  EXPECT_EQ(*PartsOf(file, 10, CutOf(4, true, {{"multiline", "true"}})), Ranges(1));
  EXPECT_EQ(*PartsOf(File("a.csv.gz", Made::kJob), 10, CutOf(4, true)), Ranges(1));
  EXPECT_EQ(Parts(dataflow::kPartitionsMax, CutOf(2, true)), dataflow::kPartitionsMax / 2);
  EXPECT_TRUE(base::Is(PartsOf(file, dataflow::kPartitionsMax + 1, CutOf(1, true)).status(),
                       base::kUnsupported));
}

// What a job wrote may be as long as a row says; what the owner put is as large as it is, in steps.
TEST(FileParts, WithoutRowsSizesAreToldInSteps) {
  EXPECT_EQ(Parts(5 * kStep, CutOf(kStep, false), Made::kJob), 1U);
  EXPECT_EQ(Parts(5 * kStep, CutOf(1, false), Made::kUnknown), 1U);
  EXPECT_EQ(Parts(5 * kStep, CutOf(kStep, true), Made::kJob), 5U);
  EXPECT_EQ(Parts(kStep, CutOf(1, false)), 1U);
  EXPECT_EQ(Parts(kStep + 1, CutOf(1, false)), 2U);
  // However a script asks, files of as many steps look alike.
  for (const uint64_t part : {uint64_t{1}, kStep - 1, kStep, kStep + 1, 2 * kStep - 1, 2 * kStep,
                              3 * kStep + 12'345, 7 * kStep, uint64_t{1} << 60}) {
    for (const uint64_t steps : {1UL, 2UL, 3UL, 4UL, 5UL, 11UL}) {
      const size_t most = Parts(steps * kStep, CutOf(part, false));
      EXPECT_EQ(Parts((steps - 1) * kStep + 1, CutOf(part, false)), most) << part;
      EXPECT_EQ(Parts(steps * kStep - 4'096, CutOf(part, false)), most) << part;
    }
  }
}

}  // namespace
}  // namespace soteria::master
