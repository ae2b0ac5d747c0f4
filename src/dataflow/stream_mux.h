// Byte streams inside the frames of one host connection: how attested channels travel through the
// host. Each stream holds a bounded window: a writer blocks until the far end has consumed
// (STREAM_CREDIT), so one slow stream never stops the connection. Enclaves open odd ids, the host
// opens even ones. Thread-safe; the thread that reads the connection calls OnFrame for every frame
// and never blocks in it.
#pragma once

#include <cstdint>
#include <memory>

#include "src/base/env.h"
#include "src/base/frame.h"
#include "src/base/status.h"
#include "src/dataflow/host_link.h"

namespace soteria::dataflow {

inline constexpr size_t kStreamChunkMax = 256 * 1024;
/// Bytes in flight on one stream and direction.
inline constexpr size_t kStreamWindow = 4 * 1024 * 1024;
/// Streams open at once on a connection, and streams waiting to be accepted.
inline constexpr size_t kStreamsMax = 4'096;
inline constexpr size_t kStreamsWaitingMax = 256;

/// What the host says is at the far end; it only selects which door's protocol is spoken first.
enum class StreamPeer { kOwner, kWorker };

struct IncomingStream {
  std::unique_ptr<base::ByteStream> stream;
  StreamPeer peer;
};

class StreamMux {
 public:
  /// `link` must outlive the mux and its streams. Streams may outlive the mux: they then read as
  /// ended.
  explicit StreamMux(HostLink& link);
  ~StreamMux();
  StreamMux(const StreamMux&) = delete;
  StreamMux& operator=(const StreamMux&) = delete;

  /// A stream to the master; for workers.
  StatusOr<std::unique_ptr<base::ByteStream>> Open();
  /// Blocks until the host opens a stream; kIo after Close.
  StatusOr<IncomingStream> Accept();
  /// True when the frame was a stream frame. A stream frame that breaks the rules closes its
  /// stream.
  bool OnFrame(const base::Frame& frame);
  /// The connection ended: every stream reads as ended, Accept fails.
  void Close();

 private:
  class Impl;
  friend class MuxStream;
  std::shared_ptr<Impl> impl_;
};

}  // namespace soteria::dataflow
