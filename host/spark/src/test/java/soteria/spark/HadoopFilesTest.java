package soteria.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import soteria.host.FileOutcome;
import soteria.host.FileReply;
import soteria.host.FileRequest;
import soteria.host.FileVerb;

/** Every verb on HDFS, on a file system that knows FileSystem only, and on local files. */
class HadoopFilesTest {
  /** Somebody else's connector: no AbstractFileSystem behind it, so no rename that replaces. */
  public static final class Foreign extends RawLocalFileSystem {
    @Override
    public java.net.URI getUri() {
      return java.net.URI.create("foreign:///");
    }

    @Override
    public String getScheme() {
      return "foreign";
    }

    @Override
    public boolean rename(org.apache.hadoop.fs.Path from, org.apache.hadoop.fs.Path to)
        throws IOException {
      return !exists(to) && super.rename(from, to);
    }
  }

  @TempDir static Path folder;
  private static MiniDfs dfs;

  private final HadoopFiles files = new HadoopFiles(conf());
  private long asked;

  @BeforeAll
  static void start() throws IOException {
    dfs = new MiniDfs(folder.resolve("dfs").toString());
  }

  @AfterAll
  static void stop() {
    dfs.close();
  }

  @AfterEach
  void close() {
    files.close();
  }

  private static Configuration conf() {
    Configuration conf = new Configuration();
    conf.set("fs.foreign.impl", Foreign.class.getName());
    conf.setInt("ipc.client.connect.max.retries", 0);
    return conf;
  }

  private static String root(String scheme) {
    String name = "/" + Long.toHexString(new Random().nextLong()) + "/data set";
    return scheme.equals("hdfs") ? dfs.uri() + name : scheme + "://" + folder + name;
  }

  private FileReply ask(FileRequest.Builder request) {
    FileReply reply = files.serve(request.setRequest(++asked).build());
    assertEquals(asked, reply.getRequest());
    return reply;
  }

  private static FileRequest.Builder about(FileVerb verb, String path) {
    return FileRequest.newBuilder().setVerb(verb).setPath(path);
  }

  private FileReply ask(FileVerb verb, String path) {
    return ask(about(verb, path));
  }

  private FileOutcome outcome(FileVerb verb, String path) {
    return ask(verb, path).getOutcome();
  }

  private FileReply read(String path, long offset, long length) {
    FileRequest.Builder request = about(FileVerb.FILE_READ, path);
    return ask(request.setOffset(offset).setLength(length));
  }

  private FileOutcome append(String path, byte[] bytes) {
    FileRequest.Builder request = about(FileVerb.FILE_APPEND, path);
    return ask(request.setBytes(ByteString.copyFrom(bytes))).getOutcome();
  }

  private FileOutcome rename(String from, String to) {
    return ask(about(FileVerb.FILE_RENAME, from).setTo(to)).getOutcome();
  }

  private void write(String path, byte[] bytes) {
    assertEquals(FileOutcome.FILE_OK, outcome(FileVerb.FILE_CREATE, path));
    assertEquals(FileOutcome.FILE_OK, append(path, bytes));
    assertEquals(FileOutcome.FILE_OK, outcome(FileVerb.FILE_CLOSE, path));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] noise(int size) {
    byte[] noise = new byte[size];
    new Random(7).nextBytes(noise);
    return noise;
  }

  @ParameterizedTest
  @ValueSource(strings = {"hdfs", "foreign", "file"})
  void writesAndReadsRanges(String scheme) {
    String path = root(scheme) + "/a";
    assertEquals(FileOutcome.FILE_NOT_FOUND, outcome(FileVerb.FILE_SIZE, path));
    assertEquals(FileOutcome.FILE_NOT_FOUND, read(path, 0, 10).getOutcome());
    assertEquals(FileOutcome.FILE_OK, outcome(FileVerb.FILE_CREATE, path));
    assertEquals(FileOutcome.FILE_OK, append(path, bytes("one")));
    assertEquals(FileOutcome.FILE_OK, append(path, bytes("two")));
    assertEquals(FileOutcome.FILE_OK, outcome(FileVerb.FILE_CLOSE, path));
    assertEquals(FileOutcome.FILE_EXISTS, outcome(FileVerb.FILE_CREATE, path));
    assertEquals(6, ask(FileVerb.FILE_SIZE, path).getSize());
    assertEquals("onetwo", read(path, 0, 100).getBytes().toStringUtf8());
    assertEquals("net", read(path, 1, 3).getBytes().toStringUtf8());
    assertEquals("two", read(path, 3, 100).getBytes().toStringUtf8());
    assertEquals(0, read(path, 6, 10).getBytes().size());
    assertEquals(FileOutcome.FILE_OK, read(path, 1L << 40, 10).getOutcome());
    assertEquals(FileOutcome.FILE_FAILED, read(path, -1, 10).getOutcome());
    assertEquals(FileOutcome.FILE_FAILED, read(path, 0, -1).getOutcome());
    assertEquals(FileOutcome.FILE_OK, outcome(FileVerb.FILE_REMOVE, path));
    assertEquals(FileOutcome.FILE_NOT_FOUND, outcome(FileVerb.FILE_REMOVE, path));
    assertEquals(FileOutcome.FILE_NOT_FOUND, read(path, 0, 10).getOutcome());
  }

  @ParameterizedTest
  @ValueSource(strings = {"hdfs", "foreign", "file"})
  void renameReplacesAndReadersSeeIt(String scheme) {
    String root = root(scheme);
    write(root + "/index", bytes("old"));
    assertEquals("old", read(root + "/index", 0, 10).getBytes().toStringUtf8());
    write(root + "/.index.tmp", bytes("newer"));
    assertEquals(FileOutcome.FILE_OK, rename(root + "/.index.tmp", root + "/index"));
    assertEquals("newer", read(root + "/index", 0, 10).getBytes().toStringUtf8());
    assertEquals(FileOutcome.FILE_NOT_FOUND, outcome(FileVerb.FILE_SIZE, root + "/.index.tmp"));
    assertEquals(FileOutcome.FILE_NOT_FOUND, rename(root + "/.index.tmp", root + "/index"));
    assertEquals("newer", read(root + "/index", 0, 10).getBytes().toStringUtf8());
  }

  @ParameterizedTest
  @ValueSource(strings = {"hdfs", "foreign"})
  void anIndexThatAnotherProcessReplacedIsReadAnew(String scheme) {
    String root = root(scheme);
    write(root + "/index", bytes("old"));
    assertEquals("old", read(root + "/index", 0, 10).getBytes().toStringUtf8());
    try (HadoopFiles other = new HadoopFiles(conf())) {
      ByteString newer = ByteString.copyFrom(bytes("newer"));
      for (FileRequest.Builder request :
          List.of(
              about(FileVerb.FILE_REMOVE, root + "/index"),
              about(FileVerb.FILE_CREATE, root + "/index"),
              about(FileVerb.FILE_APPEND, root + "/index").setBytes(newer),
              about(FileVerb.FILE_CLOSE, root + "/index"))) {
        assertEquals(FileOutcome.FILE_OK, other.serve(request.build()).getOutcome());
      }
    }
    assertEquals("newer", read(root + "/index", 0, 10).getBytes().toStringUtf8());
    assertEquals(5, ask(FileVerb.FILE_SIZE, root + "/index").getSize());
    assertEquals("er", read(root + "/index", 3, 10).getBytes().toStringUtf8());
  }

  @Test
  void nothingIsLongerThanTheLimit() {
    String path = root("hdfs") + "/large";
    byte[] large = noise((8 << 20) + 5);
    write(path, large);
    ByteString first = read(path, 0, 1L << 40).getBytes();
    assertEquals(8 << 20, first.size());
    assertArrayEquals(large, first.concat(read(path, 8 << 20, 8 << 20).getBytes()).toByteArray());
  }

  @Test
  void manyThreadsReadManyFiles() throws InterruptedException, ExecutionException {
    byte[] noise = noise(100_000);
    List<String> paths = new ArrayList<>();
    for (int i = 0; i < 70; i++) { // more than are kept open
      paths.add(root(i % 35 == 0 ? "hdfs" : "foreign"));
      write(paths.get(i), noise);
    }
    ExecutorService threads = Executors.newFixedThreadPool(8);
    List<Future<Boolean>> results = new ArrayList<>();
    for (int i = 0; i < 8 * paths.size(); i++) {
      int number = i;
      results.add(
          threads.submit(
              () -> {
                FileRequest.Builder request = FileRequest.newBuilder().setVerb(FileVerb.FILE_READ);
                request.setPath(paths.get(number % paths.size())).setOffset(number).setLength(1000);
                ByteString expected = ByteString.copyFrom(noise, number, 1000);
                return files.serve(request.build()).getBytes().equals(expected);
              }));
    }
    for (Future<Boolean> result : results) {
      assertTrue(result.get());
    }
    threads.shutdown();
  }

  @Test
  void whatThereIsNoFileSystemForIsUnsupported() {
    for (String path : List.of("nosuch://box/a", "/etc/hostname", "relative")) {
      for (FileVerb verb :
          List.of(FileVerb.FILE_SIZE, FileVerb.FILE_CREATE, FileVerb.FILE_REMOVE)) {
        assertEquals(FileOutcome.FILE_UNSUPPORTED, outcome(verb, path), path);
      }
      assertEquals(FileOutcome.FILE_UNSUPPORTED, rename(path, path));
      assertEquals(FileOutcome.FILE_UNSUPPORTED, read(path, 0, 1).getOutcome());
    }
  }

  @Test
  void whatIsWrongFails() {
    String root = root("hdfs");
    write(root + "/a", bytes("x"));
    assertEquals(FileOutcome.FILE_FAILED, outcome(FileVerb.FILE_SIZE, root)); // a folder
    assertEquals(FileOutcome.FILE_FAILED, outcome(FileVerb.FILE_REMOVE, root));
    assertEquals(FileOutcome.FILE_FAILED, outcome(FileVerb.FILE_NONE, root + "/a"));
    assertEquals(FileOutcome.FILE_FAILED, outcome(FileVerb.FILE_SIZE, ""));
    assertEquals(FileOutcome.FILE_FAILED, outcome(FileVerb.FILE_SIZE, "hdfs://127.0.0.1:1/a"));
    assertEquals(FileOutcome.FILE_NOT_FOUND, append(root + "/a", bytes("y"))); // not created by us
    assertEquals(FileOutcome.FILE_NOT_FOUND, outcome(FileVerb.FILE_CLOSE, root + "/a"));
  }
}
