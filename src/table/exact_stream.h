// Tables and feature blocks as streams of bytes that come back exactly: the same bits of each
// value (payloads of NaN, the sign of zero), of null masks and metadata, and the same chunks, since
// sums may follow them (I7). Numbers of a column without nulls come back on 64-byte boundaries if
// `in` reads into buffers of its own. Neither side holds more than the value and what the stream
// buffers. For bytes that are authenticated as our own: reading checks what it must to stay within
// memory, and gives kInternal for what isn't such a stream. Pure functions: any thread.
#pragma once

#include <arrow/io/type_fwd.h>
#include <arrow/type_fwd.h>

#include <memory>

#include "src/base/status.h"
#include "src/table/feature_block.h"

namespace soteria::table {

base::Status WriteExactly(const arrow::Table& table, arrow::io::OutputStream& out);
base::Status WriteExactly(const FeatureBlock& block, arrow::io::OutputStream& out);
base::StatusOr<std::shared_ptr<arrow::Table>> ReadTableExactly(arrow::io::InputStream& in);
base::StatusOr<FeatureBlock> ReadFeatureBlockExactly(arrow::io::InputStream& in);

}  // namespace soteria::table
