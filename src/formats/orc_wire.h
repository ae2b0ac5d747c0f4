// Protocol Buffers' wire format, as far as ORC's footers need it: numbers, and bytes of a known
// length. Internal to formats. A reader never looks past its input, which must outlive it, and its
// views.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace soteria::formats {

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  /// The next field; false at the end, and where there is none that can be (failed() then).
  bool Next();
  bool failed() const { return failed_; }

  /// Of the field that Next found.
  uint32_t field() const { return field_; }
  /// A field that isn't a number has 0, one that isn't bytes has none.
  uint64_t number() const { return number_; }
  std::string_view bytes() const { return bytes_; }
  /// Numbers, be they packed or one a field; false where they end amid one.
  bool Numbers(std::vector<uint64_t>* out) const;

 private:
  bool Fail();

  std::string_view rest_;
  bool failed_ = false;
  bool packed_ = false;
  uint32_t field_ = 0;
  uint64_t number_ = 0;
  std::string_view bytes_;
};

class WireWriter {
 public:
  WireWriter& Number(uint32_t field, uint64_t value);
  WireWriter& Bytes(uint32_t field, std::string_view bytes);
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// A number in groups of seven bits, the lowest first.
void AppendVarint(unsigned __int128 value, std::string* out);

}  // namespace soteria::formats
