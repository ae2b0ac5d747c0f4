// Whether an Arrow table that was decoded from outside bytes is one: lengths, offsets, null counts,
// dictionary indices, all of it, before anything reads a value. What text holds isn't asked: Spark
// reads a Parquet file whose strings aren't UTF-8, too (valid_text.h). Pure; any thread.
#pragma once

#include <arrow/status.h>
#include <arrow/type_fwd.h>

namespace soteria::table {

/// Arrow ends the program where it makes an array of a map with a null key, which a batch of a
/// hostile stream may have. So this is asked of a batch just decoded, before any column of it is an
/// array. Its dictionaries may hold nothing nested (FlatDictionaries).
arrow::Status CheckMaps(const arrow::RecordBatch& batch);
/// Invalid for a schema with a dictionary of nested values: asked before a batch is read.
arrow::Status FlatDictionaries(const arrow::Schema& schema);

/// Invalid says which column and what is wrong with it.
arrow::Status ValidateDecoded(const arrow::Table& table);
arrow::Status ValidateDecoded(const arrow::RecordBatch& batch);

}  // namespace soteria::table
