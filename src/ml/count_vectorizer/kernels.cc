#include "src/ml/count_vectorizer/kernels.h"

#include <arrow/chunked_array.h>
#include <arrow/table.h>

#include <memory>
#include <unordered_map>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/ml/columns.h"
#include "src/ml/text_column.h"

namespace soteria::ml {

base::StatusOr<KernelPtr> WordCountsKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view column, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return KernelPtr(std::make_unique<WordCountsKernel>(std::string(column)));
}

std::string WordCountsKernel::Encode() const {
  base::FieldWriter w;
  w.Add(column_);
  return w.Take();
}

base::StatusOr<std::string> WordCountsKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* rows, RowsOf(part));
  SOTERIA_ASSIGN_OR_RETURN(const auto column, ReadColumn(*rows, column_));
  WordCounts counts;
  std::unordered_map<std::string_view, int64_t> of_row;
  SOTERIA_RETURN_IF_ERROR(ForEachWords(*column, [&](std::optional<Words> words) -> base::Status {
    if (!words) {
      return UdfFailure(
          "Cannot invoke \"scala.collection.immutable.Seq.foreach(scala.Function1)\" because"
          " \"tokens\" is null");
    }
    ++counts.rows;
    of_row.clear();
    int64_t nulls = 0;
    for (const auto& word : *words) {
      if (word) {
        ++of_row[*word];
      } else {
        ++nulls;
      }
    }
    counts.nulls.count += nulls;
    counts.nulls.rows += nulls > 0 ? 1 : 0;
    for (const auto& [word, count] : of_row) {
      SOTERIA_RETURN_IF_ERROR(counts.words.Add(word, {count, 1}));
    }
    return base::OkStatus();
  }));
  return Write(counts);
}

base::StatusOr<std::string> WordCountsKernel::Merge(std::vector<std::string> children) const {
  if (children.empty()) return base::Fail(base::kProtocol, "count vectorizer: nothing to merge");
  WordCounts counts;
  for (std::string& child : children) {
    SOTERIA_RETURN_IF_ERROR(Take(child, counts));
    child = std::string();
  }
  return Write(counts);
}

base::Status WordCountsKernel::Take(std::string_view partial, WordCounts& counts) {
  base::FieldReader r(partial);
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t rows, r.NextU64());
  counts.rows += rows;
  TextCount nulls;
  SOTERIA_ASSIGN_OR_RETURN(nulls, TextCounts::TakeCount(r));
  counts.nulls.count += nulls.count;
  counts.nulls.rows += nulls.rows;
  SOTERIA_RETURN_IF_ERROR(counts.words.Take(r));
  return r.Finish();
}

std::string WordCountsKernel::Write(const WordCounts& counts) {
  base::FieldWriter w;
  w.AddU64(counts.rows).AddI64(counts.nulls.count).AddI64(counts.nulls.rows);
  counts.words.Write(w);
  return w.Take();
}

}  // namespace soteria::ml
