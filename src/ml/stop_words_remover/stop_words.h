// The stop words of the languages that Spark knows, as the pyspark package brings them
// (tools/make_stop_words.py). Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace soteria::ml {

/// Errors: kIllegalArgument with MLlib's text for a language that isn't there.
base::StatusOr<std::vector<std::string>> DefaultStopWords(std::string_view language);

/// Java's default where nobody sets another.
inline constexpr char kDefaultLocale[] = "en_US";

namespace internal {
struct StopWordList {
  const char* language;
  const char* words;  // one a line
};
extern const StopWordList kStopWordLists[];  // generated
extern const size_t kStopWordListCount;
}  // namespace internal

}  // namespace soteria::ml
