// A file, or the part of it that one reader takes. A part has the records that begin behind a line
// end in it, and the first part also the file's first; the last of them may end behind it. A value;
// the file outlives it.
#pragma once

#include <cstdint>

#include "src/base/env.h"

namespace soteria::formats {

struct FilePart {
  /// All of it.
  FilePart(base::ReadableFile& all) : file(all), end(all.size()) {}  // NOLINT: as good as its file
  FilePart(base::ReadableFile& of, uint64_t from, uint64_t to) : file(of), begin(from), end(to) {}

  uint64_t bytes() const { return end - begin; }

  base::ReadableFile& file;
  uint64_t begin = 0;
  uint64_t end;
};

}  // namespace soteria::formats
