// Byte strings: digests, hexadecimal, Base64, and little-endian numbers at a place in memory.
//
// Parsers take outside text and refuse all but the one canonical spelling (lower-case hexadecimal;
// Base64 with its padding and zero spare bits). Not for secrets: nothing here wipes. Pure
// functions: any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace soteria::base {

/// A SHA-256 value.
using Digest = std::array<uint8_t, 32>;

std::string Hex(std::string_view bytes);
/// Even length, digits 0-9a-f only; else kInput.
StatusOr<std::string> FromHex(std::string_view hex);

/// RFC 4648 section 4, with padding.
std::string Base64(std::string_view bytes);
StatusOr<std::string> FromBase64(std::string_view text);

/// The 32 bytes of `digest`, which must outlive the view.
std::string_view View(const Digest& digest);
/// kProtocol unless `bytes` has 32 bytes.
StatusOr<Digest> ToDigest(std::string_view bytes);

/// Little-endian numbers. The caller owns 4 or 8 bytes at `at`.
void PutLe32(uint32_t value, char* at);
void PutLe64(uint64_t value, char* at);
uint32_t GetLe32(const char* at);
uint64_t GetLe64(const char* at);

}  // namespace soteria::base
