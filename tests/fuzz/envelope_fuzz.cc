// crypto's sealed messages on any bytes. First as a message from the host: only what this session's
// senders sealed opens, and its header is the one that was parsed. Then as the plaintext of a
// message that is damaged in one place.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/crypto/envelope.h"

namespace {

using namespace soteria;  // NOLINT: a program of its own

crypto::Secret Root() {
  std::string bytes;  // as in the golden messages
  for (int i = 0; i < 32; ++i) bytes += static_cast<char>(i);
  return crypto::Secret::Adopt(std::move(bytes));
}

struct Session {
  crypto::Secret root = Root();
  base::Digest id = crypto::SessionId(root);
  crypto::Opener opener{root, id};
};

Session& TheSession() {
  static Session session;
  return session;
}

void AsMessage(std::string_view bytes) {
  const auto header = crypto::ParseEnvelopeHeader(bytes);
  const auto opened = TheSession().opener.Open(bytes);
  if (!opened.ok()) {
    CHECK(base::Is(opened.status(), base::kIntegrity));
    return;
  }
  CHECK(header.ok() && *header == opened->first);
  CHECK(opened->second.size() + crypto::kEnvelopeOverheadBytes == bytes.size());
  CHECK(opened->first.session == TheSession().id);
}

void AsPlaintext(std::string_view bytes) {
  // A fresh sealer an input: what it makes is a function of the input alone.
  const Session& session = TheSession();
  const uint64_t number = bytes.empty() ? 0 : static_cast<uint8_t>(bytes[0]);
  crypto::Sealer sealer(session.root, session.id, number);
  const crypto::Place place = {number, bytes.size(), 0, 0};
  auto sealed = sealer.Seal(number, session.id, crypto::MessageKind::kRows, place, bytes);
  CHECK(sealed.ok());
  const auto opened =
      session.opener.OpenAs(*sealed, number, session.id, crypto::MessageKind::kRows, place);
  CHECK(opened.ok() && *opened == bytes);
  const size_t at = (bytes.size() * 31 + number) % sealed->size();
  (*sealed)[at] = static_cast<char>((*sealed)[at] ^ 0x10);
  CHECK(!session.opener.Open(*sealed).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  AsMessage(bytes);
  AsPlaintext(bytes);
  return 0;
}
