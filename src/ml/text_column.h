// Columns of text, of numbers as Spark casts them to text, and of arrays of text, row by row.
// Private to ml. Pure functions; any thread. Views live as long as the column, those of numbers as
// long as the call.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"

namespace soteria::ml {

struct TextCell {
  bool null = false;
  bool nan = false;  // a number that is none; its text is "NaN"
  std::string_view text;
};
/// Errors: kDatatypeMismatch for what is no text and no number; those of `visit`.
base::Status ForEachText(const arrow::ChunkedArray& column,
                         const std::function<base::Status(const TextCell&)>& visit);

using Words = std::span<const std::optional<std::string_view>>;
/// Of each row its words, none where the row is null.
base::Status ForEachWords(const arrow::ChunkedArray& column,
                          const std::function<base::Status(std::optional<Words>)>& visit);

bool IsText(const arrow::Field& field);
bool IsTextArray(const arrow::Field& field);

/// Builds a column of arrays of text.
class WordsBuilder {
 public:
  WordsBuilder();
  ~WordsBuilder();
  /// The words of a row, one by one, after Row().
  base::Status Row();
  base::Status Word(std::string_view word);
  base::Status NullWord();
  base::StatusOr<std::shared_ptr<arrow::Array>> Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::shared_ptr<arrow::DataType> TextArrayType();

/// Scala's name of a column's type, as MLlib's texts have it: "ArrayType(LongType,true)".
std::string ScalaTypeName(const arrow::Field& field);

}  // namespace soteria::ml
