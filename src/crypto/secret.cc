#include "src/crypto/secret.h"

#include <openssl/crypto.h>
#include <sys/mman.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::crypto {
namespace {

constexpr size_t kSlotBytes = kSecretBytesMax;
constexpr size_t kChunkBytes = 64 * 1024;

/// Slots in pages that are locked (best effort: RLIMIT_MEMLOCK) and left out of core dumps. Pages
/// are never given back, so that a slot is always mapped; free slots hold zeros.
class SlotPool {
 public:
  uint8_t* Take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (free_.empty()) AddChunk();
    uint8_t* const slot = free_.back();
    free_.pop_back();
    return slot;
  }

  void GiveBack(uint8_t* slot) {
    OPENSSL_cleanse(slot, kSlotBytes);
    const std::lock_guard<std::mutex> lock(mutex_);
    free_.push_back(slot);
  }

 private:
  void AddChunk() {
    void* const pages =
        mmap(nullptr, kChunkBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    mlock(pages, kChunkBytes);
    madvise(pages, kChunkBytes, MADV_DONTDUMP);
    chunks_ += kChunkBytes;
    free_.reserve(chunks_ /
                  kSlotBytes);  // so that GiveBack, called by destructors, never allocates
    auto* const first = static_cast<uint8_t*>(pages);
    for (size_t at = kChunkBytes; at > 0; at -= kSlotBytes)
      free_.push_back(first + at - kSlotBytes);
  }

  std::mutex mutex_;
  std::vector<uint8_t*> free_;
  size_t chunks_ = 0;
};

/// Outlives every secret, also those of static storage.
SlotPool& Pool() {
  static SlotPool* const pool = std::make_unique<SlotPool>().release();
  return *pool;
}

}  // namespace

void Wipe(std::string& bytes) {
  OPENSSL_cleanse(bytes.data(), bytes.size());
  bytes.clear();
}

Secret Secret::OfSize(size_t bytes) {
  CHECK(bytes >= 1 && bytes <= kSecretBytesMax) << "secret of " << bytes << " bytes";
  Secret secret;
  secret.slot_ = Pool().Take();
  secret.size_ = bytes;
  return secret;
}

base::StatusOr<Secret> Secret::Random(base::Random& random, size_t bytes) {
  Secret secret = OfSize(bytes);
  SOTERIA_RETURN_IF_ERROR(random.Fill(secret.MutableBytes()));
  return secret;
}

Secret Secret::Adopt(std::string&& bytes) {
  Secret secret = OfSize(bytes.size());
  std::copy(bytes.begin(), bytes.end(), secret.slot_);
  Wipe(bytes);
  return secret;
}

base::StatusOr<Secret> Secret::Take(std::string&& bytes, size_t expected_size) {
  if (bytes.size() == expected_size) return Adopt(std::move(bytes));
  const size_t size = bytes.size();
  Wipe(bytes);
  return base::Fail(base::kKey, base::Cat("a key of ", size, " bytes, not ", expected_size));
}

Secret::Secret(Secret&& other) noexcept
    : slot_(std::exchange(other.slot_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Release();
    slot_ = std::exchange(other.slot_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Secret::~Secret() { Release(); }

void Secret::Release() noexcept {
  if (slot_ != nullptr) Pool().GiveBack(slot_);
  slot_ = nullptr;
  size_ = 0;
}

Secret Secret::Clone() const {
  Secret copy = OfSize(size_);
  std::copy_n(slot_, size_, copy.slot_);
  return copy;
}

std::string_view Secret::Expose() const {
  CHECK(slot_ != nullptr) << "a secret that was moved from";
  return {reinterpret_cast<const char*>(slot_), size_};
}

std::span<uint8_t> Secret::MutableBytes() {
  CHECK(slot_ != nullptr) << "a secret that was moved from";
  return {slot_, size_};
}

}  // namespace soteria::crypto
