#include "src/crypto/openssl.h"

#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::crypto {
namespace {

constexpr size_t kSerialBytes = 16;
/// No clock in it: the host sets the clock, and nobody looks at these dates.
constexpr char kNotBefore[] = "20200101000000Z";
constexpr char kNotAfter[] = "99991231235959Z";
constexpr char kCommonName[] = "soteria";

struct Extension {
  int nid = NID_undef;
  const char* value = nullptr;
};
/// RFC 5280: not an authority, so that the key vouches for this name and no other. No key usage: as
/// its own issuer it would need keyCertSign for gRPC, whose default roots take no partial chain.
constexpr Extension kLocalHost[] = {{NID_subject_alt_name, "DNS:localhost"},
                                    {NID_basic_constraints, "critical,CA:FALSE"},
                                    {NID_ext_key_usage, "serverAuth"}};

bool AddExtensions(std::span<const Extension> extensions, X509* certificate) {
  for (const Extension& extension : extensions) {
    const std::unique_ptr<X509_EXTENSION, OpensslDelete<X509_EXTENSION_free>> made(
        X509V3_EXT_conf_nid(nullptr, nullptr, extension.nid, extension.value));
    if (made == nullptr || X509_add_ext(certificate, made.get(), -1) != 1) return false;
  }
  return true;
}

bool FillCertificate(EVP_PKEY* key, std::span<const Extension> extensions, X509* certificate) {
  std::array<unsigned char, kSerialBytes> serial;
  if (RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) return false;
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7FU) | 0x40U);  // positive, full length
  const std::unique_ptr<BIGNUM, OpensslDelete<BN_free>> number(
      BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  if (number == nullptr) return false;
  X509_NAME* const name = X509_get_subject_name(certificate);
  return BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr &&
         X509_set_version(certificate, X509_VERSION_3) == 1 &&
         ASN1_TIME_set_string(X509_getm_notBefore(certificate), kNotBefore) == 1 &&
         ASN1_TIME_set_string(X509_getm_notAfter(certificate), kNotAfter) == 1 &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(kCommonName), -1, -1,
                                    0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
         AddExtensions(extensions, certificate) && X509_sign(certificate, key, EVP_sha256()) > 0;
}

base::StatusOr<std::pair<PkeyPtr, X509Ptr>> MakeCertificate(std::span<const Extension> extensions) {
  SOTERIA_ASSIGN_OR_RETURN(PkeyPtr key, GenerateP256());
  X509Ptr certificate(X509_new());
  if (certificate == nullptr || !FillCertificate(key.get(), extensions, certificate.get())) {
    return base::Fail(base::kInternal, base::Cat("certificate: ", LastError()));
  }
  return std::pair(std::move(key), std::move(certificate));
}

}  // namespace

std::string LastError() {
  std::string text;
  while (const unsigned long error = ERR_get_error()) {
    const char* const reason = ERR_reason_error_string(error);
    if (!text.empty()) text += "; ";
    text += reason != nullptr ? std::string(reason) : base::Cat("OpenSSL error ", error);
  }
  return text.empty() ? "no reason given" : text;
}

void IgnoreSystemConfig() { OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr); }

base::StatusOr<PkeyPtr> GenerateP256() {
  PkeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return base::Fail(base::kInternal, base::Cat("P-256 key: ", LastError()));
  return key;
}

base::StatusOr<SelfSigned> SelfSigned::Generate() {
  SOTERIA_ASSIGN_OR_RETURN(auto made, MakeCertificate({}));
  return SelfSigned(std::move(made.first), std::move(made.second));
}

base::StatusOr<SelfSigned> SelfSigned::ForLocalHost() {
  SOTERIA_ASSIGN_OR_RETURN(auto made, MakeCertificate(kLocalHost));
  return SelfSigned(std::move(made.first), std::move(made.second));
}

base::StatusOr<std::string> SelfSigned::CertificatePem() const {
  const BioPtr out(BIO_new(BIO_s_mem()));
  char* bytes = nullptr;
  if (out == nullptr || PEM_write_bio_X509(out.get(), certificate_.get()) != 1) {
    return base::Fail(base::kInternal, base::Cat("certificate: ", LastError()));
  }
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return std::string(bytes, static_cast<size_t>(size));
}

}  // namespace soteria::crypto
