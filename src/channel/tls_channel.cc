#include "src/channel/tls_channel.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <span>
#include <utility>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/crypto/openssl.h"

namespace soteria::channel {
namespace {

constexpr size_t kRecordPlainBytesMax = 16 * 1024;  // RFC 8446, 5.1
constexpr size_t kHandshakeBytesMax = 64 * 1024;    // received before the handshake is over
constexpr long kCertificateBytesMax = 8 * 1024;
// What TLS itself may want to send (alerts, key updates) while nobody sends.
constexpr size_t kPendingBytesMax = 64 * 1024;
constexpr size_t kReceivePieceBytes = size_t{1} << 20;
constexpr size_t kLengthBytes = 4;
constexpr size_t kExportBytesMax = 64;

using SslCtxPtr = std::unique_ptr<SSL_CTX, crypto::OpensslDelete<SSL_CTX_free>>;

base::Status TlsFailure(std::string_view what) {
  return base::Fail(base::kProtocol, base::Cat("TLS: ", what, ": ", crypto::LastError()));
}

base::Status CutOff() {
  return base::Fail(base::kIntegrity,
                    "the channel was cut off: the stream ended without TLS's end");
}

base::StatusOr<SslCtxPtr> MakeContext(const SSL_METHOD* method) {
  SslCtxPtr context(SSL_CTX_new(method));
  if (context == nullptr) return TlsFailure("context");
  SSL_CTX* ctx = context.get();
  const bool ok = SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
                  SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
                  SSL_CTX_set_ciphersuites(ctx, "TLS_AES_256_GCM_SHA384") == 1 &&
                  SSL_CTX_set1_groups_list(ctx, "X25519:P-256") == 1 &&
                  SSL_CTX_set1_sigalgs_list(ctx, "ECDSA+SHA256") == 1 &&
                  SSL_CTX_set_num_tickets(ctx, 0) == 1 && SSL_CTX_set_max_early_data(ctx, 0) == 1 &&
                  SSL_CTX_set_recv_max_early_data(ctx, 0) == 1;
  if (!ok) return TlsFailure("settings");
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_clear_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(ctx, kCertificateBytesMax);
  // Nobody believes certificates: who the peer is, evidence says (I2).
  SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_default_read_buffer_len(ctx, kTlsBufferBytes);
  SSL_CTX_set_read_ahead(ctx, 1);
  return context;
}

// RFC 7540, 3.3. gRPC refuses a server that chooses nothing.
int SelectHttp2(SSL*, const unsigned char** out, unsigned char* out_bytes,
                const unsigned char* offered, unsigned int offered_bytes, void*) {
  constexpr std::string_view kHttp2("\x02h2", 3);
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_bytes,
                                          reinterpret_cast<const unsigned char*>(kHttp2.data()),
                                          kHttp2.size(), offered, offered_bytes);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool AgreedOnHttp2(const SSL* ssl) {
  const unsigned char* chosen = nullptr;
  unsigned int bytes = 0;
  SSL_get0_alpn_selected(ssl, &chosen, &bytes);
  return std::string_view(reinterpret_cast<const char*>(chosen), bytes) == "h2";
}

void PutLength(size_t length, std::array<char, kLengthBytes>& out) {
  for (size_t i = 0; i < kLengthBytes; ++i) out[i] = static_cast<char>((length >> (8 * i)) & 0xff);
}

size_t GetLength(const std::array<char, kLengthBytes>& in) {
  size_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) {
    length |= static_cast<size_t>(static_cast<unsigned char>(in[i])) << (8 * i);
  }
  return length;
}

// Locks, always taken in this order: send_ or receive_ (whole messages), reading_ or wire_ (the
// order of records from and to the stream), tls_ (the SSL object and its memory BIOs). The stream
// is read and written without tls_, so that a reader and a writer never wait for each other's
// network.
class TlsChannel final : public Channel, private base::ByteStream {
 public:
  TlsChannel(std::unique_ptr<base::ByteStream> stream, SslPtr ssl, BIO* incoming, BIO* outgoing,
             uint64_t records_per_key, Alpn alpn)
      : stream_(std::move(stream)),
        ssl_(std::move(ssl)),
        incoming_(incoming),
        outgoing_(outgoing),
        records_per_key_(records_per_key),
        alpn_(alpn) {}

  base::Status Handshake();

  base::StatusOr<std::string> ExportKey(std::string_view label, std::string_view context,
                                        size_t bytes) override;
  base::Status Send(std::string_view message) override;
  base::StatusOr<std::string> Receive(size_t max_bytes) override;
  base::ByteStream& stream() override { return *this; }
  base::Status CloseWrite() override;
  void Close() override;

 private:
  base::StatusOr<size_t> Read(std::span<char> out) override;
  base::Status Write(std::string_view bytes) override;

  // Seals up to kTlsBufferBytes from the front of `bytes` into records; wire_ and tls_ are held.
  base::Status SealSome(std::string_view& bytes);
  // Moves what TLS wants to send into records_bytes_; wire_ and tls_ are held.
  void TakeOutgoing();
  // Writes records_bytes_ to the stream; wire_ is held, tls_ isn't.
  base::Status WriteOutgoing();
  struct Opened {
    size_t bytes = 0;
    int why = SSL_ERROR_NONE;
    bool has_answer = false;  // TLS wants to send something itself
    base::Status failure;
  };
  // Opens what has arrived into `out`.
  Opened OpenSome(std::span<char> out);
  base::Status FlushIfIdle();
  base::Status EndSending();  // wire_ is held
  base::Status ReadExactly(std::span<char> out, bool at_boundary);
  base::StatusOr<size_t> FillIncoming(std::span<char> buffer);

  const std::unique_ptr<base::ByteStream> stream_;
  const SslPtr ssl_;
  BIO* const incoming_;  // owned by ssl_
  BIO* const outgoing_;
  const uint64_t records_per_key_;
  const Alpn alpn_;

  std::mutex send_;
  std::mutex receive_;
  std::mutex reading_;
  std::mutex wire_;
  std::mutex tls_;
  uint64_t records_ = 0;       // under the present sending key; guarded by wire_
  bool write_closed_ = false;  // guarded by wire_
  std::string records_bytes_;  // guarded by wire_
  std::string received_ = std::string(kTlsBufferBytes, '\0');  // guarded by reading_
  std::atomic<bool> closed_ = false;
};

base::Status TlsChannel::Handshake() {
  size_t received = 0;
  while (true) {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_.get());
    const int why = done == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), done);
    // Also on failure: the alert tells the peer.
    TakeOutgoing();
    const base::Status sent = WriteOutgoing();
    if (why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ) return TlsFailure("handshake");
    SOTERIA_RETURN_IF_ERROR(sent);
    if (done == 1) break;
    if (received > kHandshakeBytesMax) {
      return base::Fail(base::kProtocol, "TLS: the handshake is too long");
    }
    SOTERIA_ASSIGN_OR_RETURN(const size_t got, FillIncoming(received_));
    if (got == 0) return CutOff();
    received += got;
  }
  if (SSL_version(ssl_.get()) != TLS1_3_VERSION || SSL_session_reused(ssl_.get()) != 0) {
    return base::Fail(base::kProtocol, "TLS: not a fresh TLS 1.3 session");
  }
  if (alpn_ == Alpn::kHttp2 && !AgreedOnHttp2(ssl_.get())) {
    return base::Fail(base::kProtocol, "TLS: the client doesn't ask for HTTP/2");
  }
  return base::OkStatus();
}

base::StatusOr<size_t> TlsChannel::FillIncoming(std::span<char> buffer) {
  SOTERIA_ASSIGN_OR_RETURN(const size_t got, stream_->Read(buffer));
  const std::lock_guard<std::mutex> lock(tls_);
  size_t written = 0;
  if (got > 0 && (BIO_write_ex(incoming_, buffer.data(), got, &written) != 1 || written != got)) {
    return TlsFailure("memory");
  }
  return got;
}

void TlsChannel::TakeOutgoing() {
  records_bytes_.resize(BIO_ctrl_pending(outgoing_));
  if (records_bytes_.empty()) return;
  size_t taken = 0;
  const int ok = BIO_read_ex(outgoing_, records_bytes_.data(), records_bytes_.size(), &taken);
  CHECK(ok == 1 && taken == records_bytes_.size());
}

base::Status TlsChannel::WriteOutgoing() {
  return records_bytes_.empty() ? base::OkStatus() : stream_->Write(records_bytes_);
}

base::StatusOr<std::string> TlsChannel::ExportKey(std::string_view label, std::string_view context,
                                                  size_t bytes) {
  if (bytes == 0 || bytes > kExportBytesMax) {
    return base::Fail(base::kInternal, "TLS exporter of an unusual size");
  }
  std::string out(bytes, '\0');
  const std::lock_guard<std::mutex> lock(tls_);
  ERR_clear_error();
  if (SSL_export_keying_material(ssl_.get(), reinterpret_cast<unsigned char*>(out.data()), bytes,
                                 label.data(), label.size(),
                                 reinterpret_cast<const unsigned char*>(context.data()),
                                 context.size(), 1) != 1) {
    return TlsFailure("exporter");
  }
  return out;
}

base::Status TlsChannel::SealSome(std::string_view& bytes) {
  ERR_clear_error();
  size_t room = kTlsBufferBytes;
  while (!bytes.empty() && room > 0) {
    if (records_ >= records_per_key_) {
      if (SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED) != 1) {
        return TlsFailure("key update");
      }
      records_ = 0;
    }
    const size_t piece = std::min(bytes.size(), kRecordPlainBytesMax);
    size_t sealed = 0;
    if (SSL_write_ex(ssl_.get(), bytes.data(), piece, &sealed) != 1) return TlsFailure("sealing");
    ++records_;
    bytes.remove_prefix(sealed);
    room -= std::min(room, sealed);
  }
  return base::OkStatus();
}

base::Status TlsChannel::Write(std::string_view bytes) {
  const std::lock_guard<std::mutex> wire(wire_);
  if (write_closed_) return base::Fail(base::kIo, "the channel is closed for sending");
  while (!bytes.empty()) {
    {
      const std::lock_guard<std::mutex> lock(tls_);
      SOTERIA_RETURN_IF_ERROR(SealSome(bytes));
      TakeOutgoing();
    }
    SOTERIA_RETURN_IF_ERROR(WriteOutgoing());
  }
  return base::OkStatus();
}

// What TLS wants to send while receiving (an alert, a key update that the peer asked for) goes out
// now if no sender is at work, else with that sender's next bytes: a receiver never waits for one.
base::Status TlsChannel::FlushIfIdle() {
  const std::unique_lock<std::mutex> wire(wire_, std::try_to_lock);
  {
    const std::lock_guard<std::mutex> lock(tls_);
    const size_t pending = BIO_ctrl_pending(outgoing_);
    if (pending > kPendingBytesMax) {
      return base::Fail(base::kProtocol, "TLS: the peer asks for too much");
    }
    if (pending == 0 || !wire.owns_lock()) return base::OkStatus();
    TakeOutgoing();
  }
  return WriteOutgoing();
}

TlsChannel::Opened TlsChannel::OpenSome(std::span<char> out) {
  const std::lock_guard<std::mutex> lock(tls_);
  ERR_clear_error();
  Opened opened;
  while (opened.bytes < out.size()) {
    size_t more = 0;
    const int done =
        SSL_read_ex(ssl_.get(), out.data() + opened.bytes, out.size() - opened.bytes, &more);
    if (done != 1) {
      opened.why = SSL_get_error(ssl_.get(), done);
      break;
    }
    opened.bytes += more;
  }
  // An end or an error after some bytes is reported again by the next call.
  if (opened.bytes == 0 && opened.why != SSL_ERROR_WANT_READ &&
      opened.why != SSL_ERROR_ZERO_RETURN) {
    opened.failure = TlsFailure("opening");
  }
  opened.has_answer = BIO_ctrl_pending(outgoing_) > 0;
  return opened;
}

base::StatusOr<size_t> TlsChannel::Read(std::span<char> out) {
  if (out.empty()) return size_t{0};
  const std::lock_guard<std::mutex> reading(reading_);
  while (true) {
    const Opened opened = OpenSome(out);
    const base::Status flushed = opened.has_answer ? FlushIfIdle() : base::OkStatus();
    if (opened.bytes > 0) return opened.bytes;
    SOTERIA_RETURN_IF_ERROR(opened.failure);
    if (opened.why == SSL_ERROR_ZERO_RETURN) return size_t{0};
    SOTERIA_RETURN_IF_ERROR(flushed);
    SOTERIA_ASSIGN_OR_RETURN(const size_t filled, FillIncoming(received_));
    if (filled == 0) {
      if (closed_) return base::Fail(base::kIo, "the channel is closed");
      return CutOff();
    }
  }
}

base::Status TlsChannel::Send(std::string_view message) {
  if (message.size() > kMessageBytesMax) {
    return base::Fail(base::kProtocol, base::Cat("a message of ", message.size(), " bytes is over ",
                                                 kMessageBytesMax));
  }
  std::array<char, kLengthBytes> length;
  PutLength(message.size(), length);
  const std::lock_guard<std::mutex> lock(send_);
  if (message.size() <= kRecordPlainBytesMax) {  // one record for the usual small message
    std::string whole(length.data(), length.size());
    whole += message;
    const base::Status sent = Write(whole);
    OPENSSL_cleanse(whole.data(), whole.size());
    return sent;
  }
  SOTERIA_RETURN_IF_ERROR(Write(std::string_view(length.data(), length.size())));
  return Write(message);
}

base::Status TlsChannel::ReadExactly(std::span<char> out, bool at_boundary) {
  size_t filled = 0;
  while (filled < out.size()) {
    SOTERIA_ASSIGN_OR_RETURN(const size_t got, Read(out.subspan(filled)));
    if (got == 0) {
      if (at_boundary && filled == 0) return base::Fail(base::kIo, "channel closed by the peer");
      return base::Fail(base::kIntegrity, "the channel was closed inside a message");
    }
    filled += got;
  }
  return base::OkStatus();
}

base::StatusOr<std::string> TlsChannel::Receive(size_t max_bytes) {
  const std::lock_guard<std::mutex> lock(receive_);
  std::array<char, kLengthBytes> header;
  SOTERIA_RETURN_IF_ERROR(ReadExactly(header, true));
  const size_t length = GetLength(header);
  if (length > std::min(max_bytes, kMessageBytesMax)) {
    return base::Fail(base::kProtocol,
                      base::Cat("the peer announces a message of ", length, " bytes, more than ",
                                std::min(max_bytes, kMessageBytesMax)));
  }
  // Memory grows with what arrives, not with what was announced.
  std::string message;
  while (message.size() < length) {
    const size_t before = message.size();
    message.resize(std::min(length, before + std::max(before, kReceivePieceBytes)));
    SOTERIA_RETURN_IF_ERROR(ReadExactly(std::span<char>(message).subspan(before), false));
  }
  return message;
}

base::Status TlsChannel::EndSending() {
  if (write_closed_) return base::OkStatus();
  write_closed_ = true;
  {
    const std::lock_guard<std::mutex> lock(tls_);
    ERR_clear_error();
    if (SSL_shutdown(ssl_.get()) < 0) return TlsFailure("close");
    TakeOutgoing();
  }
  return WriteOutgoing();
}

base::Status TlsChannel::CloseWrite() {
  const std::lock_guard<std::mutex> wire(wire_);
  return EndSending();
}

void TlsChannel::Close() {
  // The first call tries to end TLS properly, unless a sender is stuck; any further one, perhaps
  // because the first is stuck too, just cuts off.
  if (!closed_.exchange(true)) {
    const std::unique_lock<std::mutex> wire(wire_, std::try_to_lock);
    if (wire.owns_lock()) EndSending().IgnoreError();
  }
  stream_->Close();
}

}  // namespace

base::StatusOr<std::unique_ptr<Channel>> StartTls(std::unique_ptr<base::ByteStream> stream,
                                                  const crypto::SelfSigned* certificate,
                                                  uint64_t records_per_key, Alpn alpn) {
  const bool server = certificate != nullptr;
  SOTERIA_ASSIGN_OR_RETURN(const SslCtxPtr context,
                           MakeContext(server ? TLS_server_method() : TLS_client_method()));
  if (server && (SSL_CTX_use_certificate(context.get(), certificate->certificate()) != 1 ||
                 SSL_CTX_use_PrivateKey(context.get(), certificate->key()) != 1)) {
    return TlsFailure("certificate");
  }
  if (alpn == Alpn::kHttp2) SSL_CTX_set_alpn_select_cb(context.get(), SelectHttp2, nullptr);
  SslPtr ssl(SSL_new(context.get()));
  crypto::BioPtr incoming(BIO_new(BIO_s_mem()));
  crypto::BioPtr outgoing(BIO_new(BIO_s_mem()));
  if (ssl == nullptr || incoming == nullptr || outgoing == nullptr) return TlsFailure("memory");
  BIO_set_mem_eof_return(incoming.get(), -1);  // empty means "not yet", not "ended"
  BIO* const in = incoming.get();
  BIO* const out = outgoing.get();
  SSL_set_bio(ssl.get(), incoming.release(), outgoing.release());
  if (server) {
    SSL_set_accept_state(ssl.get());
  } else {
    SSL_set_connect_state(ssl.get());
  }
  auto channel = std::make_unique<TlsChannel>(std::move(stream), std::move(ssl), in, out,
                                              records_per_key, alpn);
  const base::Status shaken = channel->Handshake();
  if (!shaken.ok()) {
    channel->Close();
    return shaken;
  }
  return std::unique_ptr<Channel>(std::move(channel));
}

base::StatusOr<std::unique_ptr<Channel>> TlsClient(std::unique_ptr<base::ByteStream> stream) {
  return StartTls(std::move(stream), nullptr, kRecordsPerKeyMax);
}

base::StatusOr<std::unique_ptr<Channel>> TlsServer(std::unique_ptr<base::ByteStream> stream,
                                                   const crypto::SelfSigned& certificate) {
  return StartTls(std::move(stream), &certificate, kRecordsPerKeyMax);
}

base::StatusOr<std::unique_ptr<Channel>> TlsServerOfHttp2(std::unique_ptr<base::ByteStream> stream,
                                                          const crypto::SelfSigned& certificate) {
  return StartTls(std::move(stream), &certificate, kRecordsPerKeyMax, Alpn::kHttp2);
}

}  // namespace soteria::channel
