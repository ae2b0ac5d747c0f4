#include "src/stats/exact_sums.h"

#include "src/base/fields.h"

namespace soteria::stats {

std::string ExactSums::Encode() const {
  base::FieldWriter w;
  w.Add(sums).AddBool(rows.has_value());
  if (rows) w.Add(*rows);
  return w.Take();
}

base::StatusOr<ExactSums> ExactSums::Decode(std::string_view bytes) {
  SOTERIA_ASSIGN_OR_RETURN(const View view, Look(bytes));
  ExactSums exact{std::string(view.sums), std::nullopt};
  if (view.rows) exact.rows = *view.rows;
  return exact;
}

base::StatusOr<ExactSums::View> ExactSums::Look(std::string_view bytes) {
  base::FieldReader r(bytes);
  View exact;
  SOTERIA_ASSIGN_OR_RETURN(exact.sums, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const bool weighted, r.NextBool());
  if (weighted) {
    SOTERIA_ASSIGN_OR_RETURN(exact.rows, r.Next());
  }
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return exact;
}

}  // namespace soteria::stats
