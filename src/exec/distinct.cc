#include "src/exec/distinct.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include "src/base/errors.h"
#include "src/exec/cell_bytes.h"
#include "src/exec/value_set.h"
#include "src/table/arrow_status.h"

namespace soteria::exec {
namespace {

class DistinctAccumulator final : public AccumulatorOf<DistinctAccumulator> {
 public:
  DistinctAccumulator(std::string function, std::shared_ptr<const Accumulator> of,
                      std::vector<TypePtr> types)
      : of_(std::move(of)), types_(std::move(types)), rows_(std::move(function)) {}

  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    std::string row;
    for (int64_t i = begin; i < end; ++i) {
      row.clear();
      for (const ArrayPtr& arg : args) WriteCell(*arg, i, Floats::kNormalised, row);
      SOTERIA_RETURN_IF_ERROR(rows_.Add(row));
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const DistinctAccumulator& later) { return rows_.Merge(later.rows_); }
  void Write(base::FieldWriter& out) const override {
    // How often doesn't matter, and must not tell two partials of the same rows apart.
    out.AddU64(rows_.cells().size());
    for (const std::string& row : rows_.cells()) out.Add(row);
  }
  base::Status Read(base::FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in.NextU64());
    for (uint64_t i = 0; i < count; ++i) {
      SOTERIA_ASSIGN_OR_RETURN(const std::string_view row, in.Next());
      SOTERIA_RETURN_IF_ERROR(rows_.Add(row));
    }
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders;
    for (const TypePtr& type : types_) {
      SOTERIA_ARROW_ASSIGN(builders.emplace_back(), arrow::MakeBuilder(type));
    }
    for (const std::string& row : rows_.cells()) {
      std::string_view rest = row;
      for (const auto& builder : builders) SOTERIA_RETURN_IF_ERROR(ReadCell(rest, *builder));
      if (!rest.empty()) return base::Fail(base::kProtocol, "Aggregate: not a row of arguments");
    }
    ArrayList args;
    for (const auto& builder : builders) {
      SOTERIA_ARROW_ASSIGN(args.emplace_back(), builder->Finish());
    }
    const AccumulatorPtr of = of_->New();
    SOTERIA_RETURN_IF_ERROR(of->Update(args, 0, static_cast<int64_t>(rows_.cells().size())));
    return of->Finish(out);
  }

 private:
  std::shared_ptr<const Accumulator> of_;
  std::vector<TypePtr> types_;
  ValueSet rows_;
};

}  // namespace

AccumulatorPtr Distinct(std::string function, AccumulatorPtr of, std::vector<TypePtr> args) {
  return std::make_unique<DistinctAccumulator>(std::move(function), std::move(of), std::move(args));
}

}  // namespace soteria::exec
