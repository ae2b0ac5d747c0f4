// What a file is that isn't a table which `put` reads, told by its first bytes: a Git LFS pointer
// in place of the data, an error page that was saved as .csv, an archive, another format. Taken for
// CSV, most of them would become a table of one column of text without a word. Pure functions;
// any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace soteria::client {

/// As many bytes of a file as the functions look at.
inline constexpr size_t kFileHeadBytes = 4096;

struct FileKind {
  std::string what;    ///< "a gzip file"
  std::string remedy;  ///< "unpack it first"
};

/// Formats of bytes, by their magic numbers.
std::optional<FileKind> KindOfBytes(std::string_view head);

/// Texts that aren't CSV. A table of one column passes: it is refused only for a form that no
/// column name has. `whole` says that the head is the whole file.
std::optional<FileKind> KindOfText(std::string_view head, bool whole);

/// "<path> is <what>, not a table that put reads: <remedy>".
std::string NotATable(std::string_view path, const FileKind& kind);

}  // namespace soteria::client
