#include "src/ml/stop_words_remover/stop_words.h"

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::ml {

base::StatusOr<std::vector<std::string>> DefaultStopWords(std::string_view language) {
  std::string languages;
  for (size_t i = 0; i < internal::kStopWordListCount; ++i) {
    const internal::StopWordList& list = internal::kStopWordLists[i];
    languages += base::Cat(languages.empty() ? "" : ", ", list.language);
    if (language != list.language) continue;
    std::vector<std::string> words;
    std::string_view rest = list.words;
    while (!rest.empty()) {
      const size_t end = rest.find('\n');
      words.emplace_back(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
    return words;
  }
  return base::Fail(base::kIllegalArgument,
                    base::Cat("requirement failed: ", language,
                              " is not in the supported language list: ", languages, "."));
}

}  // namespace soteria::ml
