// The end of a session, told to gRPC clients: answers every call on an HTTP/2 connection with one
// error of Spark's shape. PySpark goes on for ten minutes and more where nobody answers or where
// the answer is UNAVAILABLE; an INTERNAL error with Spark's details ends the script at once.
//
// This is as much of HTTP/2 (RFC 7540) as saying no takes. Requests aren't decoded: a call is
// answered when its headers have ended, whatever is in them, and what follows is skipped. Anybody
// on this machine can send these bytes, so nothing is kept but a few counters, and what breaks the
// framing is kProtocol. Pure: bytes in, bytes out. One thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace soteria::client {

/// Longest text of an error, cut beyond: clients limit the size of trailers.
inline constexpr size_t kRefusalTextBytesMax = 2'048;

class Refusal {
 public:
  /// Answers with `why`, which isn't OK.
  explicit Refusal(const base::Status& why);

  /// What to send before anything else.
  std::string Greeting() const;
  /// What to send after the client's next bytes; kProtocol ends the connection.
  base::StatusOr<std::string> Answer(std::string_view bytes);

 private:
  static constexpr size_t kHeaderBytes = 9;
  static constexpr size_t kPingBytes = 8;

  base::Status OnFrameHeader(std::string& out);
  void OnFrameEnd(std::string& out);

  std::string answer_;  // header block of every answer
  size_t preface_seen_ = 0;
  std::array<unsigned char, kHeaderBytes> header_{};
  size_t header_seen_ = 0;
  size_t payload_left_ = 0;
  std::array<char, kPingBytes> ping_{};
  size_t ping_seen_ = 0;
  uint8_t type_ = 0;
  uint8_t flags_ = 0;
  uint32_t stream_ = 0;
  uint32_t last_stream_ = 0;
  uint32_t open_headers_ = 0;  // the stream whose header block goes on in CONTINUATION
};

}  // namespace soteria::client
