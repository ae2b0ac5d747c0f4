#include "src/ledger/ledger.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"
#include "src/ledger/budget.h"
#include "src/ledger/diagnosis.h"

namespace soteria::ledger {

using base::Cat;
using base::Status;
using base::StatusOr;

namespace {

constexpr size_t kLengthBytes = 4;
constexpr int kFileMode = 0600;
constexpr std::string_view kHeadMissing =
    "the last entry that the version record knows isn't in the file: the file was truncated, or is "
    "a fork of the owner's";

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
    session.first = report->entries + 1;
    if (check_evidence) {
      session.evidence = check_evidence(*head);
      if (!session.evidence.ok()) {
        Break(report, Cat("entry ", session.first, ": the session's evidence was refused: ",
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
    report->reason +=
        Cat(report->reason.empty() ? "session " : "; session ",
            base::Hex(base::View(session.session)).substr(0, 16), " has no end entry behind entry ",
            session.first + session.entries.size() - 1);
    report->verdict = Verdict::kCutOff;
  }
}

void JudgeAnchor(const LedgerAnchor* anchor, const std::optional<size_t>& after_recorded,
                 LedgerReport* report) {
  if (anchor == nullptr) return;
  report->after_anchor = after_recorded.value_or(0);
  if (!after_recorded.has_value()) {
    Break(report, std::string(kHeadMissing));
  } else if (*after_recorded > 1) {
    Break(report, Cat(*after_recorded, " entries follow the last that the version record knows"));
  }
}

// The entries of the file's bytes, as far as it can be cut into such.
std::vector<std::string_view> CutAll(std::string_view bytes) {
  std::vector<std::string_view> entries;
  std::string_view entry;
  for (uint64_t at = 0; CutEntry(bytes, at, &entry) == Cut::kEntry;) {
    entries.push_back(entry);
    at += kLengthBytes + entry.size();
  }
  return entries;
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
  report.origin = origin;
  Chain& chain = *end = Chain(origin);
  // How many entries follow the one that the owner remembers as the last.
  std::optional<size_t> after_recorded;
  if (anchor != nullptr && chain.head() == anchor->head) after_recorded = 0;
  while (cut == Cut::kEntry && report.entries < kLedgerEntriesMax) {
    StatusOr<Entry> entry = chain.Accept(entry_bytes);
    if (!entry.ok()) {
      Break(&report, Diagnose(CutAll(bytes), report.entries, chain, entry.status()));
      break;
    }
    Record(std::move(entry).value(), check_evidence, &report);
    ++report.entries;
    report.last_bytes = entry_bytes.size();
    report.verified_bytes += kLengthBytes + entry_bytes.size();
    if (after_recorded.has_value()) ++*after_recorded;
    if (anchor != nullptr && chain.head() == anchor->head) after_recorded = 0;
    cut = CutEntry(bytes, report.verified_bytes, &entry_bytes);
  }
  // An origin that only an entry which didn't verify claims is nothing to report.
  if (report.entries > 0 || anchor != nullptr) report.head = chain.head();
  if (cut == Cut::kTooLong) {
    Break(&report, Cat("entry ", report.entries + 1, " is altered: its length is impossible"));
  }
  if (report.entries >= kLedgerEntriesMax) Break(&report, "too many entries");
  JudgeAnchor(anchor, after_recorded, &report);
  if (cut == Cut::kTorn && report.verdict != Verdict::kBroken) {
    Break(&report, Cat("the file is truncated: it ends within entry ", report.entries + 1));
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
  std::vector<VersionRecord> raised = versions;
  RaiseSpent(&raised);
  return AppendLocked(event, time_ms, raised);
}

Status LedgerWriter::AppendRelease(Release release, uint64_t budget,
                                   std::vector<VersionRecord> versions, int64_t time_ms) {
  const std::lock_guard<std::mutex> lock(mutex_);
  RaiseSpent(&versions);
  SOTERIA_ASSIGN_OR_RETURN(release.data_sets, DebitAll(budget, release.budget_spent, &versions));
  return AppendLocked(std::move(release), time_ms, versions);
}

void LedgerWriter::RaiseSpent(std::vector<VersionRecord>* versions) const {
  for (VersionRecord& record : *versions) {
    const auto known = spent_.find(record.id);
    if (known != spent_.end()) record.spent = std::max(record.spent, known->second);
  }
}

Status LedgerWriter::AppendLocked(const Event& event, int64_t time_ms,
                                  const std::vector<VersionRecord>& versions) {
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
  for (const VersionRecord& record : versions) {
    uint64_t& spent = spent_[record.id];
    spent = std::max(spent, record.spent);
  }
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

namespace {

StatusOr<std::string> ReadRange(base::ReadableFile& file, uint64_t at, uint64_t bytes) {
  std::string out(bytes, '\0');
  SOTERIA_ASSIGN_OR_RETURN(const size_t got, file.ReadAt(at, out));
  if (got != bytes) return base::Fail(base::kIntegrity, "the file became shorter");
  return out;
}

Status Broken(std::string_view reason) {
  return base::Fail(base::kIntegrity,
                    Cat(reason,
                        ". soteria ledger verify says more; a copy of the file, if you "
                        "have one, can be put back"));
}

// Whether the file's last recorded entry is where and what the anchor says.
Status CheckLast(base::ReadableFile& file, const LedgerAnchor& anchor) {
  const LedgerTail& tail = *anchor.tail;
  const uint64_t framed = kLengthBytes + tail.last_bytes;
  if (tail.last_bytes > kEntryBytesMax || framed > tail.size || tail.size > file.size()) {
    return Broken(kHeadMissing);
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::string bytes, ReadRange(file, tail.size - framed, framed));
  std::string_view entry;
  if (CutEntry(bytes, 0, &entry) != Cut::kEntry || entry.size() != tail.last_bytes ||
      EntryHash(entry) != anchor.head) {
    return Broken(kHeadMissing);
  }
  return base::OkStatus();
}

}  // namespace

StatusOr<LedgerFile::Found> LedgerFile::ReadWhole(base::Files& files, const std::string& folder,
                                                  const std::string& name,
                                                  const LedgerAnchor& anchor) {
  std::string bytes;
  StatusOr<std::string> read = files.ReadAll(folder, name, kLedgerBytesMax);
  if (read.ok()) {
    bytes = std::move(read).value();
  } else if (!base::Is(read.status(), base::kPathNotFound)) {
    return read.status();
  }
  Found found;
  const LedgerReport report = Verify(bytes, &anchor, nullptr, &found.chain);
  if (report.verdict == Verdict::kBroken && !report.torn) return Broken(report.reason);
  found.size = report.verified_bytes;
  found.last_bytes = report.last_bytes;
  found.torn = report.torn;
  if (report.after_anchor == 1) found.unrecorded = report.sessions.back().entries.back();
  return found;
}

StatusOr<LedgerFile::Found> LedgerFile::ReadTail(base::Files& files, const std::string& folder,
                                                 const std::string& name,
                                                 const LedgerAnchor& anchor) {
  const LedgerTail& tail = *anchor.tail;
  Found found;
  found.chain = Chain(anchor.head, tail.open, tail.session, tail.sequence, tail.identity);
  found.size = tail.size;
  found.last_bytes = tail.last_bytes;
  StatusOr<std::unique_ptr<base::ReadableFile>> file = files.Open(folder, name, std::nullopt);
  if (base::Is(file.status(), base::kPathNotFound)) {
    if (tail.size == 0) return found;
    return Broken(kHeadMissing);
  }
  SOTERIA_RETURN_IF_ERROR(file);
  if (tail.size > 0) SOTERIA_RETURN_IF_ERROR(CheckLast(**file, anchor));
  // One entry may follow, and one that was torn.
  const uint64_t more = (*file)->size() - tail.size;
  if ((*file)->size() > kLedgerBytesMax || more > 2 * (kLengthBytes + kEntryBytesMax)) {
    return Broken("more than one entry follows the last that the version record knows");
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::string rest, ReadRange(**file, tail.size, more));
  uint64_t at = 0;
  std::string_view bytes;
  Cut cut = CutEntry(rest, at, &bytes);
  for (; cut == Cut::kEntry; cut = CutEntry(rest, at, &bytes)) {
    if (found.unrecorded.has_value()) {
      return Broken("more than one entry follows the last that the version record knows");
    }
    StatusOr<Entry> entry = found.chain.Accept(bytes);
    if (!entry.ok()) return Broken(base::Message(entry.status()));
    found.unrecorded = std::move(entry).value();
    found.last_bytes = bytes.size();
    at += kLengthBytes + bytes.size();
  }
  if (cut == Cut::kTooLong) return Broken("what follows the last known entry is altered");
  found.size += at;
  found.torn = cut == Cut::kTorn;
  return found;
}

StatusOr<std::unique_ptr<LedgerFile>> LedgerFile::Open(base::Files& files, std::string folder,
                                                       std::string name,
                                                       const LedgerAnchor& anchor) {
  StatusOr<Found> found = anchor.tail.has_value() ? ReadTail(files, folder, name, anchor)
                                                  : ReadWhole(files, folder, name, anchor);
  if (!found.ok()) return base::WithContext(found.status(), Cat("ledger ", folder, "/", name));
  if (found->torn) {
    SOTERIA_ASSIGN_OR_RETURN(std::string bytes, files.ReadAll(folder, name, kLedgerBytesMax));
    if (bytes.size() < found->size) return base::Fail(base::kIntegrity, "ledger: changed its size");
    bytes.resize(found->size);
    SOTERIA_RETURN_IF_ERROR(files.WriteAtomically(folder, name, bytes, kFileMode));
  }
  std::unique_ptr<LedgerFile> opened(new LedgerFile(std::move(found).value()));
  SOTERIA_ASSIGN_OR_RETURN(opened->file_, files.OpenForAppend(folder, name, kFileMode));
  return opened;
}

LedgerEnd LedgerFile::end() const {
  const Chain& chain = found_.chain;
  return {.head = chain.head(),
          .tail = LedgerTail{.size = found_.size,
                             .last_bytes = found_.last_bytes,
                             .open = chain.open(),
                             .session = chain.session(),
                             .sequence = chain.sequence(),
                             .identity = chain.identity()}};
}

Status LedgerFile::Append(std::string_view entry) {
  if (failed_) return base::Fail(base::kIo, "ledger: an earlier entry wasn't stored");
  if (found_.size + entry.size() > kLedgerBytesMax) return base::Fail(base::kIo, "ledger: full");
  Chain next = found_.chain;
  SOTERIA_RETURN_IF_ERROR(next.Accept(entry));
  const std::string framed = Framed(entry);
  Status written = file_->Append(framed);
  if (written.ok()) written = file_->Sync();
  if (!written.ok()) {
    failed_ = true;
    return base::WithContext(written, "ledger");
  }
  found_.chain = std::move(next);
  found_.size += framed.size();
  found_.last_bytes = entry.size();
  return base::OkStatus();
}

}  // namespace soteria::ledger
