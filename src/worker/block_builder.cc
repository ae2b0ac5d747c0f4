#include "src/worker/block_builder.h"

#include <arrow/table.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"
#include "src/dataflow/slices.h"
#include "src/exec/generate.h"
#include "src/exec/prefix.h"
#include "src/table/arrow_status.h"
#include "src/table/cut_short.h"
#include "src/table/ipc.h"
#include "src/table/types.h"

namespace soteria::worker {

using TablePtr = std::shared_ptr<arrow::Table>;

namespace {

/// A limit's first try, and by how much it grows while rows are wanting.
constexpr int64_t kFirstRowsMin = 1024;
constexpr int64_t kFirstRowsGrowth = 4;
/// A model or transformer goes row by row.
constexpr std::string_view kTransformOperator = "ml.transform";

// What the cache does with the block of a prefix when memory is short. What comes straight from
// sealed files or a broadcast is there already in a form that costs about as much to open.
Eviction EvictionOf(const dataflow::Recipe& recipe, size_t length) {
  const bool there = std::holds_alternative<dataflow::DatasetSource>(recipe.source) ||
                     std::holds_alternative<dataflow::TreeSource>(recipe.source) ||
                     std::holds_alternative<dataflow::LocalSource>(recipe.source);
  return there && length == 0 ? Eviction::kDrop : Eviction::kSpill;
}

/// An error of what the rows hold, or of a file that isn't what its table says: one that doesn't
/// come up where the rows aren't needed. Everything that may be an attack, a lost worker or a lack
/// of memory is one wherever it comes up (I8, I9).
bool IsOfData(const base::Status& status) {
  const std::string name = base::ConditionName(status);
  if (base::Is(status, base::kInput)) return true;
  return !name.empty() && !name.starts_with("SOTERIA.") && !base::Is(status, base::kInternal);
}

/// The first limit at or after `from` with nothing before it but operators that go row by row;
/// `length` if there is none.
size_t NextLimit(const std::vector<dataflow::OperatorBytes>& chain, size_t from, size_t length) {
  for (size_t i = from; i < length; ++i) {
    if (exec::LimitOf(chain[i].kind, chain[i].bytes).has_value()) return i;
    if (!exec::KeepsPrefix(chain[i].kind) && chain[i].kind != kTransformOperator) return length;
  }
  return length;
}

}  // namespace

base::StatusOr<TablePtr> Concatenate(std::vector<TablePtr> tables) {
  if (tables.size() == 1) return std::move(tables.front());
  const auto same = [&](const TablePtr& table) {
    return table->schema()->Equals(*tables.front()->schema(), /*check_metadata=*/false);
  };
  if (!std::all_of(tables.begin(), tables.end(), same)) {
    for (TablePtr& table : tables) {
      SOTERIA_ASSIGN_OR_RETURN(table, table::ToSparkForm(std::move(table)));
    }
  }
  SOTERIA_ARROW_ASSIGN(TablePtr whole, arrow::ConcatenateTables(tables));
  return whole;
}

base::StatusOr<std::shared_ptr<const Block>> BlockBuilder::Make(const dataflow::Recipe& recipe,
                                                                uint64_t partition) {
  SOTERIA_ASSIGN_OR_RETURN(Made made, MakeOne(recipe, partition));
  made_.push_back(std::move(made));
  return made_.back().block;
}

base::StatusOr<BlockBuilder::Made> BlockBuilder::MakeOne(const dataflow::Recipe& recipe,
                                                         uint64_t partition) {
  SOTERIA_ASSIGN_OR_RETURN(auto chain, stage_.operators.ChainOf(recipe));
  const Path path{recipe, recipe.prefixes, std::move(chain), partition};
  return MakePrefix(path, path.chain->size());
}

base::StatusOr<BlockBuilder::Made> BlockBuilder::MakePrefix(const Path& path, size_t length) {
  const base::Digest& digest = path.prefixes[length];
  const auto live = stage_.live.find(digest);
  Made made{nullptr, Holding(memory_)};
  if (live == stage_.live.end()) {
    SOTERIA_ASSIGN_OR_RETURN(Block block, Compute(path, length, made.holding));
    SOTERIA_RETURN_IF_ERROR(made.holding.Set(block.bytes()));
    made.block = std::make_shared<const Block>(std::move(block));
    return made;
  }
  SOTERIA_ASSIGN_OR_RETURN(
      made.block, cache_.Get(memory_, {digest, path.partition}, EvictionOf(path.recipe, length),
                             [&](Holding& holding) -> base::StatusOr<Block> {
                               SOTERIA_ASSIGN_OR_RETURN(Block block,
                                                        Compute(path, length, holding));
                               if (live->second) ++rebuilds_;
                               return block;
                             }));
  return made;
}

base::StatusOr<Block> BlockBuilder::Compute(const Path& path, size_t length, Holding& holding) {
  auto block = ComputeRows(path, length, holding);
  if (block.ok() && block->features != nullptr) made_features_ = true;
  const bool take = length > 0 && path.recipe.chain[length - 1].kind == exec::kTake;
  if (block.ok() || !take || !IsOfData(block.status())) return block;
  return Block{table::WithError(nullptr, block.status()), nullptr};
}

base::StatusOr<Block> BlockBuilder::ComputeRows(const Path& path, size_t length, Holding& holding) {
  // Starts at the longest prefix that is kept (or is to be kept), else at the source.
  size_t start = length;
  bool from_kept = false;
  base::Status pending;
  while (start > 0 && !from_kept) {
    --start;
    from_kept = stage_.live.count(path.prefixes[start]) > 0;
  }
  Block block;
  if (from_kept) {
    SOTERIA_ASSIGN_OR_RETURN(Made parent, MakePrefix(path, start));
    block = *parent.block;
    made_.push_back(std::move(parent));
  } else {
    const bool limited = NextLimit(path.recipe.chain, 0, length) < length;
    SOTERIA_ASSIGN_OR_RETURN(block.table, ReadSource(path.recipe, path.partition, holding,
                                                     limited ? &pending : nullptr));
    SOTERIA_RETURN_IF_ERROR(holding.Set(TableBytes(*block.table)));
  }
  for (size_t i = start; i < length;) {
    const size_t limit = NextLimit(path.recipe.chain, i, length);
    if (limit == length || (limit == i && pending.ok())) {
      SOTERIA_ASSIGN_OR_RETURN(block, Apply(path, i, i + 1, std::move(block), holding));
      ++i;
      continue;
    }
    const dataflow::OperatorBytes& op = path.recipe.chain[limit];
    const bool take = op.kind == exec::kTake && limit + 1 == length;
    const Wanted wanted{*exec::LimitOf(op.kind, op.bytes), take,
                        std::exchange(pending, base::OkStatus())};
    SOTERIA_ASSIGN_OR_RETURN(block, FirstRows(path, i, limit, block.table, wanted, holding));
    i = limit;
  }
  return block;
}

base::StatusOr<Block> BlockBuilder::Apply(const Path& path, size_t from, size_t to, Block block,
                                          Holding& holding) {
  for (size_t i = from; i < to; ++i) {
    // What an operator makes is about as large as what it is given; until it is known, room for it
    // is made and not insisted on, since many share all their columns with their input.
    const uint64_t copied =
        block.table != nullptr ? (*path.chain)[i]->CopiedBytes(*block.table) : 0;
    if (copied > 0) {
      SOTERIA_RETURN_IF_ERROR(holding.Set(holding.bytes() + copied));
    } else {
      SOTERIA_RETURN_IF_ERROR(memory_.MakeRoom(block.bytes()));
    }
    const uint64_t held = holding.bytes();
    SOTERIA_ASSIGN_OR_RETURN(
        block, (*path.chain)[i]->Apply(std::move(block), path.partition, path.recipe.partitions,
                                       [&](uint64_t bytes) { return holding.Set(held + bytes); }));
    SOTERIA_RETURN_IF_ERROR(holding.Set(block.bytes()));
  }
  return block;
}

base::StatusOr<Block> BlockBuilder::FirstRows(const Path& path, size_t from, size_t to,
                                              const TablePtr& table, const Wanted& wanted,
                                              Holding& holding) {
  const int64_t all = table->num_rows();
  const auto prefix = [&](int64_t length) {
    return Apply(path, from, to, Block{table->Slice(0, length), nullptr}, holding);
  };
  const auto suffices = [&](const Block& block) { return block.table->num_rows() >= wanted.rows; };
  const auto cut_short = [&](Block block, const base::Status& error) -> base::StatusOr<Block> {
    if (!wanted.take) return error;
    block.table = table::WithError(std::move(block.table), error);
    return block;
  };
  // Where a row may become many, one of them may well be enough, and a thousand too much.
  const bool makes_rows =
      std::any_of(path.recipe.chain.begin() + static_cast<std::ptrdiff_t>(from),
                  path.recipe.chain.begin() + static_cast<std::ptrdiff_t>(to),
                  [](const dataflow::OperatorBytes& op) { return exec::MakesRows(op.kind); });
  const int64_t first = makes_rows ? 1 : std::max(wanted.rows, kFirstRowsMin);
  int64_t good = 0;                 // rows of the longest beginning that is known to go through
  std::optional<int64_t> too_many;  // rows of one that takes more memory than there is
  for (int64_t next = wanted.rows == 0 ? 0 : first;;) {
    next = std::min(next, all);
    auto block = prefix(next);
    if (makes_rows && base::Is(block.status(), base::kMemoryLimit) && next - good > 1) {
      too_many = next;
      next = good + (next - good) / 2;
      continue;
    }
    if (block.ok()) {
      if (suffices(*block)) return block;
      if (next == all) {
        return wanted.pending.ok() ? std::move(block)
                                   : cut_short(*std::move(block), wanted.pending);
      }
      good = next;
      next *= kFirstRowsGrowth;
      if (too_many.has_value()) {
        next = std::min(next, good + std::max<int64_t>(1, (*too_many - good) / 2));
      }
      continue;
    }
    if (!IsOfData(block.status())) return block;
    // The first row that fails is one of (good, next].
    base::Status error = block.status();
    int64_t bad = next;
    while (bad - good > 1) {
      const int64_t middle = good + (bad - good) / 2;
      block = prefix(middle);
      if (block.ok()) {
        if (suffices(*block)) return block;
        good = middle;
      } else if (IsOfData(block.status())) {
        error = block.status();
        bad = middle;
      } else {
        return block;
      }
    }
    block = prefix(good);
    if (!block.ok()) return IsOfData(block.status()) ? error : block.status();
    return suffices(*block) ? std::move(block) : cut_short(*std::move(block), error);
  }
}

base::StatusOr<TablePtr> BlockBuilder::ReadSource(const dataflow::Recipe& recipe,
                                                  uint64_t partition, Holding& holding,
                                                  base::Status* pending) {
  const storage::Admit admit = [&](uint64_t bytes) { return holding.Set(bytes); };
  if (const auto* source = std::get_if<dataflow::DatasetSource>(&recipe.source)) {
    if (cache_.keeps_columns() && !source->columns.empty()) {
      return ReadColumns(*source, recipe.partitions, partition, holding);
    }
    return sources_.Read(*source, recipe.partitions, partition, admit);
  }
  if (const auto* source = std::get_if<dataflow::TreeSource>(&recipe.source)) {
    return sources_.Read(*source, partition, admit);
  }
  if (const auto* source = std::get_if<dataflow::LocalSource>(&recipe.source)) {
    return ReadLocal(*source, partition);
  }
  if (std::holds_alternative<dataflow::NamedSource>(recipe.source)) {
    return base::Fail(base::kProtocol, "what is only named is read by its cells");
  }
  return ReadGather(recipe, std::get<dataflow::GatherSource>(recipe.source), partition, holding,
                    pending);
}

base::StatusOr<TablePtr> BlockBuilder::ReadColumns(const dataflow::DatasetSource& source,
                                                   uint64_t partitions, uint64_t partition,
                                                   Holding& holding) {
  SOTERIA_RETURN_IF_ERROR(sources_.Check(source, partitions));
  std::optional<storage::DatasetFile> file;
  arrow::FieldVector fields;
  arrow::ChunkedArrayVector columns;
  std::shared_ptr<const arrow::KeyValueMetadata> metadata;
  int64_t rows = 0;
  for (const std::string& column : source.columns) {
    const auto read = [&](Holding& its) -> base::StatusOr<Block> {
      if (!file.has_value()) {
        SOTERIA_ASSIGN_OR_RETURN(file, sources_.OpenFile(source, partitions, partition));
      }
      SOTERIA_ASSIGN_OR_RETURN(
          TablePtr one, file->Read({{column}}, [&](uint64_t bytes) { return its.Set(bytes); }));
      return Block{std::move(one), nullptr};
    };
    const base::Digest name = crypto::Sha256(base::FieldWriter()
                                                 .Add("soteria/1 column")
                                                 .Add(source.id)
                                                 .Add(base::View(source.index))
                                                 .Add(column)
                                                 .bytes());
    SOTERIA_ASSIGN_OR_RETURN(const auto block,
                             cache_.Get(memory_, {name, partition}, Eviction::kColumn, read));
    // The cache may let go of it for others from here on: what the table has is the task's.
    SOTERIA_RETURN_IF_ERROR(holding.Set(holding.bytes() + block->bytes()));
    fields.push_back(block->table->field(0));
    columns.push_back(block->table->column(0));
    metadata = block->table->schema()->metadata();
    rows = block->table->num_rows();
  }
  return arrow::Table::Make(arrow::schema(std::move(fields), std::move(metadata)),
                            std::move(columns), rows);
}

base::StatusOr<TablePtr> BlockBuilder::ReadLocal(const dataflow::LocalSource& source,
                                                 uint64_t partition) {
  const auto found = stage_.broadcasts.find(source.broadcast);
  if (found == stage_.broadcasts.end()) {
    return base::Fail(base::kProtocol, "a task doesn't name the broadcast of its local rows");
  }
  SOTERIA_ASSIGN_OR_RETURN(const TablePtr table, found->second->Table(source.content));
  const uint64_t rows = static_cast<uint64_t>(table->num_rows());
  const uint64_t begin = partition == 0 ? 0 : source.row_ends[partition - 1];
  const uint64_t end = source.row_ends[partition];
  if (source.row_ends.back() != rows || end > rows) {
    return base::Fail(base::kProtocol, "local rows don't end where their recipe says");
  }
  return table->Slice(static_cast<int64_t>(begin), static_cast<int64_t>(end - begin));
}

base::Status BlockBuilder::ReadCells(const dataflow::Recipe& recipe, const dataflow::Input& input,
                                     uint64_t partition, Holding& holding,
                                     std::vector<TablePtr>& tables) {
  const uint64_t targets = recipe.partitions;
  const base::Digest digest = dataflow::ShuffleDigest(*input.parent, targets, input.partitioner);
  const auto& known = stage_.task.spec.inputs;
  const auto ran = std::find_if(known.begin(), known.end(),
                                [&](const auto& one) { return one.recipe == digest; });
  if (ran == known.end()) {
    return base::Fail(base::kProtocol, "a task doesn't name the stage of its shuffle");
  }
  const ShuffleTarget target{ran->stage, partition};
  const auto given = inputs_.find(target);
  if (given == inputs_.end()) {
    const bool noted = std::find(needs_.begin(), needs_.end(), target) != needs_.end();
    if (!noted) needs_.push_back(target);
    return base::Fail(kMiss, "shuffle inputs are not here");
  }
  uint64_t bytes = holding.bytes();  // rows take about what they take sealed
  for (const auto& [place, sealed] : given->second) bytes += sealed.size();
  SOTERIA_RETURN_IF_ERROR(holding.Set(bytes));
  // I5: all sources, each once, in the plan's order; of a checkpoint the one that is kept here.
  const uint64_t sources = input.parent->partitions;
  const bool same = input.partitioner.kind == dataflow::kSame;
  std::vector<dataflow::Joiner> joiners(sources);
  std::vector<TablePtr> cells(sources);
  for (const auto& [place, sealed] : given->second) {
    const crypto::Place expected{place.a, partition, sources, targets};
    if (place.a >= sources || (same && place.a != partition) || !(place == expected)) {
      return base::Fail(base::kIntegrity, "a shuffle input is for another place");
    }
    SOTERIA_ASSIGN_OR_RETURN(
        dataflow::Part part,
        dataflow::OpenPart(opener_, sealed,
                           {ran->stage, ran->task, crypto::MessageKind::kShuffle, place}));
    dataflow::Joiner& joiner = joiners[place.a];
    SOTERIA_ASSIGN_OR_RETURN(const dataflow::Joiner::Added added, joiner.Add(std::move(part)));
    if (added != dataflow::Joiner::Added::kComplete) continue;  // a slice, or an authentic repeat
    SOTERIA_ASSIGN_OR_RETURN(cells[place.a], table::FromIpcStream(joiner.Take()));
  }
  if (same) cells = {std::move(cells[partition])};
  const auto missing = std::count(cells.begin(), cells.end(), nullptr);
  if (missing > 0) {
    return base::Fail(base::kIntegrity,
                      base::Cat(missing, " of ", cells.size(), " inputs of a shuffle are missing"));
  }
  for (TablePtr& cell : cells) tables.push_back(std::move(cell));
  return base::OkStatus();
}

base::StatusOr<BlockBuilder::Made> BlockBuilder::MakeBeginning(const dataflow::Recipe& recipe,
                                                               uint64_t partition,
                                                               base::Status* pending) {
  auto whole = MakeOne(recipe, partition);
  if (pending == nullptr || whole.ok() || !IsOfData(whole.status())) return whole;
  const exec::OperatorPtr all = exec::LocalTake(std::numeric_limits<int64_t>::max());
  std::vector<dataflow::OperatorBytes> chain = recipe.chain;
  chain.push_back({std::string(all->kind()), all->Encode()});
  SOTERIA_ASSIGN_OR_RETURN(
      const dataflow::RecipePtr taken,
      dataflow::CheckedRecipe(recipe.source, std::move(chain), recipe.partitions));
  SOTERIA_ASSIGN_OR_RETURN(Made beginning, MakeOne(*taken, partition));
  TablePtr rows = beginning.block->table;
  *pending = table::TakeError(&rows);
  if (rows == nullptr) return *pending;
  beginning.block = std::make_shared<const Block>(Block{std::move(rows), nullptr});
  return beginning;
}

base::Status BlockBuilder::ReadInput(const dataflow::Recipe& recipe, const dataflow::Input& input,
                                     uint64_t partition, Holding& holding, base::Status* pending,
                                     std::vector<TablePtr>& tables) {
  if (input.reads == dataflow::Reads::kCells) {
    return ReadCells(recipe, input, partition, holding, tables);
  }
  const auto [first, last] = dataflow::PartitionsRead(input, recipe.partitions, partition);
  bool missed = false;
  for (uint64_t p = first; p < last; ++p) {
    auto part = MakeBeginning(*input.parent, p, pending);
    if (base::Is(part.status(), kMiss)) {
      missed = true;  // collects all needs before it answers
      continue;
    }
    if (!part.ok() && pending != nullptr && !pending->ok() && !tables.empty()) break;
    // What isn't here may hold the rows that a limit takes, or an error before this one.
    if (!part.ok() && missed) break;
    SOTERIA_RETURN_IF_ERROR(part);
    tables.push_back(part->block->table);
    holding.Absorb(part->holding);      // the whole has the parts' memory
    made_.push_back(*std::move(part));  // or shares it with kept ones
    if (pending != nullptr && !pending->ok()) break;
  }
  return missed ? base::Fail(kMiss, "shuffle inputs are not here") : base::OkStatus();
}

base::StatusOr<BlockBuilder::Made> BlockBuilder::MakeSide(const dataflow::Recipe& recipe,
                                                          const dataflow::GatherSource& source,
                                                          const exec::Join& join) {
  const dataflow::Input& input = source.inputs[1];
  const base::Digest name = crypto::Sha256(base::FieldWriter()
                                               .Add("soteria/1 join side")
                                               .Add(base::View(input.parent->digest))
                                               .Add(source.combine.bytes)
                                               .bytes());
  const auto make = [&](Holding& holding) -> base::StatusOr<Block> {
    std::vector<TablePtr> tables;
    SOTERIA_RETURN_IF_ERROR(ReadInput(recipe, input, 0, holding, nullptr, tables));
    SOTERIA_ASSIGN_OR_RETURN(TablePtr rows, Concatenate(std::move(tables)));
    const uint64_t held = std::max(holding.bytes(), TableBytes(*rows));
    SOTERIA_ASSIGN_OR_RETURN(exec::JoinSidePtr side, join.Side(rows, [&](uint64_t bytes) {
      return holding.Set(held + bytes);
    }));
    return Block{std::move(rows), nullptr, std::move(side)};
  };
  Made made{nullptr, Holding(memory_)};
  SOTERIA_ASSIGN_OR_RETURN(made.block, cache_.Get(memory_, {name, 0}, Eviction::kDrop, make));
  return made;
}

base::StatusOr<TablePtr> BlockBuilder::ReadGather(const dataflow::Recipe& recipe,
                                                  const dataflow::GatherSource& source,
                                                  uint64_t partition, Holding& holding,
                                                  base::Status* pending) {
  if (!source.combine.kind.empty()) return ReadJoin(recipe, source, partition, holding);
  std::vector<TablePtr> all;
  bool missed = false;
  for (const dataflow::Input& input : source.inputs) {
    const base::Status status = ReadInput(recipe, input, partition, holding, pending, all);
    missed = missed || base::Is(status, kMiss);
    if (!status.ok() && missed) continue;
    SOTERIA_RETURN_IF_ERROR(status);
    if (pending != nullptr && !pending->ok()) break;
  }
  if (missed) return base::Fail(kMiss, "shuffle inputs are not here");
  return Concatenate(std::move(all));
}

base::StatusOr<TablePtr> BlockBuilder::ReadJoin(const dataflow::Recipe& recipe,
                                                const dataflow::GatherSource& source,
                                                uint64_t partition, Holding& holding) {
  SOTERIA_ASSIGN_OR_RETURN(const auto join, stage_.operators.JoinOf(source.combine));
  const bool whole = source.inputs[1].reads == dataflow::Reads::kAll;
  std::vector<TablePtr> read[2];
  std::shared_ptr<const Block> side;
  bool missed = false;
  for (size_t i = 0; i < 2; ++i) {
    base::Status status;
    if (i == 1 && whole) {
      auto made = MakeSide(recipe, source, *join);
      status = made.status();
      if (made.ok()) side = std::move(made->block);
    } else {
      // A join needs all rows.
      status = ReadInput(recipe, source.inputs[i], partition, holding, nullptr, read[i]);
    }
    missed = missed || base::Is(status, kMiss);
    if (!status.ok() && missed) continue;
    SOTERIA_RETURN_IF_ERROR(status);
  }
  if (missed) return base::Fail(kMiss, "shuffle inputs are not here");
  SOTERIA_ASSIGN_OR_RETURN(TablePtr left, Concatenate(std::move(read[0])));
  if (whole) {
    const uint64_t held = std::max(holding.bytes(), TableBytes(*left));
    return join->Apply(std::move(left), *side->side, partition,
                       [&](uint64_t bytes) { return holding.Set(held + bytes); });
  }
  SOTERIA_ASSIGN_OR_RETURN(TablePtr right, Concatenate(std::move(read[1])));
  const uint64_t held = std::max(holding.bytes(), TableBytes(*left) + TableBytes(*right));
  return join->Apply(std::move(left), std::move(right), partition,
                     [&](uint64_t bytes) { return holding.Set(held + bytes); });
}

}  // namespace soteria::worker
