#include "src/exec/prefix.h"

#include <algorithm>
#include <array>

#include "src/base/fields.h"

namespace soteria::exec {

bool KeepsPrefix(std::string_view kind) {
  // Draws of rand and sample go on from row to row, so they keep prefixes too; sorts don't.
  constexpr std::array<std::string_view, 11> kKinds = {
      "exec.project",  "exec.filter",   "exec.limit",       "exec.take",
      "exec.sample",   "exec.distinct", "exec.offset",      "exec.as",
      "exec.generate", "exec.expand",   "exec.sample_again"};
  return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

bool MakesRows(std::string_view kind) {
  return kind == "exec.generate" || kind == "exec.expand" || kind == "exec.sample_again";
}

std::optional<int64_t> LimitOf(std::string_view kind, std::string_view bytes) {
  if (kind != kTake && kind != "exec.limit") return std::nullopt;
  base::FieldReader in(bytes);
  const auto rows = in.NextI64();
  if (!rows.ok() || *rows < 0) return std::nullopt;
  return *rows;
}

}  // namespace soteria::exec
