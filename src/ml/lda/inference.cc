#include "src/ml/lda/inference.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "src/base/errors.h"
#include "src/ml/columns.h"
#include "src/ml/lda/special.h"
#include "src/ml/linalg/lanes.h"
#include "src/ml/random/mersenne_twister.h"
#include "src/stats/doubles.h"

namespace soteria::ml {
namespace {

constexpr size_t kWide = 4;                // lanes of a block
constexpr size_t kBlock = kWide * kLanes;  // terms of a block
constexpr double kTiny = 1e-100;
constexpr double kConverged = 1e-3;  // the mean change of gamma
// A topic rests where the document hardly has it: its share of the norms is kept for some rounds
// and worked out again every kRestRounds, which moves the other topics by less than 1e-10.
constexpr int kRestRounds = 16;
constexpr double kRestShare = 1e-6;  // of the topic that the document has most
constexpr double kRestMoved = 1e-7;  // of its gamma in a round

size_t BlocksOf(size_t terms) { return (terms + kBlock - 1) / kBlock; }

/// The parts of Document::lanes.
struct Room {
  Room(table::AlignedDoubles& lanes, size_t k, size_t blocks)
      : theta(reinterpret_cast<Lanes*>(lanes.data())),
        sums(theta + k),
        counts(sums + k),
        base(counts + blocks * kWide),
        rows(base + blocks * kWide) {}
  static size_t SizeOf(size_t k, size_t blocks) {
    return (2 * k + blocks * kWide * (2 + k)) * kLanes;
  }

  Lanes* theta;   // each of k, in all lanes
  Lanes* sums;    // k
  Lanes* counts;  // kWide a block
  Lanes* base;    // kWide a block: of the norms, what topics that rest have
  Lanes* rows;    // k times kWide a block
};

/// The base is what the topics but `active` add to the norms.
void SetBase(const Room& room, const std::vector<size_t>& active, const std::vector<double>& theta,
             size_t blocks) {
  const size_t k = theta.size();
  std::fill_n(room.base, blocks * kWide, Lanes{} + kTiny);
  for (size_t j = 0, next = 0; j < k; ++j) {
    if (next < active.size() && active[next] == j) {
      ++next;
      continue;
    }
    for (size_t b = 0; b < blocks; ++b) {
      for (size_t q = 0; q < kWide; ++q) {
        room.base[b * kWide + q] += theta[j] * room.rows[(b * k + j) * kWide + q];
      }
    }
  }
}

/// Of a block's terms. Members with names: an array would live in memory.
struct Wide {
  explicit Wide(const Lanes* from) : a(from[0]), b(from[1]), c(from[2]), d(from[3]) {}
  void Add(Lanes theta, const Lanes* row) {
    a += theta * row[0];
    b += theta * row[1];
    c += theta * row[2];
    d += theta * row[3];
  }
  void Put(Lanes* to) const {
    to[0] = a;
    to[1] = b;
    to[2] = c;
    to[3] = d;
  }
  /// Counts over norms.
  Wide Shares(const Lanes* counts) const {
    Wide shares(counts);
    shares.a /= a;
    shares.b /= b;
    shares.c /= c;
    shares.d /= d;
    return shares;
  }
  Lanes PlusProduct(Lanes sum, const Lanes* row) const {
    sum += a * row[0];
    sum += b * row[1];
    sum += c * row[2];
    sum += d * row[3];
    return sum;
  }

  Lanes a, b, c, d;
};

/// Norms by the theta so far, and of them the sums that make the next gamma of active topics.
template <bool kAll>
void Pass(const Room& room, const std::vector<size_t>& active, size_t k, size_t blocks,
          Lanes* norms) {
  const size_t count = kAll ? k : active.size();
  const size_t* topics = active.data();
  const auto topic = [topics](size_t i) { return kAll ? i : topics[i]; };
  for (size_t i = 0; i < count; ++i) room.sums[topic(i)] = Lanes{};
  size_t b = 0;
  // Two at once: the chain of additions of one alone leaves half of the units idle.
  for (; b + 1 < blocks; b += 2) {
    const Lanes* rows = room.rows + b * k * kWide;
    const Lanes* next = rows + k * kWide;
    Wide low(room.base + b * kWide), high(room.base + (b + 1) * kWide);
    for (size_t i = 0; i < count; ++i) {
      const Lanes theta = room.theta[topic(i)];
      low.Add(theta, rows + topic(i) * kWide);
      high.Add(theta, next + topic(i) * kWide);
    }
    low.Put(norms + b * kWide);
    high.Put(norms + (b + 1) * kWide);
    low = low.Shares(room.counts + b * kWide);
    high = high.Shares(room.counts + (b + 1) * kWide);
    for (size_t i = 0; i < count; ++i) {
      Lanes& sum = room.sums[topic(i)];
      sum =
          high.PlusProduct(low.PlusProduct(sum, rows + topic(i) * kWide), next + topic(i) * kWide);
    }
  }
  if (b == blocks) return;
  const Lanes* rows = room.rows + b * k * kWide;
  Wide last(room.base + b * kWide);
  for (size_t i = 0; i < count; ++i) last.Add(room.theta[topic(i)], rows + topic(i) * kWide);
  last.Put(norms + b * kWide);
  last = last.Shares(room.counts + b * kWide);
  for (size_t i = 0; i < count; ++i) {
    Lanes& sum = room.sums[topic(i)];
    sum = last.PlusProduct(sum, rows + topic(i) * kWide);
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
  std::vector<size_t> all(k());
  std::iota(all.begin(), all.end(), size_t{0});
  std::vector<size_t> active = all;
  std::vector<double> moved(k());
  SetBase(room, all, document.theta, blocks);
  const auto pass = [&] {
    for (const size_t j : active) room.theta[j] = Lanes{} + document.theta[j];
    if (active.size() == k()) {
      Pass<true>(room, active, k(), blocks, norms);
    } else {
      Pass<false>(room, active, k(), blocks, norms);
    }
  };
  pass();
  for (int round = 0; round < kRoundsMax; ++round) {
    double change = 0, sum = 0;
    for (const size_t j : active) {
      const double last = document.gamma[j];
      document.gamma[j] = document.theta[j] * SumOf(room.sums[j]) + alpha_[j];
      moved[j] = std::abs(document.gamma[j] - last);
      change += moved[j];
    }
    for (const double gamma : document.gamma) sum += gamma;
    const double of_sum = Digamma(sum);
    for (const size_t j : active) {
      document.theta[j] = std::exp(Digamma(document.gamma[j]) - of_sum);
    }
    if (round % kRestRounds == 0) {  // all are active
      const double most = *std::max_element(document.theta.begin(), document.theta.end());
      std::erase_if(active, [&](size_t j) {
        return document.theta[j] <= kRestShare * most && moved[j] <= kRestMoved * document.gamma[j];
      });
      if (3 * active.size() > 2 * k()) active = all;  // too few rest to be worth the trouble
      if (active.size() < k()) SetBase(room, active, document.theta, blocks);
    } else if (round % kRestRounds == kRestRounds - 1 && active.size() < k()) {
      active = all;
      SetBase(room, all, document.theta, blocks);
    }
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
