// What the SQL parser made of a text, as short as a test likes to read it: expressions in prefix
// form ("(+ `a` 1:int32)"), relations as "filter(condition, input)". Pure functions.
#pragma once

#include <string>

namespace spark::connect {
class Expression;
class Relation;
}  // namespace spark::connect

namespace soteria::connect {

std::string Shape(const spark::connect::Expression& expression);
std::string Shape(const spark::connect::Relation& relation);

}  // namespace soteria::connect
