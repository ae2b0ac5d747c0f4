// Files of text and a reader's options; the same bytes as a gzip file, too.
#include "src/formats/packed.h"
#include "src/formats/window.h"
#include "tests/fuzz/text_formats.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace soteria;  // NOLINT: a program of its own
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  auto packed = formats::OpenGzip(std::make_unique<fuzz::ShortReads>(bytes));
  if (packed.ok()) {
    auto again = formats::OpenGzip(std::make_unique<fuzz::BytesFile>(bytes));
    CHECK(again.ok() && (*again)->size() == (*packed)->size());
    if ((*packed)->size() < fuzz::kRoomBytes) {
      const auto text = formats::ReadWhole(**packed);
      CHECK(text.ok() && *text == *formats::ReadWhole(**again));
    }
  }
  return fuzz::FuzzTextFormat("text", data, size);
}
