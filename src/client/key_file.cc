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
#include "src/crypto/hash.h"

namespace soteria::client {
namespace {

constexpr std::string_view kMagic = "soteria user key 1\n";
constexpr size_t kKeyFileBytes = kMagic.size() + 2 * kUserKeyBytes + 1;
constexpr int kPrivateMode = 0600;
constexpr size_t kLedgerMacKeyBytes = 32;
constexpr size_t kTakeoverKeyBytes = 32;

void Wipe(std::string& text) { ::explicit_bzero(text.data(), text.size()); }

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
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<base::WritableFile> file,
                           files.Create(root, name, kPrivateMode));
  std::string text;
  text.reserve(kKeyFileBytes);
  text += kMagic;
  base::AppendHex(key.Expose(), text);
  text += '\n';
  base::Status written = file->Append(text);
  Wipe(text);
  SOTERIA_RETURN_IF_ERROR(written);
  SOTERIA_RETURN_IF_ERROR(file->Sync());
  return file->Close();
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
