package soteria.spark;

import java.io.IOException;

/** The enclave has an error for the owner, which went up sealed: the stage is over, whatever Spark tries. */
final class StageFailed extends IOException {
  private static final long serialVersionUID = 1;

  StageFailed(String stage) {
    super(stage + " has failed; the owner is told why");
  }
}
