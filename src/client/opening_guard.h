// A time limit on opening a connection: a peer that accepts and then says nothing must not hold the
// owner's command forever. Wraps the byte stream below a channel; when the time is over, or when
// CloseAll is called, the stream is closed and whoever waits on it gets an error.
// OpeningGuards is thread-safe; a guard belongs to the thread that opens.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "src/base/env.h"

namespace soteria::client {

class OpeningGuards {
 public:
  explicit OpeningGuards(int64_t limit_ms) : limit_ms_(limit_ms) {}
  OpeningGuards(const OpeningGuards&) = delete;
  OpeningGuards& operator=(const OpeningGuards&) = delete;

  class Guard {
   public:
    Guard(OpeningGuards& owner, std::shared_ptr<base::ByteStream> stream);
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    /// The opening is over: no limit from here on.
    ~Guard();
    bool expired() const;

   private:
    friend class OpeningGuards;
    OpeningGuards& owner_;
    std::shared_ptr<base::ByteStream> stream_;
    bool over_ = false;
    bool expired_ = false;
    std::condition_variable changed_;
    std::thread thread_;
  };

  /// Closes every stream that is being opened.
  void CloseAll();

 private:
  friend class Guard;
  const int64_t limit_ms_;
  std::mutex mutex_;
  std::list<Guard*> open_;
};

/// A stream that passes everything to a shared one, for APIs that take ownership.
std::unique_ptr<base::ByteStream> Forwarding(std::shared_ptr<base::ByteStream> stream);

}  // namespace soteria::client
