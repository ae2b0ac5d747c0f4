// SQL statements, expression strings and attribute names, as scripts send them.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/connect/sql_expression.h"
#include "src/connect/sql_statement.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)soteria::connect::ParseSqlItem(text, "");
  (void)soteria::connect::ParseSql(text, {});
  // What is quoted again must read as the same parts.
  if (const auto parts = soteria::connect::NameParts(text); parts.ok()) {
    const auto again = soteria::connect::NameParts(soteria::connect::QuoteName(*parts));
    if (!again.ok() || *again != *parts) __builtin_trap();
  }
  return 0;
}
