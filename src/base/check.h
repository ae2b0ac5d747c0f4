// CHECK: our own bugs end the process, in every build.
//
//   CHECK(index < files.size()) << "index " << index;
//
// Invariants: the condition must not depend on outside bytes (those get a Status) nor on secret
// values; only literals and integers can be streamed, so that no data reaches standard error (I1).
// Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace soteria::base::internal {

/// Prints "file:line: CHECK failed: condition ..." and aborts when destroyed.
class CheckFailure {
 public:
  CheckFailure(const char* file, int line, const char* condition);
  CheckFailure(const CheckFailure&) = delete;
  CheckFailure& operator=(const CheckFailure&) = delete;
  [[noreturn]] ~CheckFailure();

  template <size_t N>
  CheckFailure& operator<<(const char (&literal)[N]) {
    Print(literal);
    return *this;
  }
  template <class T>
    requires std::is_integral_v<T>
  CheckFailure& operator<<(T value) {
    PrintNumber(static_cast<int64_t>(value));
    return *this;
  }

 private:
  static void Print(const char* text);
  static void PrintNumber(int64_t value);
};

struct Voidify {
  void operator&(const CheckFailure&) const {}
};

}  // namespace soteria::base::internal

#ifdef CHECK
#undef CHECK
#endif
#define CHECK(condition)                               \
  (condition) ? static_cast<void>(0)                   \
              : ::soteria::base::internal::Voidify() & \
                    ::soteria::base::internal::CheckFailure(__FILE__, __LINE__, #condition)
