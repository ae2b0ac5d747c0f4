#include "src/dataflow/host_files_for_test.h"

#include <utility>

#include "soteria/host.pb.h"
#include "src/base/errors.h"

namespace soteria::dataflow {
namespace {

using Lie = FileHostForTest::Lie;

void Distort(Lie lie, host::FileReply& reply) {
  std::string& bytes = *reply.mutable_bytes();
  switch (lie) {
    case Lie::kShort:
      if (!bytes.empty()) bytes.pop_back();
      break;
    case Lie::kLong:
      bytes += 'x';
      break;
    case Lie::kFlip:
      if (!bytes.empty()) bytes[bytes.size() / 2] ^= 1;
      break;
    case Lie::kWrongRequest:
      reply.set_request(reply.request() + 1000);
      break;
    case Lie::kUnsupported:
      reply.set_outcome(host::FILE_UNSUPPORTED);
      break;
    case Lie::kFailed:
      reply.set_outcome(host::FILE_FAILED);
      break;
    case Lie::kNoOutcome:
      reply.clear_outcome();
      break;
    case Lie::kNone:
    case Lie::kSilent:
    case Lie::kTwice:
      break;
  }
}

}  // namespace

void FileHostForTest::SetLie(Lie lie, std::string about) {
  const std::lock_guard<std::mutex> lock(mutex_);
  lie_ = lie;
  about_ = std::move(about);
}

std::string FileHostForTest::Stored(const std::string& path) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = stored_.find(path);
  return found == stored_.end() ? "(none)" : found->second;
}

void FileHostForTest::Store(const std::string& path, std::string bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  stored_[path] = std::move(bytes);
}

void FileHostForTest::Erase(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  stored_.erase(path);
}

std::vector<std::string> FileHostForTest::Paths() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : stored_) paths.push_back(path);
  return paths;
}

std::vector<std::pair<uint64_t, uint64_t>> FileHostForTest::TakeReads() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(reads_, {});
}

size_t FileHostForTest::open_files() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return created_.size();
}

Status FileHostForTest::Send(uint8_t kind, uint64_t, std::string_view payload) {
  host::FileRequest request;
  if (kind != host::FILE_REQUEST || !request.ParseFromString(std::string(payload))) {
    return base::Fail(base::kProtocol, "not a file request");
  }
  host::FileReply reply;
  reply.set_request(request.request());
  reply.set_outcome(host::FILE_OK);
  Lie lie = Lie::kNone;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (request.path().find(about_) != std::string::npos) lie = lie_;
    const auto found = stored_.find(request.path());
    const bool known = found != stored_.end();
    const auto missing = [&] { reply.set_outcome(host::FILE_NOT_FOUND); };
    switch (request.verb()) {
      case host::FILE_READ:
        if (!known) missing();
        if (known && request.offset() <= found->second.size()) {
          reply.set_bytes(found->second.substr(request.offset(), request.length()));
        }
        reads_.emplace_back(request.offset(), request.length());
        break;
      case host::FILE_SIZE:
        known ? reply.set_size(found->second.size()) : missing();
        break;
      case host::FILE_CREATE:
        if (known) reply.set_outcome(host::FILE_EXISTS);
        if (!known) stored_[request.path()];
        if (!known) created_.insert(request.path());
        break;
      case host::FILE_APPEND:
        created_.contains(request.path()) ? (void)(found->second += request.bytes()) : missing();
        break;
      case host::FILE_CLOSE:
        if (created_.erase(request.path()) == 0) missing();
        break;
      case host::FILE_RENAME:
        known ? (void)(stored_[request.to()] = std::exchange(found->second, {})) : missing();
        stored_.erase(request.path());
        break;
      case host::FILE_REMOVE:
        if (stored_.erase(request.path()) == 0) missing();
        break;
      default:
        reply.set_outcome(host::FILE_FAILED);
    }
  }
  if (lie == Lie::kSilent) return base::OkStatus();
  Distort(lie, reply);
  files_.OnFrame({host::FILE_REPLY, 0, reply.SerializeAsString()});
  if (lie != Lie::kTwice) return base::OkStatus();
  Distort(Lie::kFlip, reply);
  files_.OnFrame({host::FILE_REPLY, 0, reply.SerializeAsString()});
  return base::OkStatus();
}

}  // namespace soteria::dataflow
