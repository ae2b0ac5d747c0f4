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
import org.apache.spark.scheduler.SparkListenerBlockUpdated;
import org.apache.spark.scheduler.SparkListenerStageCompleted;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerUnpersistRDD;
import org.apache.spark.shuffle.ShuffleWriteProcessor;
import org.apache.spark.storage.BlockUpdatedInfo;
import org.apache.spark.storage.RDDBlockId;
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
  private final long session;
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
  private long asked; // newest stage that the master asked for
  private long open; // stage; 0: none
  private long over; // of stages up to this number the master needs no more
  private boolean closed;

  /** A broadcast of the master; Spark has it once a stage needs it. */
  private static final class Sealed {
    private final byte[] bytes;
    private Broadcast<byte[]> inSpark;
    private boolean lasting; // blocks or shuffles may be made again from it

    private Sealed(byte[] bytes) {
      this.bytes = bytes;
    }
  }

  /** One Spark stage of ours. */
  private record Part(SealedTask task, int level) {}

  /** Stages that read no more than {@code residentBytes} sealed bytes run in one resident task. */
  Stages(
      SparkContext spark,
      Executors executors,
      Relay.Peer master,
      long session,
      long residentBytes) {
    this.session = session;
    this.residentBytes = residentBytes;
    this.residence = new Residence(Residence.onSpark(spark, session), executors, Residence.LEAVE_MS);
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
        synchronized (this) {
          if (run.getStage() <= asked) {
            throw new IOException("a stage that was there before");
          }
          asked = run.getStage();
        }
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
        // It may not have begun: then it never does.
        synchronized (this) {
          over = Math.max(over, frame.id());
        }
        executors.sendAll(frame.kind(), frame.id(), frame.payload());
        residence.cancel(frame.id());
        spark.cancelJobGroupAndFutureJobs(group(frame.id()));
        break;
      default:
        throw new IOException("the master sent frame kind " + frame.kind());
    }
  }

  private static void check(RunStage run) throws IOException {
    if (run.getStage() <= 0
        || run.getPartitions() <= 0
        || run.getPartitions() > PARTITIONS_MAX
        || run.getFanIn() < 2
        || run.getFanIn() > PARTITIONS_MAX
        || run.getTerminal() == Terminal.TERMINAL_NONE
        || run.getTerminal() == Terminal.UNRECOGNIZED
        || run.getTargets() < 0
        || run.getTargets() > PARTITIONS_MAX
        || (run.getTerminal() == Terminal.SHUFFLE && run.getTargets() == 0)
        || run.getTargets() * run.getPartitions() > CELLS_MAX) {
      throw new IOException("a stage that can't be run");
    }
  }

  private synchronized void drop(Drop drop) {
    residence.dropped(drop.getBroadcastsList());
    for (long id : drop.getBroadcastsList()) {
      Sealed sealed = broadcasts.remove(id);
      if (sealed != null && sealed.inSpark != null) {
        if (sealed.lasting) {
          sealed.inSpark.unpersist(false); // Spark's cleaner has the last word
        } else {
          sealed.inSpark.destroy(false);
        }
      }
    }
    for (long stage : drop.getStagesList()) {
      shuffles.remove(stage);
    }
  }

  /** The enclave of an executor has an error for the owner. */
  void failed(FrameChannel.Frame frame) throws com.google.protobuf.InvalidProtocolBufferException {
    synchronized (this) {
      if (open != frame.id() || open <= over) {
        return;
      }
    }
    for (Blob blob : TaskDone.parseFrom(frame.payload()).getOutputsList()) {
      deliver(frame.id(), blob.toByteArray());
    }
  }

  /** A blob with its stage and place is a RESULT: the two have the same fields. */
  private void deliver(long stage, byte[] blob) {
    master.send(FrameKind.RESULT_VALUE, stage, blob);
  }

  private void run(RunStage run) {
    long stage = run.getStage();
    synchronized (this) {
      if (closed || stage <= over) {
        return;
      }
      open = stage;
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
        mine = stage > over && !closed;
      }
      if (mine) {
        LOG.warn("stage {} was given up: {}", stage, e.getMessage());
      }
      outcome = executors.ready().isEmpty() ? Outcome.RETRY : Outcome.FAILED;
    } finally {
      watch.interrupt();
    }
    synchronized (this) {
      boolean silent = stage <= over || closed;
      over = Math.max(over, stage);
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
          residence.giveUp(stage);
          spark.cancelJobGroupAndFutureJobs(group(stage));
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
    Place first = SealedTask.plain(session, run).place(0, 0);
    retried(Retried.newBuilder().setStage(run.getStage()).setPlace(first));
  }

  private void retried(Retried.Builder what) {
    master.send(FrameKind.RETRIED_VALUE, what.getStage(), what.build().toByteArray());
  }

  /** What an executor's resident task sends. */
  void fromResident(Executors.Executor from, FrameChannel.Frame frame) {
    if (frame.kind() == Link.SEATED) {
      residence.seated(from, frame.id());
      return;
    }
    if (frame.kind() == Link.LEFT) {
      residence.left(from, frame.id());
      return;
    }
    synchronized (this) {
      if (open == frame.id() && open > over && frame.kind() != Link.DONE) {
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
        sealed.lasting |= lasts(run.getTerminal());
        used.add(new SealedTask.BySpark(sealed.inSpark));
      }
    }
    Broadcast<byte[]> task = spark.broadcast(run.getSealedTask().toByteArray(), bytesTag());
    return SealedTask.of(session, run, new SealedTask.BySpark(task), used);
  }

  /** Spark may make what such a stage made again later. */
  private static boolean lasts(Terminal terminal) {
    return terminal == Terminal.KEEP || terminal == Terminal.SHUFFLE;
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
      keep(map, task, keptHere);
    } else if (task.shuffles()) {
      shuffle(map, task);
    } else {
      try {
        runJob(task.reduces() ? reduce(map, task) : map, task.stage());
      } finally {
        ((SealedTask.BySpark) task.task()).broadcast().destroy(false);
      }
    }
  }

  private void keep(SealedRdd map, SealedTask task, SealedRdd before) {
    map.persist(StorageLevel.MEMORY_ONLY());
    boolean done = false;
    try {
      runJob(map, task.stage());
      done = true;
    } finally {
      if (!done) {
        map.unpersist(false);
      }
    }
    synchronized (this) {
      kept.put(task.partitions(), map);
    }
    if (before != null) {
      before.unpersist(false);
    }
  }

  private void shuffle(SealedRdd map, SealedTask task) {
    ShuffleDependency<Integer, byte[], byte[]> shuffle = shuffle(map, task.targets() + 1);
    SealedRdd receipts = new SealedRdd.Receipts(spark, task, shuffle);
    receipts.setName(task.name());
    // At once: the master may go on before Spark has said that the job is over.
    synchronized (this) {
      shuffles.put(task.stage(), shuffle);
    }
    boolean done = false;
    try {
      runJob(receipts, task.stage());
      done = true;
    } finally {
      if (!done) {
        synchronized (this) {
          shuffles.remove(task.stage());
        }
      }
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

  private void runJob(SealedRdd last, long stage) {
    int partitions = last.getNumPartitions();
    spark.runJob(
        last,
        new SealedRdd.Blobs(),
        new Range.Exclusive(0, partitions, 1),
        new Deliver(this, stage),
        ClassTag$.MODULE$.apply(byte[][].class));
  }

  /** Hands a partition's blobs on as soon as it is done. */
  private static final class Deliver
      extends scala.runtime.AbstractFunction2<Object, byte[][], BoxedUnit> {
    private final Stages stages;
    private final long stage;

    Deliver(Stages stages, long stage) {
      this.stages = stages;
      this.stage = stage;
    }

    @Override
    public BoxedUnit apply(Object partition, byte[][] blobs) {
      for (byte[] blob : blobs) {
        stages.deliver(stage, blob);
      }
      return BoxedUnit.UNIT;
    }
  }

  private static scala.reflect.ClassTag<byte[]> bytesTag() {
    return ClassTag$.MODULE$.apply(byte[].class);
  }

  private String group(long stage) {
    return "session " + session + " stage " + stage; // Spark remembers the names of those cancelled
  }

  /** The task that made the handles of an RDD, while they are kept and have all been made. */
  private synchronized SealedTask keptBy(int rdd) {
    for (SealedRdd one : kept.values()) {
      if (one.id() == rdd) {
        return one.task;
      }
    }
    return null;
  }

  /** Tells the master what Spark does again, and how far it is. */
  SparkListener listener() {
    return new SparkListener() {
      private final Map<Integer, Part> running = new HashMap<>(); // by Spark's stage id
      private final Set<String> done = new HashSet<>();
      private final Set<RDDBlockId> handles = new HashSet<>(); // that Spark has stored
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
      public void onStageCompleted(SparkListenerStageCompleted event) {
        running.remove(event.stageInfo().stageId());
      }

      @Override
      public void onTaskEnd(SparkListenerTaskEnd event) {
        Part part = running.get(event.stageId());
        synchronized (Stages.this) {
          if (part == null || part.task.stage() != open || open <= over) {
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
          retried(Retried.newBuilder().setStage(part.task.stage()).setPlace(place));
        }
      }

      /** A handle that Spark stores once more was lost, and its block has been made again. */
      @Override
      public void onBlockUpdated(SparkListenerBlockUpdated event) {
        BlockUpdatedInfo info = event.blockUpdatedInfo();
        if (!(info.blockId() instanceof RDDBlockId handle)
            || !info.storageLevel().isValid()
            || handles.add(handle)) {
          return;
        }
        SealedTask task = keptBy(handle.rddId());
        if (task != null) {
          Place place = task.place(0, handle.splitIndex());
          retried(Retried.newBuilder().setStage(task.stage()).setPlace(place).setKept(true));
        }
      }

      @Override
      public void onUnpersistRDD(SparkListenerUnpersistRDD event) {
        handles.removeIf(handle -> handle.rddId() == event.rddId());
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
    List<Broadcast<byte[]>> inSpark = new ArrayList<>();
    List<SealedRdd> persisted;
    long running;
    synchronized (this) {
      closed = true;
      running = open > over ? open : 0;
      for (Sealed sealed : broadcasts.values()) {
        if (sealed.inSpark != null) {
          inSpark.add(sealed.inSpark);
        }
      }
      persisted = new ArrayList<>(kept.values());
      broadcasts.clear();
      shuffles.clear();
      kept.clear();
      parts.clear();
    }
    thread.shutdown();
    if (spark.isStopped()) {
      return;
    }
    residence.close();
    if (running != 0) {
      spark.cancelJobGroupAndFutureJobs(group(running));
    }
    persisted.forEach(rdd -> rdd.unpersist(false));
    inSpark.forEach(broadcast -> broadcast.destroy(false));
  }
}
