// Names of files on the owner's machine: the state directory and what lies in it, and the one
// spelling of a storage path. Pure text, except ProgramDirectory. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "src/base/status.h"

namespace soteria::client {

/// The owner's state directory and its files.
struct Home {
  std::string dir;

  std::string key_file() const { return dir + "/user.key"; }
  std::string cluster_dir() const { return dir + "/cluster"; }
  /// Copies of the Manifests of past sessions, named by their SHA-256, for checking the ledger.
  std::string manifests_dir() const { return dir + "/manifests"; }
  /// Files of roots that name the endpoints of running sessions.
  std::string endpoint_dir() const { return dir + "/endpoint"; }

  static constexpr const char* kVersions = "versions";
  static constexpr const char* kLedger = "ledger";
};

/// The directory given by --home, else by SOTERIA_HOME, else ~/.soteria. Empty views mean "not
/// set".
base::StatusOr<Home> ResolveHome(std::string_view option, std::string_view soteria_home,
                                 std::string_view home, std::string_view working_dir);

/// An absolute path without ".", ".." or empty parts; `path` is taken from `working_dir` when it is
/// relative. Text only: nothing is looked up.
std::string Absolute(std::string_view path, std::string_view working_dir);

/// A place in storage as the Manifest spells it: accepts file:///a/b, /a/b, relative paths and
/// other schemes (hdfs://namenode/a), which this machine can't open.
base::StatusOr<std::string> StoragePath(std::string_view path, std::string_view working_dir);

/// A root that a Manifest names.
struct RootPlace {
  std::string path;        ///< as StoragePath
  std::string copy = {};   ///< of a root that only the cluster reaches: a copy here; may be empty
  std::string alias = {};  ///< what a script calls it; may be empty
};
/// "PLACE", or "hdfs://namenode/a=COPY", cut at the last "=" of a place with a scheme.
base::StatusOr<RootPlace> ParseRootPlace(std::string_view text, std::string_view working_dir);

/// kUnsupported with `remedy` when this machine can't open the normalised path.
base::Status CheckReachable(const std::string& path, std::string_view remedy);

/// "/a/b/c" -> {"/a/b", "c"}.
std::pair<std::string, std::string> SplitPath(std::string_view absolute);

/// The directory of the running program, where soteria-master and its kin are looked for.
base::StatusOr<std::string> ProgramDirectory();

}  // namespace soteria::client
