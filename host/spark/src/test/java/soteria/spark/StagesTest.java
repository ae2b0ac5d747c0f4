package soteria.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.storage.RDDBlockId;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import soteria.host.Blob;
import soteria.host.Drop;
import soteria.host.FrameKind;
import soteria.host.Outcome;
import soteria.host.Place;
import soteria.host.Result;
import soteria.host.Retried;
import soteria.host.RunStage;
import soteria.host.StageDone;
import soteria.host.Terminal;

/** The test is the master and the enclave; Spark and all between is real. Each test is a session of its own on one Spark. */
@Timeout(120)
class StagesTest {
  private static final int SLOTS = 2;
  private static final int RESIDENT_BYTES = 100;
  private static final int SLICE_BYTES = (16 << 20) + 200; // sealed
  private static final byte[] NONE = {};
  @TempDir static Path folder;
  private static EnclaveDoor enclaves;
  private static Executors executors;
  private static SparkContext spark;
  private static volatile Stages current;
  private static long sessions;

  private final BlockingQueue<FrameChannel.Frame> toMaster = new LinkedBlockingQueue<>();
  private Stages stages;
  private SparkListener listener;
  private FakeEnclave enclave;

  @BeforeAll
  static void startSpark() throws IOException {
    enclaves = new EnclaveDoor(folder);
    ServerSocket door = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    executors = new Executors(door, "00c0ffee", new Recording(""), new ToStages());
    SparkConf conf =
        new SparkConf(false)
            .setMaster("local[2, 4]")
            .setAppName("test")
            .set("spark.ui.enabled", "false")
            .set("spark.cleaner.referenceTracking", "false") // nothing is tidied up behind us
            .set("spark.driver.host", "127.0.0.1")
            .set("spark.driver.bindAddress", "127.0.0.1")
            .set("spark.local.dir", folder.toString())
            .set("spark.executor.cores", "" + SLOTS);
    Main.defaults(conf);
    new Settings(
            "127.0.0.1", door.getLocalPort(), "00c0ffee", enclaves.program(), "", "", 0, "", "")
        .into(conf);
    spark = new SparkContext(conf);
  }

  @AfterAll
  static void stopSpark() throws IOException {
    spark.stop();
    executors.close();
  }

  private static final class ToStages implements Executors.Events {
    @Override
    public void frame(long session, Executors.Executor from, FrameChannel.Frame frame) {
      try {
        if (frame.kind() == Link.FAILED) {
          current.failed(frame);
        } else {
          current.fromResident(from, frame);
        }
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    @Override
    public void ready(long session, Executors.Executor which) {}

    @Override
    public void lost(Executors.Executor which) {}
  }

  @BeforeEach
  void begin() throws Exception {
    long session = ++sessions;
    stages =
        new Stages(
            spark,
            executors,
            (kind, id, payload) ->
                toMaster.add(new FrameChannel.Frame(kind, id, inBrief(kind, payload))),
            session,
            RESIDENT_BYTES);
    current = stages;
    listener = stages.listener();
    spark.addSparkListener(listener);
    executors.begin(session);
    enclave = new FakeEnclave(enclaves.next(), SLOTS);
    Loopback.until(() -> executors.ready().size() == 1);
  }

  @AfterEach
  void end() {
    enclave.released.countDown();
    spark.removeSparkListener(listener);
    executors.begin(0);
    stages.close();
  }

  /** Of a slice, what it was: a test that holds large results would need their memory. */
  private static byte[] inBrief(int kind, byte[] payload) {
    try {
      if (kind != FrameKind.RESULT_VALUE) {
        return payload;
      }
      Result result = Result.parseFrom(Slot.aliased(payload));
      if (result.getSlices() == 0) {
        return payload;
      }
      String brief =
          String.format(
              "%d slice %d: %d",
              result.getPlace().getC() == 0 ? result.getPlace().getA() : result.getPlace().getB(),
              result.getSlice(),
              result.getSealed().size());
      return result.toBuilder().setSealed(ByteString.copyFromUtf8(brief)).build().toByteArray();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static RunStage.Builder stage(long number, Terminal terminal, int partitions, String task) {
    return RunStage.newBuilder()
        .setStage(number)
        .setTerminal(terminal)
        .setPartitions(partitions)
        .setFanIn(3)
        .setSealedTask(ByteString.copyFromUtf8(task));
  }

  private void run(RunStage.Builder stage) throws IOException {
    send(FrameKind.RUN_STAGE, stage.getStage(), stage.build().toByteArray());
  }

  private void send(FrameKind kind, long id, byte[] payload) throws IOException {
    stages.fromMaster(new FrameChannel.Frame(kind.getNumber(), id, payload));
  }

  private FrameChannel.Frame next() throws InterruptedException {
    FrameChannel.Frame frame = toMaster.poll(60, TimeUnit.SECONDS);
    assertTrue(frame != null, "a frame for the master");
    return frame;
  }

  /** The results of a stage that ends well, ordered; others of its frames are put into {@code beside}. */
  private List<String> results(long stage, List<FrameChannel.Frame> beside) throws Exception {
    TreeSet<String> results = new TreeSet<>();
    while (true) {
      FrameChannel.Frame frame = next();
      assertEquals(stage, frame.id());
      if (frame.kind() == FrameKind.RESULT_VALUE) {
        Result result = Result.parseFrom(frame.payload());
        assertEquals(stage, result.getStage());
        results.add(result.getSealed().toStringUtf8());
      } else if (frame.kind() == FrameKind.STAGE_DONE_VALUE) {
        StageDone done = StageDone.parseFrom(frame.payload());
        assertEquals(stage, done.getStage());
        assertEquals(Outcome.OK, done.getOutcome());
        return new ArrayList<>(results);
      } else {
        beside.add(frame);
      }
    }
  }

  private List<String> results(long stage) throws Exception {
    return results(stage, new ArrayList<>());
  }

  private Outcome outcome(long stage) throws Exception {
    while (true) {
      FrameChannel.Frame frame = next();
      assertEquals(stage, frame.id());
      if (frame.kind() == FrameKind.STAGE_DONE_VALUE) {
        return StageDone.parseFrom(frame.payload()).getOutcome();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0", "2, (0 1)", "3, (0 1 2)", "4, ((0 1 2) (3))",
    "10, (((0 1 2) (3 4 5) (6 7 8)) ((9)))"
  })
  void reducesFollowTheTreeOnSparkAndInOneTask(int partitions, String root) throws Exception {
    run(stage(1, Terminal.REDUCE, partitions, "leaf"));
    assertEquals(List.of(root), results(1));
    run(stage(2, Terminal.REDUCE, partitions, "leaf").setInputBytes(RESIDENT_BYTES));
    assertEquals(List.of(root), results(2));
    run(stage(3, Terminal.REDUCE, partitions, "leaf").setInputBytes(RESIDENT_BYTES + 1));
    assertEquals(List.of(root), results(3));
  }

  @Test
  void keptAndCollected() throws Exception {
    run(stage(1, Terminal.KEEP, 3, "leaf"));
    assertEquals(List.of("0", "1", "2"), results(1));
    run(stage(2, Terminal.COLLECT, 3, "leaf"));
    assertEquals(List.of("0", "1", "2"), results(2));
    run(stage(3, Terminal.KEEP, 3, "leaf")); // takes the place of the first
    results(3);
    assertEquals(1, spark.getPersistentRDDs().size());
  }

  @Test
  void aKeptBlockThatSparkMakesAgainIsReported() throws Exception {
    run(stage(1, Terminal.KEEP, 3, "leaf"));
    results(1);
    int kept = (Integer) spark.getPersistentRDDs().keysIterator().next();
    spark.env().blockManager().removeBlock(new RDDBlockId(kept, 2), true);
    run(stage(2, Terminal.COLLECT, 3, "leaf"));
    Retried again = null;
    for (int results = 0; results < 3 || again == null; ) {
      FrameChannel.Frame frame = next();
      if (frame.kind() == FrameKind.RETRIED_VALUE) {
        assertNull(again, "reported once");
        again = Retried.parseFrom(frame.payload());
      } else if (frame.kind() == FrameKind.RESULT_VALUE) {
        assertEquals(2, frame.id());
        results++;
      }
    }
    Place place = Place.newBuilder().setA(2).build();
    assertEquals(Retried.newBuilder().setStage(1).setPlace(place).setKept(true).build(), again);
  }

  @Test
  void shufflesAreReadUntilTheyAreDropped() throws Exception {
    run(stage(1, Terminal.SHUFFLE, 3, "shuffle 3 2").setTargets(2));
    assertEquals(List.of("receipt 0", "receipt 1", "receipt 2"), results(1));
    run(stage(2, Terminal.COLLECT, 2, "read 1").addInputStages(1));
    assertEquals(List.of("(0>0 1>0 2>0)", "(0>1 1>1 2>1)"), results(2));
    send(FrameKind.DROP, 0, Drop.newBuilder().addStages(1).build().toByteArray());
    run(stage(3, Terminal.COLLECT, 2, "read 1").addInputStages(1));
    assertEquals(Outcome.FAILED, outcome(3));
  }

  @Test
  void aShuffleThatTheStageDoesntReadIsNotHandedOut() throws Exception {
    run(stage(1, Terminal.SHUFFLE, 2, "shuffle 2 2").setTargets(2));
    results(1);
    run(stage(2, Terminal.COLLECT, 2, "read 1"));
    assertEquals(Outcome.FAILED, outcome(2));
  }

  @Test
  void broadcastsGoBeforeTheStage() throws Exception {
    send(FrameKind.BROADCAST, 7, new byte[] {1});
    run(stage(1, Terminal.COLLECT, 1, "leaf").addBroadcasts(7));
    results(1);
    run(stage(2, Terminal.COLLECT, 1, "leaf").addBroadcasts(7).setInputBytes(1));
    results(2);
    byte[] drop = Drop.newBuilder().addBroadcasts(7).build().toByteArray();
    send(FrameKind.DROP, 0, drop);
    Loopback.until(() -> enclave.told.contains("DROP 0"));
    assertEquals(0, enclave.told.indexOf("BROADCAST 7"));
    assertEquals(1, enclave.told.indexOf("STAGE_TASK 1"));
    for (int inputBytes = 0; inputBytes < 2; inputBytes++) { // on Spark, in one task
      run(stage(3 + inputBytes, Terminal.COLLECT, 1, "leaf").addBroadcasts(7).setInputBytes(inputBytes));
      assertEquals(Outcome.FAILED, outcome(3 + inputBytes));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void anErrorReachesTheMasterWhoCancels(int inputBytes) throws Exception {
    run(stage(1, Terminal.COLLECT, 1, "fail").setInputBytes(inputBytes));
    FrameChannel.Frame frame = next();
    assertEquals(FrameKind.RESULT_VALUE, frame.kind());
    assertEquals("error", Result.parseFrom(frame.payload()).getSealed().toStringUtf8());
    send(FrameKind.CANCEL, 1, NONE);
    toMaster.clear();
    run(stage(2, Terminal.COLLECT, 1, "leaf").setInputBytes(inputBytes));
    assertEquals(List.of("0"), results(2, new ArrayList<>()));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void aRetriedPlaceIsReportedAndTheResultIsTheSame(int inputBytes) throws Exception {
    List<FrameChannel.Frame> beside = new ArrayList<>();
    run(stage(1, Terminal.REDUCE, 2, "retry").setInputBytes(inputBytes));
    assertEquals(List.of("(0 1)"), results(1, beside));
    assertFalse(beside.isEmpty());
    for (FrameChannel.Frame frame : beside) {
      assertEquals(FrameKind.RETRIED_VALUE, frame.kind());
      Place place = Retried.parseFrom(frame.payload()).getPlace();
      assertEquals("0 2 3", place.getA() + " " + place.getC() + " " + place.getD());
    }
  }

  @Test
  void aStageThatIsCancelledBeforeItBeginsNeverDoes() throws Exception {
    run(stage(1, Terminal.COLLECT, 1, "hang"));
    Loopback.until(() -> enclave.told.contains("STAGE_TASK 1"));
    // The master has gone on, and Spark has not seen the end of the stage.
    run(stage(2, Terminal.COLLECT, 1, "leaf"));
    send(FrameKind.CANCEL, 2, NONE);
    run(stage(3, Terminal.COLLECT, 1, "leaf").setInputBytes(1));
    send(FrameKind.CANCEL, 3, NONE);
    run(stage(4, Terminal.COLLECT, 1, "leaf"));
    enclave.released.countDown();
    FrameChannel.Frame late = next(); // a repeat for the master, who has gone on
    assertEquals(1, late.id());
    assertEquals(List.of("0"), results(4));
    assertFalse(enclave.told.contains("STAGE_TASK 2") || enclave.told.contains("STAGE_TASK 3"));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void aCancelledStageHoldsNothingUp(int inputBytes) throws Exception {
    run(stage(1, Terminal.COLLECT, 1, "hang").setInputBytes(inputBytes));
    Loopback.until(() -> enclave.told.contains("STAGE_TASK 1"));
    send(FrameKind.CANCEL, 1, NONE);
    Loopback.until(() -> enclave.told.contains("CANCEL 1"));
    run(stage(2, Terminal.COLLECT, 1, "leaf"));
    if (inputBytes > 0) {
      enclave.released.countDown(); // a resident task ends the partition that it is at
    }
    assertEquals(List.of("0"), results(2));
  }

  @Test
  void aSessionThatEndsAmidAStageLeavesNothingToTheNext() throws Exception {
    run(stage(1, Terminal.COLLECT, 1, "hang"));
    Loopback.until(() -> enclave.told.contains("STAGE_TASK 1"));
    FakeEnclave before = enclave;
    Stages old = stages;
    spark.removeSparkListener(listener);
    executors.begin(0);
    old.close();
    List<FrameChannel.Frame> late = new ArrayList<>();
    begin();
    before.released.countDown();
    run(stage(1, Terminal.COLLECT, 1, "leaf"));
    assertEquals(List.of("0"), results(1, late));
    assertEquals(List.of(), late);
    assertEquals("STAGE_TASK 1", enclave.told.get(0));
  }

  @Test
  void manyStagesLeaveNothingInSpark() throws Exception {
    byte[] broadcast = new byte[1 << 20];
    String task = "leaf " + "x".repeat(1 << 20);
    long before = spark.env().memoryManager().storageMemoryUsed();
    for (int number = 1; number <= 20; number++) {
      send(FrameKind.BROADCAST, number, broadcast);
      run(stage(number, Terminal.COLLECT, 1, task).addBroadcasts(number));
      results(number);
      byte[] drop = Drop.newBuilder().addBroadcasts(number).build().toByteArray();
      send(FrameKind.DROP, 0, drop);
    }
    Loopback.until(
        () -> spark.env().memoryManager().storageMemoryUsed() - before < 5L << 20);
  }

  /** Each partition's result in so many slices, or for a reduce the root's. */
  private void arrivesInSlices(Terminal terminal, int partitions, int slices, int bytes)
      throws Exception {
    run(stage(1, terminal, partitions, "slices " + slices + " " + bytes));
    List<String> wanted = new ArrayList<>();
    for (int place = 0; place < (terminal == Terminal.REDUCE ? 1 : partitions); place++) {
      for (int slice = 0; slice < slices; slice++) {
        wanted.add(String.format("%d slice %d: %d", place, slice, bytes));
      }
    }
    assertEquals(wanted.stream().sorted().toList(), results(1));
  }

  @ParameterizedTest
  @CsvSource({"COLLECT, 2", "REDUCE, 4"})
  void aMessageInSlicesArrivesWhole(Terminal terminal, int partitions) throws Exception {
    arrivesInSlices(terminal, partitions, 17, 1_000);
  }

  @Test
  @Tag("large")
  @Timeout(600)
  void aPartialOver256MiBPassesShuffleAndResult() throws Exception {
    arrivesInSlices(Terminal.REDUCE, 4, 17, SLICE_BYTES);
  }

  @Test
  @Tag("large")
  @Timeout(600)
  void aResultOver2GiBArrives() throws Exception {
    arrivesInSlices(Terminal.COLLECT, 18, 8, SLICE_BYTES);
  }

  @Test
  void malformedStagesAreRefused() {
    List<RunStage.Builder> malformed =
        List.of(
            stage(0, Terminal.COLLECT, 1, ""),
            stage(-1, Terminal.COLLECT, 1, ""),
            stage(1, Terminal.COLLECT, 0, ""),
            stage(1, Terminal.COLLECT, -1, ""),
            stage(1, Terminal.COLLECT, 100_001, ""),
            stage(1, Terminal.COLLECT, 1, "").setFanIn(1),
            stage(1, Terminal.COLLECT, 1, "").setFanIn(100_001),
            stage(1, Terminal.COLLECT, 1, "").setFanIn(-8),
            stage(1, Terminal.TERMINAL_NONE, 1, ""),
            stage(1, Terminal.COLLECT, 1, "").setTerminalValue(6),
            stage(1, Terminal.SHUFFLE, 1, "").setTargets(0),
            stage(1, Terminal.SHUFFLE, 1, "").setTargets(-1),
            stage(1, Terminal.SHUFFLE, 1, "").setTargets(100_001),
            stage(1, Terminal.SHUFFLE, 100_000, "").setTargets(672));
    for (RunStage.Builder stage : malformed) {
      assertThrows(IOException.class, () -> run(stage), stage.build().toString());
    }
    assertThrows(IOException.class, () -> send(FrameKind.RUN_STAGE, 1, new byte[] {-1}));
    assertThrows(IOException.class, () -> send(FrameKind.DROP, 0, new byte[] {-1}));
    assertThrows(IOException.class, () -> send(FrameKind.TASK, 1, NONE));
    assertTrue(toMaster.isEmpty());
  }

  @Test
  void stageNumbersGrow() throws Exception {
    run(stage(2, Terminal.COLLECT, 1, "leaf"));
    results(2);
    assertThrows(IOException.class, () -> run(stage(2, Terminal.COLLECT, 1, "leaf")));
    assertThrows(IOException.class, () -> run(stage(1, Terminal.COLLECT, 1, "leaf")));
    assertNull(toMaster.poll(50, TimeUnit.MILLISECONDS));
  }

  @Test
  void whatIsNotOfTheOpenStageGoesNowhere() throws Exception {
    run(stage(1, Terminal.COLLECT, 1, "leaf"));
    results(1);
    Executors.Executor from = executors.all().get(0);
    byte[] blob = Blob.newBuilder().setStage(1).build().toByteArray();
    stages.fromResident(from, new FrameChannel.Frame(FrameKind.RESULT_VALUE, 1, blob));
    stages.fromResident(from, new FrameChannel.Frame(FrameKind.RESULT_VALUE, 7, blob));
    stages.failed(new FrameChannel.Frame(Link.FAILED, 1, NONE));
    assertTrue(toMaster.isEmpty());
  }
}
