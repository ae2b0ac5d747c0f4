// f(a, key => b): arguments by name, in the order that the function has them in. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "src/base/status.h"

namespace google::protobuf {
template <class Element>
class RepeatedPtrField;
}
namespace spark::connect {
class Expression;
}

namespace soteria::connect {

using ArgumentList = google::protobuf::RepeatedPtrField<spark::connect::Expression>;

/// Is one of them by name?
bool HasNamed(const ArgumentList& arguments);
/// Each in its place, with what the function has in that of one that is left out. Spark's errors:
/// NAMED_PARAMETERS_NOT_SUPPORTED, UNEXPECTED_POSITIONAL_ARGUMENT, UNRECOGNIZED_PARAMETER_NAME,
/// REQUIRED_PARAMETER_NOT_FOUND, DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.
base::StatusOr<ArgumentList> ByPlace(std::string_view function, const ArgumentList& arguments);

}  // namespace soteria::connect
