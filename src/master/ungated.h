// What work over data gives, before the gate has seen it: values, failures and their texts alike
// (I3). Only the OutputGate runs such work and only it opens what came of it, so that a call which
// forgets the gate doesn't compile. src/connect may not include this (tools/layers.toml).
#pragma once

#include <utility>

#include "src/base/status.h"

namespace soteria::master {

class OutputGate;

/// The gate hands it to the work that it runs. What data made asks for it: stages (StageScope),
/// what a model learnt (HeldModel), the bytes of files (TreeFolder).
class InsideKey {
 public:
  /// Whether the script may follow how work gets on.
  bool shows_progress() const { return shows_progress_; }

 private:
  friend class OutputGate;
  friend struct InsideKeyForTest;
  explicit InsideKey(bool shows_progress) : shows_progress_(shows_progress) {}

  bool shows_progress_;
};

/// Of work that gives no value.
struct Nothing {};

/// A result, or a failure, that nobody has judged yet.
template <class T>
class Ungated {
 private:
  friend class OutputGate;
  Ungated(base::StatusOr<T> result, bool ran) : result_(std::move(result)), ran_(ran) {}

  base::StatusOr<T> result_;
  bool ran_;  // false: the gate refused to run it
};

}  // namespace soteria::master
