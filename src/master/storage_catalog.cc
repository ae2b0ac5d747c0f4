#include "src/master/storage_catalog.h"

#include <utility>

#include "arrow/type.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/storage/dataset.h"

namespace soteria::master {
namespace {

std::shared_ptr<arrow::Schema> TextSchema() {
  return arrow::schema({arrow::field("value", arrow::utf8())});
}

}  // namespace

base::Status PathNotFound(const std::string& path) {
  return base::Fail(base::kPathNotFound, base::Cat("Path does not exist: ", path, "."));
}

std::vector<std::string> DataFiles(const storage::Tree& tree, const std::string& folder) {
  std::vector<std::string> files;
  for (std::string& file : tree.List(folder)) {
    const size_t slash = file.rfind('/');
    const char first = file[slash == std::string::npos ? 0 : slash + 1];
    if (first != '_' && first != '.') files.push_back(std::move(file));
  }
  return files;
}

base::StatusOr<plan::Source> StorageCatalog::Resolve(const std::string& path,
                                                     const std::string& format) {
  auto source = ResolveUngated(path, format);
  if (!source.ok()) return output_.Permit(source.status());
  return source;
}

base::StatusOr<plan::Source> StorageCatalog::ResolveUngated(const std::string& path,
                                                            const std::string& format) {
  if (format != "parquet" && format != "text") {
    return base::Fail(base::kUnsupported, base::Cat("read format '", format,
                                                    "' is not supported: use parquet or text"));
  }
  SOTERIA_ASSIGN_OR_RETURN(policy::Readable readable, gate_.MayRead(path));
  SOTERIA_ASSIGN_OR_RETURN(auto root, roots_.Open(readable));
  if (root->opened.index.kind == storage::RootKind::kTree) return OfTree(readable, *root, format);
  if (!readable.relative.empty()) return PathNotFound(readable.path);
  if (format != "parquet") {
    return base::Fail(base::kUnsupported,
                      base::Cat("'", readable.path, "' is a data set: read it with read.parquet"));
  }
  plan::Source source;
  SOTERIA_ASSIGN_OR_RETURN(source.schema, storage::SchemaOf(root->opened.index));
  source.partitions = root->opened.index.files.size();
  for (const auto& file : root->opened.index.files) source.bytes += file.size;
  source.where = dataflow::DatasetSource{
      root->path, root->id, root->opened.index.version, root->opened.digest, {}};
  return source;
}

base::StatusOr<plan::Source> StorageCatalog::OfTree(const policy::Readable& readable,
                                                    const Root& root, const std::string& format) {
  SOTERIA_ASSIGN_OR_RETURN(storage::Tree tree, roots_.OpenTree(readable));
  if (!tree.Exists(readable.relative)) return PathNotFound(readable.path);
  dataflow::TreeSource where;
  where.root = root.path;
  where.id = root.id;
  where.version = tree.index().index.version;
  where.index = tree.index().digest;
  where.format = format;
  where.files = DataFiles(tree, readable.relative);
  if (where.files.empty()) {
    return base::Fail(base::kAnalysis,
                      base::Cat("Unable to infer schema for ", format, " at ", readable.path,
                                ": it holds no data files. It must be specified manually."));
  }
  plan::Source source;
  source.partitions = where.files.size();
  for (const std::string& file : where.files) source.bytes += tree.Find(file)->size;
  if (format == "text") {
    source.schema = TextSchema();
  } else {
    SOTERIA_ASSIGN_OR_RETURN(source.schema, tree.ParquetSchema(where.files.front()));
  }
  source.where = std::move(where);
  return source;
}

}  // namespace soteria::master
