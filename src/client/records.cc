#include "src/client/records.h"

#include <variant>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ledger/entry.h"

namespace soteria::client {
namespace {

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

}  // namespace

base::StatusOr<std::unique_ptr<Records>> Records::Open(Owner& owner,
                                                       const crypto::Secret& user_key) {
  std::unique_ptr<Records> records(new Records());
  const std::string& dir = owner.home.dir;
  SOTERIA_ASSIGN_OR_RETURN(records->versions_, OpenVersions(owner, user_key));
  auto ledger =
      ledger::LedgerFile::Open(owner.files, dir, Home::kLedger, records->versions_->anchor());
  if (!ledger.ok()) return base::WithContext(ledger.status(), base::Cat(dir, "/", Home::kLedger));
  records->ledger_ = std::move(*ledger);
  return records;
}

void Records::Expect(std::string identity_der, const base::Digest& manifest,
                     std::set<std::string> ids) {
  identity_der_ = std::move(identity_der);
  manifest_ = manifest;
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
  return versions_->Store(versions, ledger_->head());
}

base::StatusOr<size_t> ImportVersions(Owner& owner, const crypto::Secret& user_key,
                                      std::string_view exported) {
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<ledger::Versions> versions,
                           OpenVersions(owner, user_key));
  bool ledger_copied = false;
  SOTERIA_ASSIGN_OR_RETURN(bool exists, owner.files.Exists(owner.home.dir, Home::kLedger));
  if (exists) {
    SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<base::ReadableFile> ledger,
                             owner.files.Open(owner.home.dir, Home::kLedger, std::nullopt));
    ledger_copied = ledger->size() > 0;
  }
  SOTERIA_RETURN_IF_ERROR(versions->Import(exported, ledger_copied));
  return versions->All().size();
}

}  // namespace soteria::client
