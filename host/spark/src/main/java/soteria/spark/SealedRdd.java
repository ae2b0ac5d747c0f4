package soteria.spark;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.ToIntFunction;
import org.apache.spark.Dependency;
import org.apache.spark.OneToOneDependency;
import org.apache.spark.Partition;
import org.apache.spark.Partitioner;
import org.apache.spark.ShuffleDependency;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.rdd.RDD;
import org.apache.spark.shuffle.ShuffleReader;
import scala.Product2;
import scala.Tuple2;
import scala.collection.Iterator;
import scala.jdk.javaapi.CollectionConverters;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import soteria.host.Blob;
import soteria.host.Need;
import soteria.host.TaskKind;

/**
 * Work of enclaves as RDDs. Their elements are (target, sealed blob): target is the partition of the next shuffle that the
 * blob goes to, 0 where there is none. Spark schedules, retries and moves them; it sees numbers and sealed bytes.
 */
abstract class SealedRdd extends RDD<Tuple2<Integer, byte[]>> {
  private static final long serialVersionUID = 1;

  /** Longer than it takes until a task is killed whose stage has failed. */
  private static final long CANCEL_MS = 10_000;

  final SealedTask task;
  private final int count;
  private final String[] preferred; // by partition; empty: none

  SealedRdd(
      SparkContext context,
      List<Dependency<?>> dependencies,
      SealedTask task,
      int count,
      String[] preferred) {
    super(context, CollectionConverters.asScala(dependencies).toSeq(), pairTag());
    this.task = task;
    this.count = count;
    this.preferred = preferred;
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  static ClassTag<Tuple2<Integer, byte[]>> pairTag() {
    return (ClassTag) ClassTag$.MODULE$.apply(Tuple2.class);
  }

  @Override
  public Partition[] getPartitions() {
    Partition[] partitions = new Partition[count];
    for (int i = 0; i < count; i++) {
      partitions[i] = new Numbered(i);
    }
    return partitions;
  }

  @Override
  public scala.collection.immutable.Seq<String> getPreferredLocations(Partition split) {
    List<String> where =
        split.index() < preferred.length ? List.of(preferred[split.index()]) : List.of();
    return CollectionConverters.asScala(where).toSeq();
  }

  @Override
  public Iterator<Tuple2<Integer, byte[]>> compute(Partition split, TaskContext context) {
    try {
      return CollectionConverters.asScala(work(split, context));
    } catch (StageFailed e) {
      throw sneaky(cancelled(e));
    } catch (IOException | InterruptedException e) {
      throw sneaky(e);
    }
  }

  /** The master cancels a stage whose error it has: this task is killed, where another attempt would fail as it did. */
  private static Exception cancelled(StageFailed why) {
    try {
      Thread.sleep(CANCEL_MS);
      return why;
    } catch (InterruptedException e) {
      return e;
    }
  }

  abstract java.util.Iterator<Tuple2<Integer, byte[]>> work(Partition split, TaskContext context)
      throws IOException, InterruptedException;

  /** One after another, each let go: shuffles write them as they come, and no second copy of all is made. */
  static java.util.Iterator<Tuple2<Integer, byte[]>> elements(
      List<Blob> blobs, ToIntFunction<Blob> target) {
    Deque<Blob> left = new ArrayDeque<>(blobs);
    return new java.util.Iterator<>() {
      @Override
      public boolean hasNext() {
        return !left.isEmpty();
      }

      @Override
      public Tuple2<Integer, byte[]> next() {
        Blob blob = left.remove();
        return new Tuple2<>(target.applyAsInt(blob), blob.toByteArray());
      }
    };
  }

  @SuppressWarnings("unchecked")
  static <E extends Throwable> RuntimeException sneaky(Throwable e) throws E {
    throw (E) e;
  }

  /** A partition or node by its number. */
  record Numbered(int index) implements Partition {
    private static final long serialVersionUID = 1;
  }

  /** The key is the target. */
  static final class Targets extends Partitioner {
    private static final long serialVersionUID = 1;
    private final int count;

    Targets(int count) {
      this.count = count;
    }

    @Override
    public int numPartitions() {
      return count;
    }

    @Override
    public int getPartition(Object key) {
      return (Integer) key;
    }
  }

  /** All blobs of one target of a shuffle. */
  static List<Blob> read(ShuffleDependency<?, ?, ?> shuffle, int target, TaskContext context)
      throws IOException {
    ShuffleReader<Integer, byte[]> reader =
        SparkEnv.get()
            .shuffleManager()
            .getReader(
                shuffle.shuffleHandle(),
                target,
                target + 1,
                context,
                context.taskMetrics().createTempShuffleReadMetrics());
    Iterator<Product2<Integer, byte[]>> records = reader.read();
    List<Blob> blobs = new ArrayList<>();
    while (records.hasNext()) {
      blobs.add(Blob.parseFrom(Slot.aliased(records.next()._2())));
    }
    context.taskMetrics().mergeShuffleReadMetrics();
    return blobs;
  }

  /** One partition of the stage's recipe after another: what the enclave makes of it. */
  static final class Map extends SealedRdd {
    private static final long serialVersionUID = 1;

    /** A receipt of a shuffle goes to a target of its own, behind those of the cells. */
    static int receiptTarget(SealedTask task) {
      return task.targets();
    }

    private final boolean seated;

    /**
     * {@code seats} may be null: an RDD of as many partitions whose cached elements say where to run. {@code inputs}: the
     * shuffles of task.inputStages(), in that order.
     */
    Map(
        SparkContext context,
        SealedTask task,
        RDD<?> seats,
        List<ShuffleDependency<Integer, byte[], byte[]>> inputs,
        String[] preferred) {
      super(context, dependencies(seats, inputs), task, task.partitions(), preferred);
      seated = seats != null;
    }

    private static List<Dependency<?>> dependencies(
        RDD<?> seats, List<ShuffleDependency<Integer, byte[], byte[]>> inputs) {
      List<Dependency<?>> all = new ArrayList<>(inputs);
      if (seats != null) {
        all.add(new OneToOneDependency<>(seats));
      }
      return all;
    }

    @Override
    java.util.Iterator<Tuple2<Integer, byte[]>> work(Partition split, TaskContext context)
        throws IOException, InterruptedException {
      if (seated) {
        // Makes the handle again where it was lost; the block is where the handle is.
        RDD<?> seats = dependencies().last().rdd();
        seats.iterator(split, context);
      }
      int partition = split.index();
      List<Blob> made =
          ExecutorEnclave.worker(task.session())
              .run(
                  task,
                  TaskKind.MAP,
                  task.place(0, partition),
                  List.of(),
                  needs -> missing(needs, context));
      return elements(made, this::target);
    }

    private int target(Blob blob) {
      if (task.reduces()) {
        return (int) (blob.getPlace().getB() / task.fanIn());
      }
      if (task.shuffles()) {
        // A cell {p,q,P,Q} or the receipt {p,0,0,0}.
        boolean cell = blob.getPlace().getD() != 0;
        return cell ? (int) blob.getPlace().getB() : receiptTarget(task);
      }
      return 0;
    }

    private List<Blob> missing(List<Need> needs, TaskContext context) throws IOException {
      List<Blob> cells = new ArrayList<>();
      for (Need need : needs) {
        int input = task.inputStages().indexOf(need.getStage());
        if (input < 0) {
          throw new IOException("the enclave asks for a shuffle that the stage doesn't read");
        }
        ShuffleDependency<?, ?, ?> shuffle =
            (ShuffleDependency<?, ?, ?>) dependencies().apply(input);
        cells.addAll(read(shuffle, (int) need.getTarget(), context));
      }
      return cells;
    }
  }

  /** The nodes of one level of the reduce tree, each merged from all of its children. */
  static final class Merge extends SealedRdd {
    private static final long serialVersionUID = 1;
    private final int level;

    Merge(
        SparkContext context,
        SealedTask task,
        int level,
        int nodes,
        ShuffleDependency<Integer, byte[], byte[]> children) {
      super(context, List.of(children), task, nodes, new String[0]);
      this.level = level;
    }

    @Override
    java.util.Iterator<Tuple2<Integer, byte[]>> work(Partition split, TaskContext context)
        throws IOException, InterruptedException {
      ShuffleDependency<?, ?, ?> shuffle = (ShuffleDependency<?, ?, ?>) dependencies().head();
      int node = split.index();
      List<Blob> made =
          ExecutorEnclave.worker(task.session())
              .run(
                  task,
                  TaskKind.MERGE,
                  task.place(level, node),
                  read(shuffle, node, context),
                  needs -> {
                    throw new IOException("a merge asks for more inputs");
                  });
      return elements(made, blob -> node / task.fanIn());
    }
  }

  /** What map tasks put aside for the driver in a target of their own. */
  static final class Receipts extends SealedRdd {
    private static final long serialVersionUID = 1;

    Receipts(
        SparkContext context,
        SealedTask task,
        ShuffleDependency<Integer, byte[], byte[]> shuffle) {
      super(context, List.of(shuffle), task, 1, new String[0]);
    }

    @Override
    java.util.Iterator<Tuple2<Integer, byte[]>> work(Partition split, TaskContext context)
        throws IOException {
      ShuffleDependency<?, ?, ?> shuffle = (ShuffleDependency<?, ?, ?>) dependencies().head();
      return elements(read(shuffle, Map.receiptTarget(task), context), blob -> 0);
    }
  }

  /** The sealed blobs of one partition, for the driver. */
  static final class Blobs
      extends scala.runtime.AbstractFunction2<
          TaskContext, Iterator<Tuple2<Integer, byte[]>>, byte[][]>
      implements Serializable {
    private static final long serialVersionUID = 1;

    @Override
    public byte[][] apply(TaskContext context, Iterator<Tuple2<Integer, byte[]>> elements) {
      List<byte[]> blobs = new ArrayList<>();
      while (elements.hasNext()) {
        blobs.add(elements.next()._2());
      }
      return blobs.toArray(new byte[0][]);
    }
  }
}
