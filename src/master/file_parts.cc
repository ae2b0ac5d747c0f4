#include "src/master/file_parts.h"

#include <algorithm>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/formats/formats.h"

namespace soteria::master {
namespace {

/// Of parts that tell a file's size to a script that may see no rows: whatever multiples of it the
/// script asks for, their numbers say no more than that of these.
constexpr uint64_t kStepBytes = uint64_t{16} << 20;

/// How large a part of the file is; 0: it stays whole.
uint64_t PartBytes(const storage::FileEntry& file, const Cut& cut) {
  if (cut.rows) return cut.part_bytes;
  // A job may give a file as many bytes as a row says.
  if (file.origin.made != storage::Origin::Made::kPut) return 0;
  return std::max<uint64_t>(1, cut.part_bytes / kStepBytes) * kStepBytes;
}

base::Status TooManyParts() {
  return base::Fail(base::kUnsupported,
                    base::Cat("Reading files in more than ", dataflow::kPartitionsMax,
                              " parts is not supported: raise spark.sql.files.maxPartitionBytes"));
}

}  // namespace

base::StatusOr<std::vector<dataflow::FileRange>> PartsOf(const storage::FileEntry& file,
                                                         uint64_t bytes, const Cut& cut) {
  SOTERIA_ASSIGN_OR_RETURN(const bool has, formats::HasParts(file.name, cut.format, cut.reader));
  const uint64_t part = has ? PartBytes(file, cut) : 0;
  if (part == 0 || bytes <= part) return std::vector<dataflow::FileRange>(1);
  if (bytes / part >= dataflow::kPartitionsMax) return TooManyParts();
  std::vector<dataflow::FileRange> ranges;
  for (uint64_t at = 0; at < bytes; at += part) {
    ranges.push_back({at, std::min(at + part, bytes)});
  }
  return ranges;
}

base::Status CutFiles(const storage::Tree& tree, const Cut& cut, TreeTable* table) {
  std::vector<std::string> files;
  std::vector<std::string> values;
  std::vector<dataflow::FileRange> ranges;
  const size_t keys = table->keys.size();
  for (size_t i = 0; i < table->files.size(); ++i) {
    const std::string& file = table->files[i];
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t bytes, tree.PlainBytes(file));
    SOTERIA_ASSIGN_OR_RETURN(const auto parts, PartsOf(*tree.Find(file), bytes, cut));
    if (files.size() + parts.size() > dataflow::kPartitionsMax) return TooManyParts();
    const auto its = table->values.begin() + static_cast<ptrdiff_t>(i * keys);
    for (const dataflow::FileRange& range : parts) {
      files.push_back(file);
      values.insert(values.end(), its, its + static_cast<ptrdiff_t>(keys));
      ranges.push_back(range);
    }
  }
  // Ranges that say nothing are none: the recipe is what it would be without them.
  if (files.size() == table->files.size()) return base::OkStatus();
  table->files = std::move(files);
  table->values = std::move(values);
  table->ranges = std::move(ranges);
  return base::OkStatus();
}

}  // namespace soteria::master
