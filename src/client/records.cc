#include "src/client/records.h"

#include <algorithm>
#include <variant>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/ledger_check.h"
#include "src/ledger/entry.h"

namespace soteria::client {
namespace {

// What a release takes from a budget has to come with it, as the records to keep.
base::Status CheckSpent(const ledger::Release& release,
                        const std::vector<ledger::VersionRecord>& versions) {
  for (const ledger::Spending& spending : release.data_sets) {
    const bool there = std::any_of(versions.begin(), versions.end(), [&](const auto& record) {
      return record.id == spending.id && record.spent == spending.spent;
    });
    if (there) continue;
    return base::Fail(
        base::kProtocol,
        "a release came without the record of what it takes from a data set's budget");
  }
  return base::OkStatus();
}

// Whether the Manifest lists it, as the owner's own program reads the Manifest.
base::Status CheckListed(const ledger::Release& release,
                         const std::optional<policy::StatisticsRule>& rule) {
  const auto refuse = [](std::string_view why) {
    return base::Fail(base::kProtocol,
                      base::Cat("the master reported a release that the Manifest doesn't list: ",
                                why, ". It was refused, and did not leave"));
  };
  if (!rule.has_value()) return refuse("scheme = \"baseline\" releases nothing");
  if (std::find(rule->kinds.begin(), rule->kinds.end(), release.kind) == rule->kinds.end()) {
    return refuse("its kind isn't in kinds");
  }
  if (release.level != ledger::Release::Level::kAggregate &&
      rule->release != policy::ReleaseLevel::kScores) {
    return refuse("it isn't an aggregate");
  }
  if (release.unverified && !rule->unverified) return refuse("its value would be unverified");
  if (release.data_sets.empty()) return refuse("no data set's budget pays for it");
  for (const ledger::Spending& spending : release.data_sets) {
    if (spending.spent > rule->budget) return refuse("it is beyond the budget");
  }
  return base::OkStatus();
}

// The entry that the records don't know of yet: an interrupted Store, or records that were put back
// to an older state. What it took from a budget stays taken either way.
std::vector<ledger::VersionRecord> Unrecorded(const ledger::Entry& entry,
                                              const ledger::Versions& versions) {
  std::vector<ledger::VersionRecord> records;
  if (const auto* release = std::get_if<ledger::Release>(&entry.event)) {
    for (const ledger::Spending& spending : release->data_sets) {
      const ledger::VersionRecord* known = versions.Find(spending.id);
      if (known == nullptr || known->spent >= spending.spent) continue;
      records.push_back(*known);
      records.back().spent = spending.spent;
    }
  }
  return records;
}

base::Status NoLedger(const std::string& dir, const base::Status& why,
                      const ledger::LedgerAnchor& anchor) {
  const std::string ledger = base::Cat(dir, "/", Home::kLedger);
  if (anchor.head != anchor.origin) return base::WithContext(why, ledger);
  return base::WithContext(
      why,
      base::Cat("the version record ", dir, "/", Home::kVersions, " is gone or new, and ", ledger,
                " has entries. Put a copy of the record back, or soteria versions "
                "import an exported one; to go on without (older copies of data then go "
                "unnoticed), move the ledger away"));
}

}  // namespace

base::StatusOr<std::unique_ptr<ledger::Versions>> OpenVersions(Owner& owner,
                                                               const crypto::Secret& user_key) {
  const std::string& dir = owner.home.dir;
  SOTERIA_RETURN_IF_ERROR(owner.files.MakeDirs(dir));
  auto versions = ledger::Versions::Open(owner.files, dir, Home::kVersions, user_key);
  if (!versions.ok() && base::Is(versions.status(), base::kConflict)) {
    return base::Fail(base::kConflict,
                      base::Cat("the owner's records in ", dir,
                                " are in use: another session (soteria run or connect) or put is "
                                "under way. Wait for it, or use another --home"));
  }
  if (!versions.ok()) {
    return base::WithContext(versions.status(), base::Cat(dir, "/", Home::kVersions));
  }
  return versions;
}

base::StatusOr<std::unique_ptr<Records>> Records::Open(Owner& owner,
                                                       const crypto::Secret& user_key) {
  std::unique_ptr<Records> records(new Records());
  const std::string& dir = owner.home.dir;
  SOTERIA_ASSIGN_OR_RETURN(records->versions_, OpenVersions(owner, user_key));
  auto ledger =
      ledger::LedgerFile::Open(owner.files, dir, Home::kLedger, records->versions_->anchor());
  if (!ledger.ok()) return NoLedger(dir, ledger.status(), records->versions_->anchor());
  records->ledger_ = std::move(*ledger);
  const std::optional<ledger::Entry>& unrecorded = records->ledger_->unrecorded();
  const ledger::LedgerEnd end = records->ledger_->end();
  const ledger::LedgerAnchor& anchor = records->versions_->anchor();
  // A ledger without entries needs no record of its end.
  if (end.tail->size > 0 && (end.head != anchor.head || end.tail != anchor.tail)) {
    SOTERIA_RETURN_IF_ERROR(records->versions_->Store(
        unrecorded.has_value() ? Unrecorded(*unrecorded, *records->versions_)
                               : std::vector<ledger::VersionRecord>(),
        end));
  }
  return records;
}

void Records::Expect(std::string identity_der, const policy::Manifest& manifest,
                     std::set<std::string> ids) {
  identity_der_ = std::move(identity_der);
  manifest_ = manifest.digest;
  tee_ = manifest.tee;
  rule_ = manifest.statistics;
  ids_ = std::move(ids);
}

base::Status Records::CheckExpected(std::string_view entry,
                                    const std::vector<ledger::VersionRecord>& versions) const {
  SOTERIA_ASSIGN_OR_RETURN(ledger::SignedEntry parsed, ledger::ParseSignedEntry(entry));
  if (const auto* head = std::get_if<ledger::Head>(&parsed.entry.event)) {
    if (head->identity != identity_der_ || head->manifest != manifest_) {
      return base::Fail(base::kProtocol,
                        "the session's first ledger entry names another enclave or Manifest than "
                        "the verified ones");
    }
  }
  if (const auto* admission = std::get_if<ledger::Admission>(&parsed.entry.event)) {
    SOTERIA_RETURN_IF_ERROR(CheckAdmission(*admission, tee_));  // I2: before it gets any key
  }
  if (const auto* release = std::get_if<ledger::Release>(&parsed.entry.event)) {
    SOTERIA_RETURN_IF_ERROR(CheckListed(*release, rule_));
    SOTERIA_RETURN_IF_ERROR(CheckSpent(*release, versions));
  }
  for (const ledger::VersionRecord& record : versions) {
    if (!ids_.contains(record.id)) {
      return base::Fail(base::kProtocol,
                        "the master reported a version of a data set that it was not given");
    }
  }
  return base::OkStatus();
}

base::Status Records::Store(std::string_view entry,
                            const std::vector<ledger::VersionRecord>& versions) {
  SOTERIA_RETURN_IF_ERROR(CheckExpected(entry, versions));
  SOTERIA_RETURN_IF_ERROR(ledger_->Append(entry));
  SOTERIA_RETURN_IF_ERROR(versions_->Store(versions, ledger_->end()));
  if (on_release_ == nullptr) return base::OkStatus();
  SOTERIA_ASSIGN_OR_RETURN(const ledger::SignedEntry parsed, ledger::ParseSignedEntry(entry));
  if (const auto* release = std::get_if<ledger::Release>(&parsed.entry.event)) {
    on_release_(*release);
  }
  return base::OkStatus();
}

base::StatusOr<size_t> ImportVersions(Owner& owner, const crypto::Secret& user_key,
                                      std::string_view exported,
                                      std::vector<ledger::RootPath>* kept) {
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<ledger::Versions> versions,
                           OpenVersions(owner, user_key));
  bool ledger_copied = false;
  SOTERIA_ASSIGN_OR_RETURN(bool exists, owner.files.Exists(owner.home.dir, Home::kLedger));
  if (exists) {
    SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<base::ReadableFile> ledger,
                             owner.files.Open(owner.home.dir, Home::kLedger, std::nullopt));
    ledger_copied = ledger->size() > 0;
  }
  SOTERIA_RETURN_IF_ERROR(versions->Import(exported, ledger_copied, kept));
  return versions->All().size();
}

}  // namespace soteria::client
