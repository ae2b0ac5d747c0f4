// A verified ledger as text for people and as JSON for programs.
#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "src/base/text.h"
#include "src/ledger/ledger.h"

namespace soteria::ledger {

using base::Cat;
using Json = nlohmann::ordered_json;

namespace {

constexpr size_t kShortHexChars = 16;
constexpr size_t kNumberChars = 5;  // of an entry's number, as wide as most are

std::string Hex(const base::Digest& digest) { return base::Hex(base::View(digest)); }
std::string ShortHex(const base::Digest& digest) { return Hex(digest).substr(0, kShortHexChars); }

std::string_view Marks(bool outside, bool unverified) {
  if (unverified) return outside ? ", computed outside, UNVERIFIED" : ", UNVERIFIED";
  return outside ? ", computed outside" : "";
}

// Under the text of an entry that takes another line.
constexpr std::string_view kContinued = "                                           ";

struct TextOf {
  std::string operator()(const Head& head) const {
    return Cat("task ", Shown(head.task), ", manifest ", Hex(head.manifest), ", ",
               Shown(head.build), " build ", Shown(head.version));
  }
  std::string operator()(const Access& access) const {
    return Cat(Shown(access.path), " version ", access.version, ", index ", ShortHex(access.index));
  }
  std::string operator()(const Output& output) const {
    return Cat(Shown(output.what), ", ", output.rows, " rows, by ", Shown(output.rule), ", HMAC ",
               ShortHex(output.content), Marks(output.outside, output.unverified));
  }
  std::string operator()(const Release& release) const {
    std::string out = Shown(release.statistic);
    if (release.level != Release::Level::kUnsaid) {
      out += Cat(" (", Shown(release.kind), ", ", LevelName(release.level), ")");
    }
    out += Cat(", ", release.rows, " rows, ", release.budget_spent, " numbers");
    if (release.level != Release::Level::kUnsaid) out += Cat(" in ", release.bytes, " bytes");
    out += Cat(", by ", Shown(release.rule), ", SHA-256 ", Hex(release.content),
               Marks(release.outside, release.unverified), IsBinned(release) ? ", binned" : "");
    for (const Spending& spending : release.data_sets) {
      out += Cat("\n", kContinued, "of data set ", base::Hex(spending.id), ": spent ",
                 spending.spent, ", left ", spending.left);
    }
    return out;
  }
  std::string operator()(const Admission& admission) const {
    return Cat("number ", admission.sender, ", ", Shown(admission.tee), ", measurement ",
               Hex(admission.measurement), ", evidence ", ShortHex(admission.evidence));
  }
  std::string operator()(const End& end) const {
    return Cat(end.succeeded ? "succeeded" : "failed", ", ", end.stages, " stages, ", end.tasks,
               " tasks, ", end.retries, " retries, ", end.workers_admitted, " workers");
  }
};

struct JsonOf {
  Json* out;
  void operator()(const Head& head) const {
    (*out)["task"] = head.task;
    (*out)["manifest"] = Hex(head.manifest);
    (*out)["evidence"] = base::Base64(head.evidence);
    (*out)["nonce"] = base::Hex(head.nonce);
    (*out)["exporter"] = base::Hex(head.exporter);
    (*out)["identity"] = base::Base64(head.identity);
    (*out)["build"] = head.build;
    (*out)["version"] = head.version;
  }
  void operator()(const Access& access) const {
    (*out)["path"] = access.path;
    (*out)["id"] = base::Hex(access.id);
    (*out)["version"] = access.version;
    (*out)["index"] = Hex(access.index);
  }
  void operator()(const Output& output) const {
    (*out)["what"] = output.what;
    (*out)["rule"] = output.rule;
    (*out)["rows"] = output.rows;
    (*out)["hmac"] = Hex(output.content);
    (*out)["outside"] = output.outside;
    (*out)["unverified"] = output.unverified;
  }
  void operator()(const Release& release) const {
    (*out)["statistic"] = release.statistic;
    (*out)["statistic_kind"] = release.kind;
    (*out)["level"] = LevelName(release.level);
    (*out)["rule"] = release.rule;
    (*out)["rows"] = release.rows;
    (*out)["numbers"] = release.budget_spent;
    (*out)["bytes"] = release.bytes;
    (*out)["outside"] = release.outside;
    (*out)["unverified"] = release.unverified;
    (*out)["sha256"] = Hex(release.content);
    Json data_sets = Json::array();
    for (const Spending& spending : release.data_sets) {
      data_sets.push_back({{"id", base::Hex(spending.id)},
                           {"budget_spent", spending.spent},
                           {"budget_left", spending.left}});
    }
    (*out)["data_sets"] = std::move(data_sets);
  }
  void operator()(const Admission& admission) const {
    (*out)["sender"] = admission.sender;
    (*out)["tee"] = admission.tee;
    (*out)["measurement"] = Hex(admission.measurement);
    (*out)["evidence_sha256"] = Hex(admission.evidence);
    (*out)["identity_sha256"] = Hex(admission.identity);
  }
  void operator()(const End& end) const {
    (*out)["succeeded"] = end.succeeded;
    (*out)["stages"] = end.stages;
    (*out)["tasks"] = end.tasks;
    (*out)["retries"] = end.retries;
    (*out)["workers_admitted"] = end.workers_admitted;
  }
};

Json SessionJson(const SessionReport& session) {
  Json out;
  out["session"] = Hex(session.session);
  out["began"] = TimeText(session.began_ms);
  out["ended"] = session.ended;
  out["evidence_error"] = session.evidence.ok() ? Json() : Json(base::Message(session.evidence));
  Json entries = Json::array();
  for (const Entry& entry : session.entries) {
    Json item;
    item["number"] = session.first + entries.size();
    item["kind"] = KindName(entry.event);
    item["sequence"] = entry.sequence;
    item["time"] = TimeText(entry.time_ms);
    std::visit(JsonOf{&item}, entry.event);
    entries.push_back(std::move(item));
  }
  out["entries"] = std::move(entries);
  return out;
}

}  // namespace

std::string Shown(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    const bool wide =
        byte == 0xc2 && i + 1 < text.size() && static_cast<uint8_t>(text[i + 1]) < 0xa0;
    if (wide) ++i;
    out.push_back(wide || byte < 0x20 || byte == 0x7f ? '?' : text[i]);
  }
  return out;
}

std::string TimeText(int64_t time_ms) {
  const std::time_t seconds = static_cast<std::time_t>(time_ms / 1000);
  std::tm parts{};
  if (time_ms < 0 || gmtime_r(&seconds, &parts) == nullptr) return Cat(time_ms, " ms");
  std::array<char, 40> text;
  const size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 8> millis;
  std::snprintf(millis.data(), millis.size(), ".%03dZ", static_cast<int>(time_ms % 1000));
  return Cat(std::string_view(text.data(), length), millis.data());
}

std::string RenderText(const LedgerReport& report) {
  std::string out;
  for (const SessionReport& session : report.sessions) {
    out += Cat("session ", ShortHex(session.session), "  ", TimeText(session.began_ms), "\n");
    if (session.head.build == "simulated") out += "  NOT PROTECTED: simulated enclaves\n";
    if (!session.evidence.ok()) {
      out += Cat("  EVIDENCE REFUSED: ", Shown(base::Message(session.evidence)), "\n");
    }
    size_t next = session.first;
    for (const Entry& entry : session.entries) {
      std::string kind(KindName(entry.event));
      kind.resize(8, ' ');
      std::string number = Cat(next++);
      number.insert(0, number.size() < kNumberChars ? kNumberChars - number.size() : 0, ' ');
      out += Cat(number, "  ", TimeText(entry.time_ms), "  ", kind,
                 std::visit(TextOf{}, entry.event), "\n");
    }
    if (!session.ended) out += "  CUT OFF: this session has no end\n";
  }
  out += Cat("ledger ", VerdictName(report.verdict), ", ", report.entries, " entries, head ",
             Hex(report.head), "\n");
  if (!report.reason.empty()) out += Cat("  ", Shown(report.reason), "\n");
  return out;
}

std::string RenderJson(const LedgerReport& report) {
  Json out;
  out["verdict"] = VerdictName(report.verdict);
  out["reason"] = report.reason;
  out["entries"] = report.entries;
  out["head"] = Hex(report.head);
  Json sessions = Json::array();
  for (const SessionReport& session : report.sessions) sessions.push_back(SessionJson(session));
  out["sessions"] = std::move(sessions);
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace soteria::ledger
