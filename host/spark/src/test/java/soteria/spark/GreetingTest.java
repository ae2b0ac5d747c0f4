package soteria.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import soteria.host.Hello;

@Timeout(60)
class GreetingTest {
  private static final String COOKIE = "00112233445566778899aabbccddeeff";
  private Loopback connection;
  private FrameChannel guest;

  @BeforeEach
  void connect() throws IOException {
    connection = Loopback.connect();
    guest = new FrameChannel(connection.there());
  }

  @AfterEach
  void close() throws IOException {
    connection.close();
  }

  private void refused() {
    assertThrows(IOException.class, () -> Greeting.receive(connection.here(), Link.HELLO, COOKIE));
    assertEquals(true, connection.here().isClosed());
  }

  @Test
  void aGuestIsKnownByTheCookie() throws IOException {
    Hello hello = Hello.newBuilder().setCookie(COOKIE).setName("3@host").build();
    guest.send(Link.HELLO, 0, hello.toByteArray());
    Greeting.Guest known = Greeting.receive(connection.here(), Link.HELLO, COOKIE);
    assertEquals("3@host", known.hello().getName());
    assertEquals(0, connection.here().getSoTimeout());
  }

  @Test
  void aWrongCookieIsRefused() throws IOException {
    Hello hello = Hello.newBuilder().setCookie(COOKIE.replace('f', 'e')).build();
    guest.send(Link.HELLO, 0, hello.toByteArray());
    refused();
  }

  @Test
  void anEmptyCookieIsRefused() throws IOException {
    guest.send(Link.HELLO, 0, new byte[0]);
    refused();
  }

  @Test
  void anotherFirstFrameIsRefused() throws IOException {
    Hello hello = Hello.newBuilder().setCookie(COOKIE).build();
    guest.send(Link.STARTED, 0, hello.toByteArray());
    refused();
  }

  @Test
  void whatIsNoHelloIsRefused() throws IOException {
    guest.send(Link.HELLO, 0, new byte[] {-1, -1, -1});
    refused();
  }

  @Test
  void aLargeHelloIsRefused() throws IOException {
    Hello hello = Hello.newBuilder().setCookie(COOKIE).setName("x".repeat(5_000)).build();
    guest.send(Link.HELLO, 0, hello.toByteArray());
    refused();
  }
}
