#include "src/client/html.h"

#include "src/base/text.h"

namespace soteria::client {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";
constexpr std::string_view kThinSpace = "\xe2\x80\xaf";
constexpr size_t kDigitsInGroup = 3;

// How many bytes at the front are a character that must not reach a reader's eye: control
// characters of one or two bytes; U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069.
size_t Unprintable(std::string_view text) {
  const auto byte = [text](size_t i) {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0};
  };
  if ((byte(0) < 0x20 && byte(0) != '\n') || byte(0) == 0x7f) return 1;
  if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) < 0xa0) return 2;
  if (byte(0) != 0xe2) return 0;
  const bool marks = byte(1) == 0x80 && (byte(2) == 0x8e || byte(2) == 0x8f);
  const bool embeddings = byte(1) == 0x80 && byte(2) >= 0xaa && byte(2) <= 0xae;
  const bool isolates = byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9;
  return marks || embeddings || isolates ? 3 : 0;
}

}  // namespace

Html& Html::Text(std::string_view text) {
  while (!text.empty()) {
    if (const size_t bytes = Unprintable(text); bytes > 0) {
      bytes_ += kReplacement;
      text.remove_prefix(bytes);
      continue;
    }
    switch (text[0]) {
      case '&':
        bytes_ += "&amp;";
        break;
      case '<':
        bytes_ += "&lt;";
        break;
      case '>':
        bytes_ += "&gt;";
        break;
      case '"':
        bytes_ += "&quot;";
        break;
      case '\'':
        bytes_ += "&#39;";
        break;
      default:
        bytes_ += text[0];
    }
    text.remove_prefix(1);
  }
  return *this;
}

Html& Html::Number(uint64_t number) {
  const std::string digits = base::Cat(number);
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % kDigitsInGroup == 0) bytes_ += kThinSpace;
    bytes_ += digits[i];
  }
  return *this;
}

Html& Html::Append(const Html& other) {
  bytes_ += other.bytes_;
  return *this;
}

}  // namespace soteria::client
