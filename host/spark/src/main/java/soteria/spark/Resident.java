package soteria.spark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.Partition;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import scala.Tuple2;
import soteria.host.Blob;
import soteria.host.FrameKind;
import soteria.host.Place;
import soteria.host.Progress;
import soteria.host.RunStage;
import soteria.host.TaskKind;

/**
 * One Spark task that runs stage after stage in its executor's enclave, all partitions of each and the same reduce tree: for
 * inputs that fit one worker, as a Spark stage costs hundreds of milliseconds and an iteration must not. It has no elements; its
 * end is all that Spark sees of it.
 */
final class Resident extends SealedRdd {
  private static final long serialVersionUID = 1;

  /** It leaves when it hears nothing for so long, so that it holds no core of an idle cluster. */
  private static final long IDLE_MS = 1_000;

  private static final long PROGRESS_MS = 500;
  private static final byte[] NOTHING = {};

  /** How it hears from the driver's host and answers, and its executor's enclave. */
  interface Door {
    /** The next RUN or LEAVE; null when none comes in time. */
    FrameChannel.Frame take(long milliseconds) throws InterruptedException;

    void send(int kind, long id, byte[] payload) throws IOException;

    boolean cancelled(long stage);

    /** As {@link Worker#run}. */
    List<Blob> run(SealedTask task, TaskKind kind, Place place, List<Blob> inputs)
        throws IOException, InterruptedException;
  }

  private final long session;
  private final long number;

  Resident(SparkContext context, long session, long number, String[] preferred) {
    super(context, List.of(), null, 1, preferred);
    this.session = session;
    this.number = number;
  }

  @Override
  Iterator<Tuple2<Integer, byte[]>> work(Partition split, TaskContext context)
      throws IOException, InterruptedException {
    serve(ExecutorEnclave.door(session), session, number);
    return Collections.emptyIterator();
  }

  /** Runs stages until it is to leave or hears nothing any more. */
  static void serve(Door door, long session, long number)
      throws IOException, InterruptedException {
    door.send(Link.SEATED, number, NOTHING);
    try {
      // A speculative copy is sent nothing while the first attempt lives. If it left for that reason, it would have done the
      // task's work in Spark's eyes and end the first attempt.
      FrameChannel.Frame frame = door.take(Long.MAX_VALUE);
      while (frame != null && frame.kind() != Link.LEAVE) {
        RunStage run = RunStage.parseFrom(frame.payload());
        try {
          new Stage(SealedTask.plain(session, run), door).run();
        } catch (StageFailed e) {
          // The owner is told; this task is fit for the next stage.
        }
        door.send(Link.DONE, run.getStage(), NOTHING);
        frame = door.take(IDLE_MS);
      }
    } finally {
      door.send(Link.LEFT, number, NOTHING);
    }
  }

  /** One stage. Nodes are merged as soon as their children are there, so that few partials are held. */
  private static final class Stage {
    private final SealedTask task;
    private final Door door;
    private final int top;
    private final List<List<Blob>> waiting = new ArrayList<>(); // by level: children of the next node

    Stage(SealedTask task, Door door) {
      this.task = task;
      this.door = door;
      top = task.levels().length - 1;
      for (int level = 0; level < top; level++) {
        waiting.add(new ArrayList<>());
      }
    }

    void run() throws IOException, InterruptedException {
      long reported = System.nanoTime();
      for (int p = 0; p < task.partitions(); p++) {
        if (door.cancelled(task.stage())) {
          return;
        }
        add(0, p, door.run(task, TaskKind.MAP, task.place(0, p), List.of()));
        if (System.nanoTime() - reported > PROGRESS_MS * 1_000_000) {
          reported = System.nanoTime();
          report(p + 1);
        }
      }
    }

    /** A partition, or a node that was merged: the results themselves, or part of the tree. */
    private void add(int level, int index, List<Blob> made)
        throws IOException, InterruptedException {
      if (level == top) {
        for (Blob blob : made) {
          door.send(FrameKind.RESULT_VALUE, task.stage(), blob.toByteArray());
        }
        return;
      }
      waiting.get(level).addAll(made);
      int parent = index / task.fanIn();
      int last = parent * task.fanIn() + task.children(level + 1, parent) - 1;
      if (index < last || door.cancelled(task.stage())) {
        return;
      }
      List<Blob> children = waiting.set(level, new ArrayList<>());
      add(
          level + 1,
          parent,
          door.run(task, TaskKind.MERGE, task.place(level + 1, parent), children));
    }

    private void report(int done) throws IOException {
      Progress progress =
          Progress.newBuilder()
              .setStage(task.stage())
              .setDone(done)
              .setTotal(task.partitions())
              .build();
      door.send(FrameKind.PROGRESS_VALUE, task.stage(), progress.toByteArray());
    }
  }
}
