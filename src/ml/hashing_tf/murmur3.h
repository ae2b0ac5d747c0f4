// MurmurHash3 (x86, 32 bits) as MLlib hashes terms. Pure functions.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace soteria::ml {

inline constexpr int32_t kTermSeed = 42;

namespace internal {
inline uint32_t MixWord(uint32_t word) { return std::rotl(word * 0xcc9e2d51U, 15) * 0x1b873593U; }
inline uint32_t MixHash(uint32_t hash, uint32_t mixed) {
  return std::rotl(hash ^ mixed, 13) * 5 + 0xe6546b64U;
}
inline int32_t Finish(uint32_t hash, uint32_t bytes) {
  hash ^= bytes;
  hash = (hash ^ (hash >> 16)) * 0x85ebca6bU;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35U;
  return static_cast<int32_t>(hash ^ (hash >> 16));
}
}  // namespace internal

inline int32_t Murmur3Int(int32_t value) {
  using namespace internal;  // NOLINT
  return Finish(MixHash(kTermSeed, MixWord(static_cast<uint32_t>(value))), 4);
}

inline int32_t Murmur3Long(int64_t value) {
  using namespace internal;  // NOLINT
  const auto bits = static_cast<uint64_t>(value);
  const uint32_t low = MixHash(kTermSeed, MixWord(static_cast<uint32_t>(bits)));
  return Finish(MixHash(low, MixWord(static_cast<uint32_t>(bits >> 32))), 8);
}

inline int32_t Murmur3Bytes(std::string_view bytes) {
  using namespace internal;  // NOLINT
  uint32_t hash = kTermSeed;
  const auto at = [&bytes](size_t i) {
    return static_cast<uint32_t>(static_cast<uint8_t>(bytes[i]));
  };
  const size_t words = bytes.size() / 4 * 4;
  for (size_t i = 0; i < words; i += 4) {
    hash = MixHash(hash, MixWord(at(i) | at(i + 1) << 8 | at(i + 2) << 16 | at(i + 3) << 24));
  }
  uint32_t rest = 0;
  for (size_t i = words; i < bytes.size(); ++i) rest |= at(i) << (8 * (i - words));
  return Finish(hash ^ MixWord(rest), static_cast<uint32_t>(bytes.size()));
}

/// The place of a hash among `places`.
inline int32_t PlaceOf(int32_t hash, int32_t places) {
  const int32_t rest = hash % places;
  return rest < 0 ? rest + places : rest;
}

}  // namespace soteria::ml
