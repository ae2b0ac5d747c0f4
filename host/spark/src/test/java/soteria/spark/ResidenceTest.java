package soteria.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import soteria.host.FrameKind;
import soteria.host.Hello;
import soteria.host.RunStage;

/** Resident tasks that sit down, leave and die as each test says. */
@Timeout(60)
class ResidenceTest {
  private static final String COOKIE = "00112233445566778899aabbccddeeff";
  private static final long LEAVE_MS = 300;

  /** Each job waits for its end, which the test decides. */
  private static final class FakeJobs implements Residence.Jobs {
    final BlockingQueue<Long> started = new LinkedBlockingQueue<>();
    final Map<Long, CompletableFuture<Void>> ends = new HashMap<>();
    final Map<Long, String> where = new HashMap<>();

    synchronized CompletableFuture<Void> end(long number) {
      return ends.computeIfAbsent(number, n -> new CompletableFuture<>());
    }

    @Override
    public void run(long resident, String location) throws Exception {
      where.put(resident, location);
      started.add(resident);
      try {
        end(resident).get();
      } catch (ExecutionException e) {
        throw (Exception) e.getCause();
      }
    }

    @Override
    public void cancel(long resident) {
      end(resident).completeExceptionally(new IOException("cancelled"));
    }
  }

  private final FakeJobs jobs = new FakeJobs();
  private final Map<Long, byte[]> broadcasts = new HashMap<>(Map.of(70L, new byte[] {7}));
  private final AtomicInteger again = new AtomicInteger();
  private ServerSocket door;
  private Executors executors;
  private Residence residence;

  @BeforeEach
  void open() throws IOException {
    door = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    executors =
        new Executors(
            door,
            COOKIE,
            new Recording(""),
            new Executors.Events() {
              @Override
              public void frame(
                  long session, Executors.Executor from, FrameChannel.Frame frame) {
                if (frame.kind() == Link.SEATED) {
                  residence.seated(from, frame.id());
                } else if (frame.kind() == Link.LEFT) {
                  residence.left(from, frame.id());
                } else {
                  residence.done(from, frame.id());
                }
              }

              @Override
              public void ready(long session, Executors.Executor which) {}

              @Override
              public void lost(Executors.Executor which) {
                residence.lost(which);
              }
            });
    executors.begin(1);
    residence = new Residence(jobs, executors, LEAVE_MS);
  }

  @AfterEach
  void close() throws IOException {
    residence.close();
    executors.close();
  }

  /** An executor with an enclave that is ready. */
  private FrameChannel executor(String id) throws Exception {
    Socket socket = new Socket(door.getInetAddress(), door.getLocalPort());
    socket.setSoTimeout(30_000);
    FrameChannel channel = new FrameChannel(socket);
    Hello hello = Hello.newBuilder().setCookie(COOKIE).setName(id + "@h").setSlot(1).build();
    channel.send(Link.HELLO, 0, hello.toByteArray());
    assertEquals(Link.SESSION, channel.receive().kind());
    channel.send(Link.STARTED, 1, new byte[0]);
    channel.send(FrameKind.READY, 0);
    Loopback.until(() -> executors.ready().stream().anyMatch(known -> known.id.equals(id)));
    return channel;
  }

  private CompletableFuture<Throwable> run(long stage, Long... used) {
    RunStage run = RunStage.newBuilder().setStage(stage).addAllBroadcasts(List.of(used)).build();
    CompletableFuture<Throwable> over = new CompletableFuture<>();
    Threads.start(
        "test",
        () -> {
          try {
            residence.run(run, broadcasts::get, again::incrementAndGet);
            over.complete(null);
          } catch (Throwable e) {
            over.complete(e);
          }
        });
    return over;
  }

  private CompletableFuture<Void> leave() {
    CompletableFuture<Void> left = new CompletableFuture<>();
    Threads.start(
        "test",
        () -> {
          try {
            residence.leave();
            left.complete(null);
          } catch (InterruptedException e) {
            left.completeExceptionally(e);
          }
        });
    return left;
  }

  private long started() throws InterruptedException {
    Long number = jobs.started.poll(30, TimeUnit.SECONDS);
    assertTrue(number != null, "a resident task");
    return number;
  }

  private static void sit(FrameChannel executor, long number) throws IOException {
    executor.send(Link.SEATED, number, new byte[0]);
  }

  private static void left(FrameChannel executor, long number) throws IOException {
    executor.send(Link.LEFT, number, new byte[0]);
  }

  private static void done(FrameChannel executor, long stage) throws IOException {
    executor.send(Link.DONE, stage, new byte[0]);
  }

  private static void expect(FrameChannel executor, int kind, long id) throws IOException {
    FrameChannel.Frame frame = executor.receive();
    assertEquals(kind + " " + id, frame.kind() + " " + frame.id());
  }

  private static void well(CompletableFuture<Throwable> over) throws Exception {
    assertNull(over.get(30, TimeUnit.SECONDS));
  }

  @Test
  void stagesRunOneAfterAnotherInOneTask() throws Exception {
    FrameChannel executor = executor("1");
    CompletableFuture<Throwable> first = run(5, 70L);
    assertEquals(1, started());
    assertEquals("executor_h_1", jobs.where.get(1L));
    sit(executor, 1);
    expect(executor, FrameKind.BROADCAST_VALUE, 70);
    expect(executor, Link.RUN, 5);
    assertFalse(first.isDone());
    done(executor, 5);
    well(first);
    CompletableFuture<Throwable> second = run(6, 70L);
    expect(executor, Link.RUN, 6); // the broadcast is there
    done(executor, 6);
    well(second);
    residence.dropped(List.of(70L));
    CompletableFuture<Throwable> third = run(7, 70L);
    expect(executor, FrameKind.BROADCAST_VALUE, 70);
    expect(executor, Link.RUN, 7);
    done(executor, 7);
    well(third);
    assertEquals(0, again.get());
    assertTrue(jobs.started.isEmpty());
  }

  @Test
  void aStageGoesAgainToTheNextSeat() throws Exception {
    FrameChannel first = executor("1");
    FrameChannel second = executor("2");
    CompletableFuture<Throwable> over = run(5, 70L);
    started();
    sit(first, 1);
    expect(first, FrameKind.BROADCAST_VALUE, 70);
    expect(first, Link.RUN, 5);
    first.close();
    Loopback.until(() -> executors.all().size() == 1);
    sit(second, 1); // Spark's next attempt
    expect(second, FrameKind.BROADCAST_VALUE, 70);
    expect(second, Link.RUN, 5);
    assertEquals(1, again.get());
    done(second, 5);
    well(over);
  }

  @Test
  void aSecondAttemptOnTheSameExecutorGetsTheStageAgain() throws Exception {
    FrameChannel executor = executor("1");
    CompletableFuture<Throwable> over = run(5, 70L);
    started();
    for (int attempt = 0; attempt < 3; attempt++) {
      sit(executor, 1);
      expect(executor, FrameKind.BROADCAST_VALUE, 70);
      expect(executor, Link.RUN, 5);
    }
    assertEquals(2, again.get());
    done(executor, 5);
    well(over);
  }

  @Test
  void whatAnOldSeatHasDoneCountsForNothing() throws Exception {
    FrameChannel first = executor("1");
    FrameChannel second = executor("2");
    CompletableFuture<Throwable> over = run(5);
    started();
    sit(first, 1);
    expect(first, Link.RUN, 5);
    sit(second, 1);
    left(first, 1);
    expect(second, Link.RUN, 5);
    done(first, 5);
    done(second, 4);
    Thread.sleep(100);
    assertFalse(over.isDone());
    done(second, 5);
    well(over);
  }

  @Test
  void aTaskThatLeftIsFollowedByAnotherAtTheSamePlace() throws Exception {
    executor("1");
    FrameChannel second = executor("2");
    CompletableFuture<Throwable> over = run(5);
    started();
    sit(second, 1);
    expect(second, Link.RUN, 5);
    jobs.end(1).complete(null); // left just before it could hear
    assertEquals(2, started());
    assertEquals("executor_h_2", jobs.where.get(2L));
    assertEquals("executor_h_2", residence.location());
    sit(second, 1); // too late
    expect(second, Link.LEAVE, 0);
    sit(second, 2);
    expect(second, Link.RUN, 5);
    done(second, 5);
    well(over);
  }

  @Test
  void aSpeculativeCopyIsSentNothingWhileTheFirstAttemptLives() throws Exception {
    FrameChannel first = executor("1");
    FrameChannel second = executor("2");
    CompletableFuture<Throwable> over = run(5);
    started();
    sit(first, 1);
    expect(first, Link.RUN, 5);
    sit(second, 1);
    left(second, 99); // of another task
    Thread.sleep(50);
    done(first, 5);
    well(over);
    over = run(6);
    expect(first, Link.RUN, 6);
    first.close();
    expect(second, Link.RUN, 6); // its first
    done(second, 6);
    well(over);
    assertEquals(1, again.get());
  }

  @Test
  void anAttemptThatFailedIsFollowedByTheNextElsewhere() throws Exception {
    FrameChannel first = executor("1");
    FrameChannel second = executor("2");
    CompletableFuture<Throwable> over = run(5);
    started();
    sit(first, 1);
    expect(first, Link.RUN, 5);
    left(first, 1);
    sit(second, 1);
    expect(second, Link.RUN, 5);
    left(second, 1);
    sit(first, 1);
    expect(first, Link.RUN, 5);
    done(first, 5);
    well(over);
    assertEquals(2, again.get());
  }

  @Test
  void whoSitsDownForNothingIsSentAway() throws Exception {
    FrameChannel executor = executor("1");
    CompletableFuture<Throwable> over = run(5);
    started();
    residence.cancel(5);
    well(over);
    sit(executor, 1);
    expect(executor, Link.LEAVE, 0);
  }

  @Test
  void sparkGivesUp() throws Exception {
    executor("1");
    CompletableFuture<Throwable> over = run(5);
    jobs.end(started()).completeExceptionally(new IOException("four times"));
    assertInstanceOf(IOException.class, over.get(30, TimeUnit.SECONDS));
    CompletableFuture<Throwable> next = run(6); // which isn't the end of it
    assertEquals(2, started());
    residence.cancel(6);
    well(next);
  }

  @Test
  void aBroadcastThatIsntThereEndsTheStage() throws Exception {
    FrameChannel executor = executor("1");
    CompletableFuture<Throwable> over = run(5, 71L);
    started();
    sit(executor, 1);
    assertInstanceOf(IOException.class, over.get(30, TimeUnit.SECONDS));
  }

  @Test
  void cancelledWhileItRuns() throws Exception {
    FrameChannel executor = executor("1");
    CompletableFuture<Throwable> over = run(5);
    started();
    sit(executor, 1);
    expect(executor, Link.RUN, 5);
    residence.cancel(4);
    Thread.sleep(50);
    assertFalse(over.isDone());
    residence.cancel(5);
    well(over);
    CompletableFuture<Throwable> next = run(6);
    expect(executor, Link.RUN, 6);
    done(executor, 5); // late
    Thread.sleep(50);
    assertFalse(next.isDone());
    done(executor, 6);
    well(next);
  }

  @Test
  void cancelledWhileNobodySits() throws Exception {
    CompletableFuture<Throwable> over = run(5);
    started();
    residence.cancel(5);
    well(over);
  }

  @Test
  void cancelledBeforeItRuns() throws Exception {
    residence.cancel(5);
    well(run(5));
    assertTrue(jobs.started.isEmpty());
  }

  @Test
  void noEnclaveComes() throws Exception {
    CompletableFuture<Throwable> over = run(5);
    started();
    residence.giveUp(5);
    assertInstanceOf(IOException.class, over.get(30, TimeUnit.SECONDS));
  }

  @Test
  void itLeavesForALargerStage() throws Exception {
    FrameChannel executor = executor("1");
    CompletableFuture<Throwable> over = run(5);
    started();
    sit(executor, 1);
    expect(executor, Link.RUN, 5);
    done(executor, 5);
    well(over);
    CompletableFuture<Void> left = leave();
    expect(executor, Link.LEAVE, 0);
    assertFalse(left.isDone());
    jobs.end(1).complete(null);
    left.get(30, TimeUnit.SECONDS);
    leave().get(30, TimeUnit.SECONDS); // nobody is there
  }

  @Test
  void whoHasNotSatDownYetDoesntHaveTo() throws Exception {
    CompletableFuture<Throwable> over = run(5);
    started();
    residence.cancel(5);
    well(over);
    leave().get(30, TimeUnit.SECONDS);
  }

  /** A stage that is done, on an executor whose resident task waits for more. */
  private FrameChannel idle() throws Exception {
    FrameChannel executor = executor("1");
    CompletableFuture<Throwable> over = run(5);
    started();
    sit(executor, 1);
    expect(executor, Link.RUN, 5);
    done(executor, 5);
    well(over);
    return executor;
  }

  private CompletableFuture<Void> close(Residence which) {
    CompletableFuture<Void> closed = new CompletableFuture<>();
    Threads.start(
        "test",
        () -> {
          which.close();
          closed.complete(null);
        });
    return closed;
  }

  @Test
  void theEndOfTheSessionLetsAnIdleTaskEndWell() throws Exception {
    FrameChannel executor = idle();
    CompletableFuture<Void> closed = close(residence);
    expect(executor, Link.LEAVE, 0);
    left(executor, 1);
    jobs.end(1).complete(null);
    closed.get(30, TimeUnit.SECONDS);
    assertFalse(jobs.end(1).isCompletedExceptionally());
  }

  @Test
  void theEndOfTheSessionDoesntWaitForEver() throws Exception {
    idle();
    close(residence).get(30, TimeUnit.SECONDS);
    assertTrue(jobs.end(1).isCompletedExceptionally());
  }

  @Test
  void aTaskThatHasLeftIsWaitedForNotCancelled() throws Exception {
    FrameChannel executor = idle();
    left(executor, 1);
    CompletableFuture<Void> gone = leave();
    Thread.sleep(50);
    assertFalse(gone.isDone());
    jobs.end(1).complete(null); // Spark has heard
    gone.get(30, TimeUnit.SECONDS);
    assertFalse(jobs.end(1).isCompletedExceptionally());
  }

  @Test
  void theEndOfTheSessionEndsEverything() throws Exception {
    FrameChannel executor = executor("1");
    CompletableFuture<Throwable> over = run(5);
    started();
    sit(executor, 1);
    expect(executor, Link.RUN, 5);
    residence.close();
    well(over);
    assertTrue(jobs.end(1).isCompletedExceptionally());
    well(run(6));
    leave().get(30, TimeUnit.SECONDS);
    assertTrue(jobs.started.isEmpty());
  }
}
