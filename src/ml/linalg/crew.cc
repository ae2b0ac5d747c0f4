#include "src/ml/linalg/crew.h"

#include "src/base/check.h"

namespace soteria::ml {
namespace {

constexpr int kPieceBits = 16;  // of a ticket: pieces taken, pieces, and the round above them
constexpr uint64_t kPieceMask = (uint64_t{1} << kPieceBits) - 1;
/// Looks at a word that is about to change before a thread gives up its processor: some 50 us.
constexpr int kLooks = 1000;

bool IsTaken(uint64_t ticket) {
  return (ticket & kPieceMask) >= ((ticket >> kPieceBits) & kPieceMask);
}

void Pause() { __builtin_ia32_pause(); }

}  // namespace

Crew::Crew(bool helped) {
  if (helped) helper_ = std::thread([this] { Help(); });
}

Crew::~Crew() {
  if (!helper_.joinable()) return;
  over_ = true;
  ticket_ += uint64_t{1} << (2 * kPieceBits);
  ticket_.notify_one();
  helper_.join();
}

void Crew::TakePieces() {
  uint64_t ticket = ticket_;
  while (!IsTaken(ticket)) {
    Work* const work = work_;
    if (!ticket_.compare_exchange_weak(ticket, ticket + 1)) continue;
    (*work)(static_cast<uint32_t>(ticket & kPieceMask));
    ++done_;
    ticket = ticket_;
  }
}

void Crew::Help() {
  while (!over_) {
    TakePieces();
    const uint64_t seen = ticket_;
    if (!IsTaken(seen)) continue;
    int looks = 0;
    while (ticket_ == seen && looks < kLooks) {
      Pause();
      ++looks;
    }
    if (looks == kLooks) ticket_.wait(seen);
  }
}

void Crew::Run(uint32_t pieces, const std::function<void(uint32_t)>& work) {
  CHECK(pieces <= kPieceMask);
  if (!helper_.joinable() || pieces < 2) {
    for (uint32_t piece = 0; piece < pieces; ++piece) work(piece);
    return;
  }
  work_ = &work;
  done_ = 0;
  const uint64_t round = (ticket_ >> (2 * kPieceBits)) + 1;
  ticket_ = (round << (2 * kPieceBits)) | (uint64_t{pieces} << kPieceBits);
  ticket_.notify_one();
  TakePieces();
  for (int looks = 0; done_ != pieces; ++looks) {
    if (looks < kLooks) {
      Pause();
    } else {
      std::this_thread::yield();
    }
  }
}

}  // namespace soteria::ml
