#include "src/ledger/ledger.h"

#include <array>
#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"

namespace soteria::ledger {

using base::Cat;
using base::Status;
using base::StatusOr;

namespace {

constexpr size_t kLengthBytes = 4;
constexpr int kFileMode = 0600;

std::string Framed(std::string_view entry) {
  std::array<char, kLengthBytes> length;
  base::PutLe32(static_cast<uint32_t>(entry.size()), length.data());
  std::string out(length.data(), length.size());
  out += entry;
  return out;
}

enum class Cut { kEntry, kEnd, kTorn, kTooLong };

// The next entry of the file's bytes after `at`.
Cut CutEntry(std::string_view bytes, uint64_t at, std::string_view* entry) {
  const std::string_view rest = bytes.substr(at);
  if (rest.empty()) return Cut::kEnd;
  if (rest.size() < kLengthBytes) return Cut::kTorn;
  const uint32_t length = base::GetLe32(rest.data());
  if (length == 0 || length > kEntryBytesMax) return Cut::kTooLong;
  if (rest.size() - kLengthBytes < length) return Cut::kTorn;
  *entry = rest.substr(kLengthBytes, length);
  return Cut::kEntry;
}

void Break(LedgerReport* report, std::string reason) {
  if (report->verdict == Verdict::kBroken) return;
  report->verdict = Verdict::kBroken;
  report->reason = std::move(reason);
}

// Files the entry under its session; a head opens one.
void Record(Entry entry, const EvidenceCheck& check_evidence, LedgerReport* report) {
  if (const Head* head = std::get_if<Head>(&entry.event)) {
    SessionReport& session = report->sessions.emplace_back();
    session.session = entry.session;
    session.head = *head;
    session.began_ms = entry.time_ms;
    if (check_evidence) {
      session.evidence = check_evidence(*head);
      if (!session.evidence.ok()) {
        Break(report, Cat("entry ", report->entries, ": the session's evidence was refused: ",
                          base::Message(session.evidence)));
      }
    }
  }
  SessionReport& session = report->sessions.back();
  session.ended = std::holds_alternative<End>(entry.event);
  session.entries.push_back(std::move(entry));
}

void JudgeEnds(LedgerReport* report) {
  for (const SessionReport& session : report->sessions) {
    if (session.ended) continue;
    report->reason += Cat(report->reason.empty() ? "cut off: session " : ", ",
                          base::Hex(base::View(session.session)).substr(0, 16));
    report->verdict = Verdict::kCutOff;
  }
}

void JudgeAnchor(const LedgerAnchor* anchor, const std::optional<size_t>& after_recorded,
                 LedgerReport* report) {
  if (anchor == nullptr) return;
  if (!after_recorded.has_value()) {
    Break(report,
          "the last entry that the version record knows isn't in the file: the file was cut, or "
          "another one put in its place");
  } else if (*after_recorded > 1) {
    Break(report, Cat(*after_recorded, " entries follow the last that the version record knows"));
  }
}

// `*end` gets the state of the chain after the last entry that verified.
LedgerReport Verify(std::string_view bytes, const LedgerAnchor* anchor,
                    const EvidenceCheck& check_evidence, Chain* end) {
  LedgerReport report;
  std::string_view entry_bytes;
  Cut cut = CutEntry(bytes, 0, &entry_bytes);
  base::Digest origin{};
  if (anchor != nullptr) {
    origin = anchor->origin;
  } else if (cut == Cut::kEntry) {
    origin = OriginOf(entry_bytes);
  }
  Chain& chain = *end = Chain(origin);
  // How many entries follow the one that the owner remembers as the last.
  std::optional<size_t> after_recorded;
  if (anchor != nullptr && chain.head() == anchor->head) after_recorded = 0;
  while (cut == Cut::kEntry && report.entries < kLedgerEntriesMax) {
    StatusOr<Entry> entry = chain.Accept(entry_bytes);
    if (!entry.ok()) {
      Break(&report, Cat("entry ", report.entries, ": ", base::Message(entry.status())));
      break;
    }
    Record(std::move(entry).value(), check_evidence, &report);
    ++report.entries;
    report.verified_bytes += kLengthBytes + entry_bytes.size();
    if (after_recorded.has_value()) ++*after_recorded;
    if (anchor != nullptr && chain.head() == anchor->head) after_recorded = 0;
    cut = CutEntry(bytes, report.verified_bytes, &entry_bytes);
  }
  // An origin that only an entry which didn't verify claims is nothing to report.
  if (report.entries > 0 || anchor != nullptr) report.head = chain.head();
  if (cut == Cut::kTooLong) Break(&report, Cat("entry ", report.entries, ": length"));
  if (report.entries >= kLedgerEntriesMax) Break(&report, "too many entries");
  JudgeAnchor(anchor, after_recorded, &report);
  if (cut == Cut::kTorn && report.verdict != Verdict::kBroken) {
    Break(&report, Cat("the file ends within entry ", report.entries));
    report.torn = true;
  }
  if (report.verdict != Verdict::kBroken) JudgeEnds(&report);
  return report;
}

}  // namespace

LedgerWriter::LedgerWriter(const crypto::IdentityKey& identity, const crypto::Secret& mac_key,
                           const base::Digest& session, const base::Digest& previous,
                           OwnerStore& store)
    : identity_(identity),
      mac_key_(mac_key.Clone()),
      session_(session),
      store_(store),
      head_(previous) {}

Status LedgerWriter::Append(const Event& event, int64_t time_ms,
                            const std::vector<VersionRecord>& versions) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto refuse = [](std::string_view why) {
    return base::Fail(base::kInternal, Cat("ledger: ", why));
  };
  if (failed_) return refuse("an earlier entry didn't reach the owner");
  if (ended_) return refuse("an entry after the session's end");
  if (std::holds_alternative<Head>(event) != (sequence_ == 0)) {
    return refuse("the head is the first entry, and only the first");
  }
  const Entry entry{.previous = head_,
                    .session = session_,
                    .sequence = sequence_,
                    .time_ms = time_ms,
                    .event = event};
  SOTERIA_ASSIGN_OR_RETURN(const std::string bytes, SignEntry(entry, identity_));
  const Status stored = store_.Store(bytes, versions);
  if (!stored.ok()) {
    failed_ = true;
    return base::WithContext(stored, "ledger");
  }
  head_ = EntryHash(bytes);
  ++sequence_;
  ended_ = std::holds_alternative<End>(event);
  return base::OkStatus();
}

base::Digest LedgerWriter::Conceal(std::string_view content) const {
  return crypto::HmacSha256(mac_key_, content);
}

base::Digest LedgerWriter::head() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return head_;
}

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kWhole:
      return "whole";
    case Verdict::kCutOff:
      return "cut off";
    case Verdict::kBroken:
      break;
  }
  return "broken";
}

LedgerReport VerifyLedger(std::string_view bytes, const LedgerAnchor* anchor,
                          const EvidenceCheck& check_evidence) {
  Chain end;
  return Verify(bytes, anchor, check_evidence, &end);
}

LedgerFile::LedgerFile(std::unique_ptr<base::WritableFile> file, Chain chain, uint64_t size)
    : file_(std::move(file)), chain_(std::move(chain)), size_(size) {}

StatusOr<std::unique_ptr<LedgerFile>> LedgerFile::Open(base::Files& files, std::string folder,
                                                       std::string name,
                                                       const LedgerAnchor& anchor) {
  std::string bytes;
  StatusOr<std::string> read = files.ReadAll(folder, name, kLedgerBytesMax);
  if (read.ok()) {
    bytes = std::move(read).value();
  } else if (!base::Is(read.status(), base::kPathNotFound)) {
    return base::WithContext(read.status(), "ledger");
  }
  Chain chain;
  const LedgerReport report = Verify(bytes, &anchor, nullptr, &chain);
  if (report.verdict == Verdict::kBroken && !report.torn) {
    return base::Fail(base::kIntegrity, Cat("ledger ", folder, "/", name, ": ", report.reason));
  }
  if (report.torn) {
    bytes.resize(report.verified_bytes);
    SOTERIA_RETURN_IF_ERROR(files.WriteAtomically(folder, name, bytes, kFileMode));
  }
  SOTERIA_ASSIGN_OR_RETURN(auto file, files.OpenForAppend(folder, name, kFileMode));
  return std::unique_ptr<LedgerFile>(
      new LedgerFile(std::move(file), std::move(chain), report.verified_bytes));
}

Status LedgerFile::Append(std::string_view entry) {
  if (failed_) return base::Fail(base::kIo, "ledger: an earlier entry wasn't stored");
  if (size_ + entry.size() > kLedgerBytesMax) return base::Fail(base::kIo, "ledger: full");
  Chain next = chain_;
  SOTERIA_RETURN_IF_ERROR(next.Accept(entry));
  const std::string framed = Framed(entry);
  Status written = file_->Append(framed);
  if (written.ok()) written = file_->Sync();
  if (!written.ok()) {
    failed_ = true;
    return base::WithContext(written, "ledger");
  }
  chain_ = std::move(next);
  size_ += framed.size();
  return base::OkStatus();
}

}  // namespace soteria::ledger
