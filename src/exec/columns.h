// Reading and making flat columns inside kernels. Internal to exec; .cc files only.
#pragma once

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/base/check.h"
#include "src/exec/bound.h"
#include "src/table/arrow_status.h"

namespace soteria::exec {

/// Which rows have a value; no bits: all.
struct Validity {
  std::shared_ptr<arrow::Buffer> bits;
  int64_t nulls = 0;

  bool IsNull(int64_t i) const {
    return bits != nullptr && !arrow::bit_util::GetBit(bits->data(), static_cast<uint64_t>(i));
  }
};

/// Rows where every argument has a value.
base::StatusOr<Validity> AllValid(const ArrayList& args, int64_t rows);
/// From one byte a row (0: null).
base::StatusOr<Validity> ValidityFrom(const std::vector<uint8_t>& valid);

template <class T>
const T* Values(const arrow::Array& array) {
  return array.data()->GetValues<T>(1);
}

/// A column of `rows` numbers, not yet filled.
template <class T>
class NumberMaker {
 public:
  static base::StatusOr<NumberMaker> Make(int64_t rows) {
    NumberMaker maker;
    SOTERIA_ARROW_ASSIGN(maker.buffer_,
                         arrow::AllocateBuffer(rows * static_cast<int64_t>(sizeof(T))));
    maker.rows_ = rows;
    return maker;
  }
  T* data() { return reinterpret_cast<T*>(buffer_->mutable_data()); }
  ArrayPtr Finish(const TypePtr& type, Validity validity) {
    return arrow::MakeArray(arrow::ArrayData::Make(
        type, rows_, {std::move(validity.bits), std::move(buffer_)}, validity.nulls));
  }

 private:
  std::shared_ptr<arrow::Buffer> buffer_;
  int64_t rows_ = 0;
};

/// A boolean column as 1, 0 and -1 for null, and back.
std::vector<int8_t> ReadBools(const arrow::Array& array);
base::StatusOr<ArrayPtr> MakeBools(const std::vector<int8_t>& values);

/// Nulls only.
base::StatusOr<ArrayPtr> MakeNulls(const TypePtr& type, int64_t rows);

/// Calls f with a value of the C type of a number type.
template <class F>
auto WithNumber(const arrow::DataType& type, F f) {
  switch (type.id()) {
    case arrow::Type::INT8:
      return f(int8_t{});
    case arrow::Type::INT16:
      return f(int16_t{});
    case arrow::Type::INT32:
    case arrow::Type::DATE32:
      return f(int32_t{});
    case arrow::Type::INT64:
    case arrow::Type::TIMESTAMP:
      return f(int64_t{});
    case arrow::Type::FLOAT:
      return f(float{});
    default:
      CHECK(type.id() == arrow::Type::DOUBLE) << "not a number type";
      return f(double{});
  }
}

}  // namespace soteria::exec
