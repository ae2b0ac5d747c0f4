#include "src/table/java_text.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace soteria::table {
namespace {

/// Digits "d.ddde+xx" of the scientific form to Java's layout.
std::string Layout(std::string_view scientific) {
  const size_t e = scientific.find('e');
  int exponent = 0;
  std::string_view power = scientific.substr(e + 1);
  if (power.front() == '+') power.remove_prefix(1);
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  std::string digits;
  for (const char c : scientific.substr(0, e)) {
    if (c != '.') digits += c;
  }
  if (exponent >= -3 && exponent < 7) {
    if (exponent < 0) {
      return "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
    }
    const size_t whole = static_cast<size_t>(exponent) + 1;
    if (digits.size() < whole + 1) digits.append(whole + 1 - digits.size(), '0');
    return digits.substr(0, whole) + "." + digits.substr(whole);
  }
  if (digits.size() == 1) digits += '0';
  return digits.substr(0, 1) + "." + digits.substr(1) + "E" + std::to_string(exponent);
}

template <class T>
std::string Text(T value) {
  if (std::isnan(value)) return "NaN";
  const std::string sign = std::signbit(value) ? "-" : "";
  const T magnitude = std::fabs(value);
  if (std::isinf(magnitude)) return sign + "Infinity";
  if (magnitude == 0) return sign + "0.0";
  char buffer[64];
  auto end =
      std::to_chars(buffer, buffer + sizeof buffer, magnitude, std::chars_format::scientific);
  std::string_view shortest(buffer, static_cast<size_t>(end.ptr - buffer));
  if (shortest.find('.') == std::string_view::npos) {
    // Java prints at least two digits and of those the closest (4.9E-324, not 5.0E-324).
    char two[64];
    end = std::to_chars(two, two + sizeof two, magnitude, std::chars_format::scientific, 1);
    T back = 0;
    std::from_chars(two, end.ptr, back);
    const bool same = two[2] == '0';  // d.0e...
    if (back == magnitude && !same) {
      return sign + Layout({two, static_cast<size_t>(end.ptr - two)});
    }
  }
  return sign + Layout(shortest);
}

}  // namespace

std::string JavaDouble(double value) { return Text(value); }
std::string JavaFloat(float value) { return Text(value); }

}  // namespace soteria::table
