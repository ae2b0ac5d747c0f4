// SQL expression strings and attribute names, as scripts send them.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/connect/sql_expression.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto resolve =
      [](std::vector<std::string> parts) -> soteria::base::StatusOr<soteria::exec::ExprPtr> {
    return soteria::exec::Column(soteria::connect::QuoteName(parts));
  };
  const auto item = soteria::connect::ParseSqlItem(text, resolve, "");
  if (item.ok() && !item->star) (void)soteria::exec::PrettyName(*item->expr);
  // What is quoted again must read as the same parts.
  if (const auto parts = soteria::connect::NameParts(text); parts.ok()) {
    const auto again = soteria::connect::NameParts(soteria::connect::QuoteName(*parts));
    if (!again.ok() || *again != *parts) __builtin_trap();
  }
  return 0;
}
