// HTML in two sorts of pieces that never mix: markup, which is a literal of this program, and text
// from anywhere, which is escaped. So no text of a script or a Manifest becomes markup.
//
//   Html page; page.Tag("<td>").Text(path).Tag("</td>");
//
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace soteria::client {

class Html {
 public:
  /// Takes literals only.
  template <size_t N>
  Html& Tag(const char (&markup)[N]) {
    bytes_.append(markup, N - 1);
    return *this;
  }
  /// Valid UTF-8 as it reads: markup characters are escaped; control characters, and those that
  /// change the direction of what follows, become U+FFFD.
  Html& Text(std::string_view text);
  /// With thin spaces between groups of three digits.
  Html& Number(uint64_t number);
  Html& Append(const Html& other);
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace soteria::client
