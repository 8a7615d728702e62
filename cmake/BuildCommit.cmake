# SPDX-License-Identifier: Apache-2.0
# Run at each build: writes the source `output` that names the commit of the tree `source`, and
# leaves it alone if it names that already. The name is empty if `source` is no checkout.

set(commit "")
# A tree without history may lie inside another repository.
if(EXISTS ${source}/.git)
  set(ENV{GIT_OPTIONAL_LOCKS} 0)
  execute_process(
    COMMAND git -C ${source} describe --always --dirty --exclude *
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE code ERROR_QUIET)
  if(NOT code EQUAL 0)
    set(commit "")
  endif()
endif()

file(CONFIGURE OUTPUT ${output} CONTENT [=[
// Written by cmake/BuildCommit.cmake.
#include "partita/app/cli/build_commit.hpp"

namespace partita::app {

std::string_view build_commit() {
  return "@commit@";
}

} // namespace partita::app
]=] @ONLY)
