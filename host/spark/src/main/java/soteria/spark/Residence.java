package soteria.spark;

import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.SparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.collection.immutable.Range;
import scala.reflect.ClassTag$;
import scala.runtime.BoxedUnit;
import soteria.host.FrameKind;
import soteria.host.RunStage;

/**
 * The driver's side of resident tasks: keeps one running while stages for it come, gives it the stages, and again to the next one
 * when Spark has had to start another. {@link #run} and {@link #leave} belong to the stage thread.
 */
final class Residence {
  private static final Logger LOG = LoggerFactory.getLogger(Residence.class);

  /** Sealed broadcasts by the master's number. */
  interface Broadcasts {
    byte[] get(long id);
  }

  /** Resident tasks as jobs, by number. */
  interface Jobs {
    /** Returns when the task has left. {@code where} is null or its preferred location. */
    void run(long resident, String where) throws Exception;

    void cancel(long resident);
  }

  /** A resident task has sat down; each time it is another one. */
  private static final class Seat {
    private final Executors.Executor executor;
    private boolean used; // a stage was sent to it

    private Seat(Executors.Executor executor) {
      this.executor = executor;
    }
  }

  /** A task that has been told to leave, or has left, is given so long until its job is over; then the job is cancelled. */
  static final long LEAVE_MS = 5_000;

  private final Jobs jobs;
  private final Executors executors;
  private final long leaveMs;

  // Guarded by this.
  private final Map<Executors.Executor, Set<Long>> told = new HashMap<>();
  private Seat seat; // where the resident task sits; null: nowhere yet
  private Executors.Executor standby; // where a speculative copy of it sits
  private boolean wanted; // by a stage
  private String home = ""; // executor that the next one should sit on
  private long resident; // number of the newest
  private boolean sat; // it has been seated: it will hear, or has heard, that it is to leave
  private boolean running; // its job
  private Throwable broken; // why the last job ended, if not well
  private long done; // newest stage that is done
  private long cancelled; // stages up to this number are
  private long givenUp; // likewise
  private boolean closed;

  Residence(Jobs jobs, Executors executors, long leaveMs) {
    this.jobs = jobs;
    this.executors = executors;
    this.leaveMs = leaveMs;
  }

  /** On Spark, whose UI shows "resident" and a number. */
  static Jobs onSpark(SparkContext spark, long session) {
    return new Jobs() {
      @Override
      public void run(long resident, String where) {
        String name = "resident " + resident;
        Resident task =
            new Resident(
                spark, session, resident, where == null ? new String[0] : new String[] {where});
        task.setName(name);
        spark.setJobGroup(group(resident), name, true);
        spark.setCallSite(name);
        spark.runJob(
            task,
            new SealedRdd.Blobs(),
            new Range.Exclusive(0, 1, 1),
            new Nothing(),
            ClassTag$.MODULE$.apply(byte[][].class));
      }

      @Override
      public void cancel(long resident) {
        spark.cancelJobGroupAndFutureJobs(group(resident));
      }

      private String group(long resident) {
        return "session " + session + " resident " + resident;
      }
    };
  }

  /** Where stages run, as a preferred location; null when nowhere yet. */
  synchronized String location() {
    return executors.all().stream()
        .filter(executor -> executor.id.equals(home))
        .map(Executors.Executor::location)
        .findFirst()
        .orElse(null);
  }

  /** Runs a stage to its end; results go their own way. An exception when Spark gives up. */
  void run(RunStage stage, Broadcasts broadcasts, Runnable again)
      throws IOException, InterruptedException {
    try {
      for (Seat to = sit(stage.getStage()); to != null; to = sit(stage.getStage())) {
        if (runAt(to, stage, broadcasts)) {
          return;
        }
        again.run();
      }
    } finally {
      rest();
    }
  }

  /** A task that sits there and is given no stage would never leave by itself. */
  private synchronized void rest() {
    wanted = false;
    if (seat != null && !seat.used) {
      seat.executor.send(Link.LEAVE, 0, new byte[0]);
    }
  }

  /** False when the seat was lost. */
  private boolean runAt(Seat to, RunStage stage, Broadcasts broadcasts)
      throws IOException, InterruptedException {
    for (long id : stage.getBroadcastsList()) {
      byte[] sealed = broadcasts.get(id);
      if (sealed == null) {
        throw new IOException("the stage names a broadcast that isn't there");
      }
      if (tell(to, id)) {
        to.executor.send(FrameKind.BROADCAST_VALUE, id, sealed);
      }
    }
    to.executor.send(Link.RUN, stage.getStage(), stage.toByteArray());
    synchronized (this) {
      to.used = true;
      while (!isOver(stage.getStage()) && seat == to) {
        wait();
      }
      return isOver(stage.getStage());
    }
  }

  /** Nothing is to be waited for any more. An exception when that is so because no enclave came. */
  private boolean isOver(long stage) throws IOException {
    if (stage <= givenUp && stage > cancelled && !closed) {
      throw new IOException("no enclave came for the stage");
    }
    return done == stage || stage <= cancelled || closed;
  }

  private synchronized boolean tell(Seat to, long broadcast) {
    return told.computeIfAbsent(to.executor, executor -> new HashSet<>()).add(broadcast);
  }

  /** Waits until a resident task sits somewhere; starts one where there is none. Null: the stage is over. */
  private synchronized Seat sit(long stage) throws IOException, InterruptedException {
    broken = null;
    wanted = true;
    while (!isOver(stage)) {
      if (seat != null) {
        return seat;
      }
      if (broken != null) {
        throw new IOException("the resident task was given up", broken);
      }
      if (!running) {
        running = true;
        sat = false;
        long number = ++resident;
        Threads.start("resident", () -> runJob(number));
      }
      wait();
    }
    return null;
  }

  private void runJob(long number) {
    Throwable why = null;
    try {
      String where = location();
      List<Executors.Executor> ready = executors.ready();
      if (where == null && !ready.isEmpty()) {
        where = ready.get(0).location();
      }
      jobs.run(number, where);
    } catch (Throwable e) {
      why = e;
      LOG.info("a resident task was given up: {}", e.getMessage());
    }
    synchronized (this) {
      running = false;
      seat = null;
      standby = null;
      broken = why;
      notifyAll();
    }
  }

  private static final class Nothing
      extends scala.runtime.AbstractFunction2<Object, byte[][], BoxedUnit> {
    @Override
    public BoxedUnit apply(Object partition, byte[][] none) {
      return BoxedUnit.UNIT;
    }
  }

  /** The resident task of that number sits there. */
  synchronized void seated(Executors.Executor where, long number) {
    if (number != resident || !running) {
      where.send(Link.LEAVE, 0, new byte[0]);
    } else if (seat == null || seat.executor == where) {
      take(where);
    } else {
      standby = where;
    }
  }

  /** A new attempt knows nothing of what was sent to another. */
  private void take(Executors.Executor where) {
    told.remove(where);
    sat = true;
    seat = new Seat(where);
    home = where.id;
    if (!wanted) {
      where.send(Link.LEAVE, 0, new byte[0]);
    }
    notifyAll();
  }

  /** It doesn't any more: its work is done, or Spark tries it again. */
  synchronized void left(Executors.Executor where, long number) {
    if (number == resident) {
      vacate(where);
    }
  }

  synchronized void lost(Executors.Executor which) {
    told.remove(which);
    vacate(which);
  }

  private void vacate(Executors.Executor where) {
    if (standby == where) {
      standby = null;
    }
    if (seat != null && seat.executor == where) {
      seat = null;
      if (standby != null) {
        take(standby);
        standby = null;
      }
    }
    notifyAll();
  }

  synchronized void dropped(List<Long> broadcasts) {
    told.values().forEach(ids -> ids.removeAll(broadcasts));
  }

  synchronized void done(Executors.Executor where, long stage) {
    if (seat != null && seat.executor == where) {
      done = stage;
      notifyAll();
    }
  }

  synchronized void cancel(long stage) {
    cancelled = Math.max(cancelled, stage);
    notifyAll();
  }

  /** No enclave has come for a stage in all its time. */
  synchronized void giveUp(long stage) {
    givenUp = Math.max(givenUp, stage);
    notifyAll();
  }

  /** The resident task, if there is one, gives its core back. */
  synchronized void leave() throws InterruptedException {
    showOut();
    while (running && !closed) {
      wait();
    }
  }

  /**
   * Ends its job as the success that it is: a job that is cancelled is a failed one to who looks at Spark. Nobody waits for a task
   * that has never sat down, as it hears nothing yet, nor longer than {@code leaveMs} for one that doesn't go.
   */
  private void showOut() throws InterruptedException {
    long until = System.nanoTime() + leaveMs * 1_000_000;
    if (standby != null) {
      standby.send(Link.LEAVE, 0, new byte[0]);
    }
    Seat asked = null;
    long left = leaveMs;
    while (running && sat && left > 0) {
      if (seat != null && seat != asked) {
        asked = seat;
        seat.executor.send(Link.LEAVE, 0, new byte[0]);
      }
      wait(left);
      left = (until - System.nanoTime()) / 1_000_000;
    }
    if (running) {
      jobs.cancel(resident);
    }
  }

  /** The session is over. A stage that still runs is given up with its task. */
  synchronized void close() {
    boolean atWork = wanted;
    closed = true;
    notifyAll();
    try {
      if (atWork && running) {
        jobs.cancel(resident);
      } else {
        showOut();
      }
    } catch (InterruptedException e) {
      jobs.cancel(resident);
      Thread.currentThread().interrupt();
    }
  }
}
