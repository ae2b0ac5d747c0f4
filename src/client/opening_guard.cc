#include "src/client/opening_guard.h"

#include <chrono>
#include <utility>

namespace soteria::client {
namespace {

class ForwardingStream : public base::ByteStream {
 public:
  explicit ForwardingStream(std::shared_ptr<base::ByteStream> stream)
      : stream_(std::move(stream)) {}
  base::StatusOr<size_t> Read(std::span<char> out) override { return stream_->Read(out); }
  base::Status Write(std::string_view bytes) override { return stream_->Write(bytes); }
  base::Status WriteParts(std::span<const std::string_view> parts) override {
    return stream_->WriteParts(parts);
  }
  base::Status CloseWrite() override { return stream_->CloseWrite(); }
  void Close() override { stream_->Close(); }

 private:
  std::shared_ptr<base::ByteStream> stream_;
};

}  // namespace

std::unique_ptr<base::ByteStream> Forwarding(std::shared_ptr<base::ByteStream> stream) {
  return std::make_unique<ForwardingStream>(std::move(stream));
}

OpeningGuards::Guard::Guard(OpeningGuards& owner, std::shared_ptr<base::ByteStream> stream)
    : owner_(owner), stream_(std::move(stream)) {
  const std::lock_guard<std::mutex> lock(owner_.mutex_);
  owner_.open_.push_back(this);
  thread_ = std::thread([this] {
    std::unique_lock<std::mutex> wait(owner_.mutex_);
    auto limit = std::chrono::milliseconds(owner_.limit_ms_);
    if (changed_.wait_for(wait, limit, [this] { return over_; })) return;
    expired_ = true;
    stream_->Close();
  });
}

OpeningGuards::Guard::~Guard() {
  {
    const std::lock_guard<std::mutex> lock(owner_.mutex_);
    over_ = true;
    owner_.open_.remove(this);
  }
  changed_.notify_all();
  thread_.join();
}

bool OpeningGuards::Guard::expired() const {
  const std::lock_guard<std::mutex> lock(owner_.mutex_);
  return expired_;
}

void OpeningGuards::CloseAll() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (Guard* guard : open_) guard->stream_->Close();
}

}  // namespace soteria::client
