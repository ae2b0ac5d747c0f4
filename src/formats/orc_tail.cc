#include "src/formats/orc_tail.h"

#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/formats/orc_wire.h"
#include "src/table/decimal.h"
#include "src/table/interval.h"
#include "src/table/map_type.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

constexpr std::string_view kMagic = "ORC";
constexpr uint64_t kPostscriptBytesMax = 255;
constexpr uint64_t kDefaultBlockBytes = uint64_t{256} << 10;  // where the file says nothing
constexpr std::string_view kSparkType = "spark.sql.catalyst.type";
constexpr size_t kZoneBytesMax = 64;

struct Postscript {
  uint64_t footer_bytes = 0;
  uint64_t codec = 0;
  uint64_t block_bytes = kDefaultBlockBytes;
};

/// The last bytes but one; the last one is how many they are.
base::StatusOr<std::pair<Postscript, uint64_t>> ReadPostscript(base::ReadableFile& file) {
  const uint64_t size = file.size();
  if (size <= kMagic.size()) return BadOrc("it has too few bytes");
  std::string end(std::min(size, kPostscriptBytesMax + 1), '\0');
  SOTERIA_RETURN_IF_ERROR(ReadOrcBytes(file, size - end.size(), end));
  const auto length = static_cast<uint8_t>(end.back());
  if (length == 0 || length + size_t{1} > end.size()) return BadOrc("it has no postscript");
  WireReader in(std::string_view(end).substr(end.size() - 1 - length, length));
  Postscript out;
  std::string_view magic;
  while (in.Next()) {
    if (in.field() == 1) out.footer_bytes = in.number();
    if (in.field() == 2) out.codec = in.number();
    if (in.field() == 3) out.block_bytes = in.number();
    if (in.field() == 8000) magic = in.bytes();
  }
  // Files of Hive 0.11 have it at their beginning alone.
  std::array<char, kMagic.size()> head{};
  if (!in.failed() && magic.empty()) {
    SOTERIA_RETURN_IF_ERROR(ReadOrcBytes(file, 0, head));
    magic = {head.data(), head.size()};
  }
  if (in.failed() || magic != kMagic) return BadOrc("it has no postscript");
  if (out.footer_bytes > size - 1 - length) return BadOrc("its footer is longer than the file");
  return std::pair(out, uint64_t{length} + 1);
}

base::StatusOr<std::string> Unpacked(base::ReadableFile& file, const OrcPacking& packing,
                                     uint64_t offset, uint64_t length) {
  OrcStream stream(file, packing, offset, length);
  std::string out;
  while (stream.AppendBlock(&out)) {
    if (out.size() > kOrcFooterBytesMax) {
      return base::Fail(base::kMemoryLimit, base::Cat("the footer of an ORC file has more than ",
                                                      kOrcFooterBytesMax, " bytes"));
    }
  }
  SOTERIA_RETURN_IF_ERROR(stream.failure());
  return out;
}

base::StatusOr<OrcType> ReadType(std::string_view bytes) {
  WireReader in(bytes);
  OrcType type;
  uint64_t kind = 0;
  bool whole = true;
  std::vector<uint64_t> children;
  while (whole && in.Next()) {
    switch (in.field()) {
      case 1:
        kind = in.number();
        break;
      case 2:
        whole = in.Numbers(&children);
        break;
      case 3:
        type.names.emplace_back(in.bytes());
        break;
      case 4:
        type.length = in.number();
        break;
      case 5:
        type.precision = in.number();
        break;
      case 6:
        type.scale = in.number();
        break;
      case 7: {
        WireReader pair(in.bytes());
        std::string_view key;
        std::string_view value;
        while (pair.Next()) (pair.field() == 1 ? key : value) = pair.bytes();
        whole = !pair.failed();
        if (key == kSparkType) type.spark = value;
        break;
      }
      default:
        break;
    }
  }
  if (!whole || in.failed()) return BadOrc("a type that isn't one");
  if (kind >= kOrcKinds) {
    return base::NotSupported(base::Cat("The ORC type of the number ", kind));
  }
  type.kind = static_cast<OrcKind>(kind);
  for (const uint64_t child : children) {
    type.children.push_back(static_cast<uint32_t>(std::min<uint64_t>(child, UINT32_MAX)));
  }
  return type;
}

bool HasItsChildren(const OrcType& type) {
  switch (type.kind) {
    case OrcKind::kStruct:
      return type.children.size() == type.names.size();
    case OrcKind::kUnion:
      return true;
    case OrcKind::kList:
      return type.children.size() == 1;
    case OrcKind::kMap:
      return type.children.size() == 2;
    default:
      return type.children.empty();
  }
}

/// Types are the nodes of a tree, each before its children.
base::Status CheckTypes(const std::vector<OrcType>& types) {
  if (types.empty() || types.front().kind != OrcKind::kStruct) {
    return BadOrc("its rows have no columns");
  }
  std::vector<int> depths(types.size(), 0);
  depths[0] = 1;
  for (size_t i = 0; i < types.size(); ++i) {
    if (!HasItsChildren(types[i])) return BadOrc("a type has children that it can't have");
    for (const uint32_t child : types[i].children) {
      if (child <= i || child >= types.size() || depths[child] != 0) {
        return BadOrc("its types are no tree");
      }
      depths[child] = depths[i] + 1;
      if (depths[child] > table::kTypeDepthMax) return BadOrc("its types are nested too deeply");
    }
  }
  return base::OkStatus();
}

base::StatusOr<OrcStripe> ReadStripe(std::string_view bytes) {
  WireReader in(bytes);
  OrcStripe stripe;
  while (in.Next()) {
    if (in.field() == 1) stripe.offset = in.number();
    if (in.field() == 2) stripe.index_bytes = in.number();
    if (in.field() == 3) stripe.data_bytes = in.number();
    if (in.field() == 4) stripe.footer_bytes = in.number();
    if (in.field() == 5) stripe.rows = in.number();
  }
  if (in.failed()) return BadOrc("a stripe that isn't one");
  return stripe;
}

base::Status CheckStripe(const OrcStripe& stripe, uint64_t end) {
  uint64_t left = end;
  for (const uint64_t part :
       {stripe.offset, stripe.index_bytes, stripe.data_bytes, stripe.footer_bytes}) {
    if (part > left) return BadOrc("a stripe is longer than the file");
    left -= part;
  }
  if (stripe.rows > kOrcStripeRowsMax) return BadOrc("a stripe has too many rows");
  return base::OkStatus();
}

}  // namespace

base::StatusOr<OrcTail> ReadOrcTail(base::ReadableFile& file) {
  SOTERIA_ASSIGN_OR_RETURN(const auto found, ReadPostscript(file));
  const auto& [postscript, postscript_bytes] = found;
  OrcTail tail;
  const auto codec = static_cast<OrcCodec>(std::min<uint64_t>(postscript.codec, 255));
  if (codec > OrcCodec::kBrotli) return BadOrc("its compression is none that ORC has");
  SOTERIA_ASSIGN_OR_RETURN(tail.packing, OrcPacking::Make(codec, postscript.block_bytes));
  const uint64_t end = file.size() - postscript_bytes - postscript.footer_bytes;
  SOTERIA_ASSIGN_OR_RETURN(const std::string footer,
                           Unpacked(file, tail.packing, end, postscript.footer_bytes));
  WireReader in(footer);
  while (in.Next()) {
    if (in.field() == 3) {
      if (tail.stripes.size() >= kOrcStripesMax) return BadOrc("it has too many stripes");
      SOTERIA_ASSIGN_OR_RETURN(tail.stripes.emplace_back(), ReadStripe(in.bytes()));
      SOTERIA_RETURN_IF_ERROR(CheckStripe(tail.stripes.back(), end));
    } else if (in.field() == 4) {
      if (tail.types.size() >= static_cast<size_t>(table::kFieldsMax)) {
        return BadOrc("it has too many columns");
      }
      SOTERIA_ASSIGN_OR_RETURN(tail.types.emplace_back(), ReadType(in.bytes()));
    } else if (in.field() == 10) {
      return base::NotSupported("Reading an ORC file with encrypted columns");
    } else if (in.field() == 11) {
      tail.gregorian = in.number() == 2;
    }
  }
  if (in.failed()) return BadOrc("its footer isn't one");
  SOTERIA_RETURN_IF_ERROR(CheckTypes(tail.types));
  return tail;
}

namespace {

/// Of kinds that are read; nullopt for indexes and the like.
std::optional<OrcStreamKind> KindOf(uint64_t kind) {
  switch (kind) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 5:
      return static_cast<OrcStreamKind>(kind);
    default:
      return std::nullopt;
  }
}

base::Status AddPlace(std::string_view bytes, const OrcTail& tail, uint64_t end, uint64_t* offset,
                      OrcStreams* out) {
  WireReader in(bytes);
  uint64_t kind = 0;
  uint64_t column = 0;
  uint64_t length = 0;
  while (in.Next()) {
    if (in.field() == 1) kind = in.number();
    if (in.field() == 2) column = in.number();
    if (in.field() == 3) length = in.number();
  }
  if (in.failed() || length > end - *offset) return BadOrc("a stream is longer than its stripe");
  if (const auto known = KindOf(kind); known.has_value() && column < tail.types.size()) {
    if (out->places.size() >= kOrcStreamsMax) return BadOrc("a stripe has too many streams");
    out->places.push_back({static_cast<uint32_t>(column), *known, *offset, length});
  }
  *offset += length;
  return base::OkStatus();
}

base::StatusOr<OrcStreams::Encoding> ReadEncoding(std::string_view bytes) {
  WireReader in(bytes);
  uint64_t kind = 0;
  OrcStreams::Encoding encoding;
  while (in.Next()) {
    if (in.field() == 1) kind = in.number();
    if (in.field() == 2) encoding.entries = in.number();
  }
  if (in.failed() || kind > 3) return BadOrc("a column's encoding is none that ORC has");
  encoding.dictionary = kind % 2 == 1;
  encoding.second = kind >= 2;
  return encoding;
}

}  // namespace

base::StatusOr<OrcStreams> ReadOrcStreams(base::ReadableFile& file, const OrcTail& tail,
                                          const OrcStripe& stripe) {
  const uint64_t end = stripe.offset + stripe.index_bytes + stripe.data_bytes;
  SOTERIA_ASSIGN_OR_RETURN(const std::string footer,
                           Unpacked(file, tail.packing, end, stripe.footer_bytes));
  OrcStreams out;
  uint64_t offset = stripe.offset;
  WireReader in(footer);
  while (in.Next()) {
    if (in.field() == 1) {
      SOTERIA_RETURN_IF_ERROR(AddPlace(in.bytes(), tail, end, &offset, &out));
    } else if (in.field() == 2) {
      if (out.encodings.size() >= tail.types.size()) return BadOrc("a stripe has too many columns");
      SOTERIA_ASSIGN_OR_RETURN(out.encodings.emplace_back(), ReadEncoding(in.bytes()));
    } else if (in.field() == 3) {
      out.zone = in.bytes().substr(0, kZoneBytesMax);
    }
  }
  if (in.failed() || out.encodings.size() != tail.types.size()) {
    return BadOrc("a stripe's footer isn't one");
  }
  const auto key = [](const OrcStreams::Place& place) {
    return std::tie(place.column, place.kind);
  };
  std::sort(out.places.begin(), out.places.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  const auto same =
      std::adjacent_find(out.places.begin(), out.places.end(),
                         [&](const auto& a, const auto& b) { return key(a) == key(b); });
  if (same != out.places.end()) return BadOrc("a stripe has a stream twice");
  return out;
}

std::string OrcTypeName(const OrcType& type) {
  constexpr std::string_view kNames[kOrcKinds] = {"boolean",
                                                  "tinyint",
                                                  "smallint",
                                                  "int",
                                                  "bigint",
                                                  "float",
                                                  "double",
                                                  "string",
                                                  "binary",
                                                  "timestamp",
                                                  "array",
                                                  "map",
                                                  "struct",
                                                  "uniontype",
                                                  "decimal",
                                                  "date",
                                                  "varchar",
                                                  "char",
                                                  "timestamp with local time zone"};
  const std::string name(kNames[static_cast<size_t>(type.kind)]);
  if (type.kind == OrcKind::kDecimal) {
    return base::Cat(name, "(", type.precision, ",", type.scale, ")");
  }
  const bool bounded = type.kind == OrcKind::kVarchar || type.kind == OrcKind::kChar;
  return bounded ? base::Cat(name, "(", type.length, ")") : name;
}

namespace {

using TypePtr = std::shared_ptr<arrow::DataType>;

base::Status Unknown(const OrcType& type) {
  const std::string shown = type.spark.substr(0, 64);
  return base::NotSupported(base::Cat("The ORC type ", OrcTypeName(type),
                                      shown.empty() ? "" : " of Spark's type ", shown));
}

/// Numbers that Spark wrote for a type which ORC hasn't.
base::StatusOr<TypePtr> MarkedType(const OrcType& type, TypePtr plain) {
  if (type.spark.empty()) return plain;
  const auto marked = table::TypeFromDdl(type.spark);
  if (!marked.ok()) return Unknown(type);
  if ((*marked)->Equals(*plain)) return plain;
  const bool ntz = (*marked)->Equals(*arrow::timestamp(arrow::TimeUnit::MICRO));
  if (type.kind == OrcKind::kLong && (ntz || table::IsDayTime(**marked))) return *marked;
  if (type.kind == OrcKind::kInt && table::IsYearMonth(**marked)) return *marked;
  return Unknown(type);
}

}  // namespace

base::StatusOr<TypePtr> SparkTypeOf(const OrcTail& tail, uint32_t number) {
  const OrcType& type = tail.types[number];
  switch (type.kind) {
    case OrcKind::kBoolean:
      return arrow::boolean();
    case OrcKind::kByte:
      return arrow::int8();
    case OrcKind::kShort:
      return arrow::int16();
    case OrcKind::kInt:
      return MarkedType(type, arrow::int32());
    case OrcKind::kLong:
      return MarkedType(type, arrow::int64());
    case OrcKind::kFloat:
      return arrow::float32();
    case OrcKind::kDouble:
      return arrow::float64();
    case OrcKind::kString:
    case OrcKind::kVarchar:
    case OrcKind::kChar:
      return arrow::utf8();
    case OrcKind::kBinary:
      return arrow::binary();
    case OrcKind::kTimestamp:
    case OrcKind::kInstant:
      return MarkedType(type, arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
    case OrcKind::kDate:
      return arrow::date32();
    case OrcKind::kDecimal: {
      constexpr uint64_t kMost = 1000;
      return table::CheckedDecimalType(static_cast<int64_t>(std::min(type.precision, kMost)),
                                       static_cast<int64_t>(std::min(type.scale, kMost)));
    }
    case OrcKind::kList: {
      SOTERIA_ASSIGN_OR_RETURN(auto element, SparkTypeOf(tail, type.children[0]));
      return table::ListOf(std::move(element));
    }
    case OrcKind::kMap: {
      SOTERIA_ASSIGN_OR_RETURN(auto key, SparkTypeOf(tail, type.children[0]));
      SOTERIA_ASSIGN_OR_RETURN(auto value, SparkTypeOf(tail, type.children[1]));
      return table::MapOf(std::move(key), std::move(value));
    }
    case OrcKind::kStruct: {
      arrow::FieldVector fields;
      for (size_t i = 0; i < type.children.size(); ++i) {
        SOTERIA_ASSIGN_OR_RETURN(auto child, SparkTypeOf(tail, type.children[i]));
        fields.push_back(arrow::field(type.names[i], std::move(child)));
      }
      return arrow::struct_(std::move(fields));
    }
    default:
      return Unknown(type);
  }
}

}  // namespace soteria::formats
