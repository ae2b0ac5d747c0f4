#include "src/master/data_behind.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "src/base/ascii.h"
#include "src/exec/groups.h"
#include "src/exec/join.h"

namespace soteria::master {

using storage::Origin;

namespace {

void AddAll(const std::vector<std::string>& from, std::vector<std::string>& to) {
  to.insert(to.end(), from.begin(), from.end());
}

bool Unique(std::vector<std::string>& ids) {
  std::sort(ids.begin(), ids.end());
  const auto repeated = std::unique(ids.begin(), ids.end());
  const bool unique = repeated == ids.end();
  ids.erase(repeated, ids.end());
  return unique;
}

/// Of the rows of all inputs.
DataBehind OfInputs(const dataflow::GatherSource& gather) {
  std::vector<DataBehind> inputs;
  DataBehind all{{}, {}, true, true};
  for (const dataflow::Input& input : gather.inputs) {
    DataBehind& one = inputs.emplace_back(BehindOf(*input.parent));
    // Every partition has all of these.
    if (input.reads == dataflow::Reads::kAll) one.once = false;
    AddAll(one.roots, all.roots);
    AddAll(one.origins, all.origins);
    all.once = all.once && one.once;
    all.known = all.known && one.known;
  }
  const bool disjoint = Unique(all.origins);
  Unique(all.roots);
  all.once = all.once && disjoint;
  if (gather.combine.kind.empty()) return all;
  const auto join = exec::Join::Decode(gather.combine.bytes);
  const bool keeps = join.ok() && join->KeepsLeftRows();
  // Rows that others choose are still themselves, each once. Whoever the choosing rows are about
  // pays too, so it must be known who that is: rows made of others (an aggregate's) don't say.
  all.once = keeps && inputs[0].once && inputs[1].known;
  return all;
}

/// Whether a row that the operator leaves is one that it was given, each at most once, and no other
/// row's values are beside it. Whatever isn't known to do so may not: explode makes many rows of
/// one, and a window puts one row's value beside all others, so that what is counted of each is of
/// one.
bool KeepsRowsApart(const dataflow::OperatorBytes& op) {
  static constexpr std::string_view kKinds[] = {"exec.project",
                                                "exec.filter",
                                                "exec.limit",
                                                "exec.take",
                                                "exec.sample",
                                                "exec.sort",
                                                "exec.sort_all",
                                                "exec.offset",
                                                "exec.tail",
                                                "exec.distinct",
                                                "exec.as",
                                                "ml.transform",
                                                dataflow::kFeaturesOperator,
                                                dataflow::kStepOperator};
  return std::find(std::begin(kKinds), std::end(kKinds), op.kind) != std::end(kKinds);
}

/// Whether each line of a file of this name is a record to readers of the format. A value with line
/// ends, or an object over several lines, is one record to its own reader and many lines to others.
bool NameSaysRecords(const std::string& path, std::string_view format) {
  static constexpr std::string_view kCsv[] = {".csv", ".tsv", ".txt", ".text", ".data"};
  static constexpr std::string_view kJson[] = {".json", ".jsonl", ".ndjson", ".txt", ".text"};
  static constexpr std::string_view kLibsvm[] = {".libsvm", ".svm", ".txt", ".text", ".data"};
  static constexpr std::string_view kText[] = {".txt", ".text"};
  std::string name = path.substr(path.rfind('/') + 1);
  if (name.ends_with(".gz")) name.resize(name.size() - 3);  // as readers decide it
  name = base::Lower(name);
  const size_t dot = name.rfind('.');
  // A plain name says nothing; the script's word is not enough for lines of what may be anything.
  if (dot == std::string::npos) return format != "text";
  const auto ends = [&](const auto& known) {
    return std::find(std::begin(known), std::end(known), std::string_view(name).substr(dot)) !=
           std::end(known);
  };
  if (format == "csv") return ends(kCsv);
  if (format == "json") return ends(kJson);
  if (format == "libsvm") return ends(kLibsvm);
  return format == "text" && ends(kText);
}

}  // namespace

DataBehind BehindOf(const dataflow::Recipe& recipe) {
  DataBehind behind = std::visit(
      [](const auto& source) -> DataBehind {
        using Source = std::decay_t<decltype(source)>;
        if constexpr (std::is_same_v<Source, dataflow::DatasetSource>) {
          return {{source.id}, {source.id}, true, true};
        } else if constexpr (std::is_same_v<Source, dataflow::TreeSource>) {
          return {
              {source.id}, source.origins.ids, source.origins.once, !source.origins.ids.empty()};
        } else if constexpr (std::is_same_v<Source, dataflow::LocalSource>) {
          return {};
        } else if constexpr (std::is_same_v<Source, dataflow::NamedSource>) {
          return source.behind;
        } else {
          return OfInputs(source);
        }
      },
      recipe.source);
  if (!std::all_of(recipe.chain.begin(), recipe.chain.end(), KeepsRowsApart)) behind.once = false;
  const auto groups = [](const dataflow::OperatorBytes& op) { return exec::MakesGroups(op.kind); };
  if (std::any_of(recipe.chain.begin(), recipe.chain.end(), groups)) {
    // Made of many rows, they are nobody's that is known; what is read is paid for all the same.
    behind.known = false;
    behind.origins.clear();
  }
  return behind;
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

dataflow::RowOrigins OriginsOfText(const std::string& tree_id, const std::string& format,
                                   const std::vector<const storage::FileEntry*>& files) {
  dataflow::RowOrigins all = OriginsOf(tree_id, files);
  for (const storage::FileEntry* file : files) {
    const bool put = file->origin.made == Origin::Made::kPut;
    if (!put || !NameSaysRecords(file->name, format)) all.once = all.stored = false;
  }
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
