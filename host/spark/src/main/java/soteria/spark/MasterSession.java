package soteria.spark;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import soteria.host.FrameKind;
import soteria.host.Resources;
import soteria.host.Role;

/** One life of the master enclave, which serves one job: its process, its connection, its stages and its streams. */
final class MasterSession {
  private static final int CONNECT_MS = 60_000;
  private static final Logger LOG = LoggerFactory.getLogger(MasterSession.class);

  private final Executors executors;
  private final SparkContext spark;
  private final long number;
  private final EnclaveProcess process;
  private final FrameChannel channel;
  private final FileService files;
  private final OutsideStages outside;
  private final Relay relay;
  private final Stages stages;
  private final SparkListener listener;
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile boolean served;

  /** Starts a master and waits until it has connected. */
  MasterSession(
      Settings settings,
      String program,
      long residentBytes,
      long number,
      SparkContext spark,
      Executors executors,
      Recording recording)
      throws IOException {
    this.executors = executors;
    this.spark = spark;
    String cookie = EnclaveProcess.newCookie();
    String name = "session-" + number + "-master";
    try (ServerSocket door = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      door.setSoTimeout(CONNECT_MS);
      this.number = number;
      String log = settings.logDirectory().isEmpty() ? "" : settings.logDirectory() + "/master.log";
      process =
          new EnclaveProcess(
              program, settings.arguments(door.getLocalPort(), "master"), cookie, log);
      process.onExit().thenRun(() -> closeQuietly(door));
      channel = admit(door, cookie);
    }
    channel.record(recording.of(name));
    channel.send(FrameKind.HELLO_OK, 0);
    files = new FileService(spark.conf());
    relay = new Relay(this::send);
    outside = new OutsideStages(spark, this::send, number);
    stages = new Stages(spark, executors, this::send, number, residentBytes);
    listener = stages.listener();
    spark.addSparkListener(listener);
  }

  private static void closeQuietly(ServerSocket door) {
    try {
      door.close();
    } catch (IOException e) {
      LOG.warn("the master's door can't be closed", e);
    }
  }

  /** Waits for the master; others that connect are sent away. */
  private FrameChannel admit(ServerSocket door, String cookie) throws IOException {
    try {
      while (true) {
        Socket socket = door.accept();
        try {
          Greeting.Guest guest = Greeting.receive(socket, FrameKind.HELLO_VALUE, cookie);
          if (guest.hello().getRole() == Role.MASTER) {
            return guest.channel();
          }
          guest.channel().close();
        } catch (IOException e) {
          LOG.warn("a connection was refused: {}", e.getMessage());
        }
      }
    } catch (IOException e) {
      process.kill();
      throw new IOException("the master enclave doesn't connect", e);
    }
  }

  /** Call once executors may know of this session. */
  void begin() {
    resources();
    Threads.start("master", this::serve);
  }

  private void serve() {
    try {
      while (true) {
        FrameChannel.Frame frame = channel.receive();
        if (Relay.carries(frame.kind())) {
          relay.fromMaster(frame);
        } else if (frame.kind() == FrameKind.FILE_REQUEST_VALUE) {
          files.serve(frame, this::send);
        } else if (frame.kind() == FrameKind.STATISTIC_VALUE) {
          outside.fromMaster(frame);
        } else {
          stages.fromMaster(frame);
        }
      }
    } catch (IOException e) {
      LOG.warn("the master's connection has ended: {}", e.getMessage());
    } catch (RuntimeException e) {
      LOG.error("the master can't be served", e);
    }
    ended.countDown();
  }

  private void send(int kind, long id, byte[] payload) {
    try {
      channel.send(kind, id, payload);
    } catch (IOException e) {
      channel.close(); // its reader sees the end
    }
  }

  private void resources() {
    List<Executors.Executor> all = executors.all();
    Resources resources =
        Resources.newBuilder()
            .setWorkers(all.size())
            .setWorkersReady(executors.ready().size())
            .setSlots(all.stream().mapToInt(executor -> executor.slots).max().orElse(1))
            .build();
    send(FrameKind.RESOURCES_VALUE, 0, resources.toByteArray());
  }

  long number() {
    return number;
  }

  /** What an executor's enclave of this session sends. */
  void frame(Executors.Executor from, FrameChannel.Frame frame) {
    if (Relay.carries(frame.kind())) {
      relay.fromWorker(from, frame);
    } else if (frame.kind() == Link.FAILED) {
      try {
        stages.failed(frame);
      } catch (IOException e) {
        LOG.error("an executor sent a malformed frame");
      }
    } else if (frame.kind() == Link.SEATED
        || frame.kind() == Link.LEFT
        || frame.kind() == Link.DONE
        || frame.kind() == FrameKind.RESULT_VALUE
        || frame.kind() == FrameKind.PROGRESS_VALUE) {
      stages.fromResident(from, frame);
    }
  }

  void ready() {
    resources();
  }

  void lost(Executors.Executor which) {
    LOG.warn("executor {} lost", which.id);
    relay.workerGone(which);
    stages.lost(which);
    send(FrameKind.WORKER_LOST_VALUE, 0, new byte[0]);
    resources();
  }

  /** An owner has connected; returns when the connection is over. */
  void serveOwner(Socket socket, Recording.Pair recording)
      throws IOException, InterruptedException {
    served = true;
    relay.serveOwner(socket, recording);
  }

  /** Whether an owner came: the session did what it was started for. */
  boolean served() {
    return served;
  }

  boolean hasEnded(long milliseconds) throws InterruptedException {
    return ended.await(milliseconds, TimeUnit.MILLISECONDS);
  }

  void close() {
    process.kill();
    relay.close();
    channel.close();
    files.close();
    outside.close();
    stages.close();
    spark.removeSparkListener(listener);
  }
}
