// vector_norm and its kin: geometry of arrays of floats, summed in double precision in Spark's
// order, eight elements at a time.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/table/java_text.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;

constexpr base::Condition kDimensionMismatch = {"VECTOR_DIMENSION_MISMATCH",
                                                base::exception_class::kSparkRuntime, "22000",
                                                absl::StatusCode::kInvalidArgument};
constexpr base::Condition kNormDegree = {"INVALID_VECTOR_NORM_DEGREE",
                                         base::exception_class::kSparkRuntime, "22023",
                                         absl::StatusCode::kInvalidArgument};

/// The elements of one cell.
struct Elements {
  const float* values = nullptr;
  int64_t count = 0;
  bool nulls = false;

  double at(int64_t i) const { return values[i]; }
};

Elements ElementsAt(const arrow::Array& array, int64_t row) {
  const auto& list = static_cast<const arrow::ListArray&>(array);
  const arrow::Array& values = *list.values();
  Elements elements{Values<float>(values) + list.value_offset(row), list.value_length(row), false};
  for (int64_t i = list.value_offset(row); i < list.value_offset(row + 1); ++i) {
    elements.nulls = elements.nulls || values.IsNull(i);
  }
  return elements;
}

/// The sum of term(i): of eight terms first, which are added to it as one.
template <class Term>
double Sum(int64_t count, Term term) {
  double sum = 0;
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    double eight = term(i);
    for (int64_t k = 1; k < 8; ++k) eight += term(i + k);
    sum += eight;
  }
  for (; i < count; ++i) sum += term(i);
  return sum;
}

std::optional<float> Cosine(const Elements& a, const Elements& b) {
  const double dot = Sum(a.count, [&](int64_t i) { return a.at(i) * b.at(i); });
  const double first = Sum(a.count, [&](int64_t i) { return a.at(i) * a.at(i); });
  const double second = Sum(a.count, [&](int64_t i) { return b.at(i) * b.at(i); });
  const double norms = std::sqrt(first * second);
  if (norms == 0) return std::nullopt;
  return static_cast<float>(dot / norms);
}

std::optional<float> InnerProduct(const Elements& a, const Elements& b) {
  return static_cast<float>(Sum(a.count, [&](int64_t i) { return a.at(i) * b.at(i); }));
}

std::optional<float> Distance(const Elements& a, const Elements& b) {
  const double squares = Sum(a.count, [&](int64_t i) {
    const double difference = a.at(i) - b.at(i);
    return difference * difference;
  });
  return static_cast<float>(std::sqrt(squares));
}

template <std::optional<float> (*kOf)(const Elements&, const Elements&)>
base::StatusOr<ArrayPtr> OfTwo(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  const std::string name = node.field->name().substr(0, node.field->name().find('('));
  using Result = std::optional<float>;
  return Each<arrow::FloatBuilder>(node, args, rows, [&](int64_t i) -> base::StatusOr<Result> {
    const Elements a = ElementsAt(*args[0], i);
    const Elements b = ElementsAt(*args[1], i);
    if (a.count != b.count) {
      return base::FailQuotingData(
          kDimensionMismatch,
          base::Cat("Vectors passed to `", name, "` must have the same dimension, but got ",
                    a.count, " and ", b.count, "."));
    }
    if (a.nulls || b.nulls) return Result();
    return kOf(a, b);
  });
}

/// Null: an element is.
base::StatusOr<std::optional<double>> Norm(const Elements& a, float degree,
                                           std::string_view function) {
  using Result = std::optional<double>;
  const bool infinite = degree == std::numeric_limits<float>::infinity();
  if (degree != 1 && degree != 2 && !infinite) {
    return base::FailQuotingData(
        kNormDegree, base::Cat("For the `", function,
                               "` function, degree must be 1.0, 2.0, or float('inf'), but got ",
                               table::JavaFloat(degree), "."));
  }
  if (a.nulls) return Result();
  if (degree == 2) {
    return Result(std::sqrt(Sum(a.count, [&](int64_t i) { return a.at(i) * a.at(i); })));
  }
  if (degree == 1) return Result(Sum(a.count, [&](int64_t i) { return std::abs(a.at(i)); }));
  double most = 0;
  for (int64_t i = 0; i < a.count; ++i) {
    const double value = std::abs(a.at(i));
    most = std::isnan(value) ? value : std::isnan(most) ? most : std::max(most, value);
  }
  return Result(most);
}

float DegreeAt(const ArrayList& args, int64_t i) {
  return args.size() > 1 ? Values<float>(*args[1])[i] : 2.0F;
}

base::StatusOr<ArrayPtr> NormKernel(const Bound& node, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  using Result = std::optional<float>;
  return Each<arrow::FloatBuilder>(node, args, rows, [&](int64_t i) -> base::StatusOr<Result> {
    SOTERIA_ASSIGN_OR_RETURN(const auto norm,
                             Norm(ElementsAt(*args[0], i), DegreeAt(args, i), "vector_norm"));
    return norm ? Result(static_cast<float>(*norm)) : Result();
  });
}

base::StatusOr<ArrayPtr> Normalize(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(const Validity validity, AllValid(args, rows));
  SOTERIA_ARROW_ASSIGN(const auto builder, arrow::MakeBuilder(node.field->type()));
  auto& lists = static_cast<arrow::ListBuilder&>(*builder);
  auto& values = static_cast<arrow::FloatBuilder&>(*lists.value_builder());
  for (int64_t i = 0; i < rows; ++i) {
    std::optional<double> norm;
    Elements elements;
    if (!validity.IsNull(i)) {
      elements = ElementsAt(*args[0], i);
      SOTERIA_ASSIGN_OR_RETURN(norm, Norm(elements, DegreeAt(args, i), "vector_normalize"));
    }
    if (!norm || (*norm == 0 && elements.count > 0)) {
      SOTERIA_ARROW_RETURN(lists.AppendNull());
      continue;
    }
    SOTERIA_ARROW_RETURN(lists.Append());
    for (int64_t k = 0; k < elements.count; ++k) {
      SOTERIA_ARROW_RETURN(values.Append(static_cast<float>(elements.at(k) / *norm)));
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, lists.Finish());
  return out;
}

bool IsFloats(const arrow::Field& field) {
  return IsPlainList(field) && field.type()->field(0)->type()->id() == Type::FLOAT;
}

/// Arrays of floats as they are: nothing is cast.
base::Status CheckFloats(const Expr& e, const std::vector<BoundPtr>& args, size_t index) {
  if (IsFloats(*args[index]->field)) return base::OkStatus();
  return UnexpectedType(e, index, "\"ARRAY<FLOAT>\"", *e.args[index], *args[index]->field);
}

template <Kernel kKernel>
base::StatusOr<BoundPtr> BindOfTwo(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& /*context*/) {
  for (size_t i = 0; i < 2; ++i) SOTERIA_RETURN_IF_ERROR(CheckFloats(e, args, i));
  auto node = MakeCall(PrettyName(e), arrow::float32(), true, std::move(args));
  node->kernel = kKernel;
  node->careful = true;
  return BoundPtr(std::move(node));
}

template <Kernel kKernel, bool kList>
base::StatusOr<BoundPtr> BindOfOne(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(CheckFloats(e, args, 0));
  if (args.size() > 1 && args[1]->field->type()->id() != Type::FLOAT) {
    return UnexpectedType(e, 1, "\"FLOAT\"", *e.args[1], *args[1]->field);
  }
  const TypePtr type = kList ? table::ListOf(arrow::float32()) : arrow::float32();
  auto node = MakeCall(PrettyName(e), type, true, std::move(args));
  node->kernel = kKernel;
  node->careful = true;
  return BoundPtr(std::move(node));
}

constexpr Function kFunctions[] = {
    {"vector_cosine_similarity", 2, 2, "vector_cosine_similarity", Print::kCall,
     BindOfTwo<OfTwo<Cosine>>},
    {"vector_inner_product", 2, 2, "vector_inner_product", Print::kCall,
     BindOfTwo<OfTwo<InnerProduct>>},
    {"vector_l2_distance", 2, 2, "vector_l2_distance", Print::kCall, BindOfTwo<OfTwo<Distance>>},
    {"vector_norm", 1, 2, "vector_norm", Print::kSpecial, BindOfOne<NormKernel, false>},
    {"vector_normalize", 1, 2, "vector_normalize", Print::kSpecial, BindOfOne<Normalize, true>},
};

}  // namespace

std::span<const Function> VectorFunctions() { return kFunctions; }

}  // namespace soteria::exec
