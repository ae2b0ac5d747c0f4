// In which parts large files of text are read, as Spark cuts them: each file from its front, every
// so many bytes. How many parts there are a script can see, in what it writes; so where no rows may
// leave, sizes are told in steps only, of what the owner put, and of what a job wrote not at all.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/dataflow/recipe.h"
#include "src/master/tree_table.h"
#include "src/plan/logical.h"
#include "src/storage/tree.h"

namespace soteria::master {

/// How a table's files are cut.
struct Cut {
  std::string format;
  std::string reader;  // its options as bytes
  uint64_t part_bytes = plan::kPartBytesDefault;
  bool rows = false;  // whether rows may leave
};

/// The range of each part of a file of so many plain bytes, in order: one that is whole() where it
/// isn't cut. kUnsupported for more than a recipe's partitions.
base::StatusOr<std::vector<dataflow::FileRange>> PartsOf(const storage::FileEntry& file,
                                                         uint64_t bytes, const Cut& cut);

/// The files of the table, each as often as it has parts, and their ranges.
base::Status CutFiles(const storage::Tree& tree, const Cut& cut, TreeTable* table);

}  // namespace soteria::master
