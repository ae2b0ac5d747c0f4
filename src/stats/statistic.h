// A statistic as a question and its input: exactly what must leave the enclaves to compute it
// outside, and the one function that answers, linked into enclaves and into the untrusted
// statistics process alike. docs/formats/statistics.md has the bytes. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/errors.h"
#include "src/base/status.h"
#include "src/stats/exact_sums.h"

namespace soteria::stats {

/// Values travel and are recorded.
enum class StatisticKind : uint8_t {
  kBinary = 1,
  kMulticlass = 2,
  kRegression = 3,
  kSummary = 4,  // table_sums.h has the metrics of these
  kClasses = 5,
  kRanking = 6,  // this and the next always inside: they neither travel nor are in a Manifest
  kClustering = 7,
};

/// "binary", "multiclass", "regression", "summary" or "classes", as the Manifest has it; "ranking"
/// and "clustering", which it hasn't.
std::string_view KindName(StatisticKind kind);

/// What is asked: a metric of MLlib's evaluators or summaries, by its name there. Those of
/// summaries that give a number for each label end in "OfLabels" ("precisionOfLabels"); curves
/// ("roc", "precisionByThreshold") are their points' numbers, x and y in turn.
struct Statistic {
  StatisticKind kind = StatisticKind::kBinary;
  std::string metric;
  double beta = 1;              // F measures
  double label = 0;             // ...ByLabel
  int64_t bins = 0;             // binary: as numBins
  bool through_origin = false;  // r2
};

/// The input is a sum over rows (counts, moments), or the rows themselves without features,
/// identity or order: (score or prediction, label, weight) each, and for "logLoss" the loss.
enum class InputForm : uint8_t { kSums = 1, kRows = 2 };
struct Input {
  InputForm form = InputForm::kSums;
  std::string bytes;
};
inline constexpr size_t kNumbersOfRow = 4;

/// Errors: kProtocol for input that isn't one; those of MLlib
/// (an empty table, a label that no row has).
base::StatusOr<std::vector<double>> Compute(const Statistic& statistic, const Input& input);

/// One question with its input, for the statistics process. Errors: kProtocol.
struct Question {
  Statistic statistic;
  Input input;
};
std::string EncodeQuestion(const Question& question);
base::StatusOr<Question> DecodeQuestion(std::string_view bytes);

/// The statistic must stay inside: a cell would be too small, or its values are rows' scores. Never
/// leaves an enclave.
inline constexpr base::Condition kStaysInside = {"SOTERIA.STAYS_INSIDE",
                                                 base::exception_class::kSpark, "",
                                                 absl::StatusCode::kFailedPrecondition};

/// A sum that may leave at the level `aggregate`.
struct Releasable {
  Input input;
  uint64_t rows = 0;
  uint64_t numbers = 0;  // how many the input holds: what it costs
};

/// Of the exact sum. What leaves are weights (of unweighted rows, their number), and no cell of it
/// is about fewer than `min_rows` rows that have weight: a score histogram of at most `bins` bins
/// merges neighbours until each label has none or enough in every bin, and says nothing of the
/// scores but their order; counts and moments that are too small have no neighbour: kStaysInside.
/// A number that isn't finite stays inside with all others. With bins, an area under the ROC curve
/// differs from the exact one by at most BinningBound.
base::StatusOr<Releasable> MakeReleasable(const Statistic& statistic, const ExactSums& exact,
                                          uint64_t min_rows, uint64_t bins);

/// Half the sum over bins of (share of the positive rows) * (share of the negative rows): the
/// largest difference that ordering rows within bins can make. Errors: kProtocol.
base::StatusOr<double> BinningBound(std::string_view sums);

}  // namespace soteria::stats
