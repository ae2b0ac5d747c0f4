#include "src/master/storage_catalog.h"

#include <utility>

#include "arrow/type.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/master/data_behind.h"
#include "src/policy/path.h"
#include "src/storage/dataset.h"
#include "src/table/types.h"

namespace soteria::master {
namespace {

std::shared_ptr<arrow::Schema> TextSchema() {
  return arrow::schema({arrow::field("value", arrow::utf8())});
}

base::Status NoDataFiles(const std::string& path, const std::string& format) {
  return base::Fail(
      kCannotInferSchema,
      base::Cat("Unable to infer schema for ", format == "parquet" ? "Parquet" : "text", " at ",
                path, ": it holds no data files. It must be specified manually."));
}

}  // namespace

base::Status PathNotFound(const std::string& path) {
  return base::Fail(base::kPathNotFound, base::Cat("Path does not exist: ", path, "."));
}

base::StatusOr<TreeTable> TableIn(const storage::Tree& tree, const std::string& folder,
                                  const plan::ReadOptions& options) {
  return TableOfFolder(tree.List(folder), folder, options,
                       [&tree](const std::string& file) { return tree.PlainBytes(file); });
}

base::StatusOr<std::shared_ptr<arrow::Schema>> SchemaOfTable(const storage::Tree& tree,
                                                             const TreeTable& table,
                                                             const plan::ReadOptions& options) {
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Schema> schema,
                           tree.ParquetSchema(table.headers.front()));
  for (size_t i = 1; options.merge_schema && i < table.headers.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const auto next, tree.ParquetSchema(table.headers[i]));
    SOTERIA_ASSIGN_OR_RETURN(schema, MergeSchemas(*schema, *next));
  }
  return WithKeys(*schema, table.keys);
}

base::StatusOr<plan::Source> StorageCatalog::Resolve(const std::string& path,
                                                     const std::string& format,
                                                     const plan::ReadOptions& options) {
  if (format != "parquet" && format != "text") {
    return base::Fail(base::kUnsupported, base::Cat("read format '", format,
                                                    "' is not supported: use parquet or text"));
  }
  SOTERIA_ASSIGN_OR_RETURN(policy::Readable readable, gate_.MayRead(path));
  SOTERIA_ASSIGN_OR_RETURN(auto root, roots_.Open(readable));
  if (root->opened.index.kind == storage::RootKind::kTree) {
    return OfTree(readable, format, options);
  }
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
                                                    const std::string& format,
                                                    const plan::ReadOptions& options) {
  SOTERIA_ASSIGN_OR_RETURN(storage::Tree tree, roots_.OpenTree(readable));
  if (!tree.Exists(readable.relative)) return PathNotFound(readable.path);
  plan::ReadOptions below = options;
  if (options.base.has_value()) {
    SOTERIA_ASSIGN_OR_RETURN(const policy::Readable base, gate_.MayRead(*options.base));
    if (base.root != readable.root || !policy::IsWithin(readable.path, base.path)) {
      return base::Fail(base::kIllegalArgument,
                        base::Cat("basePath '", base.path, "' must be a folder above '",
                                  readable.path, "' in the same root"));
    }
    below.base = base.relative;
  }
  // By names alone, which a script knows; how large files are, and so which hold rows, is data.
  SOTERIA_ASSIGN_OR_RETURN(const TreeTable named,
                           TableOfFolder(tree.List(readable.relative), readable.relative, below,
                                         [](const std::string&) { return uint64_t{1}; }));
  if (named.files.empty()) return NoDataFiles(readable.path, format);
  return output_.Handle(output_.Run(
      [&](const InsideKey& key) { return SourceOfTree(key, tree, readable, format, below); }));
}

base::StatusOr<plan::Source> StorageCatalog::SourceOfTree(const InsideKey&,
                                                          const storage::Tree& tree,
                                                          const policy::Readable& readable,
                                                          const std::string& format,
                                                          const plan::ReadOptions& options) {
  SOTERIA_ASSIGN_OR_RETURN(TreeTable table, TableIn(tree, readable.relative, options));
  if (table.files.empty()) return NoDataFiles(readable.path, format);
  plan::Source source;
  source.partitions = table.files.size();
  std::vector<const storage::FileEntry*> entries;
  for (const std::string& file : table.files) {
    entries.push_back(tree.Find(file));
    source.bytes += entries.back()->size;
  }
  if (format == "text") {
    SOTERIA_ASSIGN_OR_RETURN(source.schema, WithKeys(*TextSchema(), table.keys));
  } else {
    SOTERIA_ASSIGN_OR_RETURN(source.schema, SchemaOfTable(tree, table, options));
  }
  dataflow::TreeSource where;
  where.root = tree.root();
  where.id = tree.index().index.id;
  where.version = tree.index().index.version;
  where.index = tree.index().digest;
  where.format = format;
  where.origins = OriginsOf(where.id, entries);
  where.files = std::move(table.files);
  SOTERIA_ASSIGN_OR_RETURN(where.schema, table::SparkSchemaJson(*source.schema));
  for (const auto& key : table.keys) where.keys.push_back(key->name());
  where.values = std::move(table.values);
  source.where = std::move(where);
  base::FieldWriter asked;
  asked.Add(readable.relative).AddBool(options.merge_schema).AddBool(options.recursive);
  source.asked = asked.Add(options.base.value_or("")).AddBool(options.base.has_value()).Take();
  return source;
}

}  // namespace soteria::master
