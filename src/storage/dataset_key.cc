#include "src/storage/dataset_key.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/storage/parquet_file.h"

namespace soteria::storage {

namespace {

arrow::util::SecureString Handed(const crypto::Secret& key) {
  return arrow::util::SecureString(std::string(key.Expose()));  // wipes the string it takes
}

std::string AadPrefix(std::string_view id, std::string_view file_id) {
  return base::Cat(id, file_id);  // both of fixed size
}

}  // namespace

std::string KeyMaterialJson(std::string_view id, std::string_view wrapped_key) {
  nlohmann::ordered_json out;
  out["keyMaterialType"] = "PKMT1";
  out["internalStorage"] = true;
  out["isFooterKey"] = true;
  out["kmsInstanceID"] = "DEFAULT";
  out["kmsInstanceURL"] = "DEFAULT";
  out["masterKeyID"] = base::Hex(id);
  out["wrappedDEK"] = base::Base64(wrapped_key);
  out["doubleWrapping"] = false;
  return out.dump();
}

std::shared_ptr<parquet::FileEncryptionProperties> EncryptionFor(std::string_view id,
                                                                 std::string_view file_id,
                                                                 const crypto::Secret& file_key,
                                                                 std::string_view wrapped_key) {
  parquet::FileEncryptionProperties::Builder builder(Handed(file_key));
  builder.algorithm(parquet::ParquetCipher::AES_GCM_V1)
      ->footer_key_metadata(KeyMaterialJson(id, wrapped_key))
      ->aad_prefix(AadPrefix(id, file_id));
  return builder.build();
}

std::shared_ptr<parquet::FileDecryptionProperties> DecryptionFor(std::string_view id,
                                                                 std::string_view file_id,
                                                                 const crypto::Secret& file_key) {
  parquet::FileDecryptionProperties::Builder builder;
  builder.footer_key(Handed(file_key))->aad_prefix(AadPrefix(id, file_id));
  return builder.build();
}

base::StatusOr<uint64_t> TailBytes(std::string_view end, uint64_t file_bytes) {
  const auto refuse = [](std::string_view why) {
    return base::Fail(base::kIntegrity, base::Cat("a data set's file ", why));
  };
  if (end.size() < kParquetTrailerBytes) return refuse("is too short");
  const std::string_view trailer = end.substr(end.size() - kParquetTrailerBytes);
  if (!trailer.ends_with(kParquetMagic)) return refuse("doesn't end as an encrypted one");
  const uint64_t tail = base::GetLe32(trailer.data()) + uint64_t{kParquetTrailerBytes};
  if (tail > file_bytes || tail > kFooterBytesMax) return refuse("has a footer of impossible size");
  return tail;
}

}  // namespace soteria::storage
