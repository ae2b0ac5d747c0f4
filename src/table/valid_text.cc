#include "src/table/valid_text.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/utf8.h>

#include <algorithm>
#include <utility>

#include "src/table/arrow_status.h"

namespace soteria::table {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

unsigned char Byte(char c) { return static_cast<unsigned char>(c); }

/// The bytes of the well-formed character at the front, or 0; `bad` is then how many bytes one
/// replacement stands for: the longest beginning of a character, else one byte.
size_t WellFormed(std::string_view text, size_t* bad) {
  const unsigned char lead = Byte(text[0]);
  *bad = 1;
  if (lead < 0x80) return 1;
  const size_t size = lead >= 0xC2 && lead <= 0xDF   ? 2
                      : lead >= 0xE0 && lead <= 0xEF ? 3
                      : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                     : 0;
  if (size == 0) return 0;
  for (size_t i = 1; i < size; ++i) {
    if (i >= text.size()) {
      *bad = i;
      return 0;
    }
    const unsigned char low = i > 1 ? 0x80 : lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = i > 1 ? 0xBF : lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (Byte(text[i]) < low || Byte(text[i]) > high) {
      *bad = i;
      return 0;
    }
  }
  return size;
}

bool IsValid(std::string_view text) {
  arrow::util::InitializeUTF8();
  return arrow::util::ValidateUTF8(text);
}

base::StatusOr<ArrayPtr> ValidStrings(const ArrayPtr& array) {
  const auto& strings = static_cast<const arrow::StringArray&>(*array);
  bool valid = true;
  for (int64_t i = 0; valid && i < strings.length(); ++i) {
    valid = strings.IsNull(i) || IsValid(strings.GetView(i));
  }
  if (valid) return array;
  arrow::StringBuilder builder;
  for (int64_t i = 0; i < strings.length(); ++i) {
    if (strings.IsNull(i)) {
      SOTERIA_ARROW_RETURN(builder.AppendNull());
    } else {
      SOTERIA_ARROW_RETURN(builder.Append(ValidText(strings.GetView(i))));
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder.Finish());
  return out;
}

}  // namespace

size_t CharacterBytes(char first) {
  const unsigned char lead = Byte(first);
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 1;
}

std::string ValidText(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    size_t bad = 1;
    const size_t size = WellFormed(bytes, &bad);
    if (size > 0) {
      text += bytes.substr(0, size);
    } else {
      text += kReplacement;
    }
    bytes.remove_prefix(size > 0 ? size : bad);
  }
  return text;
}

base::StatusOr<ArrayPtr> WithValidText(const ArrayPtr& array) {
  if (array->type_id() == arrow::Type::STRING) return ValidStrings(array);
  if (array->data()->child_data.empty()) return array;
  auto data = array->data()->Copy();
  bool changed = false;
  for (auto& child : data->child_data) {
    const ArrayPtr before = arrow::MakeArray(child);
    SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr after, WithValidText(before));
    changed = changed || after != before;
    child = after->data();
  }
  return changed ? arrow::MakeArray(std::move(data)) : array;
}

base::StatusOr<std::shared_ptr<arrow::Table>> WithValidText(std::shared_ptr<arrow::Table> table) {
  for (int i = 0; i < table->num_columns(); ++i) {
    arrow::ArrayVector chunks;
    bool changed = false;
    for (const ArrayPtr& chunk : table->column(i)->chunks()) {
      SOTERIA_ASSIGN_OR_RETURN(ArrayPtr valid, WithValidText(chunk));
      changed = changed || valid != chunk;
      chunks.push_back(std::move(valid));
    }
    if (!changed) continue;
    auto column = std::make_shared<arrow::ChunkedArray>(std::move(chunks), table->field(i)->type());
    SOTERIA_ARROW_ASSIGN(table, table->SetColumn(i, table->field(i), std::move(column)));
  }
  return table;
}

}  // namespace soteria::table
