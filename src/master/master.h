// The master as the Connect front sees it: who may speak, and whose session it is.
//
// Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/master/session.h"

namespace soteria::master {

class Master {
 public:
  virtual ~Master() = default;

  /// Compares the presented bearer token with the provisioned one in constant time.
  virtual bool AuthoriseToken(std::string_view presented) const = 0;

  /// The session of that client-chosen id (a UUID), made at first use. At most kSessionsMax.
  virtual base::StatusOr<std::shared_ptr<Session>> SessionFor(const std::string& session_id) = 0;

  /// Drops that Spark Connect session's objects. The provisioned master lives on.
  virtual void ReleaseSession(const std::string& session_id) = 0;

  /// One value in a master's life; a client closes its session when it changes.
  virtual const std::string& server_side_session_id() const = 0;
};

}  // namespace soteria::master
