// Whether an Arrow table that was decoded from outside bytes is one: lengths, offsets, null counts,
// dictionary indices, all of it, before anything reads a value. What text holds isn't asked: Spark
// reads a Parquet file whose strings aren't UTF-8, too (valid_text.h). Pure; any thread.
#pragma once

#include <arrow/status.h>
#include <arrow/type_fwd.h>

namespace soteria::table {

/// Invalid says which column and what is wrong with it.
arrow::Status ValidateDecoded(const arrow::Table& table);
arrow::Status ValidateDecoded(const arrow::RecordBatch& batch);

}  // namespace soteria::table
