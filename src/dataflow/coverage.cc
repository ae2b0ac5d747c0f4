#include "src/dataflow/coverage.h"

namespace soteria::dataflow {

Coverage Coverage::OfPartitions(uint64_t partitions) {
  Coverage coverage;
  coverage.filled_.resize(partitions, false);
  return coverage;
}

Coverage Coverage::OfPlace(const crypto::Place& place) {
  Coverage coverage;
  coverage.first_ = place;
  coverage.filled_.resize(1, false);
  return coverage;
}

bool Coverage::Contains(const crypto::Place& place) const {
  return place.a >= first_.a && place.a - first_.a < filled_.size() && place.b == first_.b &&
         place.c == first_.c && place.d == first_.d;
}

bool Coverage::Filled(const crypto::Place& place) const {
  return Contains(place) && filled_[place.a - first_.a];
}

Verdict Coverage::Offer(const crypto::Place& place) {
  if (!Contains(place)) return Verdict::kForeign;
  std::vector<bool>::reference filled = filled_[place.a - first_.a];
  if (filled) return Verdict::kRepeat;
  filled = true;
  ++filled_count_;
  return Verdict::kAccept;
}

}  // namespace soteria::dataflow
