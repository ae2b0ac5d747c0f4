#include "src/dataflow/recipe.h"

#include <algorithm>

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
}

void AddSource(const LocalSource& source, FieldWriter& fields) {
  fields.Add("local").Add(base::View(source.content)).AddU64(source.row_ends.size());
  for (const uint64_t end : source.row_ends) fields.AddU64(end);
}

void AddSource(const ShuffleSource& source, FieldWriter& fields) {
  fields.Add("shuffle").Add(base::View(source.parent->digest)).AddU64(source.targets);
  fields.Add(source.partitioner.kind).Add(source.partitioner.bytes);
}

void AddSource(const CoalesceSource& source, FieldWriter& fields) {
  fields.Add("coalesce").Add(base::View(source.parent->digest)).AddU64(source.groups);
}

base::Digest SourceDigest(const Source& source, uint64_t partitions) {
  FieldWriter fields;
  fields.Add("soteria/1 recipe").AddU64(partitions);
  std::visit([&](const auto& one) { AddSource(one, fields); }, source);
  return crypto::Sha256(fields.bytes());
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

Status CheckSource(const TreeSource& source, uint64_t partitions) {
  if (source.id.size() != 16) return base::Fail(base::kProtocol, "a tree's id has 16 bytes");
  if (source.format != "parquet" && source.format != "text") {
    return base::Fail(base::kProtocol, "a tree is read as parquet or text");
  }
  if (source.files.size() != partitions) {
    return base::Fail(base::kProtocol, "a tree source has one partition a file");
  }
  if (source.keys.size() > kFolderKeysMax ||
      source.values.size() != source.keys.size() * source.files.size()) {
    return base::Fail(base::kProtocol, "a tree source has one value a key and file");
  }
  if (source.schema.empty() && !source.keys.empty()) {
    return base::Fail(base::kProtocol, "a tree source with keys has a schema");
  }
  return base::OkStatus();
}

Status CheckSource(const LocalSource& source, uint64_t partitions) {
  if (source.row_ends.size() != partitions ||
      !std::is_sorted(source.row_ends.begin(), source.row_ends.end())) {
    return base::Fail(base::kProtocol, "a local source has one ascending row end a partition");
  }
  return base::OkStatus();
}

Status CheckSource(const ShuffleSource& source, uint64_t partitions) {
  if (source.parent == nullptr || source.targets != partitions) {
    return base::Fail(base::kProtocol, "a shuffle source has a parent and one partition a target");
  }
  const std::string& kind = source.partitioner.kind;
  if (kind != kRoundRobin && kind != kSingle && kind != kRoute) {
    return base::Fail(base::kProtocol, "unknown partitioner of a shuffle");
  }
  if (kind == kSingle && source.targets != 1) {
    return base::Fail(base::kProtocol, "a shuffle to a single target has one");
  }
  return base::OkStatus();
}

Status CheckSource(const CoalesceSource& source, uint64_t partitions) {
  if (source.parent == nullptr || source.groups != partitions ||
      source.groups > source.parent->partitions) {
    return base::Fail(base::kProtocol, "a coalesce has no more groups than its parent partitions");
  }
  return base::OkStatus();
}

int Depth(const Source& source) {
  const RecipePtr* parent = nullptr;
  if (const auto* shuffle = std::get_if<ShuffleSource>(&source)) parent = &shuffle->parent;
  if (const auto* coalesce = std::get_if<CoalesceSource>(&source)) parent = &coalesce->parent;
  return parent == nullptr || *parent == nullptr ? 1 : 1 + Depth((*parent)->source);
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

bool EndsInFeatures(const RecipePtr& recipe) {
  return !recipe->chain.empty() && recipe->chain.back().kind == kFeaturesOperator;
}

Status CheckParent(const Source& source) {
  const auto* shuffle = std::get_if<ShuffleSource>(&source);
  const auto* coalesce = std::get_if<CoalesceSource>(&source);
  if ((shuffle != nullptr && shuffle->partitioner.kind != kRoute &&
       EndsInFeatures(shuffle->parent)) ||
      (coalesce != nullptr && EndsInFeatures(coalesce->parent))) {
    return base::Fail(base::kProtocol, "feature blocks are exchanged by a route only");
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
  if (Depth(source) > kRecipeDepthMax) return base::Fail(base::kProtocol, "a recipe is too deep");
  SOTERIA_RETURN_IF_ERROR(CheckParent(source));
  SOTERIA_RETURN_IF_ERROR(CheckChain(chain));
  auto recipe = std::make_shared<Recipe>();
  recipe->source = std::move(source);
  recipe->chain = std::move(chain);
  recipe->partitions = partitions;
  recipe->digest = PrefixDigests(*recipe).back();
  return RecipePtr(std::move(recipe));
}

RecipePtr MakeRecipe(Source source, std::vector<OperatorBytes> chain, uint64_t partitions) {
  StatusOr<RecipePtr> recipe = CheckedRecipe(std::move(source), std::move(chain), partitions);
  CHECK(recipe.ok()) << "a planned recipe with " << partitions << " partitions";
  return *std::move(recipe);
}

std::vector<base::Digest> PrefixDigests(const Recipe& recipe) {
  std::vector<base::Digest> digests = {SourceDigest(recipe.source, recipe.partitions)};
  digests.reserve(recipe.chain.size() + 1);
  for (const OperatorBytes& op : recipe.chain) digests.push_back(Extend(digests.back(), op));
  return digests;
}

std::vector<base::Digest> BlocksOf(const Recipe& recipe) {
  std::vector<base::Digest> blocks = PrefixDigests(recipe);
  if (const auto* coalesce = std::get_if<CoalesceSource>(&recipe.source)) {
    for (const base::Digest& digest : BlocksOf(*coalesce->parent)) blocks.push_back(digest);
  }
  return blocks;
}

std::vector<const ShuffleSource*> ShufflesOf(const Recipe& recipe) {
  if (const auto* shuffle = std::get_if<ShuffleSource>(&recipe.source)) return {shuffle};
  if (const auto* coalesce = std::get_if<CoalesceSource>(&recipe.source)) {
    return ShufflesOf(*coalesce->parent);
  }
  return {};
}

base::Digest ShuffleDigest(const ShuffleSource& source) {
  FieldWriter fields;
  fields.Add("soteria/1 shuffle").Add(base::View(source.parent->digest)).AddU64(source.targets);
  fields.Add(source.partitioner.kind).Add(source.partitioner.bytes);
  return crypto::Sha256(fields.bytes());
}

std::pair<uint64_t, uint64_t> CoalescedRange(uint64_t partitions, uint64_t groups, uint64_t index) {
  return {index * partitions / groups, (index + 1) * partitions / groups};
}

}  // namespace soteria::dataflow
