#include "src/base/net.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fd.h"
#include "src/base/text.h"

namespace soteria::base {
namespace {

constexpr size_t kPartsMax = 16;
constexpr int kBacklog = 128;
/// Ports of 127.0.0.1 that are tried until ::1 has the same one free.
constexpr int kPortTriesMax = 64;

/// Blocking calls; Close shuts the connection down, which ends them, and the destructor gives the
/// number back.
class SocketStream : public ByteStream {
 public:
  explicit SocketStream(OwnedFd fd) : fd_(std::move(fd)) {}

  StatusOr<size_t> Read(std::span<char> out) override {
    for (;;) {
      const ssize_t got = recv(fd_.get(), out.data(), out.size(), 0);
      if (got >= 0) return static_cast<size_t>(got);
      if (closed_ || errno == ECONNRESET) return size_t{0};
      if (errno != EINTR) return Fail(kIo, Cat("reading from a connection: ", Reason(errno)));
    }
  }

  Status Write(std::string_view bytes) override {
    const std::string_view parts[] = {bytes};
    return WriteParts(parts);
  }

  Status WriteParts(std::span<const std::string_view> parts) override {
    while (parts.size() > kPartsMax) {
      SOTERIA_RETURN_IF_ERROR(WriteFew(parts.first(kPartsMax)));
      parts = parts.subspan(kPartsMax);
    }
    return WriteFew(parts);
  }

  Status CloseWrite() override {
    if (shutdown(fd_.get(), SHUT_WR) == 0) return OkStatus();
    return Fail(kIo, Cat("ending a connection: ", Reason(errno)));
  }

  void Close() override {
    closed_ = true;
    shutdown(fd_.get(), SHUT_RDWR);
  }

 private:
  Status WriteFew(std::span<const std::string_view> parts) {
    std::array<iovec, kPartsMax> vectors;
    size_t count = 0;
    for (const std::string_view part : parts) {
      if (!part.empty()) vectors[count++] = {const_cast<char*>(part.data()), part.size()};
    }
    size_t first = 0;
    while (first < count) {
      msghdr message = {};
      message.msg_iov = vectors.data() + first;
      message.msg_iovlen = count - first;
      const ssize_t sent = sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno == EINTR) continue;
        return Fail(kIo, Cat("writing to a connection: ", Reason(errno)));
      }
      for (size_t left = static_cast<size_t>(sent); left > 0;) {
        iovec& vector = vectors[first];
        const size_t taken = std::min(left, vector.iov_len);
        vector.iov_base = static_cast<char*>(vector.iov_base) + taken;
        vector.iov_len -= taken;
        left -= taken;
        if (vector.iov_len == 0) ++first;
      }
    }
    return OkStatus();
  }

  OwnedFd fd_;
  std::atomic<bool> closed_ = false;
};

bool SetBlocking(int fd, bool blocking) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return false;
  return fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK) == 0;
}

bool SetNoDelay(int fd) {
  const int on = 1;
  return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0;
}

sockaddr_in LoopbackAddress(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// 0 or the error number of the attempt.
int WaitForConnect(int fd) {
  pollfd waiting = {fd, POLLOUT, 0};
  int ready = 0;
  do {
    ready = poll(&waiting, 1, kDialTimeoutMs);
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof(error);
  if (ready < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

StatusOr<std::unique_ptr<ByteStream>> Connect(const sockaddr* address, socklen_t size,
                                              const std::string& name) {
  OwnedFd fd(socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  int error = !fd.ok() ? errno : 0;
  if (error == 0 && connect(fd.get(), address, size) != 0) {
    error = errno == EINPROGRESS ? WaitForConnect(fd.get()) : errno;
  }
  if (error == 0 && !(SetBlocking(fd.get(), true) && SetNoDelay(fd.get()))) error = errno;
  if (error != 0) return Fail(kIo, Cat("connecting to ", name, ": ", Reason(error)));
  return std::make_unique<SocketStream>(std::move(fd));
}

class SocketListener : public Listener {
 public:
  /// `ipv6` may be none.
  SocketListener(OwnedFd ipv4, OwnedFd ipv6, uint16_t port)
      : fds_{std::move(ipv4), std::move(ipv6)}, port_(port) {}
  uint16_t port() const override { return port_; }
  bool has_ipv6() const override { return fds_[1].ok(); }

  StatusOr<std::unique_ptr<ByteStream>> Accept() override {
    for (;;) {
      const int ready = fds_[1].ok() ? WaitForEither() : fds_[0].get();
      OwnedFd fd(ready < 0 ? -1 : accept4(ready, nullptr, nullptr, SOCK_CLOEXEC));
      const int error = errno;
      if (closed_) return Fail(kCancelled, "the listener was closed");
      if (fd.ok() && SetBlocking(fd.get(), true) && SetNoDelay(fd.get())) {
        return std::make_unique<SocketStream>(std::move(fd));
      }
      // A peer that gave up before it was accepted concerns that peer only.
      if (fd.ok() || error == EINTR || error == ECONNABORTED || error == EPROTO ||
          error == EAGAIN) {
        continue;
      }
      return Fail(kIo, Cat("accepting on port ", port_, ": ", Reason(error)));
    }
  }

  void Close() override {
    closed_ = true;
    for (const OwnedFd& fd : fds_) {
      if (fd.ok()) shutdown(fd.get(), SHUT_RDWR);
    }
  }

 private:
  /// The socket at which somebody waits (or that was shut down), the two in turn; below 0 with
  /// errno when waiting failed.
  int WaitForEither() {
    std::array<pollfd, 2> waiting = {
        {{fds_[first_].get(), POLLIN, 0}, {fds_[1 - first_].get(), POLLIN, 0}}};
    if (poll(waiting.data(), waiting.size(), -1) < 0) return -1;
    first_ = 1 - first_;
    return waiting[0].revents != 0 ? waiting[0].fd : waiting[1].fd;
  }

  std::array<OwnedFd, 2> fds_;
  size_t first_ = 0;
  uint16_t port_;
  std::atomic<bool> closed_ = false;
};

/// Binds and listens; an invalid descriptor with errno when it can't.
OwnedFd ListenAt(const sockaddr* address, socklen_t size, int flags) {
  OwnedFd fd(socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!fd.ok()) return fd;
  const int on = 1;
  const bool only_ipv6 = address->sa_family != AF_INET6 ||
                         setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0;
  if (setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 || !only_ipv6 ||
      bind(fd.get(), address, size) != 0 || listen(fd.get(), kBacklog) != 0) {
    const int error = errno;
    fd = OwnedFd(-1);
    errno = error;
  }
  return fd;
}

/// 0 with errno when it can't be asked.
uint16_t PortOf(const OwnedFd& fd) {
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.sin_port);
}

OwnedFd ListenIpv4(uint16_t port, int flags) {
  const sockaddr_in address = LoopbackAddress(port);
  return ListenAt(reinterpret_cast<const sockaddr*>(&address), sizeof(address), flags);
}

OwnedFd ListenIpv6(uint16_t port, int flags) {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = in6addr_loopback;
  return ListenAt(reinterpret_cast<const sockaddr*>(&address), sizeof(address), flags);
}

Status CannotListen(uint16_t port) {
  return Fail(kIo, Cat("listening on port ", port, ": ", Reason(errno)));
}

}  // namespace

StatusOr<std::unique_ptr<ByteStream>> DialLoopback(uint16_t port) {
  const sockaddr_in address = LoopbackAddress(port);
  return Connect(reinterpret_cast<const sockaddr*>(&address), sizeof(address),
                 Cat("127.0.0.1:", port));
}

StatusOr<std::unique_ptr<ByteStream>> Dial(const std::string& host, uint16_t port) {
  const std::string name = Cat(host, ":", port);
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = AF_UNSPEC;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return Fail(kIo, Cat("looking up ", name, ": ", gai_strerror(error)));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  Status last = Fail(kIo, Cat("looking up ", name, ": no address"));
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    auto stream = Connect(at->ai_addr, at->ai_addrlen, name);
    if (stream.ok()) return stream;
    last = stream.status();
  }
  return last;
}

StatusOr<std::unique_ptr<Listener>> Listener::Loopback(uint16_t port) {
  OwnedFd fd = ListenIpv4(port, 0);
  const uint16_t bound = fd.ok() ? PortOf(fd) : 0;
  if (bound == 0) return CannotListen(port);
  return std::make_unique<SocketListener>(std::move(fd), OwnedFd(-1), bound);
}

StatusOr<std::unique_ptr<Listener>> Listener::LocalHost() {
  for (int i = 0; i < kPortTriesMax; ++i) {
    OwnedFd ipv4 = ListenIpv4(0, SOCK_NONBLOCK);
    const uint16_t port = ipv4.ok() ? PortOf(ipv4) : 0;
    if (port == 0) return CannotListen(0);
    OwnedFd ipv6 = ListenIpv6(port, SOCK_NONBLOCK);
    // Without the address nobody else can listen there either.
    const bool absent = !ipv6.ok() && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT);
    if (absent && !SetBlocking(ipv4.get(), true)) return CannotListen(port);
    if (ipv6.ok() || absent) {
      return std::make_unique<SocketListener>(std::move(ipv4), std::move(ipv6), port);
    }
    if (errno != EADDRINUSE) return CannotListen(port);
  }
  return Fail(kIo,
              Cat("no port is free on both 127.0.0.1 and ::1, after ", kPortTriesMax, " tries"));
}

StatusOr<std::pair<int, int>> SocketPair() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0) {
    return Fail(kIo, Cat("making a socket pair: ", Reason(errno)));
  }
  return std::pair<int, int>(fds[0], fds[1]);
}

std::unique_ptr<ByteStream> StreamFromFd(int fd) {
  SetBlocking(fd, true);
  return std::make_unique<SocketStream>(OwnedFd(fd));
}

}  // namespace soteria::base
