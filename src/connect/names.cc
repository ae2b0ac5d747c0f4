#include <string>
#include <string_view>
#include <vector>

#include "src/connect/sql_expression.h"
#include "src/table/column_path.h"

namespace soteria::connect {

base::StatusOr<std::vector<std::string>> NameParts(std::string_view identifier) {
  return table::NameParts(identifier);
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
