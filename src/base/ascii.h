// What ASCII says about characters: their kind, the case of letters, bytes as hexadecimal digits.
// All other bytes, those of UTF-8 sequences among them, are of no kind and have no case (what
// Spark's upper() does to a column is exec's). No locale. Pure functions: any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace soteria::base {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsLowerLetter(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool IsLetter(char c) { return IsLowerLetter(c) || (c >= 'A' && c <= 'Z'); }
constexpr bool IsAlphanumeric(char c) { return IsLetter(c) || IsDigit(c); }
/// The four that separate words in Spark's SQL and DDL.
constexpr bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string Lower(std::string_view text);
std::string Upper(std::string_view text);
/// Lower(a) == Lower(b)
bool EqualIgnoringCase(std::string_view a, std::string_view b);

/// `digits` digits 0-9a-f and nothing else.
bool IsHex(std::string_view text, size_t digits);
/// Puts Hex(bytes) behind what `out` holds, and no copy of it anywhere else if `out` has the room:
/// for secrets, whose text is wiped.
void AppendHex(std::string_view bytes, std::string& out);

}  // namespace soteria::base
