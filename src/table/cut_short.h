// A partition's answer that an error cut short: the rows before it, with the error beside them in
// the schema's metadata. Whoever collects takes the rows and, if they don't suffice, the error.
// Pure functions; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "src/base/status.h"

namespace soteria::table {

/// `rows` may be nullptr: none, and nobody knows their columns.
std::shared_ptr<arrow::Table> WithError(std::shared_ptr<arrow::Table> rows,
                                        const base::Status& error);

/// OK when nothing cut it short. Removes the error from the table; a table of which only the error
/// is known becomes nullptr. kProtocol for an error that isn't one.
base::Status TakeError(std::shared_ptr<arrow::Table>* table);

}  // namespace soteria::table
