// dataflow::StreamMux on any frames of a host: windows and counts hold, and what a stream yields is
// what it was sent, in order.
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "soteria/host.pb.h"
#include "src/base/check.h"
#include "src/dataflow/stream_mux.h"
#include "tests/fuzz/inputs.h"

namespace {

using namespace soteria;  // NOLINT: a program of its own

class Link : public dataflow::HostLink {
 public:
  base::Status Send(uint8_t kind, uint64_t id, std::string_view payload) override {
    CHECK(kind != host::STREAM_DATA || payload.size() <= dataflow::kStreamChunkMax);
    if (kind == host::STREAM_CLOSE) closed_.push_back(id);
    return base::OkStatus();
  }
  bool Closed(uint64_t id) const {
    return std::find(closed_.begin(), closed_.end(), id) != closed_.end();
  }
  size_t closes() const { return closed_.size(); }

 private:
  std::vector<uint64_t> closed_;
};

struct Accepted {
  std::unique_ptr<base::ByteStream> stream;
  std::string sent;  // to it, while it was open
};

std::string ReadToTheEnd(base::ByteStream& stream) {
  std::string all;
  char block[4096];
  while (true) {
    const auto got = stream.Read(block);
    if (!got.ok() || *got == 0) return all;
    all.append(block, *got);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Link link;
  dataflow::StreamMux mux(link);
  std::map<uint64_t, std::vector<Accepted>> streams;  // an id may be used again once it is free
  auto own = mux.Open();
  CHECK(own.ok());
  for (const base::Frame& frame : fuzz::FramesOf(bytes)) {
    const size_t closes = link.closes();
    const bool taken = mux.OnFrame(frame);
    CHECK(taken == (frame.kind >= host::STREAM_OPEN && frame.kind <= host::STREAM_CREDIT));
    const bool refused = link.closes() > closes;
    const auto known = streams.find(frame.id);
    if (frame.kind == host::STREAM_OPEN && !refused) {
      CHECK(frame.id % 2 == 0);
      auto incoming = mux.Accept();  // it is there: this doesn't wait
      CHECK(incoming.ok());
      CHECK(incoming->stream->Write("x").ok());  // the first byte of its window
      streams[frame.id].push_back({std::move(incoming->stream), ""});
    } else if (frame.kind == host::STREAM_DATA && known != streams.end() && !refused) {
      known->second.back().sent += frame.payload;
    }
  }
  mux.Close();
  for (auto& [id, of_id] : streams) {
    for (Accepted& one : of_id) {
      const std::string read = ReadToTheEnd(*one.stream);
      CHECK(read.size() <= dataflow::kStreamWindow);
      // Bytes behind a close of either side are dropped, never mixed in.
      CHECK(one.sent.substr(0, read.size()) == read);
    }
  }
  return 0;
}
