#include "src/dataflow/routed_files.h"

#include "src/policy/path.h"

namespace soteria::dataflow {

using base::Status;
using base::StatusOr;

base::Files& RoutedFiles::For(const std::string& root) const {
  return policy::IsLocal(root) ? local_ : host_;
}

StatusOr<std::unique_ptr<base::ReadableFile>> RoutedFiles::Open(
    const std::string& root, const std::string& name, std::optional<uint64_t> expected_size) {
  return For(root).Open(root, name, expected_size);
}

StatusOr<std::unique_ptr<base::WritableFile>> RoutedFiles::Create(const std::string& root,
                                                                  const std::string& name,
                                                                  int mode) {
  return For(root).Create(root, name, mode);
}

StatusOr<std::unique_ptr<base::WritableFile>> RoutedFiles::OpenForAppend(const std::string& root,
                                                                         const std::string& name,
                                                                         int mode) {
  return For(root).OpenForAppend(root, name, mode);
}

StatusOr<std::string> RoutedFiles::ReadAll(const std::string& root, const std::string& name,
                                           uint64_t max_bytes) {
  return For(root).ReadAll(root, name, max_bytes);
}

StatusOr<std::string> RoutedFiles::ReadKernelFile(const std::string& root, const std::string& name,
                                                  uint64_t max_bytes) {
  return For(root).ReadKernelFile(root, name, max_bytes);
}

Status RoutedFiles::WriteKernelFile(const std::string& root, const std::string& name,
                                    std::string_view bytes) {
  return For(root).WriteKernelFile(root, name, bytes);
}

Status RoutedFiles::WriteAtomically(const std::string& root, const std::string& name,
                                    std::string_view bytes, int mode) {
  return For(root).WriteAtomically(root, name, bytes, mode);
}

Status RoutedFiles::Rename(const std::string& root, const std::string& from,
                           const std::string& to) {
  return For(root).Rename(root, from, to);
}

Status RoutedFiles::Remove(const std::string& root, const std::string& name) {
  return For(root).Remove(root, name);
}

StatusOr<bool> RoutedFiles::Exists(const std::string& root, const std::string& name) {
  return For(root).Exists(root, name);
}

Status RoutedFiles::MakeDirs(const std::string& path) { return For(path).MakeDirs(path); }

StatusOr<std::unique_ptr<base::FileLock>> RoutedFiles::Lock(const std::string& root,
                                                            const std::string& name) {
  return For(root).Lock(root, name);
}

}  // namespace soteria::dataflow
