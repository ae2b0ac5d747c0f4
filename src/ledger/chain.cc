#include "src/ledger/chain.h"

#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::ledger {

using base::StatusOr;

StatusOr<Entry> Chain::Accept(std::string_view bytes) {
  SOTERIA_ASSIGN_OR_RETURN(SignedEntry signed_entry, ParseSignedEntry(bytes));
  const Entry& entry = signed_entry.entry;
  const auto refuse = [](std::string_view why) {
    return base::Fail(base::kIntegrity, base::Cat("ledger entry: ", why));
  };
  if (entry.previous != head_) return refuse("it doesn't follow the entry before it");
  const Head* head = std::get_if<Head>(&entry.event);
  if (head != nullptr) {
    if (entry.sequence != 0) return refuse("a head that isn't the first of its session");
    if (entry.session == session_) return refuse("a session that began before");
  } else {
    if (!open_) return refuse("it belongs to no open session");
    if (entry.session != session_) return refuse("it belongs to another session");
    if (entry.sequence != sequence_) return refuse("it is out of its session's order");
  }
  SOTERIA_RETURN_IF_ERROR(VerifyEntry(signed_entry, head != nullptr ? head->identity : identity_));
  if (head != nullptr) {
    session_ = entry.session;
    identity_ = head->identity;
  }
  open_ = !std::holds_alternative<End>(entry.event);
  sequence_ = entry.sequence + 1;
  head_ = EntryHash(bytes);
  return std::move(signed_entry.entry);
}

base::Digest OriginOf(std::string_view first_entry) {
  const StatusOr<SignedEntry> entry = ParseSignedEntry(first_entry);
  return entry.ok() ? entry->entry.previous : base::Digest{};
}

}  // namespace soteria::ledger
