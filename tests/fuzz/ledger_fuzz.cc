// ledger::VerifyLedger on any bytes (a file that anybody may have written): never more than a
// verdict, and what it says verified, verifies alone.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "src/base/check.h"
#include "src/ledger/ledger.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace soteria::ledger;  // NOLINT: a program of its own
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const LedgerReport report = VerifyLedger(bytes, nullptr);
  CHECK(report.verified_bytes <= size);
  CHECK((report.verdict == Verdict::kBroken) || report.verified_bytes == size);
  CHECK(!RenderText(report).empty() && !RenderJson(report).empty());
  const LedgerReport again = VerifyLedger(bytes.substr(0, report.verified_bytes), nullptr);
  CHECK(again.verdict != Verdict::kBroken);
  CHECK(again.head == report.head && again.entries == report.entries);
  return 0;
}
