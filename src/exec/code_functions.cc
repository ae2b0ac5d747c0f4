// to_base32 and from_base32, hmac, quote, validate_utf8: texts and bytes encoded and checked.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/byte_text.h"
#include "src/exec/conditions.h"
#include "src/exec/digests.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/table/types.h"
#include "src/table/valid_text.h"

namespace soteria::exec {
namespace {

constexpr base::Condition kHmacAlgorithm = {"INVALID_PARAMETER_VALUE.HMAC_ALGORITHM",
                                            base::exception_class::kSparkRuntime, "22023",
                                            absl::StatusCode::kInvalidArgument};
constexpr base::Condition kHmacCrypto = {"INVALID_PARAMETER_VALUE.HMAC_CRYPTO_ERROR",
                                         base::exception_class::kSparkRuntime, "22023",
                                         absl::StatusCode::kInvalidArgument};
constexpr base::Condition kInvalidUtf8 = {"INVALID_UTF8_STRING",
                                          base::exception_class::kIllegalArgument, "22029",
                                          absl::StatusCode::kInvalidArgument};

base::StatusOr<ArrayPtr> ToBase32Kernel(const Bound& node, const ArrayList& args, int64_t rows,
                                        EvalState& /*state*/) {
  return Each<arrow::StringBuilder>(node, args, rows,
                                    [&](int64_t i) { return ToBase32(TextAt(*args[0], i)); });
}

base::StatusOr<ArrayPtr> FromBase32Kernel(const Bound& node, const ArrayList& args, int64_t rows,
                                          EvalState& /*state*/) {
  return Each<arrow::BinaryBuilder>(node, args, rows,
                                    [&](int64_t i) { return FromBase32(TextAt(*args[0], i)); });
}

// ---- hmac ---------------------------------------------------------------------------------------

std::string Sha224Of(std::string_view bytes) { return Sha2(bytes, 224); }
std::string Sha256Of(std::string_view bytes) { return Sha2(bytes, 256); }
std::string Sha384Of(std::string_view bytes) { return Sha2(bytes, 384); }
std::string Sha512Of(std::string_view bytes) { return Sha2(bytes, 512); }

struct Algorithm {
  std::string_view name;  ///< without its dash
  std::string (*digest)(std::string_view);
  size_t block;
};
constexpr Algorithm kAlgorithms[] = {{"SHA224", Sha224Of, 64},  {"SHA256", Sha256Of, 64},
                                     {"SHA384", Sha384Of, 128}, {"SHA512", Sha512Of, 128},
                                     {"SHA1", Sha1, 64},        {"MD5", Md5, 64}};

const Algorithm* FindAlgorithm(std::string_view name) {
  std::string upper = base::Upper(name);
  if (upper.starts_with("SHA-")) upper.erase(3, 1);
  const auto at = std::find_if(std::begin(kAlgorithms), std::end(kAlgorithms),
                               [&](const Algorithm& one) { return one.name == upper; });
  return at == std::end(kAlgorithms) ? nullptr : at;
}

base::StatusOr<ArrayPtr> HmacKernel(const Bound& node, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  return Each<arrow::BinaryBuilder>(
      node, args, rows, [&](int64_t i) -> base::StatusOr<std::string> {
        const std::string_view name = args.size() > 2 ? TextAt(*args[2], i) : "SHA256";
        const Algorithm* const algorithm = FindAlgorithm(name);
        if (algorithm == nullptr) {
          return base::FailQuotingData(
              kHmacAlgorithm,
              base::Cat("The value of parameter(s) `algorithm` in `hmac` is invalid: expects one "
                        "of the algorithms 'SHA-224', 'SHA-256', 'SHA-384', 'SHA-512', 'SHA-1', "
                        "'MD5', but got '",
                        name, "'."));
        }
        if (TextAt(*args[0], i).empty()) {
          return base::Fail(kHmacCrypto,
                            "The value of parameter(s) `key` in `hmac` is invalid: detail "
                            "message: Empty key");
        }
        return Hmac(algorithm->digest, algorithm->block, TextAt(*args[0], i), TextAt(*args[1], i));
      });
}

// ---- texts --------------------------------------------------------------------------------------

base::StatusOr<ArrayPtr> Quote(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  return Each<arrow::StringBuilder>(node, args, rows, [&](int64_t i) {
    std::string out = "'";
    for (const char c : TextAt(*args[0], i)) {
      if (c == '\'') out += '\\';
      out += c;
    }
    return out + "'";
  });
}

template <bool kTry>
base::StatusOr<ArrayPtr> Validate(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  using Result = std::optional<std::string_view>;
  return Each<arrow::StringBuilder>(node, args, rows, [&](int64_t i) -> base::StatusOr<Result> {
    const std::string_view text = TextAt(*args[0], i);
    if (table::ValidText(text) == text) return Result(text);
    if (kTry) return Result();
    std::string shown;
    for (const char c : text) {
      char escaped[5];
      std::snprintf(escaped, sizeof escaped, "\\x%02X", static_cast<unsigned char>(c));
      shown += static_cast<unsigned char>(c) < 0x80 ? std::string(1, c) : std::string(escaped);
    }
    return base::FailQuotingData(
        kInvalidUtf8, base::Cat("Invalid UTF8 byte sequence found in string: ", shown, "."));
  });
}

constexpr Function kFunctions[] = {
    {"to_base32", 1, 1, "to_base32", Print::kCall, BindSimple<ToBase32Kernel, "b", 's'>},
    {"from_base32", 1, 1, "from_base32", Print::kCall, BindSimple<FromBase32Kernel, "s", 'b'>},
    {"hmac", 2, 3, "hmac", Print::kSpecial,
     BindSimple<HmacKernel, "bbs", 'b', kNullable + kCareful>},
    {"quote", 1, 1, "quote", Print::kCall, BindSimple<Quote, "s", 's', kNullable>},
    {"validate_utf8", 1, 1, "validate_utf8", Print::kCall,
     BindSimple<Validate<false>, "s", 's', kNullable + kCareful>},
    {"try_validate_utf8", 1, 1, "try_validate_utf8", Print::kCall,
     BindSimple<Validate<true>, "s", 's', kNullable>},
};

}  // namespace

std::span<const Function> CodeFunctions() { return kFunctions; }

}  // namespace soteria::exec
