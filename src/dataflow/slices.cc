#include "src/dataflow/slices.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::dataflow {
namespace {

using crypto::MessageKind;

// Behind a slice's bytes: first counter, number, stride, total.
constexpr size_t kTailBytes = 32;

std::optional<MessageKind> SliceKind(MessageKind kind) {
  switch (kind) {
    case MessageKind::kPartial:
      return MessageKind::kPartialSlice;
    case MessageKind::kRows:
      return MessageKind::kRowsSlice;
    case MessageKind::kShuffle:
      return MessageKind::kShuffleSlice;
    default:
      return std::nullopt;
  }
}

uint64_t SlicesOf(uint64_t total, uint64_t stride) {
  return total / stride + (total % stride == 0 ? 0 : 1);
}

StatusOr<std::vector<std::string>> SealSlices(crypto::Sealer& sealer, const MessageName& name,
                                              MessageKind kind, std::string_view plain,
                                              uint64_t stride) {
  const uint64_t slices = SlicesOf(plain.size(), stride);
  if (slices > kSlicesMax || plain.size() > kMessageBytesMax) {
    return base::Fail(base::kMemoryLimit, base::Cat("a message of ", plain.size(),
                                                    " bytes is larger than can be sent"));
  }
  std::vector<std::string> sealed;
  uint64_t first = 0;  // not known before the first slice is sealed, whose own counter it is
  for (uint64_t slice = 0; slice < slices; ++slice) {
    std::string bytes(plain.substr(slice * stride, stride));
    const size_t size = bytes.size();
    bytes.resize(size + kTailBytes);
    base::PutLe64(first, bytes.data() + size);
    base::PutLe64(slice, bytes.data() + size + 8);
    base::PutLe64(stride, bytes.data() + size + 16);
    base::PutLe64(plain.size(), bytes.data() + size + 24);
    SOTERIA_ASSIGN_OR_RETURN(std::string one,
                             sealer.Seal(name.stage, name.task, kind, name.place, bytes));
    if (slice == 0) {
      SOTERIA_ASSIGN_OR_RETURN(const auto header, crypto::ParseEnvelopeHeader(one));
      first = header.counter;
    }
    sealed.push_back(std::move(one));
  }
  return sealed;
}

Status NoSlice() { return base::Fail(base::kIntegrity, "a slice is none of a message"); }

/// Takes the tail off `part.bytes` into the other fields.
Status ReadTail(Part& part) {
  if (part.bytes.size() < kTailBytes) return NoSlice();
  const size_t size = part.bytes.size() - kTailBytes;
  const char* const tail = part.bytes.data() + size;
  const uint64_t first = base::GetLe64(tail);
  part.slice = base::GetLe64(tail + 8);
  part.stride = base::GetLe64(tail + 16);
  part.total = base::GetLe64(tail + 24);
  if (part.stride == 0 || part.total <= part.stride || part.total > kMessageBytesMax) {
    return NoSlice();
  }
  part.slices = SlicesOf(part.total, part.stride);
  if (part.slices > kSlicesMax || part.slice >= part.slices) return NoSlice();
  if (size != std::min(part.stride, part.total - part.slice * part.stride)) return NoSlice();
  if (part.slice > 0) part.message = first;
  part.bytes.resize(size);
  return base::OkStatus();
}

}  // namespace

StatusOr<std::vector<std::string>> SealMessage(crypto::Sealer& sealer, const MessageName& name,
                                               std::string_view plain, uint64_t slice_bytes) {
  CHECK(slice_bytes > 0 && slice_bytes + kTailBytes <= crypto::kEnvelopePlainBytesMax);
  const std::optional<MessageKind> slice_kind = SliceKind(name.kind);
  if (slice_kind.has_value() && plain.size() > slice_bytes) {
    return SealSlices(sealer, name, *slice_kind, plain, slice_bytes);
  }
  SOTERIA_ASSIGN_OR_RETURN(std::string sealed,
                           sealer.Seal(name.stage, name.task, name.kind, name.place, plain));
  std::vector<std::string> one;
  one.push_back(std::move(sealed));
  return one;
}

StatusOr<Part> OpenPart(const crypto::Opener& opener, std::string_view sealed,
                        const MessageName& name) {
  SOTERIA_ASSIGN_OR_RETURN(const crypto::EnvelopeHeader header,
                           crypto::ParseEnvelopeHeader(sealed));
  const std::optional<MessageKind> slice_kind = SliceKind(name.kind);
  const bool sliced = slice_kind.has_value() && header.kind == *slice_kind;
  Part part;
  // What the header says counts from here on: it is authenticated with the rest.
  SOTERIA_ASSIGN_OR_RETURN(part.bytes, opener.OpenAs(sealed, name.stage, name.task,
                                                     sliced ? *slice_kind : name.kind, name.place));
  part.sender = header.sender;
  part.message = header.counter;
  part.stride = part.total = part.bytes.size();
  if (sliced) SOTERIA_RETURN_IF_ERROR(ReadTail(part));
  return part;
}

StatusOr<Joiner::Message*> Joiner::Find(const Part& part) {
  const std::pair<uint64_t, uint64_t> name{part.sender, part.message};
  const auto found = messages_.find(name);
  if (found != messages_.end()) {
    if (found->second.stride == part.stride && found->second.bytes.size() == part.total) {
      return &found->second;
    }
    return base::Fail(base::kIntegrity, "slices of one message contradict each other");
  }
  if (messages_.size() >= kExecutionsMax) {
    return base::Fail(base::kAttempts,
                      base::Cat("more than ", kExecutionsMax, " messages of one place were begun"));
  }
  Message& message = messages_[name];
  message.stride = part.stride;
  message.filled.resize(part.slices, false);
  message.missing = part.slices;
  message.bytes.resize(part.total);
  pending_bytes_ += part.total;
  return &message;
}

StatusOr<Joiner::Added> Joiner::Add(Part part) {
  if (complete_) return Added::kRepeat;
  if (part.slices == 1) {
    Complete(std::move(part.bytes));
    return Added::kComplete;
  }
  SOTERIA_ASSIGN_OR_RETURN(Message* const message, Find(part));
  std::vector<bool>::reference filled = message->filled[part.slice];
  if (filled) return Added::kRepeat;
  filled = true;
  std::memcpy(message->bytes.data() + part.slice * part.stride, part.bytes.data(),
              part.bytes.size());
  if (--message->missing > 0) return Added::kMore;
  Complete(std::move(message->bytes));
  return Added::kComplete;
}

void Joiner::Complete(std::string whole) {
  complete_ = true;
  whole_ = std::move(whole);
  messages_.clear();
  pending_bytes_ = 0;
}

}  // namespace soteria::dataflow
