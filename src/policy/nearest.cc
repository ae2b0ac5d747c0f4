#include "src/policy/nearest.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "src/base/text.h"

namespace soteria::policy {
namespace {

constexpr size_t kTyposMax = 3;
constexpr size_t kComparedBytesMax = 512;  // of a path; the work is its square

/// Letters to insert, delete, replace or swap with their neighbour.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> above(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(above.begin(), above.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = a[i - 1] == b[j - 1];
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

std::string_view LastPart(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// As many parts of `path` as `root` has.
std::string_view AsDeepAs(std::string_view path, std::string_view root) {
  auto slashes = std::count(root.begin(), root.end(), '/');
  size_t at = 0;
  for (; at < path.size(); ++at) {
    if (path[at] == '/' && slashes-- == 0) break;
  }
  return path.substr(0, at);
}

}  // namespace

std::string NearestPath(std::string_view path, const Manifest& manifest) {
  if (path.size() > kComparedBytesMax) return "";
  std::string nearest;
  size_t least = kTyposMax + 1;
  const auto consider = [&](const std::string& root) {
    if (root.size() > kComparedBytesMax) return;
    const std::string_view top = AsDeepAs(path, root);
    const bool moved = LastPart(path) == LastPart(root);
    // A short name has few letters to be wrong in.
    const size_t limit = std::min(kTyposMax, LastPart(root).size() / 2);
    const size_t typos = Distance(top, root);
    if (typos <= limit && typos < least) {
      least = typos;
      nearest = base::Cat(root, path.substr(top.size()));
    } else if (moved && nearest.empty()) {
      nearest = root;
    }
  };
  for (const DataSetRule& rule : manifest.read) consider(rule.path);
  for (const WritableRule& rule : manifest.write) consider(rule.path);
  return nearest;
}

}  // namespace soteria::policy
