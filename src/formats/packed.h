// gzip: what writers make of text, and files of it as the text that they hold. Such a file is
// opened in two rounds, the first of which only counts, so that a reader knows how much there is
// before it takes memory for it. Internal to formats and worker.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/formats/reader_rows.h"

namespace soteria::formats {

/// Text of one packed file; more is refused while it is counted.
inline constexpr uint64_t kUnpackedBytesMax = uint64_t{4} << 30;

base::StatusOr<std::string> Gzip(std::string_view bytes);

/// Whether a file is packed, by its name, as Spark decides it.
bool IsGzip(std::string_view name);

/// The text of a gzip file, of one member or several; read from front to back. `room` is told while
/// it is counted what a reader of so much text takes: one that doesn't fit isn't counted to its
/// end. kMemoryLimit for more than `bytes_max`, table::kFailedReadFile (quoting data) for what is
/// no gzip file. One thread.
base::StatusOr<std::unique_ptr<base::ReadableFile>> OpenGzip(
    std::unique_ptr<base::ReadableFile> packed, const Room& room = nullptr,
    uint64_t bytes_max = kUnpackedBytesMax);

}  // namespace soteria::formats
