package soteria.spark;

import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.Partition;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/** The one task of an outside stage: its executor's statistics process answers what the master has released. */
final class Outside extends SealedRdd {
  private static final long serialVersionUID = 1;

  private final long session;
  private final long number;
  private final Broadcast<byte[]> question;

  Outside(SparkContext context, long session, long number, Broadcast<byte[]> question) {
    super(context, List.of(), null, 1, new String[0]);
    this.session = session;
    this.number = number;
    this.question = question;
  }

  @Override
  Iterator<Tuple2<Integer, byte[]>> work(Partition split, TaskContext context)
      throws IOException, InterruptedException {
    byte[] answer = ExecutorEnclave.statistics(session).answer(number, question.value());
    return List.of(new Tuple2<>((Integer) 0, answer)).iterator();
  }
}
