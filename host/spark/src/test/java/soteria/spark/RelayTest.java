package soteria.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import soteria.host.FrameKind;
import soteria.host.StreamOpen;
import soteria.host.StreamPeer;

@Timeout(60)
class RelayTest {
  private static final int OPEN = FrameKind.STREAM_OPEN_VALUE;
  private static final int DATA = FrameKind.STREAM_DATA_VALUE;
  private static final int CLOSE = FrameKind.STREAM_CLOSE_VALUE;
  private static final int CREDIT = FrameKind.STREAM_CREDIT_VALUE;
  private static final byte[] NONE = {};

  /** Keeps what it is sent. */
  private static final class Far implements Relay.Peer {
    final BlockingQueue<FrameChannel.Frame> frames = new LinkedBlockingQueue<>();

    @Override
    public void send(int kind, long id, byte[] payload) {
      frames.add(new FrameChannel.Frame(kind, id, payload));
    }

    FrameChannel.Frame next() throws InterruptedException {
      FrameChannel.Frame frame = frames.poll(30, TimeUnit.SECONDS);
      assertTrue(frame != null, "a frame");
      return frame;
    }

    void expect(int kind, long id) throws InterruptedException {
      FrameChannel.Frame frame = next();
      assertEquals(kind, frame.kind());
      assertEquals(id, frame.id());
    }
  }

  private final Far master = new Far();
  private final Far worker = new Far();
  private final Relay relay = new Relay(master);
  private Loopback connection;
  private Thread serving;

  @BeforeEach
  void connect() throws IOException {
    connection = Loopback.connect();
    connection.here().setSoTimeout(0);
  }

  @AfterEach
  void close() throws Exception {
    relay.close();
    connection.close();
    if (serving != null) {
      serving.join(30_000);
      assertFalse(serving.isAlive(), "the owner's connection is over");
    }
  }

  private void serve() {
    serving =
        Threads.start(
            "test",
            () -> {
              try (Socket socket = connection.here()) {
                relay.serveOwner(socket, Recording.NONE);
              } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
  }

  private void fromMaster(int kind, long id, byte[] payload) {
    relay.fromMaster(new FrameChannel.Frame(kind, id, payload));
  }

  private void fromWorker(Far from, int kind, long id, byte[] payload) {
    relay.fromWorker(from, new FrameChannel.Frame(kind, id, payload));
  }

  private static byte[] number(long value) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void anOwnersBytesReachTheMasterAndBack() throws Exception {
    serve();
    FrameChannel.Frame open = master.next();
    assertEquals(OPEN, open.kind());
    assertEquals(2, open.id());
    assertEquals(StreamPeer.PEER_OWNER, StreamOpen.parseFrom(open.payload()).getPeer());
    connection.there().getOutputStream().write(bytes("hello"));
    assertArrayEquals(bytes("hello"), master.next().payload());
    fromMaster(DATA, 2, bytes("world"));
    assertArrayEquals(bytes("world"), connection.there().getInputStream().readNBytes(5));
    connection.there().close();
    master.expect(CLOSE, 2);
  }

  @Test
  void afterTheMastersCloseTheOwnerReadsWhatWasSentBefore() throws Exception {
    serve();
    master.next();
    byte[] large = new byte[Relay.WINDOW];
    large[large.length - 1] = 7;
    fromMaster(DATA, 2, large);
    fromMaster(CLOSE, 2, NONE);
    byte[] read = connection.there().getInputStream().readAllBytes();
    assertArrayEquals(large, read);
    assertNull(master.frames.stream().filter(f -> f.kind() == CLOSE).findAny().orElse(null));
  }

  @Test
  void aCloseWhileTheOwnerHasNoCreditCutsNothingOff() throws Exception {
    serve();
    master.next();
    Threads.start("test", () -> write(Relay.WINDOW));
    for (int got = 0; got < Relay.WINDOW; ) {
      got += master.next().payload().length;
    }
    // More than the sockets take: the writer is at it while the reader has nothing to wait for any more.
    connection.here().setSendBufferSize(1 << 16);
    connection.there().setReceiveBufferSize(1 << 16);
    fromMaster(DATA, 2, new byte[Relay.WINDOW]);
    fromMaster(CLOSE, 2, NONE);
    Thread.sleep(200);
    assertEquals(Relay.WINDOW, connection.there().getInputStream().readAllBytes().length);
  }

  private void write(int bytes) {
    try {
      connection.there().getOutputStream().write(new byte[bytes]);
    } catch (IOException e) {
      // The connection ends with the test.
    }
  }

  @Test
  void anOwnerSendsNoMoreThanItsWindow() throws Exception {
    serve();
    master.next();
    Threads.start("test", () -> write(2 * Relay.WINDOW));
    int got = 0;
    while (got < Relay.WINDOW) {
      byte[] payload = master.next().payload();
      assertTrue(payload.length <= Relay.CHUNK_MAX);
      got += payload.length;
    }
    assertEquals(Relay.WINDOW, got);
    assertNull(master.frames.poll(200, TimeUnit.MILLISECONDS), "beyond the window");
    fromMaster(CREDIT, 2, new byte[7]); // no credit
    fromMaster(CREDIT, 2, number(-5));
    assertNull(master.frames.poll(200, TimeUnit.MILLISECONDS), "beyond the window");
    fromMaster(CREDIT, 2, number(10));
    assertEquals(10, master.next().payload().length);
    fromMaster(CREDIT, 2, number(Long.MAX_VALUE)); // never more than a window
    for (got = 0; got < Relay.WINDOW - 10; ) {
      got += master.next().payload().length;
    }
    assertEquals(Relay.WINDOW - 10, got);
  }

  @Test
  void whatTheOwnerTookIsCredited() throws Exception {
    serve();
    master.next();
    byte[] quarter = new byte[Relay.WINDOW / 4];
    InputStream in = connection.there().getInputStream();
    for (int i = 0; i < 8; i++) { // twice the window
      fromMaster(DATA, 2, quarter);
      in.readNBytes(quarter.length);
      FrameChannel.Frame credit = master.next();
      assertEquals(CREDIT, credit.kind());
      assertArrayEquals(number(quarter.length), credit.payload());
    }
  }

  @Test
  void aMasterThatBreaksTheWindowLosesTheStream() throws Exception {
    serve();
    master.next();
    fromMaster(DATA, 2, new byte[Relay.WINDOW + 1]);
    assertEquals(-1, connection.there().getInputStream().read());
    master.expect(CLOSE, 2);
    fromMaster(DATA, 2, bytes("late"));
  }

  @Test
  void framesForNoStreamAreIgnored() {
    fromMaster(DATA, 2, bytes("x"));
    fromMaster(CLOSE, 4, NONE);
    fromWorker(worker, DATA, 1, bytes("x"));
    fromWorker(worker, CLOSE, 1, NONE);
    assertTrue(master.frames.isEmpty());
    assertTrue(worker.frames.isEmpty());
  }

  @Test
  void workersStreamsAreKeptApart() throws Exception {
    Far other = new Far();
    fromWorker(worker, OPEN, 1, NONE);
    fromWorker(other, OPEN, 1, NONE);
    FrameChannel.Frame open = master.next();
    assertEquals(StreamPeer.PEER_WORKER, StreamOpen.parseFrom(open.payload()).getPeer());
    assertEquals(2, open.id());
    master.expect(OPEN, 4);
    fromWorker(other, DATA, 1, bytes("b"));
    master.expect(DATA, 4);
    fromMaster(DATA, 2, bytes("a"));
    fromMaster(CREDIT, 4, number(9));
    worker.expect(DATA, 1);
    other.expect(CREDIT, 1);
    fromMaster(CLOSE, 4, NONE);
    other.expect(CLOSE, 1);
    fromWorker(other, DATA, 1, bytes("late"));
    fromWorker(worker, CLOSE, 1, NONE);
    master.expect(CLOSE, 2);
    fromMaster(DATA, 2, bytes("late"));
    assertTrue(master.frames.isEmpty() && worker.frames.isEmpty() && other.frames.isEmpty());
  }

  @Test
  void aStreamThatIsOpenIsNotOpenedAgain() throws Exception {
    fromWorker(worker, OPEN, 1, NONE);
    master.expect(OPEN, 2);
    fromWorker(worker, OPEN, 1, NONE);
    assertTrue(master.frames.isEmpty());
  }

  @Test
  void aWorkerThatIsGoneClosesItsStreamsOnly() throws Exception {
    Far other = new Far();
    fromWorker(worker, OPEN, 1, NONE);
    fromWorker(other, OPEN, 1, NONE);
    fromWorker(worker, OPEN, 3, NONE);
    master.frames.clear();
    relay.workerGone(worker);
    assertEquals(
        java.util.Set.of(2L, 6L),
        java.util.Set.of(master.next().id(), master.next().id()));
    fromWorker(worker, DATA, 1, bytes("late"));
    fromWorker(other, DATA, 1, bytes("on"));
    master.expect(DATA, 4);
    fromWorker(worker, OPEN, 1, NONE); // its successor
    master.expect(OPEN, 8);
  }

  @Test
  void streamsAreLimited() throws Exception {
    for (int i = 0; i < Relay.STREAMS_MAX; i++) {
      fromWorker(worker, OPEN, 2 * i + 1, NONE);
    }
    assertEquals(Relay.STREAMS_MAX, master.frames.size());
    master.frames.clear();
    fromWorker(worker, OPEN, 99_999, NONE);
    worker.expect(CLOSE, 99_999);
    relay.serveOwner(connection.here(), Recording.NONE);
    assertEquals(-1, connection.there().getInputStream().read());
    assertTrue(master.frames.isEmpty());
    fromWorker(worker, CLOSE, 1, NONE);
    master.expect(CLOSE, 2);
    fromWorker(worker, OPEN, 99_999, NONE);
    master.expect(OPEN, 2 * Relay.STREAMS_MAX + 2);
  }

  @Test
  void afterTheEndOfTheSessionNothingOpens() throws Exception {
    serve();
    master.next();
    relay.close();
    assertEquals(-1, connection.there().getInputStream().read());
    fromWorker(worker, OPEN, 1, NONE);
    worker.expect(CLOSE, 1);
  }

  @Test
  void onlyStreamFramesAreCarried() {
    assertTrue(Relay.carries(OPEN) && Relay.carries(CREDIT));
    assertFalse(Relay.carries(FrameKind.HELLO_OK_VALUE));
    assertFalse(Relay.carries(FrameKind.RESOURCES_VALUE));
  }
}
