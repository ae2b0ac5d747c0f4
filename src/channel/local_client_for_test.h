// A client of a TLS endpoint of this machine that isn't ours: OpenSSL's own, which trusts one file
// of roots and checks the name `localhost`, as gRPC does. Tests only. One thread at a time.
#pragma once

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/text.h"
#include "src/channel/tls_channel.h"
#include "src/crypto/openssl.h"

namespace soteria::channel {

struct LocalClientOptions {
  std::string roots_pem;
  std::string host = "127.0.0.1";
  int version_max = TLS1_3_VERSION;
  std::string alpn = std::string("\x02h2", 3);  // wire form; empty: not offered
};

class LocalClientForTest {
 public:
  /// Dials and shakes hands; connected() says whether that worked.
  LocalClientForTest(uint16_t port, const LocalClientOptions& options)
      : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_max_proto_version(context_.get(), options.version_max);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    AddRoots(options.roots_pem);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set1_host(ssl_.get(), "localhost");
    if (!options.alpn.empty()) {
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(options.alpn.data()),
                          static_cast<unsigned int>(options.alpn.size()));
    }
    BIO* const socket = BIO_new(BIO_s_connect());
    BIO_set_conn_hostname(socket, options.host.c_str());
    BIO_set_conn_port(socket, base::Cat(port).c_str());
    dialled_ = BIO_do_connect(socket) == 1;
    SSL_set_bio(ssl_.get(), socket, socket);
    connected_ = dialled_ && SSL_connect(ssl_.get()) == 1;
    ERR_clear_error();
  }

  bool dialled() const { return dialled_; }
  bool connected() const { return connected_; }

  bool Write(std::string_view bytes) {
    size_t written = 0;
    return SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) == 1 &&
           written == bytes.size();
  }
  /// At most `size` bytes; fewer at the end of the connection, however it ends.
  std::string Read(size_t size) {
    std::string out(size, '\0');
    size_t filled = 0;
    while (filled < size) {
      size_t got = 0;
      if (SSL_read_ex(ssl_.get(), out.data() + filled, size - filled, &got) != 1) break;
      filled += got;
    }
    ERR_clear_error();
    out.resize(filled);
    return out;
  }
  std::string ReadToEnd() {
    std::string out;
    for (std::string piece = Read(4096); !piece.empty(); piece = Read(4096)) out += piece;
    return out;
  }
  /// Ends this direction.
  void CloseWrite() { SSL_shutdown(ssl_.get()); }

 private:
  void AddRoots(const std::string& pem) {
    const crypto::BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    X509_STORE* const store = SSL_CTX_get_cert_store(context_.get());
    while (true) {
      const crypto::X509Ptr root(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
      if (root == nullptr) break;
      X509_STORE_add_cert(store, root.get());
    }
    ERR_clear_error();
  }

  std::unique_ptr<SSL_CTX, crypto::OpensslDelete<SSL_CTX_free>> context_;
  SslPtr ssl_;
  bool dialled_ = false;
  bool connected_ = false;
};

}  // namespace soteria::channel
