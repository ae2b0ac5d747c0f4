// Messages in slices: joined in any order, and nothing else than exactly one message.
#include "src/dataflow/slices.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/crypto/hash.h"

namespace soteria::dataflow {
namespace {

using crypto::MessageKind;
using crypto::Place;
using Added = Joiner::Added;

class SlicesTest : public ::testing::Test {
 protected:
  std::vector<std::string> Seal(std::string_view plain, uint64_t slice_bytes = 100) {
    auto sealed = SealMessage(sealer_, name_, plain, slice_bytes);
    EXPECT_TRUE(sealed.ok()) << base::Message(sealed.status());
    return *std::move(sealed);
  }
  Part Open(const std::string& sealed) {
    auto part = OpenPart(opener_, sealed, name_);
    EXPECT_TRUE(part.ok()) << base::Message(part.status());
    return *std::move(part);
  }
  Added Add(Joiner& joiner, const std::string& sealed) {
    const auto added = joiner.Add(Open(sealed));
    EXPECT_TRUE(added.ok()) << base::Message(added.status());
    return added.value_or(Added::kMore);
  }
  static std::string Text(size_t size, char first = 'a') {
    std::string text;
    for (size_t i = 0; i < size; ++i)
      text += static_cast<char>(static_cast<size_t>(first) + i % 23);
    return text;
  }
  /// A slice whose tail says what the test wants, sealed by a member of the session.
  std::string Slice(std::string bytes, uint64_t first, uint64_t slice, uint64_t stride,
                    uint64_t total) {
    const size_t size = bytes.size();
    bytes.resize(size + 32);
    uint64_t at = size;
    for (const uint64_t field : {first, slice, stride, total}) {
      base::PutLe64(field, bytes.data() + at);
      at += 8;
    }
    return *sealer_.Seal(name_.stage, name_.task, MessageKind::kRowsSlice, name_.place, bytes);
  }

  crypto::Secret root_ = crypto::Secret::Adopt(std::string(32, 'r'));
  base::Digest session_ = crypto::SessionId(root_);
  crypto::Sealer sealer_{root_, session_, 1};
  crypto::Sealer other_{root_, session_, 2};
  crypto::Opener opener_{root_, session_};
  MessageName name_{7, crypto::Sha256("task"), MessageKind::kRows, {3, 0, 0, 0}};
};

TEST_F(SlicesTest, UpToASliceIsOneEnvelopeOfItsKind) {
  for (const size_t size : {0U, 1U, 100U}) {
    const auto sealed = Seal(Text(size));
    ASSERT_EQ(sealed.size(), 1U);
    EXPECT_EQ(*opener_.OpenAs(sealed[0], 7, name_.task, MessageKind::kRows, name_.place),
              Text(size));
    Joiner joiner;
    EXPECT_EQ(Add(joiner, sealed[0]), Added::kComplete);
    EXPECT_EQ(joiner.Take(), Text(size));
    EXPECT_EQ(Add(joiner, sealed[0]), Added::kRepeat);
  }
}

TEST_F(SlicesTest, LargerOnesComeBackFromAnyOrder) {
  for (const size_t size : {101U, 200U, 201U, 1'000U, 1'234U}) {
    const std::string text = Text(size);
    std::vector<std::string> sealed = Seal(text);
    ASSERT_EQ(sealed.size(), (size + 99) / 100);
    for (int order = 0; order < 3; ++order) {
      Joiner joiner;
      if (order == 1) std::reverse(sealed.begin(), sealed.end());
      if (order == 2) std::rotate(sealed.begin(), sealed.begin() + 1, sealed.end());
      for (size_t i = 0; i + 1 < sealed.size(); ++i) {
        EXPECT_EQ(Add(joiner, sealed[i]), Added::kMore);
        EXPECT_EQ(Add(joiner, sealed[i]), Added::kRepeat);
        EXPECT_FALSE(joiner.complete());
        EXPECT_EQ(joiner.pending_bytes(), size);
      }
      EXPECT_EQ(Add(joiner, sealed.back()), Added::kComplete);
      EXPECT_EQ(joiner.Take(), text);
      EXPECT_EQ(joiner.pending_bytes(), 0U);
      EXPECT_EQ(Add(joiner, sealed[0]), Added::kRepeat);
    }
  }
}

TEST_F(SlicesTest, KindsWithoutSlicesGoWhole) {
  name_.kind = MessageKind::kKept;
  EXPECT_EQ(Seal(Text(1'000)).size(), 1U);
}

TEST_F(SlicesTest, ASliceIsBoundToItsNameAndIsNoWholeMessage) {
  const std::string sealed = Seal(Text(300))[1];
  const auto refused = [&](const MessageName& name) {
    return base::Is(OpenPart(opener_, sealed, name).status(), base::kIntegrity);
  };
  EXPECT_FALSE(refused(name_));
  MessageName wrong = name_;
  wrong.stage = 8;
  EXPECT_TRUE(refused(wrong));
  wrong = name_;
  wrong.task = crypto::Sha256("another");
  EXPECT_TRUE(refused(wrong));
  wrong = name_;
  wrong.place = {4, 0, 0, 0};
  EXPECT_TRUE(refused(wrong));
  for (const MessageKind kind : {MessageKind::kPartial, MessageKind::kShuffle, MessageKind::kKept,
                                 MessageKind::kRowsSlice}) {
    wrong = name_;
    wrong.kind = kind;
    EXPECT_EQ(refused(wrong), kind != MessageKind::kRowsSlice) << static_cast<int>(kind);
  }
  EXPECT_FALSE(opener_.OpenAs(sealed, 7, name_.task, MessageKind::kRows, name_.place).ok());
  // A whole message passed off as a slice: its kind is authenticated.
  std::string whole = Seal(Text(50))[0];
  whole[5] = static_cast<char>(MessageKind::kRowsSlice);
  EXPECT_TRUE(base::Is(OpenPart(opener_, whole, name_).status(), base::kIntegrity));
  std::string cut = sealed;
  cut.pop_back();
  EXPECT_TRUE(base::Is(OpenPart(opener_, cut, name_).status(), base::kIntegrity));
}

TEST_F(SlicesTest, TailsThatDescribeNoSliceAreRefused) {
  const auto refused = [&](const std::string& sealed) {
    return base::Is(OpenPart(opener_, sealed, name_).status(), base::kIntegrity);
  };
  EXPECT_FALSE(refused(Slice(Text(10), 0, 0, 10, 25)));
  EXPECT_FALSE(refused(Slice(Text(5), 0, 2, 10, 25)));
  EXPECT_TRUE(refused(Slice(Text(10), 0, 2, 10, 25)));  // longer than the last one is
  EXPECT_TRUE(refused(Slice(Text(9), 0, 1, 10, 25)));   // shorter than another is
  EXPECT_TRUE(refused(Slice("", 0, 3, 10, 25)));        // beyond the last
  EXPECT_TRUE(refused(Slice("", 0, 2, 10, 20)));
  EXPECT_TRUE(refused(Slice(Text(10), 0, 0, 10, 10)));  // one slice is a whole message
  EXPECT_TRUE(refused(Slice("", 0, 0, 0, 25)));
  EXPECT_TRUE(refused(Slice("", 0, 0, 0, 0)));
  EXPECT_TRUE(refused(Slice(Text(1), 0, 0, 1, kSlicesMax + 1)));
  EXPECT_FALSE(refused(Slice(Text(1), 0, 0, 1, kSlicesMax)));
  EXPECT_TRUE(refused(Slice(Text(10), 0, 0, 10, UINT64_MAX)));
  EXPECT_TRUE(refused(Slice(Text(10), 0, UINT64_MAX, 10, 25)));
  EXPECT_TRUE(refused(
      *sealer_.Seal(name_.stage, name_.task, MessageKind::kRowsSlice, name_.place, Text(31))));
  // Larger than any message, in as many slices as there may be.
  EXPECT_TRUE(refused(Slice(Text(10), 0, 0, kMessageBytesMax, kMessageBytesMax + 1)));
}

// Two executions of a task, by one worker and by two: each message only of its own slices (I5).
TEST_F(SlicesTest, SlicesOfTwoExecutionsAreNeverMixed) {
  const std::string a = Text(300, 'a');
  const std::string b = Text(300, 'A');
  const auto first = Seal(a);
  const auto again = Seal(b);
  const auto others = *SealMessage(other_, name_, b, 100);
  for (const auto& second : {again, others}) {
    Joiner joiner;
    EXPECT_EQ(Add(joiner, first[0]), Added::kMore);
    EXPECT_EQ(Add(joiner, second[1]), Added::kMore);
    EXPECT_EQ(Add(joiner, second[2]), Added::kMore);  // all three numbers are here
    EXPECT_EQ(joiner.pending_bytes(), 600U);
    EXPECT_EQ(Add(joiner, second[0]), Added::kComplete);
    EXPECT_EQ(joiner.Take(), b);
    EXPECT_EQ(Add(joiner, first[1]), Added::kRepeat);
  }
  // Both have counters from the start: the sender tells them apart.
  crypto::Sealer x(root_, session_, 3);
  crypto::Sealer y(root_, session_, 4);
  const auto of_x = *SealMessage(x, name_, a, 100);
  const auto of_y = *SealMessage(y, name_, b, 100);
  EXPECT_EQ(Open(of_x[1]).message, Open(of_y[1]).message);
  Joiner joiner;
  EXPECT_EQ(Add(joiner, of_x[0]), Added::kMore);
  EXPECT_EQ(Add(joiner, of_y[1]), Added::kMore);
  EXPECT_EQ(Add(joiner, of_x[2]), Added::kMore);
  EXPECT_EQ(Add(joiner, of_x[1]), Added::kComplete);
  EXPECT_EQ(joiner.Take(), a);
}

TEST_F(SlicesTest, AWholeMessageMayEndAPlaceThatCameInPart) {
  Joiner joiner;
  EXPECT_EQ(Add(joiner, Seal(Text(300))[0]), Added::kMore);
  EXPECT_EQ(Add(joiner, Seal("small")[0]), Added::kComplete);
  EXPECT_EQ(joiner.Take(), "small");
  EXPECT_EQ(joiner.pending_bytes(), 0U);
}

TEST_F(SlicesTest, ContradictionsAndEndlessFirstSlicesAreTyped) {
  Joiner joiner;
  EXPECT_EQ(Add(joiner, Slice(Text(10), 1'000, 1, 10, 25)), Added::kMore);
  EXPECT_TRUE(
      base::Is(joiner.Add(Open(Slice(Text(5), 1'000, 2, 5, 15))).status(), base::kIntegrity));
  EXPECT_TRUE(
      base::Is(joiner.Add(Open(Slice(Text(6), 1'000, 2, 10, 26))).status(), base::kIntegrity));
  Joiner flooded;
  for (size_t i = 0; i < kExecutionsMax; ++i) {
    EXPECT_EQ(Add(flooded, Seal(Text(300))[0]), Added::kMore);
  }
  EXPECT_EQ(flooded.pending_bytes(), 300U * kExecutionsMax);
  EXPECT_TRUE(base::Is(flooded.Add(Open(Seal(Text(300))[0])).status(), base::kAttempts));
}

TEST_F(SlicesTest, TooManySlicesAreNotSealed) {
  EXPECT_EQ(Seal(Text(kSlicesMax * 2), 2).size(), kSlicesMax);
  EXPECT_TRUE(base::Is(SealMessage(sealer_, name_, Text(kSlicesMax * 2 + 1), 2).status(),
                       base::kMemoryLimit));
}

TEST_F(SlicesTest, MoreThanAnEnvelopeHolds) {
  std::string large(size_t{300} << 20, 'x');
  for (size_t i = 0; i < large.size(); i += 4096) large[i] = static_cast<char>(i >> 12);
  const base::Digest digest = crypto::Sha256(large);
  auto sealed = Seal(large, kSliceBytes);
  large = {};
  EXPECT_EQ(sealed.size(), 19U);
  Joiner joiner;
  for (size_t i = sealed.size(); i-- > 0; sealed.pop_back()) {
    EXPECT_LE(sealed[i].size(), kSliceBytes + 1'024);
    EXPECT_EQ(Add(joiner, sealed[i]), i == 0 ? Added::kComplete : Added::kMore);
  }
  EXPECT_EQ(crypto::Sha256(joiner.Take()), digest);
}

}  // namespace
}  // namespace soteria::dataflow
