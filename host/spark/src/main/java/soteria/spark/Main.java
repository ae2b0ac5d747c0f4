package soteria.spark;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.util.SignalUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The host on Apache Spark: the driver application that spark-submit starts. It keeps one master enclave running, beside it the
 * executors' worker enclaves, and accepts owners. docs/spark.md.
 */
public final class Main {
  private static final Pattern LOCAL_CLUSTER = Pattern.compile("local-cluster\\[\\s*(\\d+)\\s*,.*");

  /** Masters that end without having been of use to anybody, in a row. */
  private static final int FAILURES_MAX = 5;

  private static final int AGAIN_MS = 1_000;
  private static final Pattern LOCAL = Pattern.compile("local(?:\\[(\\d+|\\*)\\])?");
  private static final int ATTEMPTS = 4; // Spark's own number elsewhere

  private static final Logger LOG = LoggerFactory.getLogger(Main.class);

  private final Options options;
  private final Recording recording;
  private final AtomicReference<MasterSession> session = new AtomicReference<>();
  private long owners;

  private Main(Options options) {
    this.options = options;
    this.recording = new Recording(options.recordDirectory());
  }

  public static void main(String[] args) throws Exception {
    Options options;
    try {
      options = Options.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println("soteria-spark: " + e.getMessage() + "\n\n" + Options.USAGE);
      System.exit(2);
      return;
    }
    if (options == null) {
      System.out.println(Options.USAGE);
      return;
    }
    new Main(options).run();
  }

  private void run() throws Exception {
    SparkConf conf = new SparkConf();
    String master = conf.get("spark.master", "");
    boolean local = master.startsWith("local");
    InetAddress everywhere = local ? InetAddress.getLoopbackAddress() : null;
    String host =
        local
            ? everywhere.getHostAddress()
            : conf.get("spark.driver.host", InetAddress.getLocalHost().getHostAddress());
    try (ServerSocket executorsDoor = new ServerSocket(options.executorPort(), 64, everywhere);
        ServerSocket ownersDoor =
            new ServerSocket(options.port(), 64, InetAddress.getByName(options.address()))) {
      Settings settings =
          new Settings(
              host,
              executorsDoor.getLocalPort(),
              EnclaveProcess.newCookie(),
              options.worker(),
              options.statistics(),
              options.simulatedKey(),
              options.memoryBytes(),
              options.logDirectory(),
              options.recordDirectory());
      defaults(conf);
      settings.into(conf);
      Executors executors =
          new Executors(executorsDoor, settings.cookie(), recording, new ToSession());
      SparkContext spark = new SparkContext(conf);
      spark.addSparkListener(
          new SparkListener() {
            @Override
            public void onExecutorRemoved(SparkListenerExecutorRemoved event) {
              executors.removed(event.executorId());
            }
          });
      Threads.start("owners", () -> acceptOwners(ownersDoor));
      int status = 0;
      try {
        serve(settings, spark, executors, ownersDoor.getLocalPort(), workers(master, conf));
      } catch (InterruptedException e) {
        LOG.info("asked to end");
      } catch (IOException e) {
        LOG.error("the host ends: {}", e.getMessage());
        status = 1;
      } finally {
        MasterSession last = session.getAndSet(null);
        if (last != null) {
          last.close();
        }
        spark.stop();
        executors.close();
      }
      System.exit(status);
    }
  }

  /** What we need of Spark and the operator didn't set otherwise. */
  static void defaults(SparkConf conf) {
    conf.setIfMissing("spark.app.name", "soteria");
    conf.setMaster(withAttempts(conf.get("spark.master")));
    String plugins = conf.get("spark.plugins", "");
    if (!plugins.contains(SoteriaPlugin.class.getName())) {
      String mine = SoteriaPlugin.class.getName();
      conf.set("spark.plugins", plugins.isEmpty() ? mine : plugins + "," + mine);
    }
    // Sealed bytes don't compress.
    for (String what : new String[] {"shuffle", "shuffle.spill", "broadcast", "rdd"}) {
      conf.setIfMissing("spark." + what + ".compress", "false");
    }
    // Results are taken as they come and don't add up in the driver.
    conf.setIfMissing("spark.driver.maxResultSize", "0");
    // Outside stages don't wait behind all tasks of another stage; the others queue as ever, in one pool.
    conf.setIfMissing("spark.scheduler.mode", "FAIR");
  }

  /** Spark's local mode tries a task once unless its master says otherwise. */
  static String withAttempts(String master) {
    Matcher local = LOCAL.matcher(master);
    if (!local.matches()) {
      return master;
    }
    String threads = local.group(1) == null ? "1" : local.group(1);
    return "local[" + threads + ", " + ATTEMPTS + "]";
  }

  private int workers(String master, SparkConf conf) {
    Matcher cluster = LOCAL_CLUSTER.matcher(master);
    if (options.workers() > 0) {
      return options.workers();
    }
    return cluster.matches()
        ? Integer.parseInt(cluster.group(1))
        : conf.getInt("spark.executor.instances", 1);
  }

  private void serve(
      Settings settings, SparkContext spark, Executors executors, int port, int workers)
      throws Exception {
    Thread main = Thread.currentThread();
    // An orderly end: Spark's own comes by shutdown hooks, within which a local-cluster still tries to start executors.
    for (String signal : new String[] {"TERM", "INT"}) {
      SignalUtils.register(
          signal,
          () -> {
            main.interrupt();
            return true;
          });
    }
    int failures = 0;
    for (long number = 1; failures < FAILURES_MAX; number++) {
      MasterSession next =
          new MasterSession(
              settings,
              options.master(),
              spark.conf().getSizeAsBytes("spark.soteria.residentBytes", "256m"),
              number,
              spark,
              executors,
              recording);
      session.set(next);
      executors.begin(number);
      next.begin();
      synchronized (session) {
        session.notifyAll();
      }
      if (number == 1) {
        while (executors.all().size() < workers && !next.hasEnded(20)) {
          // Nobody is told of a cluster that isn't there yet.
        }
        writeState(port, workers);
      }
      while (!next.hasEnded(AGAIN_MS)) {
        if (spark.isStopped()) {
          throw new IOException("Spark has ended");
        }
      }
      failures = next.served() ? 0 : failures + 1;
      session.set(null);
      executors.begin(0);
      next.close();
    }
    throw new IOException("the master enclave ended " + failures + " times without a job");
  }

  private void writeState(int port, int workers) throws IOException {
    if (options.directory().isEmpty()) {
      return;
    }
    Path folder = Path.of(options.directory());
    Files.createDirectories(folder);
    String address = options.address() + ":" + port;
    String text =
        String.format(
            "{\"pid\": %d, \"port\": %d, \"address\": \"%s\", \"owner_port\": %d, \"workers\": %d}%n",
            ProcessHandle.current().pid(), port, address, port, workers);
    Path written = folder.resolve("state.json.new");
    Files.writeString(written, text);
    Files.move(written, folder.resolve("state.json"), StandardCopyOption.ATOMIC_MOVE);
    LOG.info("ready for owners at {}", address);
  }

  private void acceptOwners(ServerSocket door) {
    while (!door.isClosed()) {
      try {
        Socket socket = door.accept();
        long number = ++owners;
        Threads.start("owner", () -> serveOwner(socket, number));
      } catch (IOException e) {
        if (!door.isClosed()) {
          LOG.error("an owner can't connect", e);
          Threads.pause(AGAIN_MS); // out of file descriptors, for example
        }
      }
    }
  }

  private void serveOwner(Socket socket, long number) {
    try (socket;
        Recording.Pair kept = recording.of("owner-" + number)) {
      socket.setTcpNoDelay(true);
      MasterSession to;
      synchronized (session) {
        while ((to = session.get()) == null) {
          session.wait();
        }
      }
      to.serveOwner(socket, kept);
    } catch (IOException | InterruptedException e) {
      LOG.info("an owner's connection has ended");
    }
  }

  /** Executors outlive sessions: their events go to the one that is there. */
  private final class ToSession implements Executors.Events {
    @Override
    public void frame(long of, Executors.Executor from, FrameChannel.Frame frame) {
      MasterSession to = session.get();
      if (to != null && to.number() == of) {
        to.frame(from, frame);
      }
    }

    @Override
    public void ready(long of, Executors.Executor which) {
      MasterSession to = session.get();
      if (to != null && to.number() == of) {
        to.ready();
      }
    }

    @Override
    public void lost(Executors.Executor which) {
      MasterSession to = session.get();
      if (to != null) {
        to.lost(which);
      }
    }
  }
}
