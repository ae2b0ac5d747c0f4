// A value that the gate has let out. connect hands only such values to the owner's connection; it
// cannot make one, so nothing that the Manifest does not list can leave by mistake (I3).
#pragma once

#include <utility>

namespace soteria::master {

class OutputGate;

/// A T that may be sent to the owner. Made by OutputGate only.
template <class T>
class Permitted {
 public:
  const T& value() const& { return value_; }
  T&& take() && { return std::move(value_); }

 private:
  friend class OutputGate;
  friend struct PermittedForTest;
  explicit Permitted(T value) : value_(std::move(value)) {}

  T value_;
};

}  // namespace soteria::master
