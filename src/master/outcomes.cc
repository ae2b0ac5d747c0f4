#include "src/master/outcomes.h"

#include <algorithm>
#include <string>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/conditions.h"
#include "src/formats/conditions.h"
#include "src/master/statistics_process.h"
#include "src/master/tree_table.h"
#include "src/table/conditions.h"

namespace soteria::master {
namespace {

struct Class {
  base::Condition condition;
  const char* sentence;
};

/// Names and exceptions are Spark's or ours; a script can match on them as ever.
const Class kClasses[] = {
    {base::kDivideByZero, "a division by zero"},
    {exec::kRemainderByZero, "a remainder of a division by zero"},
    {base::kOverflow, "a number is out of range"},
    {exec::kBinaryOverflow, "a number is out of range"},
    {base::kCastInvalid, "a value can't be cast"},
    {exec::kCastInvalidBoolean, "a value can't be cast"},
    {exec::kCastInvalidDate, "a value can't be cast"},
    {base::kCastOverflow, "a value is out of the range of a cast"},
    {exec::kStoredOverflow, "a value is out of the range of a table's column"},
    {base::kArrayIndex, "an index is out of an array's bounds"},
    {exec::kElementAtIndex, "an index is out of an array's bounds"},
    {exec::kIndexOfZero, "an index is 0"},
    {exec::kEscapeAtTheEnd, "a pattern ends in an escape"},
    {exec::kEscapeInTheMiddle, "a pattern escapes what needs none"},
    {base::kUserRaised, "the expression or algorithm refuses its input"},
    {base::kIllegalArgument, "the algorithm refuses its input"},
    {base::kDatatypeMismatch, "the types of the data don't fit"},
    {base::kAnalysis, "the operation doesn't fit the data"},
    {base::kUnsupported, "something in the data isn't supported"},
    {base::kMlUnsupported, "something in the data isn't supported"},
    {base::kMlAttribute, "the model or summary has no such attribute"},
    {base::kMlCache, "the session holds as many models as it may, or no longer has this one"},
    {{"FAILED_EXECUTE_UDF", base::exception_class::kSpark, "39000",
      absl::StatusCode::kInvalidArgument},
     "the algorithm refuses its input"},
    {{"_LEGACY_ERROR_TEMP", "java.lang.RuntimeException", "", absl::StatusCode::kInvalidArgument},
     "the algorithm refuses its input"},
    {base::kUnresolvedColumn, "a column isn't there"},
    {table::kUnresolvedNoSuggestion, "a column isn't there"},
    {base::kFieldNotFound, "a column isn't there"},
    {table::kFileTypeMismatch, "a file of the folder has a column of another type"},
    {table::kFailedReadFile, "a file of the folder can't be read"},
    {formats::kMalformedCsv, "a file of the folder can't be read"},
    {table::kColumnExists, "files have two columns of one name"},
    {table::kCannotReadFooter, "a file of the folder can't be read"},
    {kCannotInferSchema, "no file of the folder holds rows"},
    {kCannotMergeSchemas, "files of the folder have columns that don't go together"},
    {base::kInput, "the data can't be used"},
    {base::kProtocol, "a file isn't what it should be"},
    {base::kMemoryLimit, "more memory than there may be"},
    {base::kCollectLimit, "a result larger than collect_bytes_max"},
    {base::kCipherLimit, "a key has sealed as much as it may"},
    {kStatistics, "the cluster's statistics process gave no value, or another than the enclave's"},
    {base::kNotInManifest,
     "a release that [statistics] doesn't allow, or that a data set's budget has too little left "
     "for: raise budget in [statistics]"},
};

const base::Condition* const kOfTheHost[] = {
    &base::kIntegrity,  &base::kRolledBack,     &base::kEvidence,
    &base::kAttempts,   &base::kWorkerLost,     &base::kMasterLost,
    &base::kCancelled,  &base::kStageFailed,    &base::kKey,
    &base::kIo,         &base::kConflict,       &base::kPathNotFound,
    &base::kPathExists, &base::kUnauthenticated};

}  // namespace

bool IsOfTheHost(const base::Status& failure) {
  return !base::QuotesData(failure) &&
         std::any_of(std::begin(kOfTheHost), std::end(kOfTheHost),
                     [&](const base::Condition* c) { return base::Is(failure, *c); });
}

base::Status AsOutcome(const base::Status& failure) {
  if (failure.ok() || IsOfTheHost(failure)) return failure;
  const std::string name = base::ConditionName(failure);
  const std::string exception = base::ExceptionName(failure);
  const auto found = std::find_if(std::begin(kClasses), std::end(kClasses), [&](const Class& c) {
    return name == c.condition.name && exception == c.condition.exception;
  });
  const bool listed = found != std::end(kClasses);
  return base::Fail(listed ? found->condition : base::kInternal,
                    base::Cat(listed ? found->sentence : "the work failed",
                              ". Its text may tell about data, which the Manifest doesn't let "
                              "out: add `rows = true` to [outputs] to see it"));
}

}  // namespace soteria::master
