package soteria.spark;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import soteria.host.FrameKind;
import soteria.host.Role;

/**
 * The statistics process beside the master: gets what the enclaves have released, answers with numbers that nobody believes.
 * Started with the first question, and again with the next one if it has died.
 */
final class StatisticsProcess implements Closeable {
  private static final int CONNECT_MS = 30_000;
  private static final byte[] NO_ANSWER = {};
  private static final Logger LOG = LoggerFactory.getLogger(StatisticsProcess.class);

  private final String program;
  private final String logDirectory;
  private final Recording recording;
  private final String name;
  private final Relay.Peer master;
  private EnclaveProcess process; // guarded by this
  private FrameChannel channel; // null: not running; guarded by this
  private boolean closed;

  /** {@code program} may be empty: then every question gets an empty answer. */
  StatisticsProcess(
      String program, String logDirectory, Recording recording, String name, Relay.Peer master) {
    this.program = program;
    this.logDirectory = logDirectory;
    this.recording = recording;
    this.name = name;
    this.master = master;
  }

  /** Takes a question and returns at once. */
  void ask(FrameChannel.Frame question) {
    Threads.start(
        "question",
        () -> {
          try {
            running().send(FrameKind.STATISTIC, question.id(), question.payload());
          } catch (IOException e) {
            LOG.warn("the statistics process can't be asked: {}", e.getMessage());
            master.send(FrameKind.STATISTIC_DONE_VALUE, question.id(), NO_ANSWER);
          }
        });
  }

  private synchronized FrameChannel running() throws IOException {
    if (channel != null) {
      return channel;
    }
    if (closed || program.isEmpty()) {
      throw new IOException("there is none");
    }
    String cookie = EnclaveProcess.newCookie();
    try (ServerSocket door = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      door.setSoTimeout(CONNECT_MS);
      String log = logDirectory.isEmpty() ? "" : logDirectory + "/stats.log";
      process =
          new EnclaveProcess(
              program, List.of("--host-port", Integer.toString(door.getLocalPort())), cookie, log);
      Greeting.Guest guest = Greeting.receive(door.accept(), FrameKind.HELLO_VALUE, cookie);
      if (guest.hello().getRole() != Role.STATISTICS) {
        guest.channel().close();
        throw new IOException("a stranger at the statistics process's door");
      }
      FrameChannel fresh = guest.channel();
      fresh.record(recording.of(name));
      fresh.send(FrameKind.HELLO_OK, 0);
      channel = fresh;
      Threads.start("statistics", () -> serve(fresh));
      return fresh;
    }
  }

  private void serve(FrameChannel from) {
    try {
      while (true) {
        FrameChannel.Frame answer = from.receive();
        if (answer.kind() != FrameKind.STATISTIC_DONE_VALUE) {
          throw new IOException("the statistics process sent frame kind " + answer.kind());
        }
        master.send(answer.kind(), answer.id(), answer.payload());
      }
    } catch (IOException e) {
      from.close();
      synchronized (this) {
        if (channel == from) {
          channel = null;
        }
      }
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (channel != null) {
      channel.close();
    }
    if (process != null) {
      process.kill();
    }
  }
}
