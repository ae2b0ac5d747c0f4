#include "src/base/bytes.h"

#include <algorithm>

#include "src/base/ascii.h"
#include "src/base/errors.h"

namespace soteria::base {
namespace {

constexpr char kBase64Digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

int Base64Value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

uint32_t Byte(char c) { return static_cast<unsigned char>(c); }

}  // namespace

std::string Hex(std::string_view bytes) {
  std::string out;
  out.reserve(2 * bytes.size());
  AppendHex(bytes, out);
  return out;
}

StatusOr<std::string> FromHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return Fail(kInput, "hexadecimal text of odd length");
  std::string out;
  out.reserve(hex.size() / 2);
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int high = HexValue(hex[i]);
    const int low = HexValue(hex[i + 1]);
    if (high < 0 || low < 0) return Fail(kInput, "hexadecimal text with another character");
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

std::string Base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = std::min<size_t>(3, bytes.size() - i);
    const uint32_t group = Byte(bytes[i]) << 16 | (left > 1 ? Byte(bytes[i + 1]) << 8 : 0U) |
                           (left > 2 ? Byte(bytes[i + 2]) : 0U);
    out += kBase64Digits[group >> 18];
    out += kBase64Digits[group >> 12 & 63];
    out += left > 1 ? kBase64Digits[group >> 6 & 63] : '=';
    out += left > 2 ? kBase64Digits[group & 63] : '=';
  }
  return out;
}

StatusOr<std::string> FromBase64(std::string_view text) {
  if (text.size() % 4 != 0) return Fail(kInput, "Base64 text of a length that is not 4 n");
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (size_t i = 0; i < text.size(); i += 4) {
    size_t padding = 0;
    if (i + 4 == text.size()) padding = text[i + 3] != '=' ? 0 : text[i + 2] != '=' ? 1 : 2;
    uint32_t group = 0;
    for (size_t j = 0; j < 4 - padding; ++j) {
      const int value = Base64Value(text[i + j]);
      if (value < 0) return Fail(kInput, "Base64 text with another character");
      group |= static_cast<uint32_t>(value) << (18 - 6 * j);
    }
    const uint32_t spare = padding == 0 ? 0 : (uint32_t{1} << (8 * padding)) - 1;
    if ((group & spare) != 0) return Fail(kInput, "Base64 text with bits to spare");
    for (size_t j = 0; j < 3 - padding; ++j) out += static_cast<char>(group >> (16 - 8 * j) & 255U);
  }
  return out;
}

std::string_view View(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

StatusOr<Digest> ToDigest(std::string_view bytes) {
  Digest digest;
  if (bytes.size() != digest.size()) return Fail(kProtocol, "a digest must have 32 bytes");
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

void PutLe32(uint32_t value, char* at) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<char>(value >> (8 * i) & 255U);
}

void PutLe64(uint64_t value, char* at) {
  for (int i = 0; i < 8; ++i) at[i] = static_cast<char>(value >> (8 * i) & 255U);
}

uint32_t GetLe32(const char* at) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value |= Byte(at[i]) << (8 * i);
  return value;
}

uint64_t GetLe64(const char* at) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value |= static_cast<uint64_t>(Byte(at[i])) << (8 * i);
  return value;
}

}  // namespace soteria::base
