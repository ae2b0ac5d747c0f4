// Rows that the front makes itself, for commands that say something: SHOW TABLES, spark.catalog.
// Pure functions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"

namespace soteria::connect {

struct AnswerColumn {
  enum class Kind : uint8_t {
    kText,
    kBoolean,  // the texts are "true" or "false"
    kList      // of the one text, or of none for ""
  };
  std::string name;
  bool nullable = false;
  std::vector<std::optional<std::string>> texts = {};
  Kind kind = Kind::kText;
};

inline std::string BooleanText(bool value) { return value ? "true" : "false"; }

/// The columns are equally long.
base::StatusOr<std::shared_ptr<arrow::Table>> AnswerTable(const std::vector<AnswerColumn>& columns);

/// Whether a name fits one of Spark's patterns: stars match anything, bars separate, no case
/// counts. An empty one fits all.
bool FitsPattern(std::string_view name, std::string_view patterns);

}  // namespace soteria::connect
