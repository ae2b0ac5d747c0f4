#include "src/table/validate.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/base/text.h"

namespace soteria::table {
namespace {

using arrow::Type;
using DataPtr = std::shared_ptr<arrow::ArrayData>;
using TypePtr = std::shared_ptr<arrow::DataType>;

/// The type of values that are the same bytes, with children of these types.
TypePtr WithChildren(const TypePtr& type, const std::vector<DataPtr>& children) {
  const auto child = [&](int i) {
    return type->field(i)->WithType(children[static_cast<size_t>(i)]->type);
  };
  switch (type->id()) {
    case Type::STRUCT: {
      arrow::FieldVector fields;
      for (int i = 0; i < type->num_fields(); ++i) fields.push_back(child(i));
      return arrow::struct_(std::move(fields));
    }
    case Type::LIST:
      return arrow::list(child(0));
    case Type::LARGE_LIST:
      return arrow::large_list(child(0));
    case Type::FIXED_SIZE_LIST:
      return arrow::fixed_size_list(
          child(0), static_cast<const arrow::FixedSizeListType&>(*type).list_size());
    case Type::MAP: {
      const TypePtr& entries = children.front()->type;
      const bool sorted = static_cast<const arrow::MapType&>(*type).keys_sorted();
      return std::make_shared<arrow::MapType>(entries->field(0), entries->field(1), sorted);
    }
    default:
      return type;
  }
}

/// The same values, text as the bytes that it is.
DataPtr TextAsBytes(const DataPtr& data) {
  DataPtr out = data->Copy();
  switch (data->type->id()) {
    case Type::STRING:
      out->type = arrow::binary();
      break;
    case Type::LARGE_STRING:
      out->type = arrow::large_binary();
      break;
    case Type::STRING_VIEW:
      out->type = arrow::binary_view();
      break;
    case Type::DICTIONARY: {
      const auto& type = static_cast<const arrow::DictionaryType&>(*data->type);
      if (data->dictionary == nullptr) break;
      out->dictionary = TextAsBytes(data->dictionary);
      out->type = arrow::dictionary(type.index_type(), out->dictionary->type, type.ordered());
      break;
    }
    case Type::STRUCT:
    case Type::LIST:
    case Type::LARGE_LIST:
    case Type::FIXED_SIZE_LIST:
    case Type::MAP:
      for (DataPtr& child : out->child_data) child = TextAsBytes(child);
      out->type = WithChildren(data->type, out->child_data);
      break;
    default:
      break;  // of other types all is asked
  }
  return out;
}

/// Of parts as the stream says they are: only what is there without looking into a buffer counts.
arrow::Status CheckMap(const arrow::ArrayData& data) {
  if (data.child_data.size() != 1) return arrow::Status::Invalid("a map without entries");
  const arrow::ArrayData& entries = *data.child_data[0];
  if (entries.type->id() != Type::STRUCT || entries.child_data.size() != 2) {
    return arrow::Status::Invalid("a map of other than pairs");
  }
  const arrow::ArrayData& keys = *entries.child_data[0];
  // Of a type without a value there is a key only where there is no entry.
  const bool void_keys = keys.type->id() == Type::NA && keys.length == 0;
  if (entries.null_count != 0 || (keys.null_count != 0 && !void_keys)) {
    return arrow::Status::Invalid("a map with a null entry or a null key");
  }
  return arrow::Status::OK();
}

arrow::Status CheckMapsIn(const arrow::ArrayData& data) {
  if (data.type->id() == Type::MAP) ARROW_RETURN_NOT_OK(CheckMap(data));
  for (const DataPtr& child : data.child_data) ARROW_RETURN_NOT_OK(CheckMapsIn(*child));
  return arrow::Status::OK();
}

bool IsFlatDictionary(const arrow::DataType& type) {
  if (type.id() == Type::DICTIONARY) {
    return static_cast<const arrow::DictionaryType&>(type).value_type()->num_fields() == 0;
  }
  return std::all_of(type.fields().begin(), type.fields().end(),
                     [](const auto& field) { return IsFlatDictionary(*field->type()); });
}

arrow::Status ValidateColumn(const arrow::Array& array, const std::string& name) {
  // Without children that are missing, nothing below is safe.
  arrow::Status status = array.Validate();
  if (status.ok()) status = arrow::MakeArray(TextAsBytes(array.data()))->ValidateFull();
  if (status.ok()) return status;
  return status.WithMessage(base::Cat("column `", name, "`: ", status.message()));
}

}  // namespace

arrow::Status CheckMaps(const arrow::RecordBatch& batch) {
  for (int i = 0; i < batch.num_columns(); ++i) {
    ARROW_RETURN_NOT_OK(CheckMapsIn(*batch.column_data(i)));
  }
  return arrow::Status::OK();
}

arrow::Status FlatDictionaries(const arrow::Schema& schema) {
  for (const auto& field : schema.fields()) {
    if (IsFlatDictionary(*field->type())) continue;
    return arrow::Status::Invalid("column `", field->name(), "`: a dictionary of nested values");
  }
  return arrow::Status::OK();
}

arrow::Status ValidateDecoded(const arrow::Table& table) {
  ARROW_RETURN_NOT_OK(table.Validate());
  for (int i = 0; i < table.num_columns(); ++i) {
    for (const auto& chunk : table.column(i)->chunks()) {
      ARROW_RETURN_NOT_OK(ValidateColumn(*chunk, table.field(i)->name()));
    }
  }
  return arrow::Status::OK();
}

arrow::Status ValidateDecoded(const arrow::RecordBatch& batch) {
  ARROW_RETURN_NOT_OK(batch.Validate());
  for (int i = 0; i < batch.num_columns(); ++i) {
    ARROW_RETURN_NOT_OK(ValidateColumn(*batch.column(i), batch.column_name(i)));
  }
  return arrow::Status::OK();
}

}  // namespace soteria::table
