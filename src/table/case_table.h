// Unicode's upper and lower case as stock Spark has them: case_table.cc, made by
// tools/make_case_table.py. Constants; only case.cc reads them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace soteria::table::internal {

/// Every `step`-th code point from `first` to `last` maps to itself plus `delta`.
struct CaseRun {
  uint32_t first;
  uint32_t last;
  int32_t delta;
  uint32_t step;
};
/// One that maps to several.
struct CaseText {
  uint32_t code;
  const char* utf8;
};
struct CodeRange {
  uint32_t first;
  uint32_t last;
};

// All ascending.
extern const CaseRun kUpperRuns[];
extern const size_t kUpperRunsCount;
extern const CaseText kUpperTexts[];
extern const size_t kUpperTextsCount;
extern const CaseRun kLowerRuns[];
extern const size_t kLowerRunsCount;
extern const CaseText kLowerTexts[];
extern const size_t kLowerTextsCount;
extern const CodeRange kCased[];  ///< letters with case
extern const size_t kCasedCount;
extern const CodeRange kIgnorable[];  ///< passed over when case is looked for
extern const size_t kIgnorableCount;

}  // namespace soteria::table::internal
