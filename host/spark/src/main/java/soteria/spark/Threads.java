package soteria.spark;

/** Daemon threads with names that say whose they are. */
final class Threads {
  static Thread start(String name, Runnable run) {
    Thread thread = new Thread(run, "soteria-" + name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  /** Sleeps; an interrupt ends it early and stays. */
  static void pause(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Threads() {}
}
