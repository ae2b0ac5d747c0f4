package soteria.spark;

import java.io.IOException;

/** A connection to the worker enclave has ended, and with it the enclave. */
final class EnclaveEnded extends IOException {
  private static final long serialVersionUID = 1;

  EnclaveEnded(Throwable why) {
    super("the worker enclave ended", why);
  }
}
