#include "src/connect/named_arguments.h"

#include <algorithm>
#include <array>

#include "spark/connect/expressions.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::connect {
namespace {

using spark::connect::Expression;

constexpr base::Condition Refused(const char* name) {
  return {name, base::exception_class::kAnalysis, "4274K", absl::StatusCode::kInvalidArgument};
}
constexpr base::Condition kNoNames = Refused("NAMED_PARAMETERS_NOT_SUPPORTED");
constexpr base::Condition kPlaceAfterName = Refused("UNEXPECTED_POSITIONAL_ARGUMENT");
constexpr base::Condition kNoParameter = Refused("UNRECOGNIZED_PARAMETER_NAME");
constexpr base::Condition kRequired = Refused("REQUIRED_PARAMETER_NOT_FOUND");
constexpr base::Condition kTwice =
    Refused("DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.DOUBLE_NAMED_ARGUMENT_REFERENCE");
constexpr base::Condition kBoth =
    Refused("DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.BOTH_POSITIONAL_AND_NAMED");

struct Parameter {
  std::string_view name;
  bool required = true;
  const char* text = nullptr;  // in the place of one that is left out; null: the null text
};

struct Signature {
  std::string_view function;
  std::array<Parameter, 5> parameters;
};

constexpr Parameter kCollection = {"collection"};
constexpr Parameter kInput = {"input"};
// As Spark's builders have them; those without names are places that the function doesn't have.
constexpr Signature kSignatures[] = {
    {"mask",
     {{{"str"},
       {"upperChar", false, "X"},
       {"lowerChar", false, "x"},
       {"digitChar", false, "n"},
       {"otherChar", false}}}},
    {"explode", {{kCollection}}},
    {"explode_outer", {{kCollection}}},
    {"posexplode", {{kCollection}}},
    {"posexplode_outer", {{kCollection}}},
    {"inline", {{kInput}}},
    {"inline_outer", {{kInput}}},
};

std::string Routine(std::string_view function) {
  return base::Cat("`", base::Lower(function), "`");
}

/// What is wrong with arguments of which one is given twice.
base::Status Twice(const base::Condition& condition, std::string_view function,
                   std::string_view parameter, std::string_view why) {
  return base::Fail(condition, base::Cat("Call to routine ", Routine(function),
                                         " is invalid because it includes multiple argument "
                                         "assignments to the same parameter name `",
                                         parameter, "`. ", why));
}

Expression Default(const Parameter& parameter) {
  Expression expression;
  if (parameter.text != nullptr) {
    expression.mutable_literal()->set_string(parameter.text);
  } else {
    expression.mutable_literal()->mutable_null()->mutable_string();
  }
  return expression;
}

base::Status NoParameter(std::string_view function, const Signature& signature,
                         std::string_view name) {
  std::string names;
  for (const Parameter& parameter : signature.parameters) {
    if (parameter.name.empty()) break;
    names += base::Cat(names.empty() ? "`" : ", `", parameter.name, "`");
  }
  return base::Fail(
      kNoParameter,
      base::Cat("Cannot invoke routine ", Routine(function),
                " because the routine call included a named argument reference for the argument "
                "named `",
                name,
                "`, but this routine does not include any signature containing an argument with "
                "this name. Did you mean one of the following? [",
                names, "]."));
}

}  // namespace

bool HasNamed(const ArgumentList& arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [](const Expression& argument) {
    return argument.has_named_argument_expression();
  });
}

base::StatusOr<ArgumentList> ByPlace(std::string_view function, const ArgumentList& arguments) {
  const auto* signature = std::find_if(
      std::begin(kSignatures), std::end(kSignatures),
      [&](const Signature& one) { return base::EqualIgnoringCase(one.function, function); });
  if (signature == std::end(kSignatures)) {
    return base::Fail(
        kNoNames, base::Cat("Named parameters are not supported for function ", Routine(function),
                            "; please retry the query with positional arguments to "
                            "the function call instead."));
  }
  std::array<const Expression*, 5> given = {};
  const auto count = static_cast<size_t>(
      std::find_if(signature->parameters.begin(), signature->parameters.end(),
                   [](const Parameter& parameter) { return parameter.name.empty(); }) -
      signature->parameters.begin());
  const Expression* named = nullptr;
  size_t place = 0;
  for (const Expression& argument : arguments) {
    if (!argument.has_named_argument_expression()) {
      if (named != nullptr) {
        return base::Fail(
            kPlaceAfterName,
            base::Cat("Cannot invoke routine ", Routine(function),
                      " because it contains positional argument(s) following the named argument "
                      "assigned to `",
                      named->named_argument_expression().key(),
                      "`; please rearrange them so the positional arguments come first and then "
                      "retry the query again."));
      }
      if (place == count) return ArgumentList(arguments);  // too many: said where they are counted
      given[place++] = &argument;
      continue;
    }
    named = &argument;
    const std::string& key = argument.named_argument_expression().key();
    size_t at = 0;
    while (at < count && !base::EqualIgnoringCase(signature->parameters[at].name, key)) ++at;
    if (at == count) return NoParameter(function, *signature, key);
    if (at < place) {
      return Twice(kBoth, function, signature->parameters[at].name,
                   "A positional argument and named argument both referred to the same parameter. "
                   "Please remove the named argument referring to this parameter.");
    }
    if (given[at] != nullptr) {
      return Twice(kTwice, function, signature->parameters[at].name,
                   "More than one named argument referred to the same parameter. Please assign a "
                   "value only once.");
    }
    given[at] = &argument.named_argument_expression().value();
  }
  ArgumentList out;
  for (size_t i = 0; i < count; ++i) {
    const Parameter& parameter = signature->parameters[i];
    if (given[i] == nullptr && parameter.required) {
      return base::Fail(
          kRequired,
          base::Cat("Cannot invoke routine ", Routine(function), " because the parameter named `",
                    parameter.name,
                    "` is required, but the routine call did not supply a value. Please update the "
                    "routine call to supply an argument value (either positionally at index ",
                    i, " or by name) and retry the query again."));
    }
    *out.Add() = given[i] != nullptr ? *given[i] : Default(parameter);
  }
  return out;
}

}  // namespace soteria::connect
