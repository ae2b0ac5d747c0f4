// Roots and the catalog over real sealed files in a temporary folder.
#include "src/master/roots.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "src/base/disk_for_test.h"
#include "src/base/env_for_test.h"
#include "src/base/errors.h"
#include "src/crypto/identity.h"
#include "src/dataflow/host_files_for_test.h"
#include "src/dataflow/routed_files.h"
#include "src/formats/orc_write.h"
#include "src/master/data_behind.h"
#include "src/master/output_gate.h"
#include "src/master/storage_catalog.h"
#include "src/storage/dataset.h"
#include "src/table/conditions.h"

namespace soteria::master {
namespace {

constexpr char kDataId[] = "00112233445566778899aabbccddeeff";
constexpr char kTreeId[] = "ffeeddccbbaa99887766554433221100";

std::string Raw(const std::string& hex) { return base::FromHex(hex).value(); }
crypto::Secret Key(char c) { return crypto::Secret::Adopt(std::string(16, c)); }

/// An owner that stores everything, or refuses.
class OwnerForTest : public ledger::OwnerStore {
 public:
  base::Status Store(std::string_view entry,
                     const std::vector<ledger::VersionRecord>& versions) override {
    if (refuses) return base::Fail(base::kIo, "disk full");
    events.push_back(ledger::ParseSignedEntry(entry).value().entry.event);
    for (const auto& version : versions) records.push_back(version);
    return base::OkStatus();
  }
  bool refuses = false;
  std::vector<ledger::Event> events;
  std::vector<ledger::VersionRecord> records;
};

std::shared_ptr<arrow::Table> Table(std::vector<double> values) {
  arrow::DoubleBuilder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return arrow::Table::Make(arrow::schema({arrow::field("x", arrow::float64())}),
                            {builder.Finish().ValueOrDie()});
}

class RootsTest : public testing::Test {
 protected:
  RootsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "roots_test.XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    provisioned_.keys.emplace(Raw(kDataId), Key('d'));
    provisioned_.keys.emplace(Raw(kTreeId), Key('t'));
    provisioned_.manifest.tee.kinds = {attest::TeeKind::kSimulated};
    provisioned_.manifest.read = {{DataPath(), kDataId, 1}};
    provisioned_.manifest.write = {{TreePath(), kTreeId, 1, {attest::TeeKind::kSimulated}}};
    EXPECT_TRUE(ledger_.Append(ledger::Head{}, 1).ok());
  }
  ~RootsTest() override { std::filesystem::remove_all(folder_); }

  std::string DataPath() const { return (folder_ / "data").string(); }
  std::string TreePath() const { return (folder_ / "tree").string(); }

  storage::OpenedIndex PutData(std::vector<double> values, const storage::OpenedIndex* replaced,
                               std::vector<std::string> kinds = {"simulated"}) {
    const auto table = Table(std::move(values));
    storage::DatasetOptions options;
    options.tee_kinds = std::move(kinds);
    auto writer = storage::DatasetWriter::Create(*files_, crypto::OsRandom(), DataPath(),
                                                 Raw(kDataId), Key('d'), table->schema(), options)
                      .value();
    EXPECT_TRUE(writer->Write(*table).ok());
    return writer->Publish(replaced).value();
  }
  void MakeTree() {
    ASSERT_TRUE(storage::Tree::CreateEmpty(*files_, crypto::OsRandom(), TreePath(), Key('t'),
                                           Raw(kTreeId), {"simulated"})
                    .ok());
  }
  std::unique_ptr<Roots> NewRoots() {
    return std::make_unique<Roots>(provisioned_, *files_, crypto::OsRandom(), ledger_, clock_);
  }
  /// A file as a job writes it.
  static storage::FileEntry Sealed(Roots& roots, const policy::Readable& target,
                                   const std::string& name, const std::string& bytes) {
    storage::FileEntry file = roots.Seal(target, name, bytes, 0).value();
    file.origin = OriginOfWrite({}, std::string(storage::kIdBytes, 'w'));
    return file;
  }
  policy::Readable Readable(const std::string& path) { return gate_.MayRead(path).value(); }

  std::filesystem::path folder_;
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  Provisioned provisioned_;
  policy::Gate gate_{provisioned_.manifest};
  EnclaveClock clock_{base::SystemClock(), 0};
  OwnerForTest owner_;
  crypto::IdentityKey identity_ = crypto::IdentityKey::Generate().value();
  crypto::Secret mac_key_ = crypto::Secret::Adopt(std::string(32, 'm'));
  ledger::LedgerWriter ledger_{identity_, mac_key_, base::Digest{}, base::Digest{}, owner_};
};

TEST_F(RootsTest, WhatCouldNotBePublishedIsRemoved) {
  MakeTree();
  base::DiskForTest disk(*files_);
  Roots roots(provisioned_, disk, crypto::OsRandom(), ledger_, clock_);
  const auto objects = [&] {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(TreePath())) {
      count += entry.path().extension() == ".sealed" ? 1U : 0U;
    }
    return count;
  };
  const policy::Readable target = Readable(TreePath());
  storage::FileEntry file = Sealed(roots, target, "f", "bytes");
  EXPECT_EQ(objects(), 1u);
  disk.room = 0;
  EXPECT_TRUE(base::Is(roots.Publish(target, {file}, {}), base::kIo));
  EXPECT_EQ(objects(), 0u);
  disk.room.reset();
  file = Sealed(roots, target, "f", "bytes");
  ASSERT_TRUE(roots.Publish(target, {file}, {}).ok());
  roots.Discard(TreePath(), Raw(kTreeId), {file});  // it is in use
  EXPECT_EQ(objects(), 1u);
}

TEST_F(RootsTest, OpeningIsRecordedOnce) {
  const auto put = PutData({1.5}, nullptr);
  const auto roots = NewRoots();
  ASSERT_TRUE(roots->Open(Readable(DataPath())).ok());
  ASSERT_TRUE(roots->Open(Readable(DataPath())).ok());
  ASSERT_EQ(owner_.events.size(), 2u);  // the head and one access
  EXPECT_EQ(std::get<ledger::Access>(owner_.events[1]).version, 1u);
  ASSERT_EQ(owner_.records.size(), 1u);
  EXPECT_EQ(owner_.records[0].index, put.digest);
}

TEST_F(RootsTest, AnOlderVersionThanTheOwnersIsRefused) {
  const auto first = PutData({1.5}, nullptr);
  provisioned_.versions[Raw(kDataId)] = {Raw(kDataId), 2, base::Digest{}, 0};
  const auto opened = NewRoots()->Open(Readable(DataPath()));
  EXPECT_TRUE(base::Is(opened.status(), base::kRolledBack)) << base::Message(opened.status());
}

TEST_F(RootsTest, TheSameVersionWithAnotherHashIsRefused) {
  PutData({1.5}, nullptr);
  provisioned_.versions[Raw(kDataId)] = {Raw(kDataId), 1, base::Digest{}, 0};
  EXPECT_TRUE(base::Is(NewRoots()->Open(Readable(DataPath())).status(), base::kRolledBack));
}

TEST_F(RootsTest, ANewerVersionThatChainsToTheOwnersIsAccepted) {
  const auto first = PutData({1.5}, nullptr);
  provisioned_.versions[Raw(kDataId)] = {Raw(kDataId), 1, first.digest, 0};
  PutData({2.5}, &first);
  const auto opened = NewRoots()->Open(Readable(DataPath()));
  ASSERT_TRUE(opened.ok()) << base::Message(opened.status());
  EXPECT_EQ((*opened)->opened.index.version, 2u);
}

TEST_F(RootsTest, AnIndexThatForbidsTheManifestsTeeIsRefused) {
  PutData({1.5}, nullptr, {"sgx"});
  EXPECT_TRUE(base::Is(NewRoots()->Open(Readable(DataPath())).status(), base::kEvidence));
}

TEST_F(RootsTest, NothingIsOpenedThatTheOwnerDidntRecord) {
  PutData({1.5}, nullptr);
  owner_.refuses = true;
  EXPECT_FALSE(NewRoots()->Open(Readable(DataPath())).ok());
}

TEST_F(RootsTest, PublishMakesTheNextVersionAndRecordsIt) {
  MakeTree();
  const auto roots = NewRoots();
  const auto target = Readable(TreePath() + "/model");
  const auto file = Sealed(*roots, target, "model/metadata/part-00000", "{}");
  ASSERT_TRUE(roots->Publish(target, {file}, {}).ok());
  const auto tree = roots->OpenTree(target).value();
  EXPECT_EQ(tree.index().index.version, 2u);
  EXPECT_EQ(tree.Read("model/metadata/part-00000", 100).value(), "{}");
  EXPECT_EQ(owner_.records.back().version, 2u);
  EXPECT_EQ(std::get<ledger::Access>(owner_.events.back()).mode, ledger::Access::Mode::kWrite);
}

TEST_F(RootsTest, AFileWithoutItsOriginIsNotPublished) {
  MakeTree();
  const auto roots = NewRoots();
  const auto target = Readable(TreePath());
  storage::FileEntry file = Sealed(*roots, target, "a", "x");
  for (const auto made : {storage::Origin::Made::kUnknown, storage::Origin::Made::kPut}) {
    file.origin = {.made = made};
    EXPECT_TRUE(base::Is(roots->Publish(target, {file}, {}), base::kInternal));
  }
  EXPECT_EQ(roots->OpenTree(target)->index().index.version, 1u);
}

TEST_F(RootsTest, ADataSetIsNoTree) {
  PutData({1.5}, nullptr);
  EXPECT_FALSE(NewRoots()->OpenTree(Readable(DataPath())).ok());
}

// The same Roots over a host that serves "mem:".
class HostedRootsTest : public RootsTest {
 protected:
  HostedRootsTest() {
    files_ = std::make_unique<dataflow::RoutedFiles>(*local_, host_.files());
    provisioned_.manifest.read = {{"mem://box/data", kDataId, 1}};
    provisioned_.manifest.write = {{kHosted, kTreeId, 1, {attest::TeeKind::kSimulated}}};
  }

  static constexpr char kHosted[] = "mem://box/tree";
  std::unique_ptr<base::Files> local_ = base::PosixFiles();
  base::RandomForTest random_{5};
  dataflow::FileHostForTest host_{random_};
};

TEST_F(HostedRootsTest, AWritableRootIsMadeOnceAndPublishedTo) {
  const auto roots = NewRoots();
  const auto target = Readable(std::string(kHosted) + "/model");
  const auto tree = roots->OpenTree(target);
  ASSERT_TRUE(tree.ok()) << base::Message(tree.status());
  EXPECT_EQ(tree->index().index.version, 1u);
  EXPECT_EQ(tree->index().index.tee_kinds, std::vector<std::string>{"simulated"});
  ASSERT_EQ(owner_.records.size(), 1u);  // from now on the owner would miss it
  EXPECT_EQ(std::get<ledger::Access>(owner_.events.back()).mode, ledger::Access::Mode::kWrite);
  const auto file = Sealed(*roots, target, "model/metadata/part-00000", "{}");
  ASSERT_TRUE(roots->Publish(target, {file}, {}).ok());
  const auto written = roots->OpenTree(target).value();
  EXPECT_EQ(written.index().index.version, 2u);
  EXPECT_EQ(written.Read("model/metadata/part-00000", 100).value(), "{}");
  EXPECT_EQ(owner_.records.back().version, 2u);
}

TEST_F(HostedRootsTest, ARootThatTheStorageLostIsNotMadeAgain) {
  const auto target = Readable(kHosted);
  provisioned_.versions[Raw(kTreeId)] = {Raw(kTreeId), 1, base::Digest{}, 0};
  const auto lost = NewRoots()->OpenTree(target).status();
  EXPECT_TRUE(base::Is(lost, base::kRolledBack)) << base::Message(lost);
  provisioned_.versions.clear();
  provisioned_.manifest.write[0].min_version = 2;
  EXPECT_TRUE(base::Is(NewRoots()->OpenTree(Readable(kHosted)).status(), base::kRolledBack));
  EXPECT_TRUE(host_.Paths().empty());
}

TEST_F(HostedRootsTest, WhatMayOnlyBeReadIsNeverMade) {
  const auto missing = NewRoots()->Open(Readable("mem://box/data")).status();
  EXPECT_TRUE(base::Is(missing, base::kPathNotFound)) << base::Message(missing);
  EXPECT_TRUE(host_.Paths().empty());
}

TEST_F(HostedRootsTest, AnOlderAnAlteredAndAnUnservedIndexAreRefused) {
  const auto target = Readable(kHosted);
  const std::string index = std::string(kHosted) + "/" + std::string(storage::kIndexName);
  const auto roots = NewRoots();
  ASSERT_TRUE(roots->OpenTree(target).ok());
  const std::string first = host_.Stored(index);
  ASSERT_TRUE(roots->Publish(target, {Sealed(*roots, target, "a", "x")}, {}).ok());
  const std::string second = host_.Stored(index);
  host_.Store(index, first);
  EXPECT_TRUE(base::Is(roots->OpenTree(target).status(), base::kRolledBack));
  host_.Store(index, second.substr(0, second.size() - 1));
  EXPECT_TRUE(base::Is(roots->OpenTree(target).status(), base::kIntegrity));
  host_.Store(index, second);
  EXPECT_TRUE(roots->OpenTree(target).ok());
  host_.SetLie(dataflow::FileHostForTest::Lie::kUnsupported);
  EXPECT_TRUE(base::Is(roots->OpenTree(target).status(), base::kUnsupported));
}

TEST_F(RootsTest, TheCatalogKnowsDataSetsAndTrees) {
  PutData({1.5, 2.5}, nullptr);
  MakeTree();
  const auto roots = NewRoots();
  OutputGate output(gate_, ledger_, clock_);
  StorageCatalog catalog(gate_, *roots, output);
  const auto data = catalog.Resolve({DataPath()}, "parquet");
  ASSERT_TRUE(data.ok()) << base::Message(data.status());
  EXPECT_EQ(data->partitions, 1u);
  EXPECT_EQ(data->schema->field(0)->name(), "x");
  uint64_t stored = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(DataPath())) {
    const bool index = file.path().filename().string().starts_with('_');
    if (file.is_regular_file() && !index) stored += file.file_size();
  }
  EXPECT_GT(stored, 0u);
  EXPECT_EQ(data->bytes, stored);
  EXPECT_FALSE(catalog.Resolve({DataPath()}, "text").ok());
  EXPECT_FALSE(catalog.Resolve({DataPath()}, "csv").ok());
  EXPECT_TRUE(
      base::Is(catalog.Resolve({DataPath() + "/x"}, "parquet").status(), base::kPathNotFound));
  EXPECT_TRUE(
      base::Is(catalog.Resolve({TreePath() + "/none"}, "text").status(), base::kPathNotFound));
  EXPECT_TRUE(base::Is(catalog.Resolve({(folder_ / "other").string()}, "parquet").status(),
                       base::kNotInManifest));

  const auto target = Readable(TreePath());
  std::vector<storage::FileEntry> files;
  for (const char* name : {"t/part-00001", "t/part-00000", "t/_SUCCESS"}) {
    files.push_back(Sealed(*roots, target, name, "line\n"));
  }
  ASSERT_TRUE(roots->Publish(target, files, {}).ok());
  const auto text = catalog.Resolve({TreePath() + "/t"}, "text");
  ASSERT_TRUE(text.ok()) << base::Message(text.status());
  const auto& source = std::get<dataflow::TreeSource>(text->where);
  EXPECT_EQ(source.files, (std::vector<std::string>{"t/part-00000", "t/part-00001"}));
  EXPECT_EQ(text->bytes, files[0].size + files[1].size);
  EXPECT_TRUE(
      base::Is(catalog.Resolve({TreePath() + "/t"}, "orc").status(), table::kCannotReadFooter));

  // Where no rows may leave, a script doesn't learn how many bytes a job wrote.
  plan::ReadOptions small;
  small.part_bytes = 2;
  EXPECT_EQ(catalog.Resolve({TreePath() + "/t"}, "text", small)->partitions, 2U);
  provisioned_.manifest.rows = true;
  const auto cut = catalog.Resolve({TreePath() + "/t"}, "text", small);
  ASSERT_TRUE(cut.ok()) << base::Message(cut.status());
  const auto& parts = std::get<dataflow::TreeSource>(cut->where);
  EXPECT_EQ(cut->partitions, 6U);
  EXPECT_EQ(parts.files[2], "t/part-00000");
  EXPECT_EQ(parts.ranges[2], (dataflow::FileRange{4, 5}));
  EXPECT_EQ(parts.files[3], "t/part-00001");
  EXPECT_EQ(parts.ranges[3], (dataflow::FileRange{0, 2}));
  EXPECT_EQ(cut->bytes, text->bytes);
}

TEST_F(RootsTest, TheCatalogAsksOrcFilesForTheirColumns) {
  MakeTree();
  const auto roots = NewRoots();
  OutputGate output(gate_, ledger_, clock_);
  StorageCatalog catalog(gate_, *roots, output);
  const auto target = Readable(TreePath());
  const std::string bytes = formats::WriteOrc(*Table({1.5, 2.5}), "zstd").value();
  const std::vector<storage::FileEntry> files = {Sealed(*roots, target, "o/k=1/a.orc", bytes),
                                                 Sealed(*roots, target, "o/k=2/b.orc", ""),
                                                 Sealed(*roots, target, "e/c.orc", "")};
  ASSERT_TRUE(roots->Publish(target, files, {}).ok());
  const auto read = catalog.Resolve({TreePath() + "/o"}, "orc");
  ASSERT_TRUE(read.ok()) << base::Message(read.status());
  EXPECT_EQ(read->schema->ToString(), "x: double\nk: int32");
  EXPECT_EQ(read->partitions, 1u);
  plan::ReadOptions given;
  given.schema = arrow::schema({arrow::field("y", arrow::utf8())});
  const auto as = catalog.Resolve({TreePath() + "/o"}, "orc", given);
  ASSERT_TRUE(as.ok()) << base::Message(as.status());
  EXPECT_EQ(as->schema->ToString(), "y: string\nk: int32");
  EXPECT_EQ(as->partitions, 2u);
  EXPECT_TRUE(base::Is(catalog.Resolve({TreePath() + "/e"}, "orc").status(), kCannotInferSchema));
}

}  // namespace
}  // namespace soteria::master
