// dataflow::HostFiles against a host that answers each request with the next frame of the input, by
// the request's number or as it stands: no more bytes than asked for, nothing of another size.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "soteria/host.pb.h"
#include "src/base/check.h"
#include "src/base/env_for_test.h"
#include "src/base/errors.h"
#include "src/dataflow/host_files.h"
#include "tests/fuzz/inputs.h"

namespace {

using namespace soteria;  // NOLINT: a program of its own

constexpr char kFolder[] = "hdfs://h:1/d";
constexpr uint64_t kReadMax = 100;

class Host : public dataflow::HostLink {
 public:
  explicit Host(std::string_view bytes) {
    for (base::Frame& frame : fuzz::FramesOf(bytes)) answers_.push_back(std::move(frame));
  }
  base::Status Send(uint8_t kind, uint64_t id, std::string_view) override {
    CHECK(kind == host::FILE_REQUEST);
    if (answers_.empty()) return base::Fail(base::kIo, "the host has ended");
    base::Frame answer = std::move(answers_.front());
    answers_.pop_front();
    files->OnFrame(answer);  // as it stands: perhaps of another request, or none
    host::FileReply reply;
    if (reply.ParseFromString(answer.payload)) {
      reply.set_request(id);
      answer.payload = reply.SerializeAsString();
    }
    files->OnFrame(answer);
    return base::OkStatus();
  }
  dataflow::HostFiles* files = nullptr;

 private:
  std::deque<base::Frame> answers_;
};

void CheckFailure(const base::Status& status) {
  CHECK(status.ok() || base::Is(status, base::kIo) || base::Is(status, base::kIntegrity) ||
        base::Is(status, base::kPathNotFound) || base::Is(status, base::kPathExists) ||
        base::Is(status, base::kUnsupported));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Host host({reinterpret_cast<const char*>(data), size});
  base::RandomForTest random(1);
  dataflow::HostFiles files(host, random, /*answer_ms=*/0);
  host.files = &files;
  const auto opened = files.Open(kFolder, "a", std::nullopt);
  CheckFailure(opened.status());
  if (opened.ok()) {
    std::string bytes(kReadMax, '\0');
    for (const uint64_t at : {uint64_t{0}, uint64_t{3}, (*opened)->size() - 1}) {
      const auto got = (*opened)->ReadAt(at, bytes);
      CheckFailure(got.status());
      CHECK(!got.ok() || *got == std::min<uint64_t>(kReadMax, (*opened)->size() -
                                                                  std::min(at, (*opened)->size())));
    }
  }
  const auto sized = files.Open(kFolder, "a", 7);
  CheckFailure(sized.status());
  CHECK(!sized.ok() || (*sized)->size() == 7);
  const auto all = files.ReadAll(kFolder, "a", kReadMax);
  CheckFailure(all.status());
  CHECK(!all.ok() || all->size() <= kReadMax);
  CheckFailure(files.Exists(kFolder, "a").status());
  CheckFailure(files.Rename(kFolder, "a", "b"));
  CheckFailure(files.Remove(kFolder, "a"));
  CheckFailure(files.WriteAtomically(kFolder, "a", "bytes", 0600));
  const auto created = files.Create(kFolder, "c", 0600);
  CheckFailure(created.status());
  if (created.ok()) {
    CheckFailure((*created)->Append("bytes"));
    CheckFailure((*created)->Sync());
    CheckFailure((*created)->Close());
  }
  return 0;
}
