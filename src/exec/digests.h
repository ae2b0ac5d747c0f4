// Digests as functions of SQL have them: names for values, never for secrets or what is measured
// (that is src/crypto). Pure functions. Internal to exec.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace soteria::exec {

/// The digests' bytes.
std::string Md5(std::string_view bytes);
std::string Sha1(std::string_view bytes);
/// `bits` is 224, 256, 384 or 512.
std::string Sha2(std::string_view bytes, int bits);
/// RFC 2104, with a digest that works on blocks of so many bytes.
std::string Hmac(std::string (*digest)(std::string_view bytes), size_t block, std::string_view key,
                 std::string_view message);
std::string HmacSha256(std::string_view key, std::string_view message);
uint32_t Crc32(std::string_view bytes);

/// Spark's Murmur3 and XXH64 of integers and bytes.
int32_t Murmur3Int(int32_t value, int32_t seed);
int32_t Murmur3Long(int64_t value, int32_t seed);
int32_t Murmur3Bytes(std::string_view bytes, int32_t seed);
int64_t Xxh64Int(int32_t value, int64_t seed);
int64_t Xxh64Long(int64_t value, int64_t seed);
int64_t Xxh64Bytes(std::string_view bytes, int64_t seed);

}  // namespace soteria::exec
