#include "src/ml/linalg/crew.h"

#include <gtest/gtest.h>

#include <vector>

namespace soteria::ml {
namespace {

TEST(Crew, DoesEachPieceOnce) {
  for (const bool helped : {false, true}) {
    Crew crew(helped);
    for (uint32_t round = 0; round < 20'000; ++round) {
      const uint32_t pieces = round % 7;
      std::vector<uint32_t> done(pieces, 0);
      crew.Run(pieces, [&](uint32_t piece) { done[piece] += piece + 1; });
      for (uint32_t piece = 0; piece < pieces; ++piece) ASSERT_EQ(done[piece], piece + 1) << round;
    }
  }
}

TEST(Crew, AHelperThatWasNeverNeededEnds) { const Crew crew(true); }

}  // namespace
}  // namespace soteria::ml
