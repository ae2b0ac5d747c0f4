import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.HashPartitioner;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.api.java.function.PairFunction;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/**
 * Bare Spark jobs of the shape of one of our reduce stages: the same Spark stages, partitions and bytes, and no work. Compiled and
 * started by bench/stages.py. A line of standard input is a number of jobs, the answer their milliseconds each, one after another.
 *
 * <p>Arguments: partitions, fan-in of the tree, bytes of a partial, bytes of a task.
 */
public final class BareStages {
  private BareStages() {}

  public static void main(String[] args) throws Exception {
    int partitions = Integer.parseInt(args[0]);
    int fanIn = Integer.parseInt(args[1]);
    int partialBytes = Integer.parseInt(args[2]);
    int taskBytes = Integer.parseInt(args[3]);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        int jobs = Integer.parseInt(line);
        long began = System.nanoTime();
        for (int job = 0; job < jobs; job++) {
          once(spark, partitions, fanIn, partialBytes, taskBytes);
        }
        System.out.println((System.nanoTime() - began) / 1e6 / jobs);
      }
    }
  }

  private static void once(
      JavaSparkContext spark, int partitions, int fanIn, int partialBytes, int taskBytes) {
    Broadcast<byte[]> task = spark.broadcast(new byte[taskBytes]);
    List<Integer> numbers = IntStream.range(0, partitions).boxed().toList();
    JavaPairRDD<Integer, byte[]> level =
        spark.parallelize(numbers, partitions).mapToPair(new Leaf(task, fanIn, partialBytes));
    for (int nodes = partitions; nodes > 1; ) {
      nodes = (nodes + fanIn - 1) / fanIn;
      level =
          level
              .partitionBy(new HashPartitioner(nodes))
              .mapPartitionsWithIndex(new Merge(task, fanIn, partialBytes), true)
              .mapToPair(node -> node);
    }
    byte[] root = level.collect().get(0)._2();
    if (root.length != partialBytes) {
      throw new IllegalStateException("a root of " + root.length + " bytes");
    }
    task.destroy();
  }

  private record Leaf(Broadcast<byte[]> task, int fanIn, int partialBytes)
      implements PairFunction<Integer, Integer, byte[]> {
    @Override
    public Tuple2<Integer, byte[]> call(Integer partition) {
      task.value();
      return new Tuple2<>(partition / fanIn, new byte[partialBytes]);
    }
  }

  private record Merge(Broadcast<byte[]> task, int fanIn, int partialBytes)
      implements Function2<
          Integer,
          java.util.Iterator<Tuple2<Integer, byte[]>>,
          java.util.Iterator<Tuple2<Integer, byte[]>>> {
    @Override
    public java.util.Iterator<Tuple2<Integer, byte[]>> call(
        Integer node, java.util.Iterator<Tuple2<Integer, byte[]>> children) {
      task.value();
      while (children.hasNext()) {
        children.next();
      }
      return List.of(new Tuple2<>(node / fanIn, new byte[partialBytes])).iterator();
    }
  }
}
