package soteria.spark;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkConf;

/**
 * What executors are told through Spark's configuration: where the driver's host listens, how to start a worker enclave and, if
 * there is one, the statistics process. All of it only selects what to run and where to connect; nothing here is
 * trusted by an enclave.
 */
record Settings(
    String driverHost,
    int driverPort,
    String cookie,
    String worker,
    String statistics,
    String simulatedKey,
    long memoryBytes,
    String logDirectory,
    String recordDirectory) {
  private static final String PREFIX = "spark.soteria.";

  /** Named so that Spark shows it neither in its UI nor in event logs (spark.redaction.regex). */
  static final String COOKIE = PREFIX + "token";

  static Settings from(SparkConf conf) {
    return new Settings(
        conf.get(PREFIX + "driver.host"),
        conf.getInt(PREFIX + "driver.port", 0),
        conf.get(COOKIE),
        conf.get(PREFIX + "worker"),
        conf.get(PREFIX + "statistics", ""),
        conf.get(PREFIX + "simulatedKey", ""),
        conf.getLong(PREFIX + "memoryBytes", 0),
        conf.get(PREFIX + "logDirectory", ""),
        conf.get(PREFIX + "recordDirectory", ""));
  }

  void into(SparkConf conf) {
    conf.set(PREFIX + "driver.host", driverHost);
    conf.set(PREFIX + "driver.port", Integer.toString(driverPort));
    conf.set(COOKIE, cookie);
    conf.set(PREFIX + "worker", worker);
    conf.set(PREFIX + "statistics", statistics);
    conf.set(PREFIX + "simulatedKey", simulatedKey);
    conf.set(PREFIX + "memoryBytes", Long.toString(memoryBytes));
    conf.set(PREFIX + "logDirectory", logDirectory);
    conf.set(PREFIX + "recordDirectory", recordDirectory);
  }

  /** The command line of an enclave that dials {@code port}. */
  List<String> arguments(int port, String name) {
    List<String> arguments = new ArrayList<>(List.of("--host-port", Integer.toString(port)));
    arguments.addAll(List.of("--name", name));
    if (!simulatedKey.isEmpty()) {
      arguments.addAll(List.of("--simulated-key", simulatedKey));
    }
    return arguments;
  }
}
