#include "src/client/roots_file.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::client {
namespace {

namespace fs = std::filesystem;

constexpr size_t kIdBytes = 8;
constexpr char kSuffix[] = ".pem";

// "PID-HEX.pem": the process, or 0 for a name that is none of ours.
pid_t ProcessOf(std::string_view name) {
  pid_t pid = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
  const bool ours = parsed.ec == std::errc() && parsed.ptr != name.data() + name.size() &&
                    *parsed.ptr == '-' && name.ends_with(kSuffix);
  return ours ? pid : 0;
}

// Files of processes that are no more. What can't be removed stays: it says nothing to anybody.
void RemoveStale(Owner& owner, const std::string& folder) {
  std::error_code error;
  std::vector<std::string> stale;
  for (fs::directory_iterator it(folder, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    std::string name = it->path().filename().string();
    const pid_t pid = ProcessOf(name);
    if (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH) stale.push_back(std::move(name));
  }
  for (const std::string& name : stale) owner.files.Remove(folder, name).IgnoreError();
}

base::Status MakePrivate(const std::string& folder) {
  if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return base::Fail(base::kIo, base::Cat("cannot make the folder ", folder));
  }
  struct stat found {};
  if (::lstat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode) ||
      found.st_uid != ::geteuid() || (found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return base::Fail(base::kInput,
                      base::Cat(folder,
                                " must be a folder of yours that nobody else can enter "
                                "(mode 0700); remove it or change its mode"));
  }
  return base::OkStatus();
}

base::StatusOr<std::string> ReadRoots(Owner& owner, const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);  // distributions keep links there
  if (error) return base::Fail(base::kPathNotFound, base::Cat("no file ", path));
  auto [folder, name] = SplitPath(real.string());
  return owner.files.ReadAll(folder, name, kRootsBytesMax);
}

base::StatusOr<std::string> OtherRoots(Owner& owner, const std::string& theirs,
                                       const std::vector<std::string>& system) {
  if (!theirs.empty()) {
    base::StatusOr<std::string> roots = ReadRoots(owner, theirs);
    if (roots.ok()) return roots;
    return base::Fail(base::kInput, base::Cat("cannot read the roots that ", kRootsVariable,
                                              " names: ", base::Message(roots.status())));
  }
  for (const std::string& path : system) {
    base::StatusOr<std::string> roots = ReadRoots(owner, path);
    if (roots.ok()) return roots;
  }
  return std::string();
}

}  // namespace

std::vector<std::string> RootsFile::SystemRoots() {
  return {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
          "/etc/ssl/ca-bundle.pem", "/etc/pki/tls/cacert.pem",
          "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"};
}

RootsFile::RootsFile(Owner& owner, std::string folder, std::string name, bool has_others)
    : owner_(owner), folder_(std::move(folder)), name_(std::move(name)), has_others_(has_others) {}

RootsFile::~RootsFile() { owner_.files.Remove(folder_, name_).IgnoreError(); }

std::string RootsFile::path() const { return base::Cat(folder_, "/", name_); }

base::StatusOr<std::unique_ptr<RootsFile>> RootsFile::Write(
    Owner& owner, std::string_view certificate_pem, const std::string& theirs,
    const std::vector<std::string>& system) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string others, OtherRoots(owner, theirs, system));
  const std::string folder = owner.home.endpoint_dir();
  SOTERIA_RETURN_IF_ERROR(owner.files.MakeDirs(owner.home.dir));
  SOTERIA_RETURN_IF_ERROR(MakePrivate(folder));
  RemoveStale(owner, folder);
  std::array<uint8_t, kIdBytes> id;
  SOTERIA_RETURN_IF_ERROR(owner.random.Fill(id));
  const std::string_view id_bytes(reinterpret_cast<const char*>(id.data()), id.size());
  std::string name = base::Cat(::getpid(), "-", base::Hex(id_bytes), kSuffix);
  const std::string text =
      base::Cat(certificate_pem, certificate_pem.ends_with('\n') ? "" : "\n", others);
  SOTERIA_RETURN_IF_ERROR(owner.files.WriteAtomically(folder, name, text, 0600));
  return std::unique_ptr<RootsFile>(new RootsFile(owner, folder, std::move(name), !others.empty()));
}

}  // namespace soteria::client
