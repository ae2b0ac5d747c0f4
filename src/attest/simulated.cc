#include "src/attest/simulated.h"

#ifdef SOTERIA_SIMULATED

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"

namespace soteria::attest {
namespace {

constexpr std::string_view kMeasurementLabel = "soteria/1 simulated measurement";
constexpr size_t kReadBytes = size_t{1} << 20;
constexpr size_t kMapsBytesMax = size_t{16} << 20;

std::string SignedBytes(std::string_view measurement, std::string_view report_data) {
  base::FieldWriter fields;
  fields.Add(TeeKindName(TeeKind::kSimulated)).Add(measurement).Add(report_data);
  return fields.Take();
}

base::Status Refuse(std::string_view why) {
  return base::Fail(base::kEvidence, base::Cat("simulated evidence: ", why));
}

struct FilePath {
  std::string folder;
  std::string name;
};

base::StatusOr<FilePath> SplitPath(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (!path.starts_with('/') || slash + 1 == path.size()) {
    return base::Fail(base::kIo, base::Cat("measurement: no absolute file name: ", path));
  }
  return FilePath{std::string(path.substr(0, std::max<size_t>(slash, 1))),
                  std::string(path.substr(slash + 1))};
}

base::StatusOr<base::Digest> FileDigest(base::Files& files, const FilePath& path) {
  SOTERIA_ASSIGN_OR_RETURN(const auto file, files.Open(path.folder, path.name, std::nullopt));
  if (file->size() > kMappedFileBytesMax) {
    return base::Fail(base::kIo, base::Cat("measurement: ", path.name, " is too large"));
  }
  crypto::Sha256Stream stream;
  std::string buffer(kReadBytes, '\0');
  uint64_t offset = 0;
  while (offset < file->size()) {
    SOTERIA_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(offset, buffer));
    if (got == 0) {
      return base::Fail(base::kIo, base::Cat("measurement: ", path.name, " shrank meanwhile"));
    }
    stream.Update(std::string_view(buffer).substr(0, got));
    offset += got;
  }
  return stream.Finish();
}

// The next blank-separated word of a line of /proc/PID/maps.
std::string_view TakeWord(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

}  // namespace

SimulatedSource::SimulatedSource(crypto::IdentityKey cluster_key, const base::Digest& measurement)
    : cluster_key_(std::move(cluster_key)), measurement_(measurement) {}

base::StatusOr<Evidence> SimulatedSource::Get(std::string_view report_data64) {
  if (report_data64.size() != kReportDataBytes) {
    return Refuse(base::Cat("report data must have ", kReportDataBytes, " bytes"));
  }
  const std::string signed_bytes = SignedBytes(base::View(measurement_), report_data64);
  SOTERIA_ASSIGN_OR_RETURN(const std::string signature, cluster_key_.Sign(signed_bytes));
  base::FieldWriter quote;
  quote.Add(base::View(measurement_))
      .Add(report_data64)
      .Add(cluster_key_.public_der())
      .Add(signature);
  return Evidence{TeeKind::kSimulated, quote.Take()};
}

base::StatusOr<Claims> VerifySimulated(std::string_view quote, const Endorsements& endorsements) {
  base::FieldReader reader(quote);
  const auto measurement = reader.Next();
  const auto report_data = measurement.ok() ? reader.Next() : measurement;
  const auto signer = report_data.ok() ? reader.Next() : report_data;
  const auto signature = signer.ok() ? reader.Next() : signer;
  if (!signature.ok() || !reader.AtEnd()) return Refuse("malformed quote");
  const auto digest = base::ToDigest(*measurement);
  if (!digest.ok()) return Refuse("a measurement of another size than 32 bytes");
  if (report_data->size() != kReportDataBytes) return Refuse("report data of another size");

  Claims claims;
  claims.kind = TeeKind::kSimulated;
  claims.measurement = *digest;
  claims.report_data = std::string(*report_data);
  claims.signer = std::string(*signer);
  const auto& keys = endorsements.simulated_keys;
  if (std::find(keys.begin(), keys.end(), claims.signer) == keys.end()) {
    return Refuse("signed by a key that isn't endorsed");
  }
  const base::Status verdict =
      crypto::VerifySignature(claims.signer, SignedBytes(*measurement, *report_data), *signature);
  if (!verdict.ok()) return Refuse("the signature doesn't verify");
  return claims;
}

base::StatusOr<std::vector<std::string>> MappedFiles(std::string_view maps) {
  std::vector<std::string> found;
  while (!maps.empty()) {
    const size_t end = std::min(maps.find('\n'), maps.size());
    std::string_view line = maps.substr(0, end);
    maps.remove_prefix(std::min(end + 1, maps.size()));
    TakeWord(line);  // addresses
    const std::string_view permissions = TakeWord(line);
    for (int skipped = 0; skipped < 3; ++skipped) TakeWord(line);  // offset, device, inode
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (permissions.find('x') == std::string_view::npos || line.empty()) continue;
    if (line.starts_with('[')) continue;  // [vdso]: the kernel's
    if (!line.starts_with('/') || line.ends_with(" (deleted)")) {
      return base::Fail(base::kIo, base::Cat("measurement: mapped code without its file: ", line));
    }
    found.emplace_back(line);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  if (found.size() > kMappedFilesMax) {
    return base::Fail(base::kIo, base::Cat("measurement: more than ", kMappedFilesMax, " files"));
  }
  return found;
}

base::StatusOr<base::Digest> Measure(base::Files& files, const std::string& program,
                                     const std::vector<std::string>& libraries) {
  SOTERIA_ASSIGN_OR_RETURN(const FilePath program_path, SplitPath(program));
  SOTERIA_ASSIGN_OR_RETURN(const base::Digest program_digest, FileDigest(files, program_path));
  std::vector<std::pair<std::string, base::Digest>> measured;
  for (const std::string& library : libraries) {
    SOTERIA_ASSIGN_OR_RETURN(const FilePath path, SplitPath(library));
    SOTERIA_ASSIGN_OR_RETURN(const base::Digest digest, FileDigest(files, path));
    measured.emplace_back(path.name, digest);
  }
  std::sort(measured.begin(), measured.end());
  base::FieldWriter fields;
  fields.Add(kMeasurementLabel).Add(base::View(program_digest));
  for (const auto& [name, digest] : measured) fields.Add(name).Add(base::View(digest));
  return crypto::Sha256(fields.bytes());
}

base::StatusOr<base::Digest> MeasureSelf(base::Files& files) {
  std::error_code error;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", error).string();
  if (error) return base::Fail(base::kIo, "measurement: can't read /proc/self/exe");
  SOTERIA_ASSIGN_OR_RETURN(const std::string maps,
                           files.ReadKernelFile("/proc/self", "maps", kMapsBytesMax));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<std::string> mapped, MappedFiles(maps));
  if (std::erase(mapped, program) == 0) {
    return base::Fail(base::kIo, "measurement: the running program isn't among its own mappings");
  }
  return Measure(files, program, mapped);
}

}  // namespace soteria::attest

#endif  // SOTERIA_SIMULATED
