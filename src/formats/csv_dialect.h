// The characters of a CSV dialect as options and as fields: what readers and writers have alike.
// Internal to formats.
#pragma once

#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/formats/csv_tokens.h"
#include "src/formats/option_reader.h"

namespace soteria::formats {

/// What the script names of it; the rest stays as it was.
base::Status ReadDialect(OptionReader& reader, CsvDialect* dialect);

void WriteDialect(const CsvDialect& dialect, base::FieldWriter& out);
/// kProtocol for a dialect that options don't make.
base::Status ReadDialect(base::FieldReader& in, CsvDialect* dialect);

}  // namespace soteria::formats
