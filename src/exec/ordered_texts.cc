#include "src/exec/ordered_texts.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/exec/cell_bytes.h"
#include "src/exec/kernels.h"
#include "src/exec/order.h"
#include "src/table/arrow_status.h"

namespace soteria::exec {
namespace {

using base::FieldReader;
using base::FieldWriter;

class OrderedTexts final : public AccumulatorOf<OrderedTexts> {
 public:
  OrderedTexts(std::string function, std::string between, TypePtr key, TextOrder order)
      : function_(std::move(function)),
        between_(std::move(between)),
        key_(std::move(key)),
        order_(order) {}

  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    std::string key;
    for (int64_t i = begin; i < end; ++i) {
      if (args[0]->type_id() == arrow::Type::NA || args[0]->IsNull(i)) continue;
      key.clear();
      WriteCell(*args[1], i, Floats::kNormalised, key);
      SOTERIA_RETURN_IF_ERROR(Add(key, TextAt(*args[0], i)));
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const OrderedTexts& later) {
    for (const Row& row : later.rows_) SOTERIA_RETURN_IF_ERROR(Add(row.key, row.text));
    return base::OkStatus();
  }
  void Write(FieldWriter& out) const override {
    out.AddU64(rows_.size());
    for (const Row& row : rows_) out.Add(row.key).Add(row.text);
  }
  base::Status Read(FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in.NextU64());
    for (uint64_t i = 0; i < count; ++i) {
      SOTERIA_ASSIGN_OR_RETURN(const std::string_view key, in.Next());
      SOTERIA_ASSIGN_OR_RETURN(const std::string_view text, in.Next());
      SOTERIA_RETURN_IF_ERROR(Add(key, text));
    }
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    auto& builder = static_cast<arrow::BinaryBuilder&>(out);
    if (rows_.empty()) {
      SOTERIA_ARROW_RETURN(builder.AppendNull());
      return base::OkStatus();
    }
    SOTERIA_ARROW_ASSIGN(const auto made, arrow::MakeBuilder(key_));
    for (const Row& row : rows_) {
      std::string_view rest = row.key;
      SOTERIA_RETURN_IF_ERROR(ReadCell(rest, *made));
      if (!rest.empty()) return base::Fail(base::kProtocol, "Aggregate: more than a key");
    }
    SOTERIA_ARROW_ASSIGN(const ArrayPtr keys, made->Finish());
    std::string text;
    bool first = true;
    for (const size_t at : Sorted(*keys)) {
      if (!std::exchange(first, false)) text += between_;
      text += rows_[at].text;
      if (text.size() > kAccumulatorBytesMax) return TooMuchState(function_);
    }
    SOTERIA_ARROW_RETURN(builder.Append(text));
    return base::OkStatus();
  }

 private:
  struct Row {
    std::string key;
    std::string text;
  };

  base::Status Add(std::string_view key, std::string_view text) {
    bytes_ += sizeof(Row) + key.size() + text.size();
    if (bytes_ > kAccumulatorBytesMax) return TooMuchState(function_);
    rows_.push_back({std::string(key), std::string(text)});
    return base::OkStatus();
  }

  std::vector<size_t> Sorted(const arrow::Array& keys) const {
    std::vector<size_t> places(rows_.size());
    std::iota(places.begin(), places.end(), size_t{0});
    const CompareCells compare = OrderOf(*key_);
    if (compare == nullptr) return places;
    std::stable_sort(places.begin(), places.end(), [&](size_t a, size_t b) {
      const auto i = static_cast<int64_t>(a);
      const auto j = static_cast<int64_t>(b);
      if (keys.IsNull(i) != keys.IsNull(j)) return keys.IsNull(i) == order_.nulls_first;
      const int order = compare(keys, i, keys, j);
      return order_.descends ? order > 0 : order < 0;
    });
    return places;
  }

  std::string function_;
  std::string between_;
  TypePtr key_;
  TextOrder order_;
  size_t bytes_ = 0;
  std::vector<Row> rows_;
};

}  // namespace

AccumulatorPtr MakeOrderedTexts(std::string function, std::string between, TypePtr key,
                                TextOrder order) {
  return std::make_unique<OrderedTexts>(std::move(function), std::move(between), std::move(key),
                                        order);
}

}  // namespace soteria::exec
