// Cells as the text that Spark's writers of CSV and JSON make of them. Internal to formats. One
// thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <optional>
#include <string>

#include "src/base/status.h"
#include "src/formats/write_options.h"
#include "src/table/date_pattern.h"
#include "src/table/time_zone.h"

namespace soteria::formats {

class CellTexts {
 public:
  /// Patterns and zone of the options. `format` names the writer in errors: "CSV".
  static base::StatusOr<CellTexts> Make(const WriteOptions& options, std::string_view format);

  /// Whether there is a text for cells of that type: numbers, booleans, strings, bytes, dates,
  /// time stamps.
  static bool Has(const arrow::DataType& type);
  /// Behind what `out` holds. The cell isn't null, its type is one that has texts; kUnsupported for
  /// a time that the pattern can't show.
  base::Status Append(const arrow::Array& array, int64_t row, std::string* out) const;

 private:
  base::Status AppendDate(int32_t days, std::string* out) const;
  base::Status AppendTimestamp(int64_t micros, bool instant, std::string* out) const;

  table::TimeZone zone_;
  std::optional<table::DatePattern> date_;
  std::optional<table::DatePattern> timestamp_;
};

}  // namespace soteria::formats
