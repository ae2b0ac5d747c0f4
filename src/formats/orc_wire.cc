#include "src/formats/orc_wire.h"

namespace soteria::formats {
namespace {

enum Wire : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

bool TakeVarint(std::string_view* rest, uint64_t* out) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (rest->empty()) return false;
    const auto byte = static_cast<uint8_t>(rest->front());
    rest->remove_prefix(1);
    value |= uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80) != 0) continue;
    *out = value;
    return true;
  }
  return false;
}

}  // namespace

bool WireReader::Fail() {
  failed_ = true;
  return false;
}

bool WireReader::Next() {
  if (failed_ || rest_.empty()) return false;
  uint64_t key = 0;
  if (!TakeVarint(&rest_, &key) || key >> 3 == 0 || key >> 3 > UINT32_MAX) return Fail();
  field_ = static_cast<uint32_t>(key >> 3);
  number_ = 0;
  bytes_ = {};
  const auto wire = static_cast<uint32_t>(key & 7);
  packed_ = wire == kBytes;
  if (wire == kVarint) return TakeVarint(&rest_, &number_) || Fail();
  uint64_t size = 0;
  if (wire == kFixed64) {
    size = 8;
  } else if (wire == kFixed32) {
    size = 4;
  } else if (wire != kBytes || !TakeVarint(&rest_, &size)) {
    return Fail();
  }
  if (size > rest_.size()) return Fail();
  bytes_ = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

bool WireReader::Numbers(std::vector<uint64_t>* out) const {
  if (!packed_) {
    out->push_back(number_);
    return true;
  }
  std::string_view rest = bytes_;
  while (!rest.empty()) {
    uint64_t value = 0;
    if (!TakeVarint(&rest, &value)) return false;
    out->push_back(value);
  }
  return true;
}

void AppendVarint(unsigned __int128 value, std::string* out) {
  for (; value >= 0x80; value >>= 7) {
    out->push_back(static_cast<char>(static_cast<uint8_t>(value) | 0x80));
  }
  out->push_back(static_cast<char>(static_cast<uint8_t>(value)));
}

WireWriter& WireWriter::Number(uint32_t field, uint64_t value) {
  AppendVarint(uint64_t{field} << 3 | kVarint, &bytes_);
  AppendVarint(value, &bytes_);
  return *this;
}

WireWriter& WireWriter::Bytes(uint32_t field, std::string_view bytes) {
  AppendVarint(uint64_t{field} << 3 | kBytes, &bytes_);
  AppendVarint(bytes.size(), &bytes_);
  bytes_ += bytes;
  return *this;
}

}  // namespace soteria::formats
