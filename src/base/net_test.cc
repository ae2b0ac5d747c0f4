#include "src/base/net.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::base {
namespace {

std::string ReadToEnd(ByteStream& stream) {
  std::string all;
  char piece[1000];
  for (;;) {
    const auto got = stream.Read(piece);
    if (!got.ok() || *got == 0) return all;
    all.append(piece, *got);
  }
}

TEST(Net, DialAndAccept) {
  const auto listener = Listener::Loopback(0);
  ASSERT_TRUE(listener.ok());
  ASSERT_NE((*listener)->port(), 0);
  for (const bool by_name : {false, true}) {
    auto near =
        by_name ? Dial("localhost", (*listener)->port()) : DialLoopback((*listener)->port());
    ASSERT_TRUE(near.ok()) << Message(near.status());
    auto far = (*listener)->Accept();
    ASSERT_TRUE(far.ok());
    EXPECT_TRUE((*near)->Write("hello").ok());
    (*near)->Close();
    EXPECT_EQ(ReadToEnd(**far), "hello");
  }
}

/// A socket of somebody else's that asks for the port at the address, as a server restarting would.
int BindAt(int family, uint16_t port) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in6 six = {};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  six.sin6_addr = in6addr_loopback;
  sockaddr_in four = {};
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int bound = family == AF_INET6 ? bind(fd, reinterpret_cast<sockaddr*>(&six), sizeof(six))
                                       : bind(fd, reinterpret_cast<sockaddr*>(&four), sizeof(four));
  if (bound == 0 && listen(fd, 1) == 0) return fd;
  close(fd);
  return -1;
}

bool HasIpv6() {
  const int fd = BindAt(AF_INET6, 0);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

TEST(Net, LocalHostIsBothAddressesOrTheOnlyOne) {
  const auto listener = Listener::LocalHost();
  ASSERT_TRUE(listener.ok()) << Message(listener.status());
  const uint16_t port = (*listener)->port();
  EXPECT_EQ((*listener)->has_ipv6(), HasIpv6());
  EXPECT_FALSE((*Listener::Loopback(0))->has_ipv6());
  for (const int family : {AF_INET, AF_INET6}) {
    if (family == AF_INET6 && !HasIpv6()) continue;
    EXPECT_LT(BindAt(family, port), 0) << "somebody else answers at the port";
    auto near = Dial(family == AF_INET6 ? "::1" : "127.0.0.1", port);
    ASSERT_TRUE(near.ok()) << Message(near.status());
    auto far = (*listener)->Accept();
    ASSERT_TRUE(far.ok());
    EXPECT_TRUE((*far)->Write("hello").ok());
    (*far)->Close();
    EXPECT_EQ(ReadToEnd(**near), "hello");
  }
  std::thread closer([&] { (*listener)->Close(); });
  EXPECT_TRUE(Is((*listener)->Accept().status(), kCancelled));
  closer.join();
}

// Ports that somebody has at ::1 only are no use; many such must not make it give up or share one.
TEST(Net, LocalHostTakesNoPortThatSomebodyHasAtOneAddress) {
  if (!HasIpv6()) GTEST_SKIP() << "no ::1 on this machine";
  std::vector<int> taken;
  for (int i = 0; i < 200; ++i) taken.push_back(BindAt(AF_INET6, 0));
  for (int i = 0; i < 20; ++i) {
    const auto listener = Listener::LocalHost();
    ASSERT_TRUE(listener.ok()) << Message(listener.status());
    EXPECT_TRUE((*listener)->has_ipv6());
    EXPECT_LT(BindAt(AF_INET6, (*listener)->port()), 0);
  }
  for (const int fd : taken) close(fd);
}

TEST(Net, AnUnansweredPortIsNamed) {
  const auto listener = Listener::Loopback(0);
  const uint16_t port = (*listener)->port();
  const auto second = Listener::Loopback(port);
  EXPECT_TRUE(Is(second.status(), kIo));
  EXPECT_NE(Message(second.status()).find(Cat("port ", port)), std::string::npos);
}

TEST(Net, DiallingNobodyFails) {
  uint16_t port = 0;
  {
    const auto listener = Listener::Loopback(0);
    port = (*listener)->port();
  }
  const auto stream = DialLoopback(port);
  EXPECT_TRUE(Is(stream.status(), kIo));
  EXPECT_NE(Message(stream.status()).find(Cat("127.0.0.1:", port)), std::string::npos);
  EXPECT_TRUE(Is(Dial("no-such-host.invalid", 1).status(), kIo));
}

TEST(Net, CloseEndsAWaitingAccept) {
  const auto listener = Listener::Loopback(0);
  std::thread closer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    (*listener)->Close();
  });
  EXPECT_TRUE(Is((*listener)->Accept().status(), kCancelled));
  closer.join();
  EXPECT_TRUE(Is((*listener)->Accept().status(), kCancelled));
}

TEST(Net, CloseEndsAWaitingRead) {
  const auto fds = SocketPair();
  const auto near = StreamFromFd(fds->first);
  const auto far = StreamFromFd(fds->second);
  std::thread closer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    near->Close();
  });
  char out[1];
  EXPECT_EQ(*near->Read(out), 0U);
  closer.join();
  EXPECT_EQ(*far->Read(out), 0U);
  EXPECT_TRUE(Is(far->Write("x"), kIo));  // and no SIGPIPE
}

TEST(Net, HalfCloseLeavesTheOtherDirection) {
  const auto fds = SocketPair();
  const auto near = StreamFromFd(fds->first);
  const auto far = StreamFromFd(fds->second);
  EXPECT_TRUE(near->Write("question").ok());
  EXPECT_TRUE(near->CloseWrite().ok());
  EXPECT_EQ(ReadToEnd(*far), "question");
  EXPECT_TRUE(far->Write("answer").ok());
  far->Close();
  EXPECT_EQ(ReadToEnd(*near), "answer");
}

TEST(Net, PairIsNonBlockingAndStreamsBlock) {
  const auto fds = SocketPair();
  EXPECT_NE(fcntl(fds->first, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(fds->first, F_GETFD) & FD_CLOEXEC, 0);
  const auto near = StreamFromFd(fds->first);
  EXPECT_EQ(fcntl(fds->first, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(fds->second, F_GETFL) & O_NONBLOCK, 0);
  close(fds->second);
}

TEST(Net, ManyPartsArriveInOrder) {
  const auto fds = SocketPair();
  const auto near = StreamFromFd(fds->first);
  const auto far = StreamFromFd(fds->second);
  std::vector<std::string> pieces;
  std::string expected;
  for (size_t i = 0; i < 40; ++i) {
    pieces.push_back(std::string(i * 3001 % 70'000, static_cast<char>('a' + i % 26)));
    expected += pieces.back();
  }
  const std::vector<std::string_view> parts(pieces.begin(), pieces.end());
  std::thread writer([&] {
    EXPECT_TRUE(near->WriteParts(parts).ok());
    near->Close();
  });
  EXPECT_EQ(ReadToEnd(*far), expected);
  writer.join();
}

TEST(Net, StreamsHaveNoDelay) {
  // The lowest free descriptors are ours: look at every TCP socket of this process.
  const auto listener = Listener::Loopback(0);
  const auto near = DialLoopback((*listener)->port());
  const auto far = (*listener)->Accept();
  ASSERT_TRUE(near.ok() && far.ok());
  int with_peer = 0;
  for (int fd = 0; fd < 256; ++fd) {
    sockaddr_in peer = {};
    socklen_t size = sizeof(peer);
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (peer.sin_family != AF_INET) continue;
    int on = 0;
    socklen_t on_size = sizeof(on);
    ASSERT_EQ(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &on_size), 0);
    EXPECT_NE(on, 0);
    ++with_peer;
  }
  EXPECT_GE(with_peer, 2);
}

/// A stream that has only what it must have.
class PlainStream : public ByteStream {
 public:
  StatusOr<size_t> Read(std::span<char>) override { return size_t{0}; }
  Status Write(std::string_view bytes) override {
    written += bytes;
    return OkStatus();
  }
  void Close() override {}
  std::string written;
};

TEST(ByteStream, Defaults) {
  PlainStream stream;
  const std::string_view parts[] = {"a", "", "bc"};
  EXPECT_TRUE(stream.WriteParts(parts).ok());
  EXPECT_EQ(stream.written, "abc");
  EXPECT_TRUE(Is(stream.CloseWrite(), kUnsupported));
}

}  // namespace
}  // namespace soteria::base
