import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.crypto.keytools.KeyToolkit;
import org.apache.parquet.crypto.keytools.KmsClient;

/**
 * The key service that stock Spark needs to read and write Parquet with modular encryption: one key,
 * known to all, since only the time that encryption takes is measured.
 */
public final class BenchKms implements KmsClient {
  private static final byte[] KEY = new byte[16];

  static {
    Arrays.fill(KEY, (byte) 7);
  }

  @Override
  public void initialize(Configuration conf, String instance, String url, String token) {}

  @Override
  public String wrapKey(byte[] key, String masterKey) {
    return KeyToolkit.encryptKeyLocally(key, KEY, masterKey.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public byte[] unwrapKey(String wrapped, String masterKey) {
    return KeyToolkit.decryptKeyLocally(wrapped, KEY, masterKey.getBytes(StandardCharsets.UTF_8));
  }
}
