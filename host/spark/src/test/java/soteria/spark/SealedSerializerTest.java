package soteria.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.serializer.SerializationStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import scala.Tuple2;
import scala.collection.Iterator;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

class SealedSerializerTest {
  private static final ClassTag<Object> ANY = ClassTag$.MODULE$.apply(Object.class);

  private static byte[] written(Object... keysAndValues) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    SerializationStream stream = new SealedSerializer().newInstance().serializeStream(out);
    for (int i = 0; i < keysAndValues.length; i += 2) {
      stream.writeKey(keysAndValues[i], ANY);
      stream.writeValue(keysAndValues[i + 1], ANY);
    }
    stream.flush();
    return out.toByteArray();
  }

  /** As Spark's shuffle readers do. */
  private static List<Tuple2<?, ?>> read(byte[] bytes) {
    Iterator<Tuple2<Object, Object>> pairs =
        new SealedSerializer()
            .newInstance()
            .deserializeStream(new ByteArrayInputStream(bytes))
            .asKeyValueIterator();
    List<Tuple2<?, ?>> all = new ArrayList<>();
    while (pairs.hasNext()) {
      all.add(pairs.next());
    }
    return all;
  }

  @Test
  void pairsComeBack() {
    byte[] large = new byte[100_000];
    Arrays.fill(large, (byte) 7);
    List<Tuple2<?, ?>> pairs =
        read(written(0, new byte[0], Integer.MAX_VALUE, large, 0x01020304, new byte[] {1}));
    assertEquals(3, pairs.size());
    assertEquals(0, pairs.get(0)._1());
    assertArrayEquals(new byte[0], (byte[]) pairs.get(0)._2());
    assertEquals(Integer.MAX_VALUE, pairs.get(1)._1());
    assertArrayEquals(large, (byte[]) pairs.get(1)._2());
    assertEquals(0x01020304, pairs.get(2)._1());
  }

  @Test
  void nothingIsAlsoAStream() {
    assertEquals(List.of(), read(new byte[0]));
  }

  @Test
  void aMessageCostsEightBytes() {
    assertEquals(8 + 1_000, written(5, new byte[1_000]).length);
    assertEquals(2 * 8, written(5, new byte[0], 6, new byte[0]).length);
  }

  @Test
  void streamsOneAfterAnotherAreOne() {
    assertTrue(new SealedSerializer().supportsRelocationOfSerializedObjects());
    byte[] first = written(1, new byte[] {1});
    byte[] second = written(2, new byte[] {2, 2});
    byte[] both = Arrays.copyOf(second, second.length + first.length); // moved
    System.arraycopy(first, 0, both, second.length, first.length);
    List<Tuple2<?, ?>> pairs = read(both);
    assertEquals(2, pairs.get(0)._1());
    assertEquals(1, pairs.get(1)._1());
    assertArrayEquals(new byte[] {1}, (byte[]) pairs.get(1)._2());
  }

  @Test
  void aStreamThatIsCutAnywhereIsNoShorterStream() {
    byte[] whole = written(1, new byte[] {1, 2, 3});
    byte[] two = Arrays.copyOf(whole, 2 * whole.length);
    System.arraycopy(whole, 0, two, whole.length, whole.length);
    for (int length = whole.length + 1; length < two.length; length++) {
      byte[] cut = Arrays.copyOf(two, length);
      assertThrows(UncheckedIOException.class, () -> read(cut), "cut at " + length);
    }
    assertEquals(1, read(Arrays.copyOf(two, whole.length)).size());
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, Integer.MIN_VALUE, (1 << 28) + 1, Integer.MAX_VALUE})
  void aLengthThatNoMessageHasIsRefused(int length) {
    byte[] bytes = ByteBuffer.allocate(64).putInt(3).putInt(length).array();
    UncheckedIOException refused = assertThrows(UncheckedIOException.class, () -> read(bytes));
    assertFalse(refused.getMessage().isEmpty());
    assertTrue(refused.getMessage().contains("a record of " + length), refused.getMessage());
  }
}
