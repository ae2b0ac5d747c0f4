package soteria.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import soteria.host.Blob;
import soteria.host.FrameKind;
import soteria.host.Outcome;
import soteria.host.Place;
import soteria.host.Task;
import soteria.host.TaskDone;
import soteria.host.TaskKind;

@Timeout(60)
class SlotTest {
  private static final Place PLACE = Place.newBuilder().setA(3).build();
  private Loopback connection;
  private Slot slot;
  private FrameChannel enclave;
  private Thread reader;

  @BeforeEach
  void connect() throws IOException {
    connection = Loopback.connect();
    connection.here().setSoTimeout(0);
    slot = new Slot(new FrameChannel(connection.here()));
    enclave = new FrameChannel(connection.there());
    reader = Threads.start("test", slot::serve);
  }

  @AfterEach
  void close() throws Exception {
    connection.close();
    reader.join();
  }

  private static Blob blob(int bytes) {
    return Blob.newBuilder().setSealed(UnsafeByteOperations.unsafeWrap(new byte[bytes])).build();
  }

  private CompletableFuture<TaskDone> start(List<Blob> inputs) throws IOException {
    return slot.start(9, TaskKind.MAP, PLACE, inputs);
  }

  private static TaskDone.Builder done() {
    return TaskDone.newBuilder().setStage(9).setPlace(PLACE).setOutcome(Outcome.OK);
  }

  private void answer(TaskDone.Builder answer) throws IOException {
    enclave.send(FrameKind.TASK_DONE, 9, answer.build().toByteArray());
  }

  private void assertBroken(CompletableFuture<TaskDone> waiting) {
    assertThrows(IOException.class, () -> Slot.await(waiting));
    assertThrows(IOException.class, () -> start(List.of()));
  }

  @Test
  void aTaskIsAnswered() throws Exception {
    CompletableFuture<TaskDone> waiting = start(List.of(blob(4)));
    FrameChannel.Frame frame = enclave.receive();
    Task task = Task.parseFrom(frame.payload());
    assertEquals(FrameKind.TASK_VALUE, frame.kind());
    assertEquals(9, frame.id());
    assertEquals(TaskKind.MAP, task.getKind());
    assertEquals(PLACE, task.getPlace());
    assertEquals(1, task.getInputsCount());
    assertFalse(task.getMore());
    answer(done().addOutputs(blob(2)));
    assertEquals(2, Slot.await(waiting).getOutputs(0).getSealed().size());
    CompletableFuture<TaskDone> next = start(List.of());
    answer(done());
    assertEquals(0, Slot.await(next).getOutputsCount());
  }

  @Test
  void anAnswerMayComeInParts() throws Exception {
    CompletableFuture<TaskDone> waiting = start(List.of());
    answer(done().addOutputs(blob(1)).setMore(true));
    answer(done().addOutputs(blob(2)).addOutputs(blob(3)).setMore(true));
    assertFalse(waiting.isDone());
    answer(done().addOutputs(blob(4)));
    TaskDone whole = Slot.await(waiting);
    assertFalse(whole.getMore());
    assertEquals(
        List.of(1, 2, 3, 4),
        whole.getOutputsList().stream().map(output -> output.getSealed().size()).toList());
  }

  @Test
  void oneTaskAtATime() throws Exception {
    start(List.of());
    assertThrows(IllegalStateException.class, () -> start(List.of()));
  }

  @Test
  void inputsAreCutInto64MiB() {
    int most = 64 << 20;
    int third = most / 3;
    List<Task> frames =
        Slot.frames(
            9,
            TaskKind.MERGE,
            PLACE,
            List.of(blob(third), blob(third), blob(third), blob(third), blob(most), blob(1)));
    assertEquals(
        List.of(3, 1, 1, 1), frames.stream().map(frame -> frame.getInputsCount()).toList());
    for (int i = 0; i < frames.size(); i++) {
      assertEquals(i < 3, frames.get(i).getMore());
      assertEquals(PLACE, frames.get(i).getPlace());
      assertEquals(TaskKind.MERGE, frames.get(i).getKind());
      assertEquals(9, frames.get(i).getStage());
    }
    assertEquals(1, Slot.frames(9, TaskKind.MAP, PLACE, List.of()).size());
    List<Blob> many = IntStream.range(0, 1_000).mapToObj(i -> blob(1)).toList();
    assertEquals(1, Slot.frames(9, TaskKind.MAP, PLACE, many).size());
  }

  @Test
  void anAnswerThatNobodyWaitsForEndsTheSlot() throws Exception {
    answer(done());
    assertThrows(IOException.class, enclave::receive);
  }

  @Test
  void anAnswerOfAnotherStageEndsTheTask() throws Exception {
    CompletableFuture<TaskDone> waiting = start(List.of());
    enclave.send(FrameKind.TASK_DONE, 9, done().setStage(8).build().toByteArray());
    assertBroken(waiting);
  }

  @Test
  void anAnswerOfAnotherPlaceEndsTheTask() throws Exception {
    CompletableFuture<TaskDone> waiting = start(List.of());
    answer(done().setPlace(Place.newBuilder().setA(4)));
    assertBroken(waiting);
  }

  @Test
  void anotherFrameEndsTheTask() throws Exception {
    CompletableFuture<TaskDone> waiting = start(List.of());
    enclave.send(FrameKind.RESULT, 9, done().build().toByteArray());
    assertBroken(waiting);
  }

  @Test
  void whatIsNoAnswerEndsTheTask() throws Exception {
    CompletableFuture<TaskDone> waiting = start(List.of());
    enclave.send(FrameKind.TASK_DONE, 9, new byte[] {-1, -1});
    assertBroken(waiting);
  }

  @Test
  void theEndOfTheConnectionEndsTheTask() throws Exception {
    CompletableFuture<TaskDone> waiting = start(List.of());
    connection.there().close();
    assertBroken(waiting);
  }

  @Test
  void aClosedSlotTakesNothing() throws Exception {
    CompletableFuture<TaskDone> waiting = start(List.of());
    slot.close();
    assertBroken(waiting);
  }

  @Test
  void aTaskThatIsGivenUpLeavesItsAnswerBehind() throws Exception {
    CompletableFuture<TaskDone> waiting = start(List.of());
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> Slot.await(waiting));
    answer(done());
    Loopback.until(waiting::isDone);
    assertFalse(waiting.isCompletedExceptionally());
    start(List.of());
  }

  @Test
  void sealedBytesAreNotCopied() throws Exception {
    byte[] bytes = Blob.newBuilder().setSealed(ByteString.copyFromUtf8("abc")).build().toByteArray();
    Blob parsed = Blob.parseFrom(Slot.aliased(bytes));
    int at = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf("abc");
    assertTrue(at > 0);
    bytes[at] = 'x';
    assertEquals("xbc", parsed.getSealed().toStringUtf8());
  }
}
