# SPDX-License-Identifier: Apache-2.0
# One test program for each folder below tests/, one CTest test for each suite in it.

# partita_add_tests(<name> [LIBRARIES ...] [LABELS ...] [RUN_SERIAL] [QUICK] [TIMEOUT s]
#                   SOURCES ...)
#
# Builds the program from SOURCES on CAF's test framework and registers the suites that the
# sources define: a list kept by hand would let a forgotten suite pass unseen. QUICK: quickly
# built rather than fast, for tests that compute little; the library that they test is optimised.
function(partita_add_tests name)
  cmake_parse_arguments(ARG "RUN_SERIAL;QUICK" "TIMEOUT" "LIBRARIES;LABELS;SOURCES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES} ${PROJECT_SOURCE_DIR}/tests/support/main.cpp)
  target_link_libraries(${name} PRIVATE partita_warnings ${ARG_LIBRARIES} CAF::core)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  if(ARG_QUICK)
    target_compile_options(${name} PRIVATE -O0)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  foreach(source IN LISTS ARG_SOURCES)
    file(STRINGS ${source} suites REGEX "^#define CAF_SUITE ")
    # A new suite in an existing file makes CMake look again.
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
    foreach(line IN LISTS suites)
      string(REGEX REPLACE "^#define CAF_SUITE +" "" suite "${line}")
      # -r is CAF's own limit for each test case; CTest's limit is for the whole suite.
      add_test(NAME ${suite} COMMAND ${name} -v 4 -r ${ARG_TIMEOUT} -s ${suite}
               WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
      # A pattern that matches no suite runs nothing and would succeed.
      set_tests_properties(
        ${suite} PROPERTIES FAIL_REGULAR_EXPRESSION "[Ss]uites: +0" TIMEOUT ${ARG_TIMEOUT}
                            LABELS "${ARG_LABELS}" RUN_SERIAL ${ARG_RUN_SERIAL})
    endforeach()
  endforeach()
endfunction()
