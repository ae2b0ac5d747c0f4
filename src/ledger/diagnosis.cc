#include "src/ledger/diagnosis.h"

#include <algorithm>
#include <optional>

#include "src/base/bytes.h"
#include "src/base/text.h"
#include "src/ledger/entry.h"

namespace soteria::ledger {

using base::Cat;
using base::StatusOr;

namespace {

constexpr size_t kShortHexChars = 16;

std::string Short(const base::Digest& digest) {
  return base::Hex(base::View(digest)).substr(0, kShortHexChars);
}

// Where the entry with this hash is.
std::optional<size_t> Find(const std::vector<std::string_view>& entries, const base::Digest& hash) {
  for (size_t i = 0; i < entries.size(); ++i) {
    if (EntryHash(entries[i]) == hash) return i;
  }
  return std::nullopt;
}

std::string NotFollowing(const std::vector<std::string_view>& entries, size_t at,
                         const Entry& entry, const Chain& chain) {
  const std::string number = Cat("entry ", at + 1);
  const std::optional<size_t> before = Find(entries, entry.previous);
  if (before.has_value() && *before > at) {
    return Cat(number, " is out of order: it follows entry ", *before + 1,
               ", which stands behind it");
  }
  if (before.has_value() && *before + 1 < at) {
    return Cat("the ledger forks: entry ", *before + 2, " and ", number, " both follow entry ",
               *before + 1);
  }
  if (std::holds_alternative<Head>(entry.event)) {
    return Cat(number, " begins session ", Short(entry.session),
               ", which follows no entry of this file: it was spliced in from another ledger, or "
               "what stood before it is missing");
  }
  if (entry.session != chain.session()) {
    return Cat(number, " belongs to session ", Short(entry.session),
               " and was spliced in: before it stands session ", Short(chain.session()));
  }
  if (entry.sequence > chain.sequence()) {
    return Cat(entry.sequence - chain.sequence(), " entries are missing before ", number,
               ": it is number ", entry.sequence, " of its session, after number ",
               chain.sequence() - 1);
  }
  return Cat(number, " follows no entry of this file: the one before it was replaced");
}

}  // namespace

std::string Diagnose(const std::vector<std::string_view>& entries, size_t at, const Chain& chain,
                     const base::Status& refused) {
  const std::string number = Cat("entry ", at + 1);
  const auto end = entries.begin() + static_cast<ptrdiff_t>(at);
  if (const auto same = std::find(entries.begin(), end, entries[at]); same != end) {
    return Cat(number, " repeats entry ", same - entries.begin() + 1);
  }
  const StatusOr<SignedEntry> parsed = ParseSignedEntry(entries[at]);
  if (!parsed.ok()) return Cat(number, " is altered: ", base::Message(parsed.status()));
  const Entry& entry = parsed->entry;
  const Head* head = std::get_if<Head>(&entry.event);
  const bool known_session = head != nullptr || (at > 0 && entry.session == chain.session());
  if (known_session &&
      !VerifyEntry(*parsed, head != nullptr ? head->identity : chain.identity()).ok()) {
    return Cat(number, " is altered: it isn't signed by its session's key");
  }
  if (at > 0 && entry.previous != chain.head()) return NotFollowing(entries, at, entry, chain);
  if (head != nullptr && entry.previous != chain.head()) {
    return Cat(number,
               " doesn't begin where the owner's ledger begins: the file's front is missing");
  }
  if (head == nullptr && at == 0) {
    const std::optional<size_t> before = Find(entries, entry.previous);
    if (before.has_value()) return NotFollowing(entries, at, entry, chain);
    return Cat(number, " isn't the head of a session: what stood before it is missing");
  }
  return Cat(number, ": ", base::Message(refused));
}

}  // namespace soteria::ledger
