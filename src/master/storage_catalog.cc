#include "src/master/storage_catalog.h"

#include <algorithm>
#include <set>
#include <utility>

#include "arrow/type.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/crypto/hash.h"
#include "src/formats/formats.h"
#include "src/formats/orc_read.h"
#include "src/master/data_behind.h"
#include "src/master/file_parts.h"
#include "src/policy/glob_path.h"
#include "src/policy/path.h"
#include "src/storage/dataset.h"
#include "src/storage/tree.h"
#include "src/table/conditions.h"
#include "src/table/conform.h"
#include "src/table/types.h"

namespace soteria::master {
namespace {

constexpr size_t kPassesMax = 4;
constexpr size_t kMatchesMax = 100'000;  // paths that a pattern finds

std::string NameOf(const std::string& format) {
  if (format == "parquet") return "Parquet";
  if (format == "text") return "text";
  return base::Upper(format);
}

base::Status NoDataFiles(const std::string& path, const std::string& format) {
  return base::Fail(kCannotInferSchema,
                    base::Cat("Unable to infer schema for ", NameOf(format), " at ", path,
                              ": it holds no data files. It must be specified manually."));
}

/// Of one ORC file; nullptr of one without columns.
base::StatusOr<std::shared_ptr<arrow::Schema>> OrcSchemaOf(const storage::Tree& tree,
                                                           const std::string& file) {
  SOTERIA_ASSIGN_OR_RETURN(const auto plain, tree.OpenPlain(file));
  auto schema = formats::OrcSchema(*plain);
  if (schema.ok() || !base::Is(schema.status(), table::kFailedReadFile)) return schema;
  return storage::InFile(
      base::FailQuotingData(table::kCannotReadFooter, base::Message(schema.status())), file);
}

/// The columns that the table's ORC files have as one, or the first that has any.
base::StatusOr<std::shared_ptr<arrow::Schema>> SchemaOfOrc(const storage::Tree& tree,
                                                           const TreeTable& table, bool merge_all) {
  std::shared_ptr<arrow::Schema> schema;
  for (const std::string& file : table.files) {
    SOTERIA_ASSIGN_OR_RETURN(auto next, OrcSchemaOf(tree, file));
    if (next == nullptr) continue;
    if (schema == nullptr) {
      schema = std::move(next);
    } else {
      SOTERIA_ASSIGN_OR_RETURN(schema, MergeSchemas(*schema, *next));
    }
    if (!merge_all) break;
  }
  return schema;
}

/// Spark unpacks files by their names; of these, gzip is done here.
base::Status NotPacked(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    for (const char* const end : {".bz2", ".deflate", ".lz4", ".snappy", ".zst", ".zstd"}) {
      if (!file.ends_with(end)) continue;
      return base::NotSupported(base::Cat("Reading packed files (", end, ")"));
    }
  }
  return base::OkStatus();
}

/// The paths of the tree below `folder` that fit the pattern, ascending; hidden ones only where the
/// pattern's part is the name itself, as nothing else asks for them.
base::StatusOr<std::vector<std::string>> Matches(const storage::Tree& tree,
                                                 const std::string& folder,
                                                 const std::vector<std::string>& parts) {
  if (parts.empty()) return std::vector<std::string>{folder};
  std::set<std::string> found;
  const size_t cut = folder.empty() ? 0 : folder.size() + 1;
  for (const std::string& file : tree.List(folder)) {
    if (file.size() <= cut) continue;
    size_t from = cut;
    size_t end = cut;
    bool fits = true;
    for (const std::string& part : parts) {
      if (from > file.size()) fits = false;
      if (!fits) break;
      end = std::min(file.find('/', from), file.size());
      fits = policy::MatchesPart(part, std::string_view(file).substr(from, end - from));
      from = end + 1;
    }
    if (fits) found.insert(file.substr(0, end));
    if (found.size() > kMatchesMax) {
      return base::Fail(base::kIllegalArgument, "a pattern of a path finds too many");
    }
  }
  return std::vector<std::string>(found.begin(), found.end());
}

/// Gives the keys the types that a script gave; its other columns, which Spark reads as nullable.
base::StatusOr<arrow::FieldVector> TypeKeys(const arrow::Schema& given,
                                            std::vector<std::shared_ptr<arrow::Field>>* keys) {
  arrow::FieldVector others;
  for (const auto& field : given.fields()) {
    const auto key = std::find_if(keys->begin(), keys->end(), [&](const auto& one) {
      return base::EqualIgnoringCase(one->name(), field->name());
    });
    if (key == keys->end()) {
      others.push_back(table::Nullable(field));
      continue;
    }
    switch (field->type()->id()) {
      case arrow::Type::INT32:
      case arrow::Type::INT64:
      case arrow::Type::DOUBLE:
      case arrow::Type::DATE32:
      case arrow::Type::STRING:
        *key = arrow::field((*key)->name(), field->type());
        break;
      default:
        return base::NotSupported(
            base::Cat("The partition column `", field->name(), "` as ", table::TypeName(*field)));
    }
  }
  return others;
}

/// The columns that a script gave, then those of the keys that it didn't name.
base::StatusOr<std::shared_ptr<arrow::Schema>> GivenSchema(
    const arrow::Schema& given, std::vector<std::shared_ptr<arrow::Field>>* keys) {
  SOTERIA_ASSIGN_OR_RETURN(arrow::FieldVector fields, TypeKeys(given, keys));
  fields.insert(fields.end(), keys->begin(), keys->end());
  return arrow::schema(std::move(fields));
}

/// Whether each row is a line, or a record, that the owner put, and each value one of its: not
/// where the script says where rows and values end, or which texts are what.
bool RowsAreTheOwners(const plan::ReadOptions& options) {
  static constexpr std::string_view kHarmless[] = {
      "header",        "inferschema", "mode",       "enforceschema", "columnnameofcorruptrecord",
      "samplingratio", "numfeatures", "vectortype", "maxcolumns",    "maxcharspercolumn"};
  return std::all_of(options.reader.begin(), options.reader.end(), [](const auto& option) {
    return std::find(std::begin(kHarmless), std::end(kHarmless), option.first) !=
           std::end(kHarmless);
  });
}

/// Gives the source the table's files, as Spark plans them: the largest part first, and the first
/// record is taken from it. How many bytes there are in all.
base::StatusOr<uint64_t> LargestFirst(const storage::Tree& tree, const TreeTable& table,
                                      dataflow::TreeSource* where) {
  struct Part {
    size_t number;
    uint64_t bytes;
  };
  std::vector<Part> parts;
  uint64_t all = 0;
  for (size_t i = 0; i < table.files.size(); ++i) {
    const dataflow::FileRange range =
        table.ranges.empty() ? dataflow::FileRange{} : table.ranges[i];
    uint64_t bytes = range.end - range.begin;
    if (range.whole()) {
      SOTERIA_ASSIGN_OR_RETURN(bytes, tree.PlainBytes(table.files[i]));
    }
    parts.push_back({i, bytes});
    all += bytes;
  }
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Part& a, const Part& b) { return a.bytes > b.bytes; });
  for (const Part& part : parts) {
    where->files.push_back(table.files[part.number]);
    if (!table.ranges.empty()) where->ranges.push_back(table.ranges[part.number]);
  }
  return all;
}

/// Whether the reader makes the columns that aren't keys.
base::Status CheckColumns(const std::string& format, const std::string& reader,
                          const arrow::Schema& schema, const std::vector<std::string>& keys) {
  arrow::FieldVector own;
  for (const auto& field : schema.fields()) {
    if (std::find(keys.begin(), keys.end(), field->name()) == keys.end()) own.push_back(field);
  }
  return formats::CheckSchema(format, reader, *arrow::schema(std::move(own)));
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

base::StatusOr<plan::Source> StorageCatalog::Resolve(const std::vector<std::string>& paths,
                                                     const std::string& format,
                                                     const plan::ReadOptions& options) {
  SOTERIA_ASSIGN_OR_RETURN(plan::Source source, SourceOf(paths, format, options));
  source.weighed = gate_.MayOutput(policy::Output::kRows).ok();
  return source;
}

base::StatusOr<plan::Source> StorageCatalog::SourceOf(const std::vector<std::string>& paths,
                                                      const std::string& format,
                                                      const plan::ReadOptions& options) {
  if (format != "parquet" && !formats::IsReadable(format)) {
    return base::NotSupported(base::Cat("Reading the format ", format));
  }
  std::vector<policy::Readable> folders;
  std::vector<std::vector<std::string>> patterns;
  for (const std::string& path : paths) {
    SOTERIA_ASSIGN_OR_RETURN(std::vector<policy::GlobPath> globs, policy::SplitGlobs(path));
    for (policy::GlobPath& glob : globs) {
      SOTERIA_ASSIGN_OR_RETURN(policy::Readable folder, gate_.MayRead(glob.folder));
      folders.push_back(std::move(folder));
      patterns.push_back(std::move(glob.parts));
    }
  }
  const policy::Readable& first = folders.front();
  for (const policy::Readable& folder : folders) {
    if (folder.root == first.root) continue;
    return base::NotSupported("Reading paths of several roots of the Manifest as one table",
                              "a union of them");
  }
  SOTERIA_ASSIGN_OR_RETURN(auto root, roots_.Open(first));
  if (root->opened.index.kind == storage::RootKind::kTree) {
    return OfTree(folders, patterns, format, options);
  }
  if (!first.relative.empty() || !patterns.front().empty()) return PathNotFound(first.path);
  if (folders.size() > 1) return base::NotSupported("Reading a data set twice in one read");
  if (format != "parquet") {
    return base::Fail(base::kUnsupported,
                      base::Cat("'", first.path,
                                "' is a data set: read it with read.parquet, or seal its files as "
                                "they are, with `soteria put --tree`, to read them as ",
                                format));
  }
  plan::Source source;
  SOTERIA_ASSIGN_OR_RETURN(source.schema, storage::SchemaOf(root->opened.index));
  source.partitions = root->opened.index.files.size();
  for (const auto& file : root->opened.index.files) source.bytes += file.size;
  source.where = dataflow::DatasetSource{
      root->path, root->id, root->opened.index.version, root->opened.digest, {}};
  return source;
}

base::StatusOr<plan::Source> StorageCatalog::OfTree(
    const std::vector<policy::Readable>& folders,
    const std::vector<std::vector<std::string>>& patterns, const std::string& format,
    const plan::ReadOptions& options) {
  Asked asked{folders.front(), {}, format, options, "", folders.front().path};
  if (format != "parquet") {
    SOTERIA_ASSIGN_OR_RETURN(
        asked.reader,
        formats::EncodeReadOptions(format, options.reader, {options.zone, options.corrupt_column}));
  }
  SOTERIA_ASSIGN_OR_RETURN(storage::Tree tree, roots_.OpenTree(asked.root));
  for (size_t i = 0; i < folders.size(); ++i) {
    if (!patterns[i].empty()) SOTERIA_RETURN_IF_ERROR(output_.MayMatchNames(folders[i].path));
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<std::string> found,
                             Matches(tree, folders[i].relative, patterns[i]));
    const bool plain = patterns[i].empty();
    if (found.empty() || (plain && !tree.Exists(folders[i].relative))) {
      std::string path = folders[i].path;
      for (const std::string& part : patterns[i]) path += base::Cat("/", part);
      return PathNotFound(path);
    }
    for (const std::string& path : found) asked.paths.push_back({path, tree.List(path)});
  }
  if (options.base.has_value()) {
    SOTERIA_ASSIGN_OR_RETURN(const policy::Readable base, gate_.MayRead(*options.base));
    for (const policy::Readable& folder : folders) {
      if (base.root == folder.root && policy::IsWithin(folder.path, base.path)) continue;
      return base::Fail(base::kIllegalArgument,
                        base::Cat("basePath '", base.path, "' must be a folder above '",
                                  folder.path, "' in the same root"));
    }
    asked.options.base = base.relative;
  }
  // By names alone, which a script knows; how large files are, and so which hold rows, is data.
  SOTERIA_ASSIGN_OR_RETURN(
      const TreeTable named,
      TableOfPaths(asked.paths, asked.options, [](const std::string&) { return uint64_t{1}; }));
  if (named.files.empty()) return NoDataFiles(asked.shown, format);
  const bool text = !formats::SaysItsColumns(format);
  if (text) SOTERIA_RETURN_IF_ERROR(NotPacked(named.files));
  const auto work = [&](const InsideKey& key) { return SourceOfTree(key, tree, asked); };
  bool of_contents = text && options.schema == nullptr;
  if (of_contents) {
    SOTERIA_ASSIGN_OR_RETURN(const auto fixed, formats::FixedSchema(format, asked.reader));
    of_contents = fixed == nullptr;
  }
  if (!of_contents) return output_.Handle(output_.Run(work));
  // I3: a script that chooses how a file is read chooses what of it the schema shows.
  SOTERIA_RETURN_IF_ERROR(output_.MayShowContents(asked.shown));
  return output_.PermitContents(output_.Run(work));
}

base::StatusOr<std::shared_ptr<arrow::Schema>> StorageCatalog::SchemaOfContents(
    const InsideKey& key, const storage::Tree& tree, const Asked& asked, const TreeTable& table) {
  dataflow::TreeSource where;
  where.root = tree.root();
  where.id = tree.index().index.id;
  where.version = tree.index().index.version;
  where.index = tree.index().digest;
  where.format = asked.format;
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t bytes, LargestFirst(tree, table, &where));
  base::FieldWriter name;
  name.Add(where.id).Add(base::View(where.index)).Add(where.format).Add(asked.reader);
  for (const std::string& file : where.files) name.Add(file);
  for (const dataflow::FileRange& range : where.ranges) name.AddU64(range.begin).AddU64(range.end);
  const base::Digest digest = crypto::Sha256(name.bytes());
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (const auto known = schemas_.find(digest); known != schemas_.end()) return known->second;
  }
  if (run_ == nullptr) return base::Fail(base::kInternal, "a catalog that runs no stages");
  SOTERIA_ASSIGN_OR_RETURN(formats::Pass pass, formats::FirstPass(asked.format, asked.reader));
  for (size_t passes = 0; passes < kPassesMax; ++passes) {
    where.pass = formats::EncodePass(pass);
    dataflow::StageSpec stage;
    stage.terminal = dataflow::Terminal::kReduce;
    stage.kernel = {formats::kSchemaKernel, where.pass};
    stage.input_bytes = bytes;
    SOTERIA_ASSIGN_OR_RETURN(stage.recipe, dataflow::CheckedRecipe(where, {}, where.files.size()));
    SOTERIA_ASSIGN_OR_RETURN(const dataflow::StageResult result, run_(key, stage));
    SOTERIA_ASSIGN_OR_RETURN(formats::AfterPass after, formats::Finish(pass, result.root_partial));
    if (!after.next.has_value()) {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (schemas_.size() >= kSchemasKept) schemas_.clear();
      schemas_[digest] = after.schema;
      return after.schema;
    }
    pass = *std::move(after.next);
  }
  return base::Fail(base::kInternal, "the schema of files takes more passes than there are");
}

base::StatusOr<std::shared_ptr<arrow::Schema>> StorageCatalog::SchemaOf(const InsideKey& key,
                                                                        const storage::Tree& tree,
                                                                        const Asked& asked,
                                                                        const TreeTable& table) {
  if (asked.format == "parquet") return SchemaOfTable(tree, table, asked.options);
  if (asked.format == "orc") {
    SOTERIA_ASSIGN_OR_RETURN(const auto columns,
                             SchemaOfOrc(tree, table, asked.options.merge_schema));
    if (columns == nullptr) return NoDataFiles(asked.shown, asked.format);
    return WithKeys(*columns, table.keys);
  }
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Schema> schema,
                           formats::FixedSchema(asked.format, asked.reader));
  if (schema == nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(schema, SchemaOfContents(key, tree, asked, table));
  }
  for (const auto& field : schema->fields()) {
    for (const auto& column : table.keys) {
      if (base::Lower(column->name()) != base::Lower(field->name())) continue;
      return base::FailQuotingData(
          base::kUnsupported,
          base::Cat("the column `", field->name(),
                    "` is in the files and in the names of their folders, which is supported for "
                    "Parquet only"));
    }
  }
  return WithKeys(*schema, table.keys);
}

base::StatusOr<plan::Source> StorageCatalog::SourceOfTree(const InsideKey& key,
                                                          const storage::Tree& tree,
                                                          const Asked& asked) {
  const bool text = !formats::SaysItsColumns(asked.format);
  const bool given = asked.format != "parquet" && asked.options.schema != nullptr;
  // Who needs no file for its columns takes empty ones too, so that as many partitions are there as
  // names.
  SOTERIA_ASSIGN_OR_RETURN(TreeTable table,
                           TableOfPaths(asked.paths, asked.options,
                                        [&](const std::string& file) -> base::StatusOr<uint64_t> {
                                          if (text || given) return uint64_t{1};
                                          return tree.PlainBytes(file);
                                        }));
  if (table.files.empty()) return NoDataFiles(asked.shown, asked.format);
  plan::Source source;
  std::vector<const storage::FileEntry*> entries;
  for (const std::string& file : table.files) {
    entries.push_back(tree.Find(file));
    source.bytes += entries.back()->size;
  }
  if (text) {
    const bool rows = gate_.MayOutput(policy::Output::kRows).ok();
    const Cut cut{asked.format, asked.reader, asked.options.part_bytes, rows};
    SOTERIA_RETURN_IF_ERROR(CutFiles(tree, cut, &table));
  }
  source.partitions = table.files.size();
  if (given) {
    SOTERIA_ASSIGN_OR_RETURN(source.schema, GivenSchema(*asked.options.schema, &table.keys));
  } else {
    if (asked.options.schema != nullptr) {
      SOTERIA_RETURN_IF_ERROR(TypeKeys(*asked.options.schema, &table.keys).status());
    }
    SOTERIA_ASSIGN_OR_RETURN(source.schema, SchemaOf(key, tree, asked, table));
  }
  dataflow::TreeSource where;
  where.root = tree.root();
  where.id = tree.index().index.id;
  where.version = tree.index().index.version;
  where.index = tree.index().digest;
  where.format = asked.format;
  where.options = asked.reader;
  where.origins =
      text ? OriginsOfText(where.id, asked.format, entries) : OriginsOf(where.id, entries);
  if (text && !RowsAreTheOwners(asked.options)) where.origins.once = where.origins.stored = false;
  where.files = std::move(table.files);
  where.ranges = std::move(table.ranges);
  SOTERIA_ASSIGN_OR_RETURN(where.schema, table::SparkSchemaJson(*source.schema));
  for (const auto& column : table.keys) where.keys.push_back(column->name());
  where.values = std::move(table.values);
  if (text || given) {
    SOTERIA_RETURN_IF_ERROR(CheckColumns(asked.format, asked.reader, *source.schema, where.keys));
  }
  base::FieldWriter named;
  for (const TreePath& path : asked.paths) named.Add(path.path);
  named.AddBool(asked.options.merge_schema).AddBool(asked.options.recursive);
  named.Add(asked.options.base.value_or("")).AddBool(asked.options.base.has_value());
  if (asked.format != "parquet" || asked.options.schema != nullptr)
    named.Add(asked.reader).Add(where.schema);
  source.asked = named.Take();
  source.where = std::move(where);
  return source;
}

}  // namespace soteria::master
