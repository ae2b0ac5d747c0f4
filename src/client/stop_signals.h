// What a command leaves behind when it is told to end: nothing. While a StopSignals lives, INT,
// TERM and HUP don't end the process; the signal is remembered, file operations of StoppableFiles
// fail with kCancelled from then on, and what was begun is removed on the way out, as after any
// other error. A file-size limit (XFSZ) is an error of the write that meets it. The main function
// then ends the process by that signal, as the shell expects. A signal that was ignored stays
// ignored (nohup). One at a time a process; Received may be called from any thread.
#pragma once

#include <signal.h>

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "src/base/env.h"
#include "src/base/forwarding_files.h"
#include "src/base/status.h"

namespace soteria::client {

class StopSignals {
 public:
  StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  /// The signal that came, 0 for none; also after the object is gone.
  static int Received();
  /// kCancelled once one came.
  static base::Status Check();
  /// Ends the process by the signal that came; returns if none did.
  static void EndIfReceived();
  /// As a process ends that catches none.
  static void EndBy(int signal);

 private:
  static constexpr std::array<int, 4> kSignals = {SIGINT, SIGTERM, SIGHUP, SIGXFSZ};
  std::array<struct sigaction, kSignals.size()> before_ = {};
};

/// Files whose reading and writing ends once a signal came. What is short and must be whole (a
/// replacement, a removal, a lock) goes on.
class StoppableFiles : public base::ForwardingFiles {
 public:
  using ForwardingFiles::ForwardingFiles;

  base::StatusOr<std::unique_ptr<base::ReadableFile>> Open(
      const std::string& root, const std::string& name,
      std::optional<uint64_t> expected_size) override;
  base::StatusOr<std::unique_ptr<base::WritableFile>> Create(const std::string& root,
                                                             const std::string& name,
                                                             int mode) override;
};

}  // namespace soteria::client
