package soteria.spark;

import java.io.Closeable;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Keeps a copy of all traffic, one file a connection and direction, for who wants to see what a host can see. Without a
 * folder it keeps nothing.
 */
final class Recording {
  static final Pair NONE = new Pair(null, null);

  private final Path folder;

  /** {@code folder} may be empty. */
  Recording(String folder) {
    this.folder = folder.isEmpty() ? null : Path.of(folder);
  }

  /** The two files of a connection. */
  Pair of(String connection) throws IOException {
    if (folder == null) {
      return NONE;
    }
    Files.createDirectories(folder);
    return new Pair(
        new FileOutputStream(folder.resolve(connection + ".in").toFile(), true),
        new FileOutputStream(folder.resolve(connection + ".out").toFile(), true));
  }

  /** What came in and what went out on one connection. What passes after {@link #close} is not kept. */
  static final class Pair implements Closeable {
    private final OutputStream in;
    private final OutputStream out;
    private volatile boolean closed;

    private Pair(OutputStream in, OutputStream out) {
      this.in = in;
      this.out = out;
    }

    void in(byte[] first, byte[] second) {
      write(in, first, second);
    }

    void out(byte[] first, byte[] second) {
      write(out, first, second);
    }

    private void write(OutputStream to, byte[] first, byte[] second) {
      if (to == null) {
        return;
      }
      try {
        synchronized (to) {
          if (!closed) {
            to.write(first);
            to.write(second);
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException("the record can't be written", e);
      }
    }

    @Override
    public void close() {
      if (in == null) {
        return;
      }
      closed = true;
      for (OutputStream file : new OutputStream[] {in, out}) {
        try {
          synchronized (file) {
            file.close();
          }
        } catch (IOException e) {
          throw new UncheckedIOException("the record can't be closed", e);
        }
      }
    }
  }
}
