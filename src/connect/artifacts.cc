#include "src/connect/artifacts.h"

#include <arrow/buffer.h>
#include <arrow/table.h>

#include <utility>

#include "spark/connect/base.pb.h"
#include "src/base/ascii.h"
#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"
#include "src/table/held_bytes.h"

namespace soteria::connect {
namespace {

namespace sc = spark::connect;

constexpr std::string_view kCache = "cache/";

base::Status NotAnnounced(std::string_view what) {
  return base::Fail(base::kIllegalArgument, base::Cat("The parts of an artifact ", what));
}

}  // namespace

bool Artifacts::Has(std::string_view name) const {
  if (!name.starts_with(kCache)) return false;
  const std::lock_guard lock(mutex_);
  return blobs_.contains(name.substr(kCache.size()));
}

Artifacts::Blob Artifacts::Find(const std::string& hash) const {
  const std::lock_guard lock(mutex_);
  const auto found = blobs_.find(hash);
  return found == blobs_.end() ? nullptr : found->second;
}

base::Status Artifacts::Admit(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > kArtifactBytesMax - bytes_) {
    return base::Fail(base::kMemoryLimit,
                      base::Cat("The local data of a session are larger than ", kArtifactBytesMax,
                                " bytes. Use `soteria put` and a path instead."));
  }
  if (blobs_.size() + coming_ >= kArtifactsMax) {
    return base::Fail(base::kMemoryLimit, base::Cat("The local data of a session are more than ",
                                                    kArtifactsMax, " artifacts"));
  }
  bytes_ += bytes;
  ++coming_;
  return base::OkStatus();
}

void Artifacts::Withdraw(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  bytes_ -= bytes;
  --coming_;
}

base::Status Artifacts::Add(const std::string& hash, std::string bytes) {
  const uint64_t size = bytes.size();
  const bool same = base::Hex(base::View(crypto::Sha256(bytes))) == hash;
  Blob blob = same ? arrow::Buffer::FromString(std::move(bytes)) : nullptr;
  const std::lock_guard lock(mutex_);
  --coming_;
  if (same && blobs_.emplace(hash, std::move(blob)).second) return base::OkStatus();
  bytes_ -= size;
  if (same) return base::OkStatus();
  return base::Fail(base::kIllegalArgument, "An artifact is not what the hash in its name says");
}

Artifacts::Table Artifacts::FindTable(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = tables_.find(name);
  return found == tables_.end() ? nullptr : found->second;
}

void Artifacts::KeepTable(const std::string& name, Table table) {
  const std::lock_guard lock(mutex_);
  const uint64_t bytes = table::HeldBytes(*table);
  if (tables_.size() >= kArtifactTablesMax || tables_bytes_ + bytes > kArtifactBytesMax) {
    tables_.clear();
    tables_bytes_ = 0;
  }
  if (tables_.emplace(name, std::move(table)).second) tables_bytes_ += bytes;
}

ArtifactReader::~ArtifactReader() {
  if (open_) artifacts_.Withdraw(announced_);
}

base::Status ArtifactReader::Begin(std::string_view name, uint64_t bytes) {
  if (open_) return NotAnnounced("are not whole before the next one begins");
  if (!name.starts_with(kCache)) {
    return base::Fail(base::kUnsupported,
                      "Artifacts (files, archives, Python modules) can't be added to an enclave: "
                      "no Python is part of the trusted code");
  }
  name.remove_prefix(kCache.size());
  if (!base::IsHex(name, 2 * base::Digest{}.size()) || base::Lower(name) != name) {
    return base::Fail(base::kIllegalArgument, "The name of an artifact is not a hash");
  }
  SOTERIA_RETURN_IF_ERROR(artifacts_.Admit(bytes));
  open_ = true;
  hash_ = name;
  announced_ = bytes;
  bytes_.reserve(bytes);
  return base::OkStatus();
}

base::Status ArtifactReader::Append(const sc::AddArtifactsRequest::ArtifactChunk& chunk,
                                    sc::AddArtifactsResponse* response) {
  if (!open_) return NotAnnounced("come without a beginning");
  if (chunk.data().size() > announced_ - bytes_.size()) return NotAnnounced("are too many");
  bytes_ += chunk.data();
  return --chunks_ > 0 ? base::OkStatus() : End(response);
}

base::Status ArtifactReader::End(sc::AddArtifactsResponse* response) {
  if (bytes_.size() != announced_) return NotAnnounced("are too few");
  open_ = false;
  SOTERIA_RETURN_IF_ERROR(artifacts_.Add(hash_, std::exchange(bytes_, {})));
  auto* summary = response->add_artifacts();
  summary->set_name(base::Cat(kCache, hash_));
  summary->set_is_crc_successful(true);
  return base::OkStatus();
}

base::Status ArtifactReader::Add(const sc::AddArtifactsRequest& request,
                                 sc::AddArtifactsResponse* response) {
  switch (request.payload_case()) {
    case sc::AddArtifactsRequest::kBatch:
      for (const auto& artifact : request.batch().artifacts()) {
        SOTERIA_RETURN_IF_ERROR(Begin(artifact.name(), artifact.data().data().size()));
        chunks_ = 1;
        SOTERIA_RETURN_IF_ERROR(Append(artifact.data(), response));
      }
      return base::OkStatus();
    case sc::AddArtifactsRequest::kBeginChunk: {
      const auto& begin = request.begin_chunk();
      if (begin.total_bytes() < 0 || begin.num_chunks() < 1) {
        return NotAnnounced("are fewer than one");
      }
      SOTERIA_RETURN_IF_ERROR(Begin(begin.name(), static_cast<uint64_t>(begin.total_bytes())));
      chunks_ = begin.num_chunks();
      return Append(begin.initial_chunk(), response);
    }
    case sc::AddArtifactsRequest::kChunk:
      return Append(request.chunk(), response);
    default:
      return base::Fail(base::kIllegalArgument, "An artifact of an unknown form");
  }
}

base::Status ArtifactReader::Finish() const {
  return open_ ? NotAnnounced("are too few") : base::OkStatus();
}

}  // namespace soteria::connect
