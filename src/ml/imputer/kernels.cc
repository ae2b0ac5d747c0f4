#include "src/ml/imputer/kernels.h"

#include <arrow/table.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/string_indexer/kernels.h"
#include "src/ml/text_counts.h"
#include "src/table/quantiles.h"

namespace soteria::ml {

class SurrogatesKernel::Column {
 public:
  virtual ~Column() = default;
  virtual base::Status Add(double value) = 0;
  virtual base::Status Done() { return base::OkStatus(); }
  virtual void Write(base::FieldWriter& out) const = 0;
  virtual base::Status Take(base::FieldReader& in) = 0;
  virtual double Value() const = 0;
};

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

class Mean : public SurrogatesKernel::Column {
 public:
  base::Status Add(double value) override {
    sum_ += value;
    ++count_;
    return base::OkStatus();
  }
  void Write(base::FieldWriter& out) const override { out.AddDouble(sum_).AddU64(count_); }
  base::Status Take(base::FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(const double sum, in.NextDouble());
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in.NextU64());
    sum_ += sum;
    count_ += count;
    return base::OkStatus();
  }
  double Value() const override { return count_ == 0 ? kNone : sum_ / static_cast<double>(count_); }

 private:
  double sum_ = 0;
  uint64_t count_ = 0;
};

class Median : public SurrogatesKernel::Column {
 public:
  explicit Median(double relative_error) : error_(relative_error), sketch_(relative_error) {}
  base::Status Add(double value) override { return sketch_.Insert(value); }
  base::Status Done() override { return sketch_.Compress(); }
  void Write(base::FieldWriter& out) const override { sketch_.Write(out); }
  base::Status Take(base::FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(table::QuantileSketch more, table::QuantileSketch::Read(error_, in));
    if (!std::exchange(any_, true)) {
      sketch_ = std::move(more);
      return base::OkStatus();
    }
    return sketch_.Merge(more);
  }
  double Value() const override {
    const double half = 0.5;
    const std::vector<double> found = sketch_.Query({&half, 1});
    return found.empty() ? kNone : found[0];
  }

 private:
  double error_;
  bool any_ = false;
  table::QuantileSketch sketch_;
};

class Mode : public SurrogatesKernel::Column {
 public:
  base::Status Add(double value) override { return AddMany(value + 0.0, 1); }
  void Write(base::FieldWriter& out) const override {
    out.AddU64(counts_.size());
    for (const auto& [value, count] : counts_) out.AddDouble(value).AddU64(count);
  }
  base::Status Take(base::FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(uint64_t left, in.NextU64());
    for (; left > 0; --left) {
      SOTERIA_ASSIGN_OR_RETURN(const double value, in.NextDouble());
      SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in.NextU64());
      if (std::isnan(value)) return base::Fail(base::kProtocol, "imputer: a value is NaN");
      SOTERIA_RETURN_IF_ERROR(AddMany(value, count));
    }
    return base::OkStatus();
  }
  double Value() const override {  // of equally frequent ones the least
    double value = kNone;
    uint64_t most = 0;
    for (const auto& [each, count] : counts_) {
      if (count <= most) continue;
      most = count;
      value = each;
    }
    return value;
  }

 private:
  base::Status AddMany(double value, uint64_t count) {
    counts_[value] += count;
    if (counts_.size() <= kTextsMax) return base::OkStatus();
    return base::Fail(base::kMemoryLimit,
                      base::Cat("A column holds more than ", kTextsMax, " different values"));
  }

  std::map<double, uint64_t> counts_;
};

}  // namespace

std::vector<std::unique_ptr<SurrogatesKernel::Column>> SurrogatesKernel::NewColumns() const {
  std::vector<std::unique_ptr<Column>> columns;
  for (size_t i = 0; i < columns_.size(); ++i) {
    switch (by_) {
      case ImputeBy::kMean:
        columns.push_back(std::make_unique<Mean>());
        break;
      case ImputeBy::kMedian:
        columns.push_back(std::make_unique<Median>(relative_error_));
        break;
      case ImputeBy::kMode:
        columns.push_back(std::make_unique<Mode>());
        break;
    }
  }
  return columns;
}

base::StatusOr<KernelPtr> SurrogatesKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t by, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const double missing, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(const double error, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view packed, r.Next());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(std::vector<std::string> columns, DecodeColumns(packed));
  if (by > static_cast<uint64_t>(ImputeBy::kMode) || !(error >= 0 && error <= 1)) {
    return base::Fail(base::kProtocol, "imputer: a parameter out of range");
  }
  return KernelPtr(std::make_unique<SurrogatesKernel>(static_cast<ImputeBy>(by), missing, error,
                                                      std::move(columns)));
}

std::string SurrogatesKernel::Encode() const {
  base::FieldWriter w;
  w.AddU64(static_cast<uint64_t>(by_)).AddDouble(missing_).AddDouble(relative_error_);
  w.Add(EncodeColumns(columns_));
  return w.Take();
}

base::StatusOr<std::string> SurrogatesKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* rows, RowsOf(part));
  base::FieldWriter w;
  const auto columns = NewColumns();
  for (size_t i = 0; i < columns_.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const Numbers numbers, ReadNumbers(*rows, columns_[i]));
    for (const double value : numbers.values) {
      if (std::isnan(value) || value == missing_) continue;
      SOTERIA_RETURN_IF_ERROR(columns[i]->Add(value));
    }
    SOTERIA_RETURN_IF_ERROR(columns[i]->Done());
    columns[i]->Write(w);
  }
  return w.Take();
}

base::StatusOr<std::string> SurrogatesKernel::Merge(std::vector<std::string> children) const {
  if (children.empty()) return base::Fail(base::kProtocol, "imputer: nothing to merge");
  const auto columns = NewColumns();
  for (std::string& child : children) {
    base::FieldReader r(child);
    for (const auto& column : columns) SOTERIA_RETURN_IF_ERROR(column->Take(r));
    SOTERIA_RETURN_IF_ERROR(r.Finish());
    child = std::string();
  }
  base::FieldWriter w;
  for (const auto& column : columns) column->Write(w);
  return w.Take();
}

base::StatusOr<std::vector<double>> SurrogatesKernel::Read(std::string_view partial) const {
  std::vector<double> values;
  base::FieldReader r(partial);
  for (const auto& column : NewColumns()) {
    SOTERIA_RETURN_IF_ERROR(column->Take(r));
    values.push_back(column->Value());
  }
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return values;
}

}  // namespace soteria::ml
