// Java's regular expressions over RE2, which takes time in proportion to the text whatever the
// pattern. What RE2 hasn't, or would read in another way, is refused by name when the pattern is
// compiled; what is left means the same. Immutable; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace soteria::ml {

inline constexpr size_t kPatternBytesMax = 4096;

class JavaPattern {
 public:
  /// Errors: kUnsupported naming the construct, kIllegalArgument for what is no pattern.
  static base::StatusOr<std::shared_ptr<const JavaPattern>> Compile(std::string_view pattern);
  ~JavaPattern();

  /// What is between the matches, as Pattern.split gives it: no empty text at the end, none for an
  /// empty match at the beginning.
  void Split(std::string_view text, std::vector<std::string_view>& out) const;
  /// The matches.
  void FindAll(std::string_view text, std::vector<std::string_view>& out) const;

 private:
  struct Impl;
  explicit JavaPattern(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// RE2's form of a Java pattern. Errors: as Compile.
base::StatusOr<std::string> TranslatePattern(std::string_view pattern);

/// Characters of UTF-8 text as Java counts them (UTF-16 units).
size_t JavaLength(std::string_view text);

}  // namespace soteria::ml
