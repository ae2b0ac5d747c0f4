// Which places of the open stage have been filled: each exactly once (I4, I5). Not thread-safe; the
// coordinator's stage loop owns it.
#pragma once

#include <cstdint>
#include <vector>

#include "src/crypto/envelope.h"

namespace soteria::dataflow {

enum class Verdict { kAccept, kRepeat, kForeign };

class Coverage {
 public:
  /// The partitions {p,0,0,0}, p < partitions.
  static Coverage OfPartitions(uint64_t partitions);
  /// One place only.
  static Coverage OfPlace(const crypto::Place& place);

  /// kAccept fills the place: the second call for the same place says kRepeat. kForeign: no place
  /// of this stage.
  Verdict Offer(const crypto::Place& place);
  bool Contains(const crypto::Place& place) const;
  /// Whether the place is one of the stage that has been filled.
  bool Filled(const crypto::Place& place) const;
  bool complete() const { return filled_count_ == filled_.size(); }
  uint64_t filled() const { return filled_count_; }
  uint64_t total() const { return filled_.size(); }

 private:
  crypto::Place first_;
  std::vector<bool> filled_;
  uint64_t filled_count_ = 0;
};

}  // namespace soteria::dataflow
