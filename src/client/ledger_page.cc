#include "src/client/ledger_page.h"

#include <algorithm>
#include <map>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/html.h"
#include "src/client/ledger_page_style.h"
#include "src/client/manifest_file.h"
#include "src/crypto/hash.h"

namespace soteria::client {
namespace {

using ledger::Access;
using ledger::Entry;
using ledger::Output;
using ledger::Release;

constexpr size_t kRowsShownMax = 1000;  // of one table; the ledger itself has the rest
constexpr size_t kShortHexChars = 16;
constexpr size_t kDayChars = 11;  // "2026-09-21T"

std::string Hex(const base::Digest& digest) { return base::Hex(base::View(digest)); }

template <class Event>
struct Numbered {
  size_t number;  // in the file
  int64_t time_ms;
  const Event* event;
};

// What the page tells, sorted out of the session's entries.
struct Story {
  const ledger::SessionReport* session = nullptr;
  const policy::Manifest* manifest = nullptr;  // where it is at hand
  std::vector<Numbered<Access>> accesses;
  std::vector<Numbered<Output>> outputs;
  std::vector<Numbered<Release>> releases;
  std::vector<Numbered<ledger::Admission>> workers;
  const ledger::End* end = nullptr;
  int64_t last_ms = 0;
  std::map<std::string, std::string> paths;         // by id
  std::map<std::string, ledger::Spending> budgets;  // by id, the latest
  std::vector<std::string> inside, outside;         // what was asked for, once each
  uint64_t numbers_released = 0;
  uint64_t bytes_released = 0;
  uint64_t outputs_outside = 0;
  uint64_t unverified = 0;      // values
  uint64_t scores_of_rows = 0;  // rows in releases at that level
};

void Once(const std::string& text, std::vector<std::string>* texts) {
  if (std::find(texts->begin(), texts->end(), text) == texts->end()) texts->push_back(text);
}

class Teller {
 public:
  Teller(Story* story, size_t number, int64_t time_ms)
      : story_(*story), number_(number), time_ms_(time_ms) {}
  void operator()(const ledger::Head&) const {}
  void operator()(const Access& access) const {
    story_.accesses.push_back({number_, time_ms_, &access});
    story_.paths[access.id] = access.path;
  }
  void operator()(const Output& output) const {
    story_.outputs.push_back({number_, time_ms_, &output});
    const auto of_release = [&](const std::string& statistic) {
      return statistic.starts_with(output.what);  // which names the metric too
    };
    if (!output.outside) Once(output.what, &story_.inside);
    if (output.outside && std::none_of(story_.outside.begin(), story_.outside.end(), of_release)) {
      story_.outside.push_back(output.what);
    }
    story_.outputs_outside += output.outside ? 1U : 0U;
    story_.unverified += output.unverified ? 1U : 0U;
  }
  void operator()(const Release& release) const {
    story_.releases.push_back({number_, time_ms_, &release});
    story_.numbers_released += release.budget_spent;
    story_.bytes_released += release.bytes;
    if (release.level == Release::Level::kScores) story_.scores_of_rows += release.rows;
    if (release.outside) Once(release.statistic, &story_.outside);
    for (const ledger::Spending& spending : release.data_sets) {
      story_.budgets[spending.id] = spending;
    }
  }
  void operator()(const ledger::Admission& worker) const {
    story_.workers.push_back({number_, time_ms_, &worker});
  }
  void operator()(const ledger::End& end) const { story_.end = &end; }

 private:
  Story& story_;
  size_t number_;
  int64_t time_ms_;
};

Story Tell(const CheckedLedger& checked, size_t index) {
  Story story;
  story.session = &checked.report.sessions.at(index);
  if (index < checked.manifests.size() && checked.manifests[index].has_value()) {
    story.manifest = &*checked.manifests[index];
  }
  size_t number = story.session->first;
  for (const Entry& entry : story.session->entries) {
    std::visit(Teller(&story, number++, entry.time_ms), entry.event);
    story.last_ms = entry.time_ms;
  }
  return story;
}

std::string Counted(uint64_t count, std::string_view noun) {
  return base::Cat(count, " ", noun, count == 1 ? "" : "s");
}

void Badge(const CheckedLedger& checked, Html* out) {
  switch (checked.report.verdict) {
    case ledger::Verdict::kWhole:
      out->Tag("<span class=\"badge good\">");
      break;
    case ledger::Verdict::kCutOff:
      out->Tag("<span class=\"badge warn\">");
      break;
    case ledger::Verdict::kBroken:
      out->Tag("<span class=\"badge bad\">");
      break;
  }
  out->Text(base::Cat("ledger ", ledger::VerdictName(checked.report.verdict))).Tag("</span>");
}

// A table's beginning: caption and the heads of its columns; "#" before one that holds numbers.
void Open(std::string_view caption, const std::vector<std::string_view>& heads, Html* out) {
  out->Tag("<div class=\"wide\"><table><caption>").Text(caption).Tag("</caption><thead><tr>");
  for (std::string_view head : heads) {
    if (head.starts_with('#')) {
      out->Tag("<th scope=\"col\" class=\"n\">").Text(head.substr(1)).Tag("</th>");
    } else {
      out->Tag("<th scope=\"col\">").Text(head).Tag("</th>");
    }
  }
  out->Tag("</tr></thead><tbody>\n");
}
void Close(Html* out) { out->Tag("</tbody></table></div>\n"); }

// The time of day where the page's head says the day already.
void NumberAndTime(const Story& story, size_t number, int64_t time_ms, Html* out) {
  const std::string day = ledger::TimeText(story.session->began_ms).substr(0, kDayChars);
  const std::string time = ledger::TimeText(time_ms);
  out->Tag("<tr><td class=\"n\">").Number(number).Tag("</td><td class=\"t\"><time datetime=\"");
  out->Text(time).Tag("\">");
  out->Text(time.starts_with(day) ? time.substr(kDayChars) : time).Tag("</time></td>");
}

// A name with its package, which a reader skips, above it.
void Name(std::string_view text, Html* out) {
  size_t begin = 0;
  while (begin < text.size() && text[begin] >= 'a' && text[begin] <= 'z') {
    const size_t dot = text.find('.', begin);
    if (dot == std::string_view::npos) break;
    begin = dot + 1;
  }
  out->Tag("<bdi>");
  if (begin > 0) out->Tag("<span class=\"package\">").Text(text.substr(0, begin)).Tag("</span>");
  out->Text(text.substr(begin)).Tag("</bdi>");
}
void NameCell(std::string_view text, Html* out) {
  out->Tag("<td class=\"name\">");
  Name(text, out);
  out->Tag("</td>");
}
void Cell(std::string_view text, Html* out) { out->Tag("<td><bdi>").Text(text).Tag("</bdi></td>"); }
void MonoCell(std::string_view text, Html* out) {
  out->Tag("<td class=\"mono\">").Text(text).Tag("</td>");
}
void NumberCell(uint64_t number, Html* out) {
  out->Tag("<td class=\"n\">").Number(number).Tag("</td>");
}

void NotAllShown(size_t shown, size_t all, Html* out) {
  if (all <= shown) return;
  out->Tag("<p>").Number(all - shown).Tag(" more are in the ledger and not shown here.</p>\n");
}

void WhereCell(bool outside, bool unverified, Html* out) {
  if (!outside) {
    out->Tag("<td><span class=\"badge good\">inside</span></td>");
  } else if (unverified) {
    out->Tag("<td><span class=\"badge bad\">outside, unverified</span></td>");
  } else {
    out->Tag("<td><span class=\"badge warn\">outside, verified</span></td>");
  }
}

void Card(std::string_view name, const Html& value, std::string_view note, Html* out) {
  out->Tag("<div><dt>").Text(name).Tag("</dt><dd>").Append(value);
  if (!note.empty()) out->Tag("<small>").Text(note).Tag("</small>");
  out->Tag("</dd></div>\n");
}

void Cards(const Story& story, Html* out) {
  out->Tag("<dl class=\"cards\">\n");
  const ledger::End* end = story.end;
  Card("Job",
       Html().Text(end == nullptr   ? "no end"
                   : end->succeeded ? "succeeded"
                                    : "failed"),
       end == nullptr ? std::string("its end was never recorded")
                      : base::Cat(Counted(end->workers_admitted, "worker enclave"), " admitted"),
       out);
  Card("Ran inside enclaves",
       end == nullptr ? Html().Text("not recorded") : Html().Text(Counted(end->stages, "stage")),
       end == nullptr ? std::string()
                      : base::Cat(Counted(end->tasks, "task"), ", tried again: ", end->retries),
       out);
  Card("Computed outside", Html().Text(Counted(story.outside.size(), "statistic")),
       base::Cat(Counted(story.outputs_outside, "value"), " for the owner"), out);
  Card("Left the enclaves", Html().Text(Counted(story.releases.size(), "release")),
       base::Cat(Counted(story.numbers_released, "number"), ", ",
                 Counted(story.bytes_released, "byte")),
       out);
  Card("Went to the owner", Html().Text(Counted(story.outputs.size(), "output")),
       "rows, metrics and models, by the Manifest", out);
  out->Tag("</dl>\n");
}

void Header(const CheckedLedger& checked, const Story& story, Html* out) {
  const ledger::Head& head = story.session->head;
  out->Tag("<header>\n<p class=\"kicker\">Soteria ledger</p>\n<h1>Job <bdi>").Text(head.task);
  out->Tag("</bdi></h1>\n<p>");
  Badge(checked, out);
  out->Tag(" session <span class=\"mono\">");
  out->Text(Hex(story.session->session).substr(0, kShortHexChars)).Tag("</span>, from <time>");
  out->Text(ledger::TimeText(story.session->began_ms)).Tag("</time> to <time>");
  out->Text(ledger::TimeText(story.last_ms)).Tag("</time></p>\n</header>\n<main>\n");
  if (checked.report.verdict == ledger::Verdict::kBroken) {
    out->Tag("<p class=\"notice bad\">This ledger is broken: ").Text(checked.report.reason);
    out->Tag(". What follows is the part before that.</p>\n");
  }
  if (head.build == "simulated") {
    out->Tag("<p class=\"notice warn\">NOT PROTECTED: simulated enclaves. Whoever operates the ");
    out->Tag("cluster could have seen everything.</p>\n");
  }
  if (story.scores_of_rows > 0) {
    out->Tag(
        "<p class=\"notice warn\">The host saw the model's answers: the score or prediction, ");
    out->Tag("label and weight of rows left the enclaves, as the Manifest allows.</p>\n");
  }
  if (story.unverified > 0) {
    out->Tag("<p class=\"notice bad\">NOT VERIFIED: ").Text(Counted(story.unverified, "value"));
    out->Tag(" reached the owner as an untrusted process gave them.</p>\n");
  }
  if (!story.session->ended) {
    out->Tag("<p class=\"notice warn\">Cut off: the session has no end entry. Its master or its ");
    out->Tag("owner's program died, or what came after is kept back.</p>\n");
  }
}

void List(const std::vector<std::string>& texts, Html* out) {
  out->Tag("<ul>\n");
  for (size_t i = 0; i < std::min(texts.size(), kRowsShownMax); ++i) {
    out->Tag("<li>");
    Name(texts[i], out);
    out->Tag("</li>\n");
  }
  out->Tag("</ul>\n");
  NotAllShown(kRowsShownMax, texts.size(), out);
}

void Places(const Story& story, Html* out) {
  out->Tag(
      "<section>\n<h2>What ran inside, what outside</h2>\n<p>All that touches data, features, ");
  out->Tag("parameters or gradients ran in enclaves");
  if (story.end != nullptr) {
    out->Tag(": ").Text(Counted(story.end->tasks, "task")).Tag(" of ");
    out->Text(Counted(story.end->stages, "stage"));
  }
  out->Tag(".");
  if (!story.inside.empty()) {
    out->Tag(" What the script asked for and got from there:</p>\n");
    List(story.inside, out);
  } else {
    out->Tag("</p>\n");
  }
  if (story.outside.empty()) {
    out->Tag("<p>Nothing was computed outside the enclaves.</p>\n");
  } else {
    out->Tag("<p>An untrusted process outside finished these statistics:</p>\n");
    List(story.outside, out);
  }
  out->Tag("</section>\n");
}

std::string LevelText(const Release& release) {
  if (release.level == Release::Level::kUnsaid) return "not recorded";
  return base::Cat(ledger::LevelName(release.level), " of ", release.kind,
                   ledger::IsBinned(release) ? ", binned" : "");
}

void Budgets(const Story& story, Html* out) {
  if (story.budgets.empty()) return;
  Open("Budget of each data set that was released from: numbers that may ever leave",
       {"Data set", "Id", "#Budget", "#Spent", "#Left", "Left"}, out);
  for (const auto& [id, spending] : story.budgets) {
    out->Tag("<tr>");
    const auto path = story.paths.find(id);
    Cell(path == story.paths.end() ? "" : path->second, out);
    MonoCell(base::Hex(id), out);
    const uint64_t budget = spending.left == 0 ? spending.spent : spending.spent + spending.left;
    NumberCell(budget, out);
    NumberCell(spending.spent, out);
    NumberCell(spending.left, out);
    const std::string percent = base::Cat(budget == 0 ? 0 : spending.left * 100 / budget);
    out->Tag("<td><meter min=\"0\" max=\"100\" value=\"").Text(percent).Tag("\">").Text(percent);
    out->Tag(" %</meter></td></tr>\n");
  }
  Close(out);
}

void Releases(const Story& story, Html* out) {
  out->Tag("<section>\n<h2>What left the enclaves</h2>\n");
  if (story.releases.empty()) {
    out->Tag("<p>Nothing was released: no number left the enclaves but to the owner.</p>\n");
    out->Tag("</section>\n");
    return;
  }
  out->Tag("<p>In the clear, to the cluster's statistics process. <em>aggregate</em>: sums over ");
  out->Tag(
      "rows, never a row. <em>scores</em>: the score or prediction, label and weight of each ");
  out->Tag("row, in an order of no meaning, without features or identity. <em>binned</em>: of ");
  out->Tag("ranges of scores, so that an area or a curve is approximate. <em>verified</em>: an ");
  out->Tag("enclave computed the same value and compared.</p>\n");
  Open("Inputs of statistics, released to the untrusted side, in the order of the ledger",
       {"#Entry", "Time", "Statistic", "Level", "#Rows", "#Numbers", "#Bytes", "Value", "Rule",
        "SHA-256 of the bytes"},
       out);
  for (size_t i = 0; i < std::min(story.releases.size(), kRowsShownMax); ++i) {
    const auto& [number, time_ms, release] = story.releases[i];
    NumberAndTime(story, number, time_ms, out);
    NameCell(release->statistic, out);
    Cell(LevelText(*release), out);
    NumberCell(release->rows, out);
    NumberCell(release->budget_spent, out);
    NumberCell(release->bytes, out);
    if (release->level == Release::Level::kUnsaid && !release->unverified) {
      Cell("not recorded", out);
    } else {
      WhereCell(release->outside || release->unverified, release->unverified, out);
    }
    Cell(release->rule, out);
    MonoCell(Hex(release->content), out);
    out->Tag("</tr>\n");
  }
  Close(out);
  NotAllShown(kRowsShownMax, story.releases.size(), out);
  Budgets(story, out);
  out->Tag("</section>\n");
}

void Outputs(const Story& story, Html* out) {
  out->Tag("<section>\n<h2>What went to the owner</h2>\n");
  if (story.outputs.empty()) {
    out->Tag("<p>Nothing was fetched.</p>\n</section>\n");
    return;
  }
  Open(
      "Outputs that only the owner got, and the Manifest's line that allows each",
      {"#Entry", "Time", "Kind", "What", "#Rows", "Computed", "Rule", "HMAC under the owner's key"},
      out);
  for (size_t i = 0; i < std::min(story.outputs.size(), kRowsShownMax); ++i) {
    const auto& [number, time_ms, output] = story.outputs[i];
    NumberAndTime(story, number, time_ms, out);
    Cell(ledger::KindName(*output), out);
    NameCell(output->what, out);
    NumberCell(output->rows, out);
    WhereCell(output->outside, output->unverified, out);
    Cell(output->rule, out);
    MonoCell(Hex(output->content).substr(0, kShortHexChars), out);
    out->Tag("</tr>\n");
  }
  Close(out);
  NotAllShown(kRowsShownMax, story.outputs.size(), out);
  out->Tag("</section>\n");
}

void Accesses(const Story& story, Html* out) {
  out->Tag("<section>\n<h2>What was read and written</h2>\n");
  if (story.accesses.empty()) {
    out->Tag("<p>No data set and no writable root was opened.</p>\n</section>\n");
    return;
  }
  Open("Data sets and trees, with the version that was read or published",
       {"#Entry", "Time", "Access", "Path", "#Version", "Id", "Index digest"}, out);
  for (size_t i = 0; i < std::min(story.accesses.size(), kRowsShownMax); ++i) {
    const auto& [number, time_ms, access] = story.accesses[i];
    NumberAndTime(story, number, time_ms, out);
    Cell(ledger::KindName(*access), out);
    Cell(access->path, out);
    NumberCell(access->version, out);
    MonoCell(base::Hex(access->id), out);
    MonoCell(Hex(access->index).substr(0, kShortHexChars), out);
    out->Tag("</tr>\n");
  }
  Close(out);
  NotAllShown(kRowsShownMax, story.accesses.size(), out);
  out->Tag("</section>\n");
}

void Row(std::string_view name, std::string_view value, Html* out) {
  out->Tag("<tr><th scope=\"row\">").Text(name).Tag("</th><td class=\"mono\">").Text(value);
  out->Tag("</td></tr>\n");
}

std::string EvidenceText(const Story& story) {
  if (story.manifest == nullptr) return "not checked: the session's Manifest isn't at hand";
  if (story.session->evidence.ok()) {
    return "verified: an enclave that the Manifest admits holds the key that signed these entries";
  }
  return base::Cat("REFUSED: ", base::Message(story.session->evidence));
}

void Workers(const Story& story, Html* out) {
  if (story.workers.empty()) {
    out->Tag("<p>No worker enclave was recorded as admitted.</p>\n");
    return;
  }
  Open("Worker enclaves that the master admitted, each before it got any key",
       {"#Entry", "Time", "#Number", "TEE kind", "Measurement", "Evidence (SHA-256)",
        "Identity key (SHA-256)"},
       out);
  for (size_t i = 0; i < std::min(story.workers.size(), kRowsShownMax); ++i) {
    const auto& [number, time_ms, worker] = story.workers[i];
    NumberAndTime(story, number, time_ms, out);
    NumberCell(worker->sender, out);
    Cell(worker->tee, out);
    MonoCell(Hex(worker->measurement), out);
    MonoCell(Hex(worker->evidence).substr(0, kShortHexChars), out);
    MonoCell(Hex(worker->identity).substr(0, kShortHexChars), out);
    out->Tag("</tr>\n");
  }
  Close(out);
  NotAllShown(kRowsShownMax, story.workers.size(), out);
}

void Attestation(const Story& story, int64_t now_ms, Html* out) {
  const ledger::Head& head = story.session->head;
  out->Tag("<section>\n<h2>Attestation and build</h2>\n<div class=\"wide\"><table class=\"key\">");
  out->Tag("<caption>The master enclave, as it proved itself to the owner</caption><tbody>\n");
  Row("Evidence", EvidenceText(story), out);
  if (story.manifest != nullptr) {
    const auto claims = CheckHeadEvidence(head, *story.manifest, now_ms);
    if (claims.ok()) {
      Row("TEE kind", attest::TeeKindName(claims->kind), out);
      Row("Measurement of the master", Hex(claims->measurement), out);
      const bool simulated = claims->kind == attest::TeeKind::kSimulated;
      Row(simulated ? "Cluster's key (SHA-256)" : "Platform",
          simulated ? Hex(crypto::Sha256(claims->signer)) : base::Hex(claims->signer), out);
    }
  }
  Row("Identity key (SHA-256)", Hex(crypto::Sha256(head.identity)), out);
  Row("Nonce of the challenge", base::Hex(head.nonce), out);
  Row("TLS exporter value", base::Hex(head.exporter), out);
  Row("Build", base::Cat(head.build, ", version ", head.version), out);
  Row("Manifest (SHA-256)", Hex(head.manifest), out);
  out->Tag("</tbody></table></div>\n");
  Workers(story, out);
  if (story.manifest != nullptr) {
    out->Tag("<h2>The Manifest: by which rules</h2>\n<pre>").Text(Summary(*story.manifest));
    out->Tag("</pre>\n");
  }
  out->Tag("</section>\n");
}

void Wholeness(const CheckedLedger& checked, Html* out) {
  const ledger::LedgerReport& report = checked.report;
  out->Tag("<section>\n<h2>Is the ledger whole?</h2>\n<p>");
  Badge(checked, out);
  out->Tag(" Entries that verify: ").Number(report.entries).Tag(", of ");
  out->Text(Counted(report.sessions.size(), "session")).Tag(".");
  if (!report.reason.empty()) out->Tag(" ").Text(report.reason).Tag(".");
  out->Tag(" Hash of the last one: <span class=\"mono\">").Text(Hex(report.head));
  out->Tag("</span></p>\n");
  const std::vector<std::string> open = Unproven(checked);
  if (open.empty()) {
    out->Tag("<p>Compared with the owner's version record; the evidence of every session is ");
    out->Tag("verified. Nothing is left open.</p>\n");
  } else {
    out->Tag("<p>What this leaves unproven:</p>\n");
    List(open, out);
  }
  out->Tag("</section>\n");
}

}  // namespace

base::StatusOr<size_t> FindSession(const ledger::LedgerReport& report, std::string_view hex) {
  if (report.sessions.empty()) {
    return base::Fail(base::kInput, "the ledger has no session to show");
  }
  if (hex.empty()) return report.sessions.size() - 1;
  std::optional<size_t> found;
  for (size_t i = 0; i < report.sessions.size(); ++i) {
    if (!Hex(report.sessions[i].session).starts_with(hex)) continue;
    if (found.has_value()) {
      return base::Fail(base::kInput,
                        base::Cat("more than one session begins with ", hex, "; give more of it"));
    }
    found = i;
  }
  if (!found.has_value()) {
    return base::Fail(base::kInput, base::Cat("no session of the ledger begins with ", hex,
                                              "; `soteria ledger` lists them"));
  }
  return *found;
}

std::string LedgerPage(const CheckedLedger& checked, size_t session, int64_t now_ms) {
  const Story story = Tell(checked, session);
  Html out;
  out.Tag("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
  // Nothing may be loaded or run, and no style but this one applies, whatever the page contains.
  out.Tag("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
  out.Tag("base-uri 'none'; form-action 'none'; style-src 'sha256-");
  out.Text(base::Base64(base::View(crypto::Sha256(kPageStyle)))).Tag("'\">\n");
  out.Tag("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
  out.Tag("<meta name=\"referrer\" content=\"no-referrer\">\n<title>Ledger of ");
  out.Text(story.session->head.task).Tag("</title>\n<style>").Tag(kPageStyle);
  out.Tag("</style>\n</head>\n<body>\n");
  Header(checked, story, &out);
  Cards(story, &out);
  Places(story, &out);
  Releases(story, &out);
  Outputs(story, &out);
  Accesses(story, &out);
  Attestation(story, now_ms, &out);
  Wholeness(checked, &out);
  out.Tag("</main>\n<footer><p>Made by <code>soteria ledger page</code> ");
  out.Text(SOTERIA_VERSION).Tag(" at ").Text(ledger::TimeText(now_ms));
  out.Tag(
      ". One static page: no script, nothing from elsewhere. The ledger itself is the record; ");
  out.Tag("<code>soteria ledger verify</code> checks it.</p></footer>\n</body>\n</html>\n");
  return out.bytes();
}

}  // namespace soteria::client
