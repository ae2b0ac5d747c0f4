// CSV files and a reader's options, as the owner's files and a script may have them.
#include "tests/fuzz/text_formats.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return soteria::fuzz::FuzzTextFormat("csv", data, size);
}
