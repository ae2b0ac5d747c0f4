#include "src/client/stop_signals.h"

#include <csignal>
#include <utility>

#include "src/base/errors.h"

namespace soteria::client {
namespace {

volatile std::sig_atomic_t received = 0;

void Remember(int signal) {
  if (signal != SIGXFSZ) received = signal;
}

class StoppableReadableFile : public base::ForwardingReadableFile {
 public:
  using ForwardingReadableFile::ForwardingReadableFile;
  base::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    SOTERIA_RETURN_IF_ERROR(StopSignals::Check());
    return file_->ReadAt(offset, out);
  }
};

class StoppableWritableFile : public base::ForwardingWritableFile {
 public:
  using ForwardingWritableFile::ForwardingWritableFile;
  base::Status Append(std::string_view bytes) override {
    SOTERIA_RETURN_IF_ERROR(StopSignals::Check());
    return file_->Append(bytes);
  }
};

}  // namespace

StopSignals::StopSignals() {
  received = 0;
  struct sigaction action = {};
  action.sa_handler = Remember;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &before_[i]);
    if (before_[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &action, nullptr);
  }
}

StopSignals::~StopSignals() {
  for (size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before_[i], nullptr);
}

int StopSignals::Received() { return received; }

base::Status StopSignals::Check() {
  if (received == 0) return base::OkStatus();
  return base::Fail(base::kCancelled, "stopped by a signal; what was begun is removed again");
}

void StopSignals::EndIfReceived() {
  if (received != 0) EndBy(received);
}

void StopSignals::EndBy(int signal) {
  std::signal(signal, SIG_DFL);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  std::raise(signal);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

base::StatusOr<std::unique_ptr<base::ReadableFile>> StoppableFiles::Open(
    const std::string& root, const std::string& name, std::optional<uint64_t> expected_size) {
  SOTERIA_RETURN_IF_ERROR(StopSignals::Check());
  SOTERIA_ASSIGN_OR_RETURN(auto file, files_.Open(root, name, expected_size));
  return std::make_unique<StoppableReadableFile>(std::move(file));
}

base::StatusOr<std::unique_ptr<base::WritableFile>> StoppableFiles::Create(const std::string& root,
                                                                           const std::string& name,
                                                                           int mode) {
  SOTERIA_RETURN_IF_ERROR(StopSignals::Check());
  SOTERIA_ASSIGN_OR_RETURN(auto file, files_.Create(root, name, mode));
  return std::make_unique<StoppableWritableFile>(std::move(file));
}

}  // namespace soteria::client
