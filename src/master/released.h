// A value that may cross to the untrusted side in the clear. Only the release gate makes one, after
// the Manifest's rule, the budget and the owner's ledger (I3); what sends to the statistics process
// takes nothing else.
#pragma once

#include <utility>

namespace soteria::master {

class ReleaseGate;

template <class T>
class Released {
 public:
  const T& value() const { return value_; }

 private:
  friend class ReleaseGate;
  friend struct ReleasedForTest;
  explicit Released(T value) : value_(std::move(value)) {}

  T value_;
};

}  // namespace soteria::master
