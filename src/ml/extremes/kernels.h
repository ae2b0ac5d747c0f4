// The least and the greatest value of each feature: one pass over feature blocks. MLlib's rules:
// NaN is passed over, and a feature of nothing else has the greatest double as its least value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/kernel.h"

namespace soteria::ml {

struct Extremes {
  uint64_t rows = 0;
  std::vector<double> least, greatest;

  std::string Encode() const;
  /// Errors: kProtocol.
  static base::StatusOr<Extremes> Decode(std::string_view bytes);
  /// Errors: MLlib's, where there was no row.
  base::Status CheckNotEmpty() const;
};

class ExtremesKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.extremes";
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override { return {}; }
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;
};

}  // namespace soteria::ml
