// LIBSVM files and a reader's options.
#include "tests/fuzz/text_formats.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return soteria::fuzz::FuzzTextFormat("libsvm", data, size);
}
