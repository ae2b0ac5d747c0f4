// Java's regular expressions over RE2, which takes time in proportion to the text whatever the
// pattern. What RE2 hasn't, or would read in another way, is refused by name when the pattern is
// compiled; what is left means the same. Immutable; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace soteria::table {

inline constexpr size_t kPatternBytesMax = 4096;

/// Where a match or a group of one lies in a text.
struct PatternSpan {
  size_t begin = 0;
  size_t end = 0;
  bool matched = false;  ///< a group may take no part in a match
};

/// How a pattern is read.
struct PatternUse {
  /// Who wrote it, for errors.
  std::string_view who = "RegexTokenizer";
  /// What groups hold is asked for; then `$` may stand at the end, (?i) at the beginning, and \b
  /// anywhere, of which the last two want texts of ASCII characters.
  bool groups = false;
};

class JavaPattern {
 public:
  /// Errors: kUnsupported naming the construct, kIllegalArgument for what is no pattern.
  static base::StatusOr<std::shared_ptr<const JavaPattern>> Compile(std::string_view pattern,
                                                                    const PatternUse& use = {});
  ~JavaPattern();

  /// What is between the matches, as Pattern.split gives it: no empty text at the end, none for an
  /// empty match at the beginning.
  void Split(std::string_view text, std::vector<std::string_view>& out) const;
  /// The matches.
  void FindAll(std::string_view text, std::vector<std::string_view>& out) const;

  /// kUnsupported for a text that the pattern might read otherwise than Java does.
  base::Status CheckText(std::string_view text) const;
  /// Groups of the pattern, the match itself left out.
  int groups() const;
  /// The first match from `from` on, and the groups of it; false: none.
  bool Find(std::string_view text, size_t from, std::vector<PatternSpan>& spans) const;
  /// Where to look for the match after that one.
  static size_t After(std::string_view text, const PatternSpan& match);

 private:
  struct Impl;
  explicit JavaPattern(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// RE2's form of a Java pattern. Errors: as Compile.
base::StatusOr<std::string> TranslatePattern(std::string_view pattern, const PatternUse& use = {});

/// Characters of UTF-8 text as Java counts them (UTF-16 units).
size_t JavaLength(std::string_view text);

}  // namespace soteria::table
