package soteria.spark;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which executor a partition should run on: contiguous runs, kept from stage to stage so that a block is found in the enclave that
 * made it; evened out when executors come and go. Hints only. Thread-safe.
 */
final class Seats {
  private final Map<Integer, String[]> executorOf = new HashMap<>(); // by number of partitions

  /** Preferred locations by partition, in Spark's form; empty when nobody is there. */
  synchronized String[] of(int partitions, List<Executors.Executor> there) {
    if (there.isEmpty()) {
      return new String[0];
    }
    Map<String, String> location = new HashMap<>();
    Map<String, Integer> load = new HashMap<>();
    for (Executors.Executor executor : there) {
      location.put(executor.id, executor.location());
      load.put(executor.id, 0);
    }
    String[] seats = executorOf.computeIfAbsent(partitions, n -> new String[n]);
    if (Arrays.stream(seats).noneMatch(location::containsKey)) {
      for (int p = 0; p < partitions; p++) {
        seats[p] = there.get((int) ((long) p * there.size() / partitions)).id;
      }
    }
    for (String seat : seats) {
      load.computeIfPresent(seat == null ? "" : seat, (id, n) -> n + 1);
    }
    int most = (partitions + there.size() - 1) / there.size();
    for (int p = partitions - 1; p >= 0; p--) {
      boolean homeless = !location.containsKey(seats[p] == null ? "" : seats[p]);
      if (homeless || load.get(seats[p]) > most) {
        String lightest =
            load.entrySet().stream().min(Map.Entry.comparingByValue()).orElseThrow().getKey();
        if (!homeless) {
          load.merge(seats[p], -1, Integer::sum);
        }
        load.merge(lightest, 1, Integer::sum);
        seats[p] = lightest;
      }
    }
    return Arrays.stream(seats).map(location::get).toArray(String[]::new);
  }

  /** Where a partition ran: its block is there now. */
  synchronized void ran(int partitions, int partition, String executor) {
    String[] seats = executorOf.get(partitions);
    if (seats != null && partition < seats.length) {
      seats[partition] = executor;
    }
  }
}
