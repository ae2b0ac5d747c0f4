// A malicious host, in one thread: thousands of seeded scripts of tricks (misbehaviour.h) against
// the real coordinator, scheduler, slots and keys. Whatever the host does, a job ends in exactly
// the right bits or in the error that the trick's row names; harmless tricks change nothing (I4,
// I5, I7, I8).
//
//   SOTERIA_SCHEDULES=100000      so many schedules instead of 10,000
//   SOTERIA_SCHEDULE_SEED=4711    this one only, with its script printed
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/crypto/hash.h"
#include "src/dataflow/coordinator.h"
#include "src/exec/aggregate.h"
#include "src/table/ipc.h"
#include "tests/hostile/adversary.h"
#include "tests/hostile/in_process_host.h"
#include "tests/hostile/misbehaviour.h"

namespace soteria::hostile {
namespace {

using dataflow::Terminal;

constexpr uint64_t kSchedules = 10'000;
constexpr uint64_t kOccurrencesMin = 20;
constexpr int64_t kRows = 60;

/// A job and the cluster that runs it.
struct Shape {
  uint64_t partitions, targets;
  size_t workers, slots;
  bool extra_worker;
  uint64_t slice_bytes = uint64_t{16} << 20;
};
constexpr Shape kShapes[] = {
    {1, 1, 1, 1, false},     {2, 1, 2, 1, true},     {3, 2, 2, 1, false},    {5, 3, 2, 2, true},
    {8, 8, 3, 1, false},     {9, 2, 1, 2, true},     {12, 4, 3, 2, true},    {20, 5, 2, 1, true},
    {4, 3, 2, 1, true, 50},  {9, 3, 2, 2, true, 50}, {8, 2, 1, 1, true, 40}, {6, 4, 2, 1, true, 60},
    {20, 3, 2, 1, false, 60}};

std::shared_ptr<arrow::Table> Rows(int iteration) {
  arrow::DoubleBuilder builder;
  for (int64_t i = 0; i < kRows; ++i) {
    // Of many magnitudes, so that another order of the sum has other bits.
    const double x = (static_cast<double>(i) + 0.1) * std::pow(10.0, static_cast<double>(i % 9));
    EXPECT_TRUE(builder.Append(x * iteration).ok());
  }
  std::shared_ptr<arrow::Array> array;
  EXPECT_TRUE(builder.Finish(&array).ok());
  return arrow::Table::Make(arrow::schema({arrow::field("x", arrow::float64())}), {array});
}

dataflow::OperatorBytes Kernel() {
  static const std::string bytes =
      exec::Aggregate::Make({{"sum", exec::Column("x"), "total"}, {"count", nullptr, "rows"}},
                            *Rows(1)->schema())
          ->Encode();
  return {"exec.aggregate", bytes};
}

/// The master's work: every terminal but write, two shuffles of one shape, and a broadcast that
/// changes between stages as a model does.
class Job {
 public:
  Job(dataflow::Coordinator& coordinator, const Shape& shape)
      : coordinator_(coordinator), shape_(shape) {}

  /// All results, one after another.
  base::StatusOr<std::string> Run(const std::function<void()>& before_last) {
    SOTERIA_RETURN_IF_ERROR(Iterate(1));
    SOTERIA_RETURN_IF_ERROR(Iterate(2));
    before_last();
    dataflow::StageSpec last = Spec(Terminal::kReduce, rows_);
    SOTERIA_RETURN_IF_ERROR(Stage(last));
    return std::move(results_);
  }
  const std::string& last_partial() const { return last_partial_; }

 private:
  base::Status Iterate(int iteration) {
    static const std::string ipc[] = {*table::ToIpcStream(*Rows(1)), *table::ToIpcStream(*Rows(2))};
    const std::string& bytes = ipc[iteration - 1];
    SOTERIA_ASSIGN_OR_RETURN(broadcast_, coordinator_.Broadcast(bytes));
    dataflow::LocalSource source{broadcast_.digest, crypto::Sha256(bytes), {}};
    for (uint64_t p = 1; p <= shape_.partitions; ++p) {
      source.row_ends.push_back(static_cast<uint64_t>(kRows) * p / shape_.partitions);
    }
    rows_ = dataflow::MakeRecipe(source, {}, shape_.partitions);
    coordinator_.SetLive({rows_->digest});
    SOTERIA_RETURN_IF_ERROR(Stage(Spec(Terminal::kKeep, rows_)));
    SOTERIA_RETURN_IF_ERROR(Stage(Spec(Terminal::kReduce, rows_)));
    dataflow::StageSpec shuffle = Spec(Terminal::kShuffle, rows_);
    shuffle.targets = shape_.targets;
    shuffle.partitioner.kind = shape_.targets == 1 ? dataflow::kSingle : dataflow::kRoundRobin;
    SOTERIA_ASSIGN_OR_RETURN(const dataflow::StageResult spread, coordinator_.Run(shuffle));
    dataflow::StageSpec read =
        Spec(iteration == 1 ? Terminal::kCollect : Terminal::kReduce,
             dataflow::MakeRecipe(dataflow::GatherCells(rows_, shuffle.partitioner), {},
                                  shape_.targets));
    read.inputs = {spread.shuffle};
    return Stage(read);
  }
  dataflow::StageSpec Spec(Terminal terminal, dataflow::RecipePtr recipe) {
    dataflow::StageSpec spec;
    spec.terminal = terminal;
    spec.recipe = std::move(recipe);
    spec.broadcasts = {broadcast_};
    if (terminal == Terminal::kReduce) spec.kernel = Kernel();
    return spec;
  }
  base::Status Stage(const dataflow::StageSpec& spec) {
    SOTERIA_ASSIGN_OR_RETURN(const dataflow::StageResult result, coordinator_.Run(spec));
    results_ += result.root_partial;
    for (const std::string& output : result.outputs) results_ += output;
    last_partial_ = result.root_partial;
    return base::OkStatus();
  }

  dataflow::Coordinator& coordinator_;
  const Shape& shape_;
  dataflow::BroadcastRef broadcast_;
  dataflow::RecipePtr rows_;
  std::string results_;
  std::string last_partial_;
};

struct Ending {
  std::string last_partial;
  base::Status status;
  std::string results;
  std::vector<Trick> told;
  std::shared_ptr<const Memory> memory;
};

Ending RunOnce(const Shape& shape, std::vector<Step> script, uint64_t seed,
               std::shared_ptr<const Memory> other) {
  std::string root_bytes(32, '\0');
  base::PutLe64(seed, root_bytes.data());
  const crypto::Secret root = crypto::Secret::Adopt(std::move(root_bytes));
  const base::Digest session = crypto::SessionId(root);
  crypto::Sealer sealer(root, session, 0);
  const crypto::Opener opener(root, session);
  const Setting setting{shape.workers, shape.slots, shape.extra_worker, std::move(other),
                        shape.slice_bytes};
  Adversary adversary(std::move(script), seed, setting);
  InProcessHost host(root, setting, seed, adversary);
  dataflow::Coordinator coordinator(host, sealer, opener, {});
  host.Connect(coordinator);
  Job job(coordinator, shape);
  auto results = job.Run([&] { adversary.Rest(); });
  Ending run;
  run.status = results.status();
  if (results.ok()) run.results = *std::move(results);
  run.last_partial = job.last_partial();
  run.told = adversary.told();
  run.memory = std::make_shared<const Memory>(adversary.memory());
  return run;
}

/// The undisturbed run of a shape: the right results, and another session for replays.
const Ending& Undisturbed(const Shape& shape) {
  static std::map<const Shape*, Ending> runs;
  auto found = runs.find(&shape);
  if (found == runs.end()) {
    found = runs.emplace(&shape, RunOnce(shape, {}, ~uint64_t{0}, nullptr)).first;
    EXPECT_TRUE(found->second.status.ok()) << base::Message(found->second.status);
  }
  return found->second;
}

struct Schedule {
  const Shape* shape;
  std::vector<Step> script;
};

Schedule MakeSchedule(uint64_t seed) {
  std::mt19937_64 random(seed ^ 0x5eed);
  Schedule schedule{&kShapes[random() % std::size(kShapes)], {}};
  const uint64_t steps = random() % 4;
  for (uint64_t i = 0; i < steps; ++i) {
    const auto trick = static_cast<Trick>(random() % kTricks);
    schedule.script.push_back({trick, random() % InfoOf(trick).tries});
  }
  return schedule;
}

std::string Describe(uint64_t seed, const Schedule& schedule, const Ending& run) {
  std::string text = "seed " + std::to_string(seed) + ", " +
                     std::to_string(schedule.shape->partitions) + " partitions:";
  for (const Step& step : schedule.script) {
    text += std::string(" ") + InfoOf(step.trick).name + "@" + std::to_string(step.after);
  }
  text += "; told:";
  for (const Trick trick : run.told) text += std::string(" ") + InfoOf(trick).name;
  return text + "; " +
         (run.status.ok() ? "ok"
                          : base::ConditionName(run.status) + ": " + base::Message(run.status));
}

/// What a worker was made to believe is gone with the worker.
bool LiesToWorker(Chance chance) {
  return chance == Chance::kMerge || chance == Chance::kRead || chance == Chance::kMap ||
         chance == Chance::kStageTask || chance == Chance::kBroadcast;
}

/// The property. An empty string, or what is wrong.
std::string Judge(const Ending& run, const Ending& right) {
  bool may_fail = false, must_fail = false, named = false;
  const bool lost_a_worker = std::count(run.told.begin(), run.told.end(), Trick::kLoseWorker) > 0;
  for (const Trick trick : run.told) {
    const TrickInfo& info = InfoOf(trick);
    if (info.effect == Effect::kHarmless) continue;
    may_fail = true;
    if (info.effect == Effect::kFatal && !(lost_a_worker && LiesToWorker(info.chance))) {
      must_fail = true;
    }
    for (const base::Condition* error : info.errors) named |= base::Is(run.status, *error);
  }
  if (run.status.ok()) {
    if (run.results != right.results) return "a wrong result";
    return must_fail ? "a fatal lie was passed over" : "";
  }
  if (!may_fail) return "an error without a lie that harms";
  return named ? "" : "an error that no lie of this run should end in";
}

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

TEST(MaliciousHostTest, TheUndisturbedJobIsRight) {
  for (const Shape& shape : kShapes) {
    const Ending& run = Undisturbed(shape);
    ASSERT_TRUE(run.status.ok());
    // Whatever the seed, the order of tasks and the number of workers: the same bits (I7).
    EXPECT_EQ(RunOnce(shape, {}, 1, nullptr).results, run.results);
    Shape other = shape;
    other.workers = 3;
    other.slots = 2;
    EXPECT_EQ(RunOnce(other, {}, 2, nullptr).results, run.results);
    // The last stage is the sum over the second iteration's rows.
    double sum = 0;
    for (int64_t i = 0; i < kRows; ++i) {
      sum += 2 * (static_cast<double>(i) + 0.1) * std::pow(10.0, static_cast<double>(i % 9));
    }
    const auto aggregate = exec::Aggregate::Decode(Kernel().bytes);
    const auto total = aggregate->Finish(run.last_partial);
    ASSERT_TRUE(total.ok());
    const auto cell = *(*total)->column(0)->GetScalar(0);
    EXPECT_NEAR(static_cast<const arrow::DoubleScalar&>(*cell).value, sum, sum * 1e-12);
    EXPECT_EQ((*(*total)->column(1)->GetScalar(0))->ToString(), std::to_string(kRows));
  }
}

TEST(MaliciousHostTest, ASeedReproducesItsRun) {
  for (const uint64_t seed : {3U, 14U, 159U, 2653U}) {
    const Schedule schedule = MakeSchedule(seed);
    const auto again = [&] {
      return RunOnce(*schedule.shape, schedule.script, seed, Undisturbed(*schedule.shape).memory);
    };
    const Ending first = again(), second = again();
    EXPECT_EQ(first.told, second.told);
    EXPECT_EQ(first.results, second.results);
    EXPECT_EQ(first.status, second.status);
    EXPECT_EQ(first.memory->results, second.memory->results);
    EXPECT_EQ(first.memory->blobs, second.memory->blobs);
  }
}

TEST(MaliciousHostTest, NoScheduleGivesAWrongResult) {
  const char* one = std::getenv("SOTERIA_SCHEDULE_SEED");
  const uint64_t schedules = FromEnvironment("SOTERIA_SCHEDULES", kSchedules);
  const uint64_t begin = one != nullptr ? FromEnvironment("SOTERIA_SCHEDULE_SEED", 0) : 0;
  const uint64_t end = one != nullptr ? begin + 1 : schedules;
  std::map<Trick, uint64_t> told;
  uint64_t failures = 0, right_results = 0;
  for (uint64_t seed = begin; seed < end && failures < 20; ++seed) {
    const Schedule schedule = MakeSchedule(seed);
    const Ending& right = Undisturbed(*schedule.shape);
    const Ending run = RunOnce(*schedule.shape, schedule.script, seed, right.memory);
    const std::string wrong = Judge(run, right);
    if (!wrong.empty()) {
      ++failures;
      ADD_FAILURE() << wrong << "; " << Describe(seed, schedule, run);
    }
    if (one != nullptr) std::printf("%s\n", Describe(seed, schedule, run).c_str());
    right_results += run.status.ok() ? 1U : 0U;
    for (const Trick trick : run.told) ++told[trick];
  }
  std::printf("%llu schedules, %llu with the right result\n",
              static_cast<unsigned long long>(end - begin),
              static_cast<unsigned long long>(right_results));
  if (one != nullptr) return;
  for (const TrickInfo& info : AllTricks()) {
    std::printf("  %-28s %llu\n", info.name, static_cast<unsigned long long>(told[info.trick]));
    if (schedules >= kSchedules) {
      EXPECT_GE(told[info.trick], kOccurrencesMin) << info.name;
    }
  }
}

}  // namespace
}  // namespace soteria::hostile
