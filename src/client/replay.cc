#include "src/client/replay.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/frame.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"
#include "src/stats/doubles.h"
#include "src/stats/statistic.h"
#include "src/table/java_text.h"

namespace soteria::client {
namespace {

namespace fs = std::filesystem;
using ledger::Output;
using ledger::Release;

constexpr std::string_view kSuffix = ".question";
// How docs/formats/ledger.md numbers what an output's HMAC is made of.
constexpr uint64_t kOneNumber = 3;
constexpr uint64_t kNumbers = 5;
constexpr size_t kValuesShownMax = 8;

std::string NameOf(const base::Digest& content) {
  return base::Cat(base::Hex(base::View(content)), kSuffix);
}

// The entry is the enclave's word on what it let out; the bytes must be just that.
std::string Misfit(const Release& release, const stats::Question& question, size_t bytes) {
  if (release.level == Release::Level::kUnsaid) return "";  // the first form says no more
  const bool rows = question.input.form == stats::InputForm::kRows;
  if (rows != (release.level == Release::Level::kScores)) return "the entry has another level";
  if (release.kind != stats::KindName(question.statistic.kind)) return "the entry has another kind";
  if (release.bytes != bytes) return "the entry has another size";
  return "";
}

void ReplayOne(base::Files& files, const std::string& folder, Replayed* one) {
  const auto bytes =
      files.ReadAll(folder, NameOf(one->release.content), base::kFramePayloadBytesMax);
  if (!bytes.ok()) {
    const bool missing = base::Is(bytes.status(), base::kPathNotFound);
    one->bytes = missing ? Replayed::Bytes::kMissing : Replayed::Bytes::kAltered;
    return;
  }
  if (crypto::Sha256(*bytes) != one->release.content) {
    one->bytes = Replayed::Bytes::kAltered;
    return;
  }
  one->bytes = Replayed::Bytes::kThere;
  const auto question = stats::DecodeQuestion(*bytes);
  if (!question.ok()) {
    one->wrong = base::Message(question.status());
    return;
  }
  one->metric = question->statistic.metric;
  one->wrong = Misfit(one->release, *question, bytes->size());
  auto values = stats::Compute(question->statistic, question->input);
  if (values.ok()) {
    one->values = *std::move(values);
  } else if (one->wrong.empty()) {
    one->wrong = base::Message(values.status());
  }
}

// What the master would have recorded, had the owner been given these values.
bool Records(const Output& output, const std::vector<double>& values, const crypto::Secret& key) {
  base::FieldWriter list;
  list.AddU64(kNumbers).Add(stats::PackDoubles(values));
  if (crypto::HmacSha256(key, list.bytes()) == output.content) return true;
  if (values.size() != 1) return false;
  base::FieldWriter one;
  one.AddU64(kOneNumber).AddDouble(values[0]);
  return crypto::HmacSha256(key, one.bytes()) == output.content;
}

// A release's value is a later output of its session, of the same name; several may be under way
// at once, so one that fits is looked for before another one is held against it.
void Compare(const ledger::SessionReport& session, const crypto::Secret& key,
             std::vector<Replayed>& releases, size_t begin) {
  std::set<size_t> taken;
  const auto find = [&](const Replayed& one, bool same) -> size_t {
    for (size_t number = one.entry + 1; number < session.first + session.entries.size(); ++number) {
      const auto* output = std::get_if<Output>(&session.entries[number - session.first].event);
      if (output == nullptr || !output->outside || taken.contains(number) ||
          !one.release.statistic.starts_with(output->what)) {
        continue;
      }
      if (same && !Records(*output, one.values, key)) continue;
      return number;
    }
    return 0;
  };
  for (const bool same : {true, false}) {
    for (size_t i = begin; i < releases.size(); ++i) {
      Replayed& one = releases[i];
      // What is about a table reaches the owner within its rows.
      if (one.release.kind == "summary" || one.release.kind == "classes") continue;
      if (one.values.empty() || !one.release.outside || one.owner == Replayed::Owner::kSame) {
        continue;
      }
      one.output = find(one, same);
      if (one.output == 0) {
        one.owner = Replayed::Owner::kNone;
        continue;
      }
      taken.insert(one.output);
      one.owner = same ? Replayed::Owner::kSame : Replayed::Owner::kAnother;
    }
  }
}

std::vector<Replayed> ReleasesOf(const ledger::SessionReport& session) {
  std::vector<Replayed> found;
  size_t number = session.first;
  for (const ledger::Entry& entry : session.entries) {
    if (const auto* release = std::get_if<Release>(&entry.event)) {
      Replayed one;
      one.entry = number;
      one.release = *release;
      found.push_back(std::move(one));
    }
    ++number;
  }
  return found;
}

base::StatusOr<std::vector<std::string>> Kept(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::string name = at->path().filename().string();
    if (name.ends_with(kSuffix)) names.push_back(std::move(name));
    if (names.size() > kKeptQuestionsMax) {
      return base::Fail(base::kInput, base::Cat(folder, " holds too many files"));
    }
  }
  if (error) {
    return base::Fail(base::kInput, base::Cat("cannot list ", folder, ": ", error.message()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string ValuesText(const std::vector<double>& values) {
  std::string text;
  for (size_t i = 0; i < std::min(values.size(), kValuesShownMax); ++i) {
    text += base::Cat(i == 0 ? "" : ", ", table::JavaDouble(values[i]));
  }
  if (values.size() > kValuesShownMax) text += base::Cat(", ... (", values.size(), ")");
  return text;
}

std::string OwnerText(const Replayed& one) {
  switch (one.owner) {
    case Replayed::Owner::kNotCompared:
      return "";
    case Replayed::Owner::kSame:
      return base::Cat(", which the owner got (#", one.output, ")");
    case Replayed::Owner::kAnother:
      return base::Cat(". ANOTHER VALUE reached the owner (#", one.output, ")",
                       one.release.unverified ? ", unverified as the Manifest has it" : "");
    case Replayed::Owner::kNone:
      return "; no value of it reached the owner";
  }
  return "";
}

std::string Line(const Replayed& one) {
  // Some attributes of summaries are a metric of another name.
  const bool named = one.metric.empty() || one.release.statistic.ends_with(one.metric);
  std::string text =
      base::Cat("#", one.entry, "  ", ledger::Shown(one.release.statistic), named ? "" : " by ",
                named ? "" : ledger::Shown(one.metric), ", ", ledger::LevelName(one.release.level),
                ", ", one.release.rows, " rows: ");
  if (one.bytes == Replayed::Bytes::kMissing) {
    return base::Cat(text, "MISSING, no ", NameOf(one.release.content));
  }
  if (one.bytes == Replayed::Bytes::kAltered) {
    return base::Cat(text, "ALTERED, ", NameOf(one.release.content), " holds other bytes");
  }
  if (!one.wrong.empty()) return base::Cat(text, "WRONG, ", one.wrong);
  return base::Cat(text, ValuesText(one.values), OwnerText(one));
}

}  // namespace

bool ReplayReport::good() const {
  return std::all_of(releases.begin(), releases.end(), [](const Replayed& one) {
    return one.bytes == Replayed::Bytes::kThere && one.wrong.empty() &&
           one.owner != Replayed::Owner::kAnother;
  });
}

base::StatusOr<ReplayReport> Replay(base::Files& files, const ledger::LedgerReport& report,
                                    std::optional<size_t> session, const std::string& folder,
                                    const crypto::Secret* mac_key) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<std::string> kept, Kept(folder));
  ReplayReport replay;
  std::set<std::string> listed, others;
  for (size_t i = 0; i < report.sessions.size(); ++i) {
    std::vector<Replayed> releases = ReleasesOf(report.sessions[i]);
    const bool asked = !session.has_value() || *session == i;
    for (const Replayed& one : releases) {
      (asked ? listed : others).insert(NameOf(one.release.content));
    }
    if (!asked) continue;
    const size_t begin = replay.releases.size();
    for (Replayed& one : releases) {
      ReplayOne(files, folder, &one);
      replay.releases.push_back(std::move(one));
    }
    if (mac_key != nullptr) Compare(report.sessions[i], *mac_key, replay.releases, begin);
  }
  for (const std::string& name : kept) {
    if (listed.contains(name)) continue;
    if (others.contains(name)) {
      ++replay.elsewhere;
    } else {
      replay.extra.push_back(name);
    }
  }
  return replay;
}

std::vector<std::string> ReplayLines(const ReplayReport& report) {
  std::vector<std::string> lines;
  size_t replayed = 0;
  for (const Replayed& one : report.releases) {
    lines.push_back(Line(one));
    replayed += one.bytes == Replayed::Bytes::kThere && one.wrong.empty() ? 1U : 0U;
  }
  for (const std::string& name : report.extra) {
    lines.push_back(base::Cat("extra: ", name, ", of which the ledger says nothing"));
  }
  if (report.elsewhere > 0) {
    lines.push_back(base::Cat(report.elsewhere, " kept for other sessions of this ledger"));
  }
  lines.push_back(base::Cat("replayed ", replayed, " of ", report.releases.size(), " releases"));
  return lines;
}

}  // namespace soteria::client
