// A sum over rows that may have weights, and how many rows it is about: what the rule `min_rows`
// counts before anything of the sum may leave. Without weights the sum says so itself. With weights
// a second sum of the same kind goes beside it, with 1 for each weight above 0: a row without
// weight adds nothing to a cell, so that it hides nobody there. One thread at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "src/base/status.h"

namespace soteria::stats {

/// The two as bytes, whatever kind they are.
struct ExactSums {
  std::string sums;
  std::optional<std::string> rows;  // none: the weights are all 1

  std::string Encode() const;
  /// Errors: kProtocol.
  static base::StatusOr<ExactSums> Decode(std::string_view bytes);

  /// The same within the bytes that were decoded.
  struct View {
    std::string_view sums;
    std::optional<std::string_view> rows;
  };
  static base::StatusOr<View> Look(std::string_view bytes);
};

/// What a row of this weight adds to the sum of rows.
inline double CountedRow(double weight) { return weight > 0 ? 1.0 : 0.0; }

/// `Sums` has Merge, Encode and Decode.
template <typename Sums>
struct Counted {
  Sums sums;
  std::optional<Sums> rows;

  base::Status Merge(const Counted& other) {
    SOTERIA_RETURN_IF_ERROR(Add(other.sums, sums));
    if (!other.rows) return base::OkStatus();
    if (!rows) rows.emplace();
    return Add(*other.rows, *rows);
  }

  ExactSums Exact() const& { return Counted(*this).Exact(); }
  /// Lets go of each sum once it is bytes.
  ExactSums Exact() && {
    ExactSums exact{std::exchange(sums, {}).Encode(), std::nullopt};
    if (rows) exact.rows = std::exchange(*rows, {}).Encode();
    return exact;
  }
  std::string Encode() const& { return Exact().Encode(); }
  std::string Encode() && { return std::move(*this).Exact().Encode(); }

  static base::StatusOr<Counted> Decode(std::string_view bytes) {
    SOTERIA_ASSIGN_OR_RETURN(const ExactSums::View exact, ExactSums::Look(bytes));
    return Of(exact);
  }
  static base::StatusOr<Counted> Of(const ExactSums& exact) {
    return Of(ExactSums::View{exact.sums, exact.rows});
  }

 private:
  static base::StatusOr<Counted> Of(const ExactSums::View& exact) {
    Counted counted;
    SOTERIA_ASSIGN_OR_RETURN(counted.sums, Sums::Decode(exact.sums));
    if (exact.rows) {
      SOTERIA_ASSIGN_OR_RETURN(counted.rows, Sums::Decode(*exact.rows));
    }
    return counted;
  }
  static base::Status Add(const Sums& from, Sums& to) {
    if constexpr (std::is_void_v<decltype(to.Merge(from))>) {
      to.Merge(from);
      return base::OkStatus();
    } else {
      return to.Merge(from);
    }
  }
};

}  // namespace soteria::stats
