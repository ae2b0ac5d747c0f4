package soteria.spark;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import soteria.host.Hello;

/** The first frame on a connection that was accepted: a Hello with the right cookie, small and soon. */
final class Greeting {
  private static final int HELLO_MS = 10_000;
  private static final int HELLO_BYTES_MAX = 4096;

  /** What a peer said of itself, and its connection, which has no time limit any more. */
  record Guest(FrameChannel channel, Hello hello) {}

  /** IOException for a stranger, whose connection is closed. */
  static Guest receive(Socket socket, int kind, String cookie) throws IOException {
    FrameChannel channel = new FrameChannel(socket);
    try {
      socket.setSoTimeout(HELLO_MS);
      FrameChannel.Frame frame = channel.receive(HELLO_BYTES_MAX);
      if (frame.kind() != kind) {
        throw new IOException("a stranger begins with frame kind " + frame.kind());
      }
      Hello hello = Hello.parseFrom(frame.payload());
      if (!MessageDigest.isEqual(
          cookie.getBytes(StandardCharsets.UTF_8),
          hello.getCookie().getBytes(StandardCharsets.UTF_8))) {
        throw new IOException("a stranger doesn't know the cookie");
      }
      socket.setSoTimeout(0);
      return new Guest(channel, hello);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private Greeting() {}
}
