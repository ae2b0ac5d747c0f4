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
  private static final String GROUP = "resident";
  private static final Logger LOG = LoggerFactory.getLogger(Residence.class);

  /** Sealed broadcasts by the master's number. */
  interface Broadcasts {
    byte[] get(long id);
  }

  private final SparkContext spark;
  private final Executors executors;

  // Guarded by this.
  private final Map<Executors.Executor, Set<Long>> told = new HashMap<>();
  private Executors.Executor seat; // where the resident task sits; null: nowhere yet
  private Executors.Executor standby; // where a speculative copy of it sits
  private String home = ""; // executor that the next one should sit on
  private long sittings; // how often somebody sat down
  private long resident; // number of the newest
  private boolean running; // Spark has its job
  private Throwable broken; // why the last job ended, if not well
  private long done; // newest stage that is done
  private long cancelled;
  private boolean closed;

  Residence(SparkContext spark, Executors executors) {
    this.spark = spark;
    this.executors = executors;
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
    for (boolean first = true; ; first = false) {
      Executors.Executor to = sit();
      if (to == null) {
        return; // cancelled
      }
      long sitting = sitting();
      if (!first) {
        again.run();
      }
      for (long id : stage.getBroadcastsList()) {
        byte[] sealed = broadcasts.get(id);
        if (sealed == null) {
          throw new IOException("the stage names a broadcast that isn't there");
        }
        if (tell(to, id)) {
          to.send(FrameKind.BROADCAST_VALUE, id, sealed);
        }
      }
      to.send(Link.RUN, stage.getStage(), stage.toByteArray());
      synchronized (this) {
        while (done != stage.getStage()
            && cancelled != stage.getStage()
            && seat == to
            && sittings == sitting
            && !closed) {
          wait();
        }
        if (done == stage.getStage() || cancelled == stage.getStage() || closed) {
          return;
        }
      }
    }
  }

  private synchronized long sitting() {
    return sittings;
  }

  private synchronized boolean tell(Executors.Executor to, long broadcast) {
    return told.computeIfAbsent(to, executor -> new HashSet<>()).add(broadcast);
  }

  /** Waits until a resident task sits somewhere; starts one where there is none. */
  private synchronized Executors.Executor sit() throws IOException, InterruptedException {
    broken = null;
    while (seat == null && !closed) {
      if (broken != null) {
        throw new IOException("the resident task was given up", broken);
      }
      if (!running) {
        running = true;
        long number = ++resident;
        Threads.start("resident", () -> runJob(number));
      }
      wait();
    }
    return seat;
  }

  private void runJob(long number) {
    Throwable why = null;
    try {
      String where = location();
      List<Executors.Executor> ready = executors.ready();
      if (where == null && !ready.isEmpty()) {
        where = ready.get(0).location();
      }
      Resident task =
          new Resident(spark, number, where == null ? new String[0] : new String[] {where});
      task.setName("resident " + number);
      spark.setJobGroup(GROUP, "resident " + number, true);
      spark.setCallSite("resident " + number);
      spark.runJob(
          task,
          new SealedRdd.Blobs(),
          new Range.Exclusive(0, 1, 1),
          new Nothing(),
          ClassTag$.MODULE$.apply(byte[][].class));
    } catch (Throwable e) {
      why = e;
      LOG.warn("a resident task was given up: {}", e.getMessage());
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
      return;
    }
    if (seat == null || seat == where) { // the latter: an attempt that failed, and the next one
      take(where);
    } else {
      standby = where;
    }
  }

  /** A new attempt knows nothing of what was sent to another. */
  private void take(Executors.Executor where) {
    told.remove(where);
    seat = where;
    home = where.id;
    sittings++;
    notifyAll();
  }

  synchronized void lost(Executors.Executor which) {
    told.remove(which);
    if (standby == which) {
      standby = null;
    }
    if (seat == which) {
      seat = null; // Spark tries the task again, or its job ends
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
    if (where == seat) {
      done = stage;
      notifyAll();
    }
  }

  synchronized void cancel(long stage) {
    cancelled = stage;
    notifyAll();
  }

  /** The resident task, if there is one, gives its core back. */
  synchronized void leave() throws InterruptedException {
    if (seat != null) {
      seat.send(Link.LEAVE, 0, new byte[0]);
    }
    if (standby != null) {
      standby.send(Link.LEAVE, 0, new byte[0]);
    }
    while (running && !closed) {
      wait();
    }
  }

  void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
      if (!running) {
        return;
      }
    }
    spark.cancelJobGroup(GROUP);
  }
}
