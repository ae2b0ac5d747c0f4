// Upper and lower case of text, with Unicode's full mappings: a letter may become several (ß, SS),
// and a sigma at the end of a word has a form of its own. No language is special. Pure functions
// over UTF-8; bytes that aren't become U+FFFD in texts that aren't plain ASCII.
#pragma once

#include <string>
#include <string_view>

namespace soteria::table {

std::string UpperCase(std::string_view text);
std::string LowerCase(std::string_view text);

}  // namespace soteria::table
