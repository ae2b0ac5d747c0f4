package soteria.spark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.Partition;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import scala.Tuple2;
import soteria.host.Blob;
import soteria.host.FrameKind;
import soteria.host.Progress;
import soteria.host.RunStage;
import soteria.host.TaskKind;

/**
 * One Spark task that runs stage after stage in its executor's enclave, all partitions of each and the same reduce tree: for
 * inputs that fit one worker, as a Spark stage costs hundreds of milliseconds and an iteration must not. Its single element is
 * made when it leaves.
 */
final class Resident extends SealedRdd {
  private static final long serialVersionUID = 1;

  /** It leaves when it hears nothing for so long, so that it holds no core of an idle cluster. */
  private static final long IDLE_MS = 1_000;

  private static final long PROGRESS_MS = 500;

  /** How it hears from the driver's host and answers. */
  interface Door {
    /** The next RUN or LEAVE; null when none comes in time. */
    FrameChannel.Frame take(long milliseconds) throws InterruptedException;

    void sit(long resident) throws IOException;

    void send(int kind, long id, byte[] payload) throws IOException;

    boolean cancelled(long stage);
  }

  private final long number;

  Resident(SparkContext context, long number, String[] preferred) {
    super(context, List.of(), null, 1, preferred);
    this.number = number;
  }

  @Override
  List<Tuple2<Integer, byte[]>> work(Partition split, TaskContext context)
      throws IOException, InterruptedException {
    Door door = ExecutorEnclave.door();
    door.sit(number);
    // A speculative copy is sent nothing while the first attempt lives. If it left for that reason, it would have done the task's
    // work in Spark's eyes and end the first attempt.
    FrameChannel.Frame frame = door.take(Long.MAX_VALUE);
    while (true) {
      if (frame == null || frame.kind() == Link.LEAVE) {
        return List.of();
      }
      RunStage run = RunStage.parseFrom(frame.payload());
      try {
        run(SealedTask.plain(run), door);
      } catch (StageFailed e) {
        // The owner is told; this task is fit for the next stage.
      }
      door.send(Link.DONE, run.getStage(), new byte[0]);
      frame = door.take(IDLE_MS);
    }
  }

  private static void run(SealedTask task, Door door) throws IOException, InterruptedException {
    Worker worker = ExecutorEnclave.worker();
    long reported = System.nanoTime();
    List<List<Blob>> nodes = new ArrayList<>(); // of the level below, for REDUCE
    for (int p = 0; p < task.partitions(); p++) {
      if (door.cancelled(task.stage())) {
        return;
      }
      List<Blob> made =
          worker.run(task, TaskKind.MAP, task.place(0, p), List.of(), Resident::nothingMissing);
      if (task.reduces()) {
        nodes.add(made);
      } else {
        deliver(task, made, door);
      }
      if (System.nanoTime() - reported > PROGRESS_MS * 1_000_000) {
        reported = System.nanoTime();
        Progress progress =
            Progress.newBuilder()
                .setStage(task.stage())
                .setDone(p + 1)
                .setTotal(task.partitions())
                .build();
        door.send(FrameKind.PROGRESS_VALUE, task.stage(), progress.toByteArray());
      }
    }
    if (task.reduces()) {
      merge(task, nodes, worker, door);
    }
  }

  private static void merge(SealedTask task, List<List<Blob>> below, Worker worker, Door door)
      throws IOException, InterruptedException {
    List<List<Blob>> nodes = below;
    for (int level = 1; nodes.size() > 1; level++) {
      List<List<Blob>> merged = new ArrayList<>();
      for (int first = 0; first < nodes.size(); first += task.fanIn()) {
        if (door.cancelled(task.stage())) {
          return;
        }
        List<Blob> children = new ArrayList<>();
        int last = Math.min(nodes.size(), first + task.fanIn());
        nodes.subList(first, last).forEach(children::addAll);
        merged.add(
            worker.run(
                task,
                TaskKind.MERGE,
                task.place(level, merged.size()),
                children,
                Resident::nothingMissing));
      }
      nodes = merged;
    }
    deliver(task, nodes.get(0), door);
  }

  private static void deliver(SealedTask task, List<Blob> blobs, Door door) throws IOException {
    for (Blob blob : blobs) {
      door.send(FrameKind.RESULT_VALUE, task.stage(), blob.toByteArray());
    }
  }

  private static List<Blob> nothingMissing(List<soteria.host.Need> needs) throws IOException {
    throw new IOException("a resident task has no shuffles");
  }
}
