// The columns of a stripe as Arrow arrays, a batch of rows after another. Internal to formats. What
// a batch takes is asked for before it is taken; what it holds is an Arrow array in every respect
// but that a key of a map may be there twice. A column belongs to one thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/formats/orc_tail.h"
#include "src/formats/reader_rows.h"

namespace soteria::formats {

/// The entries that a batch has: of a field of structs, those of null structs are none.
struct OrcRows {
  int64_t length = 0;
  int64_t valid = 0;
  const uint8_t* mask = nullptr;  // 1 where there is one; nullptr: everywhere
};

/// What every column has.
struct OrcParts {
  std::shared_ptr<arrow::DataType> type;
  OrcRoom& room;
  std::unique_ptr<OrcBits> present;  // nullptr: no entry is null
};

class OrcColumn {
 public:
  virtual ~OrcColumn() = default;
  OrcColumn(const OrcColumn&) = delete;
  OrcColumn& operator=(const OrcColumn&) = delete;
  /// As many as `rows` has, null where it has none.
  base::StatusOr<std::shared_ptr<arrow::Array>> Next(const OrcRows& rows);

 protected:
  explicit OrcColumn(OrcParts parts)
      : type_(std::move(parts.type)), room_(parts.room), present_(std::move(parts.present)) {}
  /// Under this validity, which is nullptr where all are valid.
  virtual base::StatusOr<std::shared_ptr<arrow::Array>> Values(
      const OrcRows& rows, const std::shared_ptr<arrow::Buffer>& valid) = 0;
  /// Of values of one width.
  std::shared_ptr<arrow::Array> Of(const OrcRows& rows, const std::shared_ptr<arrow::Buffer>& valid,
                                   std::shared_ptr<arrow::Buffer> values) const;

  const std::shared_ptr<arrow::DataType> type_;
  OrcRoom& room_;

 private:
  const std::unique_ptr<OrcBits> present_;
};

/// A stripe whose columns are read. All must outlive them.
struct OrcOpened {
  base::ReadableFile& file;
  const OrcTail& tail;
  const OrcStreams& streams;
  OrcRoom& room;
  OrcBorrowed& held;  // what the streams hold
};

/// Errors: kFailedReadFile, kMemoryLimit, kUnsupported.
base::StatusOr<std::unique_ptr<OrcColumn>> MakeOrcColumn(const OrcOpened& stripe, uint32_t type);

}  // namespace soteria::formats
