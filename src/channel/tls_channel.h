// How TlsClient and TlsServer start, with the number of records a key seals as a parameter, so that
// tests reach a key update. Private to this folder.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/channel/channel.h"
#include "src/crypto/openssl.h"

namespace soteria::channel {

using SslPtr = std::unique_ptr<SSL, crypto::OpensslDelete<SSL_free>>;

/// What a server demands of ALPN.
enum class Alpn { kNone, kHttp2 };

/// Shakes hands: as the server with `certificate`, as the client without one (null).
base::StatusOr<std::unique_ptr<Channel>> StartTls(std::unique_ptr<base::ByteStream> stream,
                                                  const crypto::SelfSigned* certificate,
                                                  uint64_t records_per_key,
                                                  Alpn alpn = Alpn::kNone);

}  // namespace soteria::channel
