// JSON as Spark's parser reads it: one value of a text, what follows it left alone. The values of a
// record are nodes of one array, in the order of the text; numbers and other tokens keep their
// text. Internal to formats. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace soteria::formats {

/// Objects and arrays within each other; a number's characters (Jackson's limits).
inline constexpr int kJsonDepthMax = 1000;
inline constexpr size_t kJsonNumberBytesMax = 1000;

struct JsonSyntax {
  bool comments = false;            // allowComments
  bool bare_names = false;          // allowUnquotedFieldNames
  bool single_quotes = true;        // allowSingleQuotes
  bool leading_zeros = false;       // allowNumericLeadingZeros
  bool words = true;                // allowNonNumericNumbers
  bool any_escape = false;          // allowBackslashEscapingAnyCharacter
  bool control_characters = false;  // allowUnquotedControlChars
};

struct JsonNode {
  enum class Kind : uint8_t {
    kObject,
    kArray,
    kString,
    kInteger,
    kFraction,
    kWord,
    kTrue,
    kFalse,
    kNull
  };
  Kind kind = Kind::kNull;
  std::string_view name;  ///< of an object's member
  std::string_view text;  ///< of a string, unescaped; of a number or word as it is written
  std::string_view raw;   ///< as it is in the text
  uint32_t next = 0;      ///< the node behind this one and all within it
};

class JsonParser {
 public:
  explicit JsonParser(const JsonSyntax& syntax) : syntax_(syntax) {}

  enum class Outcome : uint8_t { kValue, kNothing, kMalformed };
  /// Reads the value that begins `text`; kNothing for white space alone. The nodes point into the
  /// text and into this object, until the next call.
  Outcome Parse(std::string_view text);
  /// nodes()[0] is the value, its children begin at 1.
  const std::vector<JsonNode>& nodes() const { return nodes_; }

  /// The same without nodes: whether a value begins the text, and where it ends.
  Outcome Check(std::string_view text, size_t* end);
  /// The elements of an array that was checked, one after another: begins at the text's [, then
  /// each call parses the next element. kNothing at its end.
  void StartArray(std::string_view text);
  Outcome NextElement();

 private:
  bool Value(int depth);
  bool Object(int depth);
  bool Array(int depth);
  bool String(std::string_view* text);
  bool Escape();
  bool Number();
  bool Word(std::string_view word, JsonNode::Kind kind);
  bool SkipSpace();
  bool BareName(std::string_view* name);
  JsonNode& Node() { return nodes_.back(); }

  const JsonSyntax syntax_;
  std::string_view text_;
  size_t at_ = 0;
  bool keep_ = true;  // nodes
  std::vector<JsonNode> nodes_;
  std::string unescaped_;  // as long as the text at most, so that it never moves
};

}  // namespace soteria::formats
