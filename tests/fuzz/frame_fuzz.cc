// base::FrameConnection::Receive on any bytes, in any pieces: what it accepts is what Send would
// have written.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/frame.h"

namespace {

using soteria::base::ByteStream;
using soteria::base::FrameConnection;
using soteria::base::OkStatus;
using soteria::base::Status;
using soteria::base::StatusOr;

/// std::string's first allocation is at least twice its inner 15 bytes.
constexpr size_t kSmallestHeapBytes = 30;

class Input : public ByteStream {
 public:
  Input(std::string_view bytes, size_t piece) : bytes_(bytes), piece_(piece) {}
  StatusOr<size_t> Read(std::span<char> out) override {
    const size_t taken = std::min({out.size(), piece_, bytes_.size()});
    std::copy_n(bytes_.begin(), taken, out.begin());
    bytes_.remove_prefix(taken);
    return taken;
  }
  Status Write(std::string_view bytes) override {
    written_ += bytes;
    return OkStatus();
  }
  void Close() override {}
  const std::string& written() const { return written_; }

 private:
  std::string_view bytes_;
  size_t piece_;
  std::string written_;
};

void RunOnce(std::string_view bytes, size_t piece) {
  auto stream = std::make_unique<Input>(bytes, piece);
  const Input& input = *stream;
  FrameConnection connection(std::move(stream));
  for (;;) {
    const auto frame = connection.Receive();
    if (!frame.ok()) {
      CHECK(Is(frame.status(), soteria::base::kIo) || Is(frame.status(), soteria::base::kProtocol));
      break;
    }
    CHECK(frame->payload.capacity() <= std::max(frame->payload.size(), kSmallestHeapBytes));
    CHECK(connection.Send(frame->kind, frame->id, frame->payload).ok());
  }
  CHECK(bytes.substr(0, input.written().size()) == input.written());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  RunOnce(bytes, size + 1);
  RunOnce(bytes, 1 + size % 13);
  return 0;
}
