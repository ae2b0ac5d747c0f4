// Columns of a data set's files that tasks have read: there for the next task, for whoever may read
// them.
#include <filesystem>

#include "src/crypto/identity.h"
#include "src/storage/dataset.h"
#include "src/worker/task_runner_for_test.h"

namespace soteria::worker {
namespace {

class KeptColumnsTest : public TaskRunnerTest {
 protected:
  KeptColumnsTest() {
    std::filesystem::remove_all(root_folder_);
    sources_.AddKey(id_, crypto::Secret::Adopt(std::string(16, 'k')));
    const auto x = Numbers(10)->column(0);
    const auto table = arrow::Table::Make(
        arrow::schema({arrow::field("x", arrow::int64()), arrow::field("y", arrow::int64())}),
        {x, x});
    auto writer = *storage::DatasetWriter::Create(*files_, crypto::OsRandom(), root_folder_, id_,
                                                  crypto::Secret::Adopt(std::string(16, 'k')),
                                                  table->schema(), {});
    EXPECT_TRUE(writer->Write(*table).ok());
    index_ = *writer->Publish(nullptr);
  }
  ~KeptColumnsTest() override { std::filesystem::remove_all(root_folder_); }

  dataflow::RecipePtr Source(std::vector<std::string> columns) {
    dataflow::DatasetSource source;
    source.root = root_folder_;
    source.id = id_;
    source.version = index_.index.version;
    source.index = index_.digest;
    source.columns = std::move(columns);
    return dataflow::MakeRecipe(source, {}, 1);
  }
  TaskOutput Collect(TaskRunner& runner, std::vector<std::string> columns) {
    Start(Spec(Terminal::kCollect, Source(std::move(columns))));
    return runner.Run({stage_, false, {0}, {}});
  }
  void RemoveTheFile() {
    std::filesystem::remove(std::filesystem::path(root_folder_) / index_.index.files[0].object);
  }

  const std::string root_folder_ = base::Cat(::testing::TempDir(), "kept-columns-", getpid());
  const std::string id_ = std::string(16, 'd');
  storage::OpenedIndex index_;
  BlockCache columns_{budget_, spill_, 1 << 20};
  TaskRunner keeping_{book_, columns_, budget_, sources_, opener_, sealer_};
};

TEST_F(KeptColumnsTest, AreReadOnce) {
  const auto first = Values(Payload(Collect(keeping_, {"x"}), MessageKind::kRows, {0}));
  EXPECT_EQ(first.size(), 10U);
  RemoveTheFile();
  EXPECT_EQ(Values(Payload(Collect(keeping_, {"x"}), MessageKind::kRows, {0})), first);
  // What nobody has read is read.
  EXPECT_TRUE(base::Is(Error(Collect(keeping_, {"y"}), {0}), base::kIntegrity));
  EXPECT_TRUE(base::Is(Error(Collect(keeping_, {"x", "y"}), {0}), base::kIntegrity));
  // Without room for columns each task reads its own.
  EXPECT_TRUE(base::Is(Error(Collect(runner_, {"x"}), {0}), base::kIntegrity));
}

TEST_F(KeptColumnsTest, GiveTheSameRowsInTheOrderThatIsAskedFor) {
  const auto rows = [&](TaskRunner& runner, std::vector<std::string> columns) {
    return Payload(Collect(runner, std::move(columns)), MessageKind::kRows, {0});
  };
  for (const auto& columns : std::vector<std::vector<std::string>>{{"y"}, {"y", "x"}, {"x", "y"}}) {
    EXPECT_EQ(rows(keeping_, columns), rows(runner_, columns));
    EXPECT_EQ(rows(keeping_, columns), rows(runner_, columns));
  }
  EXPECT_TRUE(base::Is(Error(Collect(keeping_, {"x", "z"}), {0}), base::kUnresolvedColumn));
}

TEST_F(KeptColumnsTest, AreForThoseWhoHaveTheKeyOfThatVersion) {
  ASSERT_EQ(Collect(keeping_, {"x"}).outcome, TaskOutcome::kOk);
  Sources others(*files_, random_);
  TaskRunner without(book_, columns_, budget_, others, opener_, sealer_);
  EXPECT_TRUE(base::Is(Error(Collect(without, {"x"}), {0}), base::kKey));
  ++index_.index.version;
  index_.digest[0] ^= 1;
  EXPECT_TRUE(base::Is(Error(Collect(keeping_, {"x"}), {0}), base::kIntegrity));
}

}  // namespace
}  // namespace soteria::worker
