// Logging without data: a line is a literal, filled with integers, enums and literals only, checked
// by the compiler, so that nothing a user or a peer sent can appear in a log (I1).
//
//   Log(Level::kInfo, "stage {}: {} partitions", stage, partitions);
//
// Lines go to standard error. Any thread.
#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace soteria::base {

enum class Level { kDebug, kInfo, kWarning, kError };

/// A string literal as an argument of Log: `Literal("keep")`.
class Literal {
 public:
  template <size_t N>
  consteval Literal(const char (&text)[N]) : text_(text, N - 1) {}  // NOLINT: implicit
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

namespace internal {
template <class T, bool = std::is_enum_v<T>>
struct Logged {
  using type = T;
};
template <class T>
struct Logged<T, true> {
  using type = std::underlying_type_t<T>;
};
template <>
struct Logged<Literal, false> {
  using type = std::string_view;
};

template <class T>
constexpr auto ToLogged(const T& value) {
  if constexpr (std::is_same_v<T, Literal>) {
    return value.text();
  } else {
    return static_cast<typename Logged<T>::type>(value);
  }
}

void WriteLog(Level level, const std::string& line);
bool LogEnabled(Level level);
}  // namespace internal

template <class... A>
void Log(Level level, fmt::format_string<typename internal::Logged<A>::type...> literal,
         const A&... arguments) {
  static_assert(((std::is_integral_v<A> || std::is_enum_v<A> || std::is_same_v<A, Literal>)&&...),
                "a log line takes integers, enums and literals only");
  if (!internal::LogEnabled(level)) return;
  internal::WriteLog(level, fmt::format(literal, internal::ToLogged(arguments)...));
}

/// Lines below `level` are dropped. Starts as kInfo.
void SetLogLevel(Level level);
/// The program's name at the start of each line.
void SetLogName(Literal name);

}  // namespace soteria::base
