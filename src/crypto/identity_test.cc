#include "src/crypto/identity.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <set>
#include <string>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/crypto/openssl.h"

namespace soteria::crypto {
namespace {

std::string Bytes(std::string_view hex) { return *base::FromHex(hex); }

bool Refused(std::string_view key, std::string_view message, std::string_view signature) {
  return base::Is(VerifySignature(key, message, signature), base::kIntegrity);
}

// SubjectPublicKeyInfo of an uncompressed point on P-256, and RFC 6979 appendix A.2.5, message
// "sample".
constexpr char kSpki[] = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
constexpr char kX[] = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
constexpr char kY[] = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
constexpr char kR[] = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
constexpr char kS[] = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

std::string RfcKey() { return Bytes(std::string(kSpki) + "04" + kX + kY); }
std::string RfcSignature() { return Bytes(std::string("3046022100") + kR + "022100" + kS); }

TEST(Verify, Rfc6979) {
  EXPECT_TRUE(VerifySignature(RfcKey(), "sample", RfcSignature()).ok());
  EXPECT_TRUE(Refused(RfcKey(), "sample ", RfcSignature()));
  EXPECT_TRUE(Refused(RfcKey(), "test", RfcSignature()));
}

TEST(Verify, EveryByteOfKeyAndSignatureCounts) {
  for (size_t i = 0; i < RfcKey().size(); ++i) {
    std::string key = RfcKey();
    key[i] = static_cast<char>(key[i] ^ 1);
    EXPECT_TRUE(Refused(key, "sample", RfcSignature())) << i;
    EXPECT_TRUE(Refused(RfcKey().substr(0, i), "sample", RfcSignature())) << i;
  }
  for (size_t i = 0; i < RfcSignature().size(); ++i) {
    std::string signature = RfcSignature();
    signature[i] = static_cast<char>(signature[i] ^ 1);
    EXPECT_TRUE(Refused(RfcKey(), "sample", signature)) << i;
    EXPECT_TRUE(Refused(RfcKey(), "sample", RfcSignature().substr(0, i))) << i;
  }
  EXPECT_TRUE(Refused(RfcKey(), "sample", RfcSignature() + "x"));
  EXPECT_TRUE(Refused(RfcKey(), "sample", std::string(10'000, 'x')));
}

TEST(Verify, KeysHaveOneEncoding) {
  EXPECT_TRUE(Refused(RfcKey() + "x", "sample", RfcSignature()));
  EXPECT_TRUE(Refused("", "sample", RfcSignature()));
  EXPECT_TRUE(Refused(std::string(10'000, '\x30'), "sample", RfcSignature()));
  // The same point, compressed: another text of the same key (y is odd).
  const std::string compressed =
      Bytes(std::string("3039301306072a8648ce3d020106082a8648ce3d030107032200") + "03" + kX);
  EXPECT_TRUE(Refused(compressed, "sample", RfcSignature()));
  // The same point in the hybrid form.
  EXPECT_TRUE(Refused(Bytes(std::string(kSpki) + "07" + kX + kY), "sample", RfcSignature()));
  // Not on the curve.
  EXPECT_TRUE(Refused(Bytes(std::string(kSpki) + "04" + kX + kX), "sample", RfcSignature()));
}

std::string Der(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  std::string out(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return out;
}

std::string SignWith(EVP_PKEY* key, const EVP_MD* md, std::string_view message) {
  const MdCtxPtr context(EVP_MD_CTX_new());
  EXPECT_EQ(EVP_DigestSignInit(context.get(), nullptr, md, nullptr, key), 1);
  std::string signature(512, '\0');
  size_t size = signature.size();
  EXPECT_EQ(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                           reinterpret_cast<const unsigned char*>(message.data()), message.size()),
            1);
  signature.resize(size);
  return signature;
}

// A valid signature of another kind of key is refused, for want of P-256.
TEST(Verify, OtherKindsOfKeysAreRefused) {
  const PkeyPtr p384(EVP_EC_gen("P-384"));
  EXPECT_TRUE(Refused(Der(p384.get()), "m", SignWith(p384.get(), EVP_sha256(), "m")));
  const PkeyPtr k256(EVP_EC_gen("secp256k1"));
  EXPECT_TRUE(Refused(Der(k256.get()), "m", SignWith(k256.get(), EVP_sha256(), "m")));
  const PkeyPtr edwards(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  EXPECT_TRUE(Refused(Der(edwards.get()), "m", SignWith(edwards.get(), nullptr, "m")));
}

TEST(IdentityKey, SignsAndVerifies) {
  const auto key = IdentityKey::Generate();
  const auto other = IdentityKey::Generate();
  ASSERT_TRUE(key.ok() && other.ok());
  EXPECT_NE(key->public_der(), other->public_der());
  EXPECT_EQ(key->public_der().size(), 91U);
  for (const std::string& message : {std::string(), std::string("m"), std::string(100'000, 'm')}) {
    const auto signature = key->Sign(message);
    ASSERT_TRUE(signature.ok());
    EXPECT_TRUE(VerifySignature(key->public_der(), message, *signature).ok());
    EXPECT_TRUE(Refused(other->public_der(), message, *signature));
    EXPECT_TRUE(Refused(key->public_der(), message + "x", *signature));
  }
}

TEST(IdentityKey, PemBothWays) {
  const auto key = IdentityKey::Generate();
  const auto pem = key->ToPem();
  ASSERT_TRUE(pem.ok());
  EXPECT_TRUE(pem->starts_with("-----BEGIN PRIVATE KEY-----\n"));
  const auto again = IdentityKey::FromPem(*pem);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->public_der(), key->public_der());
  EXPECT_TRUE(VerifySignature(key->public_der(), "m", *again->Sign("m")).ok());
}

TEST(IdentityKey, RefusesOtherPem) {
  const std::string pem = *IdentityKey::Generate()->ToPem();
  const std::vector<std::string> refused = {
      "", "key", pem.substr(0, pem.size() / 2), std::string(kPemBytesMax + 1, 'x'),
      // Encrypted: must not ask anybody for a passphrase.
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIHsMFcGCSqGSIb3DQEFDTBK\n"
      "-----END ENCRYPTED PRIVATE KEY-----\n"};
  for (const std::string& text : refused) {
    EXPECT_TRUE(base::Is(IdentityKey::FromPem(text).status(), base::kKey));
  }
  const PkeyPtr p384(EVP_EC_gen("P-384"));
  const BioPtr bio(BIO_new(BIO_s_mem()));
  ASSERT_EQ(
      PEM_write_bio_PKCS8PrivateKey(bio.get(), p384.get(), nullptr, nullptr, 0, nullptr, nullptr),
      1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  EXPECT_TRUE(
      base::Is(IdentityKey::FromPem({data, static_cast<size_t>(size)}).status(), base::kKey));
}

TEST(SelfSigned, IsFreshAndSignedByItself) {
  const auto a = SelfSigned::Generate();
  const auto b = SelfSigned::Generate();
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(X509_verify(a->certificate(), a->key()), 1);
  EXPECT_EQ(X509_check_private_key(a->certificate(), a->key()), 1);
  EXPECT_NE(X509_verify(a->certificate(), b->key()), 1);
  EXPECT_NE(Der(a->key()), Der(b->key()));
  EXPECT_NE(X509_cmp(a->certificate(), b->certificate()), 0);
  LastError();
}

TEST(SelfSigned, ForLocalHostNamesLocalHostAndIsNoAuthority) {
  const auto made = SelfSigned::ForLocalHost();
  ASSERT_TRUE(made.ok());
  X509* const certificate = made->certificate();
  EXPECT_EQ(X509_verify(certificate, made->key()), 1);
  EXPECT_EQ(X509_check_host(certificate, "localhost", 0, 0, nullptr), 1);
  EXPECT_NE(X509_check_host(certificate, "localhost.example", 0, 0, nullptr), 1);
  EXPECT_NE(X509_check_host(certificate, "soteria", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ca(certificate), 0);
  EXPECT_EQ(X509_get_extended_key_usage(certificate), uint32_t{XKU_SSL_SERVER});
  const std::string pem = made->CertificatePem().value();
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const X509Ptr read(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(X509_cmp(read.get(), certificate), 0);
  EXPECT_EQ(pem.find("PRIVATE"), std::string::npos);
  LastError();
}

TEST(LastError, EmptiesTheQueue) {
  EXPECT_EQ(LastError(), "no reason given");
  EXPECT_EQ(PkeyPtr(EVP_EC_gen("no such curve")), nullptr);
  EXPECT_NE(LastError(), "no reason given");
  EXPECT_EQ(LastError(), "no reason given");
}

TEST(SystemRandom, DoesNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    uint8_t bytes[16];
    ASSERT_TRUE(OsRandom().Fill(bytes).ok());
    seen.emplace(bytes, bytes + 16);
  }
  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_TRUE(OsRandom().Fill({}).ok());
}

}  // namespace
}  // namespace soteria::crypto
