#include "src/ml/tree/rows.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/tree/tree.h"
#include "src/stats/doubles.h"
#include "src/table/arrow_status.h"
#include "src/table/java_text.h"
#include "src/table/spark_random.h"
#include "src/table/well19937c.h"

namespace soteria::ml::tree {
namespace {

constexpr int32_t kTreesMax = 1 << 16;
constexpr size_t kByteBins = 256;

base::Status Malformed(std::string_view what) {
  return base::Fail(base::kProtocol, base::Cat("tree rows: ", what));
}

void WriteOptional(base::FieldWriter& w, const std::optional<std::string>& text) {
  w.AddBool(text.has_value()).Add(text.value_or(""));
}

base::StatusOr<std::optional<std::string>> ReadOptional(base::FieldReader& r) {
  SOTERIA_ASSIGN_OR_RETURN(const bool there, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view text, r.Next());
  if (!there) return std::optional<std::string>();
  return std::optional<std::string>(std::string(text));
}

void WriteSource(base::FieldWriter& w, const std::optional<Source>& source) {
  w.AddBool(source.has_value());
  if (source) source->Write(w);
}

base::StatusOr<std::optional<Source>> ReadSource(base::FieldReader& r) {
  std::optional<Source> source;
  SOTERIA_ASSIGN_OR_RETURN(const bool there, r.NextBool());
  if (there) {
    SOTERIA_ASSIGN_OR_RETURN(source, Source::Read(r));
  }
  return source;
}

template <class T, class ArrowArray>
std::shared_ptr<arrow::Array> ColumnOf(std::vector<T> values) {
  const auto rows = static_cast<int64_t>(values.size());
  return std::make_shared<ArrowArray>(rows, arrow::Buffer::FromVector(std::move(values)));
}

/// How many of ascending numbers are below a value; none are below NaN.
size_t CountBelow(const std::vector<double>& ascending, double value) {
  const double* first = ascending.data();
  size_t left = ascending.size();
  while (left > 1) {
    const size_t half = left / 2;
    first += static_cast<size_t>(first[half - 1] < value) * half;  // without a branch
    left -= half;
  }
  const auto before = static_cast<size_t>(first - ascending.data());
  return before + (left == 1 && *first < value ? 1 : 0);
}

base::Status NoCategory(size_t feature, int32_t arity, double value) {
  return RowFailure(base::Cat("DecisionTree given invalid data: Feature ", feature,
                              " is categorical with values in {0,...,", arity - 1,
                              ", but a data point gives it value ", table::JavaDouble(value), "."));
}

/// Bins in one vector a feature, of bytes or words.
template <class T>
class Binner {
 public:
  Binner(const Cuts& cuts, size_t rows) : cuts_(cuts), columns_(cuts.arity.size()) {
    for (size_t j = 0; j < columns_.size(); ++j) {
      const size_t zero = cuts_.arity[j] == 0 ? CountBelow(cuts_.thresholds[j], 0.0) : 0;
      columns_[j].assign(rows, static_cast<T>(zero));
    }
  }

  base::StatusOr<std::vector<std::vector<T>>> Run(const table::FeatureBlock& block) && {
    SOTERIA_RETURN_IF_ERROR(block.sparse ? AddSparse(block) : AddDense(block));
    return std::move(columns_);
  }

 private:
  base::Status Put(size_t row, size_t feature, double value) {
    const int32_t arity = cuts_.arity[feature];
    if (arity == 0) {
      columns_[feature][row] = static_cast<T>(CountBelow(cuts_.thresholds[feature], value));
      return base::OkStatus();
    }
    if (!(value >= 0 && value < arity) || std::trunc(value) != value) {
      return NoCategory(feature, arity, value);
    }
    columns_[feature][row] = static_cast<T>(value);
    return base::OkStatus();
  }

  /// A cache line of each row at a time.
  base::Status AddDense(const table::FeatureBlock& block) {
    constexpr size_t kLine = 8;
    const auto rows = static_cast<size_t>(block.rows);
    const size_t cols = columns_.size();
    for (size_t first = 0; first < cols; first += kLine) {
      const size_t end = std::min(cols, first + kLine);
      for (size_t i = 0; i < rows; ++i) {
        for (size_t j = first; j < end; ++j) {
          SOTERIA_RETURN_IF_ERROR(Put(i, j, block.dense[i * cols + j]));
        }
      }
    }
    return base::OkStatus();
  }

  base::Status AddSparse(const table::FeatureBlock& block) {
    for (size_t i = 0; i < static_cast<size_t>(block.rows); ++i) {
      const auto end = static_cast<size_t>(block.row_ptr[i + 1]);
      for (auto k = static_cast<size_t>(block.row_ptr[i]); k < end; ++k) {
        SOTERIA_RETURN_IF_ERROR(Put(i, static_cast<size_t>(block.col[k]), block.val[k]));
      }
    }
    return base::OkStatus();
  }

  const Cuts& cuts_;
  std::vector<std::vector<T>> columns_;
};

template <class T, class ArrowArray>
base::Status AppendBins(const table::FeatureBlock& block, const Cuts& cuts,
                        const std::shared_ptr<arrow::DataType>& type, arrow::FieldVector& fields,
                        arrow::ArrayVector& arrays) {
  SOTERIA_ASSIGN_OR_RETURN(std::vector<std::vector<T>> columns,
                           Binner<T>(cuts, static_cast<size_t>(block.rows)).Run(block));
  for (size_t j = 0; j < columns.size(); ++j) {
    fields.push_back(arrow::field(base::Cat("f", j), type, false));
    arrays.push_back(ColumnOf<T, ArrowArray>(std::move(columns[j])));
  }
  return base::OkStatus();
}

template <class ArrowArray>
base::StatusOr<const typename ArrowArray::value_type*> ValuesOf(const arrow::Table& table,
                                                                int column) {
  const std::shared_ptr<arrow::Array>& array = table.column(column)->chunk(0);
  const auto* typed = dynamic_cast<const ArrowArray*>(array.get());
  if (typed == nullptr || array->null_count() != 0) return Malformed("type of a column");
  return typed->raw_values();
}

template <class T>
bool AllBelow(const T* values, size_t n, uint32_t limit) {
  T most = 0;  // by values, not by std::max's references, so that it is done many at a time
  for (size_t i = 0; i < n; ++i) most = values[i] > most ? values[i] : most;
  return n == 0 || most < limit;
}

}  // namespace

void Source::Write(base::FieldWriter& w) const {
  w.Add(columns.features);
  WriteOptional(w, columns.label);
  WriteOptional(w, columns.weight);
  WriteOptional(w, held_out);
}

base::StatusOr<Source> Source::Read(base::FieldReader& r) {
  Source source;
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view features, r.Next());
  source.columns.features = std::string(features);
  SOTERIA_ASSIGN_OR_RETURN(source.columns.label, ReadOptional(r));
  SOTERIA_ASSIGN_OR_RETURN(source.columns.weight, ReadOptional(r));
  SOTERIA_ASSIGN_OR_RETURN(source.held_out, ReadOptional(r));
  return source;
}

base::StatusOr<Input> InputOf(const Part& part, const std::optional<Source>& source) {
  Input input;
  if (!source) {
    SOTERIA_ASSIGN_OR_RETURN(input.block, FeaturesOf(part));
  } else {
    SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* table, RowsOf(part));
    SOTERIA_ASSIGN_OR_RETURN(table::FeatureBlock block,
                             table::MakeFeatureBlock(*table, source->columns));
    input.owned = std::make_shared<const table::FeatureBlock>(std::move(block));
    input.block = input.owned.get();
    if (source->held_out) {
      SOTERIA_ASSIGN_OR_RETURN(const Numbers held, ReadNumbers(*table, *source->held_out));
      // MLlib filters by the column and by its negation: a null is on neither side.
      for (const double value : held.values) {
        input.held.push_back(std::isnan(value) ? kNeither : value == 1.0 ? kHeldOut : kTrained);
      }
    }
  }
  if (input.block->label.size() != static_cast<size_t>(input.block->rows)) {
    return base::Fail(base::kInternal, "trees: a block without labels");
  }
  return input;
}

table::VectorView RowOf(const table::FeatureBlock& block, size_t row) {
  table::VectorView view;
  view.size = static_cast<int32_t>(block.cols);
  view.dense = !block.sparse;
  const auto cols = static_cast<size_t>(block.cols);
  if (view.dense) {
    view.values = {block.dense.data() + row * cols, cols};
    return view;
  }
  const auto first = static_cast<size_t>(block.row_ptr[row]);
  const auto count = static_cast<size_t>(block.row_ptr[row + 1]) - first;
  view.indices = {block.col.data() + first, count};
  view.values = {block.val.data() + first, count};
  return view;
}

std::vector<uint16_t> Bagging::Draw(uint64_t partition, size_t rows) const {
  const auto columns = static_cast<size_t>(trees);
  std::vector<uint16_t> draws(rows * columns, 0);
  const auto from = static_cast<int64_t>(static_cast<uint64_t>(seed) + partition + 1);
  if (with_replacement) {
    table::PoissonSampler poisson(rate, from);
    for (uint16_t& draw : draws) {
      draw = static_cast<uint16_t>(std::min<int64_t>(poisson.Next(), UINT16_MAX));
    }
  } else {
    table::XorShiftRandom random(from);
    for (uint16_t& draw : draws) draw = random.NextDouble() < rate ? 1 : 0;
  }
  return draws;
}

void Bagging::Write(base::FieldWriter& w) const {
  w.AddI64(trees).AddBool(with_replacement).AddDouble(rate).AddI64(seed);
}

base::StatusOr<Bagging> Bagging::Read(base::FieldReader& r) {
  Bagging bagging;
  SOTERIA_ASSIGN_OR_RETURN(const int64_t trees, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(bagging.with_replacement, r.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(bagging.rate, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(bagging.seed, r.NextI64());
  if (trees < 1 || trees > kTreesMax || !(bagging.rate > 0 && bagging.rate <= 1)) {
    return Malformed("bagging");
  }
  bagging.trees = static_cast<int32_t>(trees);
  return bagging;
}

void Cuts::Write(base::FieldWriter& w) const {
  w.AddU64(arity.size());
  for (size_t j = 0; j < arity.size(); ++j) {
    w.AddI64(arity[j]).Add(stats::PackDoubles(thresholds[j]));
  }
}

base::StatusOr<Cuts> Cuts::Read(base::FieldReader& r) {
  Cuts cuts;
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t features, r.NextU64());
  if (features == 0 || features > kFeaturesMax) return Malformed("number of features");
  for (uint64_t j = 0; j < features; ++j) {
    SOTERIA_ASSIGN_OR_RETURN(const int64_t arity, r.NextI64());
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed, r.Next());
    SOTERIA_ASSIGN_OR_RETURN(std::vector<double> thresholds, stats::UnpackDoubles(packed));
    if (arity < 0 || arity > UINT16_MAX || thresholds.size() >= UINT16_MAX ||
        !std::is_sorted(thresholds.begin(), thresholds.end())) {
      return Malformed("cuts");
    }
    cuts.arity.push_back(static_cast<int32_t>(arity));
    cuts.thresholds.push_back(std::move(thresholds));
  }
  return cuts;
}

base::StatusOr<StepPtr> BinStep::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(std::optional<Source> source, ReadSource(r));
  SOTERIA_ASSIGN_OR_RETURN(Cuts cuts, Cuts::Read(r));
  SOTERIA_ASSIGN_OR_RETURN(const Bagging bagging, Bagging::Read(r));
  SOTERIA_ASSIGN_OR_RETURN(const bool signs, r.NextBool());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return std::make_unique<BinStep>(std::move(source), std::move(cuts), bagging, signs);
}

std::string BinStep::Encode() const {
  base::FieldWriter w;
  WriteSource(w, source_);
  cuts_.Write(w);
  bagging_.Write(w);
  w.AddBool(signs_);
  return w.Take();
}

std::shared_ptr<arrow::Array> BagColumn(std::vector<uint16_t> draws) {
  return ColumnOf<uint16_t, arrow::UInt16Array>(std::move(draws));
}

base::StatusOr<std::shared_ptr<arrow::Table>> BinStep::Next(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const Input input, InputOf(part, source_));
  const table::FeatureBlock& block = *input.block;
  if (block.rows > 0 && static_cast<size_t>(block.cols) != cuts_.arity.size()) {
    return RowFailure("Vectors of unequal length.");
  }
  const auto rows = static_cast<size_t>(block.rows);
  std::vector<double> label(block.label), weight(rows);
  std::vector<uint8_t> held(rows, 0);
  std::vector<size_t> drawn;  // rows that are drawn from
  for (size_t i = 0; i < rows; ++i) {
    if (signs_) label[i] = label[i] * 2 - 1;
    weight[i] = input.weight(i);
    held[i] = input.use(i);
    if (held[i] == kTrained) drawn.push_back(i);
  }
  using arrow::field;
  arrow::FieldVector fields = {
      field("label", arrow::float64(), false),      field("weight", arrow::float64(), false),
      field("held", arrow::uint8(), false),         field("partition", arrow::int32(), false),
      field("prediction", arrow::float64(), false), field("target", arrow::float64(), false)};
  const std::shared_ptr<arrow::Array> labels = DoubleArray(std::move(label));
  arrow::ArrayVector arrays = {labels,
                               DoubleArray(std::move(weight)),
                               ColumnOf<uint8_t, arrow::UInt8Array>(std::move(held)),
                               ColumnOf<int32_t, arrow::Int32Array>(std::vector<int32_t>(
                                   rows, static_cast<int32_t>(part.partition))),
                               DoubleArray(std::vector<double>(rows, 0.0)),
                               labels};
  if (!bagging_.all_rows()) {
    const std::vector<uint16_t> draws = bagging_.Draw(part.partition, drawn.size());
    const auto trees = static_cast<size_t>(bagging_.trees);
    for (size_t t = 0; t < trees; ++t) {
      std::vector<uint16_t> bag(rows, 0);
      for (size_t i = 0; i < drawn.size(); ++i) bag[drawn[i]] = draws[i * trees + t];
      fields.push_back(field(base::Cat("bag", t), arrow::uint16(), false));
      arrays.push_back(BagColumn(std::move(bag)));
    }
  }
  const bool bytes = std::all_of(
      cuts_.thresholds.begin(), cuts_.thresholds.end(),
      [](const std::vector<double>& thresholds) { return thresholds.size() < kByteBins; });
  const bool small = std::all_of(cuts_.arity.begin(), cuts_.arity.end(), [](int32_t arity) {
    return static_cast<size_t>(arity) <= kByteBins;
  });
  if (bytes && small) {
    SOTERIA_RETURN_IF_ERROR(
        (AppendBins<uint8_t, arrow::UInt8Array>(block, cuts_, arrow::uint8(), fields, arrays)));
  } else {
    SOTERIA_RETURN_IF_ERROR(
        (AppendBins<uint16_t, arrow::UInt16Array>(block, cuts_, arrow::uint16(), fields, arrays)));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(arrays),
                            static_cast<int64_t>(rows));
}

base::StatusOr<RoutePtr> GatherRoute::Decode(std::string_view bytes) {
  if (!bytes.empty()) return Malformed("a gathering route has no parameters");
  return std::make_unique<GatherRoute>();
}

base::StatusOr<std::vector<std::shared_ptr<arrow::Table>>> GatherRoute::Split(
    const Part& part, uint64_t targets) const {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* table, RowsOf(part));
  return std::vector<std::shared_ptr<arrow::Table>>(targets, table->Slice(0));
}

base::StatusOr<Rows> Rows::Of(const Part& part, std::span<const int32_t> bins) {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* given, RowsOf(part));
  const auto columns = static_cast<size_t>(given->num_columns());
  if (columns < kHeadColumns + bins.size()) return Malformed("number of columns");
  Rows rows;
  rows.size_ = static_cast<size_t>(given->num_rows());
  const bool whole = std::all_of(given->columns().begin(), given->columns().end(),
                                 [](const auto& column) { return column->num_chunks() == 1; });
  if (whole) {  // as exchanges and steps make it
    rows.table_ = std::shared_ptr<const arrow::Table>(std::shared_ptr<void>(), given);
  } else {
    SOTERIA_ARROW_ASSIGN(rows.table_, given->CombineChunks());
  }
  const size_t first_bin = columns - bins.size();
  if (rows.size_ == 0) {
    rows.bags_.assign(first_bin - kHeadColumns, nullptr);
    rows.bins_.resize(bins.size());
    return rows;
  }
  const arrow::Table& table = *rows.table_;
  SOTERIA_ASSIGN_OR_RETURN(rows.label_, ValuesOf<arrow::DoubleArray>(table, kLabelColumn));
  SOTERIA_ASSIGN_OR_RETURN(rows.weight_, ValuesOf<arrow::DoubleArray>(table, kWeightColumn));
  SOTERIA_ASSIGN_OR_RETURN(rows.held_, ValuesOf<arrow::UInt8Array>(table, kHeldColumn));
  SOTERIA_ASSIGN_OR_RETURN(rows.partition_, ValuesOf<arrow::Int32Array>(table, kPartitionColumn));
  SOTERIA_ASSIGN_OR_RETURN(rows.prediction_,
                           ValuesOf<arrow::DoubleArray>(table, kPredictionColumn));
  SOTERIA_ASSIGN_OR_RETURN(rows.target_, ValuesOf<arrow::DoubleArray>(table, kTargetColumn));
  for (size_t c = kHeadColumns; c < first_bin; ++c) {
    SOTERIA_ASSIGN_OR_RETURN(rows.bags_.emplace_back(),
                             ValuesOf<arrow::UInt16Array>(table, static_cast<int>(c)));
  }
  for (size_t j = 0; j < bins.size(); ++j) {
    const auto column = static_cast<int>(first_bin + j);
    const auto limit = static_cast<uint32_t>(bins[j]);
    BinColumn& bin = rows.bins_.emplace_back();
    bool below = false;
    if (table.field(column)->type()->id() == arrow::Type::UINT8) {
      SOTERIA_ASSIGN_OR_RETURN(bin.bytes, ValuesOf<arrow::UInt8Array>(table, column));
      below = AllBelow(bin.bytes, rows.size_, limit);
    } else {
      SOTERIA_ASSIGN_OR_RETURN(bin.words, ValuesOf<arrow::UInt16Array>(table, column));
      below = AllBelow(bin.words, rows.size_, limit);
    }
    if (!below) return Malformed("a bin is out of range");
  }
  return rows;
}

}  // namespace soteria::ml::tree
