// manifest, cluster, run, connect: from what is allowed to a session.
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "src/apps/soteria/commands.h"
#include "src/attest/build.h"
#include "src/attest/evidence.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/cluster.h"
#include "src/client/command.h"
#include "src/client/manifest_file.h"
#include "src/client/paths.h"
#include "src/client/run.h"
#include "src/client/stop_signals.h"

namespace soteria::apps {
namespace {

constexpr char kKeyHelp[] = "The user key's file (default: user.key in the state directory)";
constexpr char kClusterHelp[] = "The cluster's directory (default: cluster in the state directory)";
constexpr char kAllMlClasses[] = "org.apache.spark.ml.*";

std::string ClusterDir(const Context& context, const std::string& option) {
  return option.empty() ? context.owner.home.cluster_dir() : context.Absolute(option);
}

struct NewArguments {
  std::string out, key, cluster, task = "task", scheme = "baseline", release, master, worker;
  bool simulated = false;
  std::vector<std::string> tee_kinds, platforms, read, write, names, ids, classes, outputs,
      statistics;
};

/// "NAME" of the only root, or "NAME=PLACE", cut at the last "=".
base::Status NameRoot(const std::string& text, const std::string& working_dir,
                      client::ManifestOptions* options) {
  std::vector<client::RootPlace*> places;
  for (client::RootPlace& place : options->read) places.push_back(&place);
  for (client::RootPlace& place : options->write) places.push_back(&place);
  std::string name = text;
  client::RootPlace* named = places.size() == 1 ? places.front() : nullptr;
  const size_t cut = text.rfind('=');
  for (client::RootPlace* place : places) {
    if (cut == std::string::npos) break;
    const auto said = client::ParseRootPlace(text.substr(cut + 1), working_dir);
    if (!said.ok() || said->path != place->path) continue;
    named = place;
    name = text.substr(0, cut);
  }
  if (named == nullptr) {
    return base::Fail(
        base::kInput,
        base::Cat("--as ", text, ": write NAME=PLACE with a place of --read or --write"));
  }
  if (!named->alias.empty()) {
    return base::Fail(base::kInput, base::Cat("--as ", text, ": that place has a name already"));
  }
  named->alias = std::move(name);
  return base::OkStatus();
}

base::StatusOr<int> DoNew(const Context& context, const NewArguments& arguments) {
  client::ManifestOptions options;
  options.out = context.Absolute(arguments.out);
  options.task = arguments.task;
  options.simulated = arguments.simulated;
  options.cluster_dir = ClusterDir(context, arguments.cluster);
  options.platforms = arguments.platforms;
  options.master_measurement = arguments.master;
  options.worker_measurement = arguments.worker;
  options.classes = arguments.classes;
  if (options.classes.empty()) options.classes = {kAllMlClasses};
  options.program_dir = context.program_dir;
  SOTERIA_ASSIGN_OR_RETURN(options.tee_kinds, ParseKinds(arguments.tee_kinds));
  for (const std::string& path : arguments.read) {
    SOTERIA_ASSIGN_OR_RETURN(auto place, client::ParseRootPlace(path, context.working_dir));
    options.read.push_back(std::move(place));
  }
  for (const std::string& path : arguments.write) {
    SOTERIA_ASSIGN_OR_RETURN(auto place, client::ParseRootPlace(path, context.working_dir));
    options.write.push_back(std::move(place));
  }
  for (const std::string& name : arguments.names) {
    SOTERIA_RETURN_IF_ERROR(NameRoot(name, context.working_dir, &options));
  }
  for (const std::string& id : arguments.ids) {
    SOTERIA_ASSIGN_OR_RETURN(auto said, client::ParseSaidId(id, context.working_dir));
    options.ids.push_back(std::move(said));
  }
  for (const std::string& output : arguments.outputs) {
    options.rows |= output == "rows";
    options.metrics |= output == "metrics";
    options.models |= output == "models";
  }
  SOTERIA_ASSIGN_OR_RETURN(
      options.statistics,
      client::StatisticsOf(arguments.scheme, arguments.release, arguments.statistics));
  SOTERIA_ASSIGN_OR_RETURN(crypto::Secret key, context.ReadKey(arguments.key));
  if (options.simulated) SayLine(kNotProtected);
  const client::StopSignals stop;
  SOTERIA_ASSIGN_OR_RETURN(policy::Manifest manifest,
                           client::NewManifest(context.owner, key, options));
  for (const std::string& warning : manifest.warnings()) {
    SayLine(base::Cat("warning: ", warning));
  }
  PrintLine(base::Cat("wrote ", options.out, "; read it before you run it"));
  return client::kExitOk;
}

void AddSchemeOptions(CLI::App* command, NewArguments& arguments) {
  command
      ->add_option("--scheme", arguments.scheme,
                   "Where statistics about the job are computed: baseline (inside the enclaves) or "
                   "partitioned (what is released may be finished outside)")
      ->capture_default_str();
  command->add_option("--release", arguments.release,
                      "With --scheme partitioned: aggregate (default) or scores, which shows the "
                      "host the model's answers");
  command
      ->add_option("--statistics", arguments.statistics,
                   "With --scheme partitioned: kinds that may leave (default: all): "
                   "binary,multiclass,regression,summary,classes; the others stay inside")
      ->delimiter(',')
      ->allow_extra_args(false);
}

void AddNew(CLI::App& manifest, Context& context) {
  CLI::App* command = AddCommand(
      manifest, context, "new", "Writes a Manifest with ids, versions and measurements filled in.",
      "  soteria manifest new --out risk.toml --simulated --read /bucket/patients \\\n"
      "      --write /bucket/models --output metrics,models\n"
      "  soteria manifest new --out risk.toml --tee-kinds sgx --platform 0123.. \\\n"
      "      --master-measurement 4567.. --worker-measurement 89ab.. \\\n"
      "      --read /bucket/a --read /bucket/b --classes 'org.apache.spark.ml.classification.*'\n"
      "  soteria manifest new --out risk.toml --simulated \\\n"
      "      --read hdfs://nn:9000/patients=./patients \\\n"
      "      --write hdfs://nn:9000/models --output metrics,models\n"
      "  soteria manifest new --out risk.toml --simulated --read /bucket/patients \\\n"
      "      --output metrics --scheme partitioned --statistics binary");
  auto arguments = std::make_shared<NewArguments>();
  command->add_option("--out", arguments->out, "The file to write; never overwritten")->required();
  command->add_option("--task", arguments->task, "The task's name, for the ledger")
      ->capture_default_str();
  command->add_flag("--simulated", arguments->simulated,
                    "Admit simulated enclaves of the cluster's key (NOT PROTECTED)");
  command->add_option("--cluster", arguments->cluster, kClusterHelp);
  command->add_option("--tee-kinds", arguments->tee_kinds, "Real TEE kinds to admit: sgx,tdx,snp")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--platform", arguments->platforms, "Admit only this machine (repeatable)")
      ->allow_extra_args(false);
  command
      ->add_option("--read", arguments->read,
                   "A data set the job may read (repeatable); where only the cluster reaches it, "
                   "PLACE=COPY names a local copy")
      ->allow_extra_args(false);
  command->add_option("--write", arguments->write, "A root the job may write (repeatable)")
      ->allow_extra_args(false);
  command
      ->add_option(
          "--as", arguments->names,
          "What the script calls the root, such as data/mllib/sample.txt; NAME=PLACE where "
          "there are several roots (repeatable)")
      ->allow_extra_args(false);
  command
      ->add_option("--id", arguments->ids,
                   "The id of the root at a place that the owner's records don't know; ID=PLACE "
                   "where there are several, or the records have another one (repeatable)")
      ->allow_extra_args(false);
  command->add_option("--master-measurement", arguments->master,
                      "With --tee-kinds: the master enclave's measurement, 64 hexadecimal digits");
  command->add_option("--worker-measurement", arguments->worker,
                      "With --tee-kinds: the worker enclave's measurement");
  command
      ->add_option(
          "--classes", arguments->classes,
          base::Cat("Classes the script may use (repeatable; default ", kAllMlClasses, ")"))
      ->allow_extra_args(false);
  command
      ->add_option("--output", arguments->outputs,
                   "What the script may fetch: rows,metrics,models (default: nothing)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"rows", "metrics", "models"}));
  AddSchemeOptions(command, *arguments);
  command->add_option("--key", arguments->key, kKeyHelp);
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return DoNew(context, *arguments); };
  });
}

void AddCheck(CLI::App& manifest, Context& context) {
  CLI::App* command = AddCommand(manifest, context, "check", "Parses a Manifest and summarises it.",
                                 "  soteria manifest check risk.toml");
  auto path = std::make_shared<std::string>();
  command->add_option("FILE", *path, "The Manifest")->required();
  command->callback([&context, path] {
    context.action = [&context, path]() -> base::StatusOr<int> {
      SOTERIA_ASSIGN_OR_RETURN(const std::string file, context.InputFile(*path));
      auto [folder, name] = client::SplitPath(file);
      SOTERIA_ASSIGN_OR_RETURN(
          std::string text, context.owner.files.ReadAll(folder, name, policy::kManifestBytesMax));
      base::StatusOr<policy::Manifest> manifest = policy::ParseManifest(text);
      if (!manifest.ok()) return base::WithContext(manifest.status(), *path);
      std::fputs(client::Summary(*manifest).c_str(), stdout);
      return client::kExitOk;
    };
  });
}

struct StartArguments {
  std::string dir, record, keep_released, enclave_memory;
  bool simulated = false;
  uint64_t workers = 2, slots = 1, port = 0;
  std::vector<std::string> faults, spark_conf;
  std::string engine = "local", spark_home, spark_master;
};

void AddStart(CLI::App& cluster, Context& context) {
  CLI::App* command = AddCommand(
      cluster, context, "start", "Starts a host with a master and workers on this machine.",
      "  soteria cluster start --simulated --workers 4\n"
      "  soteria cluster start --simulated --port 7077\n"
      "  soteria cluster start --simulated --engine spark --spark-master spark://HOST:7077");
  auto arguments = std::make_shared<StartArguments>();
  command->add_flag("--simulated", arguments->simulated,
                    "Simulated enclaves, under a key pair made in the directory (NOT PROTECTED)");
  command->add_option("--workers", arguments->workers, "Worker enclaves")->capture_default_str();
  command->add_option("--slots", arguments->slots, "Tasks at a time in each worker")
      ->capture_default_str();
  command->add_option("--dir", arguments->dir, kClusterHelp);
  command->add_option("--port", arguments->port, "Port for the owner (0: any free one)")
      ->capture_default_str();
  command->add_option("--record", arguments->record,
                      "Record all traffic into this folder (tests: it must be unreadable)");
  command->add_option("--keep-released", arguments->keep_released,
                      "Keep what the enclaves release in this folder, for soteria ledger replay");
  command
      ->add_option("--engine", arguments->engine,
                   "Who schedules and moves the sealed bytes: local (soteria-host) or spark "
                   "(Apache Spark, docs/spark.md)")
      ->check(CLI::IsMember({"local", "spark"}))
      ->capture_default_str();
  command->add_option("--enclave-memory", arguments->enclave_memory,
                      "Plaintext that each worker holds, as 128MiB; more is sealed out to disk");
  command->add_option("--spark-home", arguments->spark_home, "The Spark to use")
      ->envname("SPARK_HOME");
  command->add_option("--spark-master", arguments->spark_master,
                      "Spark's master URL (local-cluster[WORKERS,SLOTS,1024])");
  command->add_option("--spark-conf", arguments->spark_conf, "spark.NAME=VALUE for spark-submit")
      ->allow_extra_args(false);
  command->add_option("--fault", arguments->faults, "A fault for the host to make (tests)")
      ->allow_extra_args(false);
  command->callback([&context, arguments] {
    context.action = [&context, arguments]() -> base::StatusOr<int> {
      client::ClusterOptions options;
      options.dir = ClusterDir(context, arguments->dir);
      options.simulated = arguments->simulated;
      options.workers = arguments->workers;
      options.slots = arguments->slots;
      options.port = arguments->port;
      if (!arguments->enclave_memory.empty()) {
        SOTERIA_ASSIGN_OR_RETURN(options.enclave_memory_bytes,
                                 client::ParseMemorySize(arguments->enclave_memory));
      }
      if (!arguments->record.empty()) options.record_dir = context.Absolute(arguments->record);
      if (!arguments->keep_released.empty()) {
        options.keep_released_dir = context.Absolute(arguments->keep_released);
      }
      options.faults = arguments->faults;
      options.program_dir = context.program_dir;
      options.spark = arguments->engine == "spark";
      if (!arguments->spark_home.empty()) {
        options.spark_home = context.Absolute(arguments->spark_home);
      }
      options.spark_master = arguments->spark_master;
      options.spark_conf = arguments->spark_conf;
      if (options.simulated) SayLine(kNotProtected);
      SOTERIA_ASSIGN_OR_RETURN(client::ClusterState state,
                               client::StartCluster(context.owner, options));
      PrintLine(state.address());
      return client::kExitOk;
    };
  });
}

void AddKey(CLI::App& cluster, Context& context) {
  CLI::App* key =
      AddCommand(cluster, context, "key",
                 "Makes the key pair of simulated enclaves, for a host that is started otherwise.",
                 "  soteria cluster key --dir /var/lib/soteria");
  auto dir = std::make_shared<std::string>();
  key->add_option("--dir", *dir, kClusterHelp);
  key->callback([&context, dir] {
    context.action = [&context, dir]() -> base::StatusOr<int> {
      if (!attest::kSimulatedBuild) {
        return base::Fail(base::kInput, "this build has no simulated enclaves");
      }
      SayLine("NOT PROTECTED: simulated enclaves");
      const std::string folder = ClusterDir(context, *dir);
      SOTERIA_RETURN_IF_ERROR(client::EnsureSimulatedKey(context.owner.files, folder));
      PrintLine(base::Cat(folder, "/simulated.pem"));
      return client::kExitOk;
    };
  });
}

void AddStopAndStatus(CLI::App& cluster, Context& context) {
  CLI::App* stop = AddCommand(cluster, context, "stop", "Stops the host and its enclaves.",
                              "  soteria cluster stop");
  auto dir = std::make_shared<std::string>();
  stop->add_option("--dir", *dir, kClusterHelp);
  stop->callback([&context, dir] {
    context.action = [&context, dir]() -> base::StatusOr<int> {
      SOTERIA_RETURN_IF_ERROR(client::StopCluster(context.owner, ClusterDir(context, *dir)));
      return client::kExitOk;
    };
  });
  CLI::App* status = AddCommand(cluster, context, "status",
                                "Prints the address; exit code 1 when it isn't running.",
                                "  soteria cluster status && soteria run ...");
  status->add_option("--dir", *dir, kClusterHelp);
  status->callback([&context, dir] {
    context.action = [&context, dir]() -> base::StatusOr<int> {
      SOTERIA_ASSIGN_OR_RETURN(client::ClusterState state,
                               client::FindCluster(context.owner.files, ClusterDir(context, *dir)));
      PrintLine(base::Cat(state.running ? "running " : "stopped ", state.address(), " process ",
                          state.pid));
      return state.running ? client::kExitOk : client::kExitFailed;
    };
  });
}

struct RunArguments {
  std::string manifest, key, cluster, master;
  bool verbose = false;
  bool until_stdin_ends = false;
};

void AddSessionOptions(CLI::App* command, RunArguments& arguments) {
  command->add_option("--manifest", arguments.manifest, "The Manifest of the job")->required();
  command->add_option("--key", arguments.key, kKeyHelp);
  CLI::Option* cluster = command->add_option("--cluster", arguments.cluster, kClusterHelp);
  command->add_option("--master", arguments.master, "HOST:PORT of a cluster somewhere else")
      ->excludes(cluster);
  command->add_flag("--verbose", arguments.verbose, "Print the session's counters at the end");
}

base::StatusOr<int> DoRun(const Context& context, const RunArguments& arguments,
                          std::vector<std::string> words) {
  client::RunOptions options;
  SOTERIA_ASSIGN_OR_RETURN(options.manifest_path, context.InputFile(arguments.manifest));
  options.key_path = context.KeyPath(arguments.key);
  options.cluster_dir = ClusterDir(context, arguments.cluster);
  if (!arguments.master.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(options.master, client::ParseMasterAddress(arguments.master));
  }
  // Python would say so itself, but only after a session was opened for it.
  const bool is_script = !words.empty() && words[0].ends_with(".py");
  if (is_script) SOTERIA_RETURN_IF_ERROR(context.InputFile(words[0]));
  options.command = CommandOf(std::move(words));
  options.verbose = arguments.verbose;
  if (arguments.until_stdin_ends) options.stop_fd = STDIN_FILENO;
  client::BlockForwardedSignals();
  return client::Run(context.owner, options, SayLine, [](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  });
}

}  // namespace

void AddManifest(CLI::App& app, Context& context) {
  CLI::App* manifest = app.add_subcommand("manifest", "Writes and checks Manifests.");
  manifest->require_subcommand(1);
  AddNew(*manifest, context);
  AddCheck(*manifest, context);
}

void AddCluster(CLI::App& app, Context& context) {
  CLI::App* cluster = app.add_subcommand("cluster", "A local cluster: start, stop, status.");
  cluster->require_subcommand(1);
  AddStart(*cluster, context);
  AddStopAndStatus(*cluster, context);
  AddKey(*cluster, context);
}

void AddRun(CLI::App& app, Context& context) {
  CLI::App* command = AddCommand(
      app, context, "run",
      "Runs a PySpark script, or any command, against attested enclaves:\n"
      "soteria run [OPTIONS] [--] COMMAND [ARGUMENTS...]",
      "  soteria run --manifest risk.toml train.py\n"
      "  soteria run --manifest risk.toml --master 10.0.0.5:7077 -- python train.py --epochs 3\n"
      "Options of soteria come before the command.");
  auto arguments = std::make_shared<RunArguments>();
  AddSessionOptions(command, *arguments);
  command->prefix_command();
  command->callback([&context, arguments, command] {
    std::vector<std::string> words = command->remaining();
    words.insert(words.end(), context.behind_dashes.begin(), context.behind_dashes.end());
    if (words.empty()) throw CLI::RequiredError("COMMAND (what to run)");
    if (words[0] != "--" && words[0].starts_with('-')) throw CLI::ExtrasError("run", {words[0]});
    context.action = [&context, arguments, words] { return DoRun(context, *arguments, words); };
  });
}

void AddConnect(CLI::App& app, Context& context) {
  CLI::App* command = AddCommand(
      app, context, "connect", "Keeps a session open for notebooks; prints what to export.",
      "  soteria connect --manifest risk.toml     # until Ctrl-C\n"
      "  soteria connect --manifest risk.toml --until-stdin-ends < fifo > exports.sh");
  auto arguments = std::make_shared<RunArguments>();
  AddSessionOptions(command, *arguments);
  command->add_flag("--until-stdin-ends", arguments->until_stdin_ends,
                    "End the session at the end of standard input too");
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return DoRun(context, *arguments, {}); };
  });
}

}  // namespace soteria::apps
