#include "src/ml/text_column.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/type.h>

#include <cmath>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/arrow_status.h"
#include "src/table/decimal.h"
#include "src/table/java_text.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

template <class Array>
base::Status ForEachNumber(const arrow::Array& chunk,
                           const std::function<base::Status(const TextCell&)>& visit) {
  using Value = typename Array::value_type;
  const auto& array = static_cast<const Array&>(chunk);
  for (int64_t i = 0; i < array.length(); ++i) {
    TextCell cell;
    std::string text;
    cell.null = array.IsNull(i);
    if (!cell.null) {
      const Value value = array.Value(i);
      if constexpr (std::is_same_v<Value, double>) {
        cell.nan = std::isnan(value);
        text = table::JavaDouble(value);
      } else if constexpr (std::is_same_v<Value, float>) {
        cell.nan = std::isnan(value);
        text = table::JavaFloat(value);
      } else {
        text = base::Cat(static_cast<int64_t>(value));
      }
    }
    cell.text = text;
    SOTERIA_RETURN_IF_ERROR(visit(cell));
  }
  return base::OkStatus();
}

base::Status ForEachOf(const arrow::Array& chunk,
                       const std::function<base::Status(const TextCell&)>& visit) {
  switch (chunk.type_id()) {
    case arrow::Type::STRING: {
      const auto& array = static_cast<const arrow::StringArray&>(chunk);
      for (int64_t i = 0; i < array.length(); ++i) {
        TextCell cell;
        cell.null = array.IsNull(i);
        if (!cell.null) cell.text = array.GetView(i);
        SOTERIA_RETURN_IF_ERROR(visit(cell));
      }
      return base::OkStatus();
    }
    case arrow::Type::INT8:
      return ForEachNumber<arrow::Int8Array>(chunk, visit);
    case arrow::Type::INT16:
      return ForEachNumber<arrow::Int16Array>(chunk, visit);
    case arrow::Type::INT32:
      return ForEachNumber<arrow::Int32Array>(chunk, visit);
    case arrow::Type::INT64:
      return ForEachNumber<arrow::Int64Array>(chunk, visit);
    case arrow::Type::FLOAT:
      return ForEachNumber<arrow::FloatArray>(chunk, visit);
    case arrow::Type::DOUBLE:
      return ForEachNumber<arrow::DoubleArray>(chunk, visit);
    case arrow::Type::DECIMAL128:
      for (int64_t i = 0; i < chunk.length(); ++i) {
        TextCell cell;
        std::string text;
        cell.null = chunk.IsNull(i);
        if (!cell.null) {
          text =
              table::DecimalText(table::DecimalAt(chunk, i), table::ShapeOf(*chunk.type()).scale);
        }
        cell.text = text;
        SOTERIA_RETURN_IF_ERROR(visit(cell));
      }
      return base::OkStatus();
    default:
      return base::Fail(base::kDatatypeMismatch, "a column is neither text nor numbers");
  }
}

const char* PlainName(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::NA:
      return "NullType";
    case arrow::Type::BOOL:
      return "BooleanType";
    case arrow::Type::INT8:
      return "ByteType";
    case arrow::Type::INT16:
      return "ShortType";
    case arrow::Type::INT32:
      return "IntegerType";
    case arrow::Type::INT64:
      return "LongType";
    case arrow::Type::FLOAT:
      return "FloatType";
    case arrow::Type::DOUBLE:
      return "DoubleType";
    case arrow::Type::STRING:
      return "StringType";
    case arrow::Type::BINARY:
      return "BinaryType";
    case arrow::Type::DATE32:
      return "DateType";
    case arrow::Type::TIMESTAMP:
      return "TimestampType";
    default:
      return nullptr;
  }
}

}  // namespace

base::Status ForEachText(const arrow::ChunkedArray& column,
                         const std::function<base::Status(const TextCell&)>& visit) {
  for (const auto& chunk : column.chunks()) SOTERIA_RETURN_IF_ERROR(ForEachOf(*chunk, visit));
  return base::OkStatus();
}

base::Status ForEachWords(const arrow::ChunkedArray& column,
                          const std::function<base::Status(std::optional<Words>)>& visit) {
  std::vector<std::optional<std::string_view>> words;
  for (const auto& chunk : column.chunks()) {
    if (chunk->type_id() != arrow::Type::LIST) {
      return base::Fail(base::kDatatypeMismatch, "a column isn't arrays of text");
    }
    const auto& lists = static_cast<const arrow::ListArray&>(*chunk);
    if (lists.values()->type_id() != arrow::Type::STRING) {
      return base::Fail(base::kDatatypeMismatch, "a column isn't arrays of text");
    }
    const auto& texts = static_cast<const arrow::StringArray&>(*lists.values());
    for (int64_t i = 0; i < lists.length(); ++i) {
      if (lists.IsNull(i)) {
        SOTERIA_RETURN_IF_ERROR(visit(std::nullopt));
        continue;
      }
      words.clear();
      for (int32_t k = lists.value_offset(i); k < lists.value_offset(i + 1); ++k) {
        if (texts.IsNull(k)) {
          words.emplace_back(std::nullopt);
        } else {
          words.emplace_back(texts.GetView(k));
        }
      }
      SOTERIA_RETURN_IF_ERROR(visit(Words(words)));
    }
  }
  return base::OkStatus();
}

bool IsText(const arrow::Field& field) { return field.type()->id() == arrow::Type::STRING; }

bool IsTextArray(const arrow::Field& field) {
  return field.type()->id() == arrow::Type::LIST &&
         static_cast<const arrow::ListType&>(*field.type()).value_type()->id() ==
             arrow::Type::STRING;
}

struct WordsBuilder::Impl {
  std::shared_ptr<arrow::StringBuilder> words = std::make_shared<arrow::StringBuilder>();
  arrow::ListBuilder rows{arrow::default_memory_pool(), words, TextArrayType()};
};

WordsBuilder::WordsBuilder() : impl_(std::make_unique<Impl>()) {}
WordsBuilder::~WordsBuilder() = default;

base::Status WordsBuilder::Row() { return table::FromArrow(impl_->rows.Append()); }

base::Status WordsBuilder::Word(std::string_view word) {
  return table::FromArrow(impl_->words->Append(word));
}

base::Status WordsBuilder::NullWord() { return table::FromArrow(impl_->words->AppendNull()); }

base::StatusOr<std::shared_ptr<arrow::Array>> WordsBuilder::Finish() {
  SOTERIA_ARROW_ASSIGN(std::shared_ptr<arrow::Array> array, impl_->rows.Finish());
  return array;
}

std::shared_ptr<arrow::DataType> TextArrayType() { return table::ListOf(arrow::utf8()); }

std::string ScalaTypeName(const arrow::Field& field) {
  if (table::IsVector(field)) return "org.apache.spark.ml.linalg.VectorUDT@3bfc3ba7";
  if (const char* name = PlainName(*field.type())) return name;
  if (table::IsDecimal(*field.type())) {
    const table::DecimalShape shape = table::ShapeOf(*field.type());
    return base::Cat("DecimalType(", shape.precision, ",", shape.scale, ")");
  }
  if (field.type()->id() == arrow::Type::LIST) {
    const arrow::Field& element = *field.type()->field(0);
    return base::Cat("ArrayType(", ScalaTypeName(element), ",", element.nullable(), ")");
  }
  return table::TypeName(field);
}

}  // namespace soteria::ml
