#include "src/ml/lda/inference.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "src/base/errors.h"
#include "src/ml/columns.h"
#include "src/ml/lda/special.h"
#include "src/ml/random/mersenne_twister.h"
#include "src/stats/doubles.h"

namespace soteria::ml {
namespace {

using Lanes = double __attribute__((vector_size(32)));
constexpr size_t kLanes = 4;
constexpr size_t kWide = 4;                // lanes of a block
constexpr size_t kBlock = kWide * kLanes;  // terms of a block
constexpr double kTiny = 1e-100;
constexpr double kConverged = 1e-3;  // the mean change of gamma

size_t BlocksOf(size_t terms) { return (terms + kBlock - 1) / kBlock; }

/// The parts of Document::lanes.
struct Room {
  Room(table::AlignedDoubles& lanes, size_t k, size_t blocks)
      : theta(reinterpret_cast<Lanes*>(lanes.data())),
        sums(theta + k),
        counts(sums + k),
        rows(counts + blocks * kWide) {}
  static size_t SizeOf(size_t k, size_t blocks) {
    return (2 * k + blocks * kWide * (1 + k)) * kLanes;
  }

  Lanes* theta;   // each of k, in all lanes
  Lanes* sums;    // k
  Lanes* counts;  // kWide a block
  Lanes* rows;    // k times kWide a block
};

/// Norms by the theta so far, and of them the sums that make the next gamma.
void Pass(const Room& room, size_t k, size_t blocks, Lanes* norms) {
  for (size_t j = 0; j < k; ++j) room.sums[j] = Lanes{};
  for (size_t b = 0; b < blocks; ++b) {
    const Lanes* rows = room.rows + b * k * kWide;
    Lanes norm[kWide];
    for (size_t q = 0; q < kWide; ++q) norm[q] = Lanes{} + kTiny;
    for (size_t j = 0; j < k; ++j) {
      const Lanes theta = room.theta[j];
      for (size_t q = 0; q < kWide; ++q) norm[q] += theta * rows[j * kWide + q];
    }
    Lanes share[kWide];
    for (size_t q = 0; q < kWide; ++q) {
      share[q] = room.counts[b * kWide + q] / norm[q];
      norms[b * kWide + q] = norm[q];
    }
    for (size_t j = 0; j < k; ++j) {
      const Lanes* row = rows + j * kWide;
      room.sums[j] +=
          (share[0] * row[0] + share[1] * row[1]) + (share[2] * row[2] + share[3] * row[3]);
    }
  }
}

double SumOf(Lanes v) { return (v[0] + v[1]) + (v[2] + v[3]); }

}  // namespace

InferenceStart::InferenceStart(size_t k, int64_t seed) : gamma(k), theta(k) {
  GammaSampler sampler(kGammaShape, 1.0 / kGammaShape, seed);
  for (double& value : gamma) value = sampler.Next();
  ExpectedLogs(gamma.data(), k, theta.data());
  for (double& value : theta) value = std::exp(value);
}

Topics::Topics(std::vector<double> by_term, std::vector<double> alpha)
    : terms_(by_term.size() / alpha.size()),
      alpha_(std::move(alpha)),
      by_term_(std::move(by_term)) {}

void Topics::Document::Take(const table::FeatureBlock& block, size_t row) {
  ids.clear();
  counts.clear();
  const auto add = [this](int32_t id, double count) {
    if (count == 0) return;
    ids.push_back(id);
    counts.push_back(count);
  };
  if (block.sparse) {
    for (auto p = static_cast<size_t>(block.row_ptr[row]);
         p < static_cast<size_t>(block.row_ptr[row + 1]); ++p) {
      add(block.col[p], block.val[p]);
    }
    return;
  }
  const double* values = block.dense.data() + row * static_cast<size_t>(block.cols);
  for (int64_t j = 0; j < block.cols; ++j) add(static_cast<int32_t>(j), values[j]);
}

void Topics::Document::Take(const table::VectorView& vector) {
  ids.clear();
  counts.clear();
  for (size_t p = 0; p < vector.values.size(); ++p) {
    if (vector.values[p] == 0) continue;
    ids.push_back(vector.dense ? static_cast<int32_t>(p) : vector.indices[p]);
    counts.push_back(vector.values[p]);
  }
}

void Topics::Gather(Document& document) const {
  const size_t n = document.ids.size(), blocks = BlocksOf(n);
  document.norms.resize(blocks * kBlock);
  document.lanes.assign(Room::SizeOf(k(), blocks), 0.0);
  const Room room(document.lanes, k(), blocks);
  auto* counts = reinterpret_cast<double*>(room.counts);
  auto* rows = reinterpret_cast<double*>(room.rows);
  std::copy_n(document.counts.data(), n, counts);
  for (size_t i = 0; i < n; ++i) {
    const double* from = by_term_.data() + static_cast<size_t>(document.ids[i]) * k();
    double* to = rows + (i / kBlock) * k() * kBlock + i % kBlock;
    for (size_t j = 0; j < k(); ++j) to[j * kBlock] = from[j];
  }
}

base::Status Topics::Infer(const InferenceStart& start, Document& document) const {
  for (const int32_t id : document.ids) {
    if (static_cast<size_t>(id) >= terms_) {
      return base::Fail(base::kIllegalArgument,
                        "LDA: a document has terms that the vocabulary of the topics hasn't");
    }
  }
  document.gamma = start.gamma;
  document.theta = start.theta;
  Gather(document);
  const size_t blocks = BlocksOf(document.ids.size());
  const Room room(document.lanes, k(), blocks);
  auto* norms = reinterpret_cast<Lanes*>(document.norms.data());
  const auto pass = [&] {
    for (size_t j = 0; j < k(); ++j) room.theta[j] = Lanes{} + document.theta[j];
    Pass(room, k(), blocks, norms);
  };
  pass();
  for (int round = 0; round < kRoundsMax; ++round) {
    double change = 0;
    for (size_t j = 0; j < k(); ++j) {
      const double last = document.gamma[j];
      document.gamma[j] = document.theta[j] * SumOf(room.sums[j]) + alpha_[j];
      change += std::abs(document.gamma[j] - last);
    }
    ExpectedLogs(document.gamma.data(), k(), document.theta.data());
    for (double& value : document.theta) value = std::exp(value);
    pass();
    if (!(change / static_cast<double>(k()) > kConverged)) return base::OkStatus();
  }
  return base::Fail(base::kIllegalArgument, "LDA: the topics of a document do not converge");
}

void Topics::AddStatistics(const Document& document, double times,
                           std::vector<double>& by_term) const {
  for (size_t i = 0; i < document.ids.size(); ++i) {
    const double share = times * (document.counts[i] / document.norms[i]);
    double* to = by_term.data() + static_cast<size_t>(document.ids[i]) * k();
    for (size_t j = 0; j < k(); ++j) to[j] += share * document.theta[j];
  }
}

std::vector<double> ExpectedLogBeta(const std::vector<double>& topics, size_t k) {
  const size_t terms = topics.size() / k;
  std::vector<double> logs(terms), by_term(topics.size());
  for (size_t j = 0; j < k; ++j) {
    ExpectedLogs(topics.data() + j * terms, terms, logs.data());
    for (size_t w = 0; w < terms; ++w) by_term[w * k + j] = logs[w];
  }
  return by_term;
}

base::StatusOr<std::vector<double>> ReadEntries(base::FieldReader& r, size_t size) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, r.Next());
  if (size > kTopicEntriesMax || bytes.size() != size * sizeof(double)) {
    return base::Fail(base::kProtocol, "LDA: entries of another size");
  }
  return stats::UnpackDoubles(bytes);
}

}  // namespace soteria::ml
