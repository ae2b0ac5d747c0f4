// The output gate: values need the Manifest and the owner's ledger; failures of work over data are
// outcomes, which are counted.
#include "src/master/output_gate.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

#include <type_traits>

#include "src/base/env_for_test.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/crypto/identity.h"
#include "src/exec/conditions.h"
#include "src/table/types.h"

namespace soteria::master {
namespace {

using policy::Output;

/// An owner that stores everything, or refuses.
class OwnerForTest : public ledger::OwnerStore {
 public:
  base::Status Store(std::string_view entry, const std::vector<ledger::VersionRecord>&) override {
    if (refuses) return base::Fail(base::kIo, "disk full");
    const auto event = ledger::ParseSignedEntry(entry).value().entry.event;
    if (const auto* output = std::get_if<ledger::Output>(&event)) outputs.push_back(*output);
    return base::OkStatus();
  }
  bool refuses = false;
  std::vector<ledger::Output> outputs;
};

class OutputGateTest : public testing::Test {
 protected:
  OutputGateTest() { EXPECT_TRUE(ledger_.Append(ledger::Head{}, 1).ok()); }

  base::StatusOr<Permitted<double>> Metric() {
    return gate.Permit(Output::kMetrics, gate.Run([](const InsideKey&) {
      return base::StatusOr<Leaving<double>>(Leaving<double>{0.5, "0.5", "auc"});
    }));
  }
  base::Status Work(const base::Status& ended) {
    return gate.Ended(gate.Run([&](const InsideKey&) {
      ++runs;
      return ended;
    }));
  }
  auto Number(Shape shape, int64_t number, const std::string& model = "model") {
    return gate.PermitShape(
        shape, gate.Run([&](const InsideKey&) { return base::StatusOr<int64_t>(number); }), model,
        "M.numClasses");
  }
  auto Parts(size_t count, std::optional<int64_t> known, const std::string& model = "model") {
    return gate.PermitParts(gate.Run([&](const InsideKey&) {
      return base::StatusOr<std::vector<std::string>>(std::vector<std::string>(count, "id"));
    }),
                            known, model, "M.trees");
  }
  const ledger::Output& last() const { return owner.outputs.back(); }

  policy::Manifest manifest;
  OwnerForTest owner;
  int runs = 0;

 private:
  policy::Gate policy_{manifest};
  crypto::IdentityKey identity_ = crypto::IdentityKey::Generate().value();
  crypto::Secret mac_key_ = crypto::Secret::Adopt(std::string(32, 'm'));
  EnclaveClock clock_{base::SystemClock(), 0};
  ledger::LedgerWriter ledger_{identity_, mac_key_, base::Digest{}, base::Digest{}, owner};

 protected:
  OutputGate gate{policy_, ledger_, clock_};
};

// A result of work is no value, no status and no answer, and nobody else makes a key or a
// Permitted.
static_assert(!std::is_convertible_v<Ungated<double>, base::StatusOr<double>>);
static_assert(!std::is_convertible_v<Ungated<double>, base::StatusOr<Permitted<double>>>);
static_assert(!std::is_convertible_v<Ungated<Nothing>, base::Status>);
static_assert(!std::is_constructible_v<base::Status, Ungated<Nothing>>);
static_assert(!std::is_constructible_v<InsideKey, bool>);
static_assert(!std::is_constructible_v<Permitted<double>, double>);
static_assert(!std::is_constructible_v<Ungated<double>, base::StatusOr<double>, bool>);

TEST_F(OutputGateTest, ValuesNeedTheManifestAndTheLedger) {
  const auto denied = Metric();
  EXPECT_TRUE(base::Is(denied.status(), base::kNotInManifest));
  EXPECT_NE(base::Message(denied.status()).find("metrics"), std::string::npos);
  EXPECT_TRUE(owner.outputs.empty());

  manifest.metrics = true;
  const auto permitted = Metric();
  ASSERT_TRUE(permitted.ok());
  EXPECT_EQ(permitted->value(), 0.5);
  ASSERT_EQ(owner.outputs.size(), 1u);
  EXPECT_EQ(last().what, "auc");

  owner.refuses = true;  // not recorded, so it doesn't leave
  EXPECT_FALSE(Metric().ok());
}

TEST_F(OutputGateTest, WithoutRowsAFailureIsItsClassAlone) {
  const base::Condition conditions[] = {
      base::kDivideByZero,     base::kOverflow,    base::kCastInvalid,
      exec::kCastInvalidDate,  base::kUserRaised,  base::kIllegalArgument,
      exec::kRemainderByZero,  base::kArrayIndex,  base::kMemoryLimit,
      base::kNotInManifest,    base::kMlAttribute, exec::kBinaryOverflow,
      base::kUnresolvedColumn, base::kInput};
  for (const base::Condition& condition : conditions) {
    const auto one = Work(base::Fail(condition, "age is 41"));
    const auto other = Work(base::FailQuotingData(condition, "age is 42"));
    EXPECT_EQ(base::EncodeStatus(one), base::EncodeStatus(other)) << condition.name;
    EXPECT_EQ(base::Message(one).find("age"), std::string::npos);
    EXPECT_NE(base::Message(one).find("rows = true"), std::string::npos);
    EXPECT_EQ(last().kind, ledger::Output::Kind::kOutcome);
    EXPECT_EQ(last().what, base::ConditionName(one));
    EXPECT_EQ(last().rule, "[limits] outcomes_max = 1000");
  }
  // A class that isn't in the list is none of its own.
  const base::Condition made_up = {"AGE_IS_41", base::exception_class::kSpark, "41000",
                                   absl::StatusCode::kInternal};
  EXPECT_EQ(base::ConditionName(Work(base::Fail(made_up, ""))), "INTERNAL_ERROR");
  EXPECT_EQ(base::ConditionName(Work(absl::InternalError("41"))), "INTERNAL_ERROR");
  // What the host did is no data's doing, unless it says that it quotes some.
  EXPECT_EQ(base::Message(Work(base::Fail(base::kIntegrity, "chunk 3"))), "chunk 3");
  EXPECT_EQ(base::Message(Work(base::FailQuotingData(base::kIntegrity, "41"))).find("41"),
            std::string::npos);
  EXPECT_EQ(owner.outputs.size(), 2 * std::size(conditions) + 4);
  EXPECT_TRUE(base::Is(Work(base::Fail(base::kCancelled, "cancelled")), base::kCancelled));
  EXPECT_EQ(owner.outputs.size(), 2 * std::size(conditions) + 4);

  owner.refuses = true;  // not recorded, so not even the class leaves
  EXPECT_TRUE(base::Is(Work(base::Fail(base::kUserRaised, "age is 41")), base::kIo));
}

TEST_F(OutputGateTest, MetadataThatDataMadeNeedModelsOrRows) {
  const auto label = table::MarkedMetadata(
      table::WithSparkMetadata(arrow::field("i", arrow::float64()), R"({"vals":["41"]})"));
  const auto own =
      table::WithSparkMetadata(arrow::field("a", arrow::int32()), R"({"comment":"mine"})");
  const auto schema = arrow::schema({label, own, arrow::field("s", arrow::struct_({label}))});
  const auto shown = gate.PermitSchema(*schema);
  ASSERT_TRUE(shown.ok());
  EXPECT_EQ(shown->value()->ToString(true).find("41"), std::string::npos);
  EXPECT_EQ(table::SparkMetadata(*shown->value()->field(1)), R"({"comment":"mine"})");
  EXPECT_TRUE(owner.outputs.empty());

  for (const Output kind : {Output::kModels, Output::kRows}) {
    owner.outputs.clear();
    manifest.models = kind == Output::kModels;
    manifest.rows = kind == Output::kRows;
    for (int again = 0; again < 2; ++again) {
      const auto all = gate.PermitSchema(*schema);
      ASSERT_TRUE(all.ok());
      EXPECT_EQ(table::MarkedMetadataText(*all->value()), "");
      EXPECT_EQ(table::SparkMetadata(*all->value()->field(0)), R"({"vals":["41"]})");
    }
    if (kind == Output::kModels) {
      ASSERT_EQ(owner.outputs.size(), 1u);
      EXPECT_EQ(last().what, "schema");
    }
  }
  const auto other = arrow::schema({label->WithName("j")});
  owner.refuses = true;  // not recorded, so it doesn't leave
  EXPECT_FALSE(gate.PermitSchema(*other).ok());
}

TEST_F(OutputGateTest, WithRowsTheTextIsRecordedAsRows) {
  manifest.rows = true;
  manifest.outcomes_max = 1;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(base::Message(Work(base::Fail(base::kUserRaised, "age is 41"))), "age is 41");
  }
  ASSERT_EQ(owner.outputs.size(), 3u);
  EXPECT_EQ(last().kind, ledger::Output::Kind::kRows);
  EXPECT_EQ(last().what, "USER_RAISED_EXCEPTION");
  owner.refuses = true;
  EXPECT_EQ(base::Message(Work(base::Fail(base::kUserRaised, "age is 41"))).find("41"),
            std::string::npos);
}

TEST_F(OutputGateTest, OutcomesAreBounded) {
  manifest.outcomes_max = 2;
  manifest.metrics = true;
  EXPECT_TRUE(Work(base::OkStatus()).ok());
  EXPECT_TRUE(base::Is(Work(base::Fail(base::kUserRaised, "")), base::kUserRaised));
  EXPECT_TRUE(base::Is(Work(base::Fail(base::kDivideByZero, "")), base::kDivideByZero));
  EXPECT_EQ(runs, 3);
  // Nothing runs any more, and how it would end doesn't show.
  const auto refused = Work(base::OkStatus());
  EXPECT_TRUE(base::Is(refused, base::kNotInManifest));
  EXPECT_NE(base::Message(refused).find("outcomes_max"), std::string::npos);
  EXPECT_EQ(base::EncodeStatus(Work(base::Fail(base::kUserRaised, ""))),
            base::EncodeStatus(refused));
  EXPECT_EQ(base::EncodeStatus(Metric().status()), base::EncodeStatus(refused));
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(owner.outputs.size(), 2u);
}

TEST_F(OutputGateTest, TheLastOutcomeOfAnotherThreadEndsWorkThatStillRuns) {
  manifest.outcomes_max = 1;
  const auto late = gate.Ended(gate.Run([&](const InsideKey&) {
    EXPECT_TRUE(base::Is(Work(base::Fail(base::kUserRaised, "")), base::kUserRaised));
    return base::OkStatus();
  }));
  EXPECT_TRUE(base::Is(late, base::kNotInManifest));
}

TEST_F(OutputGateTest, AShapeIsAnOutcomeOfAsManyBits) {
  manifest.outcomes_max = 9;
  EXPECT_EQ(std::get<int64_t>(Number(Shape::kClasses, 100)->value().value), 100);  // 6
  EXPECT_EQ(last().kind, ledger::Output::Kind::kOutcome);
  EXPECT_TRUE(Number(Shape::kClasses, 100).ok());  // the same again
  EXPECT_TRUE(Number(Shape::kFeatures, 2).ok());   // 1
  EXPECT_TRUE(Number(Shape::kClasses, 1, "another").ok());
  EXPECT_EQ(owner.outputs.size(), 3u);
  EXPECT_TRUE(std::get<bool>(Number(Shape::kHasSummary, 1)->value().value));  // the script's own
  EXPECT_EQ(last().rule, "[ml] classes");
  EXPECT_TRUE(Number(Shape::kClasses, 2, "a third").ok());
  EXPECT_TRUE(base::Is(Number(Shape::kClasses, 2, "a fourth").status(), base::kNotInManifest));

  manifest.models = true;
  manifest.outcomes_max = 10;
  EXPECT_TRUE(Number(Shape::kClasses, 1000, "a fifth").ok());
  EXPECT_TRUE(Number(Shape::kClasses, 1000, "a sixth").ok());
  EXPECT_EQ(last().kind, ledger::Output::Kind::kModels);
}

TEST_F(OutputGateTest, HowManyPartsAModelHasIsAShape) {
  manifest.outcomes_max = 7;
  EXPECT_EQ(Parts(20, 20)->value().model_ids.size(), 20u);  // what the params ask for
  EXPECT_EQ(last().rule, "[ml] classes");
  EXPECT_EQ(Parts(20, std::nullopt)->value().model_ids.size(), 20u);  // rows said so: 4
  EXPECT_EQ(last().kind, ledger::Output::Kind::kOutcome);
  EXPECT_TRUE(Parts(20, std::nullopt).ok());  // the same again
  EXPECT_EQ(owner.outputs.size(), 2u);
  EXPECT_TRUE(Parts(15, 20, "another").ok());  // 3
  EXPECT_TRUE(base::Is(Parts(1, 1, "a third").status(), base::kNotInManifest));
  manifest.models = true;
  manifest.outcomes_max = 10;
  EXPECT_TRUE(Parts(1000, std::nullopt, "a fourth").ok());
  EXPECT_EQ(last().kind, ledger::Output::Kind::kModels);
}

TEST_F(OutputGateTest, WarningsNeedModels) {
  const auto fit = [&] {
    return gate.PermitFit("id", gate.Run([](const InsideKey&) {
      return base::StatusOr<std::vector<std::string>>({"all labels are 1", "and constant"});
    }),
                          "LogisticRegression warning");
  };
  manifest.rows = manifest.metrics = true;
  EXPECT_EQ(fit()->value().warning, "");
  EXPECT_TRUE(owner.outputs.empty());
  manifest.models = true;
  EXPECT_EQ(fit()->value().warning, "all labels are 1\nand constant");
  EXPECT_EQ(fit()->value().model_id, "id");
  EXPECT_EQ(last().what, "LogisticRegression warning");
}

TEST_F(OutputGateTest, WhatFilesSayIsRowsUnlessSavingWroteThem) {
  const auto load = [&](bool saved) {
    return gate.PermitLoaded(gate.Run([&](const InsideKey&) {
      LoadedStage stage;
      stage.loaded.uid = "41";
      stage.saved = saved;
      return base::StatusOr<LoadedStage>(std::move(stage));
    }),
                             "load VectorAssembler");
  };
  manifest.metrics = manifest.models = true;
  EXPECT_EQ(load(true)->value().uid, "41");
  EXPECT_EQ(last().kind, ledger::Output::Kind::kModels);
  EXPECT_TRUE(base::Is(load(false).status(), base::kNotInManifest));
  EXPECT_EQ(owner.outputs.size(), 1u);
  manifest.rows = true;
  EXPECT_EQ(load(false)->value().uid, "41");
  EXPECT_EQ(last().kind, ledger::Output::Kind::kRows);
}

TEST_F(OutputGateTest, ProgressNeedsMetricsOrRows) {
  const auto shows = [&] {
    bool shown = false;
    EXPECT_TRUE(gate.Ended(gate.Run([&](const InsideKey& key) {
                      shown = key.shows_progress();
                      return base::OkStatus();
                    }))
                    .ok());
    return shown;
  };
  EXPECT_FALSE(shows());
  manifest.models = true;
  EXPECT_FALSE(shows());
  manifest.metrics = true;
  EXPECT_TRUE(shows());
}

}  // namespace
}  // namespace soteria::master
