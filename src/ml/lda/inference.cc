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
constexpr double kTiny = 1e-100;
constexpr double kConverged = 1e-3;  // the mean change of gamma

const Lanes* LanesOf(const double* values) { return reinterpret_cast<const Lanes*>(values); }

double SumOf(Lanes v) { return (v[0] + v[1]) + (v[2] + v[3]); }

/// Of four rows: their products with `theta` and the norms, and what they add to the sums.
Lanes FourRows(const double* const rows[kLanes], const double* theta, Lanes counts, size_t stride,
               double* sums) {
  Lanes products[kLanes] = {};
  for (size_t j = 0; j < stride; j += kLanes) {
    const Lanes t = *LanesOf(theta + j);
    for (size_t r = 0; r < kLanes; ++r) products[r] += t * *LanesOf(rows[r] + j);
  }
  const Lanes norms =
      Lanes{SumOf(products[0]), SumOf(products[1]), SumOf(products[2]), SumOf(products[3])} + kTiny;
  const Lanes shares = counts / norms;
  for (size_t j = 0; j < stride; j += kLanes) {
    auto& sum = *reinterpret_cast<Lanes*>(sums + j);
    sum += (shares[0] * *LanesOf(rows[0] + j) + shares[1] * *LanesOf(rows[1] + j)) +
           (shares[2] * *LanesOf(rows[2] + j) + shares[3] * *LanesOf(rows[3] + j));
  }
  return norms;
}

}  // namespace

InferenceStart::InferenceStart(size_t k, int64_t seed) : gamma(k), theta(k) {
  GammaSampler sampler(kGammaShape, 1.0 / kGammaShape, seed);
  for (double& value : gamma) value = sampler.Next();
  ExpectedLogs(gamma.data(), k, theta.data());
  for (double& value : theta) value = std::exp(value);
}

Topics::Topics(std::vector<double> by_term, std::vector<double> alpha)
    : terms_(by_term.size() / alpha.size()),
      stride_((alpha.size() + kLanes - 1) / kLanes * kLanes),
      alpha_(std::move(alpha)) {
  rows_.assign(terms_ * stride_, 0.0);
  for (size_t w = 0; w < terms_; ++w) {
    std::copy_n(by_term.data() + w * k(), k(), rows_.data() + w * stride_);
  }
}

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

void Topics::Pass(Document& document) const {
  std::copy_n(document.theta.data(), k(), document.lanes.data());
  std::fill(document.sums.begin(), document.sums.end(), 0.0);
  const size_t n = document.ids.size();
  const double* rows[kLanes];
  for (size_t i = 0; i < n; i += kLanes) {
    const size_t some = std::min(kLanes, n - i);
    Lanes counts = {};
    for (size_t r = 0; r < kLanes; ++r) {
      const size_t at = i + std::min(r, some - 1);
      rows[r] = rows_.data() + static_cast<size_t>(document.ids[at]) * stride_;
      if (r < some) counts[r] = document.counts[at];
    }
    const Lanes norms =
        FourRows(rows, document.lanes.data(), counts, stride_, document.sums.data());
    for (size_t r = 0; r < some; ++r) document.norms[i + r] = norms[r];
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
  document.norms.resize(document.ids.size());
  document.lanes.assign(stride_, 0.0);
  document.sums.resize(stride_);
  Pass(document);
  for (int round = 0; round < kRoundsMax; ++round) {
    double change = 0;
    for (size_t j = 0; j < k(); ++j) {
      const double last = document.gamma[j];
      document.gamma[j] = document.theta[j] * document.sums[j] + alpha_[j];
      change += std::abs(document.gamma[j] - last);
    }
    ExpectedLogs(document.gamma.data(), k(), document.theta.data());
    for (double& value : document.theta) value = std::exp(value);
    Pass(document);
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
