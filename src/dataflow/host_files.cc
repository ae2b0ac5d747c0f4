#include "src/dataflow/host_files.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <utility>

#include "soteria/host.pb.h"
#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/policy/path.h"

namespace soteria::dataflow {

using base::Cat;
using base::Fail;

namespace {

/// What a sequential reader is given beyond its first request; doubled with each further one.
constexpr uint64_t kAheadBytesFirst = uint64_t{1} << 20;
constexpr size_t kTemporaryNameBytes = 8;

std::string PathOf(const std::string& root, const std::string& name) {
  return Cat(root, "/", name);
}

Status LocalOnly(const std::string& root) {
  return Fail(base::kUnsupported, Cat("only local files can do that: ", root));
}

Status HostClosed() { return Fail(base::kIo, "the connection to the host has ended"); }

Status OutcomeOf(const host::FileReply& reply, const std::string& path) {
  switch (reply.outcome()) {
    case host::FILE_OK:
      return base::OkStatus();
    case host::FILE_NOT_FOUND:
      return Fail(base::kPathNotFound, Cat("Path does not exist: ", path));
    case host::FILE_EXISTS:
      return Fail(base::kPathExists, Cat("Path already exists: ", path));
    case host::FILE_UNSUPPORTED:
      return Fail(base::kUnsupported, Cat("this cluster's host has no file system for ",
                                          policy::SchemeOf(path), ": (", path, ")"));
    default:
      return Fail(base::kIo, Cat("the host's file system failed at ", path));
  }
}

}  // namespace

/// Requests that wait for their answers.
class HostFiles::Calls {
 public:
  Calls(HostLink& link, int64_t answer_ms) : link_(link), answer_ms_(answer_ms) {}

  /// Sends it; Wait or Forget must follow.
  StatusOr<uint64_t> Start(host::FileRequest request) {
    uint64_t id = 0;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (closed_) return HostClosed();
      id = next_++;
      waiting_.try_emplace(id);
    }
    request.set_request(id);
    const Status sent = link_.Send(host::FILE_REQUEST, id, request.SerializeAsString());
    if (sent.ok()) return id;
    Forget(id);
    return sent;
  }

  StatusOr<host::FileReply> Wait(uint64_t id, const std::string& path) {
    std::unique_lock<std::mutex> lock(mutex_);
    answered_.wait_for(lock, std::chrono::milliseconds(answer_ms_),
                       [&] { return closed_ || waiting_[id].has_value(); });
    std::optional<host::FileReply> reply = std::move(waiting_[id]);
    waiting_.erase(id);
    if (reply.has_value()) {
      lock.unlock();
      SOTERIA_RETURN_IF_ERROR(OutcomeOf(*reply, path));
      return *std::move(reply);
    }
    if (closed_) return HostClosed();
    return Fail(base::kIo,
                Cat("the host didn't answer within ", answer_ms_, " ms for the file ", path));
  }

  void Forget(uint64_t id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.erase(id);
  }

  StatusOr<host::FileReply> Call(host::FileRequest request) {
    const std::string path = request.path();
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t id, Start(std::move(request)));
    return Wait(id, path);
  }

  StatusOr<host::FileReply> Call(host::FileVerb verb, const std::string& path) {
    host::FileRequest request;
    request.set_verb(verb);
    request.set_path(path);
    return Call(std::move(request));
  }

  bool OnFrame(const base::Frame& frame) {
    host::FileReply reply;
    if (frame.kind != host::FILE_REPLY || !reply.ParseFromString(frame.payload)) return false;
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto call = waiting_.find(reply.request());
    // Too late, never asked for, or again: nothing (I8).
    if (call == waiting_.end() || call->second.has_value()) return true;
    call->second = std::move(reply);
    answered_.notify_all();
    return true;
  }

  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    answered_.notify_all();
  }

 private:
  HostLink& link_;
  const int64_t answer_ms_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::map<uint64_t, std::optional<host::FileReply>> waiting_;
  uint64_t next_ = 1;
  bool closed_ = false;
};

/// Ranges of one file, several at once, and the bytes behind the last one for a reader that goes on
/// from there.
class HostFiles::Readable : public base::ReadableFile {
 public:
  Readable(Calls& calls, std::string path, uint64_t size)
      : calls_(calls), path_(std::move(path)), size_(size) {}

  uint64_t size() const override { return size_; }

  StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    if (offset >= size_) return size_t{0};
    out = out.first(static_cast<size_t>(std::min<uint64_t>(out.size(), size_ - offset)));
    const size_t known = TakeAhead(offset, out);
    if (known < out.size()) {
      SOTERIA_RETURN_IF_ERROR(Fetch(offset + known, out.subspan(known)));
    }
    return out.size();
  }

 private:
  struct Range {
    uint64_t call;
    uint64_t at;
    size_t bytes;
  };

  size_t TakeAhead(uint64_t offset, std::span<char> out) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (offset < ahead_at_ || offset - ahead_at_ >= ahead_.size()) return 0;
    const auto from = static_cast<size_t>(offset - ahead_at_);
    const size_t bytes = std::min(out.size(), ahead_.size() - from);
    std::memcpy(out.data(), ahead_.data() + from, bytes);
    return bytes;
  }

  /// Where a fetch of [offset, offset + bytes) ends: further on when the reader is sequential.
  uint64_t PlanEnd(uint64_t offset, size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    window_ = offset == next_
                  ? std::min<uint64_t>(kFileRangeBytesMax, std::max(kAheadBytesFirst, 2 * window_))
                  : 0;
    next_ = std::min(size_, offset + std::max<uint64_t>(bytes, window_));
    return next_;
  }

  Status Fetch(uint64_t offset, std::span<char> out) {
    const uint64_t end = PlanEnd(offset, out.size());
    std::deque<Range> asked;
    Status status = base::OkStatus();
    for (uint64_t at = offset, got = offset; status.ok() && got < end;) {
      if (at < end && asked.size() < kFileRangesInFlightMax) {
        const auto bytes = static_cast<size_t>(std::min<uint64_t>(kFileRangeBytesMax, end - at));
        status = Ask(at, bytes, asked);
        at += bytes;
        continue;
      }
      const Range range = asked.front();
      asked.pop_front();
      status = Take(range, offset, out);
      got += range.bytes;
    }
    for (const Range& range : asked) calls_.Forget(range.call);
    return status;
  }

  Status Ask(uint64_t at, size_t bytes, std::deque<Range>& asked) {
    host::FileRequest request;
    request.set_verb(host::FILE_READ);
    request.set_path(path_);
    request.set_offset(at);
    request.set_length(bytes);
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t call, calls_.Start(std::move(request)));
    asked.push_back({call, at, bytes});
    return base::OkStatus();
  }

  /// `out` begins at `offset`; what lies behind it is kept.
  Status Take(const Range& range, uint64_t offset, std::span<char> out) {
    SOTERIA_ASSIGN_OR_RETURN(host::FileReply reply, calls_.Wait(range.call, path_));
    std::string bytes = std::move(*reply.mutable_bytes());
    if (bytes.size() != range.bytes) {  // I9: the range lies within the file's size
      return Fail(base::kIntegrity, Cat("the host answered with ", bytes.size(), " of ",
                                        range.bytes, " bytes at ", range.at, " of ", path_));
    }
    const auto place = static_cast<size_t>(range.at - offset);
    const size_t wanted = place < out.size() ? std::min(bytes.size(), out.size() - place) : 0;
    if (wanted > 0) std::memcpy(out.data() + place, bytes.data(), wanted);
    if (wanted == bytes.size()) return base::OkStatus();
    bytes.erase(0, wanted);
    const std::lock_guard<std::mutex> lock(mutex_);
    ahead_at_ = range.at + wanted;
    ahead_ = std::move(bytes);
    return base::OkStatus();
  }

  Calls& calls_;
  const std::string path_;
  const uint64_t size_;
  std::mutex mutex_;
  uint64_t next_ = ~uint64_t{0};  // where the last fetch ended
  uint64_t window_ = 0;           // of a sequential reader
  uint64_t ahead_at_ = 0;
  std::string ahead_;
};

class HostFiles::Writable : public base::WritableFile {
 public:
  Writable(Calls& calls, std::string path) : calls_(calls), path_(std::move(path)) {}

  ~Writable() override {
    if (closed_) return;
    host::FileRequest request;
    request.set_verb(host::FILE_CLOSE);
    request.set_path(path_);
    // Nobody waits: the host gives up what it holds, and nothing names the file.
    const StatusOr<uint64_t> call = calls_.Start(std::move(request));
    if (call.ok()) calls_.Forget(*call);
  }

  Status Append(std::string_view bytes) override {
    if (closed_) return Fail(base::kIo, Cat("written after it was closed: ", path_));
    while (pending_.size() + bytes.size() >= kFileRangeBytesMax) {
      const size_t fits = kFileRangeBytesMax - pending_.size();
      pending_.append(bytes.substr(0, fits));
      bytes.remove_prefix(fits);
      SOTERIA_RETURN_IF_ERROR(Flush());
    }
    pending_.append(bytes);
    return base::OkStatus();
  }

  /// The host has it all; it promises durability with Close only.
  Status Sync() override { return Flush(); }

  Status Close() override {
    if (closed_) return base::OkStatus();
    SOTERIA_RETURN_IF_ERROR(Flush());
    SOTERIA_RETURN_IF_ERROR(calls_.Call(host::FILE_CLOSE, path_));
    closed_ = true;
    return base::OkStatus();
  }

 private:
  Status Flush() {
    SOTERIA_RETURN_IF_ERROR(failed_);
    if (pending_.empty()) return base::OkStatus();
    host::FileRequest request;
    request.set_verb(host::FILE_APPEND);
    request.set_path(path_);
    request.set_bytes(std::exchange(pending_, {}));
    failed_ = calls_.Call(std::move(request)).status();  // a gap can't be filled later
    return failed_;
  }

  Calls& calls_;
  const std::string path_;
  std::string pending_;
  Status failed_ = base::OkStatus();
  bool closed_ = false;
};

class HostFiles::Locks {
 public:
  bool Take(const std::string& path) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return held_.insert(path).second;
  }
  void Give(const std::string& path) {
    const std::lock_guard<std::mutex> lock(mutex_);
    held_.erase(path);
  }

 private:
  std::mutex mutex_;
  std::set<std::string> held_;
};

class HostFiles::HeldLock : public base::FileLock {
 public:
  HeldLock(std::shared_ptr<Locks> locks, std::string path)
      : locks_(std::move(locks)), path_(std::move(path)) {}
  ~HeldLock() override { locks_->Give(path_); }

 private:
  const std::shared_ptr<Locks> locks_;
  const std::string path_;
};

HostFiles::HostFiles(HostLink& link, base::Random& random, int64_t answer_ms)
    : calls_(std::make_unique<Calls>(link, answer_ms)),
      locks_(std::make_shared<Locks>()),
      random_(random) {}

HostFiles::~HostFiles() = default;

bool HostFiles::OnFrame(const base::Frame& frame) { return calls_->OnFrame(frame); }

void HostFiles::Close() { calls_->Close(); }

StatusOr<std::unique_ptr<base::ReadableFile>> HostFiles::Open(
    const std::string& root, const std::string& name, std::optional<uint64_t> expected_size) {
  std::string path = PathOf(root, name);
  SOTERIA_ASSIGN_OR_RETURN(const host::FileReply reply, calls_->Call(host::FILE_SIZE, path));
  if (expected_size.has_value() && reply.size() != *expected_size) {
    return Fail(base::kIntegrity, Cat(path, " has ", reply.size(), " bytes, not ", *expected_size));
  }
  return std::make_unique<Readable>(*calls_, std::move(path), reply.size());
}

StatusOr<std::unique_ptr<base::WritableFile>> HostFiles::Create(const std::string& root,
                                                                const std::string& name, int) {
  std::string path = PathOf(root, name);
  SOTERIA_RETURN_IF_ERROR(calls_->Call(host::FILE_CREATE, path));
  return std::make_unique<Writable>(*calls_, std::move(path));
}

StatusOr<std::string> HostFiles::ReadAll(const std::string& root, const std::string& name,
                                         uint64_t max_bytes) {
  const std::string path = PathOf(root, name);
  std::string all;
  while (true) {
    host::FileRequest request;
    request.set_verb(host::FILE_READ);
    request.set_path(path);
    request.set_offset(all.size());
    request.set_length(kFileRangeBytesMax);
    SOTERIA_ASSIGN_OR_RETURN(host::FileReply reply, calls_->Call(std::move(request)));
    const std::string& bytes = reply.bytes();
    if (bytes.size() > kFileRangeBytesMax) {
      return Fail(base::kIntegrity, Cat("the host answered with more than was asked for: ", path));
    }
    if (bytes.size() > max_bytes - all.size()) {
      return Fail(base::kIntegrity, Cat(path, " has more than ", max_bytes, " bytes"));
    }
    if (all.empty()) {
      all = std::move(*reply.mutable_bytes());
      if (all.size() < kFileRangeBytesMax) return all;
    } else {
      all += bytes;
      if (bytes.size() < kFileRangeBytesMax) return all;
    }
  }
}

Status HostFiles::WriteAtomically(const std::string& root, const std::string& name,
                                  std::string_view bytes, int mode) {
  std::string unique(kTemporaryNameBytes, '\0');
  SOTERIA_RETURN_IF_ERROR(random_.Fill({reinterpret_cast<uint8_t*>(unique.data()), unique.size()}));
  const size_t slash = name.rfind('/');
  const size_t leaf = slash == std::string::npos ? 0 : slash + 1;
  const std::string temporary =
      Cat(name.substr(0, leaf), ".", name.substr(leaf), ".", base::Hex(unique), ".tmp");
  const auto write = [&]() -> Status {
    SOTERIA_ASSIGN_OR_RETURN(const std::unique_ptr<base::WritableFile> file,
                             Create(root, temporary, mode));
    SOTERIA_RETURN_IF_ERROR(file->Append(bytes));
    return file->Close();
  };
  Status status = write();
  if (status.ok()) status = Rename(root, temporary, name);
  if (!status.ok()) Remove(root, temporary).IgnoreError();
  return status;
}

Status HostFiles::Rename(const std::string& root, const std::string& from, const std::string& to) {
  host::FileRequest request;
  request.set_verb(host::FILE_RENAME);
  request.set_path(PathOf(root, from));
  request.set_to(PathOf(root, to));
  return calls_->Call(std::move(request)).status();
}

Status HostFiles::Remove(const std::string& root, const std::string& name) {
  return calls_->Call(host::FILE_REMOVE, PathOf(root, name)).status();
}

StatusOr<bool> HostFiles::Exists(const std::string& root, const std::string& name) {
  const Status found = calls_->Call(host::FILE_SIZE, PathOf(root, name)).status();
  if (base::Is(found, base::kPathNotFound)) return false;
  SOTERIA_RETURN_IF_ERROR(found);
  return true;
}

Status HostFiles::MakeDirs(const std::string&) { return base::OkStatus(); }

StatusOr<std::unique_ptr<base::FileLock>> HostFiles::Lock(const std::string& root,
                                                          const std::string& name) {
  std::string path = PathOf(root, name);
  if (!locks_->Take(path)) {
    return Fail(base::kConflict, Cat("another thread holds ", path));
  }
  return std::make_unique<HeldLock>(locks_, std::move(path));
}

StatusOr<std::unique_ptr<base::WritableFile>> HostFiles::OpenForAppend(const std::string& root,
                                                                       const std::string&, int) {
  return LocalOnly(root);
}

StatusOr<std::string> HostFiles::ReadKernelFile(const std::string& root, const std::string&,
                                                uint64_t) {
  return LocalOnly(root);
}

Status HostFiles::WriteKernelFile(const std::string& root, const std::string&, std::string_view) {
  return LocalOnly(root);
}

}  // namespace soteria::dataflow
