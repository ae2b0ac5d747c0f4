#include "src/channel/pump.h"

#include <mutex>
#include <string>
#include <thread>

namespace soteria::channel {
namespace {

// Copies until the end of `from` and passes the end on.
base::Status Copy(base::ByteStream& from, base::ByteStream& to) {
  std::string buffer(kPumpBufferBytes, '\0');
  while (true) {
    SOTERIA_ASSIGN_OR_RETURN(const size_t got, from.Read(buffer));
    if (got == 0) return to.CloseWrite();
    SOTERIA_RETURN_IF_ERROR(to.Write(std::string_view(buffer).substr(0, got)));
  }
}

}  // namespace

base::Status Pump(base::ByteStream& a, base::ByteStream& b) {
  std::mutex mutex;
  base::Status first;
  const auto run = [&](base::ByteStream& from, base::ByteStream& to) {
    const base::Status status = Copy(from, to);
    if (status.ok()) return;
    {
      const std::lock_guard<std::mutex> lock(mutex);
      if (first.ok()) first = status;
    }
    a.Close();
    b.Close();
  };
  std::thread back([&] { run(b, a); });
  run(a, b);
  back.join();
  return first;
}

}  // namespace soteria::channel
