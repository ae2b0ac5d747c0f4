// What an ORC file says of itself: its columns' types, its stripes, and where each stream of a
// stripe lies. Internal to formats. Everything is checked here: types are a tree of bounded depth,
// stripes and streams lie within the file. Statistics and indexes aren't looked at. Plain data;
// functions may be called from any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/formats/orc_stream.h"

namespace soteria::formats {

/// As ORC numbers them.
enum class OrcKind : uint8_t {
  kBoolean = 0,
  kByte = 1,
  kShort = 2,
  kInt = 3,
  kLong = 4,
  kFloat = 5,
  kDouble = 6,
  kString = 7,
  kBinary = 8,
  kTimestamp = 9,
  kList = 10,
  kMap = 11,
  kStruct = 12,
  kUnion = 13,
  kDecimal = 14,
  kDate = 15,
  kVarchar = 16,
  kChar = 17,
  kInstant = 18,
};
inline constexpr uint64_t kOrcKinds = 19;

enum class OrcStreamKind : uint8_t {
  kPresent = 0,
  kData = 1,
  kLength = 2,
  kDictionary = 3,
  kSecondary = 5
};

/// Limits on files from outside.
inline constexpr uint64_t kOrcFooterBytesMax = uint64_t{64} << 20;  // unpacked
inline constexpr size_t kOrcStripesMax = 1'000'000;
inline constexpr size_t kOrcStreamsMax = 1'000'000;  // of a stripe
inline constexpr uint64_t kOrcStripeRowsMax = uint64_t{1} << 40;

struct OrcType {
  OrcKind kind = OrcKind::kStruct;
  std::vector<uint32_t> children;  // larger than the type's own number
  std::vector<std::string> names;  // of a struct's
  uint64_t length = 0;             // of varchar and char
  uint64_t precision = 38;
  uint64_t scale = 10;
  std::string spark;  // the type that Spark wrote it for, "": none
};

struct OrcStripe {
  uint64_t offset = 0;
  uint64_t index_bytes = 0;
  uint64_t data_bytes = 0;
  uint64_t footer_bytes = 0;
  uint64_t rows = 0;
};

struct OrcTail {
  OrcPacking packing;
  std::vector<OrcType> types;  // the first is the rows' own, a struct
  std::vector<OrcStripe> stripes;
  bool gregorian = false;  // days before 1582 are counted as java.time does
};

/// A stripe's own footer.
struct OrcStreams {
  struct Place {
    uint32_t column = 0;
    OrcStreamKind kind = OrcStreamKind::kPresent;
    uint64_t offset = 0;
    uint64_t length = 0;
  };
  struct Encoding {
    bool dictionary = false;
    bool second = false;  // the second form of runs
    uint64_t entries = 0;
  };
  std::vector<Place> places;        // by column and kind, each once
  std::vector<Encoding> encodings;  // by column
  std::string zone;                 // where the writer's clocks were
};

/// kFailedReadFile for what isn't ORC, kUnsupported for a codec or a file that is encrypted.
base::StatusOr<OrcTail> ReadOrcTail(base::ReadableFile& file);
base::StatusOr<OrcStreams> ReadOrcStreams(base::ReadableFile& file, const OrcTail& tail,
                                          const OrcStripe& stripe);

/// The type as Spark's; kUnsupported for a union and others that have none here.
base::StatusOr<std::shared_ptr<arrow::DataType>> SparkTypeOf(const OrcTail& tail, uint32_t type);
/// "decimal(10,2)": as ORC writes a type that has no children, or its kind.
std::string OrcTypeName(const OrcType& type);

}  // namespace soteria::formats
