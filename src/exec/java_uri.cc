#include "src/exec/java_uri.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

#include "src/base/ascii.h"
#include "src/exec/byte_text.h"

namespace soteria::exec {
namespace {

// What the parts of RFC 2396 are made of, besides letters and digits.
constexpr std::string_view kOfUri = "-_.!~*'();/?:@&=+$,[]";
constexpr std::string_view kOfPath = "-_.!~*'():@&=+$,;/";
constexpr std::string_view kOfRegistry = "-_.!~*'()$,;:@&=+";
constexpr std::string_view kOfUser = "-_.!~*'();:&=+$,";
constexpr std::string_view kOfServer = "-_.!~*'();:&=+$,@[]";

bool Has(std::string_view characters, char c) {
  return base::IsAlphanumeric(c) || characters.find(c) != std::string_view::npos;
}

/// Java's isSpaceChar and isISOControl beyond ASCII.
bool IsSpaceOrControl(uint32_t code) {
  return code <= 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
         code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), n_(text.size()) {}

  std::optional<JavaUri> Parse() {
    size_t p = text_.find_first_of("/?#:");
    if (p != npos && text_[p] == ':') {
      if (p == 0 || !base::IsLetter(text_[0])) return std::nullopt;
      for (size_t i = 1; i < p; ++i) {
        if (!Has("+-.", text_[i])) return std::nullopt;
      }
      uri_.scheme = text_.substr(0, p);
      ++p;
      if (At(p, '/')) {
        if (!Hierarchical(&p)) return std::nullopt;
      } else {
        const size_t end = Until(p, "#");
        if (end == p || !Check(p, end, kOfUri)) return std::nullopt;
        p = end;
      }
    } else {
      p = 0;
      if (!Hierarchical(&p)) return std::nullopt;
    }
    if (At(p, '#')) {
      if (!Check(p + 1, n_, kOfUri)) return std::nullopt;
      uri_.fragment = text_.substr(p + 1);
      p = n_;
    }
    if (p < n_) return std::nullopt;
    return uri_;
  }

 private:
  static constexpr size_t npos = std::string_view::npos;

  bool At(size_t p, char c) const { return p < n_ && text_[p] == c; }
  size_t Until(size_t p, std::string_view stops) const {
    return std::min(text_.find_first_of(stops, p), n_);
  }

  /// The end of the run of such characters from p; `bad` is set for a % that escapes nothing.
  size_t Scan(size_t p, size_t end, std::string_view characters, bool* bad) const {
    while (p < end) {
      if (Has(characters, text_[p])) {
        ++p;
      } else if (text_[p] == '%') {
        if (p + 2 >= end || HexDigit(text_[p + 1]) < 0 || HexDigit(text_[p + 2]) < 0) {
          *bad = true;
          return p;
        }
        p += 3;
      } else if (const size_t length = Other(p, end); length > 0) {
        p += length;
      } else {
        break;
      }
    }
    return p;
  }

  /// Bytes of a visible character beyond ASCII; 0: it is none.
  size_t Other(size_t p, size_t end) const {
    const auto first = static_cast<unsigned char>(text_[p]);
    if (first < 0xC0) return 0;
    const size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (p + length > end) return 0;
    uint32_t code = first & (0xFFU >> (length + 1));
    for (size_t k = 1; k < length; ++k) {
      code = code << 6 | (static_cast<unsigned char>(text_[p + k]) & 0x3FU);
    }
    return IsSpaceOrControl(code) ? 0 : length;
  }

  bool Check(size_t p, size_t end, std::string_view characters) const {
    bool bad = false;
    return Scan(p, end, characters, &bad) == end && !bad;
  }

  bool Hierarchical(size_t* p) {
    if (At(*p, '/') && At(*p + 1, '/')) {
      *p += 2;
      const size_t end = Until(*p, "/?#");
      if (end > *p) {
        if (!Authority(*p, end)) return false;
        *p = end;
      } else if (end == n_) {
        return false;
      }
    }
    size_t end = Until(*p, "?#");
    if (!Check(*p, end, kOfPath)) return false;
    uri_.path = text_.substr(*p, end - *p);
    *p = end;
    if (!At(*p, '?')) return true;
    ++*p;
    end = Until(*p, "#");
    if (!Check(*p, end, kOfUri)) return false;
    uri_.query = text_.substr(*p, end - *p);
    *p = end;
    return true;
  }

  bool Authority(size_t p, size_t end) {
    const std::string_view all = text_.substr(p, end - p);
    bool bad = false;
    // Within brackets a % begins a scope.
    const bool brackets = all.find(']') != npos && all.find(']') > 0;
    bool server = false;
    if (brackets) {
      server =
          std::all_of(all.begin(), all.end(), [](char c) { return Has(kOfServer, c) || c == '%'; });
    } else {
      server = Scan(p, end, kOfServer, &bad) == end;
    }
    const bool registry = Scan(p, end, kOfRegistry, &bad) == end;
    if (bad && !brackets) return false;
    if (server && Server(p, end)) {
      uri_.authority = all;
      return true;
    }
    uri_.user_info.reset();
    uri_.host.reset();
    if (!registry) return false;
    uri_.authority = all;
    return true;
  }

  bool Server(size_t p, size_t end) {
    const std::string_view all = text_.substr(0, end);
    if (const size_t at = all.find('@', p); at != npos) {
      if (!Check(p, at, kOfUser)) return false;
      uri_.user_info = text_.substr(p, at - p);
      p = at + 1;
    }
    if (p < end && text_[p] == '[') {
      const size_t close = all.find(']', p);
      if (close == npos || close == p + 1 || !Literal(all.substr(p + 1, close - p - 1))) {
        return false;
      }
      uri_.host = text_.substr(p, close + 1 - p);
      p = close + 1;
    } else {
      size_t after = Ipv4(p, end);
      if (after <= p) after = HostName(p, end);
      if (after <= p) return false;
      uri_.host = text_.substr(p, after - p);
      p = after;
    }
    if (p < end && text_[p] == ':') {
      ++p;
      int32_t port = 0;
      const auto read = std::from_chars(text_.data() + p, text_.data() + end, port);
      if (p < end && (text_[p] == '-' || read.ec != std::errc())) return false;
      if (p < end) p = static_cast<size_t>(read.ptr - text_.data());
    }
    return p == end;
  }

  /// The end of four numbers of a byte each; 0: it is none.
  size_t Ipv4(size_t p, size_t end) const {
    for (int part = 0; part < 4; ++part) {
      if (part > 0) {
        if (p >= end || text_[p] != '.') return 0;
        ++p;
      }
      size_t digits = 0;
      int value = 0;
      while (p + digits < end && base::IsDigit(text_[p + digits])) {
        value = std::min(value * 10 + (text_[p + digits] - '0'), 1000);
        ++digits;
      }
      if (digits == 0 || value > 255) return 0;
      p += digits;
    }
    return p == end || text_[p] == ':' ? p : 0;
  }

  /// The end of labels between dots, the last of which begins with a letter unless it is the only
  /// one; 0: it is none.
  size_t HostName(size_t start, size_t end) const {
    size_t p = start;
    size_t label = npos;
    while (p < end && base::IsAlphanumeric(text_[p])) {
      label = p;
      while (p < end && (base::IsAlphanumeric(text_[p]) || text_[p] == '-')) ++p;
      if (text_[p - 1] == '-') return 0;
      if (p >= end || text_[p] != '.') break;
      ++p;
    }
    if (label == npos || (p < end && text_[p] != ':')) return 0;
    return label > start && !base::IsLetter(text_[label]) ? 0 : p;
  }

  /// Groups of hexadecimal digits, one run of which may be left out, a scope behind them.
  static bool Literal(std::string_view text) {
    if (const size_t percent = text.find('%'); percent != npos) {
      const std::string_view scope = text.substr(percent + 1);
      if (scope.empty()) return false;
      for (const char c : scope) {
        if (!Has("_.", c)) return false;
      }
      text = text.substr(0, percent);
    }
    const size_t gap = text.find("::");
    if (gap != npos && text.find("::", gap + 1) != npos) return false;
    int bytes = 0;
    const auto groups = [&bytes](std::string_view run, bool last) {
      while (!run.empty()) {
        const size_t colon = run.find(':');
        const std::string_view group = run.substr(0, colon);
        if (last && colon == npos && group.find('.') != npos) {
          Parser ipv4(group);
          if (ipv4.Ipv4(0, group.size()) != group.size()) return false;
          bytes += 4;
          return true;
        }
        const bool hex =
            std::all_of(group.begin(), group.end(), [](char c) { return HexDigit(c) >= 0; });
        if (group.empty() || group.size() > 4 || !hex) return false;
        bytes += 2;
        if (colon == npos) return true;
        run = run.substr(colon + 1);
        if (run.empty()) return false;
      }
      return true;
    };
    if (gap == npos) return groups(text, true) && bytes == 16;
    return groups(text.substr(0, gap), false) && groups(text.substr(gap + 2), true) && bytes < 16;
  }

  const std::string_view text_;
  const size_t n_;
  JavaUri uri_;
};

}  // namespace

std::optional<JavaUri> ParseJavaUri(std::string_view text) { return Parser(text).Parse(); }

}  // namespace soteria::exec
