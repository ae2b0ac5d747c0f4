// One table of the Manifest's TOML, read key by key with errors that name line, key and remedy.
//
//   TomlTable limits(table, "[limits]");
//   SOTERIA_RETURN_IF_ERROR(limits.Unsigned("max_workers", 1, 65536, &manifest.max_workers));
//   return limits.Finish();  // what nobody asked for is an unknown key
//
// Must hold: every key that is accepted was asked for by name and has exactly the asked type.
// For use inside one parse; private to this folder. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace soteria::policy {

/// Where something stands in the file. Line 0: nowhere in particular.
struct TomlPlace {
  uint32_t line = 0;
  std::string key;  // "[tee] kinds", "[[read]] path"
};

/// kManifest "line N: key: text".
base::Status ManifestError(const TomlPlace& place, std::string_view text);

class TomlTable {
 public:
  /// Parses a whole file; `*root` is its top-level table.
  static base::Status Parse(std::string_view text, std::unique_ptr<TomlTable>* root);
  ~TomlTable();
  TomlTable(const TomlTable&) = delete;
  TomlTable& operator=(const TomlTable&) = delete;

  bool Has(std::string_view key) const;
  /// Where the key is, or where the table is for a key that is absent.
  TomlPlace PlaceOf(std::string_view key) const;

  /// Each takes the key: absent leaves `*out` as it is, another type is an error.
  base::Status Text(std::string_view key, std::string* out);
  base::Status Bool(std::string_view key, bool* out);
  base::Status Unsigned(std::string_view key, uint64_t least, uint64_t most, uint64_t* out);
  struct Item {
    std::string text;
    TomlPlace place;
  };
  base::Status Texts(std::string_view key, std::vector<Item>* out);
  /// Calls `read` with the table [key], if there is one, and then its Finish.
  base::Status Table(std::string_view key, const std::function<base::Status(TomlTable&)>& read);
  /// The same for each table of [[key]].
  base::Status Tables(std::string_view key, const std::function<base::Status(TomlTable&)>& read);

  /// An error for `key` of this table that is absent.
  base::Status Missing(std::string_view key, std::string_view example) const;
  /// An error naming the first key that nobody took.
  base::Status Finish() const;

 private:
  struct State;
  explicit TomlTable(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace soteria::policy
