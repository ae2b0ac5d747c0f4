// Whose rows a plan's rows are: which data sets and trees a release about them is debited from, and
// whether its rows can be counted as theirs. Files that a job wrote say it in their tree's sealed
// index; rows that a script brought belong to nobody. Pure functions; any thread.
#pragma once

#include <string>
#include <vector>

#include "src/dataflow/recipe.h"
#include "src/storage/format.h"

namespace soteria::master {

using dataflow::DataBehind;

DataBehind BehindOf(const dataflow::Recipe& recipe);

/// Of files of a tree of this id.
dataflow::RowOrigins OriginsOf(const std::string& tree_id,
                               const std::vector<const storage::FileEntry*>& files);

/// Of rows that a reader of this format, not Parquet, makes of them: a row is a line, so that rows
/// of one line each are nobody's that can be counted where a job chose the lines, or where a file's
/// name doesn't say that its lines are records of the format.
dataflow::RowOrigins OriginsOfText(const std::string& tree_id, const std::string& format,
                                   const std::vector<const storage::FileEntry*>& files);

/// What the files of one write are marked with that holds these rows.
storage::Origin OriginOfWrite(const DataBehind& behind, std::string write);

}  // namespace soteria::master
