#include "src/exec/byte_text.h"

#include <cstdint>

#include "src/base/ascii.h"

namespace soteria::exec {
namespace {

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int Base32Digit(char c) {
  if (base::IsLetter(c)) return (c | 0x20) - 'a';
  return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

}  // namespace

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> FromHex(std::string_view text) {
  std::string out;
  if (text.size() % 2 == 1) {
    const int digit = HexDigit(text[0]);
    if (digit < 0) return std::nullopt;
    out += static_cast<char>(digit);
    text.remove_prefix(1);
  }
  for (size_t k = 0; k < text.size(); k += 2) {
    const int high = HexDigit(text[k]);
    const int low = HexDigit(text[k + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

std::optional<std::string> FromMime(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;  // characters of the unit so far
  size_t k = 0;
  for (; k < text.size(); ++k) {
    if (text[k] == '=') {
      if (count == 0 || count == 1) return std::nullopt;
      if (count == 2) {
        ++k;
        while (k < text.size() && Base64Digit(text[k]) < 0 && text[k] != '=') ++k;
        if (k == text.size() || text[k] != '=') return std::nullopt;
      }
      ++k;
      break;
    }
    const int digit = Base64Digit(text[k]);
    if (digit < 0) continue;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    if (++count < 4) continue;
    out += static_cast<char>(bits >> 16);
    out += static_cast<char>(bits >> 8);
    out += static_cast<char>(bits);
    bits = 0;
    count = 0;
  }
  if (count == 1) return std::nullopt;
  if (count == 2) out += static_cast<char>(bits >> 4);
  if (count == 3) {
    out += static_cast<char>(bits >> 10);
    out += static_cast<char>(bits >> 2);
  }
  for (; k < text.size(); ++k) {
    if (Base64Digit(text[k]) >= 0 || text[k] == '=') return std::nullopt;
  }
  return out;
}

bool IsStrictBase64(std::string_view text) {
  size_t count = 0;
  size_t padding = 0;
  for (const char c : text) {
    if (c == '=') {
      ++padding;
    } else if (padding > 0 || (Base64Digit(c) < 0 && !base::IsSpace(c))) {
      return false;
    } else if (!base::IsSpace(c)) {
      ++count;
    }
  }
  return padding > 0 ? padding <= 2 && (count + padding) % 4 == 0 : count % 4 != 1;
}

std::string ToBase32(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  uint64_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 5; count -= 5) out += kDigits[bits >> (count - 5) & 31];
  }
  if (count > 0) out += kDigits[bits << (5 - count) & 31];
  while (out.size() % 8 != 0) out += '=';
  return out;
}

std::string FromBase32(std::string_view text) {
  std::string out;
  uint64_t bits = 0;
  int digits = 0;  // of the unit so far
  for (const char c : text) {
    if (c == '=') break;
    const int digit = Base32Digit(c);
    if (digit < 0) continue;
    bits = bits << 5 | static_cast<uint64_t>(digit);
    if (++digits < 8) continue;
    for (int shift = 32; shift >= 0; shift -= 8) out += static_cast<char>(bits >> shift);
    digits = 0;
  }
  if (digits == 0) return out;
  const int left = digits * 5;
  // One digit alone is a byte with what is before it.
  if (left < 8) return out + static_cast<char>(bits >> 2);
  for (int at = left; at >= 8; at -= 8) out += static_cast<char>(bits >> (at - 8));
  return out;
}

bool IsUtf8Name(std::string_view charset) {
  return base::EqualIgnoringCase(charset, "utf-8") || base::EqualIgnoringCase(charset, "utf8");
}

}  // namespace soteria::exec
