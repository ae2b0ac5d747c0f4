// Prints docs/functions.md.
#include <cstdio>

#include "src/connect/unsupported.h"

int main() {
  const std::string page = soteria::connect::FunctionsPage();
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
