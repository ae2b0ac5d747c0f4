// keygen, put, get: the owner's key and data.
#include <memory>

#include "src/apps/soteria/commands.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/get.h"
#include "src/client/key_file.h"
#include "src/client/paths.h"
#include "src/client/put.h"
#include "src/client/run.h"
#include "src/client/stop_signals.h"

namespace soteria::apps {
namespace {

constexpr char kKeyHelp[] = "The user key's file (default: user.key in the state directory)";

// Decimal megabytes a second, one digit after the point.
std::string Speed(uint64_t bytes, int64_t took_ms) {
  uint64_t ms = took_ms < 1 ? 1 : static_cast<uint64_t>(took_ms);
  uint64_t tenths = bytes / 100 / ms;
  return base::Cat(tenths / 10, ".", tenths % 10, " MB/s");
}

base::StatusOr<storage::Compression> ParseCompression(const std::string& name) {
  if (name == "none") return storage::Compression::kNone;
  if (name == "zstd") return storage::Compression::kZstd;
  return storage::Compression::kSnappy;
}

struct PutArguments {
  std::string source, dest, key, compression = "snappy";
  std::optional<std::string> id, schema;
  std::optional<uint64_t> files;
  std::vector<std::string> tee_kinds;
  bool allow_simulated = false;
  bool tree = false;
  bool is_new = false;
};

base::StatusOr<int> DoPut(const Context& context, const PutArguments& arguments) {
  SOTERIA_ASSIGN_OR_RETURN(std::string dest,
                           client::StoragePath(arguments.dest, context.working_dir));
  client::PutOptions options;
  options.id_hex = arguments.id;
  options.files = arguments.files;
  options.schema_ddl = arguments.schema;
  options.allow_simulated = arguments.allow_simulated;
  options.tree = arguments.tree;
  options.is_new = arguments.is_new;
  SOTERIA_ASSIGN_OR_RETURN(options.tee_kinds, ParseKinds(arguments.tee_kinds));
  SOTERIA_ASSIGN_OR_RETURN(options.compression, ParseCompression(arguments.compression));
  SOTERIA_ASSIGN_OR_RETURN(crypto::Secret key, context.ReadKey(arguments.key));
  SOTERIA_ASSIGN_OR_RETURN(const std::string source, context.InputFile(arguments.source));
  if (options.allow_simulated) SayLine(kNotProtected);
  const client::StopSignals stop;
  base::StatusOr<client::PutResult> result =
      client::Put(context.owner, key, source, dest, options, ProgressOnTerminal());
  FinishProgress();
  SOTERIA_RETURN_IF_ERROR(result);
  PrintLine(base::Cat("id       ", result->id_hex));
  PrintLine(base::Cat("version  ", result->version));
  PrintLine(base::Cat("files    ", result->files));
  if (!arguments.tree) PrintLine(base::Cat("rows     ", result->rows));
  PrintLine(
      base::Cat("bytes    ", result->bytes, "  (", Speed(result->bytes, result->took_ms), ")"));
  if (!result->gone_hex.empty()) {
    SayLine(base::Cat("note: the root ", result->gone_hex,
                      " that the records had there is gone from storage; this is a new one. "
                      "Manifests that list the old id need to be made again"));
  }
  if (result->checksums_left_out > 0) {
    SayLine(base::Cat("note: ", result->checksums_left_out,
                      " Hadoop checksum files (.*.crc) were left out; the sealed tree "
                      "authenticates their files"));
  }
  return client::kExitOk;
}

}  // namespace

void AddKeygen(CLI::App& app, Context& context) {
  CLI::App* command =
      AddCommand(app, context, "keygen", "Makes the user key, readable by you only.",
                 "  soteria keygen\n  soteria keygen --key /media/stick/user.key");
  auto key = std::make_shared<std::string>();
  command->add_option("--key", *key, kKeyHelp);
  command->callback([&context, key] {
    context.action = [&context, key]() -> base::StatusOr<int> {
      std::string path = context.KeyPath(*key);
      const client::StopSignals stop;
      if (key->empty()) SOTERIA_RETURN_IF_ERROR(client::CheckKeyNotLost(context.owner, path));
      SOTERIA_RETURN_IF_ERROR(
          client::CreateUserKey(context.owner.files, context.owner.random, path));
      PrintLine(
          base::Cat("wrote ", path, "; keep a copy: without it the data it encrypts is lost"));
      return client::kExitOk;
    };
  });
}

void AddPut(CLI::App& app, Context& context) {
  CLI::App* command = AddCommand(
      app, context, "put",
      "Encrypts a table or a folder and publishes it; again: its next version.",
      "  soteria put patients.csv file:///bucket/patients\n"
      "  soteria put patients.csv /bucket/patients --schema 'age int, bmi double, sick boolean'\n"
      "  soteria put table.parquet/ /bucket/table --files 8 --allow-simulated\n"
      "  soteria put --tree ./model /bucket/models");
  auto arguments = std::make_shared<PutArguments>();
  command
      ->add_option("SRC", arguments->source,
                   "CSV file (with header), Parquet file, folder of Parquet files, or any "
                   "folder with --tree")
      ->required();
  command->add_option("DEST", arguments->dest, "Where to: file:///path or a path")->required();
  command->add_option("--key", arguments->key, kKeyHelp);
  command->add_option("--id", arguments->id,
                      "Id of a new root (32 hexadecimal digits), or of the one that is there where "
                      "the owner's records don't know it");
  command->add_flag("--new", arguments->is_new,
                    "Start a new root there; what storage has at the place is given up");
  command->add_option("--files", arguments->files, "Cut into this many files (partitions)");
  command->add_option("--schema", arguments->schema,
                      "Column types of a CSV file as DDL; inferred when not given");
  command->add_flag("--allow-simulated", arguments->allow_simulated,
                    "Let simulated enclaves get the key (they protect nothing: demo and tests)");
  command
      ->add_option("--tee-kinds", arguments->tee_kinds,
                   "TEE kinds that may get the key (default: sgx,tdx,snp)")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_flag("--tree", arguments->tree, "Seal a folder file by file, such as a model");
  command->add_option("--compression", arguments->compression, "none, snappy or zstd")
      ->check(CLI::IsMember({"none", "snappy", "zstd"}))
      ->capture_default_str();
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return DoPut(context, *arguments); };
  });
}

void AddGet(CLI::App& app, Context& context) {
  CLI::App* command = AddCommand(
      app, context, "get", "Decrypts a data set, a tree or a folder of a tree into a new folder.",
      "  soteria get file:///bucket/patients ./patients\n"
      "  soteria get file:///bucket/models/risk ./risk   # a model: loads in stock Spark\n"
      "  soteria get --id 0123.. ./copied/models ./models   # a copy, which the records don't "
      "know");
  struct Arguments {
    std::string source, dest, key;
    std::optional<std::string> id;
  };
  auto arguments = std::make_shared<Arguments>();
  command->add_option("SRC", arguments->source, "A root, or root/sub/folder inside a tree")
      ->required();
  command->add_option("DEST", arguments->dest, "A folder that doesn't exist or is empty")
      ->required();
  command->add_option("--key", arguments->key, kKeyHelp);
  command->add_option("--id", arguments->id,
                      "The root's id, where the owner's records don't know what is at SRC (a copy, "
                      "another machine), or you have put another root there");
  command->callback([&context, arguments] {
    context.action = [&context, arguments]() -> base::StatusOr<int> {
      SOTERIA_ASSIGN_OR_RETURN(std::string source,
                               client::StoragePath(arguments->source, context.working_dir));
      SOTERIA_ASSIGN_OR_RETURN(crypto::Secret key, context.ReadKey(arguments->key));
      const client::StopSignals stop;
      base::StatusOr<client::GetResult> result =
          client::Get(context.owner, key, source, context.Absolute(arguments->dest), arguments->id,
                      ProgressOnTerminal());
      FinishProgress();
      SOTERIA_RETURN_IF_ERROR(result);
      PrintLine(base::Cat("version  ", result->version));
      PrintLine(base::Cat("files    ", result->files));
      if (result->rows > 0) PrintLine(base::Cat("rows     ", result->rows));
      PrintLine(
          base::Cat("bytes    ", result->bytes, "  (", Speed(result->bytes, result->took_ms), ")"));
      if (!result->recorded) {
        SayLine("note: a session holds the owner's records, so this version wasn't noted in them");
      }
      return client::kExitOk;
    };
  });
}

}  // namespace soteria::apps
