// A file descriptor with an owner, and the text of a system error. For files.cc and net.cc only.
#pragma once

#include <unistd.h>

#include <string>
#include <system_error>
#include <utility>

namespace soteria::base {

class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(other.Release()) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    if (this != &other) {
      if (ok()) close(fd_);
      fd_ = other.Release();
    }
    return *this;
  }
  ~OwnedFd() {
    if (ok()) close(fd_);
  }
  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }
  /// Gives the descriptor to the caller.
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

inline std::string Reason(int error) { return std::generic_category().message(error); }

}  // namespace soteria::base
