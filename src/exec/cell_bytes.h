// One cell of any type as canonical bytes and back: what aggregates keep of values. Equal bytes are
// equal values; of Normalised bytes the other way round too: NaN is one value, and so is zero.
// Internal to exec; pure functions.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace soteria::exec {

enum class Floats : uint8_t { kAsTheyAre, kNormalised };

/// Adds the cell's bytes to `out`.
void WriteCell(const arrow::Array& array, int64_t row, Floats floats, std::string& out);

/// Appends the cell that `bytes` begin with to a builder of its type, and takes its bytes away.
/// kProtocol for bytes that WriteCell doesn't make.
base::Status ReadCell(std::string_view& bytes, arrow::ArrayBuilder& builder);

}  // namespace soteria::exec
