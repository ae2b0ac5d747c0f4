// A frame's payload on its way out: bytes that are there, shared, or what makes them when the turn
// to send them has come, so that of a queue of large frames one at a time is in memory. One thread
// at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace soteria::host {

using Bytes = std::shared_ptr<const std::string>;

class Payload {
 public:
  Payload() = default;
  Payload(Bytes bytes) : bytes_(std::move(bytes)) {}  // NOLINT: bytes are a payload
  explicit Payload(std::function<std::string()> make) : make_(std::move(make)) {}

  const std::string& operator*() const {
    if (bytes_ == nullptr) bytes_ = std::make_shared<const std::string>(make_());
    return *bytes_;
  }

 private:
  mutable Bytes bytes_;
  std::function<std::string()> make_;
};

}  // namespace soteria::host
