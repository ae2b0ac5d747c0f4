package soteria.spark;

/**
 * Frames between the driver's host and an executor's, beside those of the worker's control connection, which pass
 * through as they are: one TCP connection an executor. Their kinds are above all of soteria.host.FrameKind.
 */
final class Link {
  /** Executor to driver, first: soteria.host.Hello with the executor's name and its number of slots. */
  static final int HELLO = 200;

  /** Driver to executor: end the enclave that is there, start a fresh one; the id is the session. */
  static final int SESSION = 201;

  /** Executor to driver: what comes from here on is of the fresh enclave of session id. */
  static final int STARTED = 202;

  /** Executor to driver: soteria.host.TaskDone of a task that failed, for the owner; the id is the stage. */
  static final int FAILED = 203;

  /** Executor to driver: the resident task whose number is the id runs here and takes stages. */
  static final int SEATED = 204;

  /** Driver to executor: soteria.host.RunStage for the resident task; results come as RESULT frames. */
  static final int RUN = 205;

  /** Executor to driver: the resident task has done all it can for stage id. */
  static final int DONE = 206;

  /** Driver to executor: the resident task ends. */
  static final int LEAVE = 207;

  /** Executor to driver: the resident task whose number is the id runs here no more. */
  static final int LEFT = 208;

  private Link() {}
}
