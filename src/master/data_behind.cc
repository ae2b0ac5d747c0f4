#include "src/master/data_behind.h"

#include <algorithm>
#include <map>
#include <type_traits>
#include <utility>
#include <variant>

namespace soteria::master {

using storage::Origin;

std::vector<std::string> DataBehind::Pays() const {
  std::vector<std::string> all = roots;
  all.insert(all.end(), origins.begin(), origins.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

// A plan has one source (no operator joins two), which a shuffle or a coalesce only rearranges.
DataBehind BehindOf(const dataflow::Recipe& recipe) {
  return std::visit(
      [](const auto& source) -> DataBehind {
        using Source = std::decay_t<decltype(source)>;
        if constexpr (std::is_same_v<Source, dataflow::DatasetSource>) {
          return {{source.id}, {source.id}, true};
        } else if constexpr (std::is_same_v<Source, dataflow::TreeSource>) {
          return {{source.id}, source.origins.ids, source.origins.once};
        } else if constexpr (std::is_same_v<Source, dataflow::LocalSource>) {
          return {};
        } else {
          return BehindOf(*source.parent);
        }
      },
      recipe.source);
}

dataflow::RowOrigins OriginsOf(const std::string& tree_id,
                               const std::vector<const storage::FileEntry*>& files) {
  dataflow::RowOrigins all{{}, true, true};
  std::map<std::string, std::string> writes;  // by origin; two writes of one may repeat its rows
  for (const storage::FileEntry* file : files) {
    const Origin& origin = file->origin;
    const bool put = origin.made == Origin::Made::kPut;
    all.stored = all.stored && put;
    all.once = all.once && (put || origin.once);
    if (origin.made == Origin::Made::kUnknown) return {};
    for (const std::string& id : put ? std::vector<std::string>{tree_id} : origin.ids) {
      const auto [known, first] = writes.emplace(id, origin.write);
      all.once = all.once && (first || known->second == origin.write);
    }
  }
  for (const auto& [id, write] : writes) all.ids.push_back(id);
  return all;
}

Origin OriginOfWrite(const DataBehind& behind, std::string write) {
  Origin origin{Origin::Made::kJob, std::move(write), false, {}};
  // More than an index holds can't be paid for, so their rows are nobody's that is known.
  if (behind.origins.size() > storage::kOriginsMax) return origin;
  origin.ids = behind.origins;
  origin.once = behind.MayBeCounted();
  return origin;
}

}  // namespace soteria::master
