// Tokenizer, RegexTokenizer, NGram, StopWordsRemover, HashingTF, CountVectorizer and IDF, against
// what stock Spark 4.3 answers for the same rows.
#include "src/ml/count_vectorizer/kernels.h"
#include "src/ml/hashing_tf/murmur3.h"
#include "src/ml/idf/kernels.h"
#include "src/ml/stage_for_test.h"
#include "src/ml/stop_words_remover/stop_words.h"
#include "src/table/java_pattern.h"

namespace soteria::ml {
namespace {

using table::DenseVector;
using table::SparseVector;
using Rows = std::vector<TextsForTest>;
using Texts = std::vector<std::string>;

ParamMap InOut(const char* input) {
  return {{"inputCol", std::string(input)}, {"outputCol", std::string("o")}};
}

std::shared_ptr<arrow::Table> Lines() {
  return MakeTable({TextColumn("s", {"Hi I  heard", " lead\ttab ", "", "   ", "ÀÉ İX ΟΔΟΣ"})});
}

Rows Tokens(const std::string& pattern, bool gaps, int64_t least = 0, bool lower = true) {
  ParamMap params = InOut("s");
  params["pattern"] = pattern;
  params["gaps"] = gaps;
  params["minTokenLength"] = least;
  params["toLowercase"] = lower;
  const auto out = ApplyForTest("RegexTokenizer", params, Lines());
  EXPECT_TRUE(out.ok()) << base::Message(out.status());
  return out.ok() ? WordsOf(**out, "o") : Rows();
}

TEST(Tokenizer, IsSparks) {
  const auto out = ApplyForTest("Tokenizer", InOut("s"), Lines());
  EXPECT_EQ(WordsOf(**out, "o"),
            (Rows{{"hi", "i", "", "heard"}, {"", "lead", "tab"}, {""}, {}, {"àé", "i̇x", "οδος"}}));
  EXPECT_EQ(Refusal(ApplyForTest("Tokenizer", InOut("d"), MakeTable({NumberColumn("d", {1.0})}))),
            "requirement failed: Input type must be string type but got double.");
  EXPECT_FALSE(
      ApplyForTest("Tokenizer", InOut("s"), MakeTable({TextColumn("s", {std::nullopt})})).ok());
  ExpectRoundTrips(**MakeTransformer(FeatureClass("Tokenizer"), "uid", InOut("s")));
}

TEST(RegexTokenizer, GapsAndTokensAreSparks) {
  const TextsForTest last = {"àé", "i̇x", "οδος"};
  EXPECT_EQ(Tokens("\\s+", true),
            (Rows{{"hi", "i", "heard"}, {"", "lead", "tab"}, {""}, {}, last}));
  EXPECT_EQ(
      Tokens("\\W", true),
      (Rows{{"hi", "i", "", "heard"}, {"", "lead", "tab"}, {""}, {}, {"", "", "", "i", "x"}}));
  EXPECT_EQ(Tokens("\\w+", false),
            (Rows{{"hi", "i", "heard"}, {"lead", "tab"}, {}, {}, {"i", "x"}}));
  EXPECT_EQ(Tokens("[aeiou]", false), (Rows{{"i", "i", "e", "a"}, {"e", "a", "a"}, {}, {}, {"i"}}));
  EXPECT_EQ(Tokens("a|b", true)[0], (TextsForTest{"hi i  he", "rd"}));
  EXPECT_EQ(Tokens("a|b", true)[1], (TextsForTest{" le", "d\tt", "", " "}));
  EXPECT_EQ(Tokens(",", true)[3], (TextsForTest{"   "}));
  EXPECT_EQ(Tokens("", true)[0],
            (TextsForTest{"h", "i", " ", "i", " ", " ", "h", "e", "a", "r", "d"}));
  EXPECT_EQ(Tokens("x*", true)[4],
            (TextsForTest{"à", "é", " ", "i", "̇", "", " ", "ο", "δ", "ο", "ς"}));
  EXPECT_EQ(Tokens("x*", false)[0], TextsForTest(12, ""));
  EXPECT_EQ(Tokens("\\s+", true, 3, false), (Rows{{"heard"}, {"lead", "tab"}, {}, {}, {"ΟΔΟΣ"}}));
}

TEST(RegexTokenizer, WhatJavaReadsInAnotherWayIsRefused) {
  for (const char* pattern :
       {"(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", "(a)\\1", "a++", "a*+", "(?>a)", "(?i)a", "a$",
        "\\bw", "[a&&b]", "[a[b]]", "(?<n>a)", "\\R", "\\Qa\\E", "[\\S]", "\\p{IsGreek}"}) {
    const auto compiled = table::JavaPattern::Compile(pattern);
    EXPECT_TRUE(base::Is(compiled.status(), base::kUnsupported)) << pattern;
  }
  for (const char* pattern : {"(", "*a", "a{", "[a", "\\", "\\x4", "a)"}) {
    EXPECT_FALSE(table::JavaPattern::Compile(pattern).ok()) << pattern;
  }
  EXPECT_FALSE(table::JavaPattern::Compile(std::string(table::kPatternBytesMax + 1, 'a')).ok());
  ParamMap params = InOut("s");
  params["pattern"] = std::string("a++");
  EXPECT_EQ(Refusal(ApplyForTest("RegexTokenizer", params, Lines())),
            "RegexTokenizer with a possessive quantifier in its pattern is not supported in an"
            " enclave. What is: docs/functions.md");
}

// What Java 17's Pattern makes of quantifiers: find() and split() over "foo boo ooo o".
TEST(RegexTokenizer, QuantifiersAreJavas) {
  struct Case {
    const char* pattern;
    const char* found;
    const char* split;
  };
  const auto joined = [](const std::vector<std::string_view>& texts) {
    std::string all;
    for (size_t i = 0; i < texts.size(); ++i) all.append(i == 0 ? "" : "/").append(texts[i]);
    return all;
  };
  for (const Case& c : {Case{"o{2}", "oo/oo/oo", "f/ b/ /o o"},
                        Case{"o{2,}", "oo/oo/ooo", "f/ b/ / o"},
                        Case{"o{1,2}", "oo/oo/oo/o/o", "f/ b/ // "},
                        Case{"o{0}", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"o{0,0}", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"o{02}", "oo/oo/oo", "f/ b/ /o o"},
                        Case{"o{1}{2}", "o/o/o/o/o/o/o/o", "f// b// /// "},
                        Case{"o{2}{2}", "oo/oo/oo", "f/ b/ /o o"},
                        Case{"{2}", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"x|{2}", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"({2})", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"^*", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"^+", "", "foo boo ooo o"},
                        Case{"^?", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"^{2}", "", "foo boo ooo o"},
                        Case{"^*o", "o/o/o/o/o/o/o/o", "f// b// /// "},
                        Case{"^+o", "", "foo boo ooo o"},
                        Case{"^?o", "o/o/o/o/o/o/o/o", "f// b// /// "},
                        Case{"(^)*o", "o/o/o/o/o/o/o/o", "f// b// /// "},
                        Case{"\\A*", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"\\A+o", "", "foo boo ooo o"},
                        Case{"\\z*", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"o\\z?", "o/o/o/o/o/o/o/o", "f// b// /// "},
                        Case{"|", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"a|", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"|a", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"()", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"()*", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"(a|)*", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"o*?", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"o+?", "o/o/o/o/o/o/o/o", "f// b// /// "},
                        Case{"o??", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"o{2}?", "oo/oo/oo", "f/ b/ /o o"},
                        Case{"o{1,}?", "o/o/o/o/o/o/o/o", "f// b// /// "},
                        Case{"(oo){2}", "", "foo boo ooo o"},
                        Case{"(o|x){1,2}?", "o/o/o/o/o/o/o/o", "f// b// /// "},
                        Case{"[o]{2}", "oo/oo/oo", "f/ b/ /o o"},
                        Case{"\\w{2}", "fo/bo/oo", "/o /o /o o"},
                        Case{"\\w{1,2}?", "f/o/o/b/o/o/o/o/o/o", "/// /// /// "},
                        Case{"\\p{L}{2}", "fo/bo/oo", "/o /o /o o"},
                        Case{".{3}", "foo/ bo/o o/oo ", "////o"},
                        Case{"\\x6f{2}", "oo/oo/oo", "f/ b/ /o o"},
                        Case{"é{2}", "", "foo boo ooo o"},
                        Case{"😀{2}", "", "foo boo ooo o"},
                        Case{"}", "", "foo boo ooo o"},
                        Case{"o}", "", "foo boo ooo o"},
                        Case{"]", "", "foo boo ooo o"},
                        Case{"o]", "", "foo boo ooo o"},
                        Case{"o{2}}", "", "foo boo ooo o"},
                        Case{"a{0,1}?o", "o/o/o/o/o/o/o/o", "f// b// /// "},
                        Case{"(?:o{1,2}){2}", "oo/oo/ooo", "f/ b/ / o"},
                        Case{"\\{2}", "", "foo boo ooo o"},
                        Case{"o\\{2", "", "foo boo ooo o"},
                        Case{"[{]", "", "foo boo ooo o"},
                        Case{"[o{2}]", "o/o/o/o/o/o/o/o", "f// b// /// "},
                        Case{"^|o", "/o/o/o/o/o/o/o/o", "f// b// /// "},
                        Case{"^^o", "", "foo boo ooo o"},
                        Case{"(^o)", "", "foo boo ooo o"},
                        Case{"a^o", "", "foo boo ooo o"},
                        Case{"(?:^)+o", "", "foo boo ooo o"},
                        Case{"o(?:){3}", "o/o/o/o/o/o/o/o", "f// b// /// "},
                        Case{"(o*)*", "/oo///oo//ooo//o/", "f// /b// // "},
                        Case{"(o*)+", "/oo///oo//ooo//o/", "f// /b// // "},
                        Case{"(o+)*", "/oo///oo//ooo//o/", "f// /b// // "},
                        Case{"(?:)", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"x{0}", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"(o{0})*", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"o{1}?", "o/o/o/o/o/o/o/o", "f// b// /// "},
                        Case{"o{0}?", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"o{00,01}", "/o/o///o/o//o/o/o//o/", "f/// /b/// //// "},
                        Case{"o{1,01}", "o/o/o/o/o/o/o/o", "f// b// /// "},
                        Case{"(o)*?", "/////////////", "f/o/o/ /b/o/o/ /o/o/o/ /o"},
                        Case{"(o)??o", "o/o/o/o/o/o/o/o", "f// b// /// "},
                        Case{"\\d{2,3}", "", "foo boo ooo o"},
                        Case{"o{2}|x", "oo/oo/oo", "f/ b/ /o o"}}) {
    const auto compiled = table::JavaPattern::Compile(c.pattern);
    ASSERT_TRUE(compiled.ok()) << c.pattern << base::Message(compiled.status());
    std::vector<std::string_view> found, split;
    (*compiled)->FindAll("foo boo ooo o", found);
    (*compiled)->Split("foo boo ooo o", split);
    EXPECT_EQ(joined(found), c.found) << c.pattern;
    EXPECT_EQ(joined(split), c.split) << c.pattern;
  }
  for (const auto& [pattern, text] : std::initializer_list<std::pair<const char*, const char*>>{
           {"o{1,2,3}", "Unclosed counted closure near index 5\no{1,2,3}\n     ^"},
           {"o{,2}", "Illegal repetition near index 2\no{,2}\n  ^"},
           {"o{}", "Illegal repetition near index 2\no{}\n  ^"},
           {"o{", "Illegal repetition near index 2\no{"},
           {"o{a}", "Illegal repetition near index 2\no{a}\n  ^"},
           {"o{2", "Unclosed counted closure near index 3\no{2"},
           {"o{2,", "Unclosed counted closure near index 4\no{2,"},
           {"o{2,3", "Unclosed counted closure near index 5\no{2,3"},
           {"o{2,,3}", "Unclosed counted closure near index 4\no{2,,3}\n    ^"},
           {"o{3,2}", "Illegal repetition range near index 5\no{3,2}\n     ^"},
           {"o{ 2}", "Illegal repetition near index 2\no{ 2}\n  ^"},
           {"o{2 }", "Unclosed counted closure near index 3\no{2 }\n   ^"},
           {"{", "Illegal repetition near index 1\n{"},
           {"{,2}", "Illegal repetition near index 1\n{,2}\n ^"},
           {"a|*", "Dangling meta character '*' near index 2\na|*\n  ^"},
           {"a|+", "Dangling meta character '+' near index 2\na|+\n  ^"},
           {"(*a)", "Dangling meta character '*' near index 1\n(*a)\n ^"},
           {"(?:*a)", "Dangling meta character '*' near index 3\n(?:*a)\n   ^"},
           {"o**", "Dangling meta character '*' near index 2\no**\n  ^"},
           {"o*??", "Dangling meta character '?' near index 3\no*??\n   ^"},
           {"o+*", "Dangling meta character '*' near index 2\no+*\n  ^"},
           {"o{2}*", "Dangling meta character '*' near index 4\no{2}*\n    ^"},
           {"o{2147483648}", "Illegal repetition range near index 11\no{2147483648}\n           ^"},
           {"o{99999999999}",
            "Illegal repetition range near index 11\no{99999999999}\n           ^"},
           {"[o]{1,2,3}", "Unclosed counted closure near index 7\n[o]{1,2,3}\n       ^"},
           {"\\p{L}{1,2,3}", "Unclosed counted closure near index 9\n\\p{L}{1,2,3}\n         ^"},
           {".{,3}", "Illegal repetition near index 2\n.{,3}\n  ^"},
           {"*", "Dangling meta character '*' near index 0\n*\n^"},
           {"+a", "Dangling meta character '+' near index 0\n+a\n^"},
           {"?", "Dangling meta character '?' near index 0\n?\n^"},
           {"o|{", "Illegal repetition near index 3\no|{"},
           {"(o){2", "Unclosed counted closure near index 5\n(o){2"},
           {"(o){a}", "Illegal repetition near index 4\n(o){a}\n    ^"},
           {"(o)**", "Dangling meta character '*' near index 4\n(o)**\n    ^"}}) {
    const auto compiled = table::JavaPattern::Compile(pattern);
    EXPECT_EQ(base::ExceptionName(compiled.status()), "java.lang.IllegalArgumentException");
    EXPECT_EQ(Refusal(compiled), text);
  }
  for (const char* pattern :
       {"o{1001}", "o{0,1001}", "o{2147483647}", "o?+", "o{2}+", "(o{500}){500}"}) {
    EXPECT_TRUE(base::Is(table::JavaPattern::Compile(pattern).status(), base::kUnsupported))
        << pattern;
  }
}

TEST(RegexTokenizer, JavasClassesAndEscapes) {
  const auto all = [](const char* pattern, const char* text) {
    std::vector<std::string_view> found;
    const auto compiled = table::JavaPattern::Compile(pattern);
    EXPECT_TRUE(compiled.ok()) << pattern << base::Message(compiled.status());
    if (compiled.ok()) (*compiled)->FindAll(text, found);
    return Texts(found.begin(), found.end());
  };
  EXPECT_EQ(all("[^\\w\\s]+", "a,b;-c d"), (Texts{",", ";-"}));
  EXPECT_EQ(all("\\p{Punct}", "a,b-c"), (Texts{",", "-"}));
  EXPECT_EQ(all("\\p{L}+", "aé1ß"), (Texts{"aé", "ß"}));
  EXPECT_EQ(all("\\p{Alpha}+", "aé1b"), (Texts{"a", "b"}));
  EXPECT_EQ(all("[a-c-]+", "ab-d"), (Texts{"ab-"}));
  EXPECT_EQ(all("a.", "ab a\n a\xE2\x80\xA8"), (Texts{"ab"}));
  EXPECT_EQ(all("\\s", "\x0B"), (Texts{"\x0B"}));
  EXPECT_EQ(all("\\u0041\\x42", "AB"), (Texts{"AB"}));
  EXPECT_EQ(all("\\.\\-\\[", ".-["), (Texts{".-["}));
  EXPECT_EQ(all("(?:ab){2}?", "ababab"), (Texts{"abab"}));
  EXPECT_EQ(all("^a", "aa"), (Texts{"a"}));
  EXPECT_EQ(all("é+", "aéé"), (Texts{"éé"}));
  EXPECT_EQ(all("a|ab", "ab"), (Texts{"a"})) << "the first alternative, not the longest";
  EXPECT_EQ(table::JavaLength("aé😀"), 4U);
}

TEST(NGram, RunsAreSparks) {
  const auto table =
      MakeTable({WordsColumn("w", {{"I", "saw", "the"}, {"a", std::nullopt, "b"}, {}})});
  const auto runs = [&](int64_t n) {
    ParamMap params = InOut("w");
    params["n"] = n;
    return WordsOf(**ApplyForTest("NGram", params, table), "o");
  };
  EXPECT_EQ(runs(2), (Rows{{"I saw", "saw the"}, {"a null", "null b"}, {}}));
  EXPECT_EQ(runs(1), (Rows{{"I", "saw", "the"}, {"a", "null", "b"}, {}}));
  EXPECT_EQ(runs(4), (Rows{{}, {}, {}}));
  EXPECT_EQ(Refusal(ApplyForTest("NGram", InOut("s"), Lines())),
            "requirement failed: Input type must be array<string> but got string");
}

TEST(StopWordsRemover, IsSparks) {
  const auto table = MakeTable(
      {WordsColumn("w", {{"I", "saw", "the", "red", "THE"}, {"a", std::nullopt, "İ", "b"}, {}})});
  EXPECT_EQ(WordsOf(**ApplyForTest("StopWordsRemover", InOut("w"), table), "o"),
            (Rows{{"saw", "red"}, {std::nullopt, "İ", "b"}, {}}));
  ParamMap exact = InOut("w");
  exact["stopWords"] = Texts{"the", "b"};
  exact["caseSensitive"] = true;
  EXPECT_EQ(WordsOf(**ApplyForTest("StopWordsRemover", exact, table), "o"),
            (Rows{{"I", "saw", "red", "THE"}, {"a", std::nullopt, "İ"}, {}}));
  const ParamMap two = {
      {"inputCols", Texts{"w", "w"}}, {"outputCols", Texts{"o", "p"}}, {"stopWords", Texts{"the"}}};
  EXPECT_EQ(WordsOf(**ApplyForTest("StopWordsRemover", two, table), "p")[0],
            (TextsForTest{"I", "saw", "red"}));
  ExpectRoundTrips(**MakeTransformer(FeatureClass("StopWordsRemover"), "uid", two));
  ParamMap turkish = InOut("w");
  turkish["locale"] = std::string("tr_TR");
  EXPECT_TRUE(
      base::Is(ApplyForTest("StopWordsRemover", turkish, table).status(), base::kUnsupported));
  EXPECT_EQ(Refusal(ApplyForTest("StopWordsRemover", InOut("s"), Lines())),
            "requirement failed: Input type must be array<string> but got string.");
}

TEST(StopWordsRemover, Lists) {
  EXPECT_EQ(DefaultStopWords("english")->size(), 181U);
  EXPECT_EQ(DefaultStopWords("english")->front(), "i");
  for (const char* language : {"danish", "russian", "turkish", "finnish"}) {
    EXPECT_GT(DefaultStopWords(language)->size(), 40U) << language;
  }
  EXPECT_EQ(Refusal(DefaultStopWords("klingon")),
            "requirement failed: klingon is not in the supported language list: french, spanish,"
            " german, finnish, russian, norwegian, dutch, danish, hungarian, italian, swedish,"
            " portuguese, turkish, english.");
}

TEST(HashingTF, PlacesAreSparks) {
  const auto table = MakeTable(
      {WordsColumn("w", {{"I", "saw", "the", "red", "THE"}, {"a", std::nullopt, "İ", "b"}, {}})});
  ParamMap params = InOut("w");
  params["numFeatures"] = int64_t{1000};
  const auto out = ApplyForTest("HashingTF", params, table);
  const auto rows = VectorsOf(**out, "o");
  EXPECT_EQ(rows[0], SparseVector(1000, {17, 52, 316, 377, 975}, {1, 1, 1, 1, 1}));
  EXPECT_EQ(rows[1], SparseVector(1000, {42, 165, 419, 467}, {1, 1, 1, 1}));
  EXPECT_EQ(rows[2], SparseVector(1000, {}, {}));
  EXPECT_EQ(MetadataOf(**out, "o"), "{\"ml_attr\":{\"num_attrs\":1000}}");
  ParamMap binary = InOut("w");
  binary["binary"] = true;
  const auto once = ApplyForTest("HashingTF", binary,
                                 MakeTable({WordsColumn("w", {{"a", "a", "bcdefg", "héé"}})}));
  EXPECT_EQ(VectorsOf(**once, "o")[0], SparseVector(262144, {82942, 107107, 249058}, {1, 1, 1}));
  EXPECT_EQ(Refusal(ApplyForTest("HashingTF", InOut("s"), Lines())),
            "requirement failed: The input column must be array, but got string.");
}

TEST(HashingTF, OtherTypesAreSparks) {
  const auto places = [](std::vector<int32_t> hashes) {
    std::vector<int32_t> found;
    for (const int32_t hash : hashes) found.push_back(PlaceOf(hash, 262144));
    std::sort(found.begin(), found.end());
    return found;
  };
  using Places = std::vector<int32_t>;
  EXPECT_EQ(places({Murmur3Int(1), Murmur3Int(0), Murmur3Int(-5)}), (Places{57005, 96483, 241295}));
  EXPECT_EQ(places({Murmur3Long(1), Murmur3Long(0), Murmur3Long(-5)}),
            (Places{5277, 14173, 243805}));
  const auto bits = [](double value) { return Murmur3Long(std::bit_cast<int64_t>(value)); };
  EXPECT_EQ(places({bits(1), bits(0), bits(-5)}), (Places{154068, 222354, 243805}));
}

std::shared_ptr<arrow::Table> Documents() {
  return MakeTable(
      {WordsColumn("w", {{"a", "b", "c"}, {"a", "b", "b", "c", "a", "d"}, {"e", "d"}, {}})});
}

base::StatusOr<std::shared_ptr<const Model>> Vectorizer(ParamMap more, int64_t partitions = 1) {
  more.insert({{"inputCol", std::string("w")}, {"outputCol", std::string("o")}});
  return FitForTest("CountVectorizer", more, Documents(), partitions);
}

TEST(CountVectorizer, VocabularyIsSparks) {
  const auto words = [](const ParamMap& params) {
    return std::get<Texts>((*Vectorizer(params))->Get("vocabulary", {}).value());
  };
  for (const int64_t partitions : {1, 5, 8}) {
    const auto model = Vectorizer({}, partitions);
    ASSERT_TRUE(model.ok()) << base::Message(model.status());
    EXPECT_EQ(std::get<Texts>((*model)->Get("vocabulary", {}).value()),
              (Texts{"a", "b", "c", "d", "e"}));
    ExpectRoundTrips(**model);
  }
  EXPECT_EQ(words({{"minDF", 2.0}}), (Texts{"a", "b", "c", "d"}));
  EXPECT_EQ(words({{"minDF", 0.5}}), (Texts{"a", "b", "c", "d"}));
  EXPECT_EQ(words({{"maxDF", 0.5}}), (Texts{"a", "b", "c", "d", "e"}));
  EXPECT_EQ(words({{"maxDF", 1.0}}), (Texts{"e"}));
  EXPECT_EQ(words({{"vocabSize", int64_t{2}}}), (Texts{"a", "b"}));
  EXPECT_EQ(words({{"minDF", 9.0}}), (Texts{}));
  EXPECT_EQ(Refusal(Vectorizer({{"minDF", 3.0}, {"maxDF", 2.0}})),
            "requirement failed: maxDF must be >= minDF.");
  const auto ties = FitForTest(
      "CountVectorizer", InOut("w"),
      MakeTable({WordsColumn("w", {{"z", "y", "x", "w", "v", "é", "😀", "b", "a", "c"}})}));
  EXPECT_EQ(std::get<Texts>((*ties)->Get("vocabulary", {}).value()),
            (Texts{"a", "b", "c", "v", "w", "x", "y", "z", "é", "😀"}));
}

TEST(CountVectorizer, VectorsAreSparks) {
  const auto rows = [](const ParamMap& params) {
    return VectorsOf(**(*Vectorizer(params))->Apply(Documents()), "o");
  };
  EXPECT_EQ(rows({})[1], SparseVector(5, {0, 1, 2, 3}, {2, 2, 1, 1}));
  EXPECT_EQ(rows({})[3], SparseVector(5, {}, {}));
  EXPECT_EQ(rows({{"minTF", 2.0}})[1], SparseVector(5, {0, 1}, {2, 2}));
  EXPECT_EQ(rows({{"minTF", 0.3}})[0], SparseVector(5, {0, 1, 2}, {1, 1, 1}));
  EXPECT_EQ(rows({{"minTF", 0.3}})[1], SparseVector(5, {0, 1}, {2, 2}));
  EXPECT_EQ(rows({{"binary", true}})[1], SparseVector(5, {0, 1, 2, 3}, {1, 1, 1, 1}));
  const auto model = Vectorizer({});
  EXPECT_EQ(MetadataOf(**(*model)->Apply(Documents()), "o"),
            "{\"ml_attr\":{\"attrs\":{},\"num_attrs\":5}}");
  EXPECT_EQ(std::get<std::string>((*model)->Get("toString", {}).value()),
            "CountVectorizerModel: uid=uid, vocabularySize=5");
  EXPECT_EQ(Refusal(FitForTest("CountVectorizer", InOut("s"), Lines())),
            "requirement failed: Column s must be of type equal to one of the following types:"
            " [array<string>, array<string>] but was actually of type string.");
  const auto table = Documents();
  ExpectPartialRefusesOthers(WordCountsKernel("w"), {.table = table.get()});
}

TEST(CountVectorizer, WordsAreInJavasOrder) {
  const auto model = FitForTest(
      "CountVectorizer", InOut("w"),
      MakeTable({WordsColumn("w", {{"\uFF5E", "😀", "z", "\uE000", "é", "\uD7FF", "zz", "😀a"}})}));
  EXPECT_EQ(std::get<Texts>((*model)->Get("vocabulary", {}).value()),
            (Texts{"z", "zz", "é", "\uD7FF", "😀", "😀a", "\uE000", "\uFF5E"}));
}

TEST(CountVectorizer, NullIsAWord) {
  const auto table = MakeTable({WordsColumn(
      "w", {{"a", "a", "b"}, {"a", std::nullopt, std::nullopt, "b", "b", "b"}, {"a", "c"}})});
  const auto fit = [&](ParamMap params) {
    params["inputCol"] = std::string("w");
    return FitForTest("CountVectorizer", params, table, 2);
  };
  const auto vocabulary = [&](ParamMap params) {
    return std::get<Texts>((*fit(std::move(params)))->Get("vocabulary", {}).value());
  };
  EXPECT_EQ(vocabulary({{"minDF", 2.0}}), (Texts{"a", "b"})) << "null is in one row";
  EXPECT_EQ(vocabulary({{"vocabSize", int64_t{1}}}), (Texts{"a"})) << "null isn't the first";
  const auto held = fit({});
  EXPECT_TRUE(base::Is(held.status(), base::kUnsupported));
  EXPECT_TRUE(base::QuotesData(held.status()));
  EXPECT_TRUE(base::Message(held.status())
                  .starts_with("CountVectorizer with null among the words of its vocabulary"));
  const auto tied = FitForTest("CountVectorizer", InOut("w"),
                               MakeTable({WordsColumn("w", {{"a", std::nullopt}})}));
  EXPECT_EQ(Refusal(tied), "Cannot read field \"value\" because \"anotherString\" is null");
}

TEST(IDF, IsSparks) {
  const auto counted = *(*Vectorizer({}))->Apply(Documents());
  const double often = std::log(5 / 3.0);
  const double seldom = std::log(5 / 2.0);
  for (const int64_t partitions : {1, 5, 8}) {
    ParamMap params = {{"inputCol", std::string("o")}, {"outputCol", std::string("q")}};
    const auto model = FitForTest("IDF", params, counted, partitions);
    ASSERT_TRUE(model.ok()) << base::Message(model.status());
    EXPECT_TRUE(Close(std::get<VectorValue>((*model)->Get("idf", {}).value()).values,
                      {often, often, often, often, seldom}, 1e-15));
    EXPECT_EQ(std::get<IntArray>((*model)->Get("docFreq", {}).value()), (IntArray{2, 2, 2, 2, 1}));
    EXPECT_EQ(std::get<int64_t>((*model)->Get("numDocs", {}).value()), 4);
    const auto rows = VectorsOf(**(*model)->Apply(counted), "q");
    EXPECT_TRUE(Close(rows[1].values, {2 * often, 2 * often, often, often}, 1e-15));
    EXPECT_EQ(std::get<std::string>((*model)->Get("toString", {}).value()),
              "IDFModel: uid=uid, numDocs=4, numFeatures=5");
    ExpectRoundTrips(**model);
    params["minDocFreq"] = int64_t{2};
    const auto least = FitForTest("IDF", params, counted, partitions);
    EXPECT_EQ(std::get<IntArray>((*least)->Get("docFreq", {}).value()), (IntArray{2, 2, 2, 2, 0}));
    EXPECT_EQ(std::get<VectorValue>((*least)->Get("idf", {}).value()).values[4], 0);
  }
  const auto odd = MakeTable(
      {VectorColumn("v", {DenseVector({-1, kNanForTest, 0, 2}), SparseVector(4, {0}, {1.0})})});
  EXPECT_EQ(std::get<IntArray>((*FitForTest("IDF", InOut("v"), odd))->Get("docFreq", {}).value()),
            (IntArray{1, 0, 0, 1}));
  EXPECT_EQ(Refusal(FitForTest("IDF", InOut("v"), odd->Slice(0, 0))),
            "Haven't seen any document yet.");
  const auto block = Blocks(BreastCancer(), 1)[0];
  const auto sparse = Blocks(BreastCancer(), 1, true)[0];
  EXPECT_EQ(MapForTest(DocumentFrequenciesKernel(), block).value(),
            MapForTest(DocumentFrequenciesKernel(), sparse).value());
  ExpectPartialRefusesOthers(DocumentFrequenciesKernel(), {.features = &block});
}

}  // namespace
}  // namespace soteria::ml
