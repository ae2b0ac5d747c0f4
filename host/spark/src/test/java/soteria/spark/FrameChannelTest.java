package soteria.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import soteria.host.FrameKind;

@Timeout(60)
class FrameChannelTest {
  private Loopback connection;
  private FrameChannel channel;

  @BeforeEach
  void connect() throws IOException {
    connection = Loopback.connect();
    channel = new FrameChannel(connection.here());
  }

  @AfterEach
  void close() throws IOException {
    connection.close();
  }

  private static byte[] header(int length, int kind, long id) {
    return ByteBuffer.allocate(13)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(length)
        .put((byte) kind)
        .putLong(id)
        .array();
  }

  private void raw(byte[] bytes) throws IOException {
    connection.there().getOutputStream().write(bytes);
  }

  @Test
  void aFrameIsLittleEndian() throws IOException {
    channel.send(200, 0x0102030405060708L, new byte[] {42, 43});
    byte[] wire = connection.there().getInputStream().readNBytes(15);
    byte[] expected = Arrays.copyOf(header(11, 200, 0x0102030405060708L), 15);
    expected[13] = 42;
    expected[14] = 43;
    assertArrayEquals(expected, wire);
  }

  @Test
  void framesArriveAsTheyWereSent() throws IOException {
    FrameChannel far = new FrameChannel(connection.there());
    channel.send(FrameKind.READY, -1);
    channel.send(FrameKind.BROADCAST, 7, new byte[] {1, 2, 3});
    FrameChannel.Frame empty = far.receive();
    assertEquals(FrameKind.READY_VALUE, empty.kind());
    assertEquals(-1, empty.id());
    assertEquals(0, empty.payload().length);
    FrameChannel.Frame second = far.receive();
    assertEquals(7, second.id());
    assertArrayEquals(new byte[] {1, 2, 3}, second.payload());
  }

  @Test
  void aKindAbove127IsNoNegativeNumber() throws IOException {
    raw(header(9, 207, 0));
    assertEquals(207, channel.receive().kind());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 8, -1, Integer.MIN_VALUE, (1 << 28) + 1, Integer.MAX_VALUE})
  void aLengthThatNoFrameHasIsRefused(int length) throws IOException {
    raw(header(length, 3, 1));
    assertThrows(IOException.class, channel::receive);
  }

  @Test
  void aStrangerGetsNoMemory() throws IOException {
    raw(header(4097, 200, 0));
    IOException refused = assertThrows(IOException.class, () -> channel.receive(4096));
    assertEquals("a frame of 4097 bytes", refused.getMessage());
  }

  @Test
  void theEndBetweenAndInsideFrames() throws IOException {
    raw(header(9, 3, 1));
    raw(Arrays.copyOf(header(12, 3, 1), 14));
    connection.there().close();
    channel.receive();
    assertThrows(EOFException.class, channel::receive);
  }

  @Test
  void theEndInsideAHeader() throws IOException {
    raw(new byte[] {9, 0, 0});
    connection.there().close();
    assertThrows(EOFException.class, channel::receive);
  }

  @Test
  void aPayloadThatFitsNoFrameIsNotSent() throws IOException {
    byte[] large = new byte[FrameChannel.LENGTH_MAX - 8];
    assertThrows(IOException.class, () -> channel.send(3, 1, large));
    channel.send(3, 2, new byte[0]);
    assertEquals(2, new FrameChannel(connection.there()).receive().id());
  }

  @Test
  void largeFramesOfSeveralSendersDontMix() throws Exception {
    int senders = 4;
    int frames = 8;
    List<Thread> threads = new ArrayList<>();
    for (int sender = 0; sender < senders; sender++) {
      byte[] payload = new byte[(1 << 16) + sender * 300_000]; // one of them in a single packet
      Arrays.fill(payload, (byte) sender);
      int id = sender;
      threads.add(
          Threads.start(
              "test",
              () -> {
                try {
                  for (int i = 0; i < frames; i++) {
                    channel.send(12, id, payload);
                  }
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              }));
    }
    FrameChannel far = new FrameChannel(connection.there());
    int[] seen = new int[senders];
    for (int i = 0; i < senders * frames; i++) {
      FrameChannel.Frame frame = far.receive();
      int sender = (int) frame.id();
      assertEquals((1 << 16) + sender * 300_000, frame.payload().length);
      for (byte b : frame.payload()) {
        assertEquals(sender, b);
      }
      seen[sender]++;
    }
    assertArrayEquals(new int[] {frames, frames, frames, frames}, seen);
    for (Thread thread : threads) {
      thread.join();
    }
  }

  @Test
  void aFrameOfTheLargestSizePasses() throws Exception {
    byte[] payload = new byte[FrameChannel.LENGTH_MAX - 9];
    new Random(1).nextBytes(payload);
    Thread sender =
        Threads.start(
            "test",
            () -> {
              try {
                channel.send(12, 5, payload);
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
    assertArrayEquals(payload, new FrameChannel(connection.there()).receive().payload());
    sender.join();
  }

  @Test
  void aRecordHasAllThatPassed(@TempDir Path folder) throws IOException {
    channel.record(new Recording(folder.toString()).of("executor-1"));
    raw(header(9, 20, 0));
    channel.receive();
    channel.send(12, 5, new byte[] {1, 2});
    byte[] large = new byte[1 << 17];
    channel.send(12, 6, large);
    channel.close();
    assertArrayEquals(header(9, 20, 0), Files.readAllBytes(folder.resolve("executor-1.in")));
    byte[] out = Files.readAllBytes(folder.resolve("executor-1.out"));
    assertEquals(13 + 2 + 13 + large.length, out.length);
    assertArrayEquals(header(11, 12, 5), Arrays.copyOf(out, 13));
  }

  @Test
  void aClosedRecordTakesNoMore(@TempDir Path folder) throws IOException {
    Recording.Pair pair = new Recording(folder.toString()).of("x");
    pair.in(new byte[] {1}, new byte[0]);
    pair.close();
    pair.in(new byte[] {2}, new byte[0]);
    assertArrayEquals(new byte[] {1}, Files.readAllBytes(folder.resolve("x.in")));
  }
}
