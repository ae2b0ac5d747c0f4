package soteria.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import soteria.host.FrameKind;
import soteria.host.Role;
import soteria.host.RunStage;
import soteria.host.Terminal;

/** The test is the master, the enclave and the statistics process; Spark and all between is real. */
@Timeout(120)
class OutsideStagesTest {
  private static final int ATTEMPTS = 4;
  @TempDir static Path folder;
  private static EnclaveDoor enclaves;
  private static EnclaveDoor statistics;
  private static Executors executors;
  private static SparkContext spark;
  private static long sessions;

  private final BlockingQueue<FrameChannel.Frame> toMaster = new LinkedBlockingQueue<>();
  private OutsideStages outside;
  private FakeEnclave enclave;

  @BeforeAll
  static void startSpark() throws IOException {
    enclaves = new EnclaveDoor(Files.createDirectory(folder.resolve("worker")));
    statistics = new EnclaveDoor(Files.createDirectory(folder.resolve("stats")));
    ServerSocket door = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    executors = new Executors(door, "00c0ffee", new Recording(""), new Nothing());
    SparkConf conf =
        new SparkConf(false)
            .setMaster("local[1, " + ATTEMPTS + "]")
            .setAppName("test")
            .set("spark.ui.enabled", "false")
            .set("spark.scheduler.mode", "FAIR")
            .set("spark.driver.host", "127.0.0.1")
            .set("spark.driver.bindAddress", "127.0.0.1")
            .set("spark.local.dir", folder.toString())
            .set("spark.executor.cores", "1")
            .set("spark.plugins", SoteriaPlugin.class.getName());
    new Settings(
            "127.0.0.1",
            door.getLocalPort(),
            "00c0ffee",
            enclaves.program(),
            statistics.program(),
            "",
            0,
            "",
            "")
        .into(conf);
    spark = new SparkContext(conf);
  }

  @AfterAll
  static void stopSpark() throws IOException {
    spark.stop();
    executors.close();
  }

  private static final class Nothing implements Executors.Events {
    @Override
    public void frame(long session, Executors.Executor from, FrameChannel.Frame frame) {}

    @Override
    public void ready(long session, Executors.Executor which) {}

    @Override
    public void lost(Executors.Executor which) {}
  }

  @BeforeEach
  void begin() throws Exception {
    long session = ++sessions;
    outside = new OutsideStages(spark, this::send, session);
    executors.begin(session);
    enclave = new FakeEnclave(enclaves.next(), 1);
    Loopback.until(() -> executors.ready().size() == 1);
  }

  @AfterEach
  void end() {
    enclave.released.countDown();
    executors.begin(0);
    outside.close();
  }

  private void send(int kind, long id, byte[] payload) {
    toMaster.add(new FrameChannel.Frame(kind, id, payload));
  }

  private void ask(long number, byte[] question) {
    outside.fromMaster(new FrameChannel.Frame(FrameKind.STATISTIC_VALUE, number, question));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private FrameChannel.Frame next() throws InterruptedException {
    FrameChannel.Frame frame = toMaster.poll(60, TimeUnit.SECONDS);
    assertTrue(frame != null, "a frame for the master");
    return frame;
  }

  private void assertAnswered(long number, byte[] answer) throws InterruptedException {
    FrameChannel.Frame frame = next();
    assertEquals(FrameKind.STATISTIC_DONE_VALUE, frame.kind());
    assertEquals(number, frame.id());
    assertArrayEquals(answer, frame.payload());
  }

  private static FrameChannel expect(FrameChannel channel, long number, byte[] question)
      throws IOException {
    FrameChannel.Frame frame = channel.receive();
    assertEquals(FrameKind.STATISTIC_VALUE, frame.kind());
    assertEquals(number, frame.id());
    assertArrayEquals(question, frame.payload());
    return channel;
  }

  @Test
  void oneOfTwoAnswersReachesTheMaster() throws Exception {
    ask(1, bytes("q1"));
    ask(1, bytes("q1")); // a question is asked once
    FrameChannel process = expect(statistics.next().enter(Role.STATISTICS, 0), 1, bytes("q1"));
    process.send(FrameKind.STATISTIC_DONE, 1, bytes("one"));
    process.send(FrameKind.STATISTIC_DONE, 1, bytes("two"));
    assertAnswered(1, bytes("one"));
    ask(2, bytes("q2"));
    expect(process, 2, bytes("q2")).send(FrameKind.STATISTIC_DONE, 2, bytes("three"));
    assertAnswered(2, bytes("three"));
    assertTrue(toMaster.isEmpty());
  }

  @Test
  void aTaskThatDiesIsTriedAgainWithTheSameBytes() throws Exception {
    ask(1, bytes("question"));
    expect(statistics.next().enter(Role.STATISTICS, 0), 1, bytes("question")).close();
    expect(statistics.next().enter(Role.STATISTICS, 0), 1, bytes("question"))
        .send(FrameKind.STATISTIC_DONE, 1, bytes("answer"));
    assertAnswered(1, bytes("answer"));
    assertTrue(toMaster.isEmpty());
  }

  @Test
  void whenAllAttemptsFailTheAnswerIsEmpty() throws Exception {
    ask(1, bytes("question"));
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      statistics.next().enter(Role.STATISTICS, 0).close();
    }
    assertAnswered(1, new byte[0]);
    assertTrue(toMaster.isEmpty());
  }

  @Test
  void aLargeQuestionArrivesWhole() throws Exception {
    byte[] question = new byte[9_000_003]; // several blocks of Spark's broadcast
    new Random(1).nextBytes(question);
    ask(1, question);
    expect(statistics.next().enter(Role.STATISTICS, 0), 1, question)
        .send(FrameKind.STATISTIC_DONE, 1, bytes("answer"));
    assertAnswered(1, bytes("answer"));
  }

  /** On one core: its task goes before those of the stage that runs, and the stage goes on. */
  @Test
  void aStageOfEnclavesRunsMeanwhile() throws Exception {
    List<String> shown = new CopyOnWriteArrayList<>();
    SparkListener listener =
        new SparkListener() {
          @Override
          public void onJobStart(SparkListenerJobStart job) {
            shown.add(
                job.properties().getProperty("spark.job.description")
                    + " of "
                    + job.properties().getProperty("spark.jobGroup.id"));
          }
        };
    spark.addSparkListener(listener);
    Stages stages = new Stages(spark, executors, this::send, sessions, 0);
    RunStage run =
        RunStage.newBuilder()
            .setStage(1)
            .setTerminal(Terminal.COLLECT)
            .setPartitions(40)
            .setFanIn(3)
            .setSealedTask(ByteString.copyFromUtf8("hang"))
            .build();
    stages.fromMaster(new FrameChannel.Frame(FrameKind.RUN_STAGE_VALUE, 1, run.toByteArray()));
    Loopback.until(() -> enclave.told.contains("STAGE_TASK 1"));
    ask(7, bytes("question"));
    Loopback.until(() -> shown.size() == 2);
    enclave.released.countDown();
    expect(statistics.next().enter(Role.STATISTICS, 0), 7, bytes("question"))
        .send(FrameKind.STATISTIC_DONE, 7, bytes("answer"));
    int before = 0;
    FrameChannel.Frame frame = next();
    for (; frame.kind() == FrameKind.RESULT_VALUE; frame = next()) {
      before++;
    }
    assertEquals(FrameKind.STATISTIC_DONE_VALUE, frame.kind());
    assertTrue(before < 20, before + " of 40 tasks went before it");
    while (frame.kind() != FrameKind.STAGE_DONE_VALUE) {
      frame = next();
    }
    spark.removeSparkListener(listener);
    stages.close();
    String session = " of session " + sessions;
    assertEquals(
        List.of("collect 1" + session + " stage 1", "outside 7" + session + " outside 7"), shown);
  }

  @Test
  void aSessionThatEndsTakesItsQuestionsAlong() throws Exception {
    ask(1, bytes("question"));
    FrameChannel process =
        expect(statistics.next().enter(Role.STATISTICS, 0), 1, bytes("question"));
    executors.begin(0);
    outside.close();
    enclave.released.countDown();
    Loopback.until(() -> spark.statusTracker().getActiveJobIds().length == 0);
    ask(2, bytes("question"));
    begin();
    ask(1, bytes("another"));
    expect(statistics.next().enter(Role.STATISTICS, 0), 1, bytes("another"))
        .send(FrameKind.STATISTIC_DONE, 1, bytes("answer"));
    assertAnswered(1, bytes("answer"));
    assertTrue(toMaster.isEmpty());
    process.close();
  }
}
