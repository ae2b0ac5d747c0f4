// Cat: joins pieces of text. Exists because absl::StrCat takes absl::string_view, which on Debian
// is another type than std::string_view. Any thread.
//
//   base::Cat("file ", index, " has ", size, " bytes")
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace soteria::base {

namespace internal {
void AppendInteger(int64_t value, std::string& out);
void AppendInteger(uint64_t value, std::string& out);
void AppendDouble(double value, std::string& out);

template <class T>
void AppendPiece(const T& piece, std::string& out) {
  if constexpr (std::is_same_v<T, bool>) {
    out += piece ? "true" : "false";
  } else if constexpr (std::is_same_v<T, char>) {
    out += piece;
  } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
    AppendInteger(static_cast<int64_t>(piece), out);
  } else if constexpr (std::is_integral_v<T>) {
    AppendInteger(static_cast<uint64_t>(piece), out);
  } else if constexpr (std::is_floating_point_v<T>) {
    AppendDouble(static_cast<double>(piece), out);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    const std::string_view view = piece;
    out.append(view);
  } else {
    out.append(piece.data(), piece.size());  // absl::string_view
  }
}
}  // namespace internal

/// Strings, string views and characters as they are; integers in decimal; doubles by "%.17g"; bool
/// as true/false.
template <class... A>
std::string Cat(const A&... pieces) {
  std::string out;
  (internal::AppendPiece(pieces, out), ...);
  return out;
}

}  // namespace soteria::base
