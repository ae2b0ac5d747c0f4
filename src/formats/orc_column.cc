#include "src/formats/orc_column.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/builder.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/formats/orc_times.h"
#include "src/table/arrow_status.h"
#include "src/table/decimal.h"

namespace soteria::formats {

using ArrayPtr = std::shared_ptr<arrow::Array>;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

namespace {

constexpr int64_t kItemsMax = std::numeric_limits<int32_t>::max();

uint64_t Unsigned(int64_t count) { return static_cast<uint64_t>(count); }
size_t Size(int64_t count) { return static_cast<size_t>(count); }

/// Of a value but what lies in children and texts, and its bit of validity.
uint64_t OwnBytes(const arrow::DataType& type) {
  const int bits = type.bit_width();
  return bits <= 0 ? sizeof(int32_t) + 1 : Unsigned(std::max(bits, 8)) / 8 + 1;
}

base::StatusOr<BufferPtr> BitsOf(const uint8_t* mask, int64_t length) {
  arrow::TypedBufferBuilder<bool> bits;
  SOTERIA_ARROW_RETURN(bits.Reserve(length));
  for (int64_t i = 0; i < length; ++i) bits.UnsafeAppend(mask[i] != 0);
  SOTERIA_ARROW_ASSIGN(BufferPtr out, bits.Finish());
  return out;
}

/// A buffer of `rows.length` values, each the next of those that are there, or 0.
template <class T, class Of>
base::StatusOr<BufferPtr> Spread(const OrcRows& rows, Of of) {
  SOTERIA_ARROW_ASSIGN(BufferPtr out,
                       arrow::AllocateBuffer(rows.length * static_cast<int64_t>(sizeof(T))));
  T* const values = reinterpret_cast<T*>(out->mutable_data());
  size_t next = 0;
  for (int64_t i = 0; i < rows.length; ++i) {
    values[i] = rows.mask == nullptr || rows.mask[i] != 0 ? of(next++) : T{};
  }
  return out;
}

}  // namespace

ArrayPtr OrcColumn::Of(const OrcRows& rows, const BufferPtr& valid, BufferPtr values) const {
  return arrow::MakeArray(arrow::ArrayData::Make(type_, rows.length, {valid, std::move(values)},
                                                 rows.length - rows.valid));
}

base::StatusOr<ArrayPtr> OrcColumn::Next(const OrcRows& rows) {
  SOTERIA_RETURN_IF_ERROR(room_.Keep(Unsigned(rows.length) * OwnBytes(*type_)));
  OrcRows own = rows;
  std::vector<uint8_t> mask;
  OrcBorrowed scratch(room_);
  if (present_ != nullptr) {
    SOTERIA_RETURN_IF_ERROR(scratch.Take(2 * Unsigned(rows.length)));
    std::vector<uint8_t> bits(Size(rows.valid));
    if (!present_->Next(bits)) return present_->Failure();
    own.valid = std::count(bits.begin(), bits.end(), 1);
    if (rows.mask == nullptr) {
      mask = std::move(bits);
    } else {
      mask.resize(Size(rows.length));
      size_t next = 0;
      for (size_t i = 0; i < mask.size(); ++i) {
        mask[i] = rows.mask[i] != 0 ? bits[next++] : uint8_t{0};
      }
    }
    own.mask = mask.data();
  }
  BufferPtr valid;
  if (own.valid == own.length) {
    own.mask = nullptr;
  } else {
    SOTERIA_ASSIGN_OR_RETURN(valid, BitsOf(own.mask, own.length));
  }
  return Values(own, valid);
}

namespace {

class BoolColumn : public OrcColumn {
 public:
  BoolColumn(OrcParts parts, OrcStream data)
      : OrcColumn(std::move(parts)), data_(std::move(data)) {}

 protected:
  base::StatusOr<ArrayPtr> Values(const OrcRows& rows, const BufferPtr& valid) override {
    OrcBorrowed scratch(room_);
    SOTERIA_RETURN_IF_ERROR(scratch.Take(2 * Unsigned(rows.length)));
    std::vector<uint8_t> bits(Size(rows.valid));
    if (!data_.Next(bits)) return data_.Failure();
    std::vector<uint8_t> all(Size(rows.length));
    size_t next = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      if (rows.mask == nullptr || rows.mask[i] != 0) all[i] = bits[next++];
    }
    SOTERIA_ASSIGN_OR_RETURN(BufferPtr values, BitsOf(all.data(), rows.length));
    return Of(rows, valid, std::move(values));
  }

 private:
  OrcBits data_;
};

class ByteColumn : public OrcColumn {
 public:
  ByteColumn(OrcParts parts, OrcStream data)
      : OrcColumn(std::move(parts)), data_(std::move(data)) {}

 protected:
  base::StatusOr<ArrayPtr> Values(const OrcRows& rows, const BufferPtr& valid) override {
    OrcBorrowed scratch(room_);
    SOTERIA_RETURN_IF_ERROR(scratch.Take(Unsigned(rows.valid)));
    std::vector<uint8_t> bytes(Size(rows.valid));
    if (!data_.Next(bytes)) return data_.Failure();
    SOTERIA_ASSIGN_OR_RETURN(BufferPtr values,
                             Spread<uint8_t>(rows, [&](size_t i) { return bytes[i]; }));
    return Of(rows, valid, std::move(values));
  }

 private:
  OrcBytes data_;
};

/// Whole numbers in T; those of days as `of` says.
template <class T>
class IntColumn : public OrcColumn {
 public:
  using Change = T (*)(int64_t);
  IntColumn(OrcParts parts, OrcInts data, Change change)
      : OrcColumn(std::move(parts)), data_(std::move(data)), change_(change) {}

 protected:
  base::StatusOr<ArrayPtr> Values(const OrcRows& rows, const BufferPtr& valid) override {
    OrcBorrowed scratch(room_);
    SOTERIA_RETURN_IF_ERROR(scratch.Take(sizeof(int64_t) * Unsigned(rows.valid)));
    std::vector<int64_t> numbers(Size(rows.valid));
    if (!data_.Next(numbers)) return data_.Failure();
    SOTERIA_ASSIGN_OR_RETURN(BufferPtr values,
                             Spread<T>(rows, [&](size_t i) { return change_(numbers[i]); }));
    return Of(rows, valid, std::move(values));
  }

 private:
  OrcInts data_;
  const Change change_;
};

template <class T>
T Narrow(int64_t value) {
  return static_cast<T>(value);
}

/// Floating point numbers as their bits.
template <class T>
class FloatColumn : public OrcColumn {
 public:
  FloatColumn(OrcParts parts, OrcStream data)
      : OrcColumn(std::move(parts)), data_(std::move(data)) {}

 protected:
  base::StatusOr<ArrayPtr> Values(const OrcRows& rows, const BufferPtr& valid) override {
    OrcBorrowed scratch(room_);
    SOTERIA_RETURN_IF_ERROR(scratch.Take(sizeof(T) * Unsigned(rows.valid)));
    std::vector<uint8_t> bytes(Size(rows.valid) * sizeof(T));
    if (!data_.Next(bytes)) return data_.Failure();
    SOTERIA_ASSIGN_OR_RETURN(BufferPtr values, Spread<T>(rows, [&](size_t i) {
                               T value;
                               std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
                               return value;
                             }));
    return Of(rows, valid, std::move(values));
  }

 private:
  OrcStream data_;
};

/// Instants as seconds since 2015 began where the writer was, and the nanoseconds behind them.
class TimeColumn : public OrcColumn {
 public:
  TimeColumn(OrcParts parts, OrcInts seconds, OrcInts nanos, OrcClock clock)
      : OrcColumn(std::move(parts)),
        seconds_(std::move(seconds)),
        nanos_(std::move(nanos)),
        clock_(clock) {}

 protected:
  base::StatusOr<ArrayPtr> Values(const OrcRows& rows, const BufferPtr& valid) override {
    OrcBorrowed scratch(room_);
    SOTERIA_RETURN_IF_ERROR(scratch.Take(2 * sizeof(int64_t) * Unsigned(rows.valid)));
    std::vector<int64_t> seconds(Size(rows.valid));
    std::vector<int64_t> nanos(Size(rows.valid));
    if (!seconds_.Next(seconds)) return seconds_.Failure();
    if (!nanos_.Next(nanos)) return nanos_.Failure();
    bool fits = true;
    SOTERIA_ASSIGN_OR_RETURN(BufferPtr values, Spread<int64_t>(rows, [&](size_t i) {
                               const auto micros = clock_.Micros(seconds[i], nanos[i]);
                               fits = fits && micros.has_value();
                               return micros.value_or(0);
                             }));
    if (!fits) return BadOrc("a time stamp is out of range");
    return Of(rows, valid, std::move(values));
  }

 private:
  OrcInts seconds_;
  OrcInts nanos_;
  const OrcClock clock_;
};

/// Each with a scale of its own.
class DecimalColumn : public OrcColumn {
 public:
  DecimalColumn(OrcParts parts, OrcStream digits, OrcInts scales)
      : OrcColumn(std::move(parts)),
        shape_(table::ShapeOf(*type_)),
        digits_(std::move(digits)),
        scales_(std::move(scales)) {}

 protected:
  base::StatusOr<ArrayPtr> Values(const OrcRows& rows, const BufferPtr& /*valid*/) override {
    OrcBorrowed scratch(room_);
    SOTERIA_RETURN_IF_ERROR(scratch.Take(sizeof(int64_t) * Unsigned(rows.valid)));
    std::vector<int64_t> scales(Size(rows.valid));
    if (!scales_.Next(scales)) return scales_.Failure();
    arrow::Decimal128Builder builder(type_);
    SOTERIA_ARROW_RETURN(builder.Reserve(rows.length));
    size_t next = 0;
    for (int64_t i = 0; i < rows.length; ++i) {
      if (rows.mask != nullptr && rows.mask[i] == 0) {
        builder.UnsafeAppendNull();
        continue;
      }
      table::Unscaled digits = 0;
      if (!Digits(&digits)) return digits_.Failure();
      const auto value = InShape(digits, scales[next++]);
      if (value.has_value()) {
        builder.UnsafeAppend(table::ToArrow(*value));
      } else {  // as Hive's decimals do it
        builder.UnsafeAppendNull();
      }
    }
    SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder.Finish());
    return out;
  }

 private:
  /// In groups of seven bits; of more than 127 bits the highest number.
  bool Digits(table::Unscaled* out) {
    unsigned __int128 value = 0;
    bool fits = true;
    for (int shift = 0;; shift += 7) {
      uint8_t byte = 0;
      if (!digits_.Next(&byte)) return false;
      const auto group = static_cast<unsigned __int128>(byte & 0x7f);
      if (shift < 128) {
        value |= group << shift;
        fits = fits && (shift < 126 || group < 4);
      } else {
        fits = fits && group == 0;
      }
      if ((byte & 0x80) == 0) break;
      if (shift > kBitsMax) return false;
    }
    const unsigned __int128 half = value >> 1;
    *out = static_cast<table::Unscaled>((value & 1) != 0 ? ~half : half);
    if (!fits) *out = std::numeric_limits<table::Unscaled>::max();
    return true;
  }

  std::optional<table::Unscaled> InShape(table::Unscaled digits, int64_t scale) const {
    if (!table::FitsDigits(digits, table::kDecimalDigitsMax)) return std::nullopt;
    // Beyond this the number is 0, or has too many digits.
    const auto bounded = static_cast<int>(std::clamp<int64_t>(scale, -kScaleMax, kScaleMax));
    return table::Rescale(digits, bounded, shape_);
  }

  static constexpr int kBitsMax = 1024;
  static constexpr int64_t kScaleMax = 76;
  const table::DecimalShape shape_;
  OrcStream digits_;
  OrcInts scales_;
};

base::Status TooLong() {
  return base::Fail(base::kMemoryLimit, "a batch of rows of an ORC file takes more than 2 GiB");
}

/// How many bytes or children each that is there has, as offsets; the last one is their sum.
base::StatusOr<BufferPtr> Offsets(const OrcRows& rows, OrcInts& lengths, OrcRoom& room) {
  OrcBorrowed scratch(room);
  SOTERIA_RETURN_IF_ERROR(scratch.Take(sizeof(int64_t) * Unsigned(rows.valid)));
  std::vector<int64_t> each(Size(rows.valid));
  if (!lengths.Next(each)) return lengths.Failure();
  SOTERIA_ARROW_ASSIGN(BufferPtr out,
                       arrow::AllocateBuffer((rows.length + 1) * int64_t{sizeof(int32_t)}));
  auto* const offsets = reinterpret_cast<int32_t*>(out->mutable_data());
  int64_t sum = 0;
  size_t next = 0;
  for (int64_t i = 0; i < rows.length; ++i) {
    offsets[i] = static_cast<int32_t>(sum);
    if (rows.mask != nullptr && rows.mask[i] == 0) continue;
    const int64_t length = each[next++];
    if (length < 0) return BadOrc("a negative length");
    if (length > kItemsMax - sum) return TooLong();
    sum += length;
  }
  offsets[rows.length] = static_cast<int32_t>(sum);
  return out;
}

int32_t LastOf(const BufferPtr& offsets, int64_t length) {
  return reinterpret_cast<const int32_t*>(offsets->data())[length];
}

class TextColumn : public OrcColumn {
 public:
  TextColumn(OrcParts parts, OrcStream data, OrcInts lengths)
      : OrcColumn(std::move(parts)), data_(std::move(data)), lengths_(std::move(lengths)) {}

 protected:
  base::StatusOr<ArrayPtr> Values(const OrcRows& rows, const BufferPtr& valid) override {
    SOTERIA_ASSIGN_OR_RETURN(const BufferPtr offsets, Offsets(rows, lengths_, room_));
    const auto bytes = static_cast<uint64_t>(LastOf(offsets, rows.length));
    SOTERIA_RETURN_IF_ERROR(room_.Keep(bytes));
    OrcBorrowed growing(room_);
    SOTERIA_RETURN_IF_ERROR(growing.Take(bytes));
    std::string text;
    if (!data_.Append(bytes, &text)) return data_.Failure();
    return arrow::MakeArray(arrow::ArrayData::Make(
        type_, rows.length, {valid, offsets, arrow::Buffer::FromString(std::move(text))},
        rows.length - rows.valid));
  }

 private:
  OrcStream data_;
  OrcInts lengths_;
};

/// Texts as places in a list of them.
class WordColumn : public OrcColumn {
 public:
  WordColumn(OrcParts parts, OrcInts places, OrcStream words, OrcInts lengths, uint64_t entries)
      : OrcColumn(std::move(parts)),
        held_(room_),
        places_(std::move(places)),
        words_(std::move(words)),
        lengths_(std::move(lengths)),
        entries_(entries) {}

 protected:
  base::StatusOr<ArrayPtr> Values(const OrcRows& rows, const BufferPtr& valid) override {
    SOTERIA_RETURN_IF_ERROR(Load());
    OrcBorrowed scratch(room_);
    SOTERIA_RETURN_IF_ERROR(scratch.Take(sizeof(int64_t) * Unsigned(rows.valid)));
    std::vector<int64_t> places(Size(rows.valid));
    if (!places_.Next(places)) return places_.Failure();
    uint64_t bytes = 0;
    for (const int64_t place : places) {
      if (place < 0 || Unsigned(place) >= entries_) return BadOrc("a word that isn't in its list");
      bytes += WordAt(place).size();
      if (bytes > Unsigned(kItemsMax)) return TooLong();
    }
    SOTERIA_RETURN_IF_ERROR(room_.Keep(bytes));
    SOTERIA_ARROW_ASSIGN(BufferPtr text, arrow::AllocateBuffer(static_cast<int64_t>(bytes)));
    SOTERIA_ARROW_ASSIGN(BufferPtr offsets,
                         arrow::AllocateBuffer((rows.length + 1) * int64_t{sizeof(int32_t)}));
    auto* const begins = reinterpret_cast<int32_t*>(offsets->mutable_data());
    int32_t at = 0;
    size_t next = 0;
    for (int64_t i = 0; i < rows.length; ++i) {
      begins[i] = at;
      if (rows.mask != nullptr && rows.mask[i] == 0) continue;
      const std::string_view word = WordAt(places[next++]);
      if (!word.empty()) std::memcpy(text->mutable_data() + at, word.data(), word.size());
      at += static_cast<int32_t>(word.size());
    }
    begins[rows.length] = at;
    return arrow::MakeArray(arrow::ArrayData::Make(type_, rows.length, {valid, offsets, text},
                                                   rows.length - rows.valid));
  }

 private:
  std::string_view WordAt(int64_t place) const {
    const uint64_t begin = begins_[Size(place)];
    return std::string_view(list_).substr(begin, begins_[Size(place) + 1] - begin);
  }

  base::Status Load() {
    if (!begins_.empty()) return base::OkStatus();
    if (entries_ > Unsigned(kItemsMax)) return BadOrc("a list of too many words");
    SOTERIA_RETURN_IF_ERROR(held_.Take(2 * sizeof(uint64_t) * (entries_ + 1)));
    std::vector<int64_t> lengths(entries_);
    if (!lengths_.Next(lengths)) return lengths_.Failure();
    std::vector<uint64_t> begins = {0};
    begins.reserve(entries_ + 1);
    for (const int64_t length : lengths) {
      if (length < 0 || Unsigned(length) > Unsigned(kItemsMax) - begins.back()) {
        return BadOrc("a list of words that are too long");
      }
      begins.push_back(begins.back() + Unsigned(length));
    }
    SOTERIA_RETURN_IF_ERROR(held_.Take(2 * begins.back()));
    if (!words_.Append(begins.back(), &list_)) return words_.Failure();
    begins_ = std::move(begins);
    return base::OkStatus();
  }

  OrcBorrowed held_;
  OrcInts places_;
  OrcStream words_;
  OrcInts lengths_;
  const uint64_t entries_;
  std::vector<uint64_t> begins_;  // of each, and the end; empty before Load
  std::string list_;
};

class ListColumn : public OrcColumn {
 public:
  ListColumn(OrcParts parts, OrcInts lengths, std::unique_ptr<OrcColumn> elements)
      : OrcColumn(std::move(parts)), lengths_(std::move(lengths)), elements_(std::move(elements)) {}

 protected:
  base::StatusOr<ArrayPtr> Values(const OrcRows& rows, const BufferPtr& valid) override {
    SOTERIA_ASSIGN_OR_RETURN(const BufferPtr offsets, Offsets(rows, lengths_, room_));
    const int64_t items = LastOf(offsets, rows.length);
    SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr elements, elements_->Next({items, items, nullptr}));
    return arrow::MakeArray(arrow::ArrayData::Make(type_, rows.length, {valid, offsets},
                                                   {elements->data()}, rows.length - rows.valid));
  }

 private:
  OrcInts lengths_;
  const std::unique_ptr<OrcColumn> elements_;
};

class MapColumn : public OrcColumn {
 public:
  MapColumn(OrcParts parts, OrcInts lengths, std::unique_ptr<OrcColumn> keys,
            std::unique_ptr<OrcColumn> values)
      : OrcColumn(std::move(parts)),
        lengths_(std::move(lengths)),
        keys_(std::move(keys)),
        values_(std::move(values)) {}

 protected:
  base::StatusOr<ArrayPtr> Values(const OrcRows& rows, const BufferPtr& valid) override {
    SOTERIA_ASSIGN_OR_RETURN(const BufferPtr offsets, Offsets(rows, lengths_, room_));
    const int64_t items = LastOf(offsets, rows.length);
    SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr keys, keys_->Next({items, items, nullptr}));
    SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr values, values_->Next({items, items, nullptr}));
    // Arrow ends the program for a map that has one.
    if (keys->null_count() != 0) return BadOrc("a map with a null key");
    const auto entries = arrow::ArrayData::Make(type_->field(0)->type(), items, {nullptr},
                                                {keys->data(), values->data()}, 0);
    return arrow::MakeArray(arrow::ArrayData::Make(type_, rows.length, {valid, offsets}, {entries},
                                                   rows.length - rows.valid));
  }

 private:
  OrcInts lengths_;
  const std::unique_ptr<OrcColumn> keys_;
  const std::unique_ptr<OrcColumn> values_;
};

class StructColumn : public OrcColumn {
 public:
  StructColumn(OrcParts parts, std::vector<std::unique_ptr<OrcColumn>> fields)
      : OrcColumn(std::move(parts)), fields_(std::move(fields)) {}

 protected:
  base::StatusOr<ArrayPtr> Values(const OrcRows& rows, const BufferPtr& valid) override {
    std::vector<std::shared_ptr<arrow::ArrayData>> fields;
    for (const auto& field : fields_) {
      SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr one, field->Next(rows));
      fields.push_back(one->data());
    }
    return arrow::MakeArray(arrow::ArrayData::Make(type_, rows.length, {valid}, std::move(fields),
                                                   rows.length - rows.valid));
  }

 private:
  const std::vector<std::unique_ptr<OrcColumn>> fields_;
};

/// Makes a column of a stripe, and those within it.
class Maker {
 public:
  explicit Maker(const OrcOpened& stripe) : stripe_(stripe) {}

  base::StatusOr<std::unique_ptr<OrcColumn>> Make(uint32_t number);

 private:
  const OrcStreams::Place* Find(uint32_t column, OrcStreamKind kind) const {
    for (const OrcStreams::Place& place : PlacesOf(column)) {
      if (place.kind == kind) return &place;
    }
    return nullptr;
  }

  std::span<const OrcStreams::Place> PlacesOf(uint32_t column) const {
    const auto& all = stripe_.streams.places;
    const auto from = std::partition_point(
        all.begin(), all.end(), [&](const auto& place) { return place.column < column; });
    const auto to = std::partition_point(from, all.end(),
                                         [&](const auto& place) { return place.column == column; });
    return {from, to};
  }

  OrcStream Stream(OrcStreamKind kind) const {
    const OrcStreams::Place* place = Find(number_, kind);
    return {stripe_.file, stripe_.tail.packing, place == nullptr ? 0 : place->offset,
            place == nullptr ? 0 : place->length, &stripe_.held};
  }

  OrcInts Ints(OrcStreamKind kind, bool with_sign) const {
    const bool second = stripe_.streams.encodings[number_].second;
    return {Stream(kind), second ? OrcInts::Form::kSecond : OrcInts::Form::kFirst, with_sign};
  }

  base::StatusOr<std::unique_ptr<OrcColumn>> Plain(const OrcType& type, OrcParts parts);
  base::StatusOr<std::unique_ptr<OrcColumn>> Nested(const OrcType& type, OrcParts parts);

  const OrcOpened& stripe_;
  uint32_t number_ = 0;  // of the column that is being made
};

base::StatusOr<std::unique_ptr<OrcColumn>> Maker::Plain(const OrcType& type, OrcParts parts) {
  using Kind = OrcStreamKind;
  switch (type.kind) {
    case OrcKind::kBoolean:
      return std::make_unique<BoolColumn>(std::move(parts), Stream(Kind::kData));
    case OrcKind::kByte:
      return std::make_unique<ByteColumn>(std::move(parts), Stream(Kind::kData));
    case OrcKind::kShort:
      return std::make_unique<IntColumn<int16_t>>(std::move(parts), Ints(Kind::kData, true),
                                                  Narrow<int16_t>);
    case OrcKind::kInt:
      return std::make_unique<IntColumn<int32_t>>(std::move(parts), Ints(Kind::kData, true),
                                                  Narrow<int32_t>);
    case OrcKind::kLong:
      return std::make_unique<IntColumn<int64_t>>(std::move(parts), Ints(Kind::kData, true),
                                                  Narrow<int64_t>);
    case OrcKind::kDate:
      return std::make_unique<IntColumn<int32_t>>(
          std::move(parts), Ints(Kind::kData, true),
          stripe_.tail.gregorian ? Narrow<int32_t> : DaysOfHybrid);
    case OrcKind::kFloat:
      return std::make_unique<FloatColumn<float>>(std::move(parts), Stream(Kind::kData));
    case OrcKind::kDouble:
      return std::make_unique<FloatColumn<double>>(std::move(parts), Stream(Kind::kData));
    case OrcKind::kTimestamp:
    case OrcKind::kInstant: {
      const bool instant = type.kind == OrcKind::kInstant;
      SOTERIA_ASSIGN_OR_RETURN(
          const OrcClock clock,
          OrcClock::Of(instant ? "" : stripe_.streams.zone, stripe_.tail.gregorian));
      return std::make_unique<TimeColumn>(std::move(parts), Ints(Kind::kData, true),
                                          Ints(Kind::kSecondary, false), clock);
    }
    case OrcKind::kDecimal:
      return std::make_unique<DecimalColumn>(std::move(parts), Stream(Kind::kData),
                                             Ints(Kind::kSecondary, true));
    default:
      break;
  }
  const OrcStreams::Encoding& encoding = stripe_.streams.encodings[number_];
  if (!encoding.dictionary) {
    return std::make_unique<TextColumn>(std::move(parts), Stream(Kind::kData),
                                        Ints(Kind::kLength, false));
  }
  return std::make_unique<WordColumn>(std::move(parts), Ints(Kind::kData, false),
                                      Stream(Kind::kDictionary), Ints(Kind::kLength, false),
                                      encoding.entries);
}

base::StatusOr<std::unique_ptr<OrcColumn>> Maker::Nested(const OrcType& type, OrcParts parts) {
  const uint32_t number = number_;
  std::vector<std::unique_ptr<OrcColumn>> children;
  for (const uint32_t child : type.children) {
    SOTERIA_ASSIGN_OR_RETURN(children.emplace_back(), Make(child));
  }
  number_ = number;
  if (type.kind == OrcKind::kStruct) {
    return std::make_unique<StructColumn>(std::move(parts), std::move(children));
  }
  OrcInts lengths = Ints(OrcStreamKind::kLength, false);
  if (type.kind == OrcKind::kList) {
    return std::make_unique<ListColumn>(std::move(parts), std::move(lengths),
                                        std::move(children[0]));
  }
  return std::make_unique<MapColumn>(std::move(parts), std::move(lengths), std::move(children[0]),
                                     std::move(children[1]));
}

base::StatusOr<std::unique_ptr<OrcColumn>> Maker::Make(uint32_t number) {
  const OrcType& type = stripe_.tail.types[number];
  SOTERIA_ASSIGN_OR_RETURN(auto spark, SparkTypeOf(stripe_.tail, number));
  number_ = number;
  OrcParts parts{std::move(spark), stripe_.room, nullptr};
  if (Find(number, OrcStreamKind::kPresent) != nullptr) {
    parts.present = std::make_unique<OrcBits>(Stream(OrcStreamKind::kPresent));
  }
  return type.children.empty() && type.kind != OrcKind::kStruct ? Plain(type, std::move(parts))
                                                                : Nested(type, std::move(parts));
}

}  // namespace

base::StatusOr<std::unique_ptr<OrcColumn>> MakeOrcColumn(const OrcOpened& stripe, uint32_t type) {
  return Maker(stripe).Make(type);
}

}  // namespace soteria::formats
