#include "src/formats/orc_stream.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/formats/orc_runs.h"
#include "src/formats/orc_times.h"
#include "src/formats/orc_wire.h"
#include "src/formats/text_file_for_test.h"
#include "src/table/calendar.h"
#include "src/table/conditions.h"

namespace soteria::formats {
namespace {

using Ints = std::vector<int64_t>;
using Form = OrcInts::Form;

std::string Bytes(const std::vector<int>& values) { return {values.begin(), values.end()}; }

/// The first `count` numbers of a stream that isn't packed.
std::optional<Ints> Read(const std::string& bytes, size_t count, Form form, bool with_sign) {
  TextFileForTest file(bytes, 3);
  const OrcPacking packing;
  OrcInts in(OrcStream(file, packing, 0, bytes.size()), form, with_sign);
  Ints out(count);
  if (!in.Next(out)) {
    EXPECT_TRUE(base::Is(in.Failure(), table::kFailedReadFile));
    return std::nullopt;
  }
  return out;
}

Ints Counting(int64_t from, int64_t by, size_t count) {
  Ints out;
  for (size_t i = 0; i < count; ++i) out.push_back(from + static_cast<int64_t>(i) * by);
  return out;
}

// The examples of https://orc.apache.org/specification/ORCv1/, run length encoding.
TEST(OrcStream, TheSpecificationsRunsOfNumbers) {
  EXPECT_EQ(Read(Bytes({0x61, 0, 7}), 100, Form::kFirst, false), Ints(100, 7));
  EXPECT_EQ(Read(Bytes({0x61, 0xff, 0x64}), 100, Form::kFirst, false), Counting(100, -1, 100));
  EXPECT_EQ(Read(Bytes({0xfb, 2, 3, 6, 7, 0xb}), 5, Form::kFirst, false), (Ints{2, 3, 6, 7, 11}));
  EXPECT_EQ(Read(Bytes({0x0a, 0x27, 0x10}), 5, Form::kSecond, false), Ints(5, 10'000));
  EXPECT_EQ(Read(Bytes({0x5e, 3, 0x5c, 0xa1, 0xab, 0x1e, 0xde, 0xad, 0xbe, 0xef}), 4, Form::kSecond,
                 false),
            (Ints{23713, 43806, 57005, 48879}));
  EXPECT_EQ(Read(Bytes({0xc6, 9, 2, 2, 0x22, 0x42, 0x42, 0x46}), 10, Form::kSecond, false),
            (Ints{2, 3, 5, 7, 11, 13, 17, 19, 23, 29}));
  const std::string patched =
      Bytes({0x8e, 0x13, 0x2b, 0x21, 0x07, 0xd0, 0x1e, 0x00, 0x14, 0x70, 0x28, 0x32, 0x3c, 0x46,
             0x50, 0x5a, 0x64, 0x6e, 0x78, 0x82, 0x8c, 0x96, 0xa0, 0xaa, 0xb4, 0xbe, 0xfc, 0xe8});
  EXPECT_EQ(Read(patched, 20, Form::kSecond, false),
            (Ints{2030, 2000, 2020, 1000000, 2040, 2050, 2060, 2070, 2080, 2090,
                  2100, 2110, 2120, 2130,    2140, 2150, 2160, 2170, 2180, 2190}));
}

TEST(OrcStream, TheSpecificationsRunsOfBytes) {
  const std::string bytes = Bytes({0x61, 0, 0xfe, 0x44, 0x45});
  TextFileForTest file(bytes, 2);
  const OrcPacking packing;
  OrcBytes in(OrcStream(file, packing, 0, bytes.size()));
  std::vector<uint8_t> out(102, 1);
  ASSERT_TRUE(in.Next(out));
  EXPECT_EQ(std::accumulate(out.begin(), out.end() - 2, 0), 0);
  EXPECT_EQ(out[100], 0x44);
  EXPECT_EQ(out[101], 0x45);
  EXPECT_FALSE(in.Next(out));
  TextFileForTest of_bits(Bytes({0xff, 0x80}));
  OrcBits bits(OrcStream(of_bits, packing, 0, 2));
  std::vector<uint8_t> eight(8);
  ASSERT_TRUE(bits.Next(eight));
  EXPECT_EQ(eight, (std::vector<uint8_t>{1, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_FALSE(bits.Next({eight.data(), 1}));
}

TEST(OrcStream, WhatEndsEarlyOrIsNoRunIsRefused) {
  const std::string patched = Bytes({0x8e, 0x13, 0x2b, 0x21, 0x07, 0xd0, 0x1e});
  for (size_t cut = 0; cut <= patched.size(); ++cut) {
    EXPECT_EQ(Read(patched.substr(0, cut), 20, Form::kSecond, false), std::nullopt) << cut;
  }
  // Patches of more bits than a number has, and one behind the run.
  EXPECT_EQ(Read(Bytes({0xbe, 0, 0x1f, 0xe1}) + std::string(64, 'x'), 1, Form::kSecond, false),
            std::nullopt);
  EXPECT_EQ(
      Read(Bytes({0x8e, 0x00, 0x00, 0xe1, 1, 2}) + std::string(8, '\xff'), 1, Form::kSecond, false),
      std::nullopt);
  EXPECT_EQ(Read(Bytes({0xff}) + std::string(11, '\xff'), 1, Form::kFirst, true), std::nullopt);
}

TEST(OrcStream, BlocksComeBackFromEachCodec) {
  std::string text;
  for (int64_t i = 0; i < 100'000; ++i) text += std::to_string(i * i);
  for (const OrcCodec codec :
       {OrcCodec::kNone, OrcCodec::kZlib, OrcCodec::kSnappy, OrcCodec::kLz4, OrcCodec::kZstd}) {
    const auto packing = OrcPacking::Make(codec, 1 << 16);
    ASSERT_TRUE(packing.ok());
    std::string packed = "before";
    ASSERT_TRUE(packing->Pack(text, &packed).ok());
    EXPECT_EQ(packed.size() < text.size(), codec != OrcCodec::kNone);
    TextFileForTest file(packed, 1000);
    OrcStream in(file, *packing, 6, packed.size() - 6);
    std::string out;
    ASSERT_TRUE(in.Append(text.size(), &out)) << base::Message(in.Failure());
    EXPECT_EQ(out, text);
    EXPECT_FALSE(in.Append(1, &out));
    if (codec == OrcCodec::kNone) continue;
    // A block that holds more than the file's blocks may.
    const auto smaller = OrcPacking::Make(codec, 1 << 10);
    OrcStream too_long(file, *smaller, 6, packed.size() - 6);
    EXPECT_FALSE(too_long.Append(1, &out));
    EXPECT_TRUE(base::Is(too_long.Failure(), table::kFailedReadFile));
  }
  for (const OrcCodec codec : {OrcCodec::kLzo, OrcCodec::kBrotli}) {
    EXPECT_TRUE(base::Is(OrcPacking::Make(codec, 1 << 16).status(), base::kUnsupported));
  }
  EXPECT_FALSE(OrcPacking::Make(OrcCodec::kZstd, uint64_t{1} << 40).ok());
}

TEST(OrcRuns, NumbersComeBack) {
  Ints all = Counting(0, 1, 1000);
  for (const int64_t one : {INT64_MIN, INT64_MAX, int64_t{0}, int64_t{-1}, INT64_MIN, INT64_MIN,
                            INT64_MIN, int64_t{5}, int64_t{5}, int64_t{3}, int64_t{1}}) {
    all.push_back(one);
  }
  for (int64_t i = 0; i < 5000; ++i) all.push_back(i * i * 7919 % 1000 - 500);
  OrcIntRuns runs(true);
  for (const int64_t one : all) runs.Add(one);
  const std::string bytes = runs.Finish();
  EXPECT_EQ(Read(bytes, all.size(), Form::kFirst, true), all);
  EXPECT_EQ(Read(bytes, all.size() + 1, Form::kFirst, true), std::nullopt);
  OrcIntRuns few(false);
  for (const int64_t one : Counting(100, -1, 100)) few.Add(one);
  EXPECT_EQ(few.Finish(), Bytes({0x61, 0xff, 0x64}));
  OrcBitRuns bits;
  for (int i = 0; i < 8; ++i) bits.Add(i == 0);
  EXPECT_EQ(bits.Finish(), Bytes({0xff, 0x80}));
}

// Days that Spark's RebaseDateTimeSuite names.
TEST(OrcTimes, DatesOfTheHybridCalendar) {
  const auto day = [](int64_t year, int month, int of_month) {
    return table::DaysFromDate(year, month, of_month);
  };
  EXPECT_EQ(DaysOfHybrid(-719'164), day(1, 1, 1));
  EXPECT_EQ(DaysOfHybrid(-141'428), day(1582, 10, 4));
  EXPECT_EQ(DaysOfHybrid(-141'427), day(1582, 10, 15));
  EXPECT_EQ(DaysOfHybrid(0), 0);
  EXPECT_EQ(HybridOfDays(day(1, 1, 1)), -719'164);
  EXPECT_EQ(HybridOfDays(day(1582, 10, 4)), -141'428);
  for (int of_month = 5; of_month < 15; ++of_month) {
    EXPECT_EQ(HybridOfDays(day(1582, 10, of_month)), -141'427);
  }
  // Only Julius Caesar had this one.
  EXPECT_EQ(DaysOfHybrid(HybridOfDays(day(1500, 3, 1)) - 1), day(1500, 3, 1));
  for (int64_t days = day(-100, 1, 1); days < -141'438; ++days) {
    ASSERT_EQ(DaysOfHybrid(HybridOfDays(days)), days);
  }
}

TEST(OrcTimes, InstantsComeBack) {
  const OrcClock utc = OrcClock::Of("", false).value();
  for (const int64_t micros :
       {int64_t{0}, int64_t{1}, int64_t{1709164800123456}, int64_t{-1'500'000}, int64_t{-1'000'000},
        int64_t{-1'000'001}, int64_t{-62'135'596'800'000'000}, int64_t{253402300799999999}}) {
    const OrcTime time = OrcTimeOf(micros);
    EXPECT_EQ(utc.Micros(time.second, time.nanos), micros);
  }
  // As in stock Spark.
  const OrcTime half = OrcTimeOf(-500'000);
  EXPECT_EQ(utc.Micros(half.second, half.nanos), 500'000);
  // 2015-01-01 00:00:00 and 2015-07-01 in New York, as its clocks showed it.
  const OrcClock new_york = OrcClock::Of("America/New_York", false).value();
  EXPECT_EQ(new_york.Micros(0, 0), int64_t{1'420'070'400'000'000});
  EXPECT_EQ(new_york.Micros(181 * 86'400 - 3600, 0), int64_t{1'435'708'800'000'000});
  // Before 1900, an hour of noon in the zone of today (golden/spark/times.orc has more).
  EXPECT_EQ(new_york.Micros(-int64_t{62'135'578'800} + 18'000 - 1'420'088'400, 0),
            utc.Micros(-int64_t{62'135'578'800} - 1'420'070'400, 0));
  EXPECT_EQ(utc.Micros(INT64_MAX, 0), std::nullopt);
  EXPECT_EQ(utc.Micros(0, int64_t{1'000'000'000} << 3), std::nullopt);
  EXPECT_TRUE(base::Is(OrcClock::Of("Mars/Base", false).status(), table::kFailedReadFile));
}

TEST(OrcWire, ReadsWhatItWrites) {
  WireWriter out;
  out.Number(1, 300).Bytes(2, "text").Number(8000, UINT64_MAX);
  WireReader in(out.bytes());
  ASSERT_TRUE(in.Next());
  EXPECT_EQ(in.field(), 1U);
  EXPECT_EQ(in.number(), 300U);
  ASSERT_TRUE(in.Next());
  EXPECT_EQ(in.bytes(), "text");
  ASSERT_TRUE(in.Next());
  EXPECT_EQ(in.field(), 8000U);
  EXPECT_EQ(in.number(), UINT64_MAX);
  EXPECT_FALSE(in.Next());
  EXPECT_FALSE(in.failed());
  for (const std::string& bad : {Bytes({0x08}), Bytes({0x12, 5, 'x'}), Bytes({0x0b}),
                                 Bytes({0x00, 1}), std::string(11, '\xff')}) {
    WireReader reader(bad);
    while (reader.Next()) {
    }
    EXPECT_TRUE(reader.failed());
  }
}

}  // namespace
}  // namespace soteria::formats
