#include "src/crypto/secret.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "src/base/env_for_test.h"
#include "src/base/errors.h"
#include "src/crypto/aead.h"
#include "src/crypto/envelope.h"
#include "src/crypto/hash.h"

namespace soteria::crypto {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

static_assert(!Printable<Secret>);
static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_default_constructible_v<Secret>);

TEST(Secret, HoldsItsBytes) {
  std::string source = "0123456789abcdef";
  const Secret secret = Secret::Adopt(std::move(source));
  EXPECT_EQ(secret.Expose(), "0123456789abcdef");
  EXPECT_EQ(secret.size(), 16U);
}

TEST(Secret, RandomOnesDiffer) {
  base::RandomForTest random(1);
  const auto a = Secret::Random(random, 32);
  const auto b = Secret::Random(random, 32);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->size(), 32U);
  EXPECT_NE(a->Expose(), b->Expose());
}

class BrokenRandom : public base::Random {
 public:
  base::Status Fill(std::span<uint8_t>) override { return base::Fail(base::kInternal, "broken"); }
};

TEST(Secret, BrokenRandomnessIsAnError) {
  BrokenRandom random;
  EXPECT_FALSE(Secret::Random(random, 32).ok());
}

TEST(Secret, MovingLeavesNothing) {
  Secret a = Secret::Adopt(std::string(32, 'k'));
  const char* const slot = a.Expose().data();
  Secret b = std::move(a);
  EXPECT_EQ(b.Expose().data(), slot);  // moved, not copied
  EXPECT_EQ(a.size(), 0U);             // NOLINT: what a moved-from secret shows
  Secret c = Secret::Adopt(std::string(16, 'c'));
  const char* const old = c.Expose().data();
  c = std::move(b);
  EXPECT_EQ(c.Expose(), std::string(32, 'k'));
  EXPECT_EQ(std::string(old, 16), std::string(16, '\0'));
}

TEST(SecretDeathTest, MovedFromHasNoBytes) {
  Secret a = Secret::Adopt(std::string(32, 'k'));
  const Secret b = std::move(a);
  EXPECT_DEATH(a.Expose(), "moved from");  // NOLINT: on purpose
}

TEST(SecretDeathTest, SizesAreBounded) {
  EXPECT_DEATH(Secret::OfSize(0), "secret of 0 bytes");
  EXPECT_DEATH(Secret::OfSize(kSecretBytesMax + 1), "secret of 65 bytes");
}

TEST(Secret, CloneIsAnotherSecret) {
  std::optional<Secret> a = Secret::Adopt(std::string(32, 'k'));
  const Secret b = a->Clone();
  EXPECT_NE(a->Expose().data(), b.Expose().data());
  a.reset();
  EXPECT_EQ(b.Expose(), std::string(32, 'k'));
}

TEST(Secret, AdoptWipesItsSource) {
  for (const size_t size : {8U, 64U}) {  // inside the string object and on the heap
    std::string source(size, 's');
    const char* const bytes = source.data();
    const Secret secret = Secret::Adopt(std::move(source));
    EXPECT_TRUE(source.empty());  // NOLINT: what is left of it
    EXPECT_EQ(std::count(bytes, bytes + size, 's'), 0);
    EXPECT_EQ(secret.Expose(), std::string(size, 's'));
  }
}

TEST(Secret, TakeRefusesOtherSizesAndWipes) {
  std::string source(40, 's');
  const char* const bytes = source.data();
  EXPECT_TRUE(base::Is(Secret::Take(std::move(source), 32).status(), base::kKey));
  EXPECT_EQ(std::count(bytes, bytes + 40, 's'), 0);
  EXPECT_TRUE(base::Is(Secret::Take("", 32).status(), base::kKey));
  EXPECT_EQ(Secret::Take(std::string(32, 't'), 32)->Expose(), std::string(32, 't'));
}

// The slot stays mapped, so that what is left in it can be looked at.
TEST(Secret, IsWipedWhenDestroyed) {
  std::optional<Secret> secret = Secret::Adopt(std::string(kSecretBytesMax, 'w'));
  const char* const slot = secret->Expose().data();
  EXPECT_EQ(std::count(slot, slot + kSecretBytesMax, 'w'), kSecretBytesMax);
  secret.reset();
  EXPECT_EQ(std::string(slot, kSecretBytesMax), std::string(kSecretBytesMax, '\0'));
}

/// The flags of the mapping that holds `address` ("lo" = locked, "dd" = left out of core dumps).
std::string VmFlags(const void* address) {
  std::ifstream maps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<uintptr_t>(address);
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    uintptr_t begin = 0, end = 0;
    char dash = 0;
    std::istringstream head(line);
    if (head >> std::hex >> begin >> dash >> end && dash == '-') {
      inside = begin <= wanted && wanted < end;
    }
    if (inside && line.starts_with("VmFlags:")) return line + " ";
  }
  return "";
}

TEST(Secret, LivesInLockedPagesOutsideCoreDumps) {
  const Secret secret = Secret::Adopt(std::string(32, 'k'));
  const std::string flags = VmFlags(secret.Expose().data());
  EXPECT_NE(flags.find(" dd "), std::string::npos) << flags;
#ifdef SOTERIA_SANITIZED
  GTEST_SKIP() << "the sanitizers' mlock does nothing";
#endif
  char probe[4096];
  if (mlock(probe, sizeof(probe)) != 0) GTEST_SKIP() << "this system lets us lock no page";
  EXPECT_NE(flags.find(" lo "), std::string::npos) << flags;
}

TEST(Secret, ManyAtOnceFromManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      std::vector<Secret> all;
      for (int i = 0; i < 2000; ++i) {
        all.push_back(Secret::Adopt(std::string(32, static_cast<char>('a' + t))));
        if (i % 3 == 0) all.erase(all.begin());
      }
      for (const Secret& secret : all) {
        EXPECT_EQ(secret.Expose(), std::string(32, static_cast<char>('a' + t)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

#ifndef SOTERIA_SANITIZED
/// How often the secret whose bytes are `masked[i] ^ kMask` stands in writable memory of this
/// process. The bytes themselves are never put together by the search.
constexpr unsigned char kMask = 0x5A;
using Ranges = std::vector<std::pair<uintptr_t, uintptr_t>>;

Ranges WritableMemory() {
  std::ifstream maps("/proc/self/maps");
  Ranges writable;
  for (std::string line; std::getline(maps, line);) {
    uintptr_t begin = 0, end = 0;
    char dash = 0;
    std::string access;
    std::istringstream(line) >> std::hex >> begin >> dash >> end >> access;
    if (access.starts_with("rw")) writable.emplace_back(begin, end);
  }
  return writable;
}

size_t CountIn(const Ranges& writable, const std::string& masked) {
  size_t found = 0;
  const auto first = static_cast<unsigned char>(static_cast<unsigned char>(masked[0]) ^ kMask);
  for (const auto& [begin, end] : writable) {
    const auto* const stop = reinterpret_cast<const unsigned char*>(end) - masked.size() + 1;
    for (const auto* at = reinterpret_cast<const unsigned char*>(begin); at < stop; ++at) {
      if (*at != first) continue;
      size_t same = 1;
      while (same < masked.size() &&
             (at[same] ^ kMask) == static_cast<unsigned char>(masked[same])) {
        ++same;
      }
      found += same == masked.size();
    }
  }
  return found;
}

size_t CountInMemory(const std::string& masked) { return CountIn(WritableMemory(), masked); }

std::string Masked(const Secret& secret) {
  std::string masked(secret.size(), '\0');
  for (size_t i = 0; i < masked.size(); ++i) {
    masked[i] = static_cast<char>(static_cast<unsigned char>(secret.Expose()[i]) ^ kMask);
  }
  return masked;
}

/// Uses a session root in all ways and gives the root and one derived key, masked.
std::pair<std::string, std::string> UseSecrets() {
  base::RandomForTest random(99);
  const Secret root = *Secret::Random(random, 32);
  const Secret key = Hkdf(root, "test", "", 32);
  const std::string nonce(kAeadNonceBytes, 'n');
  const auto sealed = AeadSeal(key, nonce, "aad", "plain");
  EXPECT_TRUE(AeadOpen(key, nonce, "aad", *sealed).ok());
  const auto wrapped = WrapSecret(key, root, "aad", random);
  EXPECT_EQ(UnwrapSecret(key, *wrapped, "aad")->Expose(), root.Expose());
  Sealer sealer(root, SessionId(root), 1);
  const Opener opener(root, SessionId(root));
  const auto message = sealer.Seal(1, {}, MessageKind::kTask, {}, "plain");
  EXPECT_TRUE(opener.Open(*message).ok());
  HmacSha256(key, "message");
  std::pair<std::string, std::string> masked(Masked(root), Masked(key));
  EXPECT_GE(CountInMemory(masked.first), 1U);  // the search does find what is there
  EXPECT_GE(CountInMemory(masked.second), 1U);
  return masked;
}

TEST(Secret, NoCopyIsLeftInMemoryAfterUse) {
  const auto [root, key] = UseSecrets();
  EXPECT_EQ(CountInMemory(root), 0U);
  EXPECT_EQ(CountInMemory(key), 0U);
}

/// Derives below a gap in the stack, so that the search, which runs next, doesn't overwrite what
/// was left there.
[[gnu::noinline]] void DeriveDeep(const Secret& root, Secret& key) {
  [[maybe_unused]] volatile char gap[8192];
  gap[0] = 0;
  HkdfSha256(root.Expose(), "", "info", key.MutableBytes());
}

// Looks before anything else runs over the stack that the derivation used.
TEST(Secret, HkdfLeavesNothingOnTheStack) {
  base::RandomForTest random(7);
  const Secret root = *Secret::Random(random, 32);
  // The pseudorandom key, from which all keys of this root follow: HMAC(zeros, root).
  const Secret zeros = Secret::OfSize(32);
  base::Digest digest = HmacSha256(zeros, root.Expose());
  std::string masked_prk(digest.size(), '\0');
  for (size_t i = 0; i < digest.size(); ++i) {
    masked_prk[i] = static_cast<char>(digest[i] ^ kMask);
    const_cast<volatile uint8_t&>(digest[i]) = 0;
  }
  Secret key = Secret::OfSize(32);
  const Ranges writable = WritableMemory();
  ASSERT_EQ(CountIn(writable, masked_prk), 0U);
  DeriveDeep(root, key);
  EXPECT_EQ(CountIn(writable, masked_prk), 0U);
  DeriveDeep(root, key);
  EXPECT_EQ(CountIn(writable, Masked(key)), 1U);  // in its slot and nowhere else
}
#endif

}  // namespace
}  // namespace soteria::crypto
