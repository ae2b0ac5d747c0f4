// Run lengths of bytes, bits and whole numbers as ORC's streams have them, of values one by one:
// the first form of each, which every reader knows. Internal to formats. Finish is the last call.
// One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace soteria::formats {

class OrcByteRuns {
 public:
  void Add(uint8_t value);
  /// The stream's bytes; it is empty and begins anew.
  std::string Finish();
  size_t bytes() const { return out_.size(); }

 private:
  void Flush();

  std::vector<uint8_t> pending_;
  std::string out_;
};

class OrcBitRuns {
 public:
  void Add(bool value);
  std::string Finish();
  size_t bytes() const { return bytes_.bytes(); }

 private:
  OrcByteRuns bytes_;
  uint8_t byte_ = 0;
  int bits_ = 0;
};

class OrcIntRuns {
 public:
  explicit OrcIntRuns(bool with_sign) : with_sign_(with_sign) {}
  void Add(int64_t value);
  std::string Finish();
  size_t bytes() const { return out_.size(); }

 private:
  void Flush();
  void Number(int64_t value);

  bool with_sign_;
  std::vector<int64_t> pending_;
  std::string out_;
};

}  // namespace soteria::formats
