// What the fuzz targets of text formats have alike. An input is a reader's options
// ("name=value;..."), a line end, a schema as DDL or nothing, a line end, and the file. The schema
// that the file's contents make is worked out in all its passes, the rows are read under it and
// under the given one, from reads of any length the same rows, within the memory that they asked
// for, and the same in parts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/compare.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "src/base/ascii.h"
#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/formats/formats.h"
#include "src/table/types.h"
#include "tests/fuzz/inputs.h"

namespace soteria::fuzz {

inline constexpr uint64_t kRoomBytes = uint64_t{64} << 20;
inline constexpr int kPassesMax = 4;

/// The file in reads of a few bytes.
class ShortReads : public BytesFile {
 public:
  using BytesFile::BytesFile;
  base::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    return BytesFile::ReadAt(offset, out.first(std::min<size_t>(out.size(), 5)));
  }
};

inline std::string_view TakeLine(std::string_view* rest) {
  const size_t end = std::min(rest->find('\n'), rest->size());
  const std::string_view line = rest->substr(0, end);
  rest->remove_prefix(std::min(end + 1, rest->size()));
  return line;
}

inline formats::OptionMap OptionsOf(std::string_view line) {
  formats::OptionMap options;
  while (!line.empty()) {
    const size_t end = std::min(line.find(';'), line.size());
    const std::string_view one = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    const size_t equals = one.find('=');
    if (equals == one.npos) continue;
    options[base::Lower(one.substr(0, equals))] = one.substr(equals + 1);
  }
  return options;
}

/// The schema of the contents; null for a file that has none.
inline std::shared_ptr<arrow::Schema> SchemaOfContents(std::string_view format,
                                                       const std::string& options,
                                                       std::string_view text) {
  auto pass = formats::FirstPass(format, options);
  for (int i = 0; pass.ok() && i < kPassesMax; ++i) {
    BytesFile file{std::string(text)};
    const auto part = formats::ShareOf(file, *pass);
    if (!part.ok()) return nullptr;
    const auto merged = formats::MergeShares(*pass, {*part, *part});
    if (!merged.ok()) return nullptr;
    auto after = formats::Finish(*pass, *merged);
    if (!after.ok()) return nullptr;
    if (!after->next.has_value()) return after->schema;
    pass = *std::move(after->next);
  }
  return nullptr;
}

inline bool SameRows(const arrow::Table& a, const arrow::Table& b) {
  bool same = a.num_rows() == b.num_rows();
  for (int i = 0; same && i < a.num_columns(); ++i) {
    same = a.column(i)->Equals(*b.column(i), arrow::EqualOptions::Defaults().nans_equal(true));
  }
  return same;
}

/// A line end that overlaps itself may be cut into two in Hadoop's reader too, and a header that
/// isn't in the first part is a row.
inline bool PartsAreTheWhole(const formats::OptionMap& given) {
  return !given.contains("linesep") && !given.contains("header");
}

inline void CheckParts(std::string_view format, const std::string& options,
                       const arrow::Schema& schema, std::string_view text, const arrow::Table& rows,
                       bool exact) {
  if (!formats::HasParts("f", format, options).value() || text.empty()) return;
  const uint64_t bytes = 1 + text.size() / 7 + static_cast<unsigned char>(text.front()) % 5;
  std::vector<std::shared_ptr<arrow::Table>> parts;
  for (uint64_t at = 0; at < text.size(); at += bytes) {
    BytesFile file{std::string(text)};
    const formats::FilePart part(file, at, std::min<uint64_t>(at + bytes, text.size()));
    const auto read = formats::ReadFile(part, format, options, schema);
    CHECK(read.ok() || !exact);
    if (!read.ok()) return;
    parts.push_back(*read);
  }
  if (exact) CHECK(SameRows(**arrow::ConcatenateTables(parts), rows));
}

inline void CheckRows(std::string_view format, const std::string& options,
                      const arrow::Schema& schema, std::string_view text, bool exact) {
  if (!formats::CheckSchema(format, options, schema).ok()) return;
  const formats::Room room = [](uint64_t bytes) {
    return bytes <= kRoomBytes ? base::OkStatus() : base::Fail(base::kMemoryLimit, "no room");
  };
  BytesFile whole{std::string(text)};
  const auto rows = formats::ReadFile(whole, format, options, schema, room);
  ShortReads cut{std::string(text)};
  const auto again = formats::ReadFile(cut, format, options, schema, room);
  CHECK(rows.ok() == again.ok());
  if (!rows.ok()) return;
  // Text is bytes, as they are in the file.
  CHECK((format == "text" ? (*rows)->Validate() : (*rows)->ValidateFull()).ok());
  CHECK((*rows)->schema()->Equals(schema, false));
  CHECK(SameRows(**rows, **again));
  CheckParts(format, options, schema, text, **rows, exact);
}

inline int FuzzTextFormat(std::string_view format, const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const formats::OptionMap given = OptionsOf(TakeLine(&text));
  const std::string_view ddl = TakeLine(&text);
  const auto options = formats::EncodeReadOptions(format, given, {});
  if (!options.ok()) return 0;
  if (const auto schema = table::SchemaFromDdl(std::string(ddl)); !ddl.empty() && schema.ok()) {
    CheckRows(format, *options, **schema, text, PartsAreTheWhole(given));
  }
  const auto fixed = formats::FixedSchema(format, *options);
  CHECK(fixed.ok());
  const auto schema = *fixed != nullptr ? *fixed : SchemaOfContents(format, *options, text);
  if (schema != nullptr) {
    CheckRows(format, *options, *schema, text, PartsAreTheWhole(given));
  }
  return 0;
}

}  // namespace soteria::fuzz
