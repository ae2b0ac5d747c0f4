#include "src/base/fields.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "src/base/bytes.h"
#include "src/base/errors.h"

namespace soteria::base {
namespace {

TEST(Fields, BytesAreLengthThenContent) {
  FieldWriter writer;
  writer.Add("ab").AddU64(258);
  EXPECT_EQ(Hex(writer.bytes()),
            "0200000000000000"
            "6162"
            "0800000000000000"
            "0201000000000000");
  const std::string taken = writer.Take();
  EXPECT_EQ(taken.size(), 26U);
  EXPECT_EQ(writer.bytes(), "");
}

TEST(Fields, DifferentSequencesHaveDifferentBytes) {
  FieldWriter a, b, c;
  a.Add("ab").Add("c");
  b.Add("a").Add("bc");
  c.Add("abc");
  EXPECT_NE(a.bytes(), b.bytes());
  EXPECT_NE(a.bytes(), c.bytes());
  EXPECT_NE(b.bytes(), c.bytes());
}

TEST(Fields, EveryTypeComesBack) {
  FieldWriter writer;
  const double nan = std::bit_cast<double>(uint64_t{0x7ff8000000abcdef});
  writer.Add("").Add(std::string(1000, 'x')).AddU64(std::numeric_limits<uint64_t>::max());
  writer.AddI64(std::numeric_limits<int64_t>::min()).AddDouble(-0.0).AddDouble(nan);
  writer.AddBool(true).AddBool(false);
  FieldReader reader(writer.bytes());
  EXPECT_EQ(*reader.Next(), "");
  EXPECT_EQ(reader.Next()->size(), 1000U);
  EXPECT_EQ(*reader.NextU64(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(*reader.NextI64(), std::numeric_limits<int64_t>::min());
  EXPECT_TRUE(std::signbit(*reader.NextDouble()));
  EXPECT_EQ(std::bit_cast<uint64_t>(*reader.NextDouble()), 0x7ff8000000abcdefU);
  EXPECT_TRUE(*reader.NextBool());
  EXPECT_FALSE(reader.AtEnd());
  EXPECT_TRUE(Is(reader.Finish(), kProtocol));  // one is left
  EXPECT_FALSE(*reader.NextBool());
  EXPECT_TRUE(reader.AtEnd());
  EXPECT_TRUE(reader.Finish().ok());
  EXPECT_TRUE(Is(reader.Next().status(), kProtocol));
}

TEST(FieldReader, RefusesEveryTruncation) {
  FieldWriter writer;
  writer.Add("abc").AddU64(7);
  for (size_t size = 0; size < writer.bytes().size(); ++size) {
    FieldReader reader(std::string_view(writer.bytes()).substr(0, size));
    const bool first = reader.Next().ok();
    EXPECT_EQ(first, size >= 11) << size;
    EXPECT_TRUE(Is(reader.NextU64().status(), kProtocol)) << size;
  }
}

TEST(FieldReader, RefusesLengthsBeyondTheInput) {
  for (const uint64_t length :
       {uint64_t{4}, uint64_t{1} << 31, uint64_t{1} << 63, std::numeric_limits<uint64_t>::max(),
        std::numeric_limits<uint64_t>::max() - 7, std::numeric_limits<uint64_t>::max() - 8}) {
    std::string bytes(8, '\0');
    PutLe64(length, bytes.data());
    bytes += "abc";
    FieldReader reader(bytes);
    EXPECT_TRUE(Is(reader.Next().status(), kProtocol)) << length;
  }
}

TEST(FieldReader, NumbersHaveEightBytes) {
  for (const size_t size : {0U, 1U, 7U, 9U}) {
    FieldWriter writer;
    writer.Add(std::string(size, '\1'));
    EXPECT_TRUE(Is(FieldReader(writer.bytes()).NextU64().status(), kProtocol)) << size;
    EXPECT_TRUE(Is(FieldReader(writer.bytes()).NextI64().status(), kProtocol)) << size;
    EXPECT_TRUE(Is(FieldReader(writer.bytes()).NextDouble().status(), kProtocol)) << size;
    EXPECT_TRUE(Is(FieldReader(writer.bytes()).NextBool().status(), kProtocol)) << size;
  }
}

TEST(FieldReader, TruthIsZeroOrOne) {
  FieldWriter writer;
  writer.AddU64(2);
  EXPECT_TRUE(Is(FieldReader(writer.bytes()).NextBool().status(), kProtocol));
}

}  // namespace
}  // namespace soteria::base
