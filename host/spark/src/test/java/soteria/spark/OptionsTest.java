package soteria.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OptionsTest {
  private static String refusal(String... args) {
    return assertThrows(IllegalArgumentException.class, () -> Options.parse(args)).getMessage();
  }

  private static String with(String option, String value) {
    return refusal("--master", "m", "--worker", "w", option, value);
  }

  @Test
  void whatIsNotGiven() {
    Options options = Options.parse(new String[] {"--master", "m", "--worker", "w"});
    assertEquals(new Options("", "m", "w", "", "", "", "", "127.0.0.1", 0, 0, 0, 0), options);
  }

  @Test
  void everyOption() {
    String line =
        "--dir d --master m --worker w --stats s --simulated-key k --log-dir l --record r --address a"
            + " --port 65535 --executor-port 1 --workers 10000 --memory 9223372036854775807";
    assertEquals(
        new Options("d", "m", "w", "s", "k", "l", "r", "a", 65_535, 1, 10_000, Long.MAX_VALUE),
        Options.parse(line.split(" ")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"--help", "-h"})
  void help(String asked) {
    assertNull(Options.parse(new String[] {"--master", "m", asked}));
  }

  @Test
  void theHelpNamesEveryOption() {
    for (String name : Options.KNOWN) {
      assertTrue(Options.USAGE.contains("--" + name + " "), name);
    }
  }

  @Test
  void refusals() {
    assertEquals("there is no option --nothing", with("--nothing", "1"));
    assertEquals("there is no option master", refusal("master", "m"));
    assertEquals("there is no option -m", refusal("-m", "m"));
    assertEquals("--worker needs a value", refusal("--master", "m", "--worker"));
    assertEquals("--worker is missing", refusal("--master", "m"));
    assertEquals("--master is missing", refusal("--worker", "w"));
    assertEquals("--master is missing", refusal());
  }

  @ParameterizedTest
  @CsvSource({
    "--port, 65536", "--port, -1", "--port, x", "--port, ''", "--executor-port, 65536",
    "--workers, 10001", "--workers, -1", "--memory, 9223372036854775808", "--memory, 1g"
  })
  void numbers(String option, String value) {
    assertTrue(with(option, value).startsWith(option + ": " + value + " is no number up to "));
  }

  @Test
  void sparkHidesTheCookie() {
    SparkConf conf = new SparkConf(false);
    new Settings("host", 7, "c00c1e", "w", "s", "k", 5, "l", "r").into(conf);
    assertEquals(new Settings("host", 7, "c00c1e", "w", "s", "k", 5, "l", "r"), Settings.from(conf));
    scala.collection.Seq<scala.Tuple2<String, String>> shown =
        org.apache.spark.util.Utils.redact(
            conf, scala.jdk.javaapi.CollectionConverters.asScala(
                java.util.List.of(conf.getAll())).toSeq());
    assertFalse(shown.toString().contains("c00c1e"), "in Spark's UI and event logs");
    assertTrue(shown.toString().contains("host"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "local|local[1, 4]", "local[3]|local[3, 4]", "local[*]|local[*, 4]",
        "local[3, 9]|local[3, 9]", "local-cluster[2,1,1024]|local-cluster[2,1,1024]",
        "spark://a:1|spark://a:1", "yarn|yarn"
      })
  void localModeTriesMoreThanOnce(String given, String used) {
    assertEquals(used, Main.withAttempts(given));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "local-cluster[2,3,1024]|0|1|3", "local-cluster[2,3,1024]|8|1|8", "yarn|0|1|1",
        "k8s://x|0|1|1", "yarn|8|2|4", "yarn|1|2|1"
      })
  void slotsOfAnExecutor(String master, int cores, int cpus, int slots) {
    SparkConf conf = new SparkConf(false).set("spark.master", master);
    conf.set("spark.task.cpus", Integer.toString(cpus));
    if (cores > 0) {
      conf.set("spark.executor.cores", Integer.toString(cores));
    }
    assertEquals(slots, SoteriaPlugin.slots(conf));
  }
}
