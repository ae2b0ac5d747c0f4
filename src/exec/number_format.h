// Number formats of to_char and to_number: 'S$99G999D00', 'MI0,000', '999PR'. Internal to exec. A
// format is immutable once it is read; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/table/decimal.h"

namespace soteria::exec {

class NumberFormat {
 public:
  /// `text` in capitals. Errors: INVALID_FORMAT and its kinds, without what was called.
  static base::StatusOr<NumberFormat> Read(std::string_view text);

  /// Digits and digits behind the point.
  int precision() const { return precision_; }
  int scale() const { return scale_; }

  /// The number that the text is, of scale(); nullopt where it doesn't match. It may have more
  /// digits than precision(): those of a text without a point stand before it.
  std::optional<table::Unscaled> Parse(std::string_view text) const;
  /// Digits that have no room in the format are all #.
  std::string Print(table::Unscaled value, int scale) const;

 private:
  enum class Kind : uint8_t { kDigits, kPoint, kDollar, kSign, kMinus, kOpening, kClosing, kOther };
  /// Digits between separators; none: a separator with nothing before it.
  struct Part {
    bool separator = false;
    bool exact = false;
    int count = 0;
    bool operator==(const Part&) const = default;
  };
  struct Token {
    Kind kind = Kind::kOther;
    std::vector<Part> parts;  // of kDigits
    char other = '\0';
    int digits() const;
    bool operator==(const Token&) const = default;
  };
  struct Input;

  explicit NumberFormat(std::string_view text) : text_(text) {}
  void Tokenize();
  void Add(Part part);
  base::Status Check() const;
  base::Status CheckSeparators(size_t point) const;
  base::Status CheckOrder() const;
  base::Status Wrong(const char* kind, std::string_view why) const;
  static std::string Shown(const Token& token);
  size_t Find(Kind kind) const;

  static bool TakeDigits(const Token& token, Input* in);
  static bool TakeToken(const Token& token, Input* in);
  static void PrintDigits(const Token& token, std::string_view whole, size_t* at, std::string* out);

  std::string text_;
  std::vector<Token> tokens_;
  int precision_ = 0;
  int scale_ = 0;
};

}  // namespace soteria::exec
