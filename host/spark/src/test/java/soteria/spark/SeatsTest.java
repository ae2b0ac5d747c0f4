package soteria.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SeatsTest {
  private final Seats seats = new Seats();

  private static List<Executors.Executor> executors(String... ids) {
    return Stream.of(ids).map(id -> new Executors.Executor(id, "h" + id, 1, null)).toList();
  }

  private static String[] places(String... ids) {
    return Stream.of(ids).map(id -> "executor_h" + id + "_" + id).toArray(String[]::new);
  }

  private static Map<String, Long> loads(String[] where) {
    return Arrays.stream(where).collect(Collectors.groupingBy(w -> w, Collectors.counting()));
  }

  @Test
  void nobodyIsThere() {
    assertEquals(0, seats.of(4, List.of()).length);
  }

  @Test
  void runsAreContiguousAndEven() {
    assertArrayEquals(places("1", "1", "1", "2", "2"), seats.of(5, executors("1", "2")));
    assertArrayEquals(
        places("a", "a", "b", "b", "c", "c"), seats.of(6, executors("a", "b", "c")));
  }

  @Test
  void moreExecutorsThanPartitions() {
    String[] where = seats.of(2, executors("1", "2", "3", "4", "5"));
    assertNotEquals(where[0], where[1]);
  }

  @Test
  void theyStay() {
    String[] before = seats.of(6, executors("1", "2"));
    assertArrayEquals(before, seats.of(6, executors("1", "2")));
    assertArrayEquals(before, seats.of(6, executors("2", "1")));
  }

  @Test
  void aLostOnesPartitionsGoToTheOthersEvenly() {
    seats.of(6, executors("1", "2", "3"));
    String[] after = seats.of(6, executors("1", "3"));
    assertEquals(places("1")[0], after[0]);
    assertEquals(places("1")[0], after[1]);
    assertEquals(places("3")[0], after[4]);
    assertEquals(places("3")[0], after[5]);
    assertEquals(Map.of(places("1")[0], 3L, places("3")[0], 3L), loads(after));
  }

  @Test
  void aNewcomerGetsItsShareAndNoMoreIsMoved() {
    String[] before = seats.of(6, executors("1", "2"));
    String[] after = seats.of(6, executors("1", "2", "3"));
    assertEquals(
        Map.of(places("1")[0], 2L, places("2")[0], 2L, places("3")[0], 2L), loads(after));
    long moved = 0;
    for (int p = 0; p < 6; p++) {
      moved += before[p].equals(after[p]) ? 0 : 1;
    }
    assertEquals(2, moved);
  }

  @Test
  void allAreNew() {
    seats.of(4, executors("1", "2"));
    assertArrayEquals(places("3", "3", "4", "4"), seats.of(4, executors("3", "4")));
  }

  @Test
  void aPartitionThatRanElsewhereStaysThere() {
    seats.of(4, executors("1", "2"));
    seats.ran(4, 0, "2");
    seats.ran(4, 3, "1");
    assertArrayEquals(places("2", "1", "2", "1"), seats.of(4, executors("1", "2")));
  }

  @Test
  void whatRanUnknownChangesNothing() {
    seats.ran(4, 0, "2");
    seats.of(4, executors("1", "2"));
    seats.ran(4, 4, "2");
    seats.ran(4, 0, "gone");
    String[] where = seats.of(4, executors("1", "2"));
    assertEquals(0, Collections.frequency(Arrays.asList(where), null));
    assertEquals(Map.of(places("1")[0], 2L, places("2")[0], 2L), loads(where));
  }
}
