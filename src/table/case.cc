#include "src/table/case.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "src/base/ascii.h"
#include "src/table/case_table.h"

namespace soteria::table {
namespace {

using internal::CaseRun;
using internal::CaseText;
using internal::CodeRange;

constexpr uint32_t kReplacement = 0xFFFD;
constexpr uint32_t kSigma = 0x3A3;
constexpr uint32_t kFinalSigma = 0x3C2;

void Append(uint32_t code, std::string* out) {
  const auto byte = [](uint32_t bits) { return static_cast<char>(static_cast<uint8_t>(bits)); };
  if (code < 0x80) {
    *out += byte(code);
    return;
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static constexpr uint32_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
  *out += byte(kLead[more] | code >> (6 * more));
  for (int k = more - 1; k >= 0; --k) *out += byte(0x80 | (code >> (6 * k) & 0x3F));
}

/// The code point at the front, and its bytes; a byte that begins none is a replacement of its own.
uint32_t Front(std::string_view text, size_t* bytes) {
  const auto at = [&](size_t k) { return static_cast<uint32_t>(static_cast<uint8_t>(text[k])); };
  const uint32_t lead = at(0);
  *bytes = 1;
  if (lead < 0x80) return lead;
  const size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return kReplacement;
  uint32_t code = lead & (0x7FU >> size);
  for (size_t k = 1; k < size; ++k) {
    if ((at(k) & 0xC0) != 0x80) return kReplacement;
    code = code << 6 | (at(k) & 0x3F);
  }
  static constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
    return kReplacement;
  }
  *bytes = size;
  return code;
}

std::vector<uint32_t> CodePoints(std::string_view text) {
  std::vector<uint32_t> codes;
  codes.reserve(text.size());
  while (!text.empty()) {
    size_t bytes = 0;
    codes.push_back(Front(text, &bytes));
    text.remove_prefix(bytes);
  }
  return codes;
}

bool IsIn(const CodeRange* ranges, size_t count, uint32_t code) {
  const auto* at = std::partition_point(ranges, ranges + count,
                                        [&](const CodeRange& range) { return range.last < code; });
  return at != ranges + count && at->first <= code;
}

/// Is there a letter with case in that direction, over what is passed over?
bool HasCasedNext(const std::vector<uint32_t>& codes, size_t from, bool forward) {
  for (size_t i = from; forward ? i + 1 < codes.size() : i > 0;) {
    i = forward ? i + 1 : i - 1;
    if (IsIn(internal::kIgnorable, internal::kIgnorableCount, codes[i])) continue;
    return IsIn(internal::kCased, internal::kCasedCount, codes[i]);
  }
  return false;
}

void AppendMapped(uint32_t code, const CaseRun* runs, size_t run_count, const CaseText* texts,
                  size_t text_count, std::string* out) {
  const auto* text = std::partition_point(texts, texts + text_count,
                                          [&](const CaseText& entry) { return entry.code < code; });
  if (text != texts + text_count && text->code == code) {
    *out += text->utf8;
    return;
  }
  const auto* run = std::partition_point(runs, runs + run_count,
                                         [&](const CaseRun& entry) { return entry.last < code; });
  const bool mapped =
      run != runs + run_count && run->first <= code && (code - run->first) % run->step == 0;
  Append(mapped ? static_cast<uint32_t>(static_cast<int32_t>(code) + run->delta) : code, out);
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::string UpperCase(std::string_view text) {
  if (IsAscii(text)) return base::Upper(text);
  std::string out;
  out.reserve(text.size());
  for (const uint32_t code : CodePoints(text)) {
    AppendMapped(code, internal::kUpperRuns, internal::kUpperRunsCount, internal::kUpperTexts,
                 internal::kUpperTextsCount, &out);
  }
  return out;
}

std::string LowerCase(std::string_view text) {
  if (IsAscii(text)) return base::Lower(text);
  std::string out;
  out.reserve(text.size());
  const std::vector<uint32_t> codes = CodePoints(text);
  for (size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] == kSigma && HasCasedNext(codes, i, false) && !HasCasedNext(codes, i, true)) {
      Append(kFinalSigma, &out);
      continue;
    }
    AppendMapped(codes[i], internal::kLowerRuns, internal::kLowerRunsCount, internal::kLowerTexts,
                 internal::kLowerTextsCount, &out);
  }
  return out;
}

}  // namespace soteria::table
