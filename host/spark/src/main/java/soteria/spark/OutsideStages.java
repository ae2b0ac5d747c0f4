package soteria.spark;

import java.io.Closeable;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.spark.SparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.collection.immutable.Range;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import scala.runtime.BoxedUnit;
import soteria.host.FrameKind;

/**
 * The master's outside stages: each is a Spark job of one task, which Spark tries again elsewhere when it is lost. What the master
 * has released goes by broadcast; the task's result is the answer, given once, empty when there is none. Beside the stages of
 * enclaves, and before them in the queue: the master waits for the answer in the middle of a job. Belongs to one session.
 * Thread-safe.
 */
final class OutsideStages implements Closeable {
  /** As long as the master waits. */
  private static final int LIMIT_MS = 120_000;

  /** Spark's fair scheduler gives the next free core to the pool that has fewer; of two that have none, to the first by name. */
  private static final String POOL = "beside"; // the stages' is "default"

  private static final byte[] NO_ANSWER = {};
  private static final Logger LOG = LoggerFactory.getLogger(OutsideStages.class);

  private final SparkContext spark;
  private final Relay.Peer master;
  private final long session;
  private final Set<Long> open = new TreeSet<>(); // guarded by this
  private boolean closed;

  OutsideStages(SparkContext spark, Relay.Peer master, long session) {
    this.spark = spark;
    this.master = master;
    this.session = session;
  }

  /** STATISTIC: returns at once. */
  void fromMaster(FrameChannel.Frame question) {
    synchronized (this) {
      if (closed || !open.add(question.id())) {
        return;
      }
    }
    Threads.start("outside", () -> run(question.id(), question.payload()));
    CompletableFuture.delayedExecutor(LIMIT_MS, TimeUnit.MILLISECONDS)
        .execute(() -> giveUp(question.id()));
  }

  private void run(long number, byte[] question) {
    byte[] answer = NO_ANSWER;
    try {
      answer = runJob(number, question);
    } catch (Throwable e) {
      LOG.warn("outside {} was given up: {}", number, e.getMessage());
    }
    synchronized (this) {
      if (!open.remove(number) || closed) {
        return;
      }
    }
    master.send(FrameKind.STATISTIC_DONE_VALUE, number, answer);
  }

  private byte[] runJob(long number, byte[] question) {
    String name = "outside " + number;
    AtomicReference<byte[]> answer = new AtomicReference<>(NO_ANSWER);
    ClassTag<byte[]> bytes = ClassTag$.MODULE$.apply(byte[].class);
    Broadcast<byte[]> released = spark.broadcast(question, bytes);
    try {
      Outside task = new Outside(spark, session, number, released);
      task.setName(name);
      spark.setJobGroup(group(number), name, true);
      spark.setCallSite(name);
      spark.setLocalProperty("spark.scheduler.pool", POOL);
      spark.runJob(
          task,
          new SealedRdd.Blobs(),
          new Range.Exclusive(0, 1, 1),
          new Take(answer),
          ClassTag$.MODULE$.apply(byte[][].class));
    } finally {
      released.destroy(false);
    }
    return answer.get();
  }

  private static final class Take
      extends scala.runtime.AbstractFunction2<Object, byte[][], BoxedUnit> {
    private final AtomicReference<byte[]> answer;

    Take(AtomicReference<byte[]> answer) {
      this.answer = answer;
    }

    @Override
    public BoxedUnit apply(Object partition, byte[][] elements) {
      answer.set(elements[0]);
      return BoxedUnit.UNIT;
    }
  }

  private String group(long number) {
    return "session " + session + " outside " + number;
  }

  private void giveUp(long number) {
    synchronized (this) {
      if (!open.contains(number)) {
        return;
      }
    }
    spark.cancelJobGroupAndFutureJobs(group(number));
  }

  @Override
  public void close() {
    List<Long> running;
    synchronized (this) {
      closed = true;
      running = List.copyOf(open);
    }
    if (!spark.isStopped()) {
      running.forEach(number -> spark.cancelJobGroupAndFutureJobs(group(number)));
    }
  }
}
