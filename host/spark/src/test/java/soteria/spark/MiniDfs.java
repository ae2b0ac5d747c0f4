package soteria.spark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.HdfsConfiguration;
import org.apache.hadoop.hdfs.MiniDFSCluster;

/**
 * An HDFS of one data node in this process, for tests. As a program:
 *
 * <pre>MiniDfs DATA-FOLDER [LOCAL-FOLDER TARGET]...</pre>
 *
 * keeps its blocks below DATA-FOLDER, copies each local folder in under its target path, prints the
 * file system's URI ({@code hdfs://localhost:PORT}) as one line, and ends when standard input does.
 * Lines that come in before are {@code put LOCAL TARGET}, {@code get TARGET LOCAL} and
 * {@code delete TARGET}; each is answered with {@code ok} or {@code failed}.
 */
final class MiniDfs implements AutoCloseable {
  private final MiniDFSCluster cluster;

  MiniDfs(String folder) throws IOException {
    Configuration conf = new HdfsConfiguration();
    conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, folder);
    conf.setBoolean("dfs.namenode.edits.noeditlogchannelflush", true); // no fsync for each new file
    cluster = new MiniDFSCluster.Builder(conf).numDataNodes(1).build();
    cluster.waitActive();
  }

  String uri() {
    return cluster.getURI().toString();
  }

  FileSystem system() throws IOException {
    return cluster.getFileSystem();
  }

  private boolean obey(String[] words) {
    try {
      switch (words[0]) {
        case "put" -> system().copyFromLocalFile(false, true, path(words[1]), path(words[2]));
        case "get" -> system().copyToLocalFile(false, path(words[1]), path(words[2]), true);
        case "delete" -> system().delete(path(words[1]), true);
        default -> throw new IOException("put, get or delete");
      }
      return true;
    } catch (IOException | RuntimeException e) {
      System.err.println("MiniDfs: " + e);
      return false;
    }
  }

  private static Path path(String text) {
    return new Path(text);
  }

  @Override
  public void close() {
    cluster.shutdown(true);
  }

  public static void main(String[] arguments) throws IOException {
    Files.createDirectories(java.nio.file.Path.of(arguments[0]));
    try (MiniDfs dfs = new MiniDfs(arguments[0])) {
      for (int i = 1; i + 1 < arguments.length; i += 2) {
        Path target = path(arguments[i + 1]);
        dfs.system().mkdirs(target.getParent());
        dfs.system().copyFromLocalFile(path(arguments[i]), target);
      }
      System.out.println(dfs.uri());
      BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
      for (String line = input.readLine(); line != null; line = input.readLine()) {
        System.out.println(dfs.obey(line.split(" ")) ? "ok" : "failed");
      }
    }
    System.exit(0); // threads of the name node may linger
  }
}
