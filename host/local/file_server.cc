#include "host/local/file_server.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "soteria/host.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::host {
namespace {

constexpr int kFileMode = 0644;

FileOutcome OutcomeOf(const base::Status& status) {
  if (status.ok()) return FILE_OK;
  if (base::Is(status, base::kPathNotFound)) return FILE_NOT_FOUND;
  if (base::Is(status, base::kPathExists)) return FILE_EXISTS;
  if (base::Is(status, base::kUnsupported)) return FILE_UNSUPPORTED;
  return FILE_FAILED;
}

}  // namespace

base::StatusOr<ServedScheme> ParseServedScheme(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos || equals + 1 == text.size()) {
    return base::Fail(base::kInput, base::Cat("--serve-scheme takes SCHEME=DIR, not ", text));
  }
  return ServedScheme{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

FileServer::FileServer(base::Files& files, ServedScheme served)
    : files_(files), served_(std::move(served)) {}

std::string FileServer::Answer(std::string_view bytes) {
  FileRequest request;
  FileReply reply;
  base::Status status = base::Fail(base::kProtocol, "not a file request");
  if (request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    status = Serve(request, reply);
  }
  reply.set_request(request.request());
  reply.set_outcome(OutcomeOf(status));
  return reply.SerializeAsString();
}

base::StatusOr<std::string> FileServer::NameOf(const std::string& path) const {
  const std::string prefix = served_.scheme + "://";
  if (served_.scheme.empty() || !path.starts_with(prefix)) {
    return base::Fail(base::kUnsupported, "no file system for that scheme");
  }
  return path.substr(prefix.size());
}

base::Status FileServer::Serve(const FileRequest& request, FileReply& reply) {
  const std::string& root = served_.directory;
  SOTERIA_ASSIGN_OR_RETURN(const std::string name, NameOf(request.path()));
  switch (request.verb()) {
    case FILE_READ: {
      SOTERIA_ASSIGN_OR_RETURN(const auto file, files_.Open(root, name, std::nullopt));
      std::string bytes(std::min<uint64_t>(request.length(), kServedRangeBytesMax), '\0');
      SOTERIA_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(request.offset(), bytes));
      bytes.resize(got);
      reply.set_bytes(std::move(bytes));
      return base::OkStatus();
    }
    case FILE_SIZE: {
      SOTERIA_ASSIGN_OR_RETURN(const auto file, files_.Open(root, name, std::nullopt));
      reply.set_size(file->size());
      return base::OkStatus();
    }
    case FILE_CREATE:
      return Create(name);
    case FILE_APPEND:
      return Append(name, request.bytes());
    case FILE_CLOSE:
      return Close(name);
    case FILE_RENAME: {
      SOTERIA_ASSIGN_OR_RETURN(const std::string to, NameOf(request.to()));
      return files_.Rename(root, name, to);
    }
    case FILE_REMOVE:
      return files_.Remove(root, name);
    default:
      return base::Fail(base::kProtocol, "no such verb");
  }
}

base::Status FileServer::Create(const std::string& name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (created_.size() >= kServedFilesOpenMax) return base::Fail(base::kIo, "too many open files");
  SOTERIA_ASSIGN_OR_RETURN(auto file, files_.Create(served_.directory, name, kFileMode));
  created_[name] = std::move(file);
  return base::OkStatus();
}

base::Status FileServer::Append(const std::string& name, const std::string& bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = created_.find(name);
  if (found == created_.end()) return base::Fail(base::kPathNotFound, "not open for writing");
  return found->second->Append(bytes);
}

base::Status FileServer::Close(const std::string& name) {
  std::unique_ptr<base::WritableFile> file;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = created_.find(name);
    if (found == created_.end()) return base::Fail(base::kPathNotFound, "not open for writing");
    file = std::move(found->second);
    created_.erase(found);
  }
  SOTERIA_RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

}  // namespace soteria::host
