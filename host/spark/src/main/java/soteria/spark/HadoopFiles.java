package soteria.spark;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import soteria.host.FileOutcome;
import soteria.host.FileReply;
import soteria.host.FileRequest;

/**
 * Answers the file requests of one enclave with Hadoop's connectors: whatever file system Spark
 * reads, an enclave reads too. Enclaves check what they get; here only bytes move.
 *
 * <p>Thread-safe, and meant for several threads: a request blocks as long as the file system does,
 * so it is not for the thread that reads the enclave's frames. Requests about one created file come
 * one after another, as enclaves send them.
 */
final class HadoopFiles implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HadoopFiles.class);
  private static final int RANGE_BYTES_MAX = 8 << 20;
  private static final int STREAMS_MAX = 64;
  private static final int CREATED_MAX = 1024;

  private final Configuration conf;
  // The least recently used first.
  private final Map<String, Reading> readings = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<String, FSDataOutputStream> created = new LinkedHashMap<>();
  private boolean closed;

  HadoopFiles(Configuration conf) {
    this.conf = conf;
  }

  /** An open file. It is closed once it was put aside and nobody reads from it. */
  private static final class Reading {
    final FSDataInputStream in;
    final long size;
    int readers;
    boolean putAside;

    Reading(FSDataInputStream in, long size) {
      this.in = in;
      this.size = size;
    }
  }

  /** Never throws: what goes wrong is an outcome, and its cause is in the log. */
  FileReply serve(FileRequest request) {
    FileReply.Builder reply = FileReply.newBuilder().setRequest(request.getRequest());
    try {
      answer(request, reply);
      reply.setOutcome(FileOutcome.FILE_OK);
    } catch (UnsupportedFileSystemException e) {
      reply.clear().setRequest(request.getRequest()).setOutcome(FileOutcome.FILE_UNSUPPORTED);
    } catch (FileNotFoundException e) {
      reply.clear().setRequest(request.getRequest()).setOutcome(FileOutcome.FILE_NOT_FOUND);
    } catch (FileAlreadyExistsException | java.nio.file.FileAlreadyExistsException e) {
      reply.clear().setRequest(request.getRequest()).setOutcome(FileOutcome.FILE_EXISTS);
    } catch (IOException | RuntimeException | LinkageError e) {
      LOG.warn("{} of {} failed", request.getVerb(), request.getPath(), e);
      reply.clear().setRequest(request.getRequest()).setOutcome(FileOutcome.FILE_FAILED);
    }
    return reply.build();
  }

  private void answer(FileRequest request, FileReply.Builder reply) throws IOException {
    String path = request.getPath();
    switch (request.getVerb()) {
      case FILE_READ -> reply.setBytes(read(path, request.getOffset(), request.getLength()));
      case FILE_SIZE -> reply.setSize(size(path));
      case FILE_CREATE -> create(path);
      case FILE_APPEND -> append(path, request.getBytes());
      case FILE_CLOSE -> finish(path);
      case FILE_RENAME -> rename(path, request.getTo());
      case FILE_REMOVE -> remove(path);
      default -> throw new IOException("no such verb");
    }
  }

  /** A path without a scheme would be one of the default file system; enclaves send none. */
  private static Path at(String path) throws IOException {
    Path parsed = new Path(path);
    if (parsed.toUri().getScheme() == null) {
      throw new UnsupportedFileSystemException("no scheme");
    }
    return parsed;
  }

  private FileSystem systemOf(Path path) throws IOException {
    return FileSystem.get(path.toUri(), conf);
  }

  private FileStatus statusOf(Path path) throws IOException {
    FileStatus status = systemOf(path).getFileStatus(path);
    if (status.isDirectory()) {
      throw new IOException("a folder");
    }
    return status;
  }

  // ---- reading ----

  /**
   * A file may be replaced under its name, also by another process. A reader begins with its size
   * or with its first byte, and then the file is looked up anew; further ranges come from the file
   * that was found.
   */
  private long size(String path) throws IOException {
    forget(path);
    return statusOf(at(path)).getLen();
  }

  private ByteString read(String path, long offset, long length) throws IOException {
    if (offset < 0 || length < 0) {
      throw new IOException("a range out of bounds");
    }
    if (offset == 0) {
      forget(path);
    }
    Reading reading = borrow(path);
    try {
      long left = Math.max(0, reading.size - offset);
      int bytes = (int) Math.min(Math.min(length, RANGE_BYTES_MAX), left);
      byte[] range = new byte[bytes];
      reading.in.readFully(offset, range, 0, bytes);
      return UnsafeByteOperations.unsafeWrap(range);
    } catch (IOException e) {
      forget(path); // the next attempt opens it again
      throw e;
    } finally {
      giveBack(reading);
    }
  }

  private Reading borrow(String path) throws IOException {
    synchronized (readings) {
      Reading known = readings.get(path);
      if (known != null) {
        known.readers++;
        return known;
      }
    }
    Path file = at(path);
    FileStatus status = statusOf(file);
    Reading opened = new Reading(systemOf(file).open(file), status.getLen());
    opened.readers = 1;
    List<Reading> over = new ArrayList<>();
    synchronized (readings) {
      if (closed) {
        opened.putAside = true; // giveBack closes it
        return opened;
      }
      Reading other = readings.put(path, opened); // two threads may have opened it
      if (other != null) {
        over.add(other);
      }
      while (readings.size() > STREAMS_MAX) {
        String eldest = readings.keySet().iterator().next();
        over.add(readings.remove(eldest));
      }
    }
    over.forEach(this::putAside);
    return opened;
  }

  private void giveBack(Reading reading) {
    boolean last;
    synchronized (readings) {
      last = --reading.readers == 0 && reading.putAside;
    }
    if (last) {
      closeQuietly(reading.in);
    }
  }

  private void forget(String path) {
    Reading gone;
    synchronized (readings) {
      gone = readings.remove(path);
    }
    if (gone != null) {
      putAside(gone);
    }
  }

  private void putAside(Reading reading) {
    boolean idle;
    synchronized (readings) {
      reading.putAside = true;
      idle = reading.readers == 0;
    }
    if (idle) {
      closeQuietly(reading.in);
    }
  }

  // ---- writing ----

  private void create(String path) throws IOException {
    Path file = at(path);
    forget(path);
    FSDataOutputStream out = systemOf(file).create(file, false);
    synchronized (created) {
      if (!closed && created.size() < CREATED_MAX) {
        created.put(path, out);
        return;
      }
    }
    closeQuietly(out);
    throw new IOException("too many files are being written");
  }

  private void append(String path, ByteString bytes) throws IOException {
    FSDataOutputStream out;
    synchronized (created) {
      out = created.get(path);
    }
    if (out == null) {
      throw new FileNotFoundException("not being written");
    }
    bytes.writeTo(out);
  }

  private void finish(String path) throws IOException {
    FSDataOutputStream out;
    synchronized (created) {
      out = created.remove(path);
    }
    if (out == null) {
      throw new FileNotFoundException("not being written");
    }
    try (out) {
      if (out.hasCapability(StreamCapabilities.HSYNC)) {
        out.hsync();
      }
    }
  }

  /**
   * Replaces {@code to}. On HDFS that is one step of the name node: others see the old or the new
   * file. Object stores copy and delete, and a file system that only {@link FileSystem} knows has
   * its old file removed first; there a reader may find none for a moment, and a crash may leave
   * none. Never an older one or a mixture, and what an enclave makes of a missing file is an error.
   */
  private void rename(String from, String to) throws IOException {
    Path source = at(from);
    Path target = at(to);
    forget(from);
    forget(to);
    systemOf(source); // says when the host has nothing for that scheme at all
    try {
      FileContext context = FileContext.getFileContext(source.toUri(), conf);
      context.rename(source, target, Options.Rename.OVERWRITE);
    } catch (UnsupportedFileSystemException e) {
      FileSystem system = systemOf(source);
      statusOf(source);
      system.delete(target, false);
      if (!system.rename(source, target)) {
        throw new IOException("the file system didn't rename");
      }
    }
  }

  private void remove(String path) throws IOException {
    Path file = at(path);
    forget(path);
    if (!systemOf(file).delete(file, false)) {
      throw new FileNotFoundException(path);
    }
  }

  /** The enclave is gone. What it was writing stays as it is; nothing names it. */
  @Override
  public void close() {
    List<Reading> open;
    synchronized (readings) {
      closed = true;
      open = new ArrayList<>(readings.values());
      readings.clear();
    }
    open.forEach(this::putAside);
    List<FSDataOutputStream> unfinished;
    synchronized (created) {
      unfinished = new ArrayList<>(created.values());
      created.clear();
    }
    unfinished.forEach(HadoopFiles::closeQuietly);
  }

  private static void closeQuietly(AutoCloseable stream) {
    try {
      stream.close();
    } catch (Exception e) {
      LOG.debug("closing a file", e);
    }
  }
}
