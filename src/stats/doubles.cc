#include "src/stats/doubles.h"

#include <bit>
#include <cstring>

#include "src/base/errors.h"

namespace soteria::stats {

static_assert(std::endian::native == std::endian::little);

std::string PackDoubles(std::span<const double> values) {
  std::string bytes(values.size_bytes(), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), values.size_bytes());
  return bytes;
}

base::StatusOr<std::vector<double>> UnpackDoubles(std::string_view bytes) {
  if (bytes.size() % sizeof(double) != 0) {
    return base::Fail(base::kProtocol, "doubles: the length is no multiple of eight");
  }
  std::vector<double> values(bytes.size() / sizeof(double));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

}  // namespace soteria::stats
