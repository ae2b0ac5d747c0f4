// The characters of a text: how many, where each begins, and their numbers in Unicode. Text may be
// ill-formed, as Spark's may: a character is then as long as its first byte says, up to the end of
// the text. Internal to exec. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace soteria::exec {

/// The byte behind the character that begins at byte `at`, which must be within the text.
size_t NextCharacter(std::string_view text, size_t at);
int64_t CountCharacters(std::string_view text);
/// Byte offset of character `n`, or the end.
size_t OffsetOf(std::string_view text, int64_t n);
/// Each as its own view of `text`.
std::vector<std::string_view> SplitCharacters(std::string_view text);

/// Of one character. 0 for no text; ill-formed bytes are U+FFFD.
uint32_t CodePoint(std::string_view character);
std::string Utf8(uint32_t point);

}  // namespace soteria::exec
