// The user key on disk: 32 random bytes in a file only its owner can read. It never leaves this
// machine; every key that does is derived from it. A file that others could read or write is
// refused, because then the key may be known or chosen by somebody else. Any thread.
//
//   SOTERIA_RETURN_IF_ERROR(CreateUserKey(files, random, "/home/a/.soteria/user.key"));
//   SOTERIA_ASSIGN_OR_RETURN(crypto::Secret key, ReadUserKey(files, "/home/a/.soteria/user.key"));
#pragma once

#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/client/owner.h"
#include "src/crypto/secret.h"

namespace soteria::client {

inline constexpr size_t kUserKeyBytes = 32;

/// Draws a key and writes it (mode 0600, exclusive). kConflict when the file exists.
base::Status CreateUserKey(base::Files& files, base::Random& random, const std::string& path);

/// kKey when the file is missing, open to others, not a regular file, or not a key file.
base::StatusOr<crypto::Secret> ReadUserKey(base::Files& files, const std::string& path);

/// kKey when there is no key file at `path` although the owner's records were made with one: what
/// to put back. A new key would open none of it, so that nothing may suggest to make one.
base::Status CheckKeyNotLost(Owner& owner, const std::string& path);

/// The key under which a master records what only the owner gets: an HMAC of it is in the ledger.
crypto::Secret LedgerMacKey(const crypto::Secret& user_key);

/// The key with which this owner, and nobody else, may end the session of the master with that
/// identity key once its owner is gone. Another for each master.
crypto::Secret TakeoverKey(const crypto::Secret& user_key, std::string_view identity_der);

/// kKey unless `path` is a regular file of this user with no rights for anybody else.
base::Status CheckPrivateFile(const std::string& path);

}  // namespace soteria::client
