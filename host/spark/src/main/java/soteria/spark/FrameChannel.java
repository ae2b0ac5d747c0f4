package soteria.spark;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import soteria.host.FrameKind;

/**
 * One connection that carries frames (docs/formats/frames.md): u32 length, u8 kind, u64 id, payload, all little-endian.
 * {@link #receive} belongs to one thread; {@link #send} may be called by any and blocks until the frame is written.
 */
final class FrameChannel implements Closeable {
  /** The largest length that a frame may say. */
  static final int LENGTH_MAX = 1 << 28;

  private static final int HEADER = 9;
  private static final byte[] NOTHING = {};

  /** One frame; {@code kind} is a number of {@link FrameKind} or of {@link Link}. */
  record Frame(int kind, long id, byte[] payload) {}

  private final Socket socket;
  private final DataInputStream in;
  private final OutputStream out;
  private volatile Recording.Pair recording = Recording.NONE;

  FrameChannel(Socket socket) throws IOException {
    this.socket = socket;
    socket.setTcpNoDelay(true);
    in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 17));
    out = socket.getOutputStream();
  }

  /** From now on a copy of all frames goes there. */
  void record(Recording.Pair pair) {
    recording = pair;
  }

  /** The next frame. EOFException at the end; IOException for a length that no frame has. */
  Frame receive() throws IOException {
    return receive(LENGTH_MAX);
  }

  /** The next frame of at most so many bytes. */
  Frame receive(int most) throws IOException {
    byte[] header = new byte[4 + HEADER];
    in.readFully(header);
    ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    int length = fields.getInt();
    if (length < HEADER || length > most) {
      throw new IOException("a frame of " + length + " bytes");
    }
    int kind = fields.get() & 0xff;
    long id = fields.getLong();
    byte[] payload = length == HEADER ? NOTHING : new byte[length - HEADER];
    in.readFully(payload);
    recording.in(header, payload);
    return new Frame(kind, id, payload);
  }

  void send(FrameKind kind, long id, byte[] payload) throws IOException {
    send(kind.getNumber(), id, payload);
  }

  void send(FrameKind kind, long id) throws IOException {
    send(kind.getNumber(), id, NOTHING);
  }

  void send(int kind, long id, byte[] payload) throws IOException {
    if (payload.length > LENGTH_MAX - HEADER) {
      throw new IOException("a payload of " + payload.length + " bytes doesn't fit a frame");
    }
    // Small frames go out in one packet.
    boolean small = payload.length <= 1 << 16;
    ByteBuffer head =
        ByteBuffer.allocate(4 + HEADER + (small ? payload.length : 0))
            .order(ByteOrder.LITTLE_ENDIAN);
    head.putInt(HEADER + payload.length).put((byte) kind).putLong(id);
    if (small) {
      head.put(payload);
    }
    synchronized (out) {
      recording.out(head.array(), small ? NOTHING : payload);
      out.write(head.array());
      if (!small) {
        out.write(payload);
      }
      out.flush();
    }
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      // It is closed, which is all that was asked for.
    }
    recording.close();
  }
}
