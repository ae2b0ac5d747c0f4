// In how many rows each feature is above 0: one pass over feature blocks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/kernel.h"

namespace soteria::ml {

struct DocumentFrequencies {
  int64_t rows = 0;
  std::vector<int64_t> frequencies;

  std::string Encode() const;
  /// Errors: kProtocol.
  static base::StatusOr<DocumentFrequencies> Decode(std::string_view bytes);
};

class DocumentFrequenciesKernel : public Kernel {
 public:
  static constexpr std::string_view kKind = "ml.idf.frequencies";
  static base::StatusOr<KernelPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override { return {}; }
  base::StatusOr<std::string> Map(const Part& part) const override;
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override;
};

}  // namespace soteria::ml
