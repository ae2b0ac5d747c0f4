#include "src/storage/format.h"

#include <gtest/gtest.h>

#include <functional>

#include "src/base/errors.h"
#include "src/base/fields.h"

namespace soteria::storage {
namespace {

FileEntry Entry(const std::string& name, char fill) {
  FileEntry entry;
  entry.name = name;
  entry.object = std::string(32, fill) + ".parquet";
  entry.file_id = std::string(16, fill);
  entry.size = 100;
  entry.rows = 7;
  entry.check.fill(static_cast<uint8_t>(fill));
  entry.wrapped_key = std::string(44, fill);
  return entry;
}

Index DataSet() {
  Index index;
  index.kind = RootKind::kDataSet;
  index.id = std::string(16, 'i');
  index.version = 2;
  index.previous.fill(9);
  index.schema_json = R"({"type":"struct","fields":[]})";
  index.tee_kinds = {"sgx", "snp"};
  index.files = {Entry("part-00001", 'b'), Entry("part-00000", 'a')};
  return index;
}

Index TreeIndex() {
  Index index = DataSet();
  index.kind = RootKind::kTree;
  index.schema_json.clear();
  index.files = {Entry("a", 'a'), Entry("a-b", 'b'), Entry("d/e/f", 'c')};
  index.files[0].origin.made = Origin::Made::kPut;
  index.files[1].origin = {
      Origin::Made::kJob, std::string(16, 'w'), true, {std::string(16, 'p'), std::string(16, 'q')}};
  return index;
}

/// As trees were written before origins were kept.
Index OldTree() {
  Index index = TreeIndex();
  index.has_origins = false;
  for (FileEntry& file : index.files) file.origin = {};
  return index;
}

TEST(FormatTest, EncodingRoundTrips) {
  for (const Index& index : {DataSet(), TreeIndex(), OldTree()}) {
    const auto parsed = ParseIndex(EncodeIndex(index));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, index);
    EXPECT_EQ(EncodeIndex(*parsed), EncodeIndex(index));
  }
}

TEST(FormatTest, EveryProperPrefixAndAnyAppendedByteIsRefused) {
  for (const Index& index : {DataSet(), TreeIndex(), OldTree()}) {
    const std::string bytes = EncodeIndex(index);
    for (size_t n = 0; n < bytes.size(); ++n) {
      const auto parsed = ParseIndex(std::string_view(bytes).substr(0, n));
      ASSERT_FALSE(parsed.ok()) << n;
      ASSERT_TRUE(base::Is(parsed.status(), base::kIntegrity)) << parsed.status();
    }
    EXPECT_FALSE(ParseIndex(bytes + std::string(1, '\0')).ok());
    EXPECT_FALSE(ParseIndex(bytes + bytes).ok());
  }
}

TEST(FormatTest, OnlyATreeThatKeepsOriginsHasThem) {
  Index data = DataSet();
  data.files[0].origin.made = Origin::Made::kPut;
  EXPECT_TRUE(base::Is(ValidateIndex(data), base::kIntegrity));
  Index old = TreeIndex();
  old.has_origins = false;
  EXPECT_TRUE(base::Is(ValidateIndex(old), base::kIntegrity));
}

// An older tree says of no file where its rows are from: not that the owner put them.
TEST(FormatTest, FilesOfAnOlderTreeAreOfUnknownOrigin) {
  const auto parsed = ParseIndex(EncodeIndex(OldTree()));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  for (const FileEntry& file : parsed->files) {
    EXPECT_EQ(file.origin.made, Origin::Made::kUnknown);
  }
  EXPECT_EQ(FileEntry().origin.made, Origin::Made::kUnknown);
  EXPECT_EQ(ParseFileEntry(EncodeFileEntry(TreeIndex().files[1]), RootKind::kTree)->origin,
            Origin());
}

TEST(FormatTest, WhichFilesSavingWrote) {
  Index index = TreeIndex();
  const std::string none = EncodeIndex(index);
  index.files[0].saved = index.files[2].saved = true;
  const std::string bytes = EncodeIndex(index);
  ASSERT_TRUE(bytes.starts_with(none));
  const auto parsed = ParseIndex(bytes);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, index);
  for (size_t n = none.size() + 1; n < bytes.size(); ++n) {
    EXPECT_TRUE(base::Is(ParseIndex(bytes.substr(0, n)).status(), base::kIntegrity)) << n;
  }
  const auto with = [&](std::string_view tag, std::vector<uint64_t> numbers) {
    base::FieldWriter out;
    out.Add(tag).AddU64(numbers.size());
    for (const uint64_t number : numbers) out.AddU64(number);
    return ParseIndex(none + out.Take()).ok();
  };
  EXPECT_TRUE(with("saved", {1}));
  EXPECT_FALSE(with("wrote", {1}));
  EXPECT_FALSE(with("saved", {}));
  EXPECT_FALSE(with("saved", {3}));
  EXPECT_FALSE(with("saved", {1, 1}));
  EXPECT_FALSE(with("saved", {2, 1}));
  EXPECT_FALSE(with("saved", {0, 1, 2, 3}));
  EXPECT_FALSE(ParseIndex(bytes + "x").ok());
  // Not a worker's to say, nor a data set's.
  const auto entry = ParseFileEntry(EncodeFileEntry(index.files[0]), RootKind::kTree);
  ASSERT_TRUE(entry.ok());
  EXPECT_FALSE(entry->saved);
  Index data_set = DataSet();
  data_set.files[0].saved = true;
  EXPECT_FALSE(ParseIndex(EncodeIndex(data_set)).ok());
}

// What flips to something else that parses must be a different index, encoded as exactly these
// bytes.
TEST(FormatTest, ParsingIsCanonical) {
  for (const Index& index : {DataSet(), TreeIndex()}) {
    const std::string bytes = EncodeIndex(index);
    size_t accepted = 0;
    for (size_t i = 0; i < bytes.size() * 8; ++i) {
      std::string changed = bytes;
      changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
      const auto parsed = ParseIndex(changed);
      if (!parsed.ok()) continue;
      ++accepted;
      ASSERT_EQ(EncodeIndex(*parsed), changed);
    }
    EXPECT_GT(accepted, 0u);  // e.g. another digest: only the seal can tell
  }
}

struct Hostile {
  const char* what;
  std::function<void(Index&)> change;
};

class HostileIndexTest : public testing::TestWithParam<Hostile> {};

TEST_P(HostileIndexTest, IsRefused) {
  Index index = GetParam().what[0] == 't' ? TreeIndex() : DataSet();
  ASSERT_TRUE(ValidateIndex(index).ok());
  GetParam().change(index);
  EXPECT_TRUE(base::Is(ValidateIndex(index), base::kIntegrity));
  EXPECT_FALSE(ParseIndex(EncodeIndex(index)).ok());
}

INSTANTIATE_TEST_SUITE_P(
    Table, HostileIndexTest,
    testing::Values(
        Hostile{"kind", [](Index& i) { i.kind = static_cast<RootKind>(3); }},
        Hostile{"short id", [](Index& i) { i.id.pop_back(); }},
        Hostile{"long id", [](Index& i) { i.id.push_back('x'); }},
        Hostile{"version 0", [](Index& i) { i.version = 0; }},
        Hostile{"version 1 with a previous", [](Index& i) { i.version = 1; }},
        Hostile{"version 2 without a previous", [](Index& i) { i.previous = {}; }},
        Hostile{"data set without a schema", [](Index& i) { i.schema_json.clear(); }},
        Hostile{"schema too long",
                [](Index& i) { i.schema_json = std::string(kSchemaBytesMax + 1, ' '); }},
        Hostile{"tree with a schema", [](Index& i) { i.schema_json = "{}"; }},
        Hostile{"TEE kinds twice",
                [](Index& i) {
                  i.tee_kinds = {"sgx", "sgx"};
                }},
        Hostile{"TEE kinds out of order",
                [](Index& i) {
                  i.tee_kinds = {"snp", "sgx"};
                }},
        Hostile{"TEE kind empty", [](Index& i) { i.tee_kinds = {""}; }},
        Hostile{"TEE kinds too many",
                [](Index& i) {
                  i.tee_kinds.clear();
                  for (char c = 'a'; c < 'a' + 17; ++c) i.tee_kinds.emplace_back(1, c);
                }},
        Hostile{"name empty", [](Index& i) { i.files[0].name.clear(); }},
        Hostile{"name a path", [](Index& i) { i.files[0].name = "a/b"; }},
        Hostile{"name hidden", [](Index& i) { i.files[0].name = ".a"; }},
        Hostile{"name with a space", [](Index& i) { i.files[0].name = "a b"; }},
        Hostile{"name with a NUL", [](Index& i) { i.files[0].name = std::string("a\0b", 3); }},
        Hostile{"name too long", [](Index& i) { i.files[0].name = std::string(256, 'a'); }},
        Hostile{"name twice", [](Index& i) { i.files[0].name = i.files[1].name; }},
        Hostile{"object a path", [](Index& i) { i.files[0].object = "../x"; }},
        Hostile{"object below a folder", [](Index& i) { i.files[0].object = "x/y"; }},
        Hostile{"object is the index", [](Index& i) { i.files[0].object = kIndexName; }},
        Hostile{"object twice", [](Index& i) { i.files[0].object = i.files[1].object; }},
        Hostile{"file id twice", [](Index& i) { i.files[0].file_id = i.files[1].file_id; }},
        Hostile{"key twice", [](Index& i) { i.files[0].wrapped_key = i.files[1].wrapped_key; }},
        Hostile{"file id short", [](Index& i) { i.files[0].file_id.pop_back(); }},
        Hostile{"size 0", [](Index& i) { i.files[0].size = 0; }},
        Hostile{"size too large", [](Index& i) { i.files[0].size = kFileBytesMax + 1; }},
        Hostile{"rows too many", [](Index& i) { i.files[0].rows = kRowsMax + 1; }},
        Hostile{"no wrapped key", [](Index& i) { i.files[0].wrapped_key.clear(); }},
        Hostile{"wrapped key too long",
                [](Index& i) { i.files[0].wrapped_key = std::string(93, 'k'); }},
        Hostile{"tree out of order", [](Index& i) { std::swap(i.files[0], i.files[1]); }},
        Hostile{"tree file is a folder", [](Index& i) { i.files[2].name = "a/c"; }},
        Hostile{"tree path absolute", [](Index& i) { i.files[2].name = "/e"; }},
        Hostile{"tree path climbs", [](Index& i) { i.files[2].name = "d/../e"; }},
        Hostile{"tree path with an empty part", [](Index& i) { i.files[2].name = "d//e"; }},
        Hostile{"tree path ends in a slash", [](Index& i) { i.files[2].name = "d/e/"; }},
        Hostile{"tree origin of no kind",
                [](Index& i) { i.files[0].origin.made = static_cast<Origin::Made>(3); }},
        Hostile{"tree put by a write",
                [](Index& i) { i.files[0].origin.write = std::string(16, 'w'); }},
        Hostile{"tree put of an origin",
                [](Index& i) { i.files[0].origin.ids = {std::string(16, 'p')}; }},
        Hostile{"tree put once", [](Index& i) { i.files[0].origin.once = true; }},
        Hostile{"tree write short", [](Index& i) { i.files[1].origin.write.pop_back(); }},
        Hostile{"tree rows of nobody once", [](Index& i) { i.files[1].origin.ids.clear(); }},
        Hostile{"tree origin short", [](Index& i) { i.files[1].origin.ids[0].pop_back(); }},
        Hostile{"tree origin twice",
                [](Index& i) { i.files[1].origin.ids[1] = i.files[1].origin.ids[0]; }},
        Hostile{"tree origins out of order",
                [](Index& i) {
                  std::swap(i.files[1].origin.ids[0], i.files[1].origin.ids[1]);
                }},
        Hostile{"tree origins too many",
                [](Index& i) {
                  i.files[1].origin.ids.clear();
                  for (size_t n = 0; n <= kOriginsMax; ++n) {
                    i.files[1].origin.ids.push_back(std::string(15, 'o') +
                                                    static_cast<char>(n));
                  }
                }},
        Hostile{"tree path too long",
                [](Index& i) {
                  i.files[2].name = "d";
                  while (i.files[2].name.size() <= kNameBytesMax) i.files[2].name += "/dddddddd";
                }}),
    [](const auto& info) {
      std::string name(info.param.what);
      for (char& c : name) {
        if (c == ' ') c = '_';
      }
      return name;
    });

// Counts are outside numbers: they don't size anything before the files are there.
TEST(FormatTest, HugeCountsAreRefusedWithoutAllocating) {
  for (const uint64_t count : {uint64_t{kFilesMax} + 1, ~uint64_t{0}, uint64_t{kFilesMax}}) {
    base::FieldWriter out;
    out.Add("soteria/1 index").AddU64(1).Add(std::string(16, 'i')).AddU64(1);
    out.Add(std::string(32, '\0')).Add("{}").AddU64(0).AddU64(count);
    EXPECT_FALSE(ParseIndex(out.bytes()).ok()) << count;
  }
}

TEST(FormatTest, EntryAloneRoundTripsAndIsBoundToItsKind) {
  const FileEntry entry = Entry("dir/part-0", 'e');
  const std::string bytes = EncodeFileEntry(entry);
  const auto parsed = ParseFileEntry(bytes, RootKind::kTree);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, entry);
  EXPECT_FALSE(ParseFileEntry(bytes, RootKind::kDataSet).ok());
  EXPECT_FALSE(ParseFileEntry(bytes + "x", RootKind::kTree).ok());
  for (size_t n = 0; n < bytes.size(); ++n) {
    ASSERT_FALSE(ParseFileEntry(std::string_view(bytes).substr(0, n), RootKind::kTree).ok());
  }
}

TEST(FormatTest, Names) {
  for (const char* good : {"a", "_SUCCESS", "part-00000-x.c000.snappy.parquet", "k=v", "0_LR_12"}) {
    EXPECT_TRUE(ValidComponent(good)) << good;
  }
  for (const char* bad : {"", ".", "..", ".crc", "a/b", "a b", "a%20", "a:b", "\xc3\xa4", "a\n"}) {
    EXPECT_FALSE(ValidComponent(bad)) << bad;
  }
  for (const char* good :
       {"stages/0_LR/metadata/part-00000", "k=a b/f", "k=a%2Fb", "a:b", "k=\xc3\xa9t\xc3\xa9/f"}) {
    EXPECT_TRUE(ValidRelativePath(good)) << good;
  }
  for (const char* bad : {"", "/a", "a/", "a//b", "a/../b", "a/.b", "a\n", "a\\b", "a\x7f", "\xff",
                          "a\xc2\x9f", "\xed\xa0\x80"}) {
    EXPECT_FALSE(ValidRelativePath(bad)) << bad;
  }
  EXPECT_FALSE(ValidRelativePath("k=" + std::string(254, 'x')));
}

TEST(FormatTest, FilesOfATask) {
  const FileEntry entry = TreeIndex().files.front();
  const std::string bytes = EncodeFileEntries({entry, entry});
  const auto parsed = ParseFileEntries(bytes, RootKind::kTree);
  ASSERT_TRUE(parsed.ok()) << base::Message(parsed.status());
  EXPECT_EQ(parsed->size(), 2U);
  EXPECT_TRUE(ParseFileEntries("", RootKind::kTree)->empty());
  EXPECT_FALSE(ParseFileEntries(bytes + "x", RootKind::kTree).ok());
}

TEST(FormatTest, TeeKinds) {
  const Index index = DataSet();
  const std::vector<std::string> both = {"snp", "sgx"}, simulated = {"sgx", "simulated"}, none;
  EXPECT_TRUE(CheckTeeKinds(index, both).ok());
  EXPECT_TRUE(base::Is(CheckTeeKinds(index, simulated), base::kEvidence));
  EXPECT_TRUE(base::Is(CheckTeeKinds(index, none), base::kEvidence));
}

}  // namespace
}  // namespace soteria::storage
