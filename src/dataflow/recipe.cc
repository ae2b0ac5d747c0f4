#include "src/dataflow/recipe.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <type_traits>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"

namespace soteria::dataflow {
namespace {

using base::FieldWriter;

void AddStrings(const std::vector<std::string>& strings, FieldWriter& fields) {
  fields.AddU64(strings.size());
  for (const std::string& one : strings) fields.Add(one);
}

void AddSource(const DatasetSource& source, FieldWriter& fields) {
  fields.Add("dataset").Add(source.id).AddU64(source.version).Add(base::View(source.index));
  AddStrings(source.columns, fields);
}

void AddSource(const TreeSource& source, FieldWriter& fields) {
  fields.Add("tree").Add(source.id).AddU64(source.version).Add(base::View(source.index));
  fields.Add(source.format);
  AddStrings(source.files, fields);
  fields.Add(source.schema);
  AddStrings(source.keys, fields);
  AddStrings(source.values, fields);
  fields.Add(source.options).Add(source.pass);
  fields.AddU64(source.ranges.size());
  for (const FileRange& range : source.ranges) fields.AddU64(range.begin).AddU64(range.end);
}

void AddSource(const LocalSource& source, FieldWriter& fields) {
  fields.Add("local").Add(base::View(source.content)).AddU64(source.row_ends.size());
  for (const uint64_t end : source.row_ends) fields.AddU64(end);
}

void AddSource(const GatherSource& source, FieldWriter& fields) {
  fields.Add("gather").AddU64(source.inputs.size());
  for (const Input& input : source.inputs) {
    fields.Add(base::View(input.parent->digest)).AddU64(static_cast<uint64_t>(input.reads));
    fields.AddU64(input.first).Add(input.partitioner.kind).Add(input.partitioner.bytes);
  }
  fields.Add(source.combine.kind).Add(source.combine.bytes);
}

base::Digest SourceDigest(const Source& source, uint64_t partitions) {
  return std::visit(
      [&](const auto& one) {
        // Whoever reads its cells computes the name of the shuffle that the whole recipe was in.
        if constexpr (std::is_same_v<std::decay_t<decltype(one)>, NamedSource>) {
          return one.of;
        } else {
          FieldWriter fields;
          fields.Add("soteria/1 recipe").AddU64(partitions);
          AddSource(one, fields);
          return crypto::Sha256(fields.bytes());
        }
      },
      source);
}

base::Digest Extend(const base::Digest& before, const OperatorBytes& op) {
  FieldWriter fields;
  fields.Add(base::View(before)).Add(op.kind).Add(op.bytes);
  return crypto::Sha256(fields.bytes());
}

Status CheckSource(const DatasetSource& source, uint64_t) {
  if (source.id.size() != 16) return base::Fail(base::kProtocol, "a data set's id has 16 bytes");
  return base::OkStatus();
}

Status CheckRanges(const TreeSource& source, uint64_t partitions) {
  if (source.ranges.empty()) return base::OkStatus();
  if (source.ranges.size() != partitions || source.format == "parquet") {
    return base::Fail(base::kProtocol, "a tree source has a range of text for each partition");
  }
  const bool good =
      std::all_of(source.ranges.begin(), source.ranges.end(), [](const FileRange& range) {
        return range.begin < range.end || (range.whole() && range.begin == 0);
      });
  return good ? base::OkStatus() : base::Fail(base::kProtocol, "a range of a file that is none");
}

Status CheckSource(const TreeSource& source, uint64_t partitions) {
  if (source.id.size() != 16) return base::Fail(base::kProtocol, "a tree's id has 16 bytes");
  constexpr std::string_view kFormats[] = {"parquet", "orc", "text", "csv", "json", "libsvm"};
  if (std::find(std::begin(kFormats), std::end(kFormats), source.format) == std::end(kFormats)) {
    return base::Fail(base::kProtocol, "a tree is read in a format that isn't one");
  }
  if (source.files.size() != partitions) {
    return base::Fail(base::kProtocol, "a tree source names a file for each partition");
  }
  if (source.keys.size() > kFolderKeysMax ||
      source.values.size() != source.keys.size() * source.files.size()) {
    return base::Fail(base::kProtocol, "a tree source has one value a key and file");
  }
  if (source.schema.empty() && !source.keys.empty()) {
    return base::Fail(base::kProtocol, "a tree source with keys has a schema");
  }
  return CheckRanges(source, partitions);
}

Status CheckSource(const LocalSource& source, uint64_t partitions) {
  if (source.row_ends.size() != partitions ||
      !std::is_sorted(source.row_ends.begin(), source.row_ends.end())) {
    return base::Fail(base::kProtocol, "a local source has one ascending row end a partition");
  }
  return base::OkStatus();
}

Status CheckSource(const NamedSource& /*source*/, uint64_t) { return base::OkStatus(); }

bool EndsInFeatures(const Recipe& recipe) {
  return !recipe.chain.empty() && recipe.chain.back().kind == kFeaturesOperator;
}

Status CheckCells(const Input& input, uint64_t partitions) {
  const std::string& kind = input.partitioner.kind;
  if (kind != kRoundRobin && kind != kSingle && kind != kHash && kind != kRange && kind != kSame &&
      kind != kRoute) {
    return base::Fail(base::kProtocol, "unknown partitioner of a shuffle");
  }
  if (kind == kSame && input.parent->partitions != partitions) {
    return base::Fail(base::kProtocol, "a checkpoint has the partitions of what it is of");
  }
  if (kind == kSingle && partitions != 1) {
    return base::Fail(base::kProtocol, "a shuffle to a single target has one");
  }
  if (EndsInFeatures(*input.parent) && kind != kRoute) {
    return base::Fail(base::kProtocol, "feature blocks are exchanged by a route only");
  }
  return base::OkStatus();
}

Status CheckInput(const Input& input, uint64_t partitions) {
  if (input.parent == nullptr) return base::Fail(base::kProtocol, "a gather's input has a parent");
  const bool cells = input.reads == Reads::kCells;
  if (!cells && std::holds_alternative<NamedSource>(input.parent->source)) {
    return base::Fail(base::kProtocol, "what is only named is read by its cells");
  }
  if (cells) return CheckCells(input, partitions);
  if (!input.partitioner.kind.empty() || !input.partitioner.bytes.empty()) {
    return base::Fail(base::kProtocol, "a partitioner of an input that isn't a shuffle");
  }
  if (EndsInFeatures(*input.parent)) {
    return base::Fail(base::kProtocol, "feature blocks are exchanged by a route only");
  }
  const uint64_t parents = input.parent->partitions;
  switch (input.reads) {
    case Reads::kSame:
      if (parents == partitions) return base::OkStatus();
      return base::Fail(base::kProtocol, "an input has as many partitions as what reads it");
    case Reads::kRange:
      if (partitions <= parents) return base::OkStatus();
      return base::Fail(base::kProtocol, "a range has no more groups than its parent partitions");
    case Reads::kOffset:
      if (input.first < partitions && parents <= partitions - input.first) return base::OkStatus();
      return base::Fail(base::kProtocol, "an input's partitions don't fit those of its union");
    default:
      return base::OkStatus();
  }
}

/// Each partition is one of one input's.
Status CheckOffsets(const GatherSource& source, uint64_t partitions) {
  uint64_t next = 0;
  for (const Input& input : source.inputs) {
    if (input.reads != Reads::kOffset || input.first != next) {
      return base::Fail(base::kProtocol, "the inputs of a union follow each other");
    }
    next += input.parent->partitions;
  }
  if (next == partitions) return base::OkStatus();
  return base::Fail(base::kProtocol, "a union has the partitions of all its inputs");
}

Status CheckSource(const GatherSource& source, uint64_t partitions) {
  if (source.inputs.empty() || source.inputs.size() > kGatherInputsMax) {
    return base::Fail(base::kProtocol,
                      base::Cat("a gather can't have ", source.inputs.size(), " inputs"));
  }
  bool offsets = false;
  for (const Input& input : source.inputs) {
    if (input.reads != Reads::kOffset && input.first != 0) {
      return base::Fail(base::kProtocol, "only a union's input has a first partition");
    }
    SOTERIA_RETURN_IF_ERROR(CheckInput(input, partitions));
    offsets = offsets || input.reads == Reads::kOffset;
  }
  const bool combines = !source.combine.kind.empty();
  if (!combines && !source.combine.bytes.empty()) {
    return base::Fail(base::kProtocol, "a combining operator without a kind");
  }
  if (combines && (source.combine.kind != kJoinOperator || source.inputs.size() != 2 || offsets)) {
    return base::Fail(base::kProtocol, "a join combines two inputs in every partition");
  }
  return offsets ? CheckOffsets(source, partitions) : base::OkStatus();
}

Status CheckChain(const std::vector<OperatorBytes>& chain) {
  if (chain.size() > kChainMax) return base::Fail(base::kProtocol, "too many operators in a chain");
  for (size_t i = 0; i + 1 < chain.size(); ++i) {
    if (chain[i].kind == kFeaturesOperator && chain[i + 1].kind != kStepOperator) {
      return base::Fail(base::kProtocol, "only a step may come after table.features");
    }
  }
  return base::OkStatus();
}

/// The depth and size of what has this source; an error where they are too much.
Status Measure(Recipe& recipe) {
  if (const auto* gather = std::get_if<GatherSource>(&recipe.source)) {
    for (const Input& input : gather->inputs) {
      const Extent extent = ExtentOf(input);
      recipe.depth = std::max(recipe.depth, 1 + extent.depth);
      recipe.size += extent.size;  // each at most the limit
    }
  }
  if (recipe.depth > kRecipeDepthMax) return base::Fail(base::kProtocol, "a recipe is too deep");
  if (recipe.size > kRecipeSizeMax) {
    return base::Fail(base::kProtocol, "a recipe is made of too many others");
  }
  return base::OkStatus();
}

}  // namespace

StatusOr<RecipePtr> CheckedRecipe(Source source, std::vector<OperatorBytes> chain,
                                  uint64_t partitions) {
  if (partitions == 0 || partitions > kPartitionsMax) {
    return base::Fail(base::kProtocol,
                      base::Cat("a recipe can't have ", partitions, " partitions"));
  }
  SOTERIA_RETURN_IF_ERROR(
      std::visit([&](const auto& one) { return CheckSource(one, partitions); }, source));
  SOTERIA_RETURN_IF_ERROR(CheckChain(chain));
  if (std::holds_alternative<NamedSource>(source) && !chain.empty()) {
    return base::Fail(base::kProtocol, "what is only named is read by its cells");
  }
  auto recipe = std::make_shared<Recipe>();
  recipe->source = std::move(source);
  recipe->chain = std::move(chain);
  recipe->partitions = partitions;
  SOTERIA_RETURN_IF_ERROR(Measure(*recipe));
  recipe->prefixes = {SourceDigest(recipe->source, partitions)};
  recipe->prefixes.reserve(recipe->chain.size() + 1);
  for (const OperatorBytes& op : recipe->chain) {
    recipe->prefixes.push_back(Extend(recipe->prefixes.back(), op));
  }
  recipe->digest = recipe->prefixes.back();
  return RecipePtr(std::move(recipe));
}

RecipePtr MakeRecipe(Source source, std::vector<OperatorBytes> chain, uint64_t partitions) {
  StatusOr<RecipePtr> recipe = CheckedRecipe(std::move(source), std::move(chain), partitions);
  CHECK(recipe.ok()) << "a planned recipe with " << partitions << " partitions";
  return *std::move(recipe);
}

Extent ExtentOf(const Input& input) {
  if (input.reads == Reads::kCells) return {};
  return {input.parent->depth, input.parent->size};
}

GatherSource GatherCheckpoint(const Recipe& of, DataBehind behind) {
  return GatherCells(MakeRecipe(NamedSource{of.digest, std::move(behind)}, {}, of.partitions),
                     {kSame, {}});
}

std::vector<std::string> DataBehind::Pays() const {
  std::vector<std::string> all = roots;
  all.insert(all.end(), origins.begin(), origins.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

namespace {

void AddBlocks(const Recipe& recipe, std::set<base::Digest>& known,
               std::vector<base::Digest>& blocks) {
  if (!known.insert(recipe.digest).second) return;
  for (const base::Digest& digest : recipe.prefixes) {
    if (digest == recipe.digest || known.insert(digest).second) blocks.push_back(digest);
  }
  const auto* gather = std::get_if<GatherSource>(&recipe.source);
  if (gather == nullptr) return;
  for (const Input& input : gather->inputs) {
    if (input.reads != Reads::kCells) AddBlocks(*input.parent, known, blocks);
  }
}

}  // namespace

std::vector<base::Digest> BlocksOf(const Recipe& recipe) {
  std::set<base::Digest> known;
  std::vector<base::Digest> blocks;
  AddBlocks(recipe, known, blocks);
  return blocks;
}

std::vector<const Input*> ShufflesOf(const Recipe& recipe) {
  std::vector<const Input*> shuffles;
  const auto* gather = std::get_if<GatherSource>(&recipe.source);
  if (gather == nullptr) return shuffles;
  for (const Input& input : gather->inputs) {
    if (input.reads == Reads::kCells) {
      shuffles.push_back(&input);
    } else {
      for (const Input* below : ShufflesOf(*input.parent)) shuffles.push_back(below);
    }
  }
  return shuffles;
}

base::Digest ShuffleDigest(const Recipe& parent, uint64_t targets,
                           const OperatorBytes& partitioner) {
  FieldWriter fields;
  fields.Add("soteria/1 shuffle").Add(base::View(parent.digest)).AddU64(targets);
  fields.Add(partitioner.kind).Add(partitioner.bytes);
  return crypto::Sha256(fields.bytes());
}

std::pair<uint64_t, uint64_t> CoalescedRange(uint64_t partitions, uint64_t groups, uint64_t index) {
  return {index * partitions / groups, (index + 1) * partitions / groups};
}

std::pair<uint64_t, uint64_t> PartitionsRead(const Input& input, uint64_t partitions,
                                             uint64_t index) {
  const uint64_t parents = input.parent->partitions;
  switch (input.reads) {
    case Reads::kSame:
      return {index, index + 1};
    case Reads::kRange:
      return CoalescedRange(parents, partitions, index);
    case Reads::kOffset: {
      const bool has = index >= input.first && index - input.first < parents;
      return has ? std::pair{index - input.first, index - input.first + 1} : std::pair{0UL, 0UL};
    }
    case Reads::kAll:
      return {0, parents};
    case Reads::kCells:
      break;
  }
  return {0, 0};
}

}  // namespace soteria::dataflow
