// A recipe says how a block is made: a source, then a chain of narrow operators, for a number of
// partitions. Its digest names the block and covers content only: never a stage number, a broadcast
// id or a folder, so that the same work has the same name in every stage. Operators are opaque
// bytes here; the digest hashes them. Recipes are immutable and shared between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/status.h"

namespace soteria::dataflow {

using base::Status;
using base::StatusOr;

/// More partitions than this are refused wherever a recipe is made.
inline constexpr uint64_t kPartitionsMax = 100'000;
/// Gathers nest at most this deep.
inline constexpr int kRecipeDepthMax = 32;
/// Inputs of one gather.
inline constexpr size_t kGatherInputsMax = 256;
/// Recipes in one, each as often as it is named: an encoding names its parents in full.
inline constexpr uint64_t kRecipeSizeMax = 2'048;
/// Operators in one chain.
inline constexpr size_t kChainMax = 4'096;

/// Columns that names of folders make.
inline constexpr size_t kFolderKeysMax = 64;

/// The kind of the operator that turns a table into a feature block; only steps may come after it
/// in a chain. Its bytes are EncodeFeatureColumns (feature_columns.h).
inline constexpr char kFeaturesOperator[] = "table.features";

// What a shuffle is partitioned by: by place, all to one target, by the hash of keys, by bounds of
// an order (exec/partition.h), each partition to the target of its own number (which has this one
// cell), or as an algorithm says (its bytes are ml::EncodeRoute).
inline constexpr char kRoundRobin[] = "exec.round_robin";
inline constexpr char kSingle[] = "exec.single";
inline constexpr char kHash[] = "exec.hash";
inline constexpr char kRange[] = "exec.range";
inline constexpr char kSame[] = "exec.same";
inline constexpr char kRoute[] = "ml.route";

/// Combines the rows of two inputs (exec::Join).
inline constexpr char kJoinOperator[] = "exec.join";

/// A link that makes the next block out of features or rows (ml::EncodeStep).
inline constexpr char kStepOperator[] = "ml.step";

/// An operator or kernel as its own folder encoded it.
struct OperatorBytes {
  std::string kind;
  std::string bytes;
};

struct Recipe;
using RecipePtr = std::shared_ptr<const Recipe>;

/// Partition p is file p of the index.
struct DatasetSource {
  std::string root;
  std::string id;  // 16 bytes
  uint64_t version = 0;
  base::Digest index{};
  std::vector<std::string> columns;  // empty = all
};

/// Whose rows the files of a tree hold (storage::Origin), which is what a release about them costs
/// and counts.
struct RowOrigins {
  std::vector<std::string> ids;  // 16 bytes each, ascending: what the owner put; empty: unknown
  bool once = false;             // no row of an origin is there twice, and no other row
  bool stored = false;           // all as the owner put them: no column was made by a job
};

/// Whose rows the rows of a recipe are.
struct DataBehind {
  std::vector<std::string> roots;    // ids of the data sets and trees that are read, each once
  std::vector<std::string> origins;  // what the owner put, ascending; empty: nobody's, or unknown
  bool once = false;                 // no row of an origin is there twice, and no other row
  bool known = false;                // of every row read it is known whose it is

  /// All of them, each once: what a release is debited from.
  std::vector<std::string> Pays() const;
  /// Otherwise statistics about the rows stay inside: there is no budget to debit, or a person may
  /// count as several rows.
  bool MayBeCounted() const { return once && !origins.empty(); }
};

/// [begin, end) of a file's bytes; {0, 0}: all of it, however many.
struct FileRange {
  uint64_t begin = 0;
  uint64_t end = 0;
  bool whole() const { return end == 0; }
  bool operator==(const FileRange&) const = default;
};

/// Partition p is files[p], or what of it ranges[p] says: the records of a file of text that begin
/// there (formats::FilePart).
struct TreeSource {
  std::string root;
  std::string id;  // 16 bytes
  uint64_t version = 0;
  base::Digest index{};
  std::vector<std::string> files;
  std::string format;  // "parquet", or one of formats/formats.h
  /// The table's columns as Spark's schema JSON; empty: as the files have them.
  std::string schema;
  /// Those of them that the names of folders make, and their values file by file: "=" and the
  /// text, or "" for null.
  std::vector<std::string> keys;
  std::vector<std::string> values;
  std::string options = {};  // of the reader (formats::EncodeReadOptions)
  std::string pass = {};     // formats::EncodePass: a block is the file's share of a schema
  std::vector<FileRange> ranges = {};  // empty: all files are whole
  RowOrigins origins = {};  // for the master: no part of the digest, and it doesn't travel
};

/// Rows of one Arrow IPC table in a broadcast; partition p is the rows [row_ends[p-1],
/// row_ends[p]).
struct LocalSource {
  base::Digest broadcast{};  // which broadcast carries it; no part of the recipe's digest
  base::Digest content{};    // SHA-256 of the IPC bytes
  std::vector<uint64_t> row_ends;
};

/// The recipe of this name, whatever it is: its rows are in the cells of a shuffle, by which alone
/// it is read. Its digest is the name. As such travels what a gather reads by cells, so that depth
/// and size begin again behind every shuffle.
struct NamedSource {
  base::Digest of{};
  DataBehind behind = {};  // for the master: it doesn't travel
};

/// Which partitions of its parent an input brings to partition i. Values travel in sealed tasks.
enum class Reads : uint8_t {
  kSame = 1,    ///< partition i
  kRange = 2,   ///< those of CoalescedRange(parent partitions, partitions, i), in order
  kOffset = 3,  ///< partition i - first, where the parent has it
  kCells = 4,   ///< cell i of the parent's shuffle to as many targets, from all partitions in order
  kAll = 5,     ///< all of them, in order
};

struct Input {
  RecipePtr parent;
  Reads reads = Reads::kSame;
  uint64_t first = 0;         // kOffset
  OperatorBytes partitioner;  // kCells: which row goes where
};

/// Partition i is what its inputs bring it: one after the other, or, of two inputs, what the
/// combining operator makes of both.
struct GatherSource {
  std::vector<Input> inputs;
  OperatorBytes combine = {};  // no kind: none
};

/// What is read of one parent, and nothing else.
inline GatherSource GatherCells(RecipePtr parent, OperatorBytes partitioner) {
  return {{{std::move(parent), Reads::kCells, 0, std::move(partitioner)}}};
}
inline GatherSource GatherRange(RecipePtr parent) {
  return {{{std::move(parent), Reads::kRange, 0, {}}}};
}

using Source = std::variant<DatasetSource, TreeSource, LocalSource, NamedSource, GatherSource>;

struct Recipe {
  Source source;
  std::vector<OperatorBytes> chain;
  uint64_t partitions = 0;
  base::Digest digest{};
  /// Names of the blocks on the way: [0] is the source alone, [i] has the first i operators, the
  /// last is the digest. d_0 = H(source, partitions), d_i = H(d_{i-1}, kind, bytes).
  std::vector<base::Digest> prefixes;
  int depth = 1;      // of gathers, this one included, as far as its encoding goes
  uint64_t size = 1;  // recipes that its encoding holds: a parent counts wherever it is named
};

/// Computes the digests. kProtocol when partitions don't fit the source or a limit is passed.
StatusOr<RecipePtr> CheckedRecipe(Source source, std::vector<OperatorBytes> chain,
                                  uint64_t partitions);
/// The same for a caller that planned the recipe itself: a recipe that doesn't check is our own
/// bug.
RecipePtr MakeRecipe(Source source, std::vector<OperatorBytes> chain, uint64_t partitions);

/// The partitions of `of` out of the cells of its shuffle by kSame, without what `of` is made of.
GatherSource GatherCheckpoint(const Recipe& of, DataBehind behind);

/// All blocks that building this recipe passes through here: its prefixes, and those of its parents
/// (but not beyond a shuffle). Each once.
std::vector<base::Digest> BlocksOf(const Recipe& recipe);

/// The shuffles that a task over this recipe reads, in order of first use.
std::vector<const Input*> ShufflesOf(const Recipe& recipe);

/// Recipes of the input's parent in an encoding, and gathers one behind the other.
struct Extent {
  int depth = 1;
  uint64_t size = 1;
};
Extent ExtentOf(const Input& input);

/// What a shuffle is known by in StageSpec::inputs: parent digest, targets, partitioner.
base::Digest ShuffleDigest(const Recipe& parent, uint64_t targets,
                           const OperatorBytes& partitioner);

/// [first, last) of the parent's partitions in group `index`, as Spark's coalesce without locality
/// cuts them.
std::pair<uint64_t, uint64_t> CoalescedRange(uint64_t partitions, uint64_t groups, uint64_t index);

/// [first, last) of the parent's partitions that the input brings to partition `index` of
/// `partitions`; none for cells.
std::pair<uint64_t, uint64_t> PartitionsRead(const Input& input, uint64_t partitions,
                                             uint64_t index);

}  // namespace soteria::dataflow
