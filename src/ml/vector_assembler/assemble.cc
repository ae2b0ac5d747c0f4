#include "src/ml/vector_assembler/assemble.h"

#include <arrow/array.h>

#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::ml {
namespace {

inline constexpr base::Condition kFailedUdf = {"FAILED_EXECUTE_UDF", base::exception_class::kSpark,
                                               "39000", absl::StatusCode::kInvalidArgument};
inline constexpr base::Condition kRuntime = {"_LEGACY_ERROR_TEMP", "java.lang.RuntimeException", "",
                                             absl::StatusCode::kInvalidArgument};

base::Status Encountered(std::string_view what, std::string_view plural) {
  return base::Fail(
      kFailedUdf,
      base::Cat("Encountered ", what,
                " while assembling a row with handleInvalid = \"error\"."
                " Consider\nremoving ",
                plural, " from dataset or using handleInvalid = \"keep\" or \"skip\"."));
}

const Numbers* NumbersOf(const AssembleColumn& column) {
  return std::get_if<Numbers>(&column.rows);
}

const table::VectorReader& VectorsOf(const AssembleColumn& column) {
  return std::get<table::VectorReader>(column.rows);
}

base::Status CheckValid(const std::vector<AssembleColumn>& columns) {
  for (const AssembleColumn& column : columns) {
    const Numbers* numbers = NumbersOf(column);
    if (numbers == nullptr) {
      if (VectorsOf(column).null_count() > 0) return Encountered("null", "nulls");
      continue;
    }
    if (numbers->null_count > 0) return Encountered("null", "nulls");
    for (const double value : numbers->values) {
      if (std::isnan(value)) return Encountered("NaN", "NaNs");
    }
  }
  return base::OkStatus();
}

base::Status CheckWidthsKnown(const std::vector<AssembleColumn>& columns) {
  for (const AssembleColumn& column : columns) {
    if (NumbersOf(column) != nullptr || VectorsOf(column).null_count() == 0) continue;
    if (VectorsOf(column).common_size()) continue;
    return base::Fail(kRuntime, base::Cat("Can not infer column lengths with handleInvalid = "
                                          "\"keep\". Consider using VectorSizeHint to add metadata"
                                          " for columns: [",
                                          column.name, "]."));
  }
  return base::OkStatus();
}

/// The columns as parts of one row-major matrix, when each is as wide in every row.
std::optional<std::vector<table::AssemblePart>> Parts(const std::vector<AssembleColumn>& columns) {
  std::vector<table::AssemblePart> parts;
  for (const AssembleColumn& column : columns) {
    if (const Numbers* numbers = NumbersOf(column)) {
      parts.push_back({numbers->values, 1});
      continue;
    }
    const table::VectorReader& vectors = VectorsOf(column);
    const std::optional<std::span<const double>> dense = vectors.row_major();
    if (!dense || vectors.null_count() > 0 || !vectors.common_size()) return std::nullopt;
    parts.push_back({*dense, *vectors.common_size()});
  }
  return parts;
}

/// Whether MLlib keeps every row dense: a row is sparse when 1.5 * nonzeros + 2 < size.
bool AllRowsDense(const std::vector<table::AssemblePart>& parts, size_t rows) {
  int64_t size = 0;
  for (const table::AssemblePart& part : parts) size += part.width;
  std::vector<int64_t> nonzeros(rows, 0);
  for (const table::AssemblePart& part : parts) {
    const auto width = static_cast<size_t>(part.width);
    for (size_t i = 0; i < rows; ++i) {
      for (size_t j = 0; j < width; ++j) nonzeros[i] += part.values[i * width + j] != 0 ? 1 : 0;
    }
  }
  for (const int64_t n : nonzeros) {
    if (1.5 * static_cast<double>(n) + 2.0 < static_cast<double>(size)) return false;
  }
  return true;
}

/// Appends what one column has in a row to the row's nonzeros; returns how wide that is.
int32_t AppendCell(const AssembleColumn& column, size_t row, int32_t at,
                   table::VectorValue& sparse) {
  const auto put = [&sparse](int32_t index, double value) {
    if (value == 0) return;
    sparse.indices.push_back(index);
    sparse.values.push_back(value);
  };
  if (const Numbers* numbers = NumbersOf(column)) {
    put(at, numbers->values[row]);
    return 1;
  }
  const table::VectorReader& vectors = VectorsOf(column);
  if (vectors.IsNull(static_cast<int64_t>(row))) {
    const int32_t width = vectors.common_size().value_or(0);
    for (int32_t j = 0; j < width; ++j) put(at + j, std::numeric_limits<double>::quiet_NaN());
    return width;
  }
  const table::VectorView view = vectors.Get(static_cast<int64_t>(row));
  for (size_t k = 0; k < view.values.size(); ++k) {
    put(at + (view.dense ? static_cast<int32_t>(k) : view.indices[k]), view.values[k]);
  }
  return view.size;
}

}  // namespace

std::vector<bool> InvalidRows(const std::vector<AssembleColumn>& columns, size_t rows) {
  std::vector<bool> invalid(rows, false);
  for (const AssembleColumn& column : columns) {
    if (const Numbers* numbers = NumbersOf(column)) {
      for (size_t i = 0; i < rows; ++i) {
        if (std::isnan(numbers->values[i])) invalid[i] = true;
      }
      continue;
    }
    if (VectorsOf(column).null_count() == 0) continue;
    for (size_t i = 0; i < rows; ++i) {
      if (VectorsOf(column).IsNull(static_cast<int64_t>(i))) invalid[i] = true;
    }
  }
  return invalid;
}

base::StatusOr<std::shared_ptr<arrow::Array>> Assemble(const std::vector<AssembleColumn>& columns,
                                                       size_t rows, HandleInvalid invalid) {
  if (invalid == HandleInvalid::kError) SOTERIA_RETURN_IF_ERROR(CheckValid(columns));
  if (invalid == HandleInvalid::kKeep) SOTERIA_RETURN_IF_ERROR(CheckWidthsKnown(columns));
  const std::optional<std::vector<table::AssemblePart>> parts = Parts(columns);
  if (parts && !parts->empty() && AllRowsDense(*parts, rows)) {
    return table::AssembleDense(*parts, static_cast<int64_t>(rows));
  }
  table::VectorBuilder builder;
  for (size_t i = 0; i < rows; ++i) {
    table::VectorValue sparse;
    sparse.dense = false;
    int64_t size = 0;
    for (const AssembleColumn& column : columns) {
      size += AppendCell(column, i, static_cast<int32_t>(size), sparse);
      if (size > std::numeric_limits<int32_t>::max() / 2) {
        return base::Fail(base::kMemoryLimit, "VectorAssembler: vectors get too long");
      }
    }
    sparse.size = static_cast<int32_t>(size);
    SOTERIA_RETURN_IF_ERROR(builder.Append(table::Compressed(table::View(sparse))));
  }
  return builder.Finish();
}

}  // namespace soteria::ml
