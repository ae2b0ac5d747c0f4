#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/formats/json_read.h"
#include "src/formats/option_reader.h"

namespace soteria::formats {

base::StatusOr<JsonReadOptions> ParseJsonReadOptions(const OptionMap& options,
                                                     const ReaderDefaults& defaults) {
  OptionReader reader(options, "JSON");
  JsonReadOptions read;
  SOTERIA_RETURN_IF_ERROR(reader.Record(defaults, &read.record));
  SOTERIA_RETURN_IF_ERROR(reader.Flag("allowcomments", &read.syntax.comments));
  SOTERIA_RETURN_IF_ERROR(reader.Flag("allowunquotedfieldnames", &read.syntax.bare_names));
  SOTERIA_RETURN_IF_ERROR(reader.Flag("allowsinglequotes", &read.syntax.single_quotes));
  SOTERIA_RETURN_IF_ERROR(reader.Flag("allownumericleadingzeros", &read.syntax.leading_zeros));
  SOTERIA_RETURN_IF_ERROR(reader.Flag("allownonnumericnumbers", &read.syntax.words));
  SOTERIA_RETURN_IF_ERROR(
      reader.Flag("allowbackslashescapinganycharacter", &read.syntax.any_escape));
  SOTERIA_RETURN_IF_ERROR(
      reader.Flag("allowunquotedcontrolchars", &read.syntax.control_characters));
  SOTERIA_RETURN_IF_ERROR(reader.Flag("primitivesasstring", &read.primitives_as_string));
  SOTERIA_RETURN_IF_ERROR(reader.Flag("dropfieldifallnull", &read.drop_all_null));
  SOTERIA_RETURN_IF_ERROR(reader.Flag("infertimestamp", &read.infer_timestamp));
  SOTERIA_RETURN_IF_ERROR(reader.Only("prefersdecimal", "false"));
  // Of writers, which Spark's reader doesn't look at either.
  for (const std::string_view name :
       {"ignorenullfields", "pretty", "writenonasciicharacterascodepoint", "compression"}) {
    reader.NoEffect(name);
  }
  SOTERIA_RETURN_IF_ERROR(reader.Finish());
  return read;
}

std::string JsonReadOptions::Encode() const {
  base::FieldWriter out;
  record.Write(out);
  for (const bool flag :
       {syntax.comments, syntax.bare_names, syntax.single_quotes, syntax.leading_zeros,
        syntax.words, syntax.any_escape, syntax.control_characters, primitives_as_string,
        drop_all_null, infer_timestamp}) {
    out.AddBool(flag);
  }
  return out.Take();
}

base::StatusOr<JsonReadOptions> JsonReadOptions::Decode(std::string_view bytes) {
  base::FieldReader in(bytes);
  JsonReadOptions options;
  SOTERIA_RETURN_IF_ERROR(options.record.Read(in));
  JsonSyntax& syntax = options.syntax;
  for (bool* const flag :
       {&syntax.comments, &syntax.bare_names, &syntax.single_quotes, &syntax.leading_zeros,
        &syntax.words, &syntax.any_escape, &syntax.control_characters,
        &options.primitives_as_string, &options.drop_all_null, &options.infer_timestamp}) {
    SOTERIA_ASSIGN_OR_RETURN(*flag, in.NextBool());
  }
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return options;
}

}  // namespace soteria::formats
