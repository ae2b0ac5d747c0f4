#include "src/exec/characters.h"

#include <algorithm>

#include "src/table/valid_text.h"

namespace soteria::exec {

size_t NextCharacter(std::string_view text, size_t at) {
  return std::min(text.size(), at + table::CharacterBytes(text[at]));
}

int64_t CountCharacters(std::string_view text) {
  int64_t count = 0;
  for (size_t at = 0; at < text.size(); at = NextCharacter(text, at)) ++count;
  return count;
}

size_t OffsetOf(std::string_view text, int64_t n) {
  size_t at = 0;
  for (; at < text.size() && n > 0; --n) at = NextCharacter(text, at);
  return at;
}

std::vector<std::string_view> SplitCharacters(std::string_view text) {
  std::vector<std::string_view> characters;
  for (size_t at = 0; at < text.size();) {
    const size_t to = NextCharacter(text, at);
    characters.push_back(text.substr(at, to - at));
    at = to;
  }
  return characters;
}

uint32_t CodePoint(std::string_view character) {
  if (character.empty()) return 0;
  const auto byte = [&](size_t k) { return uint32_t{static_cast<uint8_t>(character[k])}; };
  switch (character.size()) {
    case 1:
      return byte(0) < 0x80 ? byte(0) : 0xFFFD;
    case 2:
      return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
    case 3:
      return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 |
             (byte(3) & 0x3F);
  }
}

std::string Utf8(uint32_t point) {
  std::string text;
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xC0 | point >> 6);
    text += static_cast<char>(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    text += static_cast<char>(0xE0 | point >> 12);
    text += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    text += static_cast<char>(0xF0 | point >> 18);
    text += static_cast<char>(0x80 | (point >> 12 & 0x3F));
    text += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (point & 0x3F));
  }
  return text;
}

}  // namespace soteria::exec
