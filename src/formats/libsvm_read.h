// LIBSVM's files: a label and the features that aren't 0 a line, "1 3:0.5 7:2". How many features
// there are is the largest index of all files unless the script says it. Pure functions; any
// thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/formats/csv_options.h"
#include "src/formats/file_part.h"
#include "src/formats/reader_rows.h"

namespace soteria::formats {

struct LibsvmReadOptions {
  int64_t features = 0;  // numFeatures; 0: as many as there are
  bool dense = false;    // vectorType
  std::string line_end;  // lineSep

  std::string Encode() const;
  static base::StatusOr<LibsvmReadOptions> Decode(std::string_view bytes);
};

base::StatusOr<LibsvmReadOptions> ParseLibsvmReadOptions(const OptionMap& options);

/// label double, features vector, with numFeatures in its metadata.
std::shared_ptr<arrow::Schema> LibsvmSchema(int64_t features);
/// Errors: kAnalysis for other columns.
base::Status CheckLibsvmSchema(const arrow::Schema& schema);

/// The largest index of the file and one; 0 for no rows.
base::StatusOr<int64_t> LibsvmFeatures(FilePart part, const LibsvmReadOptions& options);
base::StatusOr<std::shared_ptr<arrow::Table>> ReadLibsvm(FilePart part,
                                                         const LibsvmReadOptions& options,
                                                         const arrow::Schema& schema,
                                                         const Room& room = nullptr);

}  // namespace soteria::formats
