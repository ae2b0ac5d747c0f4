// Arrow's libparquet exports a libcrypto of its own. What we call must be the OpenSSL in our own
// program.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <string>

// Declared here, since only storage includes Parquet's headers: a use of it makes the linker keep
// the library.
namespace parquet {
struct Type {
  enum type { BOOLEAN = 0 };
};
std::string TypeToString(Type::type t);
}  // namespace parquet

namespace soteria::crypto {
namespace {

Dl_info Where(const void* address) {
  Dl_info info = {};
  EXPECT_NE(dladdr(address, &info), 0);
  return info;
}

void OwnFunction() {}

TEST(Libcrypto, IsOurOwn) {
  ASSERT_EQ(parquet::TypeToString(parquet::Type::BOOLEAN), "BOOLEAN");
  const Dl_info own = Where(reinterpret_cast<const void*>(&OwnFunction));
  for (const void* function : {reinterpret_cast<const void*>(&EVP_EncryptInit_ex),
                               reinterpret_cast<const void*>(&EVP_CipherInit_ex2),
                               reinterpret_cast<const void*>(&RAND_bytes),
                               reinterpret_cast<const void*>(&EVP_PKEY_Q_keygen),
                               reinterpret_cast<const void*>(&OPENSSL_cleanse)}) {
    const Dl_info found = Where(function);
    EXPECT_EQ(found.dli_fbase, own.dli_fbase) << found.dli_fname;
    EXPECT_EQ(std::string(found.dli_fname).find("libparquet"), std::string::npos);
  }
}

// Without this the test above would show nothing: the other one is there and would be found by
// name.
TEST(Libcrypto, TheOtherOneIsLoaded) {
  const void* const exported = dlsym(RTLD_DEFAULT, "EVP_EncryptInit_ex");
  ASSERT_NE(exported, nullptr);
  EXPECT_NE(std::string(Where(exported).dli_fname).find("libparquet"), std::string::npos);
  EXPECT_NE(exported, reinterpret_cast<const void*>(&EVP_EncryptInit_ex));
}

TEST(Libcrypto, HeadersAndLibraryAreOneVersion) {
  EXPECT_EQ(OPENSSL_version_major(), static_cast<unsigned>(OPENSSL_VERSION_MAJOR));
  EXPECT_EQ(OPENSSL_version_minor(), static_cast<unsigned>(OPENSSL_VERSION_MINOR));
}

}  // namespace
}  // namespace soteria::crypto
