#include "src/policy/toml_table.h"

#include <algorithm>
#include <array>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/policy/manifest.h"

// The library asserts what its own parser then checks ("[{" ends the program in 3.3.0): a mistyped
// file must be an error. NDEBUG would turn the same assertions into assumptions.
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_UNRELEASED_FEATURES 0
#include <toml++/toml.h>

namespace soteria::policy {
namespace {

constexpr size_t kKeyBytesShownMax = 64;

std::string_view TypeName(toml::node_type type) {
  switch (type) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

std::string WrongType(const toml::node& node, std::string_view wanted) {
  return base::Cat("is ", TypeName(node.type()), "; write ", wanted);
}

// Levenshtein's distance, for "did you mean".
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j - 1] + 1, row[j] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

struct TomlTable::State {
  toml::table owned;  // of the root only
  const toml::table* table = nullptr;
  std::string name;  // "[tee]"; "" for the top level
  uint32_t line = 0;
  std::vector<std::string> taken;

  std::string Named(std::string_view key) const {
    const std::string_view shown = key.substr(0, kKeyBytesShownMax);
    return name.empty() ? std::string(shown) : base::Cat(name, " ", shown);
  }
  TomlPlace Place(std::string_view key, const toml::node& node) const {
    return {node.source().begin.line, Named(key)};
  }
  // The node under `key`, which counts as taken; null when absent.
  const toml::node* Take(std::string_view key) {
    taken.emplace_back(key);
    return table->get(key);
  }
};

base::Status ManifestError(const TomlPlace& place, std::string_view text) {
  const std::string line = place.line == 0 ? std::string() : base::Cat("line ", place.line, ": ");
  const std::string key = place.key.empty() ? std::string() : base::Cat(place.key, ": ");
  return base::Fail(base::kManifest, base::Cat(line, key, text));
}

TomlTable::TomlTable(std::unique_ptr<State> state) : state_(std::move(state)) {}
TomlTable::~TomlTable() = default;

base::Status TomlTable::Parse(std::string_view text, std::unique_ptr<TomlTable>* root) {
  toml::parse_result result = toml::parse(text);
  if (!result) {
    const toml::parse_error& error = result.error();
    return ManifestError({error.source().begin.line, ""},
                         base::Cat("not TOML: ", std::string(error.description())));
  }
  auto state = std::make_unique<State>();
  state->owned = std::move(result).table();
  state->table = &state->owned;
  root->reset(new TomlTable(std::move(state)));
  return base::OkStatus();
}

bool TomlTable::Has(std::string_view key) const { return state_->table->contains(key); }

TomlPlace TomlTable::PlaceOf(std::string_view key) const {
  const toml::node* node = state_->table->get(key);
  if (node != nullptr) return state_->Place(key, *node);
  return {state_->line, state_->Named(key)};
}

base::Status TomlTable::Text(std::string_view key, std::string* out) {
  const toml::node* node = state_->Take(key);
  if (node == nullptr) return base::OkStatus();
  const auto* value = node->as_string();
  if (value == nullptr) {
    return ManifestError(state_->Place(key, *node), WrongType(*node, base::Cat(key, " = \"...\"")));
  }
  *out = value->get();
  return base::OkStatus();
}

base::Status TomlTable::Bool(std::string_view key, bool* out) {
  const toml::node* node = state_->Take(key);
  if (node == nullptr) return base::OkStatus();
  const auto* value = node->as_boolean();
  if (value == nullptr) {
    return ManifestError(state_->Place(key, *node), WrongType(*node, base::Cat(key, " = true")));
  }
  *out = value->get();
  return base::OkStatus();
}

base::Status TomlTable::Unsigned(std::string_view key, uint64_t least, uint64_t most,
                                 uint64_t* out) {
  const toml::node* node = state_->Take(key);
  if (node == nullptr) return base::OkStatus();
  const auto* value = node->as_integer();
  if (value == nullptr) {
    return ManifestError(state_->Place(key, *node), WrongType(*node, base::Cat(key, " = ", *out)));
  }
  const int64_t number = value->get();
  if (number < 0 || static_cast<uint64_t>(number) < least || static_cast<uint64_t>(number) > most) {
    return ManifestError(state_->Place(key, *node),
                         base::Cat("is ", number, "; write a number from ", least, " to ", most));
  }
  *out = static_cast<uint64_t>(number);
  return base::OkStatus();
}

base::Status TomlTable::Texts(std::string_view key, std::vector<Item>* out) {
  const toml::node* node = state_->Take(key);
  if (node == nullptr) return base::OkStatus();
  const toml::array* list = node->as_array();
  if (list == nullptr) {
    return ManifestError(state_->Place(key, *node),
                         WrongType(*node, base::Cat(key, " = [\"...\"]")));
  }
  if (list->size() > kManifestListMax) {
    return ManifestError(state_->Place(key, *node),
                         base::Cat("has ", list->size(), " entries, more than ", kManifestListMax));
  }
  for (const toml::node& entry : *list) {
    const auto* value = entry.as_string();
    if (value == nullptr) {
      return ManifestError(state_->Place(key, entry),
                           WrongType(entry, "strings: each entry in quotes"));
    }
    out->push_back({value->get(), state_->Place(key, entry)});
  }
  return base::OkStatus();
}

base::Status TomlTable::Table(std::string_view key,
                              const std::function<base::Status(TomlTable&)>& read) {
  const toml::node* node = state_->Take(key);
  if (node == nullptr) return base::OkStatus();
  const toml::table* table = node->as_table();
  if (table == nullptr) {
    return ManifestError(state_->Place(key, *node),
                         WrongType(*node, base::Cat("a table: [", key, "]")));
  }
  auto state = std::make_unique<State>();
  state->table = table;
  state->name = base::Cat("[", key, "]");
  state->line = table->source().begin.line;
  TomlTable inner(std::move(state));
  SOTERIA_RETURN_IF_ERROR(read(inner));
  return inner.Finish();
}

base::Status TomlTable::Tables(std::string_view key,
                               const std::function<base::Status(TomlTable&)>& read) {
  const toml::node* node = state_->Take(key);
  if (node == nullptr) return base::OkStatus();
  const std::string wanted = base::Cat("a list of tables: [[", key, "]]");
  const toml::array* list = node->as_array();
  if (list == nullptr) {
    return ManifestError(state_->Place(key, *node), WrongType(*node, wanted));
  }
  if (list->size() > kManifestListMax) {
    return ManifestError(state_->Place(key, *node),
                         base::Cat("has ", list->size(), " entries, more than ", kManifestListMax));
  }
  for (const toml::node& entry : *list) {
    const toml::table* table = entry.as_table();
    if (table == nullptr) {
      return ManifestError(state_->Place(key, entry), WrongType(entry, wanted));
    }
    auto state = std::make_unique<State>();
    state->table = table;
    state->name = base::Cat("[[", key, "]]");
    state->line = table->source().begin.line;
    TomlTable inner(std::move(state));
    SOTERIA_RETURN_IF_ERROR(read(inner));
    SOTERIA_RETURN_IF_ERROR(inner.Finish());
  }
  return base::OkStatus();
}

base::Status TomlTable::Missing(std::string_view key, std::string_view example) const {
  return ManifestError({state_->line, state_->Named(key)},
                       base::Cat("is missing; write ", example));
}

base::Status TomlTable::Finish() const {
  for (const auto& [key, node] : *state_->table) {
    const std::string_view name = key.str();
    if (std::find(state_->taken.begin(), state_->taken.end(), name) != state_->taken.end()) {
      continue;
    }
    std::string known;
    std::string_view nearest;
    size_t nearest_distance = 3;  // farther apart isn't a misspelling
    for (const std::string& candidate : state_->taken) {
      known += base::Cat(known.empty() ? "" : ", ", candidate);
      const size_t distance = Distance(name.substr(0, kKeyBytesShownMax), candidate);
      if (distance < nearest_distance) {
        nearest = candidate;
        nearest_distance = distance;
      }
    }
    const std::string remedy = nearest.empty() ? base::Cat("known here: ", known)
                                               : base::Cat("did you mean ", nearest, "?");
    return ManifestError({key.source().begin.line, state_->Named(name)},
                         base::Cat("is not a key of the Manifest; ", remedy));
  }
  return base::OkStatus();
}

}  // namespace soteria::policy
