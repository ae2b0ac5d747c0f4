// Bytes written as text: hexadecimal and Base64, as Spark's functions read them. Internal to exec.
// Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace soteria::exec {

/// -1 for none.
int HexDigit(char c);
/// Of an odd number of digits the first stands alone.
std::optional<std::string> FromHex(std::string_view text);

/// Java's MIME decoder: what isn't of the alphabet is left out.
std::optional<std::string> FromMime(std::string_view text);
/// Only what is of the alphabet and white space, and padding that is whole where there is any.
bool IsStrictBase64(std::string_view text);

/// RFC 4648, padded.
std::string ToBase32(std::string_view bytes);
/// As Apache's codec reads it: in any case, what isn't of the alphabet left out, until the first
/// padding; of bits that are no whole byte the last ones go.
std::string FromBase32(std::string_view text);

/// utf-8 and utf8, in any case.
bool IsUtf8Name(std::string_view charset);

}  // namespace soteria::exec
