#include "host/local/recorder.h"

#include "src/base/bytes.h"
#include "src/base/frame.h"
#include "src/base/log.h"
#include "src/base/text.h"

namespace soteria::host {
namespace {

constexpr size_t kWireHeaderBytes = 4 + base::kFrameHeaderBytes;

}  // namespace

Recorder::Recorder(base::Files& files, std::string directory)
    : files_(files), directory_(std::move(directory)) {}

void Recorder::Frame(const std::string& connection, const char* direction, uint8_t kind,
                     uint64_t id, std::string_view payload) {
  if (!enabled()) return;
  char header[kWireHeaderBytes];
  base::PutLe32(static_cast<uint32_t>(base::kFrameHeaderBytes + payload.size()), header);
  header[4] = static_cast<char>(kind);
  base::PutLe64(id, header + 5);
  Append(connection, direction, std::string_view(header, sizeof(header)), payload);
}

void Recorder::Bytes(const std::string& connection, const char* direction, std::string_view bytes) {
  if (enabled()) Append(connection, direction, {}, bytes);
}

void Recorder::Append(const std::string& connection, const char* direction, std::string_view header,
                      std::string_view bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::string name = base::Cat(connection, ".", direction);
  std::unique_ptr<base::WritableFile>& file = open_[name];
  if (file == nullptr) {
    auto opened = files_.OpenForAppend(directory_, name, 0600);
    if (!opened.ok()) {
      base::Log(base::Level::kError, "a record can't be opened");
      return;
    }
    file = *std::move(opened);
  }
  if (!file->Append(header).ok() || !file->Append(bytes).ok()) {
    base::Log(base::Level::kError, "a record can't be written");
  }
}

}  // namespace soteria::host
