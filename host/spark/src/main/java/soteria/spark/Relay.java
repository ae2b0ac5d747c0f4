package soteria.spark;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import soteria.host.FrameKind;
import soteria.host.StreamOpen;
import soteria.host.StreamPeer;

/**
 * Pipes byte streams: an owner's TCP connection to the master, a worker's stream to the master. What passes is the ciphertext of
 * attested channels. Windows are end to end (STREAM_CREDIT), so nothing queues here but what an owner's socket has not taken
 * yet, at most one window. Belongs to one session of the master; thread-safe.
 */
final class Relay {
  static final int CHUNK_MAX = 256 * 1024;
  static final int WINDOW = 4 * 1024 * 1024;
  static final int STREAMS_MAX = 4096;

  /** The far end of a worker's stream. */
  interface Peer {
    void send(int kind, long id, byte[] payload);
  }

  private record WorkerStream(Peer worker, long id) {}

  private record Route(Peer worker, long workerId, OwnerStream owner) {}

  private final Peer master;
  // Guarded by this.
  private final Map<Long, Route> routes = new HashMap<>(); // by the id on the master's connection
  private final Map<WorkerStream, Long> workerRoutes = new HashMap<>();
  private long nextId = 2;
  private boolean closed;

  Relay(Peer master) {
    this.master = master;
  }

  static boolean carries(int kind) {
    return kind >= FrameKind.STREAM_OPEN_VALUE && kind <= FrameKind.STREAM_CREDIT_VALUE;
  }

  /** A STREAM_* frame of the master. */
  void fromMaster(FrameChannel.Frame frame) {
    Route route;
    synchronized (this) {
      route = routes.get(frame.id());
      if (route == null) {
        return;
      }
      if (frame.kind() == FrameKind.STREAM_CLOSE_VALUE) {
        routes.remove(frame.id());
        workerRoutes.remove(new WorkerStream(route.worker, route.workerId));
      }
    }
    if (route.worker != null) {
      route.worker.send(frame.kind(), route.workerId, frame.payload());
      return;
    }
    boolean data = frame.kind() == FrameKind.STREAM_DATA_VALUE;
    if (frame.kind() == FrameKind.STREAM_CLOSE_VALUE
        || (data && !route.owner.push(frame.payload()))) {
      route.owner.end();
    }
    if (frame.kind() == FrameKind.STREAM_CREDIT_VALUE && frame.payload().length == Long.BYTES) {
      route.owner.addCredit(
          ByteBuffer.wrap(frame.payload()).order(ByteOrder.LITTLE_ENDIAN).getLong());
    }
  }

  /** A STREAM_* frame of a worker. */
  void fromWorker(Peer worker, FrameChannel.Frame frame) {
    WorkerStream key = new WorkerStream(worker, frame.id());
    if (frame.kind() == FrameKind.STREAM_OPEN_VALUE) {
      synchronized (this) {
        if (workerRoutes.containsKey(key)) {
          return; // it is open
        }
      }
      long id = add(new Route(worker, frame.id(), null));
      if (id == 0) {
        worker.send(FrameKind.STREAM_CLOSE_VALUE, frame.id(), new byte[0]);
      } else {
        open(id, StreamPeer.PEER_WORKER);
      }
      return;
    }
    Long id;
    synchronized (this) {
      id = workerRoutes.get(key);
      if (id != null && frame.kind() == FrameKind.STREAM_CLOSE_VALUE) {
        workerRoutes.remove(key);
        routes.remove(id);
      }
    }
    if (id != null) {
      master.send(frame.kind(), id, frame.payload());
    }
  }

  /** All streams of a worker end. */
  void workerGone(Peer worker) {
    List<Long> ids = new ArrayList<>();
    synchronized (this) {
      routes.forEach(
          (id, route) -> {
            if (route.worker == worker) {
              ids.add(id);
            }
          });
      routes.keySet().removeAll(ids);
      workerRoutes.keySet().removeIf(key -> key.worker == worker);
    }
    for (long id : ids) {
      master.send(FrameKind.STREAM_CLOSE_VALUE, id, new byte[0]);
    }
  }

  /** Serves an owner's connection to its end, in the caller's thread and one more. */
  void serveOwner(Socket socket, Recording.Pair recording)
      throws IOException, InterruptedException {
    OwnerStream owner = new OwnerStream();
    long id = add(new Route(null, 0, owner));
    if (id == 0) {
      socket.close();
      return;
    }
    open(id, StreamPeer.PEER_OWNER);
    Thread writer = Threads.start("owner", () -> writeToOwner(owner, socket, id, recording));
    try {
      InputStream in = socket.getInputStream();
      byte[] buffer = new byte[CHUNK_MAX];
      for (int allowed; (allowed = owner.allowance()) > 0; ) {
        int read = in.read(buffer, 0, allowed);
        if (read <= 0) {
          break;
        }
        owner.spend(read);
        byte[] bytes = Arrays.copyOf(buffer, read);
        recording.in(bytes, new byte[0]);
        master.send(FrameKind.STREAM_DATA_VALUE, id, bytes);
      }
    } catch (IOException e) {
      // The owner is gone, which the master is told below.
    } finally {
      boolean open;
      synchronized (this) {
        open = routes.remove(id) != null;
      }
      if (open) {
        master.send(FrameKind.STREAM_CLOSE_VALUE, id, new byte[0]);
      }
      owner.end();
    }
    writer.join(); // what the master sent before is still written
  }

  private void writeToOwner(OwnerStream owner, Socket socket, long id, Recording.Pair recording) {
    try (socket) {
      OutputStream out = socket.getOutputStream();
      int consumed = 0;
      for (byte[] bytes; (bytes = owner.pop()) != null; ) {
        recording.out(bytes, new byte[0]);
        out.write(bytes);
        owner.written(bytes.length);
        consumed += bytes.length;
        if (consumed >= WINDOW / 4) {
          byte[] credit =
              ByteBuffer.allocate(Long.BYTES)
                  .order(ByteOrder.LITTLE_ENDIAN)
                  .putLong(consumed)
                  .array();
          master.send(FrameKind.STREAM_CREDIT_VALUE, id, credit);
          consumed = 0;
        }
      }
    } catch (IOException e) {
      // Its reader sees the end too.
    } finally {
      owner.end();
    }
  }

  private void open(long id, StreamPeer peer) {
    byte[] payload = StreamOpen.newBuilder().setPeer(peer).build().toByteArray();
    master.send(FrameKind.STREAM_OPEN_VALUE, id, payload);
  }

  private synchronized long add(Route route) {
    if (closed || routes.size() >= STREAMS_MAX) {
      return 0;
    }
    long id = nextId;
    nextId += 2;
    if (route.worker != null) {
      workerRoutes.put(new WorkerStream(route.worker, route.workerId), id);
    }
    routes.put(id, route);
    return id;
  }

  /** Ends all owners' streams, now and in future. */
  synchronized void close() {
    closed = true;
    for (Route route : routes.values()) {
      if (route.owner != null) {
        route.owner.end();
      }
    }
    routes.clear();
    workerRoutes.clear();
  }

  /** What waits for an owner's socket, and how much the master lets us send. */
  private static final class OwnerStream {
    private final Queue<byte[]> queue = new ArrayDeque<>();
    private long queued;
    private long credit = WINDOW;
    private boolean ended;

    /** False when the master broke the window. */
    synchronized boolean push(byte[] bytes) {
      if (bytes.length > WINDOW - queued) {
        return false;
      }
      queued += bytes.length;
      queue.add(bytes);
      notifyAll();
      return true;
    }

    /** Null at the end. */
    synchronized byte[] pop() {
      while (!ended && queue.isEmpty()) {
        pause();
      }
      return queue.poll();
    }

    synchronized void written(int bytes) {
      queued -= bytes;
    }

    synchronized void addCredit(long bytes) {
      credit = Math.min(WINDOW, credit + Math.max(0, Math.min(bytes, WINDOW)));
      notifyAll();
    }

    /** Waits until something may be sent; 0 at the end. */
    synchronized int allowance() {
      while (!ended && credit <= 0) {
        pause();
      }
      return ended ? 0 : (int) Math.min(credit, CHUNK_MAX);
    }

    synchronized void spend(int bytes) {
      credit -= bytes;
    }

    synchronized void end() {
      ended = true;
      notifyAll();
    }

    private void pause() {
      try {
        wait();
      } catch (InterruptedException e) {
        ended = true;
      }
    }
  }
}
