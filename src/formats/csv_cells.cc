#include "src/formats/csv_cells.h"

#include "src/base/errors.h"
#include "src/formats/time_words.h"

namespace soteria::formats {

base::StatusOr<CellRules> CsvRulesOf(const CsvReadOptions& options) {
  CellRules rules;
  SOTERIA_ASSIGN_OR_RETURN(rules.words, WordsOf(options.record));
  rules.words.nan = options.nan_value;
  rules.words.positive_inf = options.positive_inf;
  rules.words.negative_inf = options.negative_inf;
  rules.words.dates = options.prefer_date;
  return rules;
}

std::string_view TokenOf(const CsvCell& cell, const CsvReadOptions& options) {
  switch (cell.kind) {
    case CsvCell::Kind::kText:
      return cell.text;
    case CsvCell::Kind::kMissing:
      return options.null_value;
    case CsvCell::Kind::kEmpty:
      return options.empty_value;
  }
  return cell.text;
}

base::StatusOr<bool> AppendCells(const std::vector<CsvCell>& cells, const CsvReadOptions& options,
                                 const std::vector<CellColumn*>& columns) {
  bool good = cells.size() == columns.size();
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i >= cells.size()) {
      SOTERIA_RETURN_IF_ERROR(columns[i]->AppendNull());
      continue;
    }
    const std::string_view token = TokenOf(cells[i], options);
    if (token == options.null_value) {
      SOTERIA_RETURN_IF_ERROR(columns[i]->AppendNull());
      continue;
    }
    switch (columns[i]->Append(token)) {
      case CellOutcome::kValue:
        break;
      case CellOutcome::kMalformed:
        good = false;
        SOTERIA_RETURN_IF_ERROR(columns[i]->AppendNull());
        break;
      case CellOutcome::kNeedsToday:
        return base::FailQuotingData(
            base::kUnsupported,
            "a time stamp without a day, which Spark takes for one of the day of reading, is not "
            "supported: read the column as a string");
    }
  }
  return good;
}

}  // namespace soteria::formats
