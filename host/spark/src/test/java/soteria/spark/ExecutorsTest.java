package soteria.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import soteria.host.FrameKind;
import soteria.host.Hello;

@Timeout(60)
class ExecutorsTest {
  private static final String COOKIE = "00112233445566778899aabbccddeeff";
  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
  private ServerSocket door;
  private Executors executors;

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
                if (frame.kind() == 99) {
                  throw new IllegalStateException("a session that can't take it");
                }
                events.add(session + " " + from.id + " frame " + frame.id());
              }

              @Override
              public void ready(long session, Executors.Executor which) {
                events.add(session + " " + which.id + " ready");
              }

              @Override
              public void lost(Executors.Executor which) {
                events.add("lost " + which.id);
              }
            });
  }

  @AfterEach
  void close() throws IOException {
    executors.close();
  }

  private FrameChannel dial(String cookie, String name, long slots) throws IOException {
    Socket socket = new Socket(door.getInetAddress(), door.getLocalPort());
    socket.setSoTimeout(30_000);
    FrameChannel channel = new FrameChannel(socket);
    Hello hello = Hello.newBuilder().setCookie(cookie).setName(name).setSlot(slots).build();
    channel.send(Link.HELLO, 0, hello.toByteArray());
    return channel;
  }

  private FrameChannel executor(String id) throws Exception {
    int before = executors.all().size();
    FrameChannel channel = dial(COOKIE, id + "@host" + id, 2);
    Loopback.until(() -> executors.all().size() == before + 1);
    return channel;
  }

  private static void expectSession(FrameChannel executor, long number) throws IOException {
    FrameChannel.Frame frame = executor.receive();
    assertEquals(Link.SESSION, frame.kind());
    assertEquals(number, frame.id());
  }

  private String next() throws InterruptedException {
    return events.poll(30, TimeUnit.SECONDS);
  }

  private List<String> ready() {
    return executors.ready().stream().map(executor -> executor.id).toList();
  }

  @Test
  void anExecutorIsKnownByItsName() throws Exception {
    executor("7");
    Executors.Executor known = executors.all().get(0);
    assertEquals("7", known.id);
    assertEquals("host7", known.host);
    assertEquals(2, known.slots);
    assertEquals("executor_host7_7", known.location());
    assertEquals(List.of(), executors.ready());
  }

  @Test
  void aStrangerIsRefused() throws Exception {
    assertThrows(IOException.class, dial(COOKIE.replace('0', '1'), "7@host", 2)::receive);
    assertEquals(List.of(), executors.all());
    executor("8"); // others still come in
    assertTrue(events.isEmpty());
  }

  @ParameterizedTest
  @CsvSource({"7, 2", "'', 2", "@host, 2", "../7@host, 2", "7@host, 0", "7@host, 4097", "7@host, -1"})
  void anExecutorThatCantBeIsRefused(String name, long slots) throws Exception {
    assertThrows(IOException.class, dial(COOKIE, name, slots)::receive);
    assertEquals(List.of(), executors.all());
  }

  @Test
  void allHearOfANewSessionAndNewcomersToo() throws Exception {
    FrameChannel first = executor("1");
    executors.begin(5);
    expectSession(first, 5);
    expectSession(executor("2"), 5);
    executors.begin(0);
    expectSession(first, 0);
  }

  @Test
  void readyIsOfThisSessionOnly() throws Exception {
    FrameChannel executor = executor("1");
    executors.begin(1);
    executor.send(FrameKind.READY, 0); // before it has begun
    executor.send(Link.STARTED, 1, new byte[0]);
    executor.send(FrameKind.READY, 0);
    assertEquals("1 1 ready", next());
    assertEquals(List.of("1"), ready());
    executors.begin(2);
    assertEquals(List.of(), ready());
    executor.send(FrameKind.READY, 0); // of the enclave of session 1
    executor.send(Link.STARTED, 2, new byte[0]);
    executor.send(FrameKind.PROGRESS, 8);
    assertEquals("2 1 frame 8", next());
    assertEquals(List.of(), ready());
    executors.begin(0);
    assertEquals(List.of(), ready());
  }

  @Test
  void framesOfAnOldSessionAreDropped() throws Exception {
    FrameChannel executor = executor("1");
    executors.begin(1);
    executor.send(Link.STARTED, 1, new byte[0]);
    executor.send(FrameKind.RESULT, 11);
    assertEquals("1 1 frame 11", next());
    executors.begin(2);
    executor.send(FrameKind.RESULT, 12);
    executor.send(Link.STARTED, 2, new byte[0]);
    executor.send(FrameKind.RESULT, 13);
    assertEquals("2 1 frame 13", next());
    executors.begin(0);
    executor.send(FrameKind.RESULT, 14);
    executor.send(Link.STARTED, 0, new byte[0]);
    executor.send(FrameKind.RESULT, 15);
    executors.begin(3);
    executor.send(Link.STARTED, 3, new byte[0]);
    executor.send(FrameKind.RESULT, 16);
    assertEquals("3 1 frame 16", next());
  }

  @Test
  void onlyReadyOnesAreSentTo() throws Exception {
    FrameChannel first = executor("1");
    FrameChannel second = executor("2");
    executors.begin(1);
    expectSession(first, 1);
    expectSession(second, 1);
    second.send(Link.STARTED, 1, new byte[0]);
    second.send(FrameKind.READY, 0);
    assertEquals("1 2 ready", next());
    executors.sendAll(FrameKind.DROP_VALUE, 4, new byte[] {1});
    assertEquals(FrameKind.DROP_VALUE, second.receive().kind());
    executors.begin(2);
    expectSession(first, 2); // and nothing before
  }

  @Test
  void theEndOfAConnectionIsALoss() throws Exception {
    FrameChannel executor = executor("1");
    executor.close();
    assertEquals("lost 1", next());
    assertEquals(List.of(), executors.all());
  }

  @Test
  void aFrameThatCantBeTakenIsALoss() throws Exception {
    FrameChannel executor = executor("1");
    executors.begin(1);
    executor.send(Link.STARTED, 1, new byte[0]);
    executor.send(99, 0, new byte[0]);
    assertEquals("lost 1", next());
    assertEquals(List.of(), executors.all());
  }

  @Test
  void anExecutorThatConnectsAgainReplacesItself() throws Exception {
    executor("1");
    executors.begin(1);
    FrameChannel again = dial(COOKIE, "1@elsewhere", 1);
    assertEquals("lost 1", next());
    expectSession(again, 1);
    assertEquals(1, executors.all().size());
    assertEquals("elsewhere", executors.all().get(0).host);
    assertNull(events.poll(100, TimeUnit.MILLISECONDS));
  }

  @Test
  void anExecutorThatSparkGaveUpIsClosed() throws Exception {
    FrameChannel executor = executor("1");
    executors.removed("2");
    executors.removed("1");
    assertEquals("lost 1", next());
    assertThrows(IOException.class, executor::receive);
  }

  @Test
  void whoCantBeWrittenToIsLost() throws Exception {
    executor("1");
    Executors.Executor known = executors.all().get(0);
    executors.removed("1");
    known.send(FrameKind.DROP_VALUE, 0, new byte[0]); // no exception
    assertEquals("lost 1", next());
  }
}
