#include "src/formats/json_copy.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "src/formats/json_write.h"
#include "src/table/java_text.h"
#include "src/table/text_value.h"

namespace soteria::formats {
namespace {

using Kind = JsonNode::Kind;

void AppendUnit(uint32_t unit, std::string* out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  out->append("\\u");
  for (int shift = 12; shift >= 0; shift -= 4) out->push_back(kHex[(unit >> shift) & 15]);
}

void AppendInteger(std::string_view text, std::string* out) {
  int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc()) {
    out->append(std::to_string(value));
    return;
  }
  if (text.starts_with('-')) {
    out->push_back('-');
    text.remove_prefix(1);
  }
  out->append(text.substr(std::min(text.find_first_not_of('0'), text.size() - 1)));
}

void AppendFraction(std::string_view text, std::string* out) {
  double value = 0;
  table::ParseDouble(text, &value);
  const std::string number = table::JavaDouble(value);
  out->append(std::isfinite(value) ? number : '"' + number + '"');
}

void AppendWord(std::string_view text, std::string* out) {
  const bool minus = text.starts_with('-');
  out->append(text == "NaN" ? "\"NaN\"" : minus ? "\"-Infinity\"" : "\"Infinity\"");
}

void AppendString(std::string_view text, JsonPairs pairs, std::string* out) {
  size_t at = out->size();
  AppendJsonString(text, out);
  if (pairs == JsonPairs::kPlain) return;
  while (at < out->size() && static_cast<unsigned char>((*out)[at]) < 0xF0) ++at;
  if (at == out->size()) return;
  const std::string written = out->substr(at);
  out->resize(at);
  for (size_t i = 0; i < written.size(); ++i) {
    const auto bits = [&](size_t k) { return static_cast<unsigned char>(written[i + k]) & 0x3FU; };
    if (static_cast<unsigned char>(written[i]) < 0xF0 || i + 3 >= written.size()) {
      out->push_back(written[i]);
      continue;
    }
    const uint32_t above =
        ((bits(0) & 7U) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3)) - 0x10000U;
    AppendUnit(0xD800U + (above >> 10), out);
    AppendUnit(0xDC00U + (above & 0x3FFU), out);
    i += 3;
  }
}

}  // namespace

void AppendJsonCopy(const std::vector<JsonNode>& nodes, size_t node, std::string* out,
                    JsonPairs pairs) {
  const JsonNode& value = nodes[node];
  switch (value.kind) {
    case Kind::kObject:
    case Kind::kArray: {
      const bool object = value.kind == Kind::kObject;
      out->push_back(object ? '{' : '[');
      for (size_t child = node + 1; child < value.next; child = nodes[child].next) {
        if (child > node + 1) out->push_back(',');
        if (object) {
          AppendString(nodes[child].name, pairs, out);
          out->push_back(':');
        }
        AppendJsonCopy(nodes, child, out, pairs);
      }
      out->push_back(object ? '}' : ']');
      return;
    }
    case Kind::kString:
      return AppendString(value.text, pairs, out);
    case Kind::kInteger:
      return AppendInteger(value.text, out);
    case Kind::kFraction:
      return AppendFraction(value.text, out);
    case Kind::kWord:
      return AppendWord(value.text, out);
    case Kind::kTrue:
    case Kind::kFalse:
      out->append(value.kind == Kind::kTrue ? "true" : "false");
      return;
    case Kind::kNull:
      out->append("null");
      return;
  }
}

}  // namespace soteria::formats
