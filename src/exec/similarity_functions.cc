// jaro_winkler_similarity: how alike two texts are, from 0 to 1, by their UTF-16 units as Java has
// them.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <algorithm>
#include <string>
#include <vector>

#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/table/valid_text.h"

namespace soteria::exec {
namespace {

/// Two texts are compared in time of their product.
constexpr size_t kUnitsMax = 65'536;

std::u16string UnitsOf(std::string_view bytes) {
  const std::string text = table::ValidText(bytes);
  std::u16string units;
  for (size_t i = 0; i < text.size();) {
    const auto at = [&](size_t k) { return static_cast<unsigned char>(text[i + k]); };
    const size_t length = at(0) < 0x80 ? 1 : at(0) < 0xE0 ? 2 : at(0) < 0xF0 ? 3 : 4;
    uint32_t code = length == 1 ? at(0) : at(0) & (0xFFU >> (length + 1));
    for (size_t k = 1; k < length; ++k) code = code << 6 | (at(k) & 0x3FU);
    if (code < 0x10000) {
      units += static_cast<char16_t>(code);
    } else {
      units += static_cast<char16_t>(0xD800U + ((code - 0x10000U) >> 10));
      units += static_cast<char16_t>(0xDC00U + ((code - 0x10000U) & 0x3FFU));
    }
    i += length;
  }
  return units;
}

double JaroWinkler(const std::u16string& a, const std::u16string& b) {
  if (a.empty() && b.empty()) return 1;
  const size_t longer = std::max(a.size(), b.size());
  const size_t window = std::max<size_t>(longer / 2, 1) - 1;
  std::vector<bool> taken(b.size());
  std::u16string first;
  for (size_t i = 0; i < a.size(); ++i) {
    const size_t from = i > window ? i - window : 0;
    const size_t to = std::min(i + window + 1, b.size());
    for (size_t j = from; j < to; ++j) {
      if (taken[j] || a[i] != b[j]) continue;
      taken[j] = true;
      first += a[i];
      break;
    }
  }
  if (first.empty()) return 0;
  size_t differ = 0;
  size_t at = 0;
  for (size_t j = 0; j < b.size(); ++j) {
    if (taken[j] && first[at++] != b[j]) ++differ;
  }
  const auto matches = static_cast<double>(first.size());
  const double jaro =
      (matches / static_cast<double>(a.size()) + matches / static_cast<double>(b.size()) +
       (matches - static_cast<double>(differ) / 2.0) / matches) /
      3.0;
  size_t prefix = 0;
  while (prefix < std::min({a.size(), b.size(), size_t{4}}) && a[prefix] == b[prefix]) ++prefix;
  return jaro + static_cast<double>(prefix) * 0.1 * (1.0 - jaro);
}

base::StatusOr<ArrayPtr> Similarity(const Bound& node, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  return Each<arrow::DoubleBuilder>(node, args, rows, [&](int64_t i) -> base::StatusOr<double> {
    const std::u16string a = UnitsOf(TextAt(*args[0], i));
    const std::u16string b = UnitsOf(TextAt(*args[1], i));
    if (std::max(a.size(), b.size()) > kUnitsMax) return TooLong("jaro_winkler_similarity");
    return JaroWinkler(a, b);
  });
}

constexpr Function kFunctions[] = {
    {"jaro_winkler_similarity", 2, 2, "jaro_winkler_similarity", Print::kCall,
     BindSimple<Similarity, "ss", 'd', kNullable + kCareful>},
};

}  // namespace

std::span<const Function> SimilarityFunctions() { return kFunctions; }

}  // namespace soteria::exec
