#include "src/stats/clustering_metrics.h"

#include <vector>

#include "src/base/errors.h"
#include "src/stats/doubles.h"

namespace soteria::stats {

std::string SilhouetteSums::Encode() const {
  const double values[] = {sum_, weight_};
  return PackDoubles(values);
}

base::StatusOr<SilhouetteSums> SilhouetteSums::Decode(std::string_view bytes) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> values, UnpackDoubles(bytes));
  if (values.size() != 2) return base::Fail(base::kProtocol, "silhouettes: bad length");
  SilhouetteSums sums;
  sums.sum_ = values[0];
  sums.weight_ = values[1];
  return sums;
}

std::string TopicSums::Encode() const {
  const double values[] = {bound, of_topics, tokens};
  return PackDoubles(values);
}

base::StatusOr<TopicSums> TopicSums::Decode(std::string_view bytes) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> values, UnpackDoubles(bytes));
  if (values.size() != 3) return base::Fail(base::kProtocol, "topics' likelihood: bad length");
  return TopicSums{values[0], values[1], values[2]};
}

}  // namespace soteria::stats
