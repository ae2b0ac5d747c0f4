package soteria.spark;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import soteria.host.Blob;
import soteria.host.FrameKind;
import soteria.host.Need;
import soteria.host.Outcome;
import soteria.host.Place;
import soteria.host.Role;
import soteria.host.StageTask;
import soteria.host.Task;
import soteria.host.TaskDone;
import soteria.host.TaskKind;

/**
 * Does what the "sealed" task of a stage says in plain words: "leaf", "shuffle P Q", "read S", "fail", "retry" (once a place),
 * "hang", "slices N B" (of B bytes, also of what is merged). What it makes is named after what it is made of: a
 * partition is its number, a node its children in parentheses.
 */
final class FakeEnclave {
  /** What came by the control connection: "stage 5", "broadcast 7", ... */
  final List<String> told = new CopyOnWriteArrayList<>();

  /** Frees the stages that hang. */
  final CountDownLatch released = new CountDownLatch(1);

  private static final int FRAME_BYTES = 64 << 20;

  private final Map<Long, String> stages = new ConcurrentHashMap<>();
  private final Map<String, Boolean> tried = new ConcurrentHashMap<>();

  FakeEnclave(EnclaveDoor.Started started, int slots) throws IOException {
    FrameChannel control = enter(started, Role.WORKER, 0, this::serveControl);
    for (int slot = 0; slot < slots; slot++) {
      enter(started, Role.SLOT, slot, this::serveSlot);
    }
    control.send(FrameKind.READY, 0);
  }

  private interface Serving {
    void serve(FrameChannel channel) throws IOException, InterruptedException;
  }

  private static FrameChannel enter(
      EnclaveDoor.Started started, Role role, long slot, Serving serving) throws IOException {
    FrameChannel channel = started.enter(role, slot, 0);
    Threads.start(
        "enclave",
        () -> {
          try {
            serving.serve(channel);
          } catch (IOException | InterruptedException e) {
            channel.close(); // the session is over
          }
        });
    return channel;
  }

  private void serveControl(FrameChannel control) throws IOException {
    while (true) {
      FrameChannel.Frame frame = control.receive();
      if (frame.kind() == FrameKind.STAGE_TASK_VALUE) {
        StageTask task = StageTask.parseFrom(frame.payload());
        synchronized (stages) {
          stages.put(task.getStage(), task.getSealedTask().toStringUtf8());
          stages.notifyAll();
        }
      }
      told.add(FrameKind.forNumber(frame.kind()) + " " + frame.id());
    }
  }

  private String stage(long number) throws InterruptedException {
    synchronized (stages) {
      while (!stages.containsKey(number)) {
        stages.wait();
      }
      return stages.get(number);
    }
  }

  private void serveSlot(FrameChannel slot) throws IOException, InterruptedException {
    while (true) {
      Task.Builder whole = Task.newBuilder();
      do {
        whole.setMore(false).mergeFrom(Slot.aliased(slot.receive().payload()));
      } while (whole.getMore());
      Task task = whole.build();
      TaskDone.Builder done =
          TaskDone.newBuilder()
              .setStage(task.getStage())
              .setPlace(task.getPlace())
              .setOutcome(Outcome.OK);
      make(task, stage(task.getStage()).split(" "), done);
      answer(slot, done.build());
    }
  }

  /** In several frames when it is large. */
  private static void answer(FrameChannel slot, TaskDone done) throws IOException {
    TaskDone.Builder frame = done.toBuilder().clearOutputs();
    long bytes = 0;
    for (Blob blob : done.getOutputsList()) {
      if (bytes > FRAME_BYTES) {
        slot.send(FrameKind.TASK_DONE, done.getStage(), frame.setMore(true).build().toByteArray());
        frame.clearOutputs().setMore(false);
        bytes = 0;
      }
      frame.addOutputs(blob);
      bytes += blob.getSealed().size();
    }
    slot.send(FrameKind.TASK_DONE, done.getStage(), frame.build().toByteArray());
  }

  private void make(Task task, String[] words, TaskDone.Builder done) throws InterruptedException {
    Place place = task.getPlace();
    long partition = place.getC() == 0 ? place.getA() : place.getB();
    if (words[0].equals("slices")) {
      int slices = Integer.parseInt(words[1]);
      checkSlices(task, slices, Integer.parseInt(words[2]));
      done.addAllOutputs(slices(task, place, slices, Integer.parseInt(words[2])));
      return;
    }
    if (task.getKind() == TaskKind.MERGE) {
      done.addOutputs(blob(task, place, names(task)));
      return;
    }
    switch (words[0]) {
      case "shuffle" -> {
        long partitions = Long.parseLong(words[1]);
        long targets = Long.parseLong(words[2]);
        for (long q = 0; q < targets; q++) {
          Place.Builder cell = Place.newBuilder().setA(partition).setB(q);
          cell.setC(partitions).setD(targets);
          done.addOutputs(blob(task, cell.build(), partition + ">" + q));
        }
        done.addOutputs(blob(task, place, "receipt " + partition));
      }
      case "read" -> {
        if (task.getInputsCount() == 0) {
          long stage = Long.parseLong(words[1]);
          done.setOutcome(Outcome.MISS);
          done.addNeeds(Need.newBuilder().setStage(stage).setTarget(partition));
        } else {
          done.addOutputs(blob(task, place, names(task)));
        }
      }
      case "fail" -> {
        done.setOutcome(Outcome.FAILED);
        done.addOutputs(blob(task, place, "error"));
      }
      case "retry" -> {
        if (tried.put(task.getStage() + " " + partition, true) == null) {
          done.setOutcome(Outcome.RETRY);
        } else {
          done.addOutputs(blob(task, place, "" + partition));
        }
      }
      default -> {
        if (words[0].equals("hang")) {
          released.await();
        }
        done.addOutputs(blob(task, place, "" + partition));
      }
    }
  }

  /** All of the same bytes, so that a large message takes no memory here. */
  private static List<Blob> slices(Task task, Place place, int slices, int bytes) {
    ByteString content = UnsafeByteOperations.unsafeWrap(new byte[bytes]);
    Blob.Builder blob = Blob.newBuilder().setStage(task.getStage()).setPlace(place);
    blob.setSealed(content).setSlices(slices);
    return IntStream.range(0, slices).mapToObj(slice -> blob.setSlice(slice).build()).toList();
  }

  /** Each child whole: all of its slices. */
  private static void checkSlices(Task task, int slices, int bytes) {
    Map<Place, List<Blob>> children =
        task.getInputsList().stream().collect(Collectors.groupingBy(Blob::getPlace));
    for (List<Blob> child : children.values()) {
      boolean whole =
          child.stream().mapToLong(Blob::getSlice).distinct().count() == slices
              && child.stream().allMatch(blob -> blob.getSealed().size() == bytes);
      if (!whole || child.size() != slices) {
        throw new IllegalStateException("a child of " + child.size() + " slices");
      }
    }
  }

  /** An enclave orders its inputs, however they come. */
  private static String names(Task task) {
    Comparator<Blob> byPlace =
        Comparator.<Blob>comparingLong(
            blob -> blob.getPlace().getD() == 0 || task.getKind() == TaskKind.MERGE
                ? blob.getPlace().getB()
                : blob.getPlace().getA());
    Stream<Blob> ordered = task.getInputsList().stream().sorted(byPlace);
    return ordered
        .map(blob -> blob.getSealed().toStringUtf8())
        .collect(Collectors.joining(" ", "(", ")"));
  }

  private static Blob blob(Task task, Place place, String name) {
    return Blob.newBuilder()
        .setStage(task.getStage())
        .setPlace(place)
        .setSealed(ByteString.copyFromUtf8(name))
        .build();
  }
}
