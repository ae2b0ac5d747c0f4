#include "src/dataflow/task.h"

#include "soteria/task.pb.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"
#include "src/dataflow/tree.h"

namespace soteria::dataflow {
namespace {

constexpr size_t kAnswerTailBytes = 3 * sizeof(uint64_t);

std::string Bytes(const base::Digest& digest) { return std::string(base::View(digest)); }

template <class T>
std::vector<T> ToVector(const google::protobuf::RepeatedPtrField<T>& field) {
  return {field.begin(), field.end()};
}

void ToProto(const OperatorBytes& op, task::Operator& out) {
  out.set_kind(op.kind);
  out.set_bytes(op.bytes);
}

void ToProto(const Recipe& recipe, task::Recipe& out);

void ToProto(const DatasetSource& source, task::Recipe& recipe) {
  task::DatasetSource& out = *recipe.mutable_dataset();
  out.set_root(source.root);
  out.set_id(source.id);
  out.set_version(source.version);
  out.set_index_digest(Bytes(source.index));
  out.mutable_columns()->Add(source.columns.begin(), source.columns.end());
}

void ToProto(const TreeSource& source, task::Recipe& recipe) {
  task::TreeSource& out = *recipe.mutable_tree();
  out.set_root(source.root);
  out.set_id(source.id);
  out.set_version(source.version);
  out.set_index_digest(Bytes(source.index));
  out.mutable_files()->Add(source.files.begin(), source.files.end());
  out.set_format(source.format);
  out.set_schema(source.schema);
  out.mutable_keys()->Add(source.keys.begin(), source.keys.end());
  out.mutable_values()->Add(source.values.begin(), source.values.end());
  out.set_options(source.options);
  out.set_pass(source.pass);
  for (const FileRange& range : source.ranges) {
    out.add_ranges(range.begin);
    out.add_ranges(range.end);
  }
}

void ToProto(const LocalSource& source, task::Recipe& recipe) {
  task::LocalSource& out = *recipe.mutable_local();
  out.set_broadcast_digest(Bytes(source.broadcast));
  out.set_content_digest(Bytes(source.content));
  out.mutable_row_ends()->Add(source.row_ends.begin(), source.row_ends.end());
}

void ToProto(const NamedSource& source, task::Recipe& recipe) {
  recipe.set_named(Bytes(source.of));
}

void ToProto(const GatherSource& source, task::Recipe& recipe) {
  task::GatherSource& out = *recipe.mutable_gather();
  for (const Input& input : source.inputs) {
    task::Input& one = *out.add_inputs();
    if (input.reads == Reads::kCells) {
      // However large what made them: its readers have the cells, and nothing to make again.
      one.mutable_parent()->set_named(Bytes(input.parent->digest));
      one.mutable_parent()->set_partitions(input.parent->partitions);
    } else {
      ToProto(*input.parent, *one.mutable_parent());
    }
    one.set_reads(static_cast<uint32_t>(input.reads));
    one.set_first(input.first);
    ToProto(input.partitioner, *one.mutable_partitioner());
  }
  ToProto(source.combine, *out.mutable_combine());
}

void ToProto(const Recipe& recipe, task::Recipe& out) {
  std::visit([&](const auto& source) { ToProto(source, out); }, recipe.source);
  for (const OperatorBytes& op : recipe.chain) ToProto(op, *out.add_chain());
  out.set_partitions(recipe.partitions);
}

OperatorBytes FromProto(const task::Operator& op) { return {op.kind(), op.bytes()}; }

StatusOr<RecipePtr> FromProto(const task::Recipe& recipe, int depth);

StatusOr<Source> GatherFromProto(const task::GatherSource& in, int depth) {
  if (static_cast<size_t>(in.inputs_size()) > kGatherInputsMax) {
    return base::Fail(base::kProtocol, "a gather has too many inputs");
  }
  GatherSource source;
  for (const task::Input& one : in.inputs()) {
    if (one.reads() < static_cast<uint32_t>(Reads::kSame) ||
        one.reads() > static_cast<uint32_t>(Reads::kAll)) {
      return base::Fail(base::kProtocol, base::Cat("unknown reads ", one.reads()));
    }
    SOTERIA_ASSIGN_OR_RETURN(RecipePtr parent, FromProto(one.parent(), depth + 1));
    source.inputs.push_back({std::move(parent), static_cast<Reads>(one.reads()), one.first(),
                             FromProto(one.partitioner())});
  }
  source.combine = FromProto(in.combine());
  return source;
}

StatusOr<Source> SourceFromProto(const task::Recipe& recipe, int depth) {
  switch (recipe.source_case()) {
    case task::Recipe::kDataset: {
      const task::DatasetSource& in = recipe.dataset();
      SOTERIA_ASSIGN_OR_RETURN(const base::Digest index, base::ToDigest(in.index_digest()));
      return DatasetSource{in.root(), in.id(), in.version(), index, ToVector(in.columns())};
    }
    case task::Recipe::kTree: {
      const task::TreeSource& in = recipe.tree();
      SOTERIA_ASSIGN_OR_RETURN(const base::Digest index, base::ToDigest(in.index_digest()));
      if (in.ranges_size() % 2 != 0) return base::Fail(base::kProtocol, "half of a range");
      TreeSource source{in.root(),
                        in.id(),
                        in.version(),
                        index,
                        ToVector(in.files()),
                        in.format(),
                        in.schema(),
                        ToVector(in.keys()),
                        ToVector(in.values()),
                        in.options(),
                        in.pass()};
      for (int i = 0; i < in.ranges_size(); i += 2) {
        source.ranges.push_back({in.ranges(i), in.ranges(i + 1)});
      }
      return source;
    }
    case task::Recipe::kLocal: {
      const task::LocalSource& in = recipe.local();
      SOTERIA_ASSIGN_OR_RETURN(const base::Digest broadcast, base::ToDigest(in.broadcast_digest()));
      SOTERIA_ASSIGN_OR_RETURN(const base::Digest content, base::ToDigest(in.content_digest()));
      return LocalSource{broadcast, content, {in.row_ends().begin(), in.row_ends().end()}};
    }
    case task::Recipe::kNamed: {
      SOTERIA_ASSIGN_OR_RETURN(const base::Digest of, base::ToDigest(recipe.named()));
      return NamedSource{of};
    }
    case task::Recipe::kGather:
      return GatherFromProto(recipe.gather(), depth);
    case task::Recipe::SOURCE_NOT_SET:
      break;
  }
  return base::Fail(base::kProtocol, "a recipe has no source");
}

StatusOr<RecipePtr> FromProto(const task::Recipe& recipe, int depth) {
  if (depth > kRecipeDepthMax) return base::Fail(base::kProtocol, "a recipe is too deep");
  if (static_cast<size_t>(recipe.chain_size()) > kChainMax) {
    return base::Fail(base::kProtocol, "too many operators in a chain");
  }
  SOTERIA_ASSIGN_OR_RETURN(Source source, SourceFromProto(recipe, depth));
  std::vector<OperatorBytes> chain;
  for (const task::Operator& op : recipe.chain()) chain.push_back(FromProto(op));
  return CheckedRecipe(std::move(source), std::move(chain), recipe.partitions());
}

void SpecToProto(const StageSpec& spec, task::Task& out) {
  out.set_terminal(static_cast<uint32_t>(spec.terminal));
  ToProto(*spec.recipe, *out.mutable_recipe());
  ToProto(spec.kernel, *out.mutable_kernel());
  task::WriteTarget& write = *out.mutable_write();
  write.set_root(spec.write.root);
  write.set_id(spec.write.id);
  write.set_directory(spec.write.directory);
  write.set_format(spec.write.format);
  write.set_first_file(spec.write.first_file);
  write.set_options(spec.write.options);
  for (const std::string& key : spec.write.keys) write.add_keys(key);
  out.set_targets(spec.targets);
  ToProto(spec.partitioner, *out.mutable_partitioner());
  for (const ShuffleInput& input : spec.inputs) {
    task::ShuffleInput& one = *out.add_inputs();
    one.set_shuffle_digest(Bytes(input.recipe));
    one.set_stage(input.stage);
    one.set_task_digest(Bytes(input.task));
  }
  for (const BroadcastRef& broadcast : spec.broadcasts) {
    task::Broadcast& one = *out.add_broadcasts();
    one.set_id(broadcast.id);
    one.set_digest(Bytes(broadcast.digest));
  }
}

StatusOr<Terminal> TerminalFromProto(uint32_t value) {
  if (value < static_cast<uint32_t>(Terminal::kKeep) ||
      value > static_cast<uint32_t>(Terminal::kShuffle)) {
    return base::Fail(base::kProtocol, base::Cat("unknown terminal ", value));
  }
  return static_cast<Terminal>(value);
}

Status CheckCounts(const task::Task& in) {
  if (static_cast<size_t>(in.inputs_size()) > kShuffleInputsMax ||
      static_cast<size_t>(in.broadcasts_size()) > kBroadcastsMax ||
      static_cast<size_t>(in.live_size()) > kLiveMax ||
      static_cast<size_t>(in.write().keys_size()) > kFolderKeysMax) {
    return base::Fail(base::kProtocol,
                      "a task names too many inputs, broadcasts, live recipes or keys");
  }
  return base::OkStatus();
}

StatusOr<StageSpec> SpecFromProto(const task::Task& in) {
  StageSpec spec;
  SOTERIA_ASSIGN_OR_RETURN(spec.terminal, TerminalFromProto(in.terminal()));
  SOTERIA_ASSIGN_OR_RETURN(spec.recipe, FromProto(in.recipe(), 1));
  spec.kernel = FromProto(in.kernel());
  spec.write = {in.write().root(),          in.write().id(),         in.write().directory(),
                in.write().format(),        in.write().first_file(), in.write().options(),
                ToVector(in.write().keys())};
  spec.targets = in.targets();
  spec.partitioner = FromProto(in.partitioner());
  for (const task::ShuffleInput& one : in.inputs()) {
    ShuffleInput input;
    SOTERIA_ASSIGN_OR_RETURN(input.recipe, base::ToDigest(one.shuffle_digest()));
    input.stage = one.stage();
    SOTERIA_ASSIGN_OR_RETURN(input.task, base::ToDigest(one.task_digest()));
    spec.inputs.push_back(input);
  }
  for (const task::Broadcast& one : in.broadcasts()) {
    SOTERIA_ASSIGN_OR_RETURN(const base::Digest digest, base::ToDigest(one.digest()));
    spec.broadcasts.push_back({digest, one.id()});
  }
  if (spec.terminal == Terminal::kShuffle && (spec.targets == 0 || spec.targets > kPartitionsMax)) {
    return base::Fail(base::kProtocol, "a shuffle's number of targets is out of bounds");
  }
  return spec;
}

}  // namespace

std::string EncodeTask(const Task& task) {
  task::Task out;
  out.set_stage(task.stage);
  SpecToProto(task.spec, out);
  out.set_fan_in(task.fan_in);
  for (const LiveRecipe& live : task.live) {
    task::LiveRecipe& one = *out.add_live();
    one.set_digest(Bytes(live.digest));
    one.set_kept(live.kept);
  }
  return out.SerializeAsString();
}

StatusOr<Task> DecodeTask(std::string_view bytes) {
  task::Task in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return base::Fail(base::kProtocol, "a task can't be parsed");
  }
  SOTERIA_RETURN_IF_ERROR(CheckCounts(in));
  Task task;
  task.stage = in.stage();
  SOTERIA_ASSIGN_OR_RETURN(task.spec, SpecFromProto(in));
  task.fan_in = in.fan_in();
  if (task.fan_in != FanIn(task.spec.recipe->partitions)) {
    return base::Fail(base::kProtocol, "a task's fan-in doesn't follow from its partitions");
  }
  for (const task::LiveRecipe& one : in.live()) {
    SOTERIA_ASSIGN_OR_RETURN(const base::Digest digest, base::ToDigest(one.digest()));
    task.live.push_back({digest, one.kept()});
  }
  return task;
}

base::Digest TaskDigest(std::string_view sealed_task, const std::vector<BroadcastRef>& broadcasts) {
  base::FieldWriter fields;
  fields.Add("soteria/1 task").Add(base::View(crypto::Sha256(sealed_task)));
  fields.AddU64(broadcasts.size());
  for (const BroadcastRef& broadcast : broadcasts) fields.Add(base::View(broadcast.digest));
  return crypto::Sha256(fields.bytes());
}

std::string EncodeAnswer(Answer answer) {
  std::string bytes = std::move(answer.payload);
  const size_t size = bytes.size();
  bytes.resize(size + kAnswerTailBytes);
  char* at = bytes.data() + size;
  for (const uint64_t count : {answer.rebuilds, answer.spilled_bytes, answer.opened_bytes}) {
    base::PutLe64(count, at);
    at += sizeof count;
  }
  return bytes;
}

StatusOr<Answer> DecodeAnswer(std::string bytes) {
  if (bytes.size() < kAnswerTailBytes) return base::Fail(base::kProtocol, "an answer is too short");
  const size_t size = bytes.size() - kAnswerTailBytes;
  const auto count = [&](size_t i) {
    return base::GetLe64(bytes.data() + size + i * sizeof(uint64_t));
  };
  Answer answer{{}, count(0), count(1), count(2)};
  bytes.resize(size);
  answer.payload = std::move(bytes);
  return answer;
}

std::string EncodeKept(const KeptBlock& block) {
  return base::FieldWriter().AddU64(block.rows).AddU64(block.bytes).Take();
}

StatusOr<KeptBlock> DecodeKept(std::string_view bytes) {
  base::FieldReader fields(bytes);
  KeptBlock block;
  SOTERIA_ASSIGN_OR_RETURN(block.rows, fields.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(block.bytes, fields.NextU64());
  SOTERIA_RETURN_IF_ERROR(fields.Finish());
  return block;
}

}  // namespace soteria::dataflow
