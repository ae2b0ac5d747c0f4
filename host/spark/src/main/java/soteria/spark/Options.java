package soteria.spark;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** The command line of the driver application. */
record Options(
    String directory,
    String master,
    String worker,
    String statistics,
    String simulatedKey,
    String logDirectory,
    String recordDirectory,
    String address,
    int port,
    int executorPort,
    int workers,
    long memoryBytes) {

  static final String USAGE =
      """
      usage: spark-submit [SPARK OPTIONS] soteria-spark.jar --master PROGRAM --worker PROGRAM [OPTION]...

        --master PROGRAM       soteria-master, on the driver's machine
        --worker PROGRAM       soteria-worker, on every executor's machine
        --stats PROGRAM        soteria-stats, on every executor's machine (none: no statistics outside)
        --dir DIR              writes DIR/state.json once the cluster is ready
        --address HOST         where owners connect (127.0.0.1)
        --port PORT            and at which port (any)
        --executor-port PORT   where executors connect to the driver (any)
        --workers N            executors to wait for before the cluster counts as ready
        --memory BYTES         memory of each worker enclave
        --simulated-key FILE   NOT PROTECTED: key of simulated enclaves, on every machine
        --log-dir DIR          logs of enclaves (else with Spark's)
        --record DIR           keeps a copy of all traffic
        --help                 this text""";

  static final Set<String> KNOWN =
      Set.of(
          "dir", "master", "worker", "stats", "simulated-key", "log-dir", "record", "address", "port",
          "executor-port", "workers", "memory");

  /** Null when help was asked for. IllegalArgumentException says what is wrong. */
  static Options parse(String[] args) {
    Map<String, String> given = new HashMap<>();
    for (int i = 0; i < args.length; i++) {
      String name = args[i];
      if (name.equals("--help") || name.equals("-h")) {
        return null;
      }
      if (!name.startsWith("--") || !KNOWN.contains(name.substring(2))) {
        throw new IllegalArgumentException("there is no option " + name);
      }
      if (i + 1 == args.length) {
        throw new IllegalArgumentException(name + " needs a value");
      }
      given.put(name.substring(2), args[++i]);
    }
    for (String needed : new String[] {"master", "worker"}) {
      if (!given.containsKey(needed)) {
        throw new IllegalArgumentException("--" + needed + " is missing");
      }
    }
    return new Options(
        given.getOrDefault("dir", ""),
        given.get("master"),
        given.get("worker"),
        given.getOrDefault("stats", ""),
        given.getOrDefault("simulated-key", ""),
        given.getOrDefault("log-dir", ""),
        given.getOrDefault("record", ""),
        given.getOrDefault("address", "127.0.0.1"),
        (int) number(given, "port", 65_535),
        (int) number(given, "executor-port", 65_535),
        (int) number(given, "workers", 10_000),
        number(given, "memory", Long.MAX_VALUE));
  }

  private static long number(Map<String, String> given, String name, long most) {
    String text = given.getOrDefault(name, "0");
    try {
      long value = Long.parseLong(text);
      if (value >= 0 && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new IllegalArgumentException("--" + name + ": " + text + " is no number up to " + most);
  }
}
