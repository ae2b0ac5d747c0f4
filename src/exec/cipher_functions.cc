// aes_encrypt, aes_decrypt and try_aes_decrypt. Spark draws an initialization vector where the
// script gives none; here it is a function of the key, the value and the row's place, so that a
// task that runs again gives the same bits (I7) and no vector serves two values.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <optional>
#include <string>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/crypto/block_cipher.h"
#include "src/exec/conditions.h"
#include "src/exec/digests.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using crypto::BlockMode;

constexpr base::Condition Parameter(const char* name) {
  return {name, base::exception_class::kSparkRuntime, "22023", absl::StatusCode::kInvalidArgument};
}
constexpr base::Condition Feature(const char* name) {
  return {name, base::exception_class::kSparkRuntime, "0A000", absl::StatusCode::kInvalidArgument};
}

/// What a call asks of one row.
struct Asked {
  BlockMode mode = BlockMode::kGcm;
  std::string_view name;  // of the mode, as the script has it
  std::string_view key;
  std::string_view iv;
  std::string_view aad;
};

base::StatusOr<BlockMode> ModeOf(std::string_view mode, std::string_view padding) {
  const bool standard = base::EqualIgnoringCase(padding, "DEFAULT");
  const bool pkcs = standard || base::EqualIgnoringCase(padding, "PKCS");
  if (base::EqualIgnoringCase(mode, "ECB") && pkcs) return BlockMode::kEcb;
  if (base::EqualIgnoringCase(mode, "CBC") && pkcs) return BlockMode::kCbc;
  if (base::EqualIgnoringCase(mode, "GCM") &&
      (standard || base::EqualIgnoringCase(padding, "NONE"))) {
    return BlockMode::kGcm;
  }
  return base::FailQuotingData(
      Feature("UNSUPPORTED_FEATURE.AES_MODE"),
      base::Cat("The feature is not supported: AES-", mode, " with the padding ", padding,
                " by the `aes_encrypt`/`aes_decrypt` function."));
}

base::Status CheckKey(const Asked& asked) {
  if (crypto::IsAesKeySize(asked.key.size())) return base::OkStatus();
  return base::FailQuotingData(
      Parameter("INVALID_PARAMETER_VALUE.AES_KEY_LENGTH"),
      base::Cat("The value of parameter(s) `key` in `aes_encrypt`/`aes_decrypt` is invalid: "
                "expects a binary value with 16, 24 or 32 bytes, but got ",
                asked.key.size(), " bytes."));
}

size_t IvBytes(BlockMode mode) {
  return mode == BlockMode::kEcb   ? 0
         : mode == BlockMode::kCbc ? crypto::kBlockIvBytes
                                   : crypto::kGcmIvBytes;
}

base::Status CheckIv(const Asked& asked, std::string_view function) {
  if (asked.iv.empty()) return base::OkStatus();
  if (asked.mode == BlockMode::kEcb) {
    return base::Fail(Feature("UNSUPPORTED_FEATURE.AES_MODE_IV"),
                      base::Cat("The feature is not supported: `", function,
                                "` with AES-ECB does not support initialization vectors (IVs)."));
  }
  if (asked.iv.size() == IvBytes(asked.mode)) return base::OkStatus();
  return base::FailQuotingData(
      Parameter("INVALID_PARAMETER_VALUE.AES_IV_LENGTH"),
      base::Cat("The value of parameter(s) `iv` in `aes_encrypt`/`aes_decrypt` is invalid: "
                "supports 16-byte CBC IVs and 12-byte GCM IVs, but got ",
                asked.iv.size(), " bytes for ", base::Upper(asked.name), "."));
}

base::Status CheckAad(const Asked& asked, std::string_view function) {
  if (asked.aad.empty() || asked.mode == BlockMode::kGcm) return base::OkStatus();
  return base::Fail(Feature("UNSUPPORTED_FEATURE.AES_MODE_AAD"),
                    base::Cat("The feature is not supported: `", function, "` with AES-",
                              asked.mode == BlockMode::kCbc ? "CBC" : "ECB",
                              " does not support additional authenticate data (AAD)."));
}

base::Status Failed(std::string_view why) {
  return base::Fail(Parameter("INVALID_PARAMETER_VALUE.AES_CRYPTO_ERROR"),
                    base::Cat("The value of parameter(s) `expr`, `key` in "
                              "`aes_encrypt`/`aes_decrypt` is invalid: detail message: ",
                              why));
}

/// A pseudorandom function of all that makes the message, keyed by its key.
std::string MadeIv(const Asked& asked, std::string_view text, uint64_t partition, int64_t row) {
  base::FieldWriter message;
  message.Add("soteria aes iv").AddU64(static_cast<uint64_t>(asked.mode)).AddU64(partition);
  message.AddI64(row).Add(asked.aad).Add(text);
  return HmacSha256(asked.key, message.bytes()).substr(0, IvBytes(asked.mode));
}

/// Argument `index`, or what stands for it.
std::string_view ArgumentAt(const ArrayList& args, size_t index, int64_t row,
                            std::string_view otherwise) {
  return index < args.size() ? TextAt(*args[index], row) : otherwise;
}

base::StatusOr<ArrayPtr> Encrypt(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& state) {
  return Each<arrow::BinaryBuilder>(
      node, args, rows, [&](int64_t i) -> base::StatusOr<std::string> {
        Asked asked;
        asked.name = ArgumentAt(args, 2, i, "GCM");
        asked.key = TextAt(*args[1], i);
        asked.iv = ArgumentAt(args, 4, i, "");
        asked.aad = ArgumentAt(args, 5, i, "");
        SOTERIA_ASSIGN_OR_RETURN(asked.mode, ModeOf(asked.name, ArgumentAt(args, 3, i, "DEFAULT")));
        SOTERIA_RETURN_IF_ERROR(CheckKey(asked));
        SOTERIA_RETURN_IF_ERROR(CheckIv(asked, "aes_encrypt"));
        SOTERIA_RETURN_IF_ERROR(CheckAad(asked, "aes_encrypt"));
        const std::string_view text = TextAt(*args[0], i);
        std::string iv(asked.iv);
        if (iv.empty() && asked.mode != BlockMode::kEcb) {
          iv = MadeIv(asked, text, state.partition, state.rows_before + i);
        }
        const auto sealed = crypto::AesEncrypt(asked.mode, asked.key, iv, asked.aad, text);
        if (!sealed) return Failed("the cipher failed");
        return iv + *sealed;
      });
}

template <bool kTry>
base::StatusOr<ArrayPtr> Decrypt(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  using Result = std::optional<std::string>;
  const auto one = [&](int64_t i) -> base::StatusOr<std::string> {
    Asked asked;
    asked.name = ArgumentAt(args, 2, i, "GCM");
    asked.key = TextAt(*args[1], i);
    asked.aad = ArgumentAt(args, 4, i, "");
    SOTERIA_ASSIGN_OR_RETURN(asked.mode, ModeOf(asked.name, ArgumentAt(args, 3, i, "DEFAULT")));
    SOTERIA_RETURN_IF_ERROR(CheckKey(asked));
    SOTERIA_RETURN_IF_ERROR(CheckAad(asked, "aes_decrypt"));
    const std::string_view sealed = TextAt(*args[0], i);
    const size_t begin = IvBytes(asked.mode);
    if (sealed.size() < begin) return Failed("Invalid buffer arguments");
    const auto text = crypto::AesDecrypt(asked.mode, asked.key, sealed.substr(0, begin), asked.aad,
                                         sealed.substr(begin));
    if (text) return *text;
    return Failed(asked.mode == BlockMode::kGcm
                      ? "Tag mismatch"
                      : "Given final block not properly padded. Such issues can arise if a bad key "
                        "is used during decryption.");
  };
  return Each<arrow::BinaryBuilder>(node, args, rows, [&](int64_t i) -> base::StatusOr<Result> {
    auto text = one(i);
    if (text.ok()) return Result(*std::move(text));
    if (kTry) return Result();
    return text.status();
  });
}

constexpr Function kFunctions[] = {
    {"aes_encrypt", 2, 6, "aes_encrypt", Print::kSpecial,
     BindSimple<Encrypt, "bbssbb", 'b', kNullable + kCareful>, true},
    {"aes_decrypt", 2, 5, "aes_decrypt", Print::kSpecial,
     BindSimple<Decrypt<false>, "bbssb", 'b', kNullable + kCareful>},
    {"try_aes_decrypt", 2, 5, "try_aes_decrypt", Print::kSpecial,
     BindSimple<Decrypt<true>, "bbssb", 'b', kNullable + kCareful>},
};

}  // namespace

std::span<const Function> CipherFunctions() { return kFunctions; }

}  // namespace soteria::exec
