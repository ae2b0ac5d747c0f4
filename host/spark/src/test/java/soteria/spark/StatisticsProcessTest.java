package soteria.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import soteria.host.FrameKind;
import soteria.host.Role;

/** The test is the process that an executor starts. */
@Timeout(60)
class StatisticsProcessTest {
  private static final byte[] QUESTION = {1, 2, 3};
  private static final byte[] ANSWER = {1, 9};
  private static final int LONG_MS = 30_000;
  @TempDir Path folder;
  private EnclaveDoor door;
  private StatisticsProcess process;

  @BeforeEach
  void open() throws IOException {
    door = new EnclaveDoor(folder);
    process = process(door.program(), LONG_MS);
  }

  @AfterEach
  void close() {
    process.close();
  }

  private static StatisticsProcess process(String program, int answerMs) {
    Settings settings = new Settings("", 0, "", "", program, "", 0, "", "");
    return new StatisticsProcess(settings, "statistics", new Recording(""), answerMs);
  }

  private CompletableFuture<byte[]> asked(long number) {
    CompletableFuture<byte[]> answer = new CompletableFuture<>();
    Threads.start(
        "task",
        () -> {
          try {
            answer.complete(process.answer(number, QUESTION));
          } catch (IOException | InterruptedException e) {
            answer.completeExceptionally(e);
          }
        });
    return answer;
  }

  private static void expect(FrameChannel channel, long number) throws IOException {
    FrameChannel.Frame frame = channel.receive();
    assertEquals(FrameKind.STATISTIC_VALUE, frame.kind());
    assertEquals(number, frame.id());
    assertArrayEquals(QUESTION, frame.payload());
  }

  private static FrameChannel dial(EnclaveDoor.Started started, Role role) throws IOException {
    return started.dial(started.cookie(), role, 0);
  }

  private static void assertFails(CompletableFuture<byte[]> answer) {
    ExecutionException why = assertThrows(ExecutionException.class, answer::get);
    assertInstanceOf(IOException.class, why.getCause()); // Spark tries again
  }

  @Test
  void oneProcessAnswersQuestionAfterQuestion() throws Exception {
    CompletableFuture<byte[]> answer = asked(5);
    FrameChannel channel = door.next().enter(Role.STATISTICS, 0);
    expect(channel, 5);
    // What it says beside is nobody's answer, now or later.
    channel.send(FrameKind.STATISTIC_DONE, 4, new byte[] {7});
    channel.send(FrameKind.STATISTIC_DONE, 5, ANSWER);
    channel.send(FrameKind.STATISTIC_DONE, 5, new byte[] {7});
    assertArrayEquals(ANSWER, answer.get());
    answer = asked(6);
    expect(channel, 6);
    assertFalse(answer.isDone());
    channel.send(FrameKind.STATISTIC_DONE, 6, new byte[0]);
    assertArrayEquals(new byte[0], answer.get());
  }

  @Test
  void withoutAProgramThereIsNoAnswer() throws Exception {
    try (StatisticsProcess none = process("", LONG_MS)) {
      assertEquals(0, none.answer(1, QUESTION).length);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/nowhere/soteria-stats", "/bin/false"})
  void aProgramThatDoesntStartIsNoticedAtOnce(String program) {
    try (StatisticsProcess broken = process(program, LONG_MS)) {
      assertThrows(IOException.class, () -> broken.answer(1, QUESTION));
    }
  }

  @Test
  void aFreshOneTakesThePlaceOfOneThatHasEnded() throws Exception {
    CompletableFuture<byte[]> answer = asked(1);
    FrameChannel channel = door.next().enter(Role.STATISTICS, 0);
    expect(channel, 1);
    channel.close();
    assertFails(answer);
    answer = asked(1);
    FrameChannel fresh = door.next().enter(Role.STATISTICS, 0);
    expect(fresh, 1);
    fresh.send(FrameKind.STATISTIC_DONE, 1, ANSWER);
    assertArrayEquals(ANSWER, answer.get());
  }

  @Test
  void oneThatDoesntAnswerInTimeIsEnded() throws Exception {
    process.close();
    process = process(door.program(), 200);
    CompletableFuture<byte[]> answer = asked(1);
    FrameChannel silent = door.next().enter(Role.STATISTICS, 0);
    expect(silent, 1);
    assertFails(answer);
    assertThrows(IOException.class, silent::receive);
    answer = asked(2);
    FrameChannel fresh = door.next().enter(Role.STATISTICS, 0);
    fresh.send(FrameKind.STATISTIC_DONE, 2, ANSWER);
    assertArrayEquals(ANSWER, answer.get());
  }

  @Test
  void whatIsNoAnswerEndsIt() throws Exception {
    CompletableFuture<byte[]> answer = asked(1);
    FrameChannel channel = door.next().enter(Role.STATISTICS, 0);
    channel.send(FrameKind.RESULT, 1, ANSWER);
    assertFails(answer);
    answer = asked(1);
    FrameChannel noisy = door.next().enter(Role.STATISTICS, 0);
    // It isn't read to its end.
    assertThrows(
        IOException.class,
        () ->
            noisy.send(
                FrameKind.STATISTIC_DONE, 1, new byte[StatisticsProcess.ANSWER_BYTES_MAX + 1]));
    assertFails(answer);
    answer = asked(1);
    door.next().enter(Role.STATISTICS, 0).send(
        FrameKind.STATISTIC_DONE, 1, new byte[StatisticsProcess.ANSWER_BYTES_MAX]);
    assertEquals(StatisticsProcess.ANSWER_BYTES_MAX, answer.get().length);
  }

  @Test
  void strangersAreNotAsked() throws Exception {
    CompletableFuture<byte[]> answer = asked(1);
    EnclaveDoor.Started started = door.next();
    FrameChannel stranger = started.dial("00", Role.STATISTICS, 0);
    assertThrows(IOException.class, stranger::receive);
    assertFails(answer);
    answer = asked(1);
    FrameChannel worker = dial(door.next(), Role.WORKER);
    assertThrows(IOException.class, worker::receive);
    assertFails(answer);
  }

  @Test
  void theEndOfTheSessionEndsItAndWhoeverWaits() throws Exception {
    CompletableFuture<byte[]> answer = asked(1);
    FrameChannel channel = door.next().enter(Role.STATISTICS, 0);
    expect(channel, 1);
    process.close();
    assertFails(answer);
    assertThrows(IOException.class, channel::receive);
    assertFails(asked(2)); // starts nothing that stays
  }
}
