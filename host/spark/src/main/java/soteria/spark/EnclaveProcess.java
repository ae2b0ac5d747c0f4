package soteria.spark;

import java.io.File;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** An enclave program that was started here. It ends by itself when its connection to us does. */
final class EnclaveProcess {
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Process process;

  /** {@code log} may be empty: then it writes where we write. */
  EnclaveProcess(String program, List<String> arguments, String cookie, String log)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(program);
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("SOTERIA_COOKIE", cookie);
    builder.redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
    builder.redirectErrorStream(true);
    if (log.isEmpty()) {
      builder.redirectOutput(ProcessBuilder.Redirect.INHERIT);
    } else {
      File file = new File(log);
      file.getParentFile().mkdirs();
      builder.redirectOutput(ProcessBuilder.Redirect.appendTo(file));
    }
    process = builder.start();
  }

  /** A fresh, unguessable name of 32 hexadecimal digits. */
  static String newCookie() {
    byte[] bytes = new byte[16];
    RANDOM.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  CompletableFuture<Process> onExit() {
    return process.onExit();
  }

  /** kill -9. */
  void kill() {
    process.destroyForcibly();
  }
}
