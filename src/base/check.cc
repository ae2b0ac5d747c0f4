#include "src/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace soteria::base::internal {

CheckFailure::CheckFailure(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s ", file, line, condition);
}

CheckFailure::~CheckFailure() {
  std::fputc('\n', stderr);
  std::fflush(stderr);
  std::abort();
}

void CheckFailure::Print(const char* text) { std::fputs(text, stderr); }

void CheckFailure::PrintNumber(int64_t value) {
  std::fprintf(stderr, "%lld", static_cast<long long>(value));
}

}  // namespace soteria::base::internal
