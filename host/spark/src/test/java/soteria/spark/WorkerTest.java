package soteria.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import soteria.host.Blob;
import soteria.host.Drop;
import soteria.host.FrameKind;
import soteria.host.Need;
import soteria.host.Outcome;
import soteria.host.Place;
import soteria.host.Role;
import soteria.host.StageTask;
import soteria.host.Task;
import soteria.host.TaskDone;
import soteria.host.TaskKind;
import soteria.host.Terminal;

/** The test is the enclave. */
@Timeout(60)
class WorkerTest {
  private static final Place PLACE = Place.newBuilder().setA(3).build();
  @TempDir Path folder;
  private final BlockingQueue<FrameChannel.Frame> up = new LinkedBlockingQueue<>();
  private final CompletableFuture<Worker> ended = new CompletableFuture<>();
  private EnclaveDoor.Started started;
  private Worker worker;
  private FrameChannel control;
  private FrameChannel slot;

  @BeforeEach
  void start() throws Exception {
    EnclaveDoor door = new EnclaveDoor(folder);
    Settings settings = new Settings("", 0, "", door.program(), "", "", 0, "", "");
    worker =
        new Worker(
            settings,
            "worker",
            1,
            spill(),
            new Recording(""),
            new Worker.Owner() {
              @Override
              public void up(Worker from, FrameChannel.Frame frame) {
                up.add(frame);
              }

              @Override
              public void ended(Worker which) {
                ended.complete(which);
              }
            });
    started = door.next();
  }

  private File spill() {
    return folder.resolve("spilled").toFile();
  }

  @AfterEach
  void close() {
    worker.close();
  }

  private void connect() throws IOException {
    control = started.enter(Role.WORKER, 0);
    slot = started.enter(Role.SLOT, 0);
    control.send(FrameKind.READY, 0);
  }

  private static SealedTask task(long stage, Long... broadcasts) {
    List<SealedTask.Carried> carried = new ArrayList<>();
    for (long id : broadcasts) {
      carried.add(() -> new byte[] {(byte) id});
    }
    return new SealedTask(
        1, stage, Terminal.COLLECT_VALUE, 9, 8, 0, () -> new byte[] {42}, List.of(broadcasts),
        carried, List.of());
  }

  private CompletableFuture<List<Blob>> run(SealedTask task) {
    return run(
        task,
        needs -> {
          throw new IOException("no inputs");
        });
  }

  private CompletableFuture<List<Blob>> run(SealedTask task, Worker.Inputs inputs) {
    CompletableFuture<List<Blob>> result = new CompletableFuture<>();
    Threads.start(
        "test",
        () -> {
          try {
            result.complete(worker.run(task, TaskKind.MAP, PLACE, List.of(), inputs));
          } catch (Throwable e) {
            result.completeExceptionally(e);
          }
        });
    return result;
  }

  private Throwable failure(CompletableFuture<?> result) {
    return assertThrows(ExecutionException.class, () -> result.get(30, TimeUnit.SECONDS)).getCause();
  }

  private Task receiveTask(long stage) throws IOException {
    FrameChannel.Frame frame = slot.receive();
    assertEquals(FrameKind.TASK_VALUE + " " + stage, frame.kind() + " " + frame.id());
    return Task.parseFrom(frame.payload());
  }

  private void answer(long stage, TaskDone.Builder done) throws IOException {
    slot.send(FrameKind.TASK_DONE, stage, done.setStage(stage).setPlace(PLACE).build().toByteArray());
  }

  private static TaskDone.Builder outcome(Outcome outcome) {
    return TaskDone.newBuilder().setOutcome(outcome);
  }

  private void expectControl(FrameKind kind, long id) throws IOException {
    FrameChannel.Frame frame = control.receive();
    assertEquals(kind.getNumber() + " " + id, frame.kind() + " " + frame.id());
  }

  private void runOne(SealedTask task) throws Exception {
    CompletableFuture<List<Blob>> result = run(task);
    receiveTask(task.stage());
    answer(task.stage(), outcome(Outcome.OK));
    result.get(30, TimeUnit.SECONDS);
  }

  @Test
  void whatAKilledEnclaveHasSpilledGoesWithIt() throws Exception {
    Path block = spill().toPath().resolve("soteria-spill-1/block-0.sealed");
    Files.createDirectories(block.getParent());
    Files.write(block, new byte[] {1});
    worker.close();
    ended.get(30, TimeUnit.SECONDS);
    assertFalse(spill().exists());
  }

  @Test
  void strangersAreRefusedAndTheEnclaveStillComesIn() throws Exception {
    String wrong = started.cookie().replace(started.cookie().charAt(0), 'x');
    assertThrows(IOException.class, started.dial(wrong, Role.WORKER, 0)::receive);
    assertThrows(IOException.class, started.dial(started.cookie(), Role.MASTER, 0)::receive);
    assertThrows(IOException.class, started.dial(started.cookie(), Role.SLOT, 1)::receive);
    assertThrows(IOException.class, started.dial(started.cookie(), Role.SLOT, -1)::receive);
    connect();
    runOne(task(5));
  }

  @Test
  void thereIsOneControlConnection() throws Exception {
    control = started.enter(Role.WORKER, 0);
    assertThrows(IOException.class, started.dial(started.cookie(), Role.WORKER, 0)::receive);
    slot = started.enter(Role.SLOT, 0);
    control.send(FrameKind.READY, 0);
    runOne(task(5));
  }

  @Test
  void thereIsOneConnectionASlot() throws Exception {
    slot = started.enter(Role.SLOT, 0);
    assertThrows(IOException.class, started.dial(started.cookie(), Role.SLOT, 0)::receive);
    control = started.enter(Role.WORKER, 0);
    control.send(FrameKind.READY, 0);
    runOne(task(5));
  }

  @Test
  void aTaskWaitsUntilTheMasterHasAdmittedTheEnclave() throws Exception {
    control = started.enter(Role.WORKER, 0);
    slot = started.enter(Role.SLOT, 0);
    CompletableFuture<List<Blob>> result = run(task(5));
    Thread.sleep(100);
    assertFalse(result.isDone());
    control.send(FrameKind.READY, 0);
    receiveTask(5);
    assertEquals(FrameKind.READY_VALUE, up.take().kind());
    answer(5, outcome(Outcome.OK).addOutputs(Blob.newBuilder().setSlice(4)));
    assertEquals(4, result.get(30, TimeUnit.SECONDS).get(0).getSlice());
  }

  @Test
  void whoWaitsForAnEnclaveThatIsEndedIsTold() throws Exception {
    CompletableFuture<List<Blob>> result = run(task(5));
    Thread.sleep(50);
    worker.close();
    assertInstanceOf(IOException.class, failure(result));
  }

  @Test
  void aStageIsSentOnceAndFirst() throws Exception {
    connect();
    runOne(task(5, 70L, 71L));
    runOne(task(5, 70L, 71L));
    runOne(task(6, 71L, 72L));
    expectControl(FrameKind.BROADCAST, 70);
    expectControl(FrameKind.BROADCAST, 71);
    FrameChannel.Frame frame = control.receive();
    StageTask stage = StageTask.parseFrom(frame.payload());
    assertEquals(5, stage.getStage());
    assertEquals(ByteString.copyFrom(new byte[] {42}), stage.getSealedTask());
    assertEquals(List.of(70L, 71L), stage.getBroadcastsList());
    expectControl(FrameKind.BROADCAST, 72);
    expectControl(FrameKind.STAGE_TASK, 6);
  }

  @Test
  void aDroppedBroadcastIsSentAgainToWhoNeedsIt() throws Exception {
    connect();
    runOne(task(5, 70L));
    Drop drop = Drop.newBuilder().addBroadcasts(70).build();
    worker.down(new FrameChannel.Frame(FrameKind.DROP_VALUE, 0, drop.toByteArray()));
    runOne(task(6, 70L));
    worker.down(new FrameChannel.Frame(FrameKind.BROADCAST_VALUE, 71, new byte[0]));
    runOne(task(7, 71L));
    expectControl(FrameKind.BROADCAST, 70);
    expectControl(FrameKind.STAGE_TASK, 5);
    expectControl(FrameKind.DROP, 0);
    expectControl(FrameKind.BROADCAST, 70);
    expectControl(FrameKind.STAGE_TASK, 6);
    expectControl(FrameKind.BROADCAST, 71);
    expectControl(FrameKind.STAGE_TASK, 7);
  }

  @Test
  void anOldStageIsSentAgain() throws Exception {
    connect();
    for (long stage = 1; stage <= 33; stage++) {
      runOne(task(stage));
      expectControl(FrameKind.STAGE_TASK, stage);
    }
    runOne(task(2)); // among the newest 32
    runOne(task(1)); // not any more
    expectControl(FrameKind.STAGE_TASK, 1);
  }

  @Test
  void afterRetryAllIsSentAgain() throws Exception {
    connect();
    CompletableFuture<List<Blob>> result = run(task(5, 70L));
    receiveTask(5);
    answer(5, outcome(Outcome.RETRY));
    assertInstanceOf(IOException.class, failure(result));
    runOne(task(5, 70L));
    for (int i = 0; i < 2; i++) {
      expectControl(FrameKind.BROADCAST, 70);
      expectControl(FrameKind.STAGE_TASK, 5);
    }
  }

  @Test
  void anErrorForTheOwnerGoesUp() throws Exception {
    connect();
    CompletableFuture<List<Blob>> result = run(task(5));
    receiveTask(5);
    answer(5, outcome(Outcome.FAILED).addOutputs(Blob.newBuilder().setSlice(4)));
    assertInstanceOf(StageFailed.class, failure(result));
    up.take(); // READY
    FrameChannel.Frame frame = up.take();
    assertEquals(Link.FAILED + " 5", frame.kind() + " " + frame.id());
    assertEquals(4, TaskDone.parseFrom(frame.payload()).getOutputs(0).getSlice());
    runOne(task(6));
  }

  @Test
  void missingInputsAreHandedIn() throws Exception {
    connect();
    CompletableFuture<List<Blob>> result =
        run(task(5), needs -> List.of(Blob.newBuilder().setStage(needs.get(0).getStage()).build()));
    receiveTask(5);
    answer(5, outcome(Outcome.MISS).addNeeds(Need.newBuilder().setStage(2).setTarget(3)));
    assertEquals(2, receiveTask(5).getInputs(0).getStage());
    answer(5, outcome(Outcome.OK));
    result.get(30, TimeUnit.SECONDS);
  }

  @Test
  void missingTwiceIsAFailure() throws Exception {
    connect();
    CompletableFuture<List<Blob>> result = run(task(5), needs -> List.of());
    for (int i = 0; i < 2; i++) {
      receiveTask(5);
      answer(5, outcome(Outcome.MISS));
    }
    assertInstanceOf(IOException.class, failure(result));
    runOne(task(5));
  }

  @Test
  void inputsThatCantBeFetchedFreeTheSlot() throws Exception {
    connect();
    CompletableFuture<List<Blob>> result = run(task(5));
    receiveTask(5);
    answer(5, outcome(Outcome.MISS));
    assertEquals("no inputs", failure(result).getMessage());
    runOne(task(5));
  }

  @Test
  void aSlotIsFreeWhenATaskThatWasGivenUpHasEnded() throws Exception {
    connect();
    CompletableFuture<Throwable> why = new CompletableFuture<>();
    Thread spark =
        Threads.start(
            "test",
            () -> {
              try {
                worker.run(task(5), TaskKind.MAP, PLACE, List.of(), needs -> List.of());
              } catch (Throwable e) {
                why.complete(e);
              }
            });
    receiveTask(5);
    spark.interrupt();
    assertInstanceOf(InterruptedException.class, why.get(30, TimeUnit.SECONDS));
    CompletableFuture<List<Blob>> next = run(task(6));
    Thread.sleep(100);
    assertFalse(next.isDone());
    answer(5, outcome(Outcome.OK));
    receiveTask(6);
    answer(6, outcome(Outcome.OK));
    next.get(30, TimeUnit.SECONDS);
  }

  @Test
  void tasksOfADeadEnclaveWaitForItsFate() throws Exception {
    connect();
    CompletableFuture<List<Blob>> result = run(task(5));
    receiveTask(5);
    slot.close();
    assertEquals(worker, ended.get(30, TimeUnit.SECONDS)); // its process was ended
    CompletableFuture<List<Blob>> next = run(task(6));
    Thread.sleep(200);
    assertFalse(result.isDone() || next.isDone(), "Spark would try again here at once");
    worker.close();
    assertInstanceOf(IOException.class, failure(result));
    assertInstanceOf(IOException.class, failure(next));
  }

  @Test
  void theEndOfTheControlConnectionIsTheEnd() throws Exception {
    connect();
    control.close();
    ended.get(30, TimeUnit.SECONDS);
    assertThrows(IOException.class, slot::receive);
  }

  @Test
  void framesForAnEnclaveThatIsntThereYetAreNoError() throws Exception {
    worker.down(new FrameChannel.Frame(FrameKind.CANCEL_VALUE, 5, new byte[0]));
    assertTrue(up.isEmpty());
  }
}
