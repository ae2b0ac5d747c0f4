#include "src/dataflow/coordinator.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "soteria/host.pb.h"
#include "src/base/errors.h"
#include "src/crypto/hash.h"
#include "src/dataflow/coordinator_for_test.h"
#include "src/dataflow/task.h"

namespace soteria::dataflow {
namespace {

TEST_F(CoordinatorTest, CollectsInPartitionOrderWhateverTheOrderOfArrival) {
  host_.script = [](ScriptedHost& host) {
    for (const uint64_t p : {2U, 0U, 3U, 1U}) host.Rows(p);
  };
  std::vector<uint64_t> order;
  const auto result = coordinator_.Run(Collect(4), [&](uint64_t p, std::string plain) {
    order.push_back(p);
    EXPECT_EQ(plain, "rows " + std::to_string(p));
    return base::OkStatus();
  });
  ASSERT_TRUE(result.ok()) << base::Message(result.status());
  EXPECT_EQ(order, (std::vector<uint64_t>{0, 1, 2, 3}));
  EXPECT_TRUE(result->outputs.empty());
}

TEST_F(CoordinatorTest, OutputsWithoutASink) {
  const auto result = Run(Collect(2), [](ScriptedHost& host) {
    host.Rows(1);
    host.Rows(0);
  });
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->outputs, (std::vector<std::string>{"rows 0", "rows 1"}));
}

TEST_F(CoordinatorTest, AFailingSinkEndsTheStage) {
  host_.script = [](ScriptedHost& host) {
    host.Rows(0);
    host.Rows(1);
  };
  const auto result = coordinator_.Run(
      Collect(2), [](uint64_t, std::string) { return base::Fail(base::kIo, "the owner is gone"); });
  EXPECT_TRUE(base::Is(result.status(), base::kIo));
}

// I4: delivered again it changes nothing.
TEST_F(CoordinatorTest, RepeatsAreIgnoredAndCounted) {
  const auto result = Run(Collect(2), [](ScriptedHost& host) {
    const std::string sealed = host.Seal(MessageKind::kRows, {0}, "first");
    host.Deliver({0}, sealed);
    host.Deliver({0}, sealed);
    host.Deliver({0}, host.Seal(MessageKind::kRows, {0}, "second"));
    host.Rows(1);
  });
  ASSERT_TRUE(result.ok()) << base::Message(result.status());
  EXPECT_EQ(result->outputs[0], "first");
  EXPECT_EQ(result->repeats, 2U);
  EXPECT_EQ(coordinator_.counters().repeats, 2U);
}

TEST_F(CoordinatorTest, LateRepeatsOfAClosedStageAreIgnored) {
  std::string late;
  ASSERT_TRUE(Run(Collect(1), [&](ScriptedHost& host) {
                late = host.Seal(MessageKind::kRows, {0}, "old");
                host.Deliver({0}, late);
              }).ok());
  host_.Deliver(1, {0}, late);  // between the stages
  const auto result = Run(Collect(1), [&](ScriptedHost& host) {
    host.Deliver(1, {0}, late);
    host.Rows(0);
    host.Done(host::OK, 1);
  });
  ASSERT_TRUE(result.ok()) << base::Message(result.status());
  EXPECT_EQ(result->repeats, 2U);
  EXPECT_EQ(result->outputs[0], "rows 0");
}

// What a write stage wrote before it failed, told when it failed, and later.
TEST_F(CoordinatorTest, FilesOfAWriteStageThatFailedAreGivenUp) {
  std::vector<std::string> unused;
  coordinator_.SetOnUnused([&](const WriteTarget& target, std::string entry) {
    EXPECT_EQ(target.root, "/w");
    unused.push_back(std::move(entry));
  });
  StageSpec write = Of(Terminal::kWrite, 4);
  write.write.root = "/w";
  const auto written = [](ScriptedHost& host, uint64_t p) {
    return host.Seal(MessageKind::kWritten, {p}, "file " + std::to_string(p));
  };
  std::string late, mine;
  std::vector<std::string> delivered;
  host_.script = [&](ScriptedHost& host) {
    host.Deliver({0}, written(host, 0));
    host.Deliver({2}, written(host, 2));
    late = written(host, 3);
    host.Deliver({1}, host.SealAs(host.run.stage(), host.task(), MessageKind::kError, {1},
                                  base::EncodeStatus(base::Fail(base::kIo, "disk full"))));
  };
  const auto result = coordinator_.Run(write, [&](uint64_t, std::string entry) {
    delivered.push_back(std::move(entry));
    return base::OkStatus();
  });
  EXPECT_TRUE(base::Is(result.status(), base::kIo)) << result.status();
  EXPECT_EQ(delivered, std::vector<std::string>{"file 0"});  // the caller's
  EXPECT_EQ(unused, std::vector<std::string>{"file 2"});
  // Another stage is open when the last one comes in; its own files aren't touched, nor are repeats
  // of a stage that went well.
  ASSERT_TRUE(Run(write, [&](ScriptedHost& host) {
                host.Deliver(1, {3}, late);
                for (uint64_t p = 0; p < 4; ++p) host.Deliver({p}, mine = written(host, p));
              }).ok());
  ASSERT_TRUE(Run(Collect(1), [&](ScriptedHost& host) {
                host.Deliver(2, {3}, mine);
                host.Rows(0);
              }).ok());
  EXPECT_EQ(unused, (std::vector<std::string>{"file 2", "file 3"}));
  // And when no stage follows.
  EXPECT_FALSE(Run(write, [&](ScriptedHost& host) {
                 late = written(host, 0);
                 host.Done(host::FAILED);
               }).ok());
  host_.Deliver(4, {0}, late);
  host_.Deliver(2, {3}, mine);
  coordinator_.GiveUpLate();
  EXPECT_EQ(unused, (std::vector<std::string>{"file 2", "file 3", "file 0"}));
}

TEST_F(CoordinatorTest, StageNumbersAreNeverReused) {
  std::set<uint64_t> numbers;
  for (int i = 0; i < 3; ++i) {
    (void)Run(Collect(1), [&](ScriptedHost& host) {
      numbers.insert(host.run.stage());
      i == 1 ? host.Done(host::FAILED) : host.Rows(0);
    });
  }
  EXPECT_EQ(numbers, (std::set<uint64_t>{1, 2, 3}));
}

TEST_F(CoordinatorTest, AResultOfAClosedStageIsNotOneOfTheOpenStage) {
  std::string old;
  ASSERT_TRUE(Run(Collect(1), [&](ScriptedHost& host) {
                old = host.Seal(MessageKind::kRows, {0}, "old");
                host.Deliver({0}, old);
              }).ok());
  EXPECT_TRUE(base::Is(Attacked(Collect(1), [&](ScriptedHost& host) { host.Deliver({0}, old); }),
                       base::kIntegrity));
}

TEST_F(CoordinatorTest, AResultClaimedForAnotherClosedStageIsFatal) {
  std::string first;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(Run(Collect(1), [&](ScriptedHost& host) {
                  if (i == 0) first = host.Seal(MessageKind::kRows, {0}, "one");
                  host.Rows(0);
                }).ok());
  }
  EXPECT_TRUE(
      base::Is(Attacked(Collect(1), [&](ScriptedHost& host) { host.Deliver(2, {0}, first); }),
               base::kIntegrity));
  EXPECT_TRUE(
      base::Is(Attacked(Collect(1), [&](ScriptedHost& host) { host.Deliver(99, {0}, first); }),
               base::kIntegrity));
}

struct Attack {
  const char* name;
  ScriptedHost::Script script;
};

TEST_F(CoordinatorTest, WhatIsNotExactlyAnAnswerIsFatal) {
  const std::vector<Attack> attacks = {
      {"swapped places",
       [](ScriptedHost& host) { host.Deliver({1}, host.Seal(MessageKind::kRows, {0}, "x")); }},
      {"a place beyond the stage",
       [](ScriptedHost& host) { host.Deliver({2}, host.Seal(MessageKind::kRows, {2}, "x")); }},
      {"another kind",
       [](ScriptedHost& host) { host.Deliver({0}, host.Seal(MessageKind::kKept, {0}, "x")); }},
      {"another task",
       [](ScriptedHost& host) {
         host.Deliver({0}, host.SealAs(host.run.stage(), base::Digest{}, MessageKind::kRows, {0},
                                       EncodeAnswer({"x", 0})));
       }},
      {"a later stage",
       [](ScriptedHost& host) {
         host.Deliver({0}, host.SealAs(host.run.stage() + 1, host.task(), MessageKind::kRows, {0},
                                       EncodeAnswer({"x", 0})));
       }},
      {"another session",
       [](ScriptedHost& host) {
         const crypto::Secret other = RootOf('o');
         crypto::Sealer sealer(other, crypto::SessionId(other), 1);
         host.Deliver({0}, *sealer.Seal(host.run.stage(), host.task(), MessageKind::kRows, {0},
                                        EncodeAnswer({"x", 0})));
       }},
      {"a key outside the session, claiming it",
       [](ScriptedHost& host) {
         const crypto::Secret other = RootOf('o');
         crypto::Sealer sealer(other, crypto::SessionId(host.root), 1);
         host.Deliver({0}, *sealer.Seal(host.run.stage(), host.task(), MessageKind::kRows, {0},
                                        EncodeAnswer({"x", 0})));
       }},
      {"truncated",
       [](ScriptedHost& host) {
         std::string sealed = host.Seal(MessageKind::kRows, {0}, "x");
         sealed.pop_back();
         host.Deliver({0}, sealed);
       }},
      {"nothing", [](ScriptedHost& host) { host.Deliver({0}, ""); }},
      {"a byte more",
       [](ScriptedHost& host) {
         host.Deliver({0}, host.Seal(MessageKind::kRows, {0}, "x") + "y");
       }},
      {"one bit altered",
       [](ScriptedHost& host) {
         std::string sealed = host.Seal(MessageKind::kRows, {0}, "x");
         sealed.back() = static_cast<char>(sealed.back() ^ 1);
         host.Deliver({0}, sealed);
       }},
      {"the task itself", [](ScriptedHost& host) { host.Deliver({0}, host.run.sealed_task()); }},
      {"an altered late repeat",
       [](ScriptedHost& host) { host.Deliver(host.run.stage() - 1, {0}, "garbage"); }},
      {"an end with results missing",
       [](ScriptedHost& host) {
         host.Rows(0);
         host.Done(host::OK);
       }},
      {"an end of a stage that never was",
       [](ScriptedHost& host) { host.Done(host::OK, host.run.stage() + 1); }},
      {"an error for another place",
       [](ScriptedHost& host) {
         host.Deliver({1}, host.SealAs(host.run.stage(), host.task(), MessageKind::kError, {0},
                                       base::EncodeStatus(base::Fail(base::kKey, "x"))));
       }},
      {"an error for a place beyond the stage",
       [](ScriptedHost& host) {
         host.Deliver({5}, host.SealAs(host.run.stage(), host.task(), MessageKind::kError, {5},
                                       base::EncodeStatus(base::Fail(base::kKey, "x"))));
       }},
  };
  ASSERT_TRUE(Run(Collect(1), [](ScriptedHost& host) { host.Rows(0); }).ok());
  for (const Attack& attack : attacks) {
    const Status status = Attacked(Collect(2), attack.script);
    EXPECT_TRUE(base::Is(status, base::kIntegrity)) << attack.name << ": " << base::Message(status);
  }
  // The next stage is none the worse for it.
  EXPECT_TRUE(Run(Collect(1), [](ScriptedHost& host) { host.Rows(0); }).ok());
}

TEST_F(CoordinatorTest, FramesThatDontParseAreFatal) {
  for (const int kind : {host::RESULT, host::STAGE_DONE, host::RETRIED, host::PROGRESS}) {
    const Status status = Attacked(Collect(1), [&](ScriptedHost& host) {
      host.Push(static_cast<uint8_t>(kind), 1, "\xff\xff\xff");
    });
    EXPECT_TRUE(base::Is(status, base::kProtocol)) << kind;
  }
  EXPECT_FALSE(coordinator_.OnFrame({host::TASK, 0, ""}));
  EXPECT_FALSE(coordinator_.OnFrame({host::STREAM_DATA, 0, ""}));
}

TEST_F(CoordinatorTest, AnAuthenticErrorReachesTheCaller) {
  const Status status = Fails(Collect(2), [](ScriptedHost& host) {
    host.Rows(0);
    host.Deliver(
        {1},
        host.SealAs(host.run.stage(), host.task(), MessageKind::kError, {1},
                    base::EncodeStatus(base::FailQuotingData(base::kDivideByZero, "row 3: 1/0"))));
    host.Done(host::FAILED);
  });
  EXPECT_TRUE(base::Is(status, base::kDivideByZero));
  EXPECT_EQ(base::Message(status), "row 3: 1/0");
  EXPECT_TRUE(base::QuotesData(status));
}

TEST_F(CoordinatorTest, AnErrorThatIsNoneIsRefused) {
  const auto error = [&](const std::string& plain) {
    return Attacked(Collect(1), [&](ScriptedHost& host) {
      host.Deliver({0},
                   host.SealAs(host.run.stage(), host.task(), MessageKind::kError, {0}, plain));
    });
  };
  EXPECT_TRUE(base::Is(error(base::EncodeStatus(base::OkStatus())), base::kProtocol));
  EXPECT_TRUE(base::Is(error("no status"), base::kProtocol));
}

TEST_F(CoordinatorTest, TheHostsBareOutcomes) {
  EXPECT_TRUE(base::Is(Fails(Collect(1), [](ScriptedHost& host) { host.Done(host::FAILED); }),
                       base::kStageFailed));
  EXPECT_TRUE(base::Is(Fails(Collect(1), [](ScriptedHost& host) { host.Done(host::RETRY); }),
                       base::kWorkerLost));
}

// I5: the root, and only the root, is a result.
TEST_F(CoordinatorTest, AReduceTakesTheRootOnly) {
  const auto result = Run(Of(Terminal::kReduce, 9), [](ScriptedHost& host) {
    const Place root = {2, 0, 9, 8};
    EXPECT_EQ(host.run.fan_in(), 8U);
    host.Deliver(root, host.Seal(MessageKind::kPartial, root, "sum", 3));
    host.Done(host::OK);
  });
  ASSERT_TRUE(result.ok()) << base::Message(result.status());
  EXPECT_EQ(result->root_partial, "sum");
  EXPECT_EQ(result->rebuilds, 3U);
  for (const Place& place : {Place{1, 0, 9, 8}, Place{0, 0, 9, 8}, Place{2, 0, 9, 9},
                             Place{2, 0, 8, 8}, Place{3, 0, 9, 8}, Place{0, 0, 0, 0}}) {
    const Status status = Attacked(Of(Terminal::kReduce, 9), [&](ScriptedHost& host) {
      host.Deliver(place, host.Seal(MessageKind::kPartial, place, "sum"));
    });
    EXPECT_TRUE(base::Is(status, base::kIntegrity)) << place.a << " " << place.b;
  }
}

TEST_F(CoordinatorTest, AReduceOfOnePartitionHasItsLeafAsRoot) {
  const auto result = Run(Of(Terminal::kReduce, 1), [](ScriptedHost& host) {
    host.Deliver({0, 0, 1, 8}, host.Seal(MessageKind::kPartial, {0, 0, 1, 8}, "all"));
  });
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->root_partial, "all");
}

TEST_F(CoordinatorTest, AMergeMayReportAnErrorForItsNode) {
  const Status status = Fails(Of(Terminal::kReduce, 9), [](ScriptedHost& host) {
    const Place node = {1, 1, 9, 8};
    host.Deliver(node, host.SealAs(host.run.stage(), host.task(), MessageKind::kError, node,
                                   base::EncodeStatus(base::Fail(base::kIntegrity, "children"))));
  });
  EXPECT_EQ(base::Message(status), "children");
}

TEST_F(CoordinatorTest, AShuffleGivesWhatItsReadersCarry) {
  const StageSpec spec = Of(Terminal::kShuffle, 3);
  const auto result = Run(spec, [](ScriptedHost& host) {
    for (uint64_t p = 0; p < 3; ++p) {
      host.Deliver({p}, host.Seal(MessageKind::kKept, {p}, EncodeKept({1, 1})));
    }
  });
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->shuffle.stage, result->stage);
  EXPECT_EQ(result->shuffle.task, host_.task());
  EXPECT_EQ(result->shuffle.recipe, ShuffleDigest(*spec.recipe, 2, OperatorBytes{kRoundRobin, ""}));
}

TEST_F(CoordinatorTest, AShuffleOfTooManyCellsIsRefusedBeforeItIsSent) {
  StageSpec spec = Of(Terminal::kShuffle, 8'193);
  spec.targets = 8'192;
  EXPECT_TRUE(base::Is(coordinator_.Run(spec).status(), base::kUnsupported));
  EXPECT_TRUE(host_.sealed_tasks.empty());
}

TEST_F(CoordinatorTest, LossesAreBounded) {
  const auto lose = [](int times) {
    return [times](ScriptedHost& host) {
      for (int i = 0; i < times; ++i) host.Retried({1});
      host.Rows(0);
      host.Rows(1);
    };
  };
  const auto within = Run(Collect(2), lose(4));
  ASSERT_TRUE(within.ok()) << base::Message(within.status());
  EXPECT_EQ(within->retries, 4U);
  EXPECT_TRUE(base::Is(Fails(Collect(2), lose(5)), base::kAttempts));
  const auto lose_workers = [](int times) {
    return [times](ScriptedHost& host) {
      for (int i = 0; i < times; ++i) host.Push(host::WORKER_LOST, 0, "");
      host.Rows(0);
    };
  };
  EXPECT_TRUE(Run(Collect(1), lose_workers(16)).ok());
  EXPECT_TRUE(base::Is(Fails(Collect(1), lose_workers(17)), base::kAttempts));
  EXPECT_TRUE(
      base::Is(Fails(Collect(1), [](ScriptedHost& host) { host.Retried({1}); }), base::kProtocol));
}

TEST_F(CoordinatorTest, BlocksThatTheHostHasMadeAgainAreCountedAndChangeNothing) {
  const auto result = Run(Collect(2), [](ScriptedHost& host) {
    for (int i = 0; i < 9; ++i) host.Retried({7}, true);  // more often than a place may be lost
    host.Rows(0);
    host.Rows(1);
  });
  ASSERT_TRUE(result.ok()) << base::Message(result.status());
  EXPECT_EQ(result->retries, 0U);
  host_.Retried({0}, true);  // no stage is open
  EXPECT_EQ(coordinator_.counters().rebuilds, 10U);
}

TEST_F(CoordinatorTest, HoldsNoMoreThanTheCollectLimit) {
  const auto big = [](ScriptedHost& host) {
    for (const uint64_t p : {1U, 0U}) {
      host.Deliver({p}, host.Seal(MessageKind::kRows, {p}, std::string(600'000, 'x')));
    }
  };
  EXPECT_TRUE(base::Is(Fails(Collect(2), big), base::kCollectLimit));
  coordinator_.SetLimits({4, 16, 2 << 20});
  EXPECT_TRUE(Run(Collect(2), big).ok());
}

TEST_F(CoordinatorTest, AFloodOfFramesEndsTheStage) {
  const Status status = Fails(Collect(1), [](ScriptedHost& host) {
    for (int i = 0; i < 70'000; ++i) host.Push(host::PROGRESS, 1, "");
  });
  EXPECT_TRUE(base::Is(status, base::kCollectLimit));
}

TEST_F(CoordinatorTest, CancelEndsTheOpenStageOnly) {
  coordinator_.Cancel();  // nothing runs: nothing happens
  std::thread canceller;
  const Status status = Fails(
      Collect(1), [&](ScriptedHost&) { canceller = std::thread([&] { coordinator_.Cancel(); }); });
  canceller.join();
  EXPECT_TRUE(base::Is(status, base::kCancelled));
  EXPECT_TRUE(Run(Collect(1), [](ScriptedHost& host) { host.Rows(0); }).ok());
}

TEST_F(CoordinatorTest, WithoutWorkersStagesEndAndSayWhy) {
  const Status why = base::Fail(base::kEvidence, "every worker was refused");
  EXPECT_EQ(Fails(Collect(1), [&](ScriptedHost&) { coordinator_.SetWithoutWorkers(why); }), why);
  EXPECT_EQ(coordinator_.Run(Collect(1)).status(), why);  // later ones too
  coordinator_.SetWithoutWorkers(base::OkStatus());
  EXPECT_TRUE(Run(Collect(1), [](ScriptedHost& host) { host.Rows(0); }).ok());
}

TEST_F(CoordinatorTest, TheEndOfTheHostConnectionEndsEverything) {
  EXPECT_TRUE(base::Is(Fails(Collect(1), [](ScriptedHost& host) { host.coordinator->OnClosed(); }),
                       base::kWorkerLost));
  EXPECT_TRUE(base::Is(coordinator_.Run(Collect(1)).status(), base::kWorkerLost));
  EXPECT_TRUE(base::Is(coordinator_.WaitForWorkers(1, 10'000), base::kWorkerLost));
}

/// The task that the host was given, opened as a worker does.
Task Opened(const ScriptedHost& host, const crypto::Opener& opener) {
  const auto plain = opener.OpenAs(host.run.sealed_task(), host.run.stage(), base::Digest{},
                                   MessageKind::kTask, {});
  EXPECT_TRUE(plain.ok());
  const auto task = DecodeTask(*plain);
  EXPECT_TRUE(task.ok());
  return *task;
}

TEST_F(CoordinatorTest, TheHostHearsHowMuchAStageReads) {
  StageSpec spec = Collect(1);
  spec.input_bytes = 12'345;
  ASSERT_TRUE(Run(spec, [](ScriptedHost& host) { host.Rows(0); }).ok());
  EXPECT_EQ(host_.run.input_bytes(), 12'345U);
  ASSERT_TRUE(Run(Collect(1), [](ScriptedHost& host) { host.Rows(0); }).ok());
  EXPECT_EQ(host_.run.input_bytes(), 0U);
}

TEST_F(CoordinatorTest, EveryTaskCarriesTheLiveList) {
  const StageSpec keep = Of(Terminal::kKeep, 1);
  const base::Digest digest = keep.recipe->digest;
  const auto kept = [](ScriptedHost& host) {
    host.Deliver({0}, host.Seal(MessageKind::kKept, {0}, EncodeKept({1, 1})));
  };
  const auto rows = [](ScriptedHost& host) { host.Rows(0); };
  const auto live = [&] {
    std::vector<std::pair<base::Digest, bool>> list;
    for (const LiveRecipe& one : Opened(host_, opener_).live)
      list.emplace_back(one.digest, one.kept);
    return list;
  };
  using List = decltype(live());
  ASSERT_TRUE(Run(Collect(1), rows).ok());
  EXPECT_TRUE(live().empty());
  ASSERT_TRUE(Run(keep, kept).ok());
  EXPECT_EQ(live(), (List{{digest, false}}));
  ASSERT_TRUE(Run(Collect(1), rows).ok());
  EXPECT_EQ(live(), (List{{digest, true}}));
  coordinator_.SetLive({});
  ASSERT_TRUE(Run(Collect(1), rows).ok());
  EXPECT_TRUE(live().empty());
  // A stage that failed kept nothing for certain.
  coordinator_.SetLive({digest});
  EXPECT_FALSE(Run(keep, [](ScriptedHost& host) { host.Done(host::FAILED); }).ok());
  ASSERT_TRUE(Run(Collect(1), rows).ok());
  EXPECT_EQ(live(), (List{{digest, false}}));
  // The recipe of the last stage is the live one itself: its blocks were kept on the way.
  ASSERT_TRUE(Run(Collect(1), rows).ok());
  EXPECT_EQ(live(), (List{{digest, true}}));
}

TEST_F(CoordinatorTest, ABroadcastIsSealedOnceAndBoundIntoTheTask) {
  const auto broadcast = coordinator_.Broadcast("parameters");
  ASSERT_TRUE(broadcast.ok());
  ASSERT_EQ(host_.broadcasts.size(), 1U);
  EXPECT_EQ(host_.broadcasts[0].first, broadcast->id);
  EXPECT_EQ(broadcast->digest, crypto::Sha256(host_.broadcasts[0].second));
  EXPECT_EQ(
      *opener_.OpenAs(host_.broadcasts[0].second, 0, base::Digest{}, MessageKind::kBroadcast, {}),
      "parameters");
  StageSpec spec = Collect(1);
  spec.broadcasts = {*broadcast};
  const auto rows = [](ScriptedHost& host) { host.Rows(0); };
  // An answer to the task with another broadcast doesn't count.
  EXPECT_TRUE(base::Is(Fails(spec, rows), base::kIntegrity));
  host_.refs = spec.broadcasts;
  EXPECT_TRUE(Run(spec, rows).ok());
  EXPECT_EQ(host_.run.broadcasts(0), broadcast->id);
  EXPECT_EQ(host_.broadcasts.size(), 1U);
}

TEST_F(CoordinatorTest, ReportsResourcesAndWaitsForWorkers) {
  host::Resources resources;
  resources.set_workers(2);
  resources.set_slots(3);
  host_.Push(host::RESOURCES, 0, resources.SerializeAsString());
  EXPECT_TRUE(base::Is(coordinator_.WaitForWorkers(1, 1), base::kWorkerLost));
  std::thread later([&] {
    resources.set_workers_ready(2);
    host_.Push(host::RESOURCES, 0, resources.SerializeAsString());
  });
  EXPECT_TRUE(coordinator_.WaitForWorkers(2, 10'000).ok());
  later.join();
  EXPECT_EQ(coordinator_.resources().slots, 3U);
}

TEST_F(CoordinatorTest, ProgressIsShown) {
  std::vector<std::pair<uint64_t, uint64_t>> seen;
  host_.script = [](ScriptedHost& host) {
    host::Progress progress;
    progress.set_stage(host.run.stage());
    progress.set_done(5);
    progress.set_total(7);  // the master knows how many there are
    host.Push(host::PROGRESS, 0, progress.SerializeAsString());
    progress.set_done(10);
    host.Push(host::PROGRESS, 0, progress.SerializeAsString());
    const Place root = {2, 0, 9, 8};
    host.Deliver(root, host.Seal(MessageKind::kPartial, root, "sum"));
  };
  ASSERT_TRUE(
      coordinator_
          .Run(Of(Terminal::kReduce, 9), nullptr,
               [&](uint64_t, uint64_t done, uint64_t total) { seen.emplace_back(done, total); })
          .ok());
  EXPECT_EQ(seen, (std::vector<std::pair<uint64_t, uint64_t>>{{0, 9}, {5, 9}, {9, 9}, {9, 9}}));
}

}  // namespace
}  // namespace soteria::dataflow
