#include "src/client/ledger_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "src/base/errors.h"
#include "src/client/html.h"

namespace soteria::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

base::Digest Filled(uint8_t byte) {
  base::Digest digest;
  digest.fill(byte);
  return digest;
}

TEST(HtmlTest, TextNeverBecomesMarkup) {
  EXPECT_EQ(Html().Tag("<td>").Text("<script>a='\"&</script>").Tag("</td>").bytes(),
            "<td>&lt;script&gt;a=&#39;&quot;&amp;&lt;/script&gt;</td>");
  EXPECT_EQ(Html().Text("\xc3\xa4 \xe2\x82\xac\n").bytes(), "\xc3\xa4 \xe2\x82\xac\n");
}

TEST(HtmlTest, TextCantReverseOrHideItself) {
  for (const char* bad : {"\x1b", "\r", "\x7f", "\xc2\x9b", "\xe2\x80\xae", "\xe2\x80\x8f",
                          "\xe2\x81\xa7", "\xe2\x80\xaa"}) {
    EXPECT_EQ(Html().Text(std::string("a") + bad + "b").bytes(),
              "a\xef\xbf\xbd"
              "b")
        << bad;
  }
  for (const char* good : {"\xe2\x80\xa9", "\xe2\x81\xaa", "\xc2\xa0"}) {
    EXPECT_EQ(Html().Text(good).bytes(), good);
  }
}

TEST(HtmlTest, NumbersInGroups) {
  EXPECT_EQ(Html().Number(0).bytes(), "0");
  EXPECT_EQ(Html().Number(999).bytes(), "999");
  EXPECT_EQ(Html().Number(1000).bytes(),
            "1\xe2\x80\xaf"
            "000");
  EXPECT_EQ(Html().Number(1234567).bytes(),
            "1\xe2\x80\xaf"
            "234\xe2\x80\xaf"
            "567");
}

class LedgerPageTest : public ::testing::Test {
 protected:
  LedgerPageTest() {
    ledger::SessionReport session;
    session.session = Filled(1);
    session.head.task = "risk";
    session.head.build = "release";
    session.head.version = "1.2.3";
    session.first = 5;
    session.ended = true;
    session.began_ms = 1'790'000'000'123;
    ledger::Access read{.path = "/bucket/patients", .id = std::string(16, 'p'), .version = 3};
    ledger::Output output{.kind = ledger::Output::Kind::kMetrics,
                          .rule = "[outputs] metrics = true",
                          .what = "evaluate",
                          .rows = 1};
    ledger::Release release;
    release.rule = "[statistics] kinds";
    release.statistic = "areaUnderROC";
    release.kind = "binary";
    release.level = ledger::Release::Level::kAggregate;
    release.rows = 123456;
    release.budget_spent = 24;
    release.bytes = 400;
    release.content = Filled(0xcd);
    release.outside = true;
    release.data_sets = {{.id = std::string(16, 'p'), .spent = 48, .left = 99952}};
    for (const ledger::Event& event :
         {ledger::Event(session.head), ledger::Event(read), ledger::Event(release),
          ledger::Event(output),
          ledger::Event(ledger::End{.succeeded = true, .stages = 12, .tasks = 96})}) {
      session.entries.push_back({.sequence = session.entries.size(), .event = event});
    }
    checked_.report.sessions = {session};
    checked_.report.entries = 9;
    checked_.manifests.resize(1);
    checked_.evidence_unchecked = 1;
    checked_.anchored = true;
  }
  ledger::SessionReport& session() { return checked_.report.sessions[0]; }
  ledger::Output& output() { return std::get<ledger::Output>(session().entries[3].event); }
  ledger::Release& release() { return std::get<ledger::Release>(session().entries[2].event); }
  std::string Page() const { return LedgerPage(checked_, 0, 1'790'000'009'000); }

  CheckedLedger checked_;
};

TEST_F(LedgerPageTest, TellsWhatHappened) {
  const std::string page = Page();
  for (const char* part :
       {"<h1>Job <bdi>risk</bdi></h1>", "<span class=\"badge good\">ledger whole</span>",
        "<td><bdi>aggregate of binary, binned</bdi></td>",
        "123\xe2\x80\xaf"
        "456",
        "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
        "<bdi>/bucket/patients</bdi>",
        "99\xe2\x80\xaf"
        "952",
        "[outputs] metrics = true", "outside, verified<", "<caption>", "12 stages",
        "release, version 1.2.3", "not checked: the session&#39;s Manifest isn&#39;t at hand",
        "<td class=\"n\">7</td>"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
  EXPECT_THAT(page, Not(HasSubstr("NOT PROTECTED")));
  EXPECT_THAT(page, Not(HasSubstr("Cut off")));
}

TEST_F(LedgerPageTest, ListsTheWorkersThatWereAdmitted) {
  EXPECT_THAT(Page(), HasSubstr("No worker enclave was recorded as admitted."));
  const ledger::Admission worker{.sender = 42, .tee = "sgx<b>", .measurement = Filled(0xab)};
  session().entries.insert(session().entries.begin() + 1, {.sequence = 1, .event = worker});
  const std::string page = Page();
  for (const char* part :
       {"Worker enclaves that the master admitted", "<td class=\"n\">42</td>", "sgx&lt;b&gt;",
        "abababababababababababababababababababababababababababababababab"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
}

TEST_F(LedgerPageTest, LoadsNothingAndRunsNothing) {
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("default-src 'none'; base-uri 'none'; form-action 'none'; style-src "
                              "'sha256-"));
  for (const char* part : {"<script", "<link", "<img", "<iframe", "<a ", "src=", "href=",
                           "style=\"", "http:", "https:", "url(", "@import", "unsafe-inline"}) {
    EXPECT_THAT(page, Not(HasSubstr(part)));
  }
}

TEST_F(LedgerPageTest, HostileTextsStayText) {
  const std::string evil = "</bdi><script>alert(1)</script><img src=x onerror=alert(2)>\"'&";
  session().head.task = evil;
  session().head.build = evil;
  session().head.version = evil;
  output().what = output().rule = evil;
  release().statistic = release().rule = release().kind = evil;
  std::get<ledger::Access>(session().entries[1].event).path = evil;
  checked_.report.verdict = ledger::Verdict::kBroken;
  checked_.report.reason = evil;
  const std::string page = Page();
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, HasSubstr("&lt;/bdi&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
}

TEST_F(LedgerPageTest, SaysWhatIsWrong) {
  session().head.build = "simulated";
  session().ended = false;
  session().entries.pop_back();
  release().unverified = true;
  checked_.report.verdict = ledger::Verdict::kCutOff;
  checked_.report.reason = "session 01 has no end entry";
  std::string page = Page();
  for (const char* part :
       {"NOT PROTECTED", "Cut off: the session has no end entry",
        "<span class=\"badge warn\">ledger cut off</span>", "outside, unverified", "no end"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
  checked_.report.verdict = ledger::Verdict::kBroken;
  checked_.report.reason = "entry 11 is altered";
  page = Page();
  EXPECT_THAT(page, HasSubstr("This ledger is broken: entry 11 is altered"));
  EXPECT_THAT(page, HasSubstr("<span class=\"badge bad\">ledger broken</span>"));
}

TEST_F(LedgerPageTest, SaysWhenNothingLeft) {
  session().entries = {session().entries[0], session().entries[4]};
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("Nothing was released"));
  EXPECT_THAT(page, HasSubstr("Nothing was computed outside"));
  EXPECT_THAT(page, HasSubstr("Nothing was fetched"));
}

TEST_F(LedgerPageTest, ManyEntriesAreCountedNotShown) {
  const ledger::Entry one = session().entries[3];
  for (int i = 0; i < 1500; ++i) session().entries.push_back(one);
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("<p>501 more are in the ledger"));
}

TEST_F(LedgerPageTest, FindsASession) {
  ledger::SessionReport other;
  other.session = Filled(1);
  other.session[31] = 2;
  checked_.report.sessions.push_back(other);
  EXPECT_EQ(*FindSession(checked_.report, ""), 1U);
  EXPECT_EQ(*FindSession(checked_.report, base::Hex(base::View(Filled(1)))), 0U);
  EXPECT_TRUE(base::Is(FindSession(checked_.report, "01").status(), base::kInput));
  EXPECT_TRUE(base::Is(FindSession(checked_.report, "02").status(), base::kInput));
  EXPECT_TRUE(base::Is(FindSession({}, "").status(), base::kInput));
}

}  // namespace
}  // namespace soteria::client
