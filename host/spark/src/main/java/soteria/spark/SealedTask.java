package soteria.spark;

import java.io.Serializable;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.spark.broadcast.Broadcast;
import soteria.host.Place;
import soteria.host.RunStage;
import soteria.host.Terminal;

/**
 * A stage as the master asked for it: numbers in the clear, all else sealed and carried by Spark's broadcast. Small, as it
 * travels in every RDD of the stage.
 */
record SealedTask(
    long session,
    long stage,
    int terminal,
    int partitions,
    int fanIn,
    int targets,
    Carried task,
    List<Long> broadcastIds,
    List<Carried> broadcasts,
    List<Long> inputStages)
    implements Serializable {

  /** Sealed bytes, wherever they are. */
  interface Carried extends Serializable {
    byte[] bytes();
  }

  /** Carried by Spark's broadcast. */
  record BySpark(Broadcast<byte[]> broadcast) implements Carried {
    private static final long serialVersionUID = 1;

    @Override
    public byte[] bytes() {
      return broadcast.value();
    }
  }

  /** Of a stage for a resident task: the sealed task is at hand, the broadcasts have gone before. */
  static SealedTask plain(long session, RunStage run) {
    byte[] sealed = run.getSealedTask().toByteArray();
    return of(session, run, () -> sealed, List.of());
  }

  static SealedTask of(long session, RunStage run, Carried task, List<Carried> broadcasts) {
    return new SealedTask(
        session,
        run.getStage(),
        run.getTerminalValue(),
        (int) run.getPartitions(),
        (int) run.getFanIn(),
        (int) run.getTargets(),
        task,
        List.copyOf(run.getBroadcastsList()),
        broadcasts,
        List.copyOf(run.getInputStagesList()));
  }

  boolean reduces() {
    return terminal == Terminal.REDUCE_VALUE;
  }

  boolean shuffles() {
    return terminal == Terminal.SHUFFLE_VALUE;
  }

  /** "reduce 12": all that the Spark UI shows. */
  String name() {
    return Terminal.forNumber(terminal).name().toLowerCase(Locale.ROOT) + " " + stage;
  }

  /** Where the work of a partition (level 0) or of a node of the reduce tree counts. */
  Place place(int level, int index) {
    Place.Builder place = Place.newBuilder();
    if (reduces()) {
      return place.setA(level).setB(index).setC(partitions).setD(fanIn).build();
    }
    return place.setA(index).build();
  }

  /** Nodes of each level of the reduce tree, the partitions first, 1 last; just the partitions otherwise. */
  int[] levels() {
    if (!reduces()) {
      return new int[] {partitions};
    }
    IntStream.Builder levels = IntStream.builder();
    int nodes = partitions;
    levels.add(nodes);
    while (nodes > 1) {
      nodes = (nodes + fanIn - 1) / fanIn;
      levels.add(nodes);
    }
    return levels.build().toArray();
  }

  /** Children of a node. */
  int children(int level, int index) {
    return Math.min(fanIn, levels()[level - 1] - index * fanIn);
  }
}
