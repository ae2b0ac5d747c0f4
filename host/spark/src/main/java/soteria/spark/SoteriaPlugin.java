package soteria.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.apache.spark.storage.BlockManagerId;

/** Spark's door to us in each executor: starts and ends the worker enclave with it. */
public final class SoteriaPlugin implements SparkPlugin {
  private static final Pattern LOCAL_CLUSTER =
      Pattern.compile("local-cluster\\[\\s*\\d+\\s*,\\s*(\\d+)\\s*,.*");

  @Override
  public DriverPlugin driverPlugin() {
    return null;
  }

  @Override
  public ExecutorPlugin executorPlugin() {
    return new ExecutorPlugin() {
      @Override
      public void init(PluginContext context, Map<String, String> extra) {
        try {
          ExecutorEnclave.start(
              Settings.from(context.conf()),
              context.executorID(),
              host(context),
              slots(context.conf()));
        } catch (IOException e) {
          throw new UncheckedIOException("the driver's host can't be reached", e);
        }
      }

      @Override
      public void shutdown() {
        ExecutorEnclave.stop();
      }
    };
  }

  /** The name under which Spark's scheduler knows this executor's machine. */
  private static String host(PluginContext context) {
    // Executors have no RPC address of their own, which is what context.hostname() reads; the driver (local mode) has one.
    BlockManagerId here = SparkEnv.get().blockManager().blockManagerId();
    return here == null ? context.hostname() : here.host();
  }

  /** Tasks that an executor runs at a time, as far as its configuration says. */
  static int slots(SparkConf conf) {
    String master = conf.get("spark.master", "");
    Matcher local = LOCAL_CLUSTER.matcher(master);
    int cores = conf.getInt("spark.executor.cores", 0);
    if (cores == 0) {
      if (local.matches()) {
        cores = Integer.parseInt(local.group(1));
      } else if (master.startsWith("yarn") || master.startsWith("k8s")) {
        cores = 1; // their default
      } else {
        cores = Runtime.getRuntime().availableProcessors();
      }
    }
    return Math.max(1, cores / conf.getInt("spark.task.cpus", 1));
  }
}
