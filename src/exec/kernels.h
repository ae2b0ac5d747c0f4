// How most kernels and binders are written: a function of one row's values, and what it takes and
// gives in a word. Internal to exec; .cc files only.
#pragma once

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/bound.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/functions.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"

namespace soteria::exec {

/// Of one cell that a function makes, and of the cells of one batch.
inline constexpr int64_t kMadeCellBytesMax = int64_t{64} << 20;
inline constexpr int64_t kMadeCellElementsMax = 10'000'000;
inline constexpr int64_t kMadeColumnBytesMax = int64_t{1} << 30;

inline base::Status TooLong(std::string_view function) {
  return base::Fail(
      base::kMemoryLimit,
      base::Cat(function, "(): more than ", kMadeCellBytesMax, " bytes or ", kMadeCellElementsMax,
                " elements in one value, or ", kMadeColumnBytesMax, " bytes in one batch of them"));
}

/// The text or bytes of a cell.
inline std::string_view TextAt(const arrow::Array& array, int64_t i) {
  return static_cast<const arrow::BinaryArray&>(array).GetView(i);
}
inline int32_t IntAt(const arrow::Array& array, int64_t i) { return Values<int32_t>(array)[i]; }
inline int64_t LongAt(const arrow::Array& array, int64_t i) { return Values<int64_t>(array)[i]; }
inline double DoubleAt(const arrow::Array& array, int64_t i) { return Values<double>(array)[i]; }
inline bool BoolAt(const arrow::Array& array, int64_t i) {
  return static_cast<const arrow::BooleanArray&>(array).Value(i);
}

namespace internal {

template <class T>
struct IsStatusOr : std::false_type {};
template <class T>
struct IsStatusOr<base::StatusOr<T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class Builder, class T>
base::Status AppendValue(Builder& builder, const T& value) {
  if constexpr (IsOptional<T>::value) {
    if (value) return AppendValue(builder, *value);
    SOTERIA_ARROW_RETURN(builder.AppendNull());
  } else {
    SOTERIA_ARROW_RETURN(builder.Append(value));
  }
  return base::OkStatus();
}

}  // namespace internal

/// f(i) for the rows where every argument has a value; null elsewhere. It gives a value, nullopt
/// for null, or either in a StatusOr.
template <class Builder, class F>
base::StatusOr<ArrayPtr> Each(const Bound& node, const ArrayList& args, int64_t rows, F f) {
  SOTERIA_ASSIGN_OR_RETURN(const Validity validity, AllValid(args, rows));
  Builder builder(node.field->type(), arrow::default_memory_pool());
  SOTERIA_ARROW_RETURN(builder.Reserve(rows));
  for (int64_t i = 0; i < rows; ++i) {
    if (validity.IsNull(i)) {
      SOTERIA_ARROW_RETURN(builder.AppendNull());
      continue;
    }
    if constexpr (internal::IsStatusOr<decltype(f(i))>::value) {
      SOTERIA_ASSIGN_OR_RETURN(const auto value, f(i));
      SOTERIA_RETURN_IF_ERROR(internal::AppendValue(builder, value));
    } else {
      SOTERIA_RETURN_IF_ERROR(internal::AppendValue(builder, f(i)));
    }
    if constexpr (std::is_base_of_v<arrow::BinaryBuilder, Builder>) {
      if (builder.value_data_length() > kMadeColumnBytesMax) return TooLong(node.field->name());
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder.Finish());
  return out;
}

inline bool AnyNullable(const std::vector<BoundPtr>& args) {
  return std::any_of(args.begin(), args.end(),
                     [](const BoundPtr& arg) { return arg->field->nullable(); });
}

inline bool IsPlainList(const arrow::Field& field) {
  return field.type()->id() == arrow::Type::LIST && table::UdtOf(field).empty();
}

/// What a function takes, a letter an argument, the last one for all that follow: s string,
/// b binary, x string or binary, i int, l bigint, d double, D date, t timestamp, n timestamp
/// without a zone, B boolean.
struct Takes {
  char letters[16] = {};
  template <size_t N>
  consteval Takes(const char (&text)[N]) {  // NOLINT(google-explicit-constructor)
    static_assert(N <= sizeof letters);
    for (size_t i = 0; i + 1 < N; ++i) letters[i] = text[i];
  }
};

/// What is told of a kernel, added up.
enum Traits : unsigned {
  kPlain = 0,
  kNullable = 1,  ///< the result may be null where no argument is
  kCareful = 2,   ///< may fail
};

/// Casts argument `index` to what the letter says.
base::Status TakeArgument(const Expr& e, std::vector<BoundPtr>& args, size_t index, char letter);
/// A text as it is, or null: nothing else becomes one.
base::Status TakeText(const Expr& e, std::vector<BoundPtr>& args, size_t index);
/// The type of a letter.
TypePtr TypeOfLetter(char letter);

template <Kernel kKernel, Takes kTakes, char kGives, unsigned kTraits = kPlain>
base::StatusOr<BoundPtr> BindSimple(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& /*context*/) {
  const std::string_view letters(kTakes.letters);
  for (size_t i = 0; i < args.size(); ++i) {
    const char letter = letters[std::min(i, letters.size() - 1)];
    SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, i, letter));
  }
  const bool nullable = (kTraits & kNullable) != 0 || AnyNullable(args);
  const TypePtr type = kGives == 'x' ? args[0]->field->type() : TypeOfLetter(kGives);
  const std::string zone = e.zone;
  auto node = MakeCall(PrettyName(e), type, nullable, std::move(args));
  node->kernel = kKernel;
  node->careful = node->careful || (kTraits & kCareful) != 0;
  node->zone = table::TimeZone::Find(zone).value_or(table::TimeZone());
  return node;
}

/// The value of an argument that has to be constant; null when it isn't.
base::StatusOr<ArrayPtr> Constant(const Bound& node);

}  // namespace soteria::exec
