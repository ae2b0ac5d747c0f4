// The owner's own plaintext folders: what `put` reads and where `get` writes. Listing happens only
// here, on the owner's trusted machine; a sealed root is never listed. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/env.h"
#include "src/base/status.h"

namespace soteria::client {

inline constexpr size_t kPlainFilesMax = 200'000;
inline constexpr int kPlainDepthMax = 64;

enum class PathKind { kMissing, kFile, kFolder, kOther };

/// Follows symbolic links: the owner names the path.
PathKind KindOf(const std::string& path);

/// The path with symbolic links resolved; kPathNotFound when there is nothing.
base::StatusOr<std::string> ResolvePlainPath(const std::string& path);

/// What lies directly in a folder, of every kind.
base::StatusOr<std::vector<std::string>> NamesIn(const std::string& folder);

struct PlainFile {
  std::string relative;
  uint64_t size = 0;
};

/// Every regular file below `folder`, ascending by relative path. Symbolic links, devices and the
/// like are kInput: what they lead to isn't part of the folder. `skipped` (may be null) counts
/// Hadoop's checksum files (.NAME.crc beside NAME), which are left out: they repeat what the sealed
/// tree authenticates. Other names with a leading dot have no place in a sealed tree: kInput.
base::StatusOr<std::vector<PlainFile>> ListPlainTree(const std::string& folder, size_t* skipped);

/// The data files directly in a folder of Parquet files, ascending by name; as in Spark, names that
/// begin with '_' or '.' aren't data. kInput for folders within (a partitioned table), for other
/// files, and when there are none.
base::StatusOr<std::vector<PlainFile>> ListParquetFolder(const std::string& folder);

/// A new file with these bytes (kPathExists if there is one), on the disk when it returns; nothing
/// is left of it when that fails.
base::Status WriteNewFile(base::Files& files, const std::string& path, std::string_view bytes,
                          int mode);

/// Removes a folder again that somebody makes meanwhile, and the parents made with it, as far as
/// they are empty; unless Keep is called.
class MadeFolders {
 public:
  /// Before they are made.
  explicit MadeFolders(std::string path);
  MadeFolders(const MadeFolders&) = delete;
  MadeFolders& operator=(const MadeFolders&) = delete;
  ~MadeFolders();
  void Keep() { kept_ = true; }

 private:
  std::string path_;
  size_t there_ = 0;  // characters of the longest part that was there before
  bool kept_ = false;
};

/// A new folder that `get` fills: made beside the destination and renamed into place, so that
/// what is there is whole. Removed again unless Finish succeeded.
class NewFolder {
 public:
  /// kPathExists when `path` is a file or a folder that isn't empty.
  static base::StatusOr<NewFolder> At(base::Files& files, base::Random& random,
                                      const std::string& path);
  NewFolder(NewFolder&& other) noexcept;
  NewFolder& operator=(NewFolder&&) = delete;
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder();

  const std::string& root() const { return temporary_; }
  base::Status Finish();

 private:
  NewFolder(base::Files& files, std::string path, std::string temporary)
      : files_(&files),
        path_(std::move(path)),
        temporary_(std::move(temporary)),
        made_(std::make_unique<MadeFolders>(temporary_)) {}

  base::Files* files_;
  std::string path_;
  std::string temporary_;  // empty: moved from or finished
  std::unique_ptr<MadeFolders> made_;
};

}  // namespace soteria::client
