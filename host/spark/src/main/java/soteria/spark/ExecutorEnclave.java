package soteria.spark;

import java.io.File;
import java.io.IOException;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkEnv;
import org.apache.spark.util.Utils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import soteria.host.Blob;
import soteria.host.FrameKind;
import soteria.host.Hello;
import soteria.host.Need;
import soteria.host.Place;
import soteria.host.Role;
import soteria.host.TaskKind;

/**
 * What one executor has: a connection to the driver's host and, for each session of the master, one worker enclave and, once it is
 * asked something, one statistics process. An enclave that dies within a session takes the executor with it, so that Spark forgets
 * what it thought was cached here and its own lineage works.
 */
final class ExecutorEnclave implements Worker.Owner {
  /** An enclave that ends with its session is told apart from one that dies by what the driver says within this time. */
  private static final long GRACE_MS = 500;

  private static final int EXIT_CODE = 70;
  private static final Logger LOG = LoggerFactory.getLogger(ExecutorEnclave.class);
  private static volatile ExecutorEnclave current;

  private final Settings settings;
  private final String executor;
  private final int slots;
  private final Recording recording;
  private final File spill; // in one of Spark's local directories, and removed with them
  private final FrameChannel link;
  private final BlockingQueue<FrameChannel.Frame> forResident = new LinkedBlockingQueue<>();
  // Guarded by this.
  private Worker worker; // of the newest session
  private FileService files; // for it
  private StatisticsProcess statistics; // beside it
  private long session;
  private long over; // stages up to this number are
  private volatile boolean closed;

  private ExecutorEnclave(Settings settings, String executor, String host, int slots)
      throws IOException {
    this.settings = settings;
    this.executor = executor;
    this.slots = slots;
    this.recording = new Recording(settings.recordDirectory());
    this.spill = Utils.createTempDir(Utils.getLocalDir(SparkEnv.get().conf()), "soteria-spill");
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

  private static ExecutorEnclave here() throws IOException {
    ExecutorEnclave here = current;
    if (here == null) {
      throw new IOException(
          "this executor has no enclave: is soteria.spark.SoteriaPlugin missing in spark.plugins?");
    }
    return here;
  }

  /** The enclave that serves this executor's tasks of a session. */
  static Worker worker(long session) throws IOException, InterruptedException {
    return here().of(session);
  }

  /** The statistics process that serves this executor's tasks of a session. */
  static StatisticsProcess statistics(long session) throws IOException, InterruptedException {
    ExecutorEnclave here = here();
    synchronized (here) {
      here.of(session);
      return here.statistics;
    }
  }

  private synchronized Worker of(long wanted) throws IOException, InterruptedException {
    long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(Worker.READY_SECONDS);
    while (session < wanted) {
      long left = TimeUnit.NANOSECONDS.toMillis(giveUp - System.nanoTime());
      if (left <= 0 || closed) {
        throw new IOException("the session has not begun on this executor");
      }
      wait(left);
    }
    if (session != wanted || worker == null) {
      throw new IOException("the session of this task is over");
    }
    return worker;
  }

  /** For a resident task of this executor, once there is an enclave for it. */
  static Resident.Door door(long session) throws IOException, InterruptedException {
    ExecutorEnclave here = here();
    Worker worker = here.of(session);
    worker.awaitReady();
    return here.new DoorOfResident(session, worker);
  }

  private final class DoorOfResident implements Resident.Door {
    private final long mine;
    private final Worker enclave;

    DoorOfResident(long session, Worker worker) {
      mine = session;
      enclave = worker;
      forResident.clear(); // of one that left
    }

    @Override
    public FrameChannel.Frame take(long milliseconds) throws InterruptedException {
      return forResident.poll(milliseconds, TimeUnit.MILLISECONDS);
    }

    @Override
    public void send(int kind, long id, byte[] payload) throws IOException {
      synchronized (ExecutorEnclave.this) {
        if (session == mine) {
          link.send(kind, id, payload);
        } else if (kind != Link.LEFT) { // which nobody asks for any more
          throw new IOException("the session of this task is over");
        }
      }
    }

    @Override
    public boolean cancelled(long stage) {
      synchronized (ExecutorEnclave.this) {
        return session != mine || stage <= over;
      }
    }

    @Override
    public List<Blob> run(SealedTask task, TaskKind kind, Place place, List<Blob> inputs)
        throws IOException, InterruptedException {
      return enclave.run(task, kind, place, inputs, DoorOfResident::nothingMissing);
    }

    private static List<Blob> nothingMissing(List<Need> needs) throws IOException {
      throw new IOException("a resident task has no shuffles");
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
          Worker to;
          synchronized (this) {
            to = worker;
            if (frame.kind() == FrameKind.CANCEL_VALUE) {
              over = Math.max(over, frame.id());
            }
          }
          if (to != null) {
            toWorker(to, frame);
          }
        }
      }
    } catch (IOException | RuntimeException e) {
      loseLink(e);
    }
  }

  /** Nobody could use this executor any more, and it would fail task after task. */
  private void loseLink(Exception why) {
    link.close();
    synchronized (this) {
      if (closed) {
        return;
      }
      if (worker != null) {
        worker.close();
      }
    }
    CompletableFuture.delayedExecutor(GRACE_MS, TimeUnit.MILLISECONDS)
        .execute(
            () -> {
              if (!closed) {
                LOG.error("the connection to the driver's host has ended", why);
                exit();
              }
            });
  }

  /** A worker that is going away is no reason to drop the link. */
  private static void toWorker(Worker worker, FrameChannel.Frame frame) {
    try {
      worker.down(frame);
    } catch (IOException e) {
      LOG.warn("the worker enclave doesn't take frames any more");
    }
  }

  /** Session 0 has no enclaves. */
  private synchronized void begin(long number) throws IOException {
    if (closed) {
      return;
    }
    closeWorker();
    session = number;
    over = 0;
    forResident.add(new FrameChannel.Frame(Link.LEAVE, 0, new byte[0])); // who waits here is of an old session
    link.send(Link.STARTED, number, new byte[0]);
    if (number != 0) {
      String name = "session-" + number + "-worker-" + executor;
      files = new FileService(SparkEnv.get().conf());
      worker = new Worker(settings, name, slots, new File(spill, name), recording, this);
      statistics =
          new StatisticsProcess(
              settings, "session-" + number + "-statistics-" + executor, recording);
    }
    notifyAll();
  }

  private synchronized void closeWorker() {
    Worker old = worker;
    worker = null;
    if (old != null) {
      old.close();
      files.close();
      statistics.close();
    }
  }

  @Override
  public void up(Worker from, FrameChannel.Frame frame) throws IOException {
    FileService service;
    synchronized (this) {
      if (from != worker) {
        return;
      }
      if (frame.kind() != FrameKind.FILE_REQUEST_VALUE) {
        link.send(frame.kind(), frame.id(), frame.payload());
        return;
      }
      service = files;
    }
    service.serve(
        frame, (kind, id, payload) -> from.down(new FrameChannel.Frame(kind, id, payload)));
  }

  @Override
  public void ended(Worker which) {
    CompletableFuture.delayedExecutor(GRACE_MS, TimeUnit.MILLISECONDS)
        .execute(() -> endWith(which));
  }

  private void endWith(Worker which) {
    synchronized (this) {
      if (closed || which != worker) {
        return;
      }
      LOG.error("the worker enclave of session {} has died: ending executor {}", session, executor);
    }
    exit();
  }

  private void exit() {
    Worker.remove(spill); // a JVM that is halted doesn't tidy up
    if (executor.equals("driver")) {
      System.exit(EXIT_CODE);
    }
    Runtime.getRuntime().halt(EXIT_CODE);
  }

  private void close() {
    closed = true;
    link.close(); // whoever writes to it doesn't wait any more
    synchronized (this) {
      closeWorker();
      notifyAll();
    }
  }
}
