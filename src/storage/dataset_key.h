// What Parquet is told about the keys of one data-set file, inside this folder: writing and reading
// must agree on it, and so must docs/formats/dataset.md and its pyarrow client.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "parquet/encryption/encryption.h"
#include "src/base/status.h"
#include "src/crypto/secret.h"

namespace soteria::storage {

/// File footers of encrypted files end with a u32 length and this.
inline constexpr std::string_view kParquetMagic = "PARE";
inline constexpr size_t kParquetTrailerBytes = 8;

/// parquet-mr's key material (PKMT1, internal storage, single wrapping).
std::string KeyMaterialJson(std::string_view id, std::string_view wrapped_key);

/// AES_GCM_V1, encrypted footer, footer key only; the AAD prefix (id | file id) is stored in the
/// file.
std::shared_ptr<parquet::FileEncryptionProperties> EncryptionFor(std::string_view id,
                                                                 std::string_view file_id,
                                                                 const crypto::Secret& file_key,
                                                                 std::string_view wrapped_key);
/// The key comes from the index and is given as it is: key metadata of the file, an outside value,
/// isn't looked at. The AAD prefix is always supplied.
std::shared_ptr<parquet::FileDecryptionProperties> DecryptionFor(std::string_view id,
                                                                 std::string_view file_id,
                                                                 const crypto::Secret& file_key);

/// The file's tail from its bytes' end: crypto metadata, encrypted footer, length, magic.
/// kIntegrity unless `end` (the last bytes of the file, at least 8) begins at or before it.
base::StatusOr<uint64_t> TailBytes(std::string_view end, uint64_t file_bytes);

}  // namespace soteria::storage
