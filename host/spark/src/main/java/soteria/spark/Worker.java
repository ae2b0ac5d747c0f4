package soteria.spark;

import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import soteria.host.Blob;
import soteria.host.Drop;
import soteria.host.FrameKind;
import soteria.host.Hello;
import soteria.host.Outcome;
import soteria.host.Place;
import soteria.host.Role;
import soteria.host.StageTask;
import soteria.host.TaskDone;
import soteria.host.TaskKind;

/**
 * One worker enclave from its start to its end: the process, its control connection and its slots. Task threads of Spark call
 * {@link #run}; frames of the control connection go to the driver's host and come from there.
 */
final class Worker implements Closeable {
  /** What a worker does not understand itself goes up, and how its end is told. */
  interface Owner {
    void up(Worker worker, FrameChannel.Frame frame) throws IOException;

    void ended(Worker worker);
  }

  /** Where a task's missing inputs are. */
  interface Inputs {
    List<Blob> of(List<soteria.host.Need> needs) throws IOException;
  }

  /** Tasks wait so long for an enclave that the master has not admitted yet. */
  static final long READY_SECONDS = 120;

  /** What becomes of an executor whose enclave has died shows within this time. */
  private static final long FATE_SECONDS = 10;

  /** An enclave keeps at least so many stages; an older one is sent again when it is asked for again. */
  private static final int STAGES_KEPT = 32;

  private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

  private final Owner owner;
  private final Recording recording;
  private final String name;
  private final String cookie = EnclaveProcess.newCookie();
  private final ServerSocket door;
  private final EnclaveProcess process;
  private final File spill;
  private final int slotsWanted;
  private final List<Slot> slots = new ArrayList<>(); // guarded by this
  private final Set<Long> taken = new HashSet<>(); // numbers of slots; of the door's thread
  private final BlockingQueue<Slot> idle = new LinkedBlockingQueue<>();
  private final CountDownLatch ready = new CountDownLatch(2); // all connections, READY
  private final CountDownLatch closing = new CountDownLatch(1);
  private volatile FrameChannel control;
  private volatile boolean closed;

  // What the enclave was told; guarded by `told`.
  private final Object told = new Object();
  private final Map<Long, Boolean> stages =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Boolean> eldest) {
          return size() > STAGES_KEPT;
        }
      };
  private final Set<Long> broadcasts = new HashSet<>();

  /** {@code spill}: where the enclave puts sealed blocks that its memory has no room for. It goes with the enclave. */
  Worker(
      Settings settings, String name, int slots, File spill, Recording recording, Owner owner)
      throws IOException {
    this.spill = spill;
    this.owner = owner;
    this.recording = recording;
    this.name = name;
    this.slotsWanted = slots;
    door = new ServerSocket(0, slots + 1, InetAddress.getLoopbackAddress());
    List<String> arguments = settings.arguments(door.getLocalPort(), name);
    arguments.addAll(List.of("--slots", Integer.toString(slots), "--spill-dir", spill.getPath()));
    if (settings.memoryBytes() > 0) {
      arguments.addAll(List.of("--memory", Long.toString(settings.memoryBytes())));
    }
    String log =
        settings.logDirectory().isEmpty() ? "" : settings.logDirectory() + "/" + name + ".log";
    process = new EnclaveProcess(settings.worker(), arguments, cookie, log);
    thread("door", this::admit);
    process.onExit().thenRun(this::end);
  }

  private void thread(String what, Runnable run) {
    Threads.start(name + "-" + what, run);
  }

  /** Takes the connections of this one process: control and all slots. */
  private void admit() {
    try (door) {
      for (int missing = slotsWanted + 1; missing > 0 && !closed; ) {
        if (greet(door.accept())) {
          --missing;
        }
      }
      ready.countDown();
    } catch (IOException e) {
      if (!closed) {
        LOG.error("no connection of the worker enclave", e);
        process.kill();
      }
    }
  }

  private boolean greet(Socket socket) {
    FrameChannel channel = null;
    try {
      Greeting.Guest guest = Greeting.receive(socket, FrameKind.HELLO_VALUE, cookie);
      channel = guest.channel();
      Hello hello = guest.hello();
      boolean slot = hello.getRole() == Role.SLOT && taken.add(hello.getSlot());
      if (!(slot && hello.getSlot() >= 0 && hello.getSlot() < slotsWanted)
          && !(hello.getRole() == Role.WORKER && control == null)) {
        throw new IOException("a connection that the enclave has already");
      }
      channel.record(recording.of(name + (slot ? "-slot-" + hello.getSlot() : "-control")));
      if (slot) {
        Slot connection = new Slot(channel);
        synchronized (this) {
          slots.add(connection);
        }
        channel.send(FrameKind.HELLO_OK, 0);
        thread("slot-" + hello.getSlot(), () -> serveSlot(connection));
        idle.add(connection);
      } else {
        control = channel;
        channel.send(FrameKind.HELLO_OK, 0);
        thread("control", this::serveControl);
      }
      return true;
    } catch (IOException e) {
      LOG.warn("a connection was refused: {}", e.getMessage());
      if (channel != null) {
        channel.close();
      }
      return false;
    }
  }

  private void serveSlot(Slot slot) {
    slot.serve();
    breakOff();
  }

  private void end() {
    breakOff();
    remove(spill); // an enclave that was killed has left it behind
    owner.ended(this);
  }

  /** A folder with all that is in it, if it is there. */
  static void remove(File folder) {
    if (!folder.exists()) {
      return;
    }
    try (Stream<Path> paths = Files.walk(folder.toPath())) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException | UncheckedIOException e) {
      LOG.warn("{} can't be removed: {}", folder, e.getMessage());
    }
  }

  /** All of it ends when a part does. */
  private void breakOff() {
    process.kill();
    FrameChannel to = control;
    if (to != null) {
      to.close();
    }
    synchronized (this) {
      slots.forEach(Slot::close);
    }
  }

  private void serveControl() {
    try {
      while (true) {
        FrameChannel.Frame frame = control.receive();
        owner.up(this, frame);
        if (frame.kind() == FrameKind.READY_VALUE) {
          ready.countDown();
        }
      }
    } catch (IOException | RuntimeException e) {
      if (!closed) {
        LOG.warn("the worker enclave's control connection has ended: {}", e.getMessage());
      }
    }
    breakOff();
  }

  /** A frame from the driver's host, for the control connection. */
  void down(FrameChannel.Frame frame) throws IOException {
    boolean drops = frame.kind() == FrameKind.DROP_VALUE;
    if (!drops && frame.kind() != FrameKind.BROADCAST_VALUE) {
      send(frame.kind(), frame.id(), frame.payload());
      return;
    }
    synchronized (told) { // what we remember is what was sent last
      if (drops) {
        broadcasts.removeAll(Drop.parseFrom(frame.payload()).getBroadcastsList());
      } else {
        broadcasts.add(frame.id());
      }
      send(frame.kind(), frame.id(), frame.payload());
    }
  }

  private void send(int kind, long id, byte[] payload) throws IOException {
    FrameChannel to = control;
    if (to != null) {
      try {
        to.send(kind, id, payload);
      } catch (IOException e) {
        throw new EnclaveEnded(e);
      }
    }
  }

  /** Waits until the enclave takes tasks. */
  void awaitReady() throws IOException, InterruptedException {
    boolean admitted = ready.await(READY_SECONDS, TimeUnit.SECONDS);
    if (closed) {
      throw new IOException("the worker enclave was ended");
    }
    if (!admitted) {
      throw new IOException("the worker enclave was not admitted by the master");
    }
  }

  /**
   * Runs one task in the enclave and gives its sealed outputs. StageFailed when the enclave has an error for the owner,
   * IOException when Spark should try again.
   */
  List<Blob> run(SealedTask task, TaskKind kind, Place place, List<Blob> given, Inputs missing)
      throws IOException, InterruptedException {
    try {
      return attempt(task, kind, place, given, missing);
    } catch (EnclaveEnded e) {
      // Its executor ends too, or has another enclave soon. Until then Spark's next attempt would come here, and fail.
      closing.await(FATE_SECONDS, TimeUnit.SECONDS);
      throw e;
    }
  }

  private List<Blob> attempt(
      SealedTask task, TaskKind kind, Place place, List<Blob> given, Inputs missing)
      throws IOException, InterruptedException {
    awaitReady();
    prepare(task);
    Slot slot = idle.take();
    CompletableFuture<TaskDone> running = null;
    try {
      running = slot.start(task.stage(), kind, place, given);
      TaskDone done = Slot.await(running);
      if (done.getOutcome() == Outcome.MISS) {
        running = slot.start(task.stage(), kind, place, missing.of(done.getNeedsList()));
        done = Slot.await(running);
      }
      switch (done.getOutcome()) {
        case OK:
          return done.getOutputsList();
        case FAILED:
          owner.up(this, new FrameChannel.Frame(Link.FAILED, task.stage(), done.toByteArray()));
          throw new StageFailed(task.name());
        default:
          forget(task.stage());
          throw new IOException(task.name() + ": the worker enclave asks to try again");
      }
    } finally {
      // A task that Spark gave up goes on in the enclave; the slot is free when it ends.
      if (running == null) {
        idle.add(slot);
      } else {
        running.whenComplete((done, why) -> idle.add(slot));
      }
    }
  }

  /** Sends the stage and what it needs, once. */
  void prepare(SealedTask task) throws IOException {
    synchronized (told) {
      if (stages.get(task.stage()) != null) {
        return;
      }
      for (int i = 0; i < task.broadcasts().size(); i++) {
        long id = task.broadcastIds().get(i);
        if (!broadcasts.contains(id)) {
          send(FrameKind.BROADCAST_VALUE, id, task.broadcasts().get(i).bytes());
          broadcasts.add(id);
        }
      }
      StageTask stage =
          StageTask.newBuilder()
              .setStage(task.stage())
              .setSealedTask(com.google.protobuf.UnsafeByteOperations.unsafeWrap(task.task().bytes()))
              .addAllBroadcasts(task.broadcastIds())
              .build();
      send(FrameKind.STAGE_TASK_VALUE, task.stage(), stage.toByteArray());
      stages.put(task.stage(), true);
    }
  }

  private void forget(long stage) {
    synchronized (told) {
      stages.remove(stage);
      broadcasts.clear();
    }
  }

  /** Ends the enclave. */
  @Override
  public void close() {
    closed = true;
    closing.countDown();
    while (ready.getCount() > 0) {
      ready.countDown(); // who waits is told
    }
    try {
      door.close();
    } catch (IOException e) {
      LOG.warn("the worker's door can't be closed", e);
    }
    breakOff();
  }
}
