#include "src/crypto/envelope.h"

#include <gtest/gtest.h>

#include <fstream>
#include <latch>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/crypto/hash.h"
#include "src/crypto/nonce_counter.h"

namespace soteria::crypto {

/// A sealer that has sealed a lot already.
class SealerForTest {
 public:
  static std::unique_ptr<Sealer> Make(const Secret& root, const base::Digest& session,
                                      uint64_t messages, uint64_t bytes) {
    return std::unique_ptr<Sealer>(new Sealer(root, session, 1, messages, bytes));
  }
};

namespace {

static_assert(!std::is_copy_constructible_v<Sealer> && !std::is_move_constructible_v<Sealer>);
static_assert(!std::is_copy_assignable_v<Sealer> && !std::is_move_assignable_v<Sealer>);
static_assert(!std::is_copy_constructible_v<NonceCounter> &&
              !std::is_move_constructible_v<NonceCounter>);
static_assert(!std::is_copy_assignable_v<NonceCounter> && !std::is_move_assignable_v<NonceCounter>);

Secret RootOf(char first) {
  std::string bytes;
  for (int i = 0; i < 32; ++i) bytes += static_cast<char>(first + i);
  return Secret::Adopt(std::move(bytes));
}

class EnvelopeTest : public testing::Test {
 protected:
  std::string Sealed(std::string_view plain = "plaintext") {
    return *sealer_.Seal(kStage, task_, MessageKind::kPartial, kPlace, plain);
  }
  bool Refused(std::string_view sealed) const {
    return base::Is(opener_.Open(sealed).status(), base::kIntegrity);
  }

  static constexpr uint64_t kStage = 3;
  static constexpr Place kPlace = {1, 2, 300, 18};
  const Secret root_ = RootOf(0);
  const base::Digest session_ = SessionId(root_);
  const base::Digest task_ = Sha256("task");
  Sealer sealer_{root_, session_, 7};
  Opener opener_{root_, session_};
};

TEST_F(EnvelopeTest, OpensAsWhatWasSealed) {
  const std::string sealed = Sealed();
  EXPECT_EQ(sealed.size(), kEnvelopeOverheadBytes + 9);
  const auto opened = opener_.Open(sealed);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->second, "plaintext");
  const EnvelopeHeader& header = opened->first;
  EXPECT_EQ(header.session, session_);
  EXPECT_EQ(header.stage, kStage);
  EXPECT_EQ(header.task, task_);
  EXPECT_EQ(header.kind, MessageKind::kPartial);
  EXPECT_EQ(header.place, kPlace);
  EXPECT_EQ(header.sender, 7U);
  EXPECT_EQ(header.counter, 0U);
  EXPECT_EQ(*ParseEnvelopeHeader(sealed), header);
  EXPECT_EQ(*opener_.OpenAs(sealed, kStage, task_, MessageKind::kPartial, kPlace), "plaintext");
}

TEST_F(EnvelopeTest, EmptyAndLargeMessages) {
  EXPECT_EQ(opener_.Open(Sealed(""))->second, "");
  const std::string large((size_t{5} << 20) + 3, 'x');
  EXPECT_EQ(opener_.Open(Sealed(large))->second, large);
}

TEST_F(EnvelopeTest, EveryKindIsAccepted) {
  for (uint8_t kind = 1; kind <= 11; ++kind) {
    const auto sealed = sealer_.Seal(1, task_, static_cast<MessageKind>(kind), {}, "p");
    EXPECT_EQ(opener_.Open(*sealed)->first.kind, static_cast<MessageKind>(kind));
  }
}

// I4: every bit of the header, the ciphertext and the tag is authenticated.
TEST_F(EnvelopeTest, EveryBitCounts) {
  const std::string sealed = Sealed();
  ASSERT_FALSE(Refused(sealed));
  for (size_t i = 0; i < sealed.size() * 8; ++i) {
    std::string changed = sealed;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
    EXPECT_TRUE(Refused(changed)) << "byte " << i / 8 << " bit " << i % 8;
  }
}

TEST_F(EnvelopeTest, EveryTruncationAndExtensionIsRefused) {
  const std::string sealed = Sealed();
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_TRUE(Refused(sealed.substr(0, size))) << size;
    EXPECT_TRUE(Refused(sealed.substr(size + 1))) << size;
  }
  EXPECT_TRUE(Refused(sealed + '\0'));
  EXPECT_TRUE(Refused(sealed + sealed));
}

TEST_F(EnvelopeTest, OversizedIsRefusedOnBothSides) {
  std::string sealed = Sealed();
  sealed.resize(kSealedBytesMax + 1);
  EXPECT_TRUE(Refused(sealed));
  EXPECT_TRUE(base::Is(ParseEnvelopeHeader(sealed).status(), base::kIntegrity));
  const std::string plain(kEnvelopePlainBytesMax + 1, '\0');
  const auto refused = sealer_.Seal(1, task_, MessageKind::kRows, {}, plain);
  EXPECT_TRUE(base::Is(refused.status(), base::kCipherLimit));
}

TEST_F(EnvelopeTest, LargestMessageFitsItsLimit) {
  const std::string plain(kEnvelopePlainBytesMax, 'x');
  const auto sealed = sealer_.Seal(1, task_, MessageKind::kRows, {}, plain);
  ASSERT_TRUE(sealed.ok());
  EXPECT_EQ(sealed->size(), kSealedBytesMax);
  EXPECT_TRUE(opener_.Open(*sealed)->second == plain);
}

TEST_F(EnvelopeTest, AnotherSessionIsRefused) {
  const std::string sealed = Sealed();
  const Secret other_root = RootOf(1);
  // Another session's enclave; ours with the other name; the other root under our name.
  EXPECT_TRUE(
      base::Is(Opener(other_root, SessionId(other_root)).Open(sealed).status(), base::kIntegrity));
  EXPECT_TRUE(
      base::Is(Opener(root_, SessionId(other_root)).Open(sealed).status(), base::kIntegrity));
  EXPECT_TRUE(base::Is(Opener(other_root, session_).Open(sealed).status(), base::kIntegrity));
  // Sealed under our root but for another name.
  Sealer confused(root_, SessionId(other_root), 8);
  EXPECT_TRUE(Refused(*confused.Seal(1, task_, MessageKind::kTask, {}, "p")));
}

TEST_F(EnvelopeTest, OpensOnlyInItsPlace) {
  const std::string sealed = Sealed();
  const auto refused = [&](uint64_t stage, const base::Digest& task, MessageKind kind,
                           Place place) {
    const auto opened = opener_.OpenAs(sealed, stage, task, kind, place);
    return base::Is(opened.status(), base::kIntegrity);
  };
  const MessageKind kind = MessageKind::kPartial;
  EXPECT_FALSE(refused(kStage, task_, kind, kPlace));
  EXPECT_TRUE(refused(kStage + 1, task_, kind, kPlace));
  EXPECT_TRUE(refused(kStage, Sha256("another task"), kind, kPlace));
  EXPECT_TRUE(refused(kStage, task_, MessageKind::kRows, kPlace));
  EXPECT_TRUE(refused(kStage, task_, kind, {2, 2, 300, 18}));
  EXPECT_TRUE(refused(kStage, task_, kind, {1, 3, 300, 18}));
  EXPECT_TRUE(refused(kStage, task_, kind, {1, 2, 301, 18}));
  EXPECT_TRUE(refused(kStage, task_, kind, {1, 2, 300, 19}));
}

// The text of a refusal is one for all causes, so that it tells the host nothing.
TEST_F(EnvelopeTest, RefusalsReadAlike) {
  std::string changed = Sealed();
  changed.back() = static_cast<char>(changed.back() ^ 1);
  const base::Status forged = opener_.Open(changed).status();
  const base::Status misplaced =
      opener_.OpenAs(Sealed(), kStage + 1, task_, MessageKind::kPartial, kPlace).status();
  EXPECT_EQ(base::Message(forged), base::Message(misplaced));
}

TEST_F(EnvelopeTest, SendersHaveTheirOwnKeys) {
  Sealer other(root_, session_, 8);
  const std::string a = Sealed();
  const std::string b = *other.Seal(kStage, task_, MessageKind::kPartial, kPlace, "plaintext");
  EXPECT_NE(a.substr(kEnvelopeHeaderBytes), b.substr(kEnvelopeHeaderBytes));
  EXPECT_EQ(opener_.Open(b)->first.sender, 8U);
  // The same body under the other's header.
  EXPECT_TRUE(Refused(b.substr(0, kEnvelopeHeaderBytes) + a.substr(kEnvelopeHeaderBytes)));
}

TEST_F(EnvelopeTest, EqualPlaintextsLookDifferent) {
  const std::string a = Sealed();
  const std::string b = Sealed();
  EXPECT_EQ(ParseEnvelopeHeader(b)->counter, 1U);
  EXPECT_NE(a.substr(kEnvelopeHeaderBytes), b.substr(kEnvelopeHeaderBytes));
}

TEST_F(EnvelopeTest, CountersAreUniqueAcrossThreads) {
  constexpr int kThreads = 8;
  constexpr int kMessages = 500;
  std::vector<std::vector<std::string>> sealed(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kMessages; ++i) {
        sealed[static_cast<size_t>(t)].push_back(Sealed(std::string(static_cast<size_t>(i), 'm')));
        EXPECT_TRUE(opener_.Open(sealed[static_cast<size_t>(t)].back()).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<uint64_t> counters;
  for (const auto& of_thread : sealed) {
    for (const std::string& message : of_thread) {
      counters.insert(ParseEnvelopeHeader(message)->counter);
    }
  }
  EXPECT_EQ(counters.size(), static_cast<size_t>(kThreads * kMessages));
  EXPECT_EQ(*counters.rbegin(), kThreads * kMessages - 1U);
}

TEST_F(EnvelopeTest, RefusesAfterTheLastMessage) {
  const auto sealer = SealerForTest::Make(root_, session_, kSealerMessagesMax - 2, 0);
  const auto seal = [&] { return sealer->Seal(1, task_, MessageKind::kTask, {}, "p"); };
  EXPECT_EQ(ParseEnvelopeHeader(*seal())->counter, kSealerMessagesMax - 2);
  EXPECT_EQ(opener_.Open(*seal())->first.counter, kSealerMessagesMax - 1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(base::Is(seal().status(), base::kCipherLimit));
}

TEST_F(EnvelopeTest, RefusesBeyondTheLastByte) {
  const auto sealer = SealerForTest::Make(root_, session_, 0, kSealerBytesMax - 10);
  const auto seal = [&](size_t bytes) {
    return sealer->Seal(1, task_, MessageKind::kTask, {}, std::string(bytes, 'p'));
  };
  EXPECT_TRUE(base::Is(seal(11).status(), base::kCipherLimit));
  EXPECT_EQ(ParseEnvelopeHeader(*seal(10))->counter, 0U);  // the refused one took no number
  EXPECT_TRUE(base::Is(seal(1).status(), base::kCipherLimit));
}

TEST(NonceCounter, GivesNoNumberTwice) {
  constexpr uint64_t kThreads = 4;
  constexpr uint64_t kNumbers = 300'000;
  NonceCounter counter(0, 0);
  std::vector<std::vector<uint64_t>> given(kThreads);
  std::vector<std::thread> threads;
  std::latch start(kThreads);
  for (std::vector<uint64_t>& mine : given) {
    threads.emplace_back([&counter, &mine, &start] {
      mine.reserve(kNumbers);
      start.arrive_and_wait();
      for (uint64_t i = 0; i < kNumbers; ++i) mine.push_back(*counter.Next(1));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<bool> seen(kThreads * kNumbers, false);
  for (const std::vector<uint64_t>& mine : given) {
    for (const uint64_t number : mine) {
      ASSERT_LT(number, seen.size());
      ASSERT_FALSE(seen[number]);
      seen[number] = true;
    }
  }
}

TEST(NonceCounter, NoOverflowAtTheLimits) {
  NonceCounter full(0, ~uint64_t{0});
  EXPECT_TRUE(base::Is(full.Next(1).status(), base::kCipherLimit));
  NonceCounter empty(0, 0);
  EXPECT_TRUE(base::Is(empty.Next(~uint64_t{0}).status(), base::kCipherLimit));
  EXPECT_EQ(*empty.Next(kSealerBytesMax), 0U);
  EXPECT_TRUE(base::Is(empty.Next(1).status(), base::kCipherLimit));
}

TEST_F(EnvelopeTest, MoreSendersThanAreKept) {
  std::vector<std::string> sealed;
  for (uint64_t sender = 0; sender < kOpenerSendersMax + 50; ++sender) {
    Sealer sealer(root_, session_, sender);
    sealed.push_back(*sealer.Seal(1, task_, MessageKind::kTask, {}, std::to_string(sender)));
  }
  for (int round = 0; round < 2; ++round) {
    for (uint64_t sender = 0; sender < sealed.size(); ++sender) {
      const auto opened = opener_.Open(sealed[sender]);
      ASSERT_TRUE(opened.ok());
      EXPECT_EQ(opened->first.sender, sender);
      EXPECT_EQ(opened->second, std::to_string(sender));
    }
  }
}

TEST_F(EnvelopeTest, HeaderRefusesOtherFormats) {
  const std::string sealed = Sealed();
  const auto with = [&](size_t at, char byte) {
    std::string changed = sealed;
    changed[at] = byte;
    return base::Is(ParseEnvelopeHeader(changed).status(), base::kIntegrity);
  };
  EXPECT_FALSE(with(4, '1'));
  EXPECT_TRUE(with(4, '2'));  // a later version of the format
  EXPECT_TRUE(with(5, 0));
  EXPECT_TRUE(with(5, 12));
  EXPECT_TRUE(with(6, 1));
  EXPECT_TRUE(with(7, 1));
}

TEST(SessionId, IsAFunctionOfTheRootThatDoesNotShowIt) {
  EXPECT_EQ(SessionId(RootOf(0)), SessionId(RootOf(0)));
  EXPECT_NE(SessionId(RootOf(0)), SessionId(RootOf(1)));
}

// Made by an independent implementation (Python's cryptography) of docs/formats/envelope.md.
TEST(EnvelopeGolden, OpensAndSealsTheSameBytes) {
  std::ifstream in(SOTERIA_SOURCE_DIR "/tests/golden/corpus/envelope/partial", std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(in), {}};
  ASSERT_FALSE(golden.empty());
  const Secret root = RootOf(0);
  const base::Digest session = SessionId(root);
  const auto opened =
      Opener(root, session)
          .OpenAs(golden, 3, Sha256("task"), MessageKind::kPartial, {1, 2, 300, 18});
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(*opened, "golden plaintext");
  Sealer sealer(root, session, 7);
  ASSERT_TRUE(sealer.Seal(1, {}, MessageKind::kTask, {}, "").ok());  // counter 0
  EXPECT_EQ(
      *sealer.Seal(3, Sha256("task"), MessageKind::kPartial, {1, 2, 300, 18}, "golden plaintext"),
      golden);
}

}  // namespace
}  // namespace soteria::crypto
