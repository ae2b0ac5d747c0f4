#include "src/exec/group_states.h"

#include <arrow/chunked_array.h>
#include <arrow/type.h>

#include "src/base/errors.h"
#include "src/exec/taken.h"

namespace soteria::exec {

base::Status ForEachPartial(
    const arrow::ChunkedArray& partials,
    const std::function<base::Status(size_t cell, base::FieldReader& in)>& f) {
  size_t cell = 0;
  for (const auto& chunk : partials.chunks()) {
    const auto& cells = static_cast<const arrow::BinaryArray&>(*chunk);
    for (int64_t i = 0; i < cells.length(); ++i, ++cell) {
      if (cells.IsNull(i)) return base::Fail(base::kProtocol, "Groups: a partial is missing");
      base::FieldReader in(cells.GetView(i));
      SOTERIA_RETURN_IF_ERROR(f(cell, in));
      SOTERIA_RETURN_IF_ERROR(in.Finish());
    }
  }
  return base::OkStatus();
}

base::Status PartialsBuilder::Append(std::string_view bytes) {
  if (static_cast<uint64_t>(cells_.value_data_length()) + bytes.size() > kChunkBytesMax) {
    SOTERIA_RETURN_IF_ERROR(Cut());
  }
  SOTERIA_ARROW_RETURN(cells_.Append(bytes));
  return base::OkStatus();
}

base::Status PartialsBuilder::Cut() {
  SOTERIA_ARROW_ASSIGN(chunks_.emplace_back(), cells_.Finish());
  return base::OkStatus();
}

base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> PartialsBuilder::Finish() {
  SOTERIA_RETURN_IF_ERROR(Cut());
  return std::make_shared<arrow::ChunkedArray>(std::move(chunks_), arrow::binary());
}

}  // namespace soteria::exec
