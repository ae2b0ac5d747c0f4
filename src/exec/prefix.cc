#include "src/exec/prefix.h"

#include <algorithm>
#include <array>

#include "src/base/fields.h"
#include "src/exec/generate.h"

namespace soteria::exec {

bool KeepsPrefix(std::string_view kind) {
  // Draws of rand and sample go on from row to row, so they keep prefixes too; sorts don't.
  constexpr std::array<std::string_view, 8> kKinds = {
      "exec.project", "exec.filter",   "exec.limit",  "exec.take",
      "exec.sample",  "exec.distinct", "exec.offset", "exec.as"};
  return MakesRows(kind) || std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

std::optional<int64_t> LimitOf(std::string_view kind, std::string_view bytes) {
  if (kind != kTake && kind != "exec.limit") return std::nullopt;
  base::FieldReader in(bytes);
  const auto rows = in.NextI64();
  if (!rows.ok() || *rows < 0) return std::nullopt;
  return *rows;
}

}  // namespace soteria::exec
