// Cuts a SQL text into tokens, by Spark's lexical rules: `quoted names`, 'strings' and "strings"
// with backslash escapes, r'raw strings', comments (left out), hints (/*+ ... */, whose ends are
// operators), numbers with their suffixes, operators of up to three characters. Pure function over
// text from outside, bounded in size.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace soteria::connect {

inline constexpr size_t kSqlBytesMax = size_t{1} << 20;
inline constexpr size_t kSqlTokensMax = 100'000;

struct SqlToken {
  enum class Kind : uint8_t { kEnd, kWord, kQuotedName, kString, kNumber, kOperator };

  Kind kind = Kind::kEnd;
  std::string text;   // kString and kQuotedName: without quotes and escapes
  std::string upper;  // kWord: in upper case
  size_t begin = 0;   // place in the source
  size_t end = 0;
};

/// The tokens, the last one being kEnd. kParse with the place for an unclosed quote or a character
/// that no token starts with.
base::StatusOr<std::vector<SqlToken>> CutSql(std::string_view sql);

}  // namespace soteria::connect
