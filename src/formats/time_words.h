// Dates and time stamps of text by a reader's options: its patterns where the script gave some,
// else what Spark's default reads. Internal to formats. Pure functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "src/base/status.h"
#include "src/formats/csv_options.h"
#include "src/table/csv_value.h"
#include "src/table/text_value.h"

namespace soteria::formats {

/// The zone and the patterns of the options.
base::StatusOr<table::CsvWords> WordsOf(const RecordOptions& options);

/// Days since 1970-01-01.
bool DateOf(std::string_view text, const table::CsvWords& words, int32_t* days);
/// Microseconds since then.
table::TimeText TimestampOf(std::string_view text, const table::CsvWords& words, int64_t* micros);

}  // namespace soteria::formats
