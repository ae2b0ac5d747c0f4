#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/sql_expression.h"

namespace soteria::connect {

base::StatusOr<std::vector<std::string>> NameParts(std::string_view identifier) {
  const auto invalid = [&] {
    return base::Fail(base::kParse, base::Cat("Syntax error in attribute name: ", identifier, "."));
  };
  std::vector<std::string> parts;
  std::string part;
  bool quoted = false;
  for (size_t i = 0; i < identifier.size(); ++i) {
    const char c = identifier[i];
    const bool more = i + 1 < identifier.size();
    if (quoted) {
      if (c != '`') {
        part += c;
      } else if (more && identifier[i + 1] == '`') {
        part += c;
        ++i;
      } else if (more && identifier[i + 1] != '.') {
        return invalid();
      } else {
        quoted = false;
      }
    } else if (c == '`') {
      if (!part.empty()) return invalid();
      quoted = true;
    } else if (c == '.') {
      if (part.empty() || !more) return invalid();
      parts.push_back(std::exchange(part, {}));
    } else {
      part += c;
    }
  }
  if (quoted || part.empty()) return invalid();
  parts.push_back(std::move(part));
  return parts;
}

std::string QuoteName(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += '.';
    out += '`';
    for (const char c : part) {
      out += c;
      if (c == '`') out += c;
    }
    out += '`';
  }
  return out;
}

}  // namespace soteria::connect
