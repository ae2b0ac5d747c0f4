#include "src/worker/stage_kernel.h"

#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <utility>

#include "src/base/errors.h"
#include "src/exec/aggregate.h"
#include "src/exec/partition.h"
#include "src/exec/row_cells.h"
#include "src/formats/formats.h"
#include "src/ml/kernel.h"

namespace soteria::worker {
namespace {

constexpr char kAggregateKind[] = "exec.aggregate";
constexpr char kCellsKind[] = "exec.cells";
constexpr char kKeySampleKind[] = "exec.key_sample";

base::Status NeedsTable() {
  return base::Fail(base::kProtocol, "a kernel over rows was sent to feature blocks");
}

/// exec's own: an Aggregate, RowCells or a KeySample.
template <class Kernel>
class ExecKernel : public StageKernel {
 public:
  explicit ExecKernel(Kernel kernel) : kernel_(std::move(kernel)) {}
  base::StatusOr<std::string> Map(const Block& block, uint64_t partition, uint64_t) const override {
    if (block.table == nullptr) return NeedsTable();
    return kernel_.Map(*block.table, partition);
  }
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override {
    return kernel_.Merge(children);
  }

 private:
  Kernel kernel_;
};

/// Parts of a schema: a block has one row, its file's.
class SchemaKernel : public StageKernel {
 public:
  explicit SchemaKernel(formats::Pass pass) : pass_(std::move(pass)) {}
  base::StatusOr<std::string> Map(const Block& block, uint64_t, uint64_t) const override {
    if (block.table == nullptr) return NeedsTable();
    const arrow::Table& table = *block.table;
    if (table.num_columns() != 1 || table.num_rows() != 1 ||
        table.column(0)->type()->id() != arrow::Type::BINARY) {
      return base::Fail(base::kProtocol, "a block isn't a part of a schema");
    }
    for (const auto& chunk : table.column(0)->chunks()) {
      if (chunk->length() == 0) continue;
      return std::string(static_cast<const arrow::BinaryArray&>(*chunk).GetView(0));
    }
    return base::Fail(base::kProtocol, "a block isn't a part of a schema");
  }
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override {
    return formats::MergeShares(pass_, children);
  }

 private:
  const formats::Pass pass_;
};

class MlKernel : public StageKernel {
 public:
  explicit MlKernel(ml::KernelPtr kernel) : kernel_(std::move(kernel)) {}
  base::StatusOr<std::string> Map(const Block& block, uint64_t partition,
                                  uint64_t partitions) const override {
    return kernel_->Map({block.table.get(), block.features.get(), partition, partitions});
  }
  base::StatusOr<std::string> Merge(std::vector<std::string> children) const override {
    return kernel_->Merge(std::move(children));
  }

 private:
  ml::KernelPtr kernel_;
};

template <class T, class... A>
std::shared_ptr<const StageKernel> Make(A&&... arguments) {
  return std::make_shared<const T>(std::forward<A>(arguments)...);
}

}  // namespace

base::StatusOr<std::shared_ptr<const StageKernel>> DecodeStageKernel(
    const dataflow::OperatorBytes& kernel) {
  if (kernel.kind == kAggregateKind) {
    SOTERIA_ASSIGN_OR_RETURN(exec::Aggregate aggregate, exec::Aggregate::Decode(kernel.bytes));
    return Make<ExecKernel<exec::Aggregate>>(std::move(aggregate));
  }
  if (kernel.kind == kCellsKind) {
    SOTERIA_ASSIGN_OR_RETURN(exec::RowCells cells, exec::RowCells::Decode(kernel.bytes));
    return Make<ExecKernel<exec::RowCells>>(std::move(cells));
  }
  if (kernel.kind == kKeySampleKind) {
    SOTERIA_ASSIGN_OR_RETURN(exec::KeySample sample, exec::KeySample::Decode(kernel.bytes));
    return Make<ExecKernel<exec::KeySample>>(std::move(sample));
  }
  if (kernel.kind == formats::kSchemaKernel) {
    SOTERIA_ASSIGN_OR_RETURN(formats::Pass pass, formats::DecodePass(kernel.bytes));
    return Make<SchemaKernel>(std::move(pass));
  }
  SOTERIA_ASSIGN_OR_RETURN(ml::KernelPtr decoded, ml::DecodeKernel(kernel.kind, kernel.bytes));
  return Make<MlKernel>(std::move(decoded));
}

}  // namespace soteria::worker
