package soteria.spark;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import soteria.host.FrameKind;
import soteria.host.Role;

/**
 * The statistics process of one executor in one session: gets what the enclaves have released, answers with numbers that nobody
 * believes. Started with the first question, and again with the next one after it has ended or was ended because it didn't
 * answer. Thread-safe; one question at a time.
 */
final class StatisticsProcess implements Closeable {
  /** A statistic has at most 2^20 numbers; the master takes no more. */
  static final int ANSWER_BYTES_MAX = 1 + (8 << 20);

  private static final int FRAME_FIELDS = 9;
  private static final int CONNECT_MS = 30_000;
  private static final int ANSWER_MS = 50_000;
  private static final byte[] NO_ANSWER = {};
  private static final Logger LOG = LoggerFactory.getLogger(StatisticsProcess.class);

  private final String program;
  private final String logDirectory;
  private final Recording recording;
  private final String name;
  private final int answerMs;
  private final ReentrantLock turn = new ReentrantLock();
  private volatile EnclaveProcess process;
  private volatile FrameChannel channel; // of the process; null: not connected
  private volatile boolean closed;

  /** {@code name} is what its record and its log are called. */
  StatisticsProcess(Settings settings, String name, Recording recording) {
    this(settings, name, recording, ANSWER_MS);
  }

  StatisticsProcess(Settings settings, String name, Recording recording, int answerMs) {
    this.program = settings.statistics();
    this.logDirectory = settings.logDirectory();
    this.recording = recording;
    this.name = name;
    this.answerMs = answerMs;
  }

  /** The payload of STATISTIC_DONE; empty when there is no program. IOException when Spark should try again. */
  byte[] answer(long number, byte[] question) throws IOException, InterruptedException {
    if (program.isEmpty()) {
      return NO_ANSWER;
    }
    turn.lockInterruptibly();
    CompletableFuture<byte[]> answer = new CompletableFuture<>();
    boolean answered = false;
    try {
      FrameChannel to = running();
      Threads.start("question", () -> ask(to, number, question, answer));
      byte[] said = answer.get(answerMs, TimeUnit.MILLISECONDS);
      answered = true;
      return said;
    } catch (ExecutionException e) {
      throw new IOException("the statistics process has gone", e.getCause());
    } catch (TimeoutException e) {
      throw new IOException("the statistics process doesn't answer", e);
    } finally {
      if (!answered) {
        end(); // whatever it still says is about a question that nobody asks any more
      }
      turn.unlock();
    }
  }

  private static void ask(
      FrameChannel to, long number, byte[] question, CompletableFuture<byte[]> answer) {
    try {
      to.send(FrameKind.STATISTIC, number, question);
      FrameChannel.Frame said = to.receive(FRAME_FIELDS + ANSWER_BYTES_MAX);
      while (said.id() != number) { // it says more than it was asked
        said = to.receive(FRAME_FIELDS + ANSWER_BYTES_MAX);
      }
      if (said.kind() != FrameKind.STATISTIC_DONE_VALUE) {
        throw new IOException("it sent frame kind " + said.kind());
      }
      answer.complete(said.payload());
    } catch (IOException | RuntimeException e) {
      answer.completeExceptionally(e);
    }
  }

  /** For who has the turn. */
  private FrameChannel running() throws IOException {
    if (channel != null && process.isAlive()) {
      return channel;
    }
    end();
    String cookie = EnclaveProcess.newCookie();
    try (ServerSocket door = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      door.setSoTimeout(CONNECT_MS);
      EnclaveProcess started =
          new EnclaveProcess(
              program,
              List.of("--host-port", Integer.toString(door.getLocalPort())),
              cookie,
              logDirectory.isEmpty() ? "" : logDirectory + "/" + name + ".log");
      process = started;
      started.onExit().thenRun(() -> ended(started, door));
      if (closed) {
        started.kill(); // the door closes then
      }
      Greeting.Guest guest = Greeting.receive(door.accept(), FrameKind.HELLO_VALUE, cookie);
      FrameChannel fresh = guest.channel();
      channel = fresh;
      if (guest.hello().getRole() != Role.STATISTICS) {
        throw new IOException("a stranger at the statistics process's door");
      }
      fresh.record(recording.of(name));
      fresh.send(FrameKind.HELLO_OK, 0);
      return fresh;
    }
  }

  private void ended(EnclaveProcess which, ServerSocket door) {
    if (!closed) {
      LOG.warn("the statistics process has ended");
    }
    try {
      door.close(); // whoever waits there for it
    } catch (IOException e) {
      LOG.warn("the statistics process's door can't be closed", e);
    }
    FrameChannel its = channel;
    if (which == process && its != null) {
      its.close();
    }
  }

  private void end() {
    FrameChannel open = channel;
    channel = null;
    if (open != null) {
      open.close();
    }
    EnclaveProcess running = process;
    if (running != null) {
      running.kill();
    }
  }

  @Override
  public void close() {
    closed = true;
    end();
  }
}
