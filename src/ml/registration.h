// How an algorithm makes itself known: one Algorithm value for each folder, listed in catalog.cc.
// Private to ml.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/estimator.h"
#include "src/ml/kernel.h"
#include "src/ml/param.h"

namespace soteria::ml {

/// One MLlib class. Which functions are there follows from info->kind.
struct ClassEntry {
  const ClassInfo* info = nullptr;
  /// Names other than info->name under which Python asks for it.
  std::vector<std::string> aliases;

  std::unique_ptr<const Estimator> (*estimator)(Params) = nullptr;
  /// Stateless transformers.
  std::shared_ptr<const Transformer> (*transformer)(Params) = nullptr;
  std::unique_ptr<const Evaluator> (*evaluator)(Params) = nullptr;

  // Models: from the bytes of EncodeData, and to and from the table of MLlib's data folder.
  base::StatusOr<std::shared_ptr<const Model>> (*decode)(Params, std::string_view) = nullptr;
  base::StatusOr<std::shared_ptr<arrow::Table>> (*to_table)(const Transformer&) = nullptr;
  base::StatusOr<std::shared_ptr<const Model>> (*from_table)(Params, const arrow::Table&) = nullptr;
};

struct KernelEntry {
  std::string_view kind;
  base::StatusOr<KernelPtr> (*decode)(std::string_view) = nullptr;
};

struct RowKernelEntry {
  std::string_view kind;
  base::StatusOr<RowKernelPtr> (*decode)(std::string_view) = nullptr;
};

struct Algorithm {
  std::vector<ClassEntry> classes;
  std::vector<KernelEntry> kernels;
  std::vector<RowKernelEntry> row_kernels;
};

/// By name or alias; null when there is none.
const ClassEntry* FindEntry(std::string_view class_name);

}  // namespace soteria::ml
