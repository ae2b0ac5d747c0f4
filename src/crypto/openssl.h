// OpenSSL's handles as owning pointers, for this folder and for channel, and the self-signed
// certificate of a TLS endpoint.
//
// A SelfSigned of Generate names nobody and proves nothing: who the peer is, evidence says (I2).
// One of ForLocalHost is what a client on the same machine pins. Keys are made fresh in each
// process and never stored. Reading one from several threads is fine.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "src/base/status.h"

namespace soteria::crypto {

template <auto kFree>
struct OpensslDelete {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
struct BioDelete {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};

using PkeyPtr = std::unique_ptr<EVP_PKEY, OpensslDelete<EVP_PKEY_free>>;
using PkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, OpensslDelete<EVP_PKEY_CTX_free>>;
using CipherPtr = std::unique_ptr<EVP_CIPHER, OpensslDelete<EVP_CIPHER_free>>;
using CipherCtxPtr = std::unique_ptr<EVP_CIPHER_CTX, OpensslDelete<EVP_CIPHER_CTX_free>>;
using MdCtxPtr = std::unique_ptr<EVP_MD_CTX, OpensslDelete<EVP_MD_CTX_free>>;
using KdfPtr = std::unique_ptr<EVP_KDF, OpensslDelete<EVP_KDF_free>>;
using KdfCtxPtr = std::unique_ptr<EVP_KDF_CTX, OpensslDelete<EVP_KDF_CTX_free>>;
using X509Ptr = std::unique_ptr<X509, OpensslDelete<X509_free>>;
using BioPtr = std::unique_ptr<BIO, BioDelete>;

/// The reasons in this thread's error queue, which is empty afterwards. Names of errors only, no
/// data.
std::string LastError();

/// Before anything else of OpenSSL, in an enclave: the configuration file is the host's, and could
/// name modules to load.
void IgnoreSystemConfig();

/// A new P-256 key.
base::StatusOr<PkeyPtr> GenerateP256();

/// A P-256 key and a certificate that it signed itself.
class SelfSigned {
 public:
  static base::StatusOr<SelfSigned> Generate();
  /// A server's certificate for the name `localhost`, which can't issue others.
  static base::StatusOr<SelfSigned> ForLocalHost();
  /// The certificate, as a client's file of roots takes it.
  base::StatusOr<std::string> CertificatePem() const;
  X509* certificate() const { return certificate_.get(); }
  EVP_PKEY* key() const { return key_.get(); }

 private:
  SelfSigned(PkeyPtr key, X509Ptr certificate)
      : key_(std::move(key)), certificate_(std::move(certificate)) {}
  PkeyPtr key_;
  X509Ptr certificate_;
};

}  // namespace soteria::crypto
