package soteria.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.stream.Stream;
import soteria.host.FrameKind;
import soteria.host.Hello;
import soteria.host.Role;

/** A worker program that only says how it was started, so that a test can be the enclave. */
final class EnclaveDoor {
  private final Path program;

  EnclaveDoor(Path folder) throws IOException {
    program = folder.resolve("enclave");
    Files.writeString(
        program,
        """
        #!/bin/sh
        printf '%s %s' "$SOTERIA_COOKIE" "$2" > "$0.$$.new" && mv "$0.$$.new" "$0.$$.started"
        exec sleep 300
        """);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
  }

  String program() {
    return program.toString();
  }

  /** What a process that was started knows. */
  record Started(String cookie, int port) {
    FrameChannel dial(String with, Role role, long slot) throws IOException {
      return dial(with, role, slot, 30_000);
    }

    private FrameChannel dial(String with, Role role, long slot, int patienceMs)
        throws IOException {
      Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
      socket.setSoTimeout(patienceMs);
      FrameChannel channel = new FrameChannel(socket);
      Hello hello = Hello.newBuilder().setCookie(with).setRole(role).setSlot(slot).build();
      channel.send(FrameKind.HELLO, 0, hello.toByteArray());
      return channel;
    }

    /** A connection that was let in. */
    FrameChannel enter(Role role, long slot) throws IOException {
      return enter(role, slot, 30_000);
    }

    /** {@code patienceMs} 0: reads wait for ever. */
    FrameChannel enter(Role role, long slot, int patienceMs) throws IOException {
      FrameChannel channel = dial(cookie, role, slot, patienceMs);
      if (channel.receive().kind() != FrameKind.HELLO_OK_VALUE) {
        throw new IOException("no HELLO_OK");
      }
      return channel;
    }
  }

  private Optional<Path> file() {
    try (Stream<Path> files = Files.list(program.getParent())) {
      return files.filter(file -> file.toString().endsWith(".started")).findAny();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits for the next process. */
  Started next() throws IOException, InterruptedException {
    Loopback.until(() -> file().isPresent());
    Path file = file().orElseThrow();
    String[] words = Files.readString(file).split(" ");
    Files.delete(file);
    return new Started(words[0], Integer.parseInt(words[1]));
  }
}
