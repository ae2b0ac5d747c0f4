#include "src/connect/typed_calls.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <utility>

#include "src/base/ascii.h"
#include "src/exec/constant.h"

namespace soteria::connect {
namespace {

using arrow::Type;

std::string TextOf(const exec::Expr& e) {
  const auto value = exec::ConstantValue(e);
  if (!value.ok() || (*value)->type_id() != Type::STRING || (*value)->IsNull(0)) return {};
  return base::Lower(static_cast<const arrow::StringArray&>(**value).GetView(0));
}

}  // namespace

exec::ExprPtr CallByType(const std::string& function, std::vector<exec::ExprPtr> args,
                         const arrow::Schema& input) {
  if ((function != "to_char" && function != "to_varchar") || args.size() != 2) {
    return exec::Call(function, std::move(args));
  }
  const auto field = exec::TypeOf(*args[0], input);
  const Type::type id = field.ok() ? (*field)->type()->id() : Type::NA;
  if (id == Type::DATE32 || id == Type::TIMESTAMP) {
    return exec::Call("date_format", std::move(args));
  }
  if (id == Type::BINARY) {
    const std::string format = TextOf(*args[1]);
    if (format == "utf-8") return exec::Call("decode", std::move(args));
    if (format == "base64" || format == "hex") return exec::Call(format, {std::move(args[0])});
  }
  return exec::Call(function, std::move(args));
}

}  // namespace soteria::connect
