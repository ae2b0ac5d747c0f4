package soteria.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import soteria.host.Place;
import soteria.host.RunStage;
import soteria.host.Terminal;

class SealedTaskTest {
  private static SealedTask task(Terminal terminal, int partitions, int fanIn) {
    RunStage run =
        RunStage.newBuilder()
            .setStage(12)
            .setTerminal(terminal)
            .setPartitions(partitions)
            .setFanIn(fanIn)
            .setSealedTask(ByteString.copyFromUtf8("sealed"))
            .build();
    return SealedTask.plain(3, run);
  }

  private static int root(int partitions) {
    int fanIn = 1;
    while ((long) fanIn * fanIn < partitions) {
      fanIn++;
    }
    return Math.max(8, fanIn);
  }

  /** Node (l, i) covers [i*F^l, min(P, (i+1)*F^l)); its children are those of level l-1 within. */
  private static void check(int partitions, int fanIn) {
    SealedTask task = task(Terminal.REDUCE, partitions, fanIn);
    int[] levels = task.levels();
    assertEquals(partitions, levels[0]);
    assertEquals(1, levels[levels.length - 1]);
    long below = 1;
    for (int level = 1; level < levels.length; level++) {
      long width = below * fanIn;
      assertTrue(levels[level - 1] > 1, "no level above the root");
      assertEquals((partitions + width - 1) / width, levels[level]);
      long children = 0;
      for (int i = 0; i < levels[level]; i++) {
        long covered = Math.min(partitions, (i + 1) * width) - i * width;
        assertEquals((covered + below - 1) / below, task.children(level, i));
        children += task.children(level, i);
      }
      assertEquals(levels[level - 1], children);
      below = width;
    }
  }

  @Test
  void theTreeIsThatOfTheDesign() {
    for (int partitions = 1; partitions <= 300; partitions++) {
      check(partitions, root(partitions));
      assertTrue(task(Terminal.REDUCE, partitions, root(partitions)).levels().length <= 3);
    }
    for (int partitions : new int[] {9_999, 10_000, 10_001, 100_000}) {
      check(partitions, root(partitions));
    }
  }

  @Test
  void anyFanInMakesATree() {
    for (int fanIn : new int[] {2, 3, 7, 100_000}) {
      for (int partitions : new int[] {1, 2, 3, 8, 9, 27, 28, 1_000}) {
        check(partitions, fanIn);
      }
    }
    assertArrayEquals(new int[] {9, 5, 3, 2, 1}, task(Terminal.REDUCE, 9, 2).levels());
  }

  @Test
  void onlyReducesHaveATree() {
    assertArrayEquals(new int[] {9}, task(Terminal.COLLECT, 9, 2).levels());
  }

  @Test
  void places() {
    Place node = task(Terminal.REDUCE, 9, 8).place(1, 1);
    assertEquals(Place.newBuilder().setA(1).setB(1).setC(9).setD(8).build(), node);
    Place leaf = task(Terminal.REDUCE, 9, 8).place(0, 5);
    assertEquals(Place.newBuilder().setA(0).setB(5).setC(9).setD(8).build(), leaf);
    for (Terminal terminal :
        new Terminal[] {Terminal.KEEP, Terminal.COLLECT, Terminal.WRITE, Terminal.SHUFFLE}) {
      assertEquals(Place.newBuilder().setA(5).build(), task(terminal, 9, 8).place(0, 5));
    }
  }

  @Test
  void theNameIsAKindAndANumberInAnyLanguage() {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.forLanguageTag("tr")); // WRITE would have an i without a dot
      assertEquals("write 12", task(Terminal.WRITE, 1, 8).name());
    } finally {
      Locale.setDefault(before);
    }
    assertEquals(3, task(Terminal.WRITE, 1, 8).session());
    assertEquals("sealed", new String(task(Terminal.KEEP, 1, 8).task().bytes()));
  }
}
