#include "src/exec/digests.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

namespace soteria::exec {
namespace {

template <class Word>
Word Big(const uint8_t* at) {
  Word word = 0;
  for (size_t k = 0; k < sizeof(Word); ++k) word = static_cast<Word>(word << 8 | at[k]);
  return word;
}

template <class Word>
Word Little(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// The message with its end mark and length, in whole blocks.
std::vector<uint8_t> Blocks(std::string_view bytes, size_t block, size_t length, bool big) {
  std::vector<uint8_t> all(bytes.begin(), bytes.end());
  all.push_back(0x80);
  while (all.size() % block != block - length) all.push_back(0);
  const uint64_t bits = bytes.size() * 8;
  for (size_t k = 0; k < length; ++k) {
    const size_t shift = (big ? length - 1 - k : k) * 8;
    all.push_back(shift < 64 ? static_cast<uint8_t>(bits >> shift) : 0);
  }
  return all;
}

template <class Word>
void PutBig(Word word, std::string& out) {
  for (size_t k = sizeof(Word); k-- > 0;) out += static_cast<char>(word >> (k * 8));
}

bool IsPrime(int n) {
  for (int k = 2; k * k <= n; ++k) {
    if (n % k == 0) return false;
  }
  return true;
}

/// The first 64 bits of the fraction of the root of order `order` of a prime, by bisection in whole
/// numbers.
uint64_t RootFraction(int prime, int order) {
  unsigned __int128 low = 0;
  unsigned __int128 high = static_cast<unsigned __int128>(1) << 69;  // 5 bits before the point
  const auto below = [&](unsigned __int128 root) {
    // root^order <= prime * 2^(64 order), in limbs of 32 bits.
    std::array<uint64_t, 12> product{1};
    for (int k = 0; k < order; ++k) {
      std::array<uint64_t, 12> next{};
      for (size_t i = 0; i < 9; ++i) {
        uint64_t carry = 0;
        for (size_t j = 0; j < 3; ++j) {
          const auto limb = static_cast<uint64_t>(root >> (32 * j)) & 0xFFFFFFFF;
          const uint64_t sum = next[i + j] + product[i] * limb + carry;
          next[i + j] = sum & 0xFFFFFFFF;
          carry = sum >> 32;
        }
        next[i + 3] += carry;
      }
      product = next;
    }
    const size_t whole = static_cast<size_t>(order) * 2;
    uint64_t top = 0;
    bool more = false;
    for (size_t i = 11; i > whole; --i) more = more || product[i] != 0;
    top = product[whole];
    return !more && top < static_cast<uint64_t>(prime);
  };
  while (high - low > 1) {
    const unsigned __int128 middle = (low + high) / 2;
    (below(middle) ? low : high) = middle;
  }
  return static_cast<uint64_t>(low);
}

struct Sha2Tables {
  std::array<uint64_t, 80> rounds;  // cube roots
  std::array<uint64_t, 16> starts;  // square roots
};

const Sha2Tables& Tables() {
  static const Sha2Tables& tables = *[] {
    auto* made = new Sha2Tables;
    int prime = 1;
    for (size_t k = 0; k < 80; ++k) {
      do {
        ++prime;
      } while (!IsPrime(prime));
      made->rounds[k] = RootFraction(prime, 3);
      if (k < 16) made->starts[k] = RootFraction(prime, 2);
    }
    return made;
  }();
  return tables;
}

template <class Word, size_t kRounds, int... kRotations>
std::array<Word, 8> Sha2Words(std::string_view bytes, std::array<Word, 8> h) {
  constexpr int r[] = {kRotations...};
  constexpr size_t kBlock = sizeof(Word) * 16;
  const std::vector<uint8_t> all = Blocks(bytes, kBlock, sizeof(Word) * 2, true);
  for (size_t at = 0; at < all.size(); at += kBlock) {
    std::array<Word, kRounds> w;
    for (size_t k = 0; k < 16; ++k) w[k] = Big<Word>(&all[at + k * sizeof(Word)]);
    for (size_t k = 16; k < kRounds; ++k) {
      const Word a = w[k - 15];
      const Word b = w[k - 2];
      const Word s0 = std::rotr(a, r[0]) ^ std::rotr(a, r[1]) ^ (a >> r[2]);
      const Word s1 = std::rotr(b, r[3]) ^ std::rotr(b, r[4]) ^ (b >> r[5]);
      w[k] = w[k - 16] + s0 + w[k - 7] + s1;
    }
    std::array<Word, 8> v = h;
    for (size_t k = 0; k < kRounds; ++k) {
      const Word s1 = std::rotr(v[4], r[9]) ^ std::rotr(v[4], r[10]) ^ std::rotr(v[4], r[11]);
      const Word choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
      const auto constant = static_cast<Word>(Tables().rounds[k] >> (64 - sizeof(Word) * 8));
      const Word one = v[7] + s1 + choice + constant + w[k];
      const Word s0 = std::rotr(v[0], r[6]) ^ std::rotr(v[0], r[7]) ^ std::rotr(v[0], r[8]);
      const Word two = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
      v = {one + two, v[0], v[1], v[2], v[3] + one, v[4], v[5], v[6]};
    }
    for (size_t k = 0; k < 8; ++k) h[k] += v[k];
  }
  return h;
}

}  // namespace

std::string Md5(std::string_view bytes) {
  static constexpr int kShifts[] = {7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21};
  std::array<uint32_t, 4> h = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  const std::vector<uint8_t> all = Blocks(bytes, 64, 8, false);
  for (size_t at = 0; at < all.size(); at += 64) {
    auto [a, b, c, d] = h;
    for (size_t k = 0; k < 64; ++k) {
      uint32_t f = 0;
      size_t g = 0;
      if (k < 16) {
        f = (b & c) | (~b & d);
        g = k;
      } else if (k < 32) {
        f = (d & b) | (~d & c);
        g = (5 * k + 1) % 16;
      } else if (k < 48) {
        f = b ^ c ^ d;
        g = (3 * k + 5) % 16;
      } else {
        f = c ^ (b | ~d);
        g = 7 * k % 16;
      }
      const auto sine = static_cast<uint32_t>(
          std::floor(std::fabs(std::sin(static_cast<double>(k + 1))) * 0x1p32));
      const auto word = Little<uint32_t>(reinterpret_cast<const char*>(&all[at + g * 4]));
      f += a + sine + word;
      a = d;
      d = c;
      c = b;
      b += std::rotl(f, kShifts[k / 16 * 4 + k % 4]);
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
  }
  return {reinterpret_cast<const char*>(h.data()), 16};
}

std::string Sha1(std::string_view bytes) {
  std::array<uint32_t, 5> h = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  const std::vector<uint8_t> all = Blocks(bytes, 64, 8, true);
  for (size_t at = 0; at < all.size(); at += 64) {
    std::array<uint32_t, 80> w;
    for (size_t k = 0; k < 16; ++k) w[k] = Big<uint32_t>(&all[at + k * 4]);
    for (size_t k = 16; k < 80; ++k)
      w[k] = std::rotl(w[k - 3] ^ w[k - 8] ^ w[k - 14] ^ w[k - 16], 1);
    auto [a, b, c, d, e] = h;
    for (size_t k = 0; k < 80; ++k) {
      const uint32_t f = k < 20   ? (b & c) | (~b & d)
                         : k < 40 ? b ^ c ^ d
                         : k < 60 ? (b & c) | (b & d) | (c & d)
                                  : b ^ c ^ d;
      static constexpr uint32_t kRound[] = {0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};
      const uint32_t next = std::rotl(a, 5) + f + e + kRound[k / 20] + w[k];
      e = d;
      d = c;
      c = std::rotl(b, 30);
      b = a;
      a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
  }
  std::string out;
  for (const uint32_t word : h) PutBig(word, out);
  return out;
}

std::string Sha2(std::string_view bytes, int bits) {
  const Sha2Tables& tables = Tables();
  std::string out;
  if (bits <= 256) {
    std::array<uint32_t, 8> h;
    for (size_t k = 0; k < 8; ++k) {
      // SHA-224 starts with the second halves of the ninth to sixteenth roots.
      h[k] = static_cast<uint32_t>(bits == 224 ? tables.starts[k + 8] : tables.starts[k] >> 32);
    }
    h = Sha2Words<uint32_t, 64, 7, 18, 3, 17, 19, 10, 2, 13, 22, 6, 11, 25>(bytes, h);
    for (const uint32_t word : h) PutBig(word, out);
  } else {
    std::array<uint64_t, 8> h;
    for (size_t k = 0; k < 8; ++k) h[k] = tables.starts[bits == 384 ? k + 8 : k];
    h = Sha2Words<uint64_t, 80, 1, 8, 7, 19, 61, 6, 28, 34, 39, 14, 18, 41>(bytes, h);
    for (const uint64_t word : h) PutBig(word, out);
  }
  return out.substr(0, static_cast<size_t>(bits) / 8);
}

std::string Hmac(std::string (*digest)(std::string_view bytes), size_t block, std::string_view key,
                 std::string_view message) {
  std::string padded = key.size() > block ? digest(key) : std::string(key);
  padded.resize(block, '\0');
  const auto masked = [&](char mask) {
    std::string out = padded;
    for (char& c : out) c = static_cast<char>(c ^ mask);
    return out;
  };
  return digest(masked(0x5C) + digest(masked(0x36) + std::string(message)));
}

std::string HmacSha256(std::string_view key, std::string_view message) {
  return Hmac([](std::string_view bytes) { return Sha2(bytes, 256); }, 64, key, message);
}

uint32_t Crc32(std::string_view bytes) {
  uint32_t crc = ~uint32_t{0};
  for (const char c : bytes) {
    crc ^= static_cast<uint8_t>(c);
    for (int k = 0; k < 8; ++k) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
  }
  return ~crc;
}

// ---- Murmur3 ------------------------------------------------------------------------------------

namespace {

uint32_t MixKey(uint32_t k) { return std::rotl(k * 0xcc9e2d51, 15) * 0x1b873593; }
uint32_t MixHash(uint32_t h, uint32_t k) { return std::rotl(h ^ MixKey(k), 13) * 5 + 0xe6546b64; }
int32_t FinishHash(uint32_t h, uint32_t length) {
  h ^= length;
  h = (h ^ h >> 16) * 0x85ebca6b;
  h = (h ^ h >> 13) * 0xc2b2ae35;
  return static_cast<int32_t>(h ^ h >> 16);
}

}  // namespace

int32_t Murmur3Int(int32_t value, int32_t seed) {
  return FinishHash(MixHash(static_cast<uint32_t>(seed), static_cast<uint32_t>(value)), 4);
}

int32_t Murmur3Long(int64_t value, int32_t seed) {
  const auto bits = static_cast<uint64_t>(value);
  uint32_t h = MixHash(static_cast<uint32_t>(seed), static_cast<uint32_t>(bits));
  h = MixHash(h, static_cast<uint32_t>(bits >> 32));
  return FinishHash(h, 8);
}

int32_t Murmur3Bytes(std::string_view bytes, int32_t seed) {
  auto h = static_cast<uint32_t>(seed);
  const size_t whole = bytes.size() / 4 * 4;
  for (size_t k = 0; k < whole; k += 4) h = MixHash(h, Little<uint32_t>(bytes.data() + k));
  // Spark's own: each byte that is left is a word of its own, with its sign.
  for (size_t k = whole; k < bytes.size(); ++k) {
    h = MixHash(h, static_cast<uint32_t>(static_cast<int32_t>(static_cast<int8_t>(bytes[k]))));
  }
  return FinishHash(h, static_cast<uint32_t>(bytes.size()));
}

// ---- XXH64 --------------------------------------------------------------------------------------

namespace {

constexpr uint64_t kP1 = 0x9E3779B185EBCA87;
constexpr uint64_t kP2 = 0xC2B2AE3D27D4EB4F;
constexpr uint64_t kP3 = 0x165667B19E3779F9;
constexpr uint64_t kP4 = 0x85EBCA77C2B2AE63;
constexpr uint64_t kP5 = 0x27D4EB2F165667C5;

int64_t Avalanche(uint64_t h) {
  h = (h ^ h >> 33) * kP2;
  h = (h ^ h >> 29) * kP3;
  return static_cast<int64_t>(h ^ h >> 32);
}

uint64_t Eight(uint64_t h, uint64_t word) {
  h ^= std::rotl(word * kP2, 31) * kP1;
  return std::rotl(h, 27) * kP1 + kP4;
}

uint64_t Four(uint64_t h, uint32_t word) {
  h ^= word * kP1;
  return std::rotl(h, 23) * kP2 + kP3;
}

}  // namespace

int64_t Xxh64Int(int32_t value, int64_t seed) {
  const uint64_t h = static_cast<uint64_t>(seed) + kP5 + 4;
  return Avalanche(Four(h, static_cast<uint32_t>(value)));
}

int64_t Xxh64Long(int64_t value, int64_t seed) {
  const uint64_t h = static_cast<uint64_t>(seed) + kP5 + 8;
  return Avalanche(Eight(h, static_cast<uint64_t>(value)));
}

int64_t Xxh64Bytes(std::string_view bytes, int64_t signed_seed) {
  const auto seed = static_cast<uint64_t>(signed_seed);
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint64_t h = seed + kP5;
  if (left >= 32) {
    std::array<uint64_t, 4> v = {seed + kP1 + kP2, seed + kP2, seed, seed - kP1};
    for (; left >= 32; left -= 32, at += 32) {
      for (size_t k = 0; k < 4; ++k) {
        v[k] = std::rotl(v[k] + Little<uint64_t>(at + k * 8) * kP2, 31) * kP1;
      }
    }
    h = std::rotl(v[0], 1) + std::rotl(v[1], 7) + std::rotl(v[2], 12) + std::rotl(v[3], 18);
    for (const uint64_t lane : v) h = (h ^ std::rotl(lane * kP2, 31) * kP1) * kP1 + kP4;
  }
  h += bytes.size();
  for (; left >= 8; left -= 8, at += 8) h = Eight(h, Little<uint64_t>(at));
  if (left >= 4) {
    h = Four(h, Little<uint32_t>(at));
    left -= 4;
    at += 4;
  }
  for (; left > 0; --left, ++at) h = std::rotl(h ^ static_cast<uint8_t>(*at) * kP5, 11) * kP1;
  return Avalanche(h);
}

}  // namespace soteria::exec
