package soteria.spark;

import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import soteria.host.FileReply;
import soteria.host.FileRequest;
import soteria.host.FrameKind;

/** Answers file requests of one enclave in threads of its own: whoever reads the enclave's frames must not wait for a disk. */
final class FileService implements AutoCloseable {
  /** Where answers go. */
  interface Reply {
    void send(int kind, long id, byte[] payload) throws IOException;
  }

  private static final int THREADS = 8;
  private static final Logger LOG = LoggerFactory.getLogger(FileService.class);

  private final HadoopFiles files;
  private final ExecutorService threads;

  FileService(SparkConf conf) {
    files = new HadoopFiles(SparkHadoopUtil.get().newConfiguration(conf));
    AtomicInteger made = new AtomicInteger();
    threads =
        Executors.newFixedThreadPool(
            THREADS,
            run -> {
              Thread thread = new Thread(run, "soteria-files-" + made.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
  }

  void serve(FrameChannel.Frame frame, Reply to) throws IOException {
    FileRequest request = FileRequest.parseFrom(frame.payload());
    try {
      threads.execute(() -> answer(request, frame.id(), to));
    } catch (RejectedExecutionException e) {
      throw new IOException("no files are served any more", e);
    }
  }

  private void answer(FileRequest request, long id, Reply to) {
    FileReply reply = files.serve(request);
    try {
      to.send(FrameKind.FILE_REPLY_VALUE, id, reply.toByteArray());
    } catch (IOException e) {
      LOG.warn("an enclave went away while a file was read for it");
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
    files.close();
  }
}
