package soteria.spark;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.function.BooleanSupplier;

/** Two ends of a TCP connection on this machine. */
record Loopback(Socket here, Socket there) implements Closeable {
  private static final int PATIENCE_MS = 30_000;

  static Loopback connect() throws IOException {
    try (ServerSocket door = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Socket here = new Socket(door.getInetAddress(), door.getLocalPort());
      Socket there = door.accept();
      here.setSoTimeout(PATIENCE_MS); // a test fails and doesn't hang
      there.setSoTimeout(PATIENCE_MS);
      return new Loopback(here, there);
    }
  }

  /** Waits for something that another thread does. */
  static void until(BooleanSupplier condition) throws InterruptedException {
    long giveUp = System.nanoTime() + PATIENCE_MS * 1_000_000L;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > giveUp) {
        throw new AssertionError("waited in vain");
      }
      Thread.sleep(5);
    }
  }

  @Override
  public void close() throws IOException {
    here.close();
    there.close();
  }
}
