#include "src/client/plain_folder.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/paths.h"

namespace soteria::client {
namespace {

namespace fs = std::filesystem;

constexpr size_t kTemporaryIdBytes = 8;

struct Found {
  std::string relative;
  fs::file_type type = fs::file_type::none;
  uint64_t size = 0;
};

base::Status CannotRead(const std::string& path) {
  return base::Fail(base::kInput, base::Cat("cannot read ", path));
}

// The entries directly in `folder`/`prefix`, of every kind.
base::Status ListOne(const std::string& folder, const std::string& prefix,
                     std::vector<Found>* out) {
  std::string path = prefix.empty() ? folder : base::Cat(folder, "/", prefix);
  std::error_code error;
  fs::directory_iterator it(path, error);
  if (error) return CannotRead(path);
  while (it != fs::directory_iterator()) {
    Found found;
    std::string name = it->path().filename().string();
    found.relative = prefix.empty() ? name : base::Cat(prefix, "/", name);
    found.type = it->symlink_status(error).type();
    if (error) return CannotRead(it->path().string());
    if (found.type == fs::file_type::regular) found.size = it->file_size(error);
    if (error) return CannotRead(it->path().string());
    out->push_back(std::move(found));
    if (out->size() > kPlainFilesMax) {
      return base::Fail(base::kInput,
                        base::Cat(folder, " has more than ", kPlainFilesMax, " files"));
    }
    it.increment(error);
    if (error) return CannotRead(path);
  }
  return base::OkStatus();
}

base::Status ListAll(const std::string& folder, const std::string& prefix, int depth,
                     std::vector<Found>* files) {
  if (depth > kPlainDepthMax) {
    return base::Fail(base::kInput,
                      base::Cat(folder, " is nested deeper than ", kPlainDepthMax, " folders"));
  }
  std::vector<Found> here;
  SOTERIA_RETURN_IF_ERROR(ListOne(folder, prefix, &here));
  for (Found& found : here) {
    if (found.type == fs::file_type::directory) {
      SOTERIA_RETURN_IF_ERROR(ListAll(folder, found.relative, depth + 1, files));
      continue;
    }
    if (found.type != fs::file_type::regular) {
      return base::Fail(
          base::kInput,
          base::Cat(folder, "/", found.relative, " is a ",
                    found.type == fs::file_type::symlink ? "symbolic link" : "special file",
                    "; a sealed tree takes regular files and folders only. Replace it by a copy "
                    "of what it stands for, or remove it"));
    }
    files->push_back(std::move(found));
    if (files->size() > kPlainFilesMax) {
      return base::Fail(base::kInput,
                        base::Cat(folder, " has more than ", kPlainFilesMax, " files"));
    }
  }
  return base::OkStatus();
}

// ".NAME.crc" beside "NAME" -> the relative path of NAME; "" for any other path.
std::string ChecksummedFile(const std::string& relative) {
  size_t slash = relative.rfind('/');
  size_t start = slash == std::string::npos ? 0 : slash + 1;
  std::string_view name = std::string_view(relative).substr(start);
  constexpr std::string_view kSuffix = ".crc";
  if (!name.starts_with('.') || !name.ends_with(kSuffix)) return "";
  if (name.size() <= 1 + kSuffix.size()) return "";
  name.remove_prefix(1);
  name.remove_suffix(kSuffix.size());
  return base::Cat(std::string_view(relative).substr(0, start), name);
}

void SortByPath(std::vector<PlainFile>& files) {
  std::sort(files.begin(), files.end(),
            [](const PlainFile& a, const PlainFile& b) { return a.relative < b.relative; });
}

}  // namespace

PathKind KindOf(const std::string& path) {
  std::error_code error;
  switch (fs::status(path, error).type()) {
    case fs::file_type::not_found:
      return PathKind::kMissing;
    case fs::file_type::regular:
      return PathKind::kFile;
    case fs::file_type::directory:
      return PathKind::kFolder;
    default:
      return PathKind::kOther;
  }
}

base::StatusOr<std::string> ResolvePlainPath(const std::string& path) {
  std::error_code error;
  fs::path resolved = fs::canonical(path, error);
  if (error) {
    return base::Fail(base::kPathNotFound,
                      base::Cat("Path does not exist, or can't be read: ", path));
  }
  return resolved.string();
}

base::StatusOr<std::vector<std::string>> NamesIn(const std::string& folder) {
  std::vector<Found> found;
  SOTERIA_RETURN_IF_ERROR(ListOne(folder, "", &found));
  std::vector<std::string> names;
  names.reserve(found.size());
  for (Found& entry : found) names.push_back(std::move(entry.relative));
  return names;
}

base::StatusOr<std::vector<PlainFile>> ListPlainTree(const std::string& folder, size_t* skipped) {
  std::vector<Found> found;
  SOTERIA_RETURN_IF_ERROR(ListAll(folder, "", 0, &found));
  std::set<std::string, std::less<>> names;
  for (const Found& file : found) names.insert(file.relative);
  std::vector<PlainFile> files;
  size_t left_out = 0;
  for (Found& file : found) {
    std::string of = ChecksummedFile(file.relative);
    if (!of.empty() && names.contains(of)) {
      ++left_out;
      continue;
    }
    files.push_back({std::move(file.relative), file.size});
  }
  if (skipped != nullptr) *skipped = left_out;
  SortByPath(files);
  return files;
}

base::StatusOr<std::vector<PlainFile>> ListParquetFolder(const std::string& folder) {
  std::vector<Found> found;
  SOTERIA_RETURN_IF_ERROR(ListOne(folder, "", &found));
  std::vector<PlainFile> files;
  for (Found& entry : found) {
    if (entry.relative.starts_with('_') || entry.relative.starts_with('.')) continue;
    std::string path = base::Cat(folder, "/", entry.relative);
    if (entry.type == fs::file_type::directory) {
      return base::Fail(base::kInput,
                        base::Cat(path,
                                  " is a folder within the table: put the whole with --tree, and "
                                  "read.parquet makes columns of names such as year=2023"));
    }
    if (entry.type != fs::file_type::regular || !entry.relative.ends_with(".parquet")) {
      return base::Fail(base::kInput,
                        base::Cat(path,
                                  " is not a regular .parquet file: put takes one CSV file, one "
                                  "Parquet file or a folder of Parquet files alone (join several "
                                  "CSV files into one; --tree keeps any folder file by file, for "
                                  "models and what read.parquet and read.text take)"));
    }
    files.push_back({std::move(entry.relative), entry.size});
  }
  if (files.empty()) {
    return base::Fail(base::kInput, base::Cat("there are no .parquet files in ", folder,
                                              " (use --tree for a folder of other files)"));
  }
  SortByPath(files);
  return files;
}

base::Status WriteNewFile(base::Files& files, const std::string& path, std::string_view bytes,
                          int mode) {
  auto [folder, name] = SplitPath(path);
  MadeFolders made(folder);
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<base::WritableFile> file,
                           files.Create(folder, name, mode));
  base::Status status = file->Append(bytes);
  if (status.ok()) status = file->Sync();
  if (status.ok()) status = file->Close();
  if (status.ok()) {
    made.Keep();
    return status;
  }
  file.reset();
  files.Remove(folder, name).IgnoreError();
  return status;
}

MadeFolders::MadeFolders(std::string path) : path_(std::move(path)), there_(path_.size()) {
  std::error_code error;
  while (there_ > 0 && !fs::exists(path_.substr(0, there_), error)) {
    const size_t slash = path_.rfind('/', there_ - 1);
    there_ = slash == std::string::npos ? 0 : slash;
  }
}

MadeFolders::~MadeFolders() {
  if (kept_) return;
  std::error_code error;  // a folder that isn't empty stays, and its parents
  for (size_t end = path_.size(); end > there_ && !error; end = path_.rfind('/', end - 1)) {
    fs::remove(path_.substr(0, end), error);
  }
}

base::StatusOr<NewFolder> NewFolder::At(base::Files& files, base::Random& random,
                                        const std::string& path) {
  PathKind kind = KindOf(path);
  std::error_code error;
  bool is_free =
      kind == PathKind::kMissing || (kind == PathKind::kFolder && fs::is_empty(path, error));
  if (!is_free || error) {
    return base::Fail(
        base::kPathExists,
        base::Cat(path, " exists and is not an empty folder; nothing is overwritten"));
  }
  std::array<uint8_t, kTemporaryIdBytes> id{};
  SOTERIA_RETURN_IF_ERROR(random.Fill(id));
  std::string_view view(reinterpret_cast<const char*>(id.data()), id.size());
  NewFolder folder(files, path, base::Cat(path, ".partial-", base::Hex(view)));
  SOTERIA_RETURN_IF_ERROR(files.MakeDirs(folder.root()));
  return folder;
}

NewFolder::NewFolder(NewFolder&& other) noexcept
    : files_(other.files_),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, "")),
      made_(std::move(other.made_)) {}

NewFolder::~NewFolder() {
  if (temporary_.empty()) return;
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);
}

base::Status NewFolder::Finish() {
  auto [parent, name] = SplitPath(path_);
  SOTERIA_RETURN_IF_ERROR(files_->Rename(parent, SplitPath(temporary_).second, name));
  temporary_.clear();
  made_->Keep();
  return base::OkStatus();
}

}  // namespace soteria::client
