#include "src/exec/json_path.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

#include "src/base/ascii.h"
#include "src/formats/json_copy.h"

namespace soteria::exec {
namespace {

using formats::JsonNode;
using Kind = JsonStep::Kind;
using Path = std::span<const JsonStep>;

/// Scala's RegexParsers: texts and patterns skip white space, single characters don't.
class PathParser {
 public:
  explicit PathParser(std::string_view text) : text_(text) {}

  std::optional<std::vector<JsonStep>> Parse() {
    if (!Char('$')) return std::nullopt;
    while (Wildcard() || Named() || Subscript()) {
    }
    SkipSpace();
    if (at_ < text_.size()) return std::nullopt;
    return std::move(steps_);
  }

 private:
  void SkipSpace() {
    while (at_ < text_.size() && base::IsSpace(text_[at_])) ++at_;
  }
  bool Char(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool Text(std::string_view text) {
    const size_t from = at_;
    SkipSpace();
    if (text_.substr(at_).starts_with(text)) {
      at_ += text.size();
      return true;
    }
    at_ = from;
    return false;
  }
  bool Back(size_t to) {
    at_ = to;
    return false;
  }

  bool Wildcard() {
    if (!Text(".*") && !Text("['*']")) return false;
    steps_.push_back({Kind::kWildcard, {}, 0});
    return true;
  }
  bool Named() {
    const size_t from = at_;
    std::string name;
    if (Char('.') && Name(".[", &name)) return Push(std::move(name));
    at_ = from;
    if (!Text("['") || !Name("'", &name) || !Text("']")) return Back(from);
    return Push(std::move(name));
  }
  bool Name(std::string_view ends, std::string* name) {
    SkipSpace();
    const size_t end = std::min(text_.find_first_of(ends, at_), text_.size());
    if (end == at_) return false;
    *name = text_.substr(at_, end - at_);
    at_ = end;
    return true;
  }
  bool Push(std::string name) {
    steps_.push_back({Kind::kKey, {}, 0});
    steps_.push_back({Kind::kNamed, std::move(name), 0});
    return true;
  }
  bool Subscript() {
    const size_t from = at_;
    if (!Char('[')) return false;
    JsonStep step{Kind::kWildcard, {}, 0};
    if (!Char('*')) {
      SkipSpace();
      const size_t digits = at_;
      while (at_ < text_.size() && base::IsDigit(text_[at_])) ++at_;
      const auto read = std::from_chars(text_.data() + digits, text_.data() + at_, step.index);
      step.kind = Kind::kIndex;
      if (at_ == digits || read.ec != std::errc()) return Back(from);
    }
    if (!Char(']')) return Back(from);
    steps_.push_back({Kind::kSubscript, {}, 0});
    steps_.push_back(std::move(step));
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<JsonStep> steps_;
};

/// What Jackson's generator writes: commas between the elements of an array.
struct Writer {
  std::string text;
  bool array = false;
  bool any = false;
  formats::JsonPairs pairs = formats::JsonPairs::kEscaped;

  void Begin() {
    if (any) text += array ? ',' : ' ';
    any = true;
  }
};

enum class Style : uint8_t { kRaw, kQuoted, kFlatten };

class Evaluation {
 public:
  explicit Evaluation(const std::vector<JsonNode>& nodes) : nodes_(nodes) {}

  bool Value(size_t node, Writer& out, Style style, Path path) {
    const JsonNode& value = nodes_[node];
    if (path.empty()) return Whole(node, out, style);
    const Kind kind = path[0].kind;
    if (value.kind == JsonNode::Kind::kObject && kind == Kind::kKey) {
      for (size_t child = node + 1; child < value.next; child = nodes_[child].next) {
        if (Member(child, out, style, path.subspan(1))) return true;
      }
      return false;
    }
    if (value.kind != JsonNode::Kind::kArray || kind != Kind::kSubscript || path.size() < 2) {
      return false;
    }
    if (path[1].kind == Kind::kIndex) return Index(node, out, style, path);
    return path[1].kind == Kind::kWildcard && All(node, out, style, path);
  }

 private:
  static bool IsWildcard(Path path, size_t at) {
    return path.size() > at + 1 && path[at].kind == Kind::kSubscript &&
           path[at + 1].kind == Kind::kWildcard;
  }

  bool Whole(size_t node, Writer& out, Style style) {
    const JsonNode& value = nodes_[node];
    if (value.kind == JsonNode::Kind::kString && style == Style::kRaw) {
      out.text += value.text;
      return true;
    }
    if (value.kind == JsonNode::Kind::kArray && style == Style::kFlatten) {
      bool any = false;
      for (size_t child = node + 1; child < value.next; child = nodes_[child].next) {
        any = Value(child, out, style, {}) || any;
      }
      return any;
    }
    out.Begin();
    formats::AppendJsonCopy(nodes_, node, &out.text, out.pairs);
    return true;
  }

  bool Member(size_t child, Writer& out, Style style, Path path) {
    if (path.empty()) return false;
    if (path[0].kind == Kind::kWildcard) return Value(child, out, style, path.subspan(1));
    return path[0].kind == Kind::kNamed && path[0].name == nodes_[child].name &&
           nodes_[child].kind != JsonNode::Kind::kNull && Value(child, out, style, path.subspan(1));
  }

  bool Index(size_t node, Writer& out, Style style, Path path) {
    const Path rest = path.subspan(2);
    int64_t left = path[1].index;
    for (size_t child = node + 1; child < nodes_[node].next; child = nodes_[child].next) {
      if (left-- > 0) continue;
      return Value(child, out, IsWildcard(rest, 0) ? Style::kQuoted : style, rest);
    }
    return false;
  }

  /// The elements that match, and how many there are.
  size_t Elements(size_t node, Writer& out, Style style, Path path) {
    size_t matches = 0;
    for (size_t child = node + 1; child < nodes_[node].next; child = nodes_[child].next) {
      if (Value(child, out, style, path)) ++matches;
    }
    return matches;
  }

  bool All(size_t node, Writer& out, Style style, Path path) {
    Writer inner;
    inner.array = true;
    inner.pairs = out.pairs;
    const bool twice = IsWildcard(path, 2);
    if (twice || style == Style::kQuoted) {
      const size_t matches = twice ? Elements(node, inner, Style::kFlatten, path.subspan(4))
                                   : Elements(node, inner, Style::kQuoted, path.subspan(2));
      out.Begin();
      out.text += '[' + inner.text + ']';
      return matches > 0;
    }
    inner.pairs = formats::JsonPairs::kPlain;
    const Style next = style == Style::kRaw ? Style::kQuoted : Style::kFlatten;
    const size_t matches = Elements(node, inner, next, path.subspan(2));
    if (matches == 0) return false;
    out.Begin();
    // One match stands for itself.
    out.text += matches > 1 ? '[' + inner.text + ']' : inner.text;
    return true;
  }

  const std::vector<JsonNode>& nodes_;
};

}  // namespace

std::optional<std::vector<JsonStep>> ParseJsonPath(std::string_view text) {
  return PathParser(text).Parse();
}

std::optional<std::string> JsonAt(const std::vector<JsonNode>& nodes,
                                  const std::vector<JsonStep>& path) {
  Writer out;
  if (!Evaluation(nodes).Value(0, out, Style::kRaw, path)) return std::nullopt;
  return std::move(out.text);
}

}  // namespace soteria::exec
