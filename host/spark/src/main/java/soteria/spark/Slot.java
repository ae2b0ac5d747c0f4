package soteria.spark;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import soteria.host.Blob;
import soteria.host.FrameKind;
import soteria.host.Place;
import soteria.host.Task;
import soteria.host.TaskDone;
import soteria.host.TaskKind;

/** One task slot of a worker enclave: a connection on which one task runs at a time. */
final class Slot {
  /** Sealed inputs in one TASK frame; more go in several. */
  private static final int INPUTS_FRAME_BYTES = 64 << 20;

  private final FrameChannel channel;
  // Of the task that runs; guarded by this.
  private CompletableFuture<TaskDone> answer;
  private Place place;
  private IOException broken; // why the connection ended

  Slot(FrameChannel channel) {
    this.channel = channel;
  }

  /** Hands a task to the enclave. The future fails when the enclave ends. */
  CompletableFuture<TaskDone> start(long stage, TaskKind kind, Place place, List<Blob> inputs)
      throws IOException {
    CompletableFuture<TaskDone> mine = new CompletableFuture<>();
    synchronized (this) {
      if (answer != null) {
        throw new IllegalStateException("the slot is busy");
      }
      if (broken != null) {
        throw new EnclaveEnded(broken);
      }
      answer = mine;
      this.place = place;
    }
    try {
      for (Task frame : frames(stage, kind, place, inputs)) {
        channel.send(FrameKind.TASK, stage, frame.toByteArray());
      }
    } catch (IOException e) {
      throw new EnclaveEnded(e);
    }
    return mine;
  }

  static List<Task> frames(long stage, TaskKind kind, Place place, List<Blob> inputs) {
    List<Task> frames = new ArrayList<>();
    Task.Builder task = Task.newBuilder().setStage(stage).setKind(kind).setPlace(place);
    long bytes = 0;
    for (Blob input : inputs) {
      int size = input.getSealed().size();
      if (task.getInputsCount() > 0 && bytes + size > INPUTS_FRAME_BYTES) {
        frames.add(task.setMore(true).build());
        task.clearInputs().setMore(false);
        bytes = 0;
      }
      bytes += size;
      task.addInputs(input);
    }
    frames.add(task.build());
    return frames;
  }

  /** Reads answers until the connection ends or breaks the rules. */
  void serve() {
    try {
      TaskDone.Builder whole = TaskDone.newBuilder();
      while (true) {
        FrameChannel.Frame frame = channel.receive();
        if (frame.kind() != FrameKind.TASK_DONE_VALUE) {
          throw new IOException("a slot sent frame kind " + frame.kind());
        }
        whole.mergeFrom(aliased(frame.payload()));
        if (whole.getMore()) {
          whole.clearMore();
          continue;
        }
        TaskDone done = whole.build();
        whole = TaskDone.newBuilder();
        CompletableFuture<TaskDone> waiting;
        synchronized (this) {
          if (answer == null
              || done.getStage() != frame.id()
              || !done.getPlace().equals(place)) {
            throw new IOException("an answer that no task waits for");
          }
          waiting = answer;
          answer = null;
        }
        waiting.complete(done);
      }
    } catch (IOException e) {
      end(e);
    } catch (RuntimeException e) {
      end(new IOException("an answer that can't be taken", e));
    }
  }

  /** Parses without another copy of the sealed bytes; what comes out keeps {@code bytes}. */
  static CodedInputStream aliased(byte[] bytes) {
    CodedInputStream in = UnsafeByteOperations.unsafeWrap(bytes).newCodedInput();
    in.enableAliasing(true);
    return in;
  }

  private void end(IOException why) {
    CompletableFuture<TaskDone> waiting;
    synchronized (this) {
      broken = broken == null ? why : broken;
      waiting = answer;
      answer = null;
    }
    channel.close();
    if (waiting != null) {
      waiting.completeExceptionally(why);
    }
  }

  void close() {
    end(new IOException("the worker enclave was ended"));
  }

  /** What the future holds; InterruptedException when Spark gives the task up. */
  static TaskDone await(CompletableFuture<TaskDone> answer)
      throws IOException, InterruptedException {
    try {
      return answer.get();
    } catch (ExecutionException e) {
      throw new EnclaveEnded(e.getCause());
    }
  }
}
