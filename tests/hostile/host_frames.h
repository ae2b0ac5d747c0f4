// The host's frames as the tests of a lying host write and read them. For .cc files of this folder.
#pragma once

#include <memory>
#include <string>

#include "host/local/scheduler.h"
#include "soteria/host.pb.h"
#include "tests/hostile/adversary.h"

namespace soteria::hostile {

inline PlaceKey KeyOf(const host::Place& place) {
  return {place.a(), place.b(), place.c(), place.d()};
}

inline host::Place PlaceOf(const PlaceKey& key) {
  host::Place place;
  place.set_a(key[0]);
  place.set_b(key[1]);
  place.set_c(key[2]);
  place.set_d(key[3]);
  return place;
}

inline host::Outgoing RawToMaster(uint8_t kind, uint64_t id, std::string payload) {
  return {host::Outgoing::To::kMaster,
          0,
          0,
          kind,
          id,
          std::make_shared<const std::string>(std::move(payload))};
}

template <class Message>
host::Outgoing FrameToMaster(uint8_t kind, uint64_t id, const Message& message) {
  return RawToMaster(kind, id, message.SerializeAsString());
}

}  // namespace soteria::hostile
