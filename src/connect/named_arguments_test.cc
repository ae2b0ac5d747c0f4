#include "src/connect/named_arguments.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "spark/connect/expressions.pb.h"
#include "src/base/status.h"

namespace soteria::connect {
namespace {

/// Arguments with a text each; one without a name is by its place.
ArgumentList Arguments(const std::vector<std::pair<std::string, std::string>>& arguments) {
  ArgumentList list;
  for (const auto& [name, text] : arguments) {
    auto* argument = list.Add();
    if (!name.empty()) {
      argument->mutable_named_argument_expression()->set_key(name);
      argument = argument->mutable_named_argument_expression()->mutable_value();
    }
    argument->mutable_literal()->set_string(text);
  }
  return list;
}

std::string Placed(const char* function,
                   const std::vector<std::pair<std::string, std::string>>& arguments) {
  const auto placed = ByPlace(function, Arguments(arguments));
  if (!placed.ok()) return base::ConditionName(placed.status());
  std::string text;
  for (const auto& one : *placed) {
    text += one.literal().has_null() ? "null" : one.literal().string();
    text += " ";
  }
  return text;
}

TEST(NamedArguments, GoToTheirPlaces) {
  EXPECT_FALSE(HasNamed(Arguments({{"", "a"}})));
  EXPECT_TRUE(HasNamed(Arguments({{"", "a"}, {"b", "c"}})));
  EXPECT_EQ(Placed("mask", {{"", "s"}, {"lowerChar", "q"}}), "s X q n null ");
  EXPECT_EQ(Placed("MASK", {{"OTHERCHAR", "o"}, {"str", "s"}}), "s X x n o ");
  EXPECT_EQ(Placed("explode", {{"collection", "c"}}), "c ");
}

// The conditions are stock Spark's for these calls.
TEST(NamedArguments, OthersAreRefused) {
  EXPECT_EQ(Placed("upper", {{"str", "s"}}), "NAMED_PARAMETERS_NOT_SUPPORTED");
  EXPECT_EQ(Placed("mask", {{"lowerChar", "q"}}), "REQUIRED_PARAMETER_NOT_FOUND");
  EXPECT_EQ(Placed("mask", {{"", "s"}, {"nobody", "q"}}), "UNRECOGNIZED_PARAMETER_NAME");
  EXPECT_EQ(Placed("mask", {{"lowerChar", "q"}, {"", "s"}}), "UNEXPECTED_POSITIONAL_ARGUMENT");
  EXPECT_EQ(Placed("mask", {{"", "s"}, {"str", "t"}}),
            "DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.BOTH_POSITIONAL_AND_NAMED");
  EXPECT_EQ(Placed("mask", {{"", "s"}, {"lowerChar", "t"}, {"lowerChar", "u"}}),
            "DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.DOUBLE_NAMED_ARGUMENT_REFERENCE");
}

}  // namespace
}  // namespace soteria::connect
