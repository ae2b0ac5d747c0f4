#include "src/client/key_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "src/base/ascii.h"
#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/paths.h"
#include "src/client/plain_folder.h"
#include "src/crypto/hash.h"

namespace soteria::client {
namespace {

constexpr std::string_view kMagic = "soteria user key 1\n";
constexpr size_t kKeyFileBytes = kMagic.size() + 2 * kUserKeyBytes + 1;
constexpr int kPrivateMode = 0600;
constexpr size_t kLedgerMacKeyBytes = 32;
constexpr size_t kTakeoverKeyBytes = 32;

void Wipe(std::string& text) { ::explicit_bzero(text.data(), text.size()); }

base::Status Lost(const std::string& path, const std::string& home) {
  return base::Fail(
      base::kKey,
      base::Cat(
          "there is no key file at ", path, ", and the records in ", home,
          " were made with one: whatever that key encrypted, and these records, can't be read "
          "without it, and a new key opens none of it. Put a copy of the key file back (or say "
          "--key FILE). To begin anew without that data, use another --home"));
}

}  // namespace

base::Status CheckPrivateFile(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    return base::Fail(base::kKey, errno == ENOENT
                                      ? base::Cat("there is no key file at ", path,
                                                  "; make one with: soteria keygen --key ", path)
                                      : base::Cat("cannot look at the key file ", path));
  }
  if (!S_ISREG(info.st_mode)) {
    return base::Fail(base::kKey, base::Cat("the key file ", path, " is not a regular file"));
  }
  if (info.st_uid != ::geteuid()) {
    return base::Fail(base::kKey, base::Cat("the key file ", path, " belongs to another user"));
  }
  if ((info.st_mode & 077) != 0) {
    return base::Fail(base::kKey, base::Cat("the key file ", path,
                                            " is open to other users; run: chmod 600 ", path));
  }
  return base::OkStatus();
}

base::Status CreateUserKey(base::Files& files, base::Random& random, const std::string& path) {
  auto [root, name] = SplitPath(path);
  SOTERIA_ASSIGN_OR_RETURN(bool exists, files.Exists(root, name));
  if (exists) {
    return base::Fail(base::kConflict,
                      base::Cat("there is a file at ", path,
                                " already; a key is never overwritten, because whatever it "
                                "encrypted would be lost. Move it away or give --key FILE"));
  }
  SOTERIA_ASSIGN_OR_RETURN(crypto::Secret key, crypto::Secret::Random(random, kUserKeyBytes));
  std::string text;
  text.reserve(kKeyFileBytes);
  text += kMagic;
  base::AppendHex(key.Expose(), text);
  text += '\n';
  const base::Status written = WriteNewFile(files, path, text, kPrivateMode);
  Wipe(text);
  return written;
}

base::Status CheckKeyNotLost(Owner& owner, const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0 || errno != ENOENT) return base::OkStatus();
  SOTERIA_ASSIGN_OR_RETURN(const bool recorded,
                           owner.files.Exists(owner.home.dir, Home::kVersions));
  return recorded ? Lost(path, owner.home.dir) : base::OkStatus();
}

base::StatusOr<crypto::Secret> ReadUserKey(base::Files& files, const std::string& path) {
  SOTERIA_RETURN_IF_ERROR(CheckPrivateFile(path));
  auto [root, name] = SplitPath(path);
  base::StatusOr<std::string> text = files.ReadAll(root, name, kKeyFileBytes);
  base::Status bad = base::Fail(
      base::kKey, base::Cat(path, " is not a Soteria user key (made by soteria keygen)"));
  if (!text.ok()) return bad;
  if (text->size() != kKeyFileBytes || !text->starts_with(kMagic) || text->back() != '\n') {
    Wipe(*text);
    return bad;
  }
  base::StatusOr<std::string> key =
      base::FromHex(std::string_view(*text).substr(kMagic.size(), 2 * kUserKeyBytes));
  Wipe(*text);
  if (!key.ok()) return bad;
  return crypto::Secret::Adopt(*std::move(key));
}

crypto::Secret LedgerMacKey(const crypto::Secret& user_key) {
  return crypto::Hkdf(user_key, "ledger", "", kLedgerMacKeyBytes);
}

crypto::Secret TakeoverKey(const crypto::Secret& user_key, std::string_view identity_der) {
  return crypto::Hkdf(user_key, "takeover", base::View(crypto::Sha256(identity_der)),
                      kTakeoverKeyBytes);
}

}  // namespace soteria::client
