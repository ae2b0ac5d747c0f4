// Work in pieces that the caller and one helping thread share. What the pieces are is the caller's
// and may not depend on the machine; each piece writes to a place of its own, and what is made of
// several is summed in their order afterwards. So bits are the same with the helper or without, and
// whoever did a piece (I7). A piece waits for nothing, so a helper that isn't scheduled holds up
// the caller only where it has begun one.
//
// One thread may call Run; pieces may not.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

namespace soteria::ml {

class Crew {
 public:
  /// With one helper, or none where the machine has one processor.
  Crew() : Crew(std::thread::hardware_concurrency() > 1) {}
  explicit Crew(bool helped);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  /// work(0) to work(pieces - 1), each once; returns when all are done.
  void Run(uint32_t pieces, const std::function<void(uint32_t)>& work);

 private:
  using Work = const std::function<void(uint32_t)>;
  /// Does pieces until none is left.
  void TakePieces();
  void Help();

  // The round, the number of its pieces and of those that were taken, in one word: whoever takes a
  // piece knows that its round isn't over, and so whose work it is.
  std::atomic<uint64_t> ticket_{0};
  std::atomic<Work*> work_{nullptr};
  std::atomic<uint32_t> done_{0};
  std::atomic<bool> over_{false};
  std::thread helper_;
};

}  // namespace soteria::ml
