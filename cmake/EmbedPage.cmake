# SPDX-License-Identifier: Apache-2.0
# Run when one of `files` (separated by commas) has changed: writes the source `output`, which
# holds their texts.

set(all "")
set(type.html "text/html; charset=utf-8")
set(type.css "text/css; charset=utf-8")
set(type.js "text/javascript; charset=utf-8")
set(type.svg "image/svg+xml")
string(REPLACE "," ";" files "${files}")
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME)
  get_filename_component(end ${file} LAST_EXT)
  file(READ ${file} text)
  string(APPEND all "      {\"${name}\", \"${type${end}}\", R\"partita(${text})partita\"},\n")
endforeach()
file(WRITE ${output} "// Written by cmake/EmbedPage.cmake.
#include \"partita/app/page/page.hpp\"

namespace partita::app {

const std::vector<page_asset>& page_assets() {
  static const std::vector<page_asset> all{
${all}  };
  return all;
}

} // namespace partita::app
")
