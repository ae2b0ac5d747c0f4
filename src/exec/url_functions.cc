// parse_url and try_parse_url: parts of what java.net.URI takes for an address.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/functions.h"
#include "src/exec/java_uri.h"
#include "src/exec/kernels.h"
#include "src/table/java_pattern.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

constexpr base::Condition kInvalidUrl = {"INVALID_URL", base::exception_class::kIllegalArgument,
                                         "22P02", absl::StatusCode::kInvalidArgument};

std::optional<std::string> PartOf(const JavaUri& uri, std::string_view part) {
  const auto owned = [](const std::optional<std::string_view>& text) {
    return text ? std::optional(std::string(*text)) : std::nullopt;
  };
  if (part == "HOST") return owned(uri.host);
  if (part == "PATH") return owned(uri.path);
  if (part == "QUERY") return owned(uri.query);
  if (part == "REF") return owned(uri.fragment);
  if (part == "PROTOCOL") return owned(uri.scheme);
  if (part == "AUTHORITY") return owned(uri.authority);
  if (part == "USERINFO") return owned(uri.user_info);
  if (part != "FILE") return std::nullopt;
  if (!uri.query) return owned(uri.path);
  return base::Cat(uri.path.value_or("null"), "?", *uri.query);
}

/// The value of a key, which is a pattern to Spark, in a query.
class Keys {
 public:
  base::StatusOr<std::optional<std::string>> ValueOf(std::string_view query, std::string_view key) {
    if (pattern_ == nullptr || key != last_) {
      SOTERIA_ASSIGN_OR_RETURN(pattern_, table::JavaPattern::Compile(
                                             base::Cat("(&|^)", key, "=([^&]*)"),
                                             {.who = "The function parse_url()", .groups = true}));
      last_ = key;
    }
    SOTERIA_RETURN_IF_ERROR(pattern_->CheckText(query));
    std::vector<table::PatternSpan> spans;
    if (!pattern_->Find(query, 0, spans) || spans.size() < 3 || !spans[2].matched) {
      return std::optional<std::string>();
    }
    return std::optional(std::string(query.substr(spans[2].begin, spans[2].end - spans[2].begin)));
  }

 private:
  std::shared_ptr<const table::JavaPattern> pattern_;
  std::string last_;
};

template <bool kTry>
base::StatusOr<ArrayPtr> ParseUrl(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  using Result = std::optional<std::string>;
  Keys keys;
  return Each<arrow::StringBuilder>(node, args, rows, [&](int64_t i) -> base::StatusOr<Result> {
    const std::string_view url = TextAt(*args[0], i);
    const std::string_view part = TextAt(*args[1], i);
    if (args.size() > 2 && part != "QUERY") return Result();
    const std::optional<JavaUri> uri = ParseJavaUri(url);
    if (!uri && kTry) return Result();
    if (!uri) {
      return base::FailQuotingData(
          kInvalidUrl, base::Cat("The url is invalid: ", url,
                                 ". Use `try_parse_url` to tolerate invalid URL and return NULL "
                                 "instead."));
    }
    Result value = PartOf(*uri, part);
    if (args.size() < 3 || !value) return value;
    return keys.ValueOf(*value, TextAt(*args[2], i));
  });
}

template <bool kTry>
base::StatusOr<BoundPtr> BindParseUrl(const Expr& e, std::vector<BoundPtr> args,
                                      BindContext& /*context*/) {
  for (size_t i = 0; i < args.size(); ++i) SOTERIA_RETURN_IF_ERROR(TakeText(e, args, i));
  auto node = MakeCall(PrettyName(e), arrow::utf8(), true, std::move(args));
  node->kernel = ParseUrl<kTry>;
  node->careful = true;
  return BoundPtr(std::move(node));
}

constexpr Function kFunctions[] = {
    {"parse_url", 2, 3, "parse_url", Print::kCall, BindParseUrl<false>},
    {"try_parse_url", 2, 3, "try_parse_url", Print::kCall, BindParseUrl<true>},
};

}  // namespace

std::span<const Function> UrlFunctions() { return kFunctions; }

}  // namespace soteria::exec
