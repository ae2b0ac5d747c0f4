#include "src/ml/string_indexer/kernels.h"

#include <arrow/chunked_array.h>
#include <arrow/table.h>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/ml/columns.h"
#include "src/ml/text_column.h"

namespace soteria::ml {

std::string EncodeColumns(const std::vector<std::string>& columns) {
  base::FieldWriter w;
  for (const std::string& column : columns) w.Add(column);
  return w.Take();
}

base::StatusOr<std::vector<std::string>> DecodeColumns(std::string_view bytes) {
  std::vector<std::string> columns;
  base::FieldReader r(bytes);
  while (!r.AtEnd()) {
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view column, r.Next());
    if (columns.size() >= kStageColumnsMax) return base::Fail(base::kProtocol, "too many columns");
    columns.emplace_back(column);
  }
  return columns;
}

base::StatusOr<KernelPtr> LabelCountsKernel::Decode(std::string_view bytes) {
  SOTERIA_ASSIGN_OR_RETURN(std::vector<std::string> columns, DecodeColumns(bytes));
  return KernelPtr(std::make_unique<LabelCountsKernel>(std::move(columns)));
}

std::string LabelCountsKernel::Encode() const { return EncodeColumns(columns_); }

base::StatusOr<std::string> LabelCountsKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* rows, RowsOf(part));
  std::vector<TextCounts> counts(columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const auto column, ReadColumn(*rows, columns_[i]));
    SOTERIA_RETURN_IF_ERROR(ForEachText(*column, [&counts, i](const TextCell& cell) {
      if (cell.null || cell.nan) return base::OkStatus();
      return counts[i].Add(cell.text, {1, 0});
    }));
  }
  return Write(counts);
}

base::StatusOr<std::string> LabelCountsKernel::Merge(std::vector<std::string> children) const {
  if (children.empty()) return base::Fail(base::kProtocol, "string indexer: nothing to merge");
  std::vector<TextCounts> counts(columns_.size());
  for (std::string& child : children) {
    SOTERIA_RETURN_IF_ERROR(Take(child, counts));
    child = std::string();
  }
  return Write(counts);
}

base::StatusOr<std::vector<TextCounts>> LabelCountsKernel::Read(std::string_view partial) const {
  std::vector<TextCounts> counts(columns_.size());
  SOTERIA_RETURN_IF_ERROR(Take(partial, counts));
  return counts;
}

base::Status LabelCountsKernel::Take(std::string_view partial,
                                     std::vector<TextCounts>& counts) const {
  base::FieldReader r(partial);
  for (TextCounts& each : counts) SOTERIA_RETURN_IF_ERROR(each.Take(r));
  return r.Finish();
}

std::string LabelCountsKernel::Write(const std::vector<TextCounts>& counts) {
  base::FieldWriter w;
  for (const TextCounts& each : counts) each.Write(w);
  return w.Take();
}

}  // namespace soteria::ml
