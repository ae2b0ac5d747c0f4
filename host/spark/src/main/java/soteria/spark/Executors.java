package soteria.spark;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import soteria.host.FrameKind;

/** The driver's end of the executors' connections. Thread-safe. */
final class Executors {
  /** What comes from an executor; called by its connection's thread, in order. */
  interface Events {
    /** What an enclave of that session sends. */
    void frame(long session, Executor from, FrameChannel.Frame frame);

    void ready(long session, Executor which);

    void lost(Executor which);
  }

  /** One executor. As a peer of the relay it takes frames for its enclave's control connection. */
  static final class Executor implements Relay.Peer {
    final String id;
    final String host;
    final int slots;
    private final FrameChannel channel;
    private volatile long session; // of what it sends
    private volatile long ready; // session whose master has admitted its enclave
    private long told; // session; guarded by this

    Executor(String id, String host, int slots, FrameChannel channel) {
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

  private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
  private static final int SLOTS_MAX = 4096;
  private static final int ACCEPT_AGAIN_MS = 1_000;
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
          LOG.error("an executor can't connect", e);
          Threads.pause(ACCEPT_AGAIN_MS); // out of file descriptors, for example
        }
      }
    }
  }

  private void serve(Socket socket) {
    Executor executor = null;
    try (socket) {
      executor = greet(socket);
      tell(executor);
      while (true) {
        FrameChannel.Frame frame = executor.channel.receive();
        if (frame.kind() == Link.STARTED) {
          executor.session = frame.id();
        } else if (executor.session != 0 && executor.session == session()) {
          pass(executor.session, executor, frame);
        }
      }
    } catch (IOException e) {
      if (executor == null) {
        LOG.warn("an executor's connection was refused: {}", e.getMessage());
      }
    } catch (RuntimeException e) {
      LOG.error("an executor can't be served", e);
    }
    if (executor != null) {
      executor.channel.close();
      synchronized (this) {
        live.remove(executor.id, executor);
      }
      events.lost(executor);
    }
  }

  private void pass(long of, Executor executor, FrameChannel.Frame frame) {
    if (frame.kind() == FrameKind.READY_VALUE) {
      executor.ready = of;
      events.ready(of, executor);
    } else {
      events.frame(of, executor, frame);
    }
  }

  private Executor greet(Socket socket) throws IOException {
    Greeting.Guest guest = Greeting.receive(socket, Link.HELLO, cookie);
    String[] name = guest.hello().getName().split("@", 2);
    long slots = guest.hello().getSlot();
    if (name.length != 2 || !ID.matcher(name[0]).matches() || slots < 1 || slots > SLOTS_MAX) {
      guest.channel().close();
      throw new IOException("an executor that can't be: " + guest.hello().getName());
    }
    guest.channel().record(recording.of("executor-" + name[0]));
    Executor executor = new Executor(name[0], name[1], (int) slots, guest.channel());
    Executor before;
    synchronized (this) {
      before = live.put(executor.id, executor);
    }
    if (before != null) {
      before.channel.close(); // its reader sees the end
    }
    return executor;
  }

  /** Which session it is, in order: the newest is told last. */
  private void tell(Executor executor) {
    synchronized (executor) {
      long now = session();
      if (executor.told != now) {
        executor.told = now;
        executor.send(Link.SESSION, now, new byte[0]);
      }
    }
  }

  /** Ends all enclaves of the session before and starts fresh ones for this. 0: starts none. */
  void begin(long number) {
    synchronized (this) {
      session = number;
    }
    all().forEach(this::tell);
  }

  /** Spark has given the executor up: whoever writes to it doesn't wait any more. */
  void removed(String id) {
    Executor gone;
    synchronized (this) {
      gone = live.get(id);
    }
    if (gone != null) {
      gone.channel.close(); // its reader sees the end
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
    return live.values().stream()
        .filter(executor -> session != 0 && executor.ready == session)
        .toList();
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
