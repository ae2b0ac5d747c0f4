// CSV files of 16 MiB to columns, on one core: numbers, words, and words that are quoted.
#include <arrow/table.h>
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "src/base/errors.h"
#include "src/formats/formats.h"
#include "src/formats/text_file_for_test.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

constexpr size_t kFileBytes = size_t{16} << 20;

std::string Numbers() {
  std::string text;
  uint64_t state = 42;
  char line[160];
  while (text.size() < kFileBytes) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const auto number = static_cast<double>(state >> 11) * 0x1p-53;
    const int size = std::snprintf(
        line, sizeof line, "%.6f,%d,%.3f,%d,%.4f,%d,%.2f,%d\n", number,
        static_cast<int>(state >> 50), number * 100, static_cast<int>(state >> 40 & 1023), -number,
        static_cast<int>(state >> 60), number * 1e4, static_cast<int>(state >> 33 & 65535));
    text.append(line, static_cast<size_t>(size));
  }
  return text;
}

std::string Words(bool quoted) {
  const std::string quote = quoted ? "\"" : "";
  std::string text;
  for (int row = 0; text.size() < kFileBytes; ++row) {
    text += quote + "N" + std::to_string(row % 4000) + quote + ",";
    text += quote + "some words of a row" + quote + ",";
    text += quote + "New York" + quote + "," + quote + "x" + quote + "\n";
  }
  return text;
}

void ReadAll(benchmark::State& state, const std::string& text, const std::string& ddl) {
  const auto schema = table::SchemaFromDdl(ddl).value();
  const std::string options = EncodeReadOptions("csv", {}, {}).value();
  for (auto _ : state) {
    TextFileForTest file(text);
    auto rows = ReadFile(file, "csv", options, *schema);
    if (!rows.ok()) state.SkipWithError(base::Message(rows.status()).c_str());
    benchmark::DoNotOptimize(rows);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}

void BM_Numbers(benchmark::State& state) {
  ReadAll(state, Numbers(), "a double, b int, c double, d int, e double, f int, g double, h int");
}
void BM_Words(benchmark::State& state) {
  ReadAll(state, Words(false), "a string, b string, c string, d string");
}
void BM_QuotedWords(benchmark::State& state) {
  ReadAll(state, Words(true), "a string, b string, c string, d string");
}
BENCHMARK(BM_Numbers)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Words)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_QuotedWords)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace soteria::formats

BENCHMARK_MAIN();
