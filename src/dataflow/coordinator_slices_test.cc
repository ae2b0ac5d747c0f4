// Results that come in slices, from a host that may cheat.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/dataflow/coordinator_for_test.h"

namespace soteria::dataflow {
namespace {

class CoordinatorSlicesTest : public CoordinatorTest {
 protected:
  static constexpr uint64_t kSlice = 1'000;

  /// What a worker seals for the place: more than one slice for more than 1,000 bytes.
  std::vector<std::string> Sliced(ScriptedHost& host, Place place, std::string payload,
                                  MessageKind kind = MessageKind::kRows) {
    return *SealMessage(host.worker, {host.run.stage(), host.task(), kind, place},
                        EncodeAnswer({std::move(payload), 2, 30, 400}), kSlice);
  }
  static void DeliverAll(ScriptedHost& host, Place place, const std::vector<std::string>& sealed) {
    for (const std::string& one : sealed) host.Deliver(place, one);
  }
  static std::string Text(size_t size, char fill) { return std::string(size, fill); }
};

TEST_F(CoordinatorSlicesTest, AnyOrderAndAmongOtherPlaces) {
  const auto result = Run(Collect(3), [&](ScriptedHost& host) {
    auto zero = Sliced(host, {0}, Text(3'500, 'a'));
    const auto two = Sliced(host, {2}, Text(5'000, 'c'));
    std::reverse(zero.begin(), zero.end());
    for (size_t i = 0; i < two.size(); ++i) {
      host.Deliver({2}, two[i]);
      if (i < zero.size()) host.Deliver({0}, zero[i]);
    }
    host.Rows(1);
  });
  ASSERT_TRUE(result.ok()) << base::Message(result.status());
  EXPECT_EQ(result->outputs,
            (std::vector<std::string>{Text(3'500, 'a'), "rows 1", Text(5'000, 'c')}));
  EXPECT_EQ(result->rebuilds, 4U);
  EXPECT_EQ(result->spilled_bytes, 60U);
  EXPECT_EQ(result->opened_bytes, 800U);
  EXPECT_EQ(result->repeats, 0U);
}

TEST_F(CoordinatorSlicesTest, ARootInSlices) {
  const auto result = Run(Of(Terminal::kReduce, 9), [&](ScriptedHost& host) {
    const Place root = {2, 0, 9, 8};
    DeliverAll(host, root, Sliced(host, root, Text(12'345, 'r'), MessageKind::kPartial));
    host.Done(host::OK);
  });
  ASSERT_TRUE(result.ok()) << base::Message(result.status());
  EXPECT_EQ(result->root_partial, Text(12'345, 'r'));
}

// I5: a place counts once it is complete.
TEST_F(CoordinatorSlicesTest, ASliceThatIsMissingIsAMissingResult) {
  for (size_t missing = 0; missing < 3; ++missing) {
    const Status status = Fails(Collect(1), [&](ScriptedHost& host) {
      const auto sealed = Sliced(host, {0}, Text(2'500, 'a'));
      ASSERT_EQ(sealed.size(), 3U);
      for (size_t i = 0; i < 3; ++i) host.Deliver({0}, sealed[i == missing ? (i + 1) % 3 : i]);
      host.Done(host::OK);
    });
    EXPECT_TRUE(base::Is(status, base::kIntegrity));
    EXPECT_NE(base::Message(status).find("1 of 1 results missing"), std::string::npos);
  }
}

TEST_F(CoordinatorSlicesTest, RepeatsOfSlicesAreIgnoredAndCounted) {
  const auto result = Run(Collect(2), [&](ScriptedHost& host) {
    const auto sealed = Sliced(host, {0}, Text(2'500, 'a'));
    host.Deliver({0}, sealed[1]);
    host.Deliver({0}, sealed[1]);  // before the place is complete
    DeliverAll(host, {0}, sealed);
    DeliverAll(host, {0}, sealed);  // and after
    host.Rows(1);
  });
  ASSERT_TRUE(result.ok()) << base::Message(result.status());
  EXPECT_EQ(result->repeats, 5U);
  EXPECT_EQ(result->outputs[0], Text(2'500, 'a'));
}

// Two executions of one task at the same time: the one that is complete first counts.
TEST_F(CoordinatorSlicesTest, ExecutionsThatOverlapAreKeptApart) {
  const auto result = Run(Collect(1), [&](ScriptedHost& host) {
    const auto first = Sliced(host, {0}, Text(2'500, 'a'));
    crypto::Sealer other(host.root, crypto::SessionId(host.root), 2);
    const auto second =
        *SealMessage(other, {host.run.stage(), host.task(), MessageKind::kRows, {0, 0, 0, 0}},
                     EncodeAnswer({Text(2'500, 'b'), 0}), kSlice);
    host.Deliver({0}, first[0]);
    host.Deliver({0}, second[2]);
    host.Deliver({0}, first[1]);
    host.Deliver({0}, second[1]);
    host.Deliver({0}, second[0]);
  });
  ASSERT_TRUE(result.ok()) << base::Message(result.status());
  EXPECT_EQ(result->outputs[0], Text(2'500, 'b'));
}

TEST_F(CoordinatorSlicesTest, ForeignSlicesAreFatal) {
  std::string old;
  ASSERT_TRUE(Run(Collect(1), [&](ScriptedHost& host) {
                old = Sliced(host, {0}, Text(2'500, 'o'))[0];
                host.Rows(0);
              }).ok());
  const auto attacked = [&](const ScriptedHost::Script& script, const StageSpec& spec) {
    const Status status = Attacked(spec, script);
    return base::Is(status, base::kIntegrity);
  };
  EXPECT_TRUE(attacked([&](ScriptedHost& host) { host.Deliver({0}, old); }, Collect(2)));
  EXPECT_TRUE(attacked(
      [&](ScriptedHost& host) { host.Deliver({1}, Sliced(host, {0}, Text(2'500, 'x'))[0]); },
      Collect(2)));
  EXPECT_TRUE(attacked(
      [&](ScriptedHost& host) { host.Deliver({2}, Sliced(host, {2}, Text(2'500, 'x'))[0]); },
      Collect(2)));
  EXPECT_TRUE(attacked(
      [&](ScriptedHost& host) {
        host.Deliver({0}, Sliced(host, {0}, Text(2'500, 'x'), MessageKind::kPartial)[0]);
      },
      Collect(2)));
  EXPECT_TRUE(attacked(
      [&](ScriptedHost& host) {
        std::string sealed = Sliced(host, {0}, Text(2'500, 'x'))[0];
        sealed[200] = static_cast<char>(sealed[200] ^ 1);
        host.Deliver({0}, sealed);
      },
      Collect(2)));
  // An answer that has no slices.
  EXPECT_TRUE(attacked(
      [&](ScriptedHost& host) { host.Deliver({0}, Sliced(host, {0}, Text(2'500, 'x'))[0]); },
      Of(Terminal::kKeep, 1)));
  // The root of a reduce, and nothing below it.
  EXPECT_TRUE(attacked(
      [&](ScriptedHost& host) {
        const Place node = {1, 0, 9, 8};
        host.Deliver(node, Sliced(host, node, Text(2'500, 'x'), MessageKind::kPartial)[0]);
      },
      Of(Terminal::kReduce, 9)));
}

TEST_F(CoordinatorSlicesTest, SlicesOfAClosedStageAreLateRepeats) {
  std::vector<std::string> old;
  ASSERT_TRUE(Run(Collect(1), [&](ScriptedHost& host) {
                old = Sliced(host, {0}, Text(2'500, 'o'));
                DeliverAll(host, {0}, old);
              }).ok());
  const auto result = Run(Collect(1), [&](ScriptedHost& host) {
    for (const std::string& one : old) host.Deliver(1, {0}, one);
    host.Rows(0);
  });
  ASSERT_TRUE(result.ok()) << base::Message(result.status());
  EXPECT_EQ(result->repeats, 3U);
}

TEST_F(CoordinatorSlicesTest, HoldsNoMoreThanTheLimits) {
  const auto of_size = [&](size_t size, uint64_t executions) {
    return [=, this](ScriptedHost& host) {
      for (uint64_t i = 1; i < executions; ++i) {
        host.Deliver({0}, Sliced(host, {0}, Text(size, 'x'))[0]);
      }
      DeliverAll(host, {0}, Sliced(host, {0}, Text(size, 'y')));
    };
  };
  coordinator_.SetLimits({4, 16, 100'000, 50'000});
  EXPECT_TRUE(Run(Collect(1), of_size(99'000, 1)).ok());
  // Refused by what the first slice says.
  EXPECT_TRUE(base::Is(Attacked(Collect(1),
                                [&](ScriptedHost& host) {
                                  host.Deliver({0}, Sliced(host, {0}, Text(101'000, 'x'))[0]);
                                }),
                       base::kCollectLimit));
  EXPECT_TRUE(Run(Collect(1), of_size(99'000, 2)).ok());
  EXPECT_TRUE(base::Is(Fails(Collect(1), of_size(99'000, 3)), base::kCollectLimit));
  EXPECT_TRUE(Run(Collect(1), of_size(9'000, kExecutionsMax)).ok());
  EXPECT_TRUE(base::Is(Fails(Collect(1), of_size(9'000, kExecutionsMax + 1)), base::kAttempts));
  // What is held already counts too.
  EXPECT_TRUE(base::Is(Attacked(Collect(3),
                                [&](ScriptedHost& host) {
                                  for (const uint64_t p : {1U, 2U}) {
                                    DeliverAll(host, {p}, Sliced(host, {p}, Text(60'000, 'x')));
                                  }
                                }),
                       base::kCollectLimit));
  const Place root = {0, 0, 1, 8};
  const auto partial = [&](size_t size) {
    return [=, this](ScriptedHost& host) {
      DeliverAll(host, root, Sliced(host, root, Text(size, 'x'), MessageKind::kPartial));
    };
  };
  EXPECT_TRUE(Run(Of(Terminal::kReduce, 1), partial(49'000)).ok());
  EXPECT_TRUE(base::Is(Fails(Of(Terminal::kReduce, 1), partial(51'000)), base::kMemoryLimit));
}

}  // namespace
}  // namespace soteria::dataflow
