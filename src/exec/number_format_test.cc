#include "src/exec/number_format.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "src/base/errors.h"

namespace soteria::exec {
namespace {

TEST(NumberFormat, PrintsAsSpark) {
  const auto print = [](const char* format, int64_t value, int scale) {
    return NumberFormat::Read(format).value().Print(value, scale);
  };
  EXPECT_EQ(print("999", 12, 0), " 12");
  EXPECT_EQ(print("000", 12, 0), "012");
  EXPECT_EQ(print("99G999D9S", -124'548, 1), "12,454.8-");
  EXPECT_EQ(print("S999", -12, 0), " -12");
  EXPECT_EQ(print("999PR", -12, 0), " <12>");
  EXPECT_EQ(print("99.9", 12'345, 3), "##.#");
  EXPECT_EQ(print("S0,999", -1, 0), "-0,  1");
  EXPECT_EQ(print("99.MI", -5, 0), " 5- ");
}

TEST(NumberFormat, ReadsTexts) {
  const NumberFormat format = NumberFormat::Read("S$99,999.9").value();
  EXPECT_EQ(format.precision(), 6);
  EXPECT_EQ(format.scale(), 1);
  EXPECT_EQ(format.Parse("-$12,454.8"), std::optional<table::Unscaled>(-124'548));
  EXPECT_EQ(format.Parse("$4"), std::optional<table::Unscaled>(40));
  for (const char* text : {"", "x", "12", "$1,2,3,4", "$123456", "$1.25"}) {
    EXPECT_FALSE(format.Parse(text).has_value()) << text;
  }
}

TEST(NumberFormat, WhatIsNone) {
  const std::vector<std::pair<const char*, const char*>> wrong = {
      {"", "EMPTY"},
      {"ABC", "WRONG_NUM_DIGIT"},
      {"99$", "CUR_MUST_BEFORE_DIGIT"},
      {"9,,9", "CONT_THOUSANDS_SEPS"},
      {"9.9,9", "THOUSANDS_SEPS_MUST_BEFORE_DEC"},
      {"9.9.9", "WRONG_NUM_TOKEN"},
      {"9S9", "UNEXPECTED_TOKEN"}};
  for (const auto& [format, kind] : wrong) {
    EXPECT_EQ(base::ConditionName(NumberFormat::Read(format).status()),
              std::string("INVALID_FORMAT.") + kind)
        << format;
  }
}

}  // namespace
}  // namespace soteria::exec
