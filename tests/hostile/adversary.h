// A host that lies by a seeded script: it stands between an honest host::Scheduler and the enclaves
// and replaces, adds and withholds frames. It knows what a host knows: frames, places and sealed
// bytes, of this session and of another one. The same script, seed and frames give the same lies.
//
// Not thread-safe: the caller holds the lock that it holds around the scheduler.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "host/local/interceptor.h"
#include "host/local/scheduler.h"
#include "src/base/frame.h"
#include "tests/hostile/misbehaviour.h"

namespace soteria::host {
class Blob;
class Result;
class Task;
class TaskDone;
}  // namespace soteria::host

namespace soteria::hostile {

using PlaceKey = std::array<uint64_t, 4>;
using Frames = std::vector<host::Outgoing>;

/// One trick, at the first possible moment after so many opportunities.
struct Step {
  Trick trick;
  uint64_t after = 0;
  bool done = false;
};

/// What a host remembers of a session.
struct Memory {
  struct Shape {
    int terminal = 0;
    uint64_t partitions = 0, fan_in = 0, targets = 0;
    bool reads_shuffle = false;
    std::vector<uint64_t> broadcasts;
  };
  using Name = std::pair<uint64_t, PlaceKey>;  // stage, place

  std::map<uint64_t, Shape> stages;
  std::map<Name, std::string> results;  // sealed, to the master
  std::map<Name, std::string> blobs;    // sealed, of tasks
  std::map<uint64_t, std::string> broadcasts;
  std::map<uint64_t, std::string> stage_tasks;  // sealed
};

struct Setting {
  size_t workers = 1;  // the scheduler's
  size_t slots = 1;
  bool extra_worker = false;  // worker number `workers`, of which the scheduler doesn't know
  std::shared_ptr<const Memory> other_session;
  uint64_t slice_bytes = uint64_t{16} << 20;  // of workers in this process
};

class Adversary : public host::Interceptor {
 public:
  Adversary(std::vector<Step> script, uint64_t seed, Setting setting);
  ~Adversary() override;

  void FromMaster(const base::Frame& frame) override;
  bool FromSlot(size_t worker, size_t slot, base::Frame& frame) override;
  void WorkerReady(size_t worker) override;
  void WorkerLost(size_t worker) override;
  /// What is sent instead of the scheduler's actions, and what the adversary sends on its own.
  void Rewrite(host::Actions& actions) override;
  /// Another script, between two jobs: what the one before left unfinished is let go.
  void Arm(std::vector<Step> script, uint64_t seed);
  /// No further lies; what was held back for later is still delivered.
  void Rest() { resting_ = true; }

  bool hung_up() const { return hung_up_; }
  /// The tricks that took effect, in order.
  const std::vector<Trick>& told() const { return told_; }
  const Memory& memory() const { return memory_; }

 private:
  using Shape = Memory::Shape;
  using Name = Memory::Name;
  enum class Purpose {
    kNone,
    kTwice,
    kOnExtra,
    kMix,
    kDiscard,
    kRetry,
    kProvoke,
    kKeepError,
    kReplayError
  };

  /// A task that a slot has been given and not yet answered.
  struct Outstanding {
    Purpose purpose = Purpose::kNone;  // kNone: the scheduler's own
    Name name;                         // what the scheduler believes
    std::optional<Name> altered;       // what the slot was told instead
    std::optional<Trick> alteration;
    bool hide_error = false;
  };
  /// A RESULT on its way, and what is sent around it.
  struct Delivery {
    uint64_t stage = 0;  // the true one, and the true place
    PlaceKey place{};
    Frames before;
    std::unique_ptr<host::Result> result;  // null: withheld
    Frames after;
    bool altered = false;
  };
  struct OwnFrame {
    host::Outgoing frame;
    std::optional<Outstanding> task;  // of a TASK
  };
  struct LateFrame {
    uint64_t stage;  // goes out in a later one
    host::Outgoing frame;
    std::optional<Trick> trick;
    bool as_current = false;  // relabelled as a result of the stage that is open then
  };

  uint64_t Below(uint64_t n) { return random_() % n; }
  void Told(Trick trick) { told_.push_back(trick); }
  /// The steps whose turn it is at this chance.
  std::vector<Step*> Due(Chance chance, bool first = false);
  void Flip(std::string& bytes);

  void Offer(host::Outgoing out, Frames& sends);
  void ToMaster(host::Outgoing out, Frames& sends);
  void OfferResult(const host::Outgoing& out, Frames& sends);
  void OfferDone(const host::Outgoing& out, Frames& sends);
  void OfferBroadcast(host::Outgoing out, Frames& sends);
  void OfferStageTask(host::Outgoing out, Frames& sends);
  void OfferTask(host::Outgoing out, Frames& sends);
  void SendLate(uint64_t stage, const host::Result& result, Frames& sends);
  void ReleaseHeld(uint64_t stage, Frames& sends);

  // Each true when the step is used up.
  bool TellAboutResult(Trick trick, Delivery& delivery);
  bool TellHarmless(Trick trick, Delivery& delivery);
  bool AlterResult(Trick trick, Delivery& delivery);
  bool ReplaceSealed(Trick trick, host::Result& result);
  bool Relabel(Trick trick, host::Result& result);
  bool Forge(Trick trick, host::Result& result);
  bool SwapResults(Delivery& delivery);
  bool TellAboutStage(Trick trick, Delivery& delivery);
  bool TellAboutInputs(Trick trick, host::Task& task, Outstanding& given);
  bool ReplaceInput(Trick trick, host::Task& task);
  bool MisdirectTask(Trick trick, size_t worker, host::Task& task, Outstanding& given);
  bool TellAboutAnswer(Trick trick, size_t worker, host::TaskDone& done, const Name& name,
                       bool& swallow);
  bool ProvokeError(Trick trick, const host::Task& task);

  /// True when the inputs aren't the scheduler's any more.
  bool AddAlternates(host::Task& task);
  void AddAlternate(const Name& name, bool mix, host::Task& task);
  void Restore(const Outstanding& given, host::TaskDone& done);
  void Remember(const host::TaskDone& done);
  /// Gives frames of a task that was handed out before to another worker as well.
  static bool Blocks(Purpose purpose) {
    return purpose == Purpose::kRetry || purpose == Purpose::kProvoke;
  }
  void Inject(const Name& name, Purpose purpose, std::string_view payload);
  void Prepare(size_t worker, uint64_t stage);
  void InjectedDone(const Outstanding& given, const host::TaskDone& done);
  void Unblock();

  std::vector<Step> script_;
  std::mt19937_64 random_;
  const Setting setting_;
  Memory memory_;
  std::vector<Trick> told_;
  bool resting_ = false;
  bool hung_up_ = false;

  std::map<std::pair<size_t, size_t>, std::deque<Outstanding>> outstanding_;  // by worker and slot
  std::map<std::pair<size_t, size_t>, std::unique_ptr<host::TaskDone>> partly_;  // injected, `more`
  std::set<size_t> ready_;
  std::map<size_t, std::set<std::pair<uint8_t, uint64_t>>> given_;  // frames by kind and id
  std::map<Name, std::string> tasks_;                    // payload of the last TASK for that name
  std::map<Name, std::vector<std::string>> alternates_;  // another run's sealed outputs, by slice
  std::set<Name> to_mix_;                                // of alternates_
  std::set<uint64_t> begun_;                             // stages of which a RESULT was offered
  std::set<Name> withheld_;
  std::set<Name> misdirected_;          // whose answer is that to another task
  std::set<Name> retried_;              // whose result comes again, whole
  std::optional<uint64_t> reordering_;  // the stage whose results are held
  Frames held_;
  std::unique_ptr<host::Result> swap_;  // waits for its partner
  std::vector<LateFrame> late_;
  uint64_t blocking_ = 0;  // injected tasks that the master must hear of first
  Frames blocked_;
  std::vector<OwnFrame> own_;   // go out with the next Rewrite
  std::vector<Name> homeless_;  // tasks to retry, while no worker is ready
  std::vector<size_t> kills_;
};

}  // namespace soteria::hostile
