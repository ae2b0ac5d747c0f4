#include "src/exec/columns.h"

#include <arrow/builder.h>
#include <arrow/util/bitmap_ops.h>

namespace soteria::exec {

base::StatusOr<Validity> AllValid(const ArrayList& args, int64_t rows) {
  Validity validity;
  for (const ArrayPtr& arg : args) {
    if (arg->null_count() == 0) continue;
    if (arg->type_id() == arrow::Type::NA) {
      SOTERIA_ARROW_ASSIGN(validity.bits, arrow::AllocateEmptyBitmap(rows));
      validity.nulls = rows;
      return validity;
    }
    const uint8_t* bits = arg->null_bitmap_data();
    arrow::MemoryPool* pool = arrow::default_memory_pool();
    if (validity.bits == nullptr) {
      SOTERIA_ARROW_ASSIGN(validity.bits,
                           arrow::internal::CopyBitmap(pool, bits, arg->offset(), rows));
    } else {
      SOTERIA_ARROW_ASSIGN(validity.bits, arrow::internal::BitmapAnd(pool, validity.bits->data(), 0,
                                                                     bits, arg->offset(), rows, 0));
    }
  }
  if (validity.bits != nullptr) {
    validity.nulls = rows - arrow::internal::CountSetBits(validity.bits->data(), 0, rows);
  }
  return validity;
}

base::StatusOr<Validity> ValidityFrom(const std::vector<uint8_t>& valid) {
  Validity validity;
  arrow::TypedBufferBuilder<bool> bits;
  SOTERIA_ARROW_RETURN(bits.Reserve(static_cast<int64_t>(valid.size())));
  for (const uint8_t v : valid) bits.UnsafeAppend(v != 0);
  validity.nulls = bits.false_count();
  SOTERIA_ARROW_ASSIGN(validity.bits, bits.Finish());
  if (validity.nulls == 0) validity.bits = nullptr;
  return validity;
}

std::vector<int8_t> ReadBools(const arrow::Array& array) {
  std::vector<int8_t> values(static_cast<size_t>(array.length()), -1);
  if (array.type_id() == arrow::Type::NA) return values;
  const auto& bools = static_cast<const arrow::BooleanArray&>(array);
  for (int64_t i = 0; i < array.length(); ++i) {
    if (!bools.IsNull(i)) values[static_cast<size_t>(i)] = bools.Value(i) ? 1 : 0;
  }
  return values;
}

base::StatusOr<ArrayPtr> MakeBools(const std::vector<int8_t>& values) {
  arrow::BooleanBuilder builder;
  SOTERIA_ARROW_RETURN(builder.Reserve(static_cast<int64_t>(values.size())));
  for (const int8_t v : values) {
    if (v < 0) {
      builder.UnsafeAppendNull();
    } else {
      builder.UnsafeAppend(v != 0);
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr array, builder.Finish());
  return array;
}

base::StatusOr<ArrayPtr> MakeNulls(const TypePtr& type, int64_t rows) {
  SOTERIA_ARROW_ASSIGN(ArrayPtr array, arrow::MakeArrayOfNull(type, rows));
  return array;
}

}  // namespace soteria::exec
