// Numbers as Java writes them, which is what Spark's show(), cast to string and MLlib's texts
// print: the shortest digits that read back as the same number, at least one digit after the point,
// and an exponent below 1.0E-3 and from 1.0E7 (Double.toString of JDK 19 and later; JDK 17 prints a
// digit more for a few numbers). Pure functions.
#pragma once

#include <string>

namespace soteria::table {

std::string JavaDouble(double value);
std::string JavaFloat(float value);

}  // namespace soteria::table
