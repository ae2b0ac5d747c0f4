package soteria.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import soteria.host.Blob;
import soteria.host.FrameKind;
import soteria.host.Place;
import soteria.host.RunStage;
import soteria.host.TaskKind;
import soteria.host.Terminal;

class ResidentTest {
  /** An executor's door behind which a task's output is its name: a leaf is p, a node its children in parentheses. */
  private static final class Door implements Resident.Door {
    final Deque<FrameChannel.Frame> frames = new ArrayDeque<>();
    final List<String> sent = new ArrayList<>();
    final List<String> ran = new ArrayList<>();
    Predicate<String> fails = ran -> false;
    long cancelled;
    String cancelsAfter = "";
    int held; // partials that were made and not merged yet
    int mostHeld;

    @Override
    public FrameChannel.Frame take(long milliseconds) throws InterruptedException {
      if (frames.isEmpty() && milliseconds > 60_000) {
        throw new InterruptedException("it waits");
      }
      return frames.poll();
    }

    @Override
    public void send(int kind, long id, byte[] payload) throws IOException {
      switch (kind) {
        case FrameKind.RESULT_VALUE -> sent.add(id + " result " + text(Blob.parseFrom(payload)));
        case Link.DONE -> sent.add(id + " done");
        case Link.SEATED -> sent.add("sits " + id);
        case Link.LEFT -> sent.add("left " + id);
        default -> throw new AssertionError("frame kind " + kind);
      }
    }

    @Override
    public boolean cancelled(long stage) {
      return stage <= cancelled;
    }

    @Override
    public List<Blob> run(SealedTask task, TaskKind kind, Place place, List<Blob> inputs)
        throws IOException {
      String name = "" + place.getB();
      if (kind == TaskKind.MERGE) {
        name = inputs.stream().map(Door::text).collect(Collectors.joining(" ", "(", ")"));
        held -= inputs.size();
      } else if (!task.reduces()) {
        name = "" + place.getA();
      }
      ran.add(name);
      if (name.equals(cancelsAfter)) {
        cancelled = task.stage();
      }
      if (fails.test(name)) {
        throw new StageFailed("stage");
      }
      mostHeld = Math.max(mostHeld, ++held);
      return List.of(
          Blob.newBuilder().setPlace(place).setSealed(ByteString.copyFromUtf8(name)).build());
    }

    private static String text(Blob blob) {
      return blob.getSealed().toStringUtf8();
    }
  }

  private final Door door = new Door();

  private void stage(long stage, Terminal terminal, int partitions, int fanIn) {
    RunStage run =
        RunStage.newBuilder()
            .setStage(stage)
            .setTerminal(terminal)
            .setPartitions(partitions)
            .setFanIn(fanIn)
            .build();
    door.frames.add(new FrameChannel.Frame(Link.RUN, stage, run.toByteArray()));
  }

  private void serve() throws Exception {
    Resident.serve(door, 1, 6);
  }

  @Test
  void itLeavesWhenItHearsNothingMore() throws Exception {
    stage(4, Terminal.COLLECT, 1, 8);
    serve();
    assertEquals(List.of("sits 6", "4 result 0", "4 done", "left 6"), door.sent);
  }

  @Test
  void aSpeculativeCopyWaits() {
    assertThrows(InterruptedException.class, this::serve);
    assertEquals(List.of("sits 6", "left 6"), door.sent);
  }

  @Test
  void itLeavesWhenItIsTold() throws Exception {
    door.frames.add(new FrameChannel.Frame(Link.LEAVE, 0, new byte[0]));
    stage(1, Terminal.COLLECT, 1, 8);
    serve();
    assertEquals(List.of("sits 6", "left 6"), door.sent);
  }

  @Test
  void resultsGoOutPartitionByPartition() throws Exception {
    stage(4, Terminal.COLLECT, 3, 8);
    stage(5, Terminal.KEEP, 1, 8);
    serve();
    assertEquals(
        List.of(
            "sits 6", "4 result 0", "4 result 1", "4 result 2", "4 done", "5 result 0", "5 done",
            "left 6"),
        door.sent);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 8, 0",
    "2, 8, (0 1)",
    "3, 2, ((0 1) (2))",
    "8, 8, (0 1 2 3 4 5 6 7)",
    "9, 8, ((0 1 2 3 4 5 6 7) (8))",
    "9, 3, ((0 1 2) (3 4 5) (6 7 8))",
    "5, 2, (((0 1) (2 3)) ((4)))"
  })
  void reducesFollowTheTree(int partitions, int fanIn, String root) throws Exception {
    stage(4, Terminal.REDUCE, partitions, fanIn);
    serve();
    assertEquals(List.of("sits 6", "4 result " + root, "4 done", "left 6"), door.sent);
  }

  @Test
  void fewPartialsAreHeld() throws Exception {
    stage(4, Terminal.REDUCE, 100, 10);
    serve();
    assertTrue(door.mostHeld <= 20, door.mostHeld + " partials at a time");
  }

  @Test
  void aCancelledStageEndsEarly() throws Exception {
    door.cancelsAfter = "3";
    stage(4, Terminal.REDUCE, 100, 10);
    stage(5, Terminal.COLLECT, 1, 8);
    serve();
    assertEquals(List.of("0", "1", "2", "3", "0"), door.ran);
    assertEquals(List.of("sits 6", "4 done", "5 result 0", "5 done", "left 6"), door.sent);
  }

  @Test
  void aCancelledStageIsNotMerged() throws Exception {
    door.cancelsAfter = "1";
    stage(4, Terminal.REDUCE, 2, 8);
    serve();
    assertEquals(List.of("0", "1"), door.ran);
  }

  @Test
  void aFailedStageIsDoneAndTheNextRuns() throws Exception {
    door.fails = name -> name.equals("1");
    stage(4, Terminal.COLLECT, 3, 8);
    stage(5, Terminal.COLLECT, 1, 8);
    serve();
    assertEquals(
        List.of("sits 6", "4 result 0", "4 done", "5 result 0", "5 done", "left 6"), door.sent);
  }

  @Test
  void aMalformedStageEndsTheTask() {
    door.frames.add(new FrameChannel.Frame(Link.RUN, 4, new byte[] {-1}));
    assertThrows(IOException.class, this::serve);
    assertEquals(List.of("sits 6", "left 6"), door.sent);
  }
}
