// Writes the corpora of the targets whose inputs take keys, sealing or encoding to make:
//   fuzz_corpus tests/golden/corpus
// The same inputs each time (a seed), but for what Parquet's encryption draws itself. Inputs that
// people wrote are left alone; parquet_corpus.py makes those of `parquet`.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "arrow/api.h"
#include "arrow/ipc/writer.h"
#include "soteria/host.pb.h"
#include "soteria/session.pb.h"
#include "src/base/bytes.h"
#include "src/base/check.h"
#include "src/base/env_for_test.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/channel/attested.h"
#include "src/crypto/hash.h"
#include "src/dataflow/coordinator.h"
#include "src/dataflow/slices.h"
#include "src/dataflow/task.h"
#include "src/dataflow/tree.h"
#include "src/master/provisioned.h"
#include "src/stats/doubles.h"
#include "src/stats/statistic.h"
#include "src/storage/dataset.h"
#include "src/storage/tree.h"
#include "src/table/ipc.h"
#include "tests/fuzz/inputs.h"
#include "tests/fuzz/stages.h"

namespace {

using namespace soteria;  // NOLINT: a program of its own
namespace fs = std::filesystem;

class Corpus {
 public:
  Corpus(const fs::path& folder, const std::string& name) : folder_(folder / name) {
    fs::create_directories(folder_);
  }
  void Add(const std::string& name, std::string_view bytes) const {
    std::ofstream out(folder_ / name, std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    CHECK(out.good());
  }

 private:
  fs::path folder_;
};

std::string FrameBytes(uint8_t kind, uint64_t id, std::string_view payload) {
  std::string out(4 + base::kFrameHeaderBytes, '\0');
  base::PutLe32(static_cast<uint32_t>(base::kFrameHeaderBytes + payload.size()), out.data());
  out[4] = static_cast<char>(kind);
  base::PutLe64(id, out.data() + 5);
  return out += payload;
}

std::string Le64(uint64_t value) {
  std::string out(8, '\0');
  base::PutLe64(value, out.data());
  return out;
}

void Streams(const fs::path& folder) {
  const Corpus corpus(folder, "stream_mux");
  host::StreamOpen open;
  open.set_peer(host::PEER_OWNER);
  const std::string owner = FrameBytes(host::STREAM_OPEN, 2, open.SerializeAsString());
  open.set_peer(host::PEER_WORKER);
  const std::string worker = FrameBytes(host::STREAM_OPEN, 4, open.SerializeAsString());
  const std::string hello = FrameBytes(host::STREAM_DATA, 2, "hello");
  const std::string end = FrameBytes(host::STREAM_CLOSE, 2, "");
  corpus.Add("two_streams",
             owner + hello + worker + FrameBytes(host::STREAM_DATA, 4, "other") + hello + end);
  corpus.Add("data_behind_the_end", owner + hello + end + hello + owner + hello);
  corpus.Add("opened_twice", owner + owner + hello);
  corpus.Add("odd_id",
             FrameBytes(host::STREAM_OPEN, 3, "") + FrameBytes(host::STREAM_DATA, 1, "x"));
  corpus.Add("credit", owner + FrameBytes(host::STREAM_CREDIT, 2, Le64(1)) +
                           FrameBytes(host::STREAM_CREDIT, 2, Le64(~uint64_t{0})) + hello);
  corpus.Add("credit_of_seven_bytes",
             owner + FrameBytes(host::STREAM_CREDIT, 2, "7 bytes") + hello);
  corpus.Add("own_stream", FrameBytes(host::STREAM_DATA, 1, "x") +
                               FrameBytes(host::STREAM_CREDIT, 1, Le64(4096)) +
                               FrameBytes(host::STREAM_CLOSE, 1, ""));
  corpus.Add("other_kinds", FrameBytes(host::RESULT, 2, "") + owner + FrameBytes(0, 2, ""));
}

std::string Reply(uint64_t request, host::FileOutcome outcome, uint64_t size,
                  std::string_view bytes) {
  host::FileReply reply;
  reply.set_request(request);
  reply.set_outcome(outcome);
  reply.set_size(size);
  reply.set_bytes(std::string(bytes));
  return FrameBytes(host::FILE_REPLY, request, reply.SerializeAsString());
}

void HostFiles(const fs::path& folder) {
  const Corpus corpus(folder, "host_files");
  const std::string ok = Reply(0, host::FILE_OK, 0, "");
  std::string honest = Reply(1, host::FILE_OK, 10, "") + Reply(2, host::FILE_OK, 0, "0123456789");
  for (int i = 0; i < 16; ++i) honest += Reply(3, host::FILE_OK, 7, "0123456");
  corpus.Add("honest", honest);
  corpus.Add("short_range", Reply(1, host::FILE_OK, 10, "") + Reply(2, host::FILE_OK, 0, "012"));
  corpus.Add("long_range",
             Reply(1, host::FILE_OK, 2, "") + Reply(2, host::FILE_OK, 0, std::string(300, 'x')));
  corpus.Add("huge_size", Reply(1, host::FILE_OK, ~uint64_t{0}, "") + ok + ok + ok);
  corpus.Add("not_found",
             Reply(1, host::FILE_NOT_FOUND, 0, "") + Reply(2, host::FILE_UNSUPPORTED, 0, "") +
                 Reply(3, host::FILE_EXISTS, 0, "") + Reply(4, host::FILE_OUTCOME_NONE, 0, ""));
  corpus.Add("other_kind", FrameBytes(host::RESULT, 1, "") + ok);
  corpus.Add("every_ok", ok + ok + ok + ok + ok + ok + ok + ok + ok + ok + ok + ok);
}

/// A host that gives a coordinator what an honest worker of the session seals, and keeps it.
class HonestHost : public dataflow::HostLink {
 public:
  explicit HonestHost(const crypto::Secret& root) : worker_(root, crypto::SessionId(root), 1) {}
  base::Status Send(uint8_t kind, uint64_t stage, std::string_view payload) override {
    if (kind != host::RUN_STAGE) return base::OkStatus();
    host::RunStage run;
    CHECK(run.ParseFromString(std::string(payload)));
    sealed_task = run.sealed_task();
    const base::Digest task = dataflow::TaskDigest(run.sealed_task(), {});
    const dataflow::Tree tree(run.partitions());
    const bool reduce = run.terminal() == host::REDUCE;
    const uint64_t results = reduce ? 1 : run.partitions();
    for (uint64_t p = 0; p < results; ++p) {
      const crypto::Place place = reduce ? tree.PlaceOf(tree.root()) : crypto::Place{p};
      Deliver(stage, task, place, Plain(run.terminal(), p), KindOf(run.terminal()));
    }
    coordinator->OnClosed();
    return base::OkStatus();
  }
  dataflow::Coordinator* coordinator = nullptr;
  std::string sealed_task;
  std::string frames;

 private:
  static std::string Plain(host::Terminal terminal, uint64_t p) {
    const bool blocks = terminal == host::KEEP || terminal == host::SHUFFLE;
    return dataflow::EncodeAnswer(
        {blocks ? dataflow::EncodeKept({10 + p, 80}) : base::Cat("rows ", p), 1});
  }
  static crypto::MessageKind KindOf(host::Terminal terminal) {
    switch (terminal) {
      case host::REDUCE:
        return crypto::MessageKind::kPartial;
      case host::COLLECT:
        return crypto::MessageKind::kRows;
      case host::WRITE:
        return crypto::MessageKind::kWritten;
      default:
        return crypto::MessageKind::kKept;
    }
  }
  void Deliver(uint64_t stage, const base::Digest& task, crypto::Place place,
               const std::string& plain, crypto::MessageKind kind) {
    host::Result result;
    result.set_stage(stage);
    result.mutable_place()->set_a(place.a);
    result.mutable_place()->set_b(place.b);
    result.mutable_place()->set_c(place.c);
    result.mutable_place()->set_d(place.d);
    result.set_sealed(worker_.Seal(stage, task, kind, place, plain).value());
    const std::string payload = result.SerializeAsString();
    coordinator->OnFrame({host::RESULT, stage, payload});
    frames += FrameBytes(host::RESULT, stage, payload);
  }
  crypto::Sealer worker_;
};

void Results(const fs::path& folder) {
  const Corpus corpus(folder, "results");
  const Corpus tasks(folder, "stage_book");
  for (const uint8_t choice : std::vector<uint8_t>{0, 1, 2, 3, 4, 11, 13, 18}) {
    const dataflow::StageSpec spec = fuzz::StageOf(choice);
    const crypto::Secret root = crypto::Secret::Adopt(fuzz::SessionRoot());
    HonestHost host(root);
    crypto::Sealer sealer(root, crypto::SessionId(root), 0);
    const crypto::Opener opener(root, crypto::SessionId(root));
    dataflow::Coordinator coordinator(host, sealer, opener, {});
    host.coordinator = &coordinator;
    const auto result = coordinator.Run(spec);
    if (!result.ok()) std::printf("stage %d: %s\n", choice, base::Message(result.status()).data());
    CHECK(result.ok());
    const std::string name = base::Cat("stage_", int{choice});
    corpus.Add(name, static_cast<char>(choice) + host.frames);
    corpus.Add(name + "_twice", static_cast<char>(choice) + host.frames + host.frames);
    host::StageTask task;
    task.set_stage(1);
    task.set_sealed_task(host.sealed_task);
    tasks.Add(name, FrameBytes(host::STAGE_TASK, 1, task.SerializeAsString()));
    task.set_stage(2);  // sealed for another
    tasks.Add(name + "_moved", FrameBytes(host::STAGE_TASK, 2, task.SerializeAsString()));
  }
  host::StageDone done;
  done.set_stage(1);
  done.set_outcome(host::FAILED);
  host::Retried retried;
  retried.set_stage(1);
  corpus.Add("failed", "\x01" + FrameBytes(host::STAGE_DONE, 1, done.SerializeAsString()));
  corpus.Add("lost", "\x01" + FrameBytes(host::RETRIED, 1, retried.SerializeAsString()) +
                         FrameBytes(host::WORKER_LOST, 0, ""));
  tasks.Add("drop_and_cancel", FrameBytes(host::BROADCAST, 1, "sealed") +
                                   FrameBytes(host::DROP, 0, "\x0a\x01\x01") +
                                   FrameBytes(host::CANCEL, 1, ""));
}

void Tasks(const fs::path& folder) {
  const Corpus corpus(folder, "task");
  for (uint8_t choice = 0; choice < 5; ++choice) {
    dataflow::Task task;
    task.stage = 7;
    task.spec = fuzz::StageOf(choice);
    task.fan_in = dataflow::FanIn(task.spec.recipe->partitions);
    task.live = {{base::Digest{1}, true}};
    task.spec.broadcasts = {{base::Digest{2}, 3}};
    corpus.Add(base::Cat("terminal_", int{choice}), dataflow::EncodeTask(task));
  }
  corpus.Add("answer", dataflow::EncodeAnswer({"payload", 1, 2, 3}));
  corpus.Add("kept", dataflow::EncodeKept({1000, 8000}));
}

void Statistics(const fs::path& folder) {
  using stats::StatisticKind;
  const Corpus corpus(folder, "statistics");
  const auto add = [&](const std::string& name, StatisticKind kind, const std::string& metric,
                       stats::InputForm form, const std::vector<double>& numbers) {
    stats::Question question;
    question.statistic.kind = kind;
    question.statistic.metric = metric;
    question.input = {form, stats::PackDoubles(numbers)};
    corpus.Add(name, stats::EncodeQuestion(question));
  };
  const auto sums = stats::InputForm::kSums;
  const auto rows = stats::InputForm::kRows;
  add("auc", StatisticKind::kBinary, "areaUnderROC", sums, {2, 10, 1, 1, 5, 5, 0, 1, 10});
  add("roc", StatisticKind::kBinary, "roc", rows, {0.5, 1, 1, 0.25, 0, 1});
  add("f1", StatisticKind::kMulticlass, "f1", sums, {0, 0, 0, 0, 5, 1, 1, 7, 0, 1, 2});
  add("of_labels", StatisticKind::kMulticlass, "recallOfLabels", rows, {0, 0, 1, 1, 1, 1});
  add("r2", StatisticKind::kRegression, "r2", rows, {1, 2, 1, 3, 4, 1});
  add("summary", StatisticKind::kSummary, "vector mean", sums, {1, 2, 3});
  add("classes", StatisticKind::kClasses, "classes", sums, {0, 10, 1, 20});
  corpus.Add("no_answer", std::string_view("\0", 1));
  corpus.Add("answer", "\x01" + stats::PackDoubles(std::vector{0.5, 1e300, -0.0}));
  corpus.Add("answer_of_nine_bytes", "\x01" + stats::PackDoubles(std::vector{0.5}) + "x");
}

void SealedRoots(const fs::path& folder) {
  const Corpus indexes(folder, "sealed_index");
  const Corpus objects(folder, "root_files");
  const fs::path work = fs::temp_directory_path() / base::Cat("fuzz_corpus.", getpid());
  const auto files = base::PosixFiles();
  base::RandomForTest random(20260101);
  const crypto::Secret key = crypto::Secret::Adopt(fuzz::RootKey());
  const auto input = [&](const storage::FileEntry& entry, const fs::path& root) {
    const std::string bytes = files->ReadAll(root.string(), entry.object, 1 << 20).value();
    return base::FieldWriter().Add(storage::EncodeFileEntry(entry)).Add(bytes).Take();
  };
  const auto read_index = [&](const fs::path& root) {
    return files->ReadAll(root.string(), std::string(storage::kIndexName), 1 << 20).value();
  };
  arrow::DoubleBuilder x;
  arrow::StringBuilder s;
  for (int i = 0; i < 5; ++i) {
    CHECK(x.Append(i / 2.0).ok() &&
          (i == 2 ? s.AppendNull() : s.Append("s" + std::to_string(i))).ok());
  }
  const auto table = arrow::Table::Make(
      arrow::schema({arrow::field("x", arrow::float64()), arrow::field("s", arrow::utf8())}),
      {x.Finish().ValueOrDie(), s.Finish().ValueOrDie()});
  const fs::path set = work / "set";
  storage::DatasetOptions options;
  options.tee_kinds = {"simulated"};
  options.rows_per_file = 3;
  auto writer = storage::DatasetWriter::Create(*files, random, set.string(), fuzz::RootIdOf(), key,
                                               table->schema(), options)
                    .value();
  CHECK(writer->Write(*table).ok());
  const storage::OpenedIndex published = writer->Publish(nullptr).value();
  indexes.Add("data_set", read_index(set));
  objects.Add("part_of_data_set", input(published.index.files[0], set));
  const fs::path root = work / "tree";
  storage::Tree tree = storage::Tree::CreateEmpty(*files, random, root.string(), key,
                                                  fuzz::RootIdOf(), {"sgx", "simulated"})
                           .value();
  indexes.Add("empty_tree", read_index(root));
  const auto add = [&](const std::string& name, std::string_view bytes) {
    const auto entry =
        storage::Tree::WriteFile(*files, random, root.string(), key, fuzz::RootIdOf(), name, bytes);
    objects.Add(name, input(entry.value(), root));
    return entry.value();
  };
  const auto text = add("part-00000.txt", "one line\nanother\n");
  add("nothing", "");
  add("table.parquet", storage::ParquetBytes(*table).value());
  CHECK(tree.Publish(random, {text}, {}).ok());
  indexes.Add("tree", read_index(root));
  const std::string sealed = read_index(root);
  indexes.Add("header_only", sealed.substr(0, 40));
  indexes.Add("zero_bytes", "");
  std::string other = sealed;
  other[20] = static_cast<char>(other[20] ^ 1);
  indexes.Add("another_id", other);
  fs::remove_all(work);
}

void Provisions(const fs::path& folder) {
  const Corpus corpus(folder, "provision");
  const std::string id(32, 'a');
  policy::Manifest manifest;
  manifest.task = "t";
  manifest.tee.kinds = {attest::TeeKind::kSgx};
  manifest.tee.master_measurements = manifest.tee.worker_measurements = {base::Digest{1}};
  manifest.classes = {"org.apache.spark.ml.*"};
  manifest.read = {{"/d/patients", id, 1}};
  session::Provision message;
  message.set_owner_secret(std::string(32, 'o'));
  message.set_bearer_token(std::string(64, 't'));
  message.set_manifest(policy::WriteManifest(manifest));
  message.set_time_ms(1'790'000'000'000);
  message.set_ledger_mac_key(std::string(32, 'm'));
  message.set_takeover_key(std::string(32, 'k'));
  message.set_evidence("evidence");
  message.set_evidence_nonce(std::string(32, 'n'));
  message.set_evidence_exporter(std::string(32, 'x'));
  corpus.Add("without_key", message.SerializeAsString());
  session::DatasetKey& key = *message.add_keys();
  key.set_id(base::FromHex(id).value());
  key.set_key(std::string(16, 'k'));
  session::VersionRecord& version = *message.add_versions();
  version.set_id(key.id());
  version.set_version(3);
  version.set_index_digest(std::string(32, 'd'));
  const std::string good = message.SerializeAsString();
  CHECK(master::ParseProvision(good, crypto::Sha256(message.manifest())).ok());
  corpus.Add("good", good);
  *message.add_keys() = message.keys(0);
  corpus.Add("key_twice", message.SerializeAsString());
  message.set_manifest("task = ");
  corpus.Add("no_manifest", message.SerializeAsString());
}

void Takeovers(const fs::path& folder) {
  const Corpus takeovers(folder, "takeover");
  session::Takeover takeover;
  takeovers.Add("nothing", "");
  takeover.set_proof(std::string(32, 'p'));
  const std::string good = takeover.SerializeAsString();
  CHECK(master::ParseTakeover(good).ok());
  takeovers.Add("good", good);
  takeovers.Add("proof_twice", good + takeover.SerializeAsString().substr(0, 30));
  takeover.set_proof(std::string(33, 'p'));
  takeovers.Add("longer", takeover.SerializeAsString());
  takeovers.Add("another_field", "\x10\x01" + good.substr(0, 2) + std::string(32, 'q'));

  const Corpus answers(folder, "busy_master");
  const auto add = [&](const std::string& name, const session::MasterState& state,
                       const base::Status& error) {
    session::TakeoverReply reply;
    if (!error.ok()) reply.set_error(base::EncodeStatus(error));
    answers.Add(
        name,
        base::FieldWriter().Add(state.SerializeAsString()).Add(reply.SerializeAsString()).Take());
  };
  session::MasterState state;
  add("free", state, base::OkStatus());
  state.set_provisioned(true);
  state.set_seconds_left(60);
  add("ended", state, base::OkStatus());
  const base::Status anothers = base::Fail(base::kUnauthenticated, "not of the owner");
  add("owner_is_away", state, anothers);
  state.set_owner_connected(true);
  state.set_silent_ms(12);
  add("owner_is_there", state, anothers);
  add("program_is_there", state, base::Fail(channel::kMasterBusy, "The owner is connected"));
  state.set_silent_ms(~uint64_t{0});
  add("silent_for_ever", state, anothers);
  add("unknown_refusal", state, base::Fail(base::kInternal, "?"));
  session::TakeoverReply broken;
  broken.set_error("\x01");
  answers.Add(
      "broken_refusal",
      base::FieldWriter().Add(state.SerializeAsString()).Add(broken.SerializeAsString()).Take());
  answers.Add("no_messages", base::FieldWriter().Add("\xff").Add("\xff").Take());
}

void TableStreams(const fs::path& folder) {
  const Corpus corpus(folder, "ipc");
  arrow::Int64Builder values;
  CHECK(values.AppendValues({1, 2, 3}).ok() && values.AppendNull().ok());
  const auto ints = values.Finish().ValueOrDie();
  arrow::StringBuilder text;
  CHECK(text.AppendValues({"a", "", "bc"}).ok() && text.AppendNull().ok());
  const auto strings = text.Finish().ValueOrDie();
  const auto add = [&](const std::string& name, const std::shared_ptr<arrow::Array>& column) {
    const auto table =
        arrow::Table::Make(arrow::schema({arrow::field("c", column->type())}), {column});
    corpus.Add(name, table::ToIpcStream(*table).value());
  };
  add("ints", ints);
  add("strings", strings);
  const auto offsets = arrow::Buffer::FromVector(std::vector<int32_t>{0, 1, 4});
  add("lists", std::make_shared<arrow::ListArray>(arrow::list(arrow::int64()), 2, offsets, ints));
  add("structs",
      arrow::StructArray::Make({ints, strings}, std::vector<std::string>{"i", "s"}).ValueOrDie());
  const auto keys = strings->Slice(0, 3);
  const auto ends = arrow::Buffer::FromVector(std::vector<int32_t>{0, 1, 3});
  const auto map = arrow::map(arrow::utf8(), arrow::int64());
  add("maps", std::make_shared<arrow::MapArray>(map, 2, ends, keys, ints->Slice(0, 3)));
  // A null key: of a map only the schema tells that it isn't a list of pairs.
  const auto pairs = arrow::StructArray::Make({strings, ints}, std::vector<std::string>{"k", "v"});
  const auto list = std::make_shared<arrow::ListArray>(arrow::list(pairs.ValueOrDie()->type()), 2,
                                                       offsets, pairs.ValueOrDie());
  const auto rows =
      arrow::RecordBatch::Make(arrow::schema({arrow::field("c", list->type())}), 2, {list});
  const arrow::Schema schema({arrow::field("c", map)});
  corpus.Add("map_null_key",
             arrow::ipc::SerializeSchema(schema).ValueOrDie()->ToString() +
                 arrow::ipc::SerializeRecordBatch(*rows, arrow::ipc::IpcWriteOptions::Defaults())
                     .ValueOrDie()
                     ->ToString());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
    return 2;
  }
  const fs::path folder = argv[1];
  Streams(folder);
  HostFiles(folder);
  Results(folder);
  Tasks(folder);
  Statistics(folder);
  SealedRoots(folder);
  Provisions(folder);
  Takeovers(folder);
  TableStreams(folder);
  return 0;
}
