// AES as functions of SQL have it, on values and with keys that a script names: nothing of ours is
// sealed with it (that is aead.h). Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace soteria::crypto {

enum class BlockMode : uint8_t { kEcb, kCbc, kGcm };

inline constexpr size_t kBlockIvBytes = 16;  ///< of CBC
inline constexpr size_t kGcmIvBytes = 12;
inline constexpr size_t kGcmTagBytes = 16;
/// Of what is given at once.
inline constexpr size_t kBlockInputBytesMax = size_t{1} << 30;

/// 16, 24 or 32.
bool IsAesKeySize(size_t bytes);

/// `iv` has the mode's size, none of ECB; `aad` is of GCM. What OpenSSL makes of the text, padded
/// but for GCM, whose tag is at its end; nullopt where it fails.
std::optional<std::string> AesEncrypt(BlockMode mode, std::string_view key, std::string_view iv,
                                      std::string_view aad, std::string_view text);
/// nullopt also for what isn't padded right, or doesn't authenticate.
std::optional<std::string> AesDecrypt(BlockMode mode, std::string_view key, std::string_view iv,
                                      std::string_view aad, std::string_view sealed);

}  // namespace soteria::crypto
