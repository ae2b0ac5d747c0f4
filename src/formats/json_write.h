// Rows to JSON, an object each, as Spark's writer has them. Internal to formats. One thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/formats/cell_text.h"
#include "src/formats/write_options.h"

namespace soteria::formats {

/// Whether there is JSON of columns of that type, at any depth.
bool IsJsonWritable(const arrow::DataType& type);

/// The text between quotes, escaped.
void AppendJsonString(std::string_view text, std::string* out);

class JsonObjects {
 public:
  /// `options` outlive it.
  static base::StatusOr<JsonObjects> Make(const WriteOptions& options);

  /// Row `row` of the columns as one object behind what `out` holds.
  base::Status Append(const arrow::Schema& schema, const arrow::ArrayVector& columns, int64_t row,
                      std::string* out) const;
  /// The value of one cell, which isn't null.
  base::Status AppendCell(const arrow::Array& array, int64_t row, std::string* out) const {
    return Value(array, row, 0, out);
  }

 private:
  JsonObjects(const WriteOptions& options, CellTexts texts)
      : ignore_null_fields_(options.ignore_null_fields),
        pretty_(options.pretty),
        texts_(std::move(texts)) {}

  /// The value; not null. `depth` objects are around it.
  base::Status Value(const arrow::Array& array, int64_t row, int depth, std::string* out) const;
  base::Status Element(const arrow::Array& array, int64_t row, int depth, std::string* out) const;
  base::Status List(const arrow::ListArray& list, int64_t row, int depth, std::string* out) const;
  base::Status Map(const arrow::MapArray& map, int64_t row, int depth, std::string* out) const;
  base::Status Fields(const arrow::FieldVector& fields, const arrow::ArrayVector& columns,
                      int64_t row, int depth, std::string* out) const;
  /// A member of an object that is `depth` deep: what is before its name, and the name.
  void Name(std::string_view name, bool first, int depth, std::string* out) const;
  void EndObject(bool empty, int depth, std::string* out) const;

  bool ignore_null_fields_;
  bool pretty_;
  CellTexts texts_;
};

}  // namespace soteria::formats
