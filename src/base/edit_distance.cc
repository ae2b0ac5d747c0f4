#include "src/base/edit_distance.h"

#include <algorithm>
#include <vector>

#include "src/base/ascii.h"

namespace soteria::base {
namespace {

constexpr size_t kWordBytesMax = 256;
constexpr size_t kBytesForASlip = 3;
constexpr size_t kSwapped = 2;  // what two neighbours that are swapped count for

}  // namespace

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j - 1] + 1, row[j] + 1, replaced});
    }
  }
  return row[b.size()];
}

std::string Nearest(std::string_view word, std::span<const std::string> candidates) {
  if (word.size() > kWordBytesMax) return "";
  const std::string lower = Lower(word);
  const size_t third = word.size() / kBytesForASlip;
  size_t best = (word.size() > kBytesForASlip ? std::max(third, kSwapped) : third) + 1;
  std::string nearest;
  for (const std::string& candidate : candidates) {
    if (candidate == word || candidate.size() > kWordBytesMax) continue;
    const size_t distance = EditDistance(lower, Lower(candidate));
    if (distance >= best) continue;
    best = distance;
    nearest = candidate;
  }
  return nearest;
}

}  // namespace soteria::base
