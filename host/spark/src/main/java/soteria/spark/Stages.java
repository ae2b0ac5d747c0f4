package soteria.spark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import org.apache.spark.ShuffleDependency;
import org.apache.spark.SparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.shuffle.ShuffleWriteProcessor;
import org.apache.spark.storage.RDDInfo;
import org.apache.spark.storage.StorageLevel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Option;
import scala.collection.immutable.Range;
import scala.jdk.javaapi.CollectionConverters;
import scala.reflect.ClassTag$;
import scala.runtime.BoxedUnit;
import soteria.host.Blob;
import soteria.host.Drop;
import soteria.host.FrameKind;
import soteria.host.Outcome;
import soteria.host.Place;
import soteria.host.Progress;
import soteria.host.Retried;
import soteria.host.RunStage;
import soteria.host.StageDone;
import soteria.host.TaskDone;
import soteria.host.Terminal;

/**
 * The master's stages as Spark jobs (docs/spark.md says which mechanism carries which verb). One stage runs at a time, in a thread
 * of its own; frames of the master come in by another. Belongs to one session of the master.
 */
final class Stages {
  /** Stages have at most so many partitions and shuffle cells. */
  static final long PARTITIONS_MAX = 100_000;

  static final long CELLS_MAX = 1L << 26;

  /** A stage that finds no ready enclave for so long is given up. */
  private static final long NO_WORKER_MS = 120_000;

  private static final long PROGRESS_MS = 500;
  private static final Logger LOG = LoggerFactory.getLogger(Stages.class);

  private final SparkContext spark;
  private final Executors executors;
  private final Relay.Peer master;
  private final long residentBytes;
  private final Residence residence;
  private final Seats seats = new Seats();
  private final ExecutorService thread =
      java.util.concurrent.Executors.newSingleThreadExecutor(
          run -> {
            Thread made = new Thread(run, "soteria-stage");
            made.setDaemon(true);
            return made;
          });

  // Guarded by this.
  private final Map<Long, Sealed> broadcasts = new HashMap<>();
  private final Map<Long, ShuffleDependency<Integer, byte[], byte[]>> shuffles = new HashMap<>();
  private final Map<Integer, SealedRdd> kept = new HashMap<>(); // newest, by partitions
  private final Map<Integer, Part> parts = new HashMap<>(); // Spark's stages of the open one
  private long open; // stage; 0: none
  private boolean ended; // the master needs no more of the open stage
  private boolean closed;

  /** A broadcast of the master; Spark has it once a stage needs it. */
  private static final class Sealed {
    private final byte[] bytes;
    private Broadcast<byte[]> inSpark;

    private Sealed(byte[] bytes) {
      this.bytes = bytes;
    }
  }

  /** One Spark stage of ours. */
  private record Part(SealedTask task, int level) {}

  /** Stages that read no more than {@code residentBytes} sealed bytes run in one resident task. */
  Stages(SparkContext spark, Executors executors, Relay.Peer master, long residentBytes) {
    this.residentBytes = residentBytes;
    this.residence = new Residence(spark, executors);
    this.spark = spark;
    this.executors = executors;
    this.master = master;
  }

  /** RUN_STAGE, BROADCAST, DROP or CANCEL. */
  void fromMaster(FrameChannel.Frame frame) throws IOException {
    switch (frame.kind()) {
      case FrameKind.RUN_STAGE_VALUE:
        RunStage run = RunStage.parseFrom(frame.payload());
        check(run);
        // The master may have all results, and go on, before Spark has said that the job is over.
        thread.execute(() -> run(run));
        break;
      case FrameKind.BROADCAST_VALUE:
        synchronized (this) {
          broadcasts.put(frame.id(), new Sealed(frame.payload()));
        }
        break;
      case FrameKind.DROP_VALUE:
        drop(Drop.parseFrom(frame.payload()));
        executors.sendAll(frame.kind(), frame.id(), frame.payload());
        break;
      case FrameKind.CANCEL_VALUE:
        synchronized (this) {
          if (open != frame.id()) {
            break;
          }
          ended = true;
        }
        executors.sendAll(frame.kind(), frame.id(), frame.payload());
        residence.cancel(frame.id());
        spark.cancelJobGroup(group(frame.id()));
        break;
      default:
        throw new IOException("the master sent frame kind " + frame.kind());
    }
  }

  private static void check(RunStage run) throws IOException {
    if (run.getStage() == 0
        || run.getPartitions() <= 0
        || run.getPartitions() > PARTITIONS_MAX
        || run.getFanIn() < 2
        || run.getFanIn() > PARTITIONS_MAX
        || run.getTerminal() == Terminal.TERMINAL_NONE
        || run.getTerminal() == Terminal.UNRECOGNIZED
        || run.getTargets() < 0
        || run.getTargets() > PARTITIONS_MAX
        || run.getTargets() * run.getPartitions() > CELLS_MAX) {
      throw new IOException("a stage that can't be run");
    }
  }

  private synchronized void drop(Drop drop) {
    residence.dropped(drop.getBroadcastsList());
    for (long id : drop.getBroadcastsList()) {
      Sealed sealed = broadcasts.remove(id);
      if (sealed != null && sealed.inSpark != null) {
        // Not destroyed: a kept block that is lost may still be made again from it. Spark's cleaner has the last word.
        sealed.inSpark.unpersist(false);
      }
    }
    for (long stage : drop.getStagesList()) {
      shuffles.remove(stage);
    }
  }

  /** The enclave of an executor has an error for the owner. */
  void failed(FrameChannel.Frame frame) throws com.google.protobuf.InvalidProtocolBufferException {
    synchronized (this) {
      if (open != frame.id() || ended) {
        return;
      }
    }
    for (Blob blob : TaskDone.parseFrom(frame.payload()).getOutputsList()) {
      deliver(blob.toByteArray());
    }
  }

  /** A blob with its stage and place is a RESULT: the two have the same fields. */
  private void deliver(byte[] blob) {
    master.send(FrameKind.RESULT_VALUE, open, blob);
  }

  private void run(RunStage run) {
    long stage = run.getStage();
    synchronized (this) {
      if (closed) {
        return;
      }
      open = stage;
      ended = false;
      parts.clear();
    }
    Outcome outcome = Outcome.OK;
    Thread watch = Threads.start("watch", () -> watchWorkers(stage));
    try {
      if (fitsOneWorker(run)) {
        residence.run(run, this::sealed, () -> again(run));
      } else {
        residence.leave();
        SealedTask task = seal(run);
        spark.setJobGroup(group(stage), task.name(), true);
        spark.setCallSite(task.name());
        runJob(task, small(run));
      }
    } catch (Throwable e) {
      boolean mine;
      synchronized (this) {
        mine = !ended && !closed;
      }
      if (mine) {
        LOG.warn("stage {} was given up: {}", stage, e.getMessage());
      }
      outcome = executors.ready().isEmpty() ? Outcome.RETRY : Outcome.FAILED;
    } finally {
      watch.interrupt();
    }
    synchronized (this) {
      boolean silent = ended || closed;
      ended = true;
      if (silent) {
        return;
      }
    }
    StageDone done = StageDone.newBuilder().setStage(stage).setOutcome(outcome).build();
    master.send(FrameKind.STAGE_DONE_VALUE, stage, done.toByteArray());
  }

  private void watchWorkers(long stage) {
    long since = System.nanoTime();
    try {
      while (true) {
        Thread.sleep(1_000);
        if (!executors.ready().isEmpty()) {
          since = System.nanoTime();
        } else if (System.nanoTime() - since > NO_WORKER_MS * 1_000_000) {
          spark.cancelJobGroup(group(stage));
          return;
        }
      }
    } catch (InterruptedException e) {
      // The stage is over.
    }
  }

  private boolean small(RunStage run) {
    return run.getInputBytes() > 0 && run.getInputBytes() <= residentBytes;
  }

  /** Shuffles are Spark's own, on both sides. */
  private boolean fitsOneWorker(RunStage run) {
    return small(run) && run.getInputStagesCount() == 0 && run.getTerminal() != Terminal.SHUFFLE;
  }

  private synchronized byte[] sealed(long broadcast) {
    Sealed sealed = broadcasts.get(broadcast);
    return sealed == null ? null : sealed.bytes;
  }

  /** What a resident task had done of a stage is lost with it. */
  private void again(RunStage run) {
    Place first = SealedTask.plain(run).place(0, 0);
    Retried retried = Retried.newBuilder().setStage(run.getStage()).setPlace(first).build();
    master.send(FrameKind.RETRIED_VALUE, run.getStage(), retried.toByteArray());
  }

  /** What an executor's resident task sends. */
  void fromResident(Executors.Executor from, FrameChannel.Frame frame) {
    if (frame.kind() == Link.SEATED) {
      residence.seated(from, frame.id());
      return;
    }
    synchronized (this) {
      if (open == frame.id() && !ended && frame.kind() != Link.DONE) {
        master.send(frame.kind(), frame.id(), frame.payload());
      }
    }
    if (frame.kind() == Link.DONE) {
      residence.done(from, frame.id());
    }
  }

  void lost(Executors.Executor which) {
    residence.lost(which);
  }

  private SealedTask seal(RunStage run) {
    List<SealedTask.Carried> used = new ArrayList<>();
    synchronized (this) {
      for (long id : run.getBroadcastsList()) {
        Sealed sealed = broadcasts.get(id);
        if (sealed == null) {
          throw new IllegalStateException("the stage names a broadcast that isn't there");
        }
        if (sealed.inSpark == null) {
          sealed.inSpark = spark.broadcast(sealed.bytes, bytesTag());
        }
        used.add(new SealedTask.BySpark(sealed.inSpark));
      }
    }
    Broadcast<byte[]> task = spark.broadcast(run.getSealedTask().toByteArray(), bytesTag());
    return SealedTask.of(run, new SealedTask.BySpark(task), used);
  }

  private void runJob(SealedTask task, boolean small) {
    SealedRdd keptHere;
    List<ShuffleDependency<Integer, byte[], byte[]>> inputs = new ArrayList<>();
    synchronized (this) {
      keptHere = kept.get(task.partitions());
      for (long stage : task.inputStages()) {
        if (!shuffles.containsKey(stage)) {
          throw new IllegalStateException("the stage reads a shuffle that isn't there");
        }
        inputs.add(shuffles.get(stage));
      }
    }
    boolean keeps = task.terminal() == Terminal.KEEP_VALUE;
    String[] preferred = seats.of(task.partitions(), executors.ready());
    String together = residence.location();
    if (small && together != null) {
      Arrays.fill(preferred, together);
    }
    SealedRdd map =
        new SealedRdd.Map(spark, task, keeps ? null : keptHere, inputs, preferred);
    name(map, task, 0);
    if (keeps) {
      map.persist(StorageLevel.MEMORY_ONLY());
      runJob(map);
      synchronized (this) {
        kept.put(task.partitions(), map);
      }
      if (keptHere != null) {
        keptHere.unpersist(false);
      }
    } else if (task.reduces()) {
      runJob(reduce(map, task));
    } else if (task.shuffles()) {
      ShuffleDependency<Integer, byte[], byte[]> shuffle = shuffle(map, task.targets() + 1);
      SealedRdd receipts = new SealedRdd.Receipts(spark, task, shuffle);
      receipts.setName(task.name());
      synchronized (this) {
        shuffles.put(task.stage(), shuffle);
      }
      runJob(receipts);
    } else {
      runJob(map);
    }
    if (!keeps && !task.shuffles()) {
      ((SealedTask.BySpark) task.task()).broadcast().destroy(false);
    }
  }

  private SealedRdd reduce(SealedRdd map, SealedTask task) {
    int[] levels = task.levels();
    SealedRdd below = map;
    for (int level = 1; level < levels.length; level++) {
      below =
          new SealedRdd.Merge(spark, task, level, levels[level], shuffle(below, levels[level]));
      name(below, task, level);
    }
    return below;
  }

  private void name(SealedRdd rdd, SealedTask task, int level) {
    rdd.setName(task.name());
    synchronized (this) {
      parts.put(rdd.id(), new Part(task, level));
    }
  }

  private static ShuffleDependency<Integer, byte[], byte[]> shuffle(SealedRdd rdd, int targets) {
    return new ShuffleDependency<>(
        rdd,
        new SealedRdd.Targets(targets),
        new SealedSerializer(),
        Option.empty(),
        Option.empty(),
        false,
        new ShuffleWriteProcessor(),
        ClassTag$.MODULE$.apply(Integer.class),
        ClassTag$.MODULE$.apply(byte[].class),
        ClassTag$.MODULE$.apply(byte[].class));
  }

  private void runJob(SealedRdd last) {
    int partitions = last.getNumPartitions();
    spark.runJob(
        last,
        new SealedRdd.Blobs(),
        new Range.Exclusive(0, partitions, 1),
        new Deliver(this),
        ClassTag$.MODULE$.apply(byte[][].class));
  }

  /** Hands a partition's blobs on as soon as it is done. */
  private static final class Deliver
      extends scala.runtime.AbstractFunction2<Object, byte[][], BoxedUnit> {
    private final Stages stages;

    Deliver(Stages stages) {
      this.stages = stages;
    }

    @Override
    public BoxedUnit apply(Object partition, byte[][] blobs) {
      for (byte[] blob : blobs) {
        stages.deliver(blob);
      }
      return BoxedUnit.UNIT;
    }
  }

  private static scala.reflect.ClassTag<byte[]> bytesTag() {
    return ClassTag$.MODULE$.apply(byte[].class);
  }

  private static String group(long stage) {
    return "stage " + stage;
  }

  /** Tells the master what Spark does again, and how far it is. */
  SparkListener listener() {
    return new SparkListener() {
      private final Map<Integer, Part> running = new HashMap<>(); // by Spark's stage id
      private final Set<String> done = new HashSet<>();
      private long doneStage;
      private long reported;

      @Override
      public void onStageSubmitted(SparkListenerStageSubmitted event) {
        for (RDDInfo rdd : CollectionConverters.asJava(event.stageInfo().rddInfos())) {
          Part part;
          synchronized (Stages.this) {
            part = parts.get(rdd.id());
          }
          if (part != null) {
            running.put(event.stageInfo().stageId(), part);
          }
        }
      }

      @Override
      public void onTaskEnd(SparkListenerTaskEnd event) {
        Part part = running.get(event.stageId());
        synchronized (Stages.this) {
          if (part == null || part.task.stage() != open || ended) {
            return;
          }
        }
        int index = event.taskInfo().partitionId();
        Place place = part.task.place(part.level, index);
        if (event.taskInfo().successful()) {
          if (part.level == 0) {
            seats.ran(part.task.partitions(), index, event.taskInfo().executorId());
            progress(part.task, index);
          }
        } else if (!event.taskInfo().killed()) {
          Retried retried = Retried.newBuilder().setStage(open).setPlace(place).build();
          master.send(FrameKind.RETRIED_VALUE, open, retried.toByteArray());
        }
      }

      private void progress(SealedTask task, int index) {
        if (doneStage != task.stage()) {
          doneStage = task.stage();
          done.clear();
          reported = System.nanoTime();
        }
        done.add(Integer.toString(index));
        boolean streams = !task.reduces() && !task.shuffles(); // results show themselves
        if (streams || System.nanoTime() - reported < PROGRESS_MS * 1_000_000) {
          return;
        }
        reported = System.nanoTime();
        Progress progress =
            Progress.newBuilder()
                .setStage(task.stage())
                .setDone(done.size())
                .setTotal(task.partitions())
                .build();
        master.send(FrameKind.PROGRESS_VALUE, task.stage(), progress.toByteArray());
      }
    };
  }

  void close() {
    long running;
    synchronized (this) {
      closed = true;
      running = ended ? 0 : open;
      for (Sealed sealed : broadcasts.values()) {
        if (sealed.inSpark != null) {
          sealed.inSpark.destroy(false);
        }
      }
      kept.values().forEach(rdd -> rdd.unpersist(false));
      shuffles.clear();
      kept.clear();
    }
    residence.close();
    if (running != 0) {
      spark.cancelJobGroup(group(running));
    }
    thread.shutdown();
  }
}
