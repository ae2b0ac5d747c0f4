#include "src/client/refusal.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "soteria/rpc_error.pb.h"
#include "src/base/bytes.h"
#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::client {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr size_t kFrameBytesMax = 16'384;  // what SETTINGS_MAX_FRAME_SIZE is unless we say so
constexpr int kRpcInternal = 13;

enum Frame : uint8_t {
  kData = 0,
  kHeaders = 1,
  kRstStream = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kWindowUpdate = 8,
  kContinuation = 9,
};
enum Flag : uint8_t { kAck = 1, kEndStream = 1, kEndHeaders = 4 };

void PutBe32(uint32_t value, std::string& out) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xff);
}

void PutFrame(Frame type, uint8_t flags, uint32_t stream, std::string_view payload,
              std::string& out) {
  const auto size = static_cast<uint32_t>(payload.size());
  for (int shift = 16; shift >= 0; shift -= 8) out += static_cast<char>((size >> shift) & 0xff);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  PutBe32(stream, out);
  out += payload;
}

// RFC 7541, 5.1: an integer with a prefix of 7 bits.
void PutHpackSize(size_t size, std::string& out) {
  constexpr size_t kPrefixMax = 127;
  if (size < kPrefixMax) {
    out += static_cast<char>(size);
    return;
  }
  out += static_cast<char>(kPrefixMax);
  for (size -= kPrefixMax; size >= 128; size /= 128) out += static_cast<char>(128 + size % 128);
  out += static_cast<char>(size);
}

// RFC 7541, 6.2.2: a literal that is kept in no table.
void PutHeader(std::string_view name, std::string_view value, std::string& out) {
  out += '\0';
  PutHpackSize(name.size(), out);
  out += name;
  PutHpackSize(value.size(), out);
  out += value;
}

// Protobuf wants UTF-8, and a path may be anything.
std::string Ascii(std::string_view text) {
  std::string out(text.substr(0, kRefusalTextBytesMax));
  for (char& c : out) {
    if (c < ' ' || c > '~') c = c == '\n' ? ' ' : '?';
  }
  return text.size() > kRefusalTextBytesMax ? out + "..." : out;
}

// grpc-message: percent-encoded, which for printable text concerns one character.
std::string PercentEncoded(std::string_view text) {
  std::string out;
  for (char c : text) c == '%' ? out += "%25" : out += c;
  return out;
}

std::string HeaderBlock(const base::Status& why) {
  const std::string condition = base::ConditionName(why);
  std::string exception = base::ExceptionName(why);
  if (exception.empty()) exception = base::exception_class::kSpark;
  const std::string text = condition.empty()
                               ? Ascii(base::Message(why))
                               : base::Cat("[", condition, "] ", Ascii(base::Message(why)));
  rpc_error::ErrorInfo info;
  info.set_reason(exception);
  info.set_domain("org.apache.spark");
  const auto add = [&](const char* key, std::string value) {
    rpc_error::Entry& entry = *info.add_metadata();
    entry.set_key(key);
    entry.set_value(std::move(value));
  };
  const nlohmann::json classes = {exception, "java.lang.Exception", "java.lang.Throwable",
                                  "java.lang.Object"};
  add("classes", classes.dump());
  if (!condition.empty()) add("errorClass", condition);
  if (std::string state = base::SqlState(why); !state.empty()) add("sqlState", std::move(state));
  add("messageParameters", "{}");
  rpc_error::Status status;
  status.set_code(kRpcInternal);
  status.set_message(text);
  rpc_error::Detail& detail = *status.add_details();
  detail.set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  detail.set_value(info.SerializeAsString());

  std::string block("\x88", 1);  // :status 200, of the static table
  PutHeader("content-type", "application/grpc", block);
  PutHeader("grpc-status", base::Cat(kRpcInternal), block);
  PutHeader("grpc-message", PercentEncoded(text), block);
  PutHeader("grpc-status-details-bin", base::Base64(status.SerializeAsString()), block);
  CHECK(block.size() <= kFrameBytesMax);
  return block;
}

base::Status Broken(std::string_view what) {
  return base::Fail(base::kProtocol, base::Cat("HTTP/2: ", what));
}

}  // namespace

Refusal::Refusal(const base::Status& why) : answer_(HeaderBlock(why)) { CHECK(!why.ok()); }

std::string Refusal::Greeting() const {
  std::string out;
  PutFrame(kSettings, 0, 0, {}, out);
  return out;
}

base::StatusOr<std::string> Refusal::Answer(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    if (preface_seen_ < kPreface.size()) {
      if (bytes[0] != kPreface[preface_seen_]) return Broken("not its preface");
      ++preface_seen_;
      bytes.remove_prefix(1);
    } else if (header_seen_ < kHeaderBytes) {
      header_[header_seen_++] = static_cast<unsigned char>(bytes[0]);
      bytes.remove_prefix(1);
      if (header_seen_ == kHeaderBytes) SOTERIA_RETURN_IF_ERROR(OnFrameHeader(out));
    } else {
      const size_t piece = std::min(bytes.size(), payload_left_);
      for (size_t i = 0; i < piece && type_ == kPing; ++i) ping_[ping_seen_++] = bytes[i];
      payload_left_ -= piece;
      bytes.remove_prefix(piece);
    }
    if (header_seen_ == kHeaderBytes && payload_left_ == 0) {
      OnFrameEnd(out);
      header_seen_ = ping_seen_ = 0;
    }
  }
  return out;
}

base::Status Refusal::OnFrameHeader(std::string& out) {
  payload_left_ = (size_t{header_[0]} << 16) | (size_t{header_[1]} << 8) | header_[2];
  type_ = header_[3];
  flags_ = header_[4];
  stream_ = ((uint32_t{header_[5]} & 0x7fU) << 24) | (uint32_t{header_[6]} << 16) |
            (uint32_t{header_[7]} << 8) | header_[8];
  if (payload_left_ > kFrameBytesMax) return Broken("a frame that is too long");
  if (open_headers_ != 0 && (type_ != kContinuation || stream_ != open_headers_)) {
    return Broken("a header block that doesn't go on");
  }
  switch (type_) {
    case kHeaders:
      if (stream_ % 2 == 0 || stream_ <= last_stream_) return Broken("a stream out of order");
      last_stream_ = open_headers_ = stream_;
      break;
    case kContinuation:
      if (open_headers_ == 0) return Broken("a continuation of nothing");
      break;
    case kPing:
      if (payload_left_ != kPingBytes || stream_ != 0) return Broken("a ping of another size");
      break;
    case kPushPromise:
      return Broken("a client promises nothing");
    case kData:
      if (payload_left_ == 0) break;
      {  // Skipped, but the client goes on only as far as the connection's window lets it.
        std::string window;
        PutBe32(static_cast<uint32_t>(payload_left_), window);
        PutFrame(kWindowUpdate, 0, 0, window, out);
      }
      break;
    default:
      break;
  }
  return base::OkStatus();
}

void Refusal::OnFrameEnd(std::string& out) {
  switch (type_) {
    case kSettings:
      if ((flags_ & kAck) == 0) PutFrame(kSettings, kAck, 0, {}, out);
      break;
    case kPing:
      if ((flags_ & kAck) == 0) {
        PutFrame(kPing, kAck, 0, std::string_view(ping_.data(), ping_.size()), out);
      }
      break;
    case kHeaders:
    case kContinuation: {
      if ((flags_ & kEndHeaders) == 0) break;
      open_headers_ = 0;
      PutFrame(kHeaders, kEndHeaders | kEndStream, stream_, answer_, out);
      // NO_ERROR: the answer is whole, and what the client would still send isn't wanted.
      PutFrame(kRstStream, 0, stream_, std::string_view("\0\0\0\0", 4), out);
      break;
    }
    default:
      break;
  }
}

}  // namespace soteria::client
