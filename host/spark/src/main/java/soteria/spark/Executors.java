package soteria.spark;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import soteria.host.FrameKind;
import soteria.host.Hello;

/** The driver's end of the executors' connections. Thread-safe. */
final class Executors {
  /** What comes from an executor; called by its connection's thread, in order. */
  interface Events {
    void frame(Executor from, FrameChannel.Frame frame);

    void ready(Executor which);

    void lost(Executor which);
  }

  /** One executor. As a peer of the relay it takes frames for its enclave's control connection. */
  static final class Executor implements Relay.Peer {
    final String id;
    final String host;
    final int slots;
    private final FrameChannel channel;
    private volatile long session; // of what it sends
    private volatile boolean ready;

    private Executor(String id, String host, int slots, FrameChannel channel) {
      this.id = id;
      this.host = host;
      this.slots = slots;
      this.channel = channel;
    }

    /** Where Spark should run a task, in the form of RDD.getPreferredLocations. */
    String location() {
      return "executor_" + host + "_" + id;
    }

    @Override
    public void send(int kind, long frameId, byte[] payload) {
      try {
        channel.send(kind, frameId, payload);
      } catch (IOException e) {
        channel.close(); // its reader sees the end
      }
    }
  }

  private static final int HELLO_MS = 10_000;
  private static final Logger LOG = LoggerFactory.getLogger(Executors.class);

  private final ServerSocket door;
  private final String cookie;
  private final Recording recording;
  private final Events events;
  private final Map<String, Executor> live = new TreeMap<>(); // guarded by this
  private long session;

  Executors(ServerSocket door, String cookie, Recording recording, Events events) {
    this.door = door;
    this.cookie = cookie;
    this.recording = recording;
    this.events = events;
    Threads.start("executors", this::accept);
  }

  private void accept() {
    while (!door.isClosed()) {
      try {
        Socket socket = door.accept();
        Threads.start("executor", () -> serve(socket));
      } catch (IOException e) {
        if (!door.isClosed()) {
          LOG.error("executors can't connect", e);
        }
        return;
      }
    }
  }

  private void serve(Socket socket) {
    Executor executor = null;
    try (socket) {
      executor = greet(socket);
      while (true) {
        FrameChannel.Frame frame = executor.channel.receive();
        if (frame.kind() == Link.STARTED) {
          executor.session = frame.id();
        } else if (executor.session == session()) {
          pass(executor, frame);
        }
      }
    } catch (IOException e) {
      if (executor == null) {
        LOG.warn("an executor's connection was refused: {}", e.getMessage());
        return;
      }
    }
    boolean known;
    synchronized (this) {
      known = live.remove(executor.id, executor);
    }
    if (known) {
      events.lost(executor);
    }
  }

  private void pass(Executor executor, FrameChannel.Frame frame) {
    if (frame.kind() == FrameKind.READY_VALUE) {
      executor.ready = true;
      events.ready(executor);
    } else {
      events.frame(executor, frame);
    }
  }

  private Executor greet(Socket socket) throws IOException {
    socket.setSoTimeout(HELLO_MS);
    FrameChannel channel = new FrameChannel(socket);
    FrameChannel.Frame frame = channel.receive();
    Hello hello = Hello.parseFrom(frame.payload());
    boolean known =
        MessageDigest.isEqual(
            cookie.getBytes(StandardCharsets.US_ASCII),
            hello.getCookie().getBytes(StandardCharsets.UTF_8));
    if (frame.kind() != Link.HELLO || !known) {
      throw new IOException("it doesn't know the cookie");
    }
    socket.setSoTimeout(0);
    String[] name = hello.getName().split("@", 2);
    channel.record(recording.of("executor-" + name[0]));
    Executor executor = new Executor(name[0], name[1], (int) hello.getSlot(), channel);
    long now;
    synchronized (this) {
      live.put(executor.id, executor);
      now = session;
    }
    if (now != 0) {
      executor.send(Link.SESSION, now, new byte[0]);
    }
    return executor;
  }

  /** Ends all enclaves of the session before and starts fresh ones for this. */
  void begin(long number) {
    List<Executor> all;
    synchronized (this) {
      session = number;
      all = new ArrayList<>(live.values());
      for (Executor executor : all) {
        executor.ready = false;
      }
    }
    for (Executor executor : all) {
      executor.send(Link.SESSION, number, new byte[0]);
    }
  }

  private synchronized long session() {
    return session;
  }

  synchronized List<Executor> all() {
    return new ArrayList<>(live.values());
  }

  /** Those whose enclave the master has admitted. */
  synchronized List<Executor> ready() {
    return live.values().stream().filter(executor -> executor.ready).toList();
  }

  /** To the enclaves of all. */
  void sendAll(int kind, long id, byte[] payload) {
    for (Executor executor : ready()) {
      executor.send(kind, id, payload);
    }
  }

  void close() throws IOException {
    door.close();
    for (Executor executor : all()) {
      executor.channel.close();
    }
  }
}
