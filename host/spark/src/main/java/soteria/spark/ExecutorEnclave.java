package soteria.spark;

import java.io.IOException;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkEnv;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import soteria.host.FrameKind;
import soteria.host.Hello;
import soteria.host.Role;

/**
 * What one executor has: a connection to the driver's host and, for each session of the master, one worker enclave. An enclave
 * that dies within a session takes the executor with it, so that Spark forgets what it thought was cached here and its own
 * lineage works.
 */
final class ExecutorEnclave implements Worker.Owner {
  /** An enclave that ends with its session is told apart from one that dies by what the driver says within this time. */
  private static final long GRACE_MS = 1_000;

  private static final int EXIT_CODE = 70;
  private static final Logger LOG = LoggerFactory.getLogger(ExecutorEnclave.class);
  private static volatile ExecutorEnclave current;

  private final Settings settings;
  private final String executor;
  private final int slots;
  private final Recording recording;
  private final FileService files;
  private final FrameChannel link;
  private final BlockingQueue<FrameChannel.Frame> forResident = new LinkedBlockingQueue<>();
  private volatile long cancelled; // stage
  private Worker worker; // of the newest session; guarded by this
  private long session;
  private boolean closed;

  private ExecutorEnclave(Settings settings, String executor, String host, int slots)
      throws IOException {
    this.settings = settings;
    this.executor = executor;
    this.slots = slots;
    this.recording = new Recording(settings.recordDirectory());
    this.files = new FileService(SparkEnv.get().conf());
    link = new FrameChannel(new Socket(settings.driverHost(), settings.driverPort()));
    Hello hello =
        Hello.newBuilder()
            .setCookie(settings.cookie())
            .setRole(Role.WORKER)
            .setName(executor + "@" + host)
            .setSlot(slots)
            .build();
    link.send(Link.HELLO, 0, hello.toByteArray());
    Threads.start("link", this::serveLink);
  }

  static synchronized void start(Settings settings, String executor, String host, int slots)
      throws IOException {
    current = new ExecutorEnclave(settings, executor, host, slots);
  }

  static synchronized void stop() {
    if (current != null) {
      current.close();
      current = null;
    }
  }

  /** The enclave that serves this executor's tasks now. */
  static Worker worker() throws IOException, InterruptedException {
    ExecutorEnclave here = current;
    if (here == null) {
      throw new IOException("this executor has no enclave: is soteria.spark.SoteriaPlugin missing in spark.plugins?");
    }
    synchronized (here) {
      long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(Worker.READY_SECONDS);
      while (here.worker == null) {
        long left = TimeUnit.NANOSECONDS.toMillis(giveUp - System.nanoTime());
        if (left <= 0) {
          throw new IOException("no session has begun on this executor");
        }
        here.wait(left);
      }
      return here.worker;
    }
  }

  static String executor() {
    return current.executor;
  }

  /** A resident task of this executor: its number, and what it is sent. */
  static Resident.Door door() throws IOException {
    ExecutorEnclave here = current;
    if (here == null) {
      throw new IOException("this executor has no enclave");
    }
    return here.new DoorOfResident();
  }

  private final class DoorOfResident implements Resident.Door {
    @Override
    public FrameChannel.Frame take(long milliseconds) throws InterruptedException {
      return forResident.poll(milliseconds, TimeUnit.MILLISECONDS);
    }

    @Override
    public void sit(long resident) throws IOException {
      forResident.clear(); // of one that left
      link.send(Link.SEATED, resident, new byte[0]);
    }

    @Override
    public void send(int kind, long id, byte[] payload) throws IOException {
      link.send(kind, id, payload);
    }

    @Override
    public boolean cancelled(long stage) {
      return cancelled == stage;
    }
  }

  private void serveLink() {
    try {
      while (true) {
        FrameChannel.Frame frame = link.receive();
        if (frame.kind() == Link.SESSION) {
          begin(frame.id());
        } else if (frame.kind() == Link.RUN || frame.kind() == Link.LEAVE) {
          forResident.add(frame);
        } else {
          if (frame.kind() == FrameKind.CANCEL_VALUE) {
            cancelled = frame.id();
          }
          Worker to;
          synchronized (this) {
            to = worker;
          }
          if (to != null) {
            toWorker(to, frame);
          }
        }
      }
    } catch (IOException e) {
      synchronized (this) {
        if (!closed) {
          LOG.error("the connection to the driver's host has ended", e);
        }
        if (worker != null) {
          worker.close();
        }
      }
    }
  }

  /** A worker that is going away is no reason to drop the link. */
  private static void toWorker(Worker worker, FrameChannel.Frame frame) {
    try {
      worker.down(frame);
    } catch (IOException e) {
      LOG.warn("the worker enclave doesn't take frames any more");
    }
  }

  private synchronized void begin(long number) throws IOException {
    if (closed) {
      return;
    }
    Worker old = worker;
    worker = null;
    session = number;
    if (old != null) {
      old.close();
    }
    link.send(Link.STARTED, number, new byte[0]);
    String name = "session-" + number + "-worker-" + executor;
    worker = new Worker(settings, name, slots, recording, this);
    notifyAll();
  }

  @Override
  public void up(Worker from, FrameChannel.Frame frame) throws IOException {
    if (frame.kind() == FrameKind.FILE_REQUEST_VALUE) {
      files.serve(
          frame, (kind, id, payload) -> from.down(new FrameChannel.Frame(kind, id, payload)));
      return;
    }
    synchronized (this) {
      if (from == worker) {
        link.send(frame.kind(), frame.id(), frame.payload());
      }
    }
  }

  @Override
  public void ended(Worker which) {
    boolean busy = which.busy();
    CompletableFuture.delayedExecutor(busy ? 0 : GRACE_MS, TimeUnit.MILLISECONDS)
        .execute(() -> endWith(which));
  }

  private void endWith(Worker which) {
    synchronized (this) {
      if (closed || which != worker) {
        return;
      }
    }
    LOG.error("the worker enclave of session {} has died: ending executor {}", session, executor);
    if (executor.equals("driver")) {
      System.exit(EXIT_CODE);
    }
    Runtime.getRuntime().halt(EXIT_CODE);
  }

  private synchronized void close() {
    closed = true;
    if (worker != null) {
      worker.close();
    }
    files.close();
    link.close();
  }
}
