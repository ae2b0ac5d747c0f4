// Runs a fuzz target without a fuzzer: every file of the folders given, whole, cut off at every
// length and with every byte changed in four ways (the first kDamagedBytesMax bytes of it). Exit 1
// when a folder has no file.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr size_t kDamagedBytesMax = 4096;
constexpr std::array<uint8_t, 4> kDamage = {0x01, 0x20, 0x80, 0xFF};

void Run(const std::string& bytes) {
  // A copy of exactly this size, so that a sanitizer sees every read beyond it.
  const std::vector<uint8_t> input(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

size_t Replay(const std::string& bytes) {
  Run(bytes);
  const size_t places = std::min(bytes.size(), kDamagedBytesMax);
  for (size_t at = 0; at < places; ++at) {
    Run(bytes.substr(0, at));
    for (const uint8_t damage : kDamage) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(static_cast<uint8_t>(damaged[at]) ^ damage);
      Run(damaged);
    }
  }
  return 1 + places * (1 + kDamage.size());
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s CORPUS_DIR...\n", argv[0]);
    return 2;
  }
  for (int i = 1; i < argc; ++i) {
    std::vector<std::filesystem::path> files;
    if (std::filesystem::is_directory(argv[i])) {
      for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
        if (entry.is_regular_file()) files.push_back(entry.path());
      }
    }
    if (files.empty()) {
      std::fprintf(stderr, "no inputs in %s\n", argv[i]);
      return 1;
    }
    std::sort(files.begin(), files.end());
    size_t runs = 0;
    for (const auto& file : files) {
      std::printf("%s\n", file.filename().c_str());
      std::fflush(stdout);
      runs += Replay(ReadFile(file));
    }
    std::printf("%zu files, %zu inputs\n", files.size(), runs);
  }
  return 0;
}
