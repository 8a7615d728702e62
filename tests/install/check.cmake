# SPDX-License-Identifier: Apache-2.0
# Installs the build into a folder of its own and checks what is there: the headers are those
# of the list and compile alone, the library links with what its package names, nothing has
# debug symbols, and the examples and the programs of docs/embedding.md build against it and run.
# Run as a script, by the test install.find_package.

cmake_minimum_required(VERSION 3.25)

set(folder ${build_folder}/install-check)
set(prefix ${folder}/prefix)
file(REMOVE_RECURSE ${folder})

function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code TIMEOUT 1200)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${what} failed with '${code}': ${ARGN}")
  endif()
endfunction()

run("installing" ${CMAKE_COMMAND} --install ${build_folder} --prefix ${prefix})
run("the installed program" ${prefix}/${bindir}/partita --version)

# What was installed must work where neither tree exists.
file(GLOB_RECURSE package_files ${prefix}/*.cmake)
if(NOT package_files)
  message(FATAL_ERROR "no CMake package was installed below ${prefix}")
endif()
foreach(file IN LISTS package_files)
  file(READ ${file} text)
  foreach(tree ${source_folder} ${build_folder})
    string(REPLACE "${prefix}" "" elsewhere "${text}")
    string(FIND "${elsewhere}" "${tree}/" place)
    if(NOT place EQUAL -1)
      message(FATAL_ERROR "${file} names ${tree}")
    endif()
  endforeach()
endforeach()

# -- headers and licence -----------------------------------------------------------------

include(${source_folder}/cmake/PublicHeaders.cmake)
list(SORT PARTITA_PUBLIC_HEADERS)
set(include_folder ${prefix}/${includedir}/partita)
file(GLOB_RECURSE headers RELATIVE ${include_folder} ${include_folder}/*)
list(SORT headers)
if(NOT headers STREQUAL PARTITA_PUBLIC_HEADERS)
  message(FATAL_ERROR "installed are ${headers}, expected ${PARTITA_PUBLIC_HEADERS}")
endif()
list(LENGTH headers count)
if(count GREATER 31)
  message(FATAL_ERROR "${count} headers are public, expected at most 31")
endif()
foreach(header IN LISTS headers)
  file(STRINGS ${include_folder}/${header} includes REGEX "^ *# *include")
  foreach(line IN LISTS includes)
    if(NOT line MATCHES "^#include (<[a-z_]+>|<caf/[a-z_/]+\\.hpp>|\"partita/[a-z_/]+\\.hpp\")$")
      message(FATAL_ERROR "${header}: ${line} is neither the C++ library's, CAF's nor ours")
    endif()
  endforeach()
endforeach()

run("comparing the licence" ${CMAKE_COMMAND} -E compare_files ${source_folder}/LICENSE
    ${prefix}/${docdir}/copyright)

# -- symbols -----------------------------------------------------------------------------

function(must_lack sections file)
  execute_process(COMMAND ${readelf} -SW ${file} OUTPUT_VARIABLE found
                  COMMAND_ERROR_IS_FATAL ANY)
  if(NOT found MATCHES " \\.text")
    message(FATAL_ERROR "${file}: readelf shows no code")
  endif()
  if(found MATCHES " ${sections}")
    message(FATAL_ERROR "${file} has the section ${CMAKE_MATCH_0}, expected it to be stripped")
  endif()
endfunction()

if(stripped)
  must_lack("\\.(debug_[a-z]+|symtab)" ${prefix}/${bindir}/partita)
  must_lack("\\.debug_[a-z]+" ${prefix}/${libdir}/libpartita.a)
endif()

# -- other projects ----------------------------------------------------------------------

set(flags "")
if(sanitize)
  set(flags "-fsanitize=${sanitize}")
endif()

function(build source to type)
  run("configuring ${source}"
      ${CMAKE_COMMAND} -S ${source} -B ${to} -G ${generator}
      -D CMAKE_PREFIX_PATH=${prefix} -D CMAKE_BUILD_TYPE=${type}
      -D CMAKE_CXX_COMPILER=${compiler} -D CMAKE_CXX_COMPILER_LAUNCHER=${launcher}
      -D CMAKE_CXX_FLAGS=${flags})
  run("building ${source}" ${CMAKE_COMMAND} --build ${to})
endfunction()

# Not optimised: only whether they compile and link counts.
build(${source_folder}/tests/install/headers ${folder}/headers "")
foreach(example plain groups fencing embed)
  build(${source_folder}/examples/${example} ${folder}/${example} "${build_type}")
endforeach()
foreach(example groups fencing embed)
  run("the example ${example}" ${folder}/${example}/${example})
endforeach()
file(STRINGS ${source_folder}/examples/plain/main.cpp plain_lines)
list(LENGTH plain_lines count)
if(count GREATER 60)
  message(FATAL_ERROR "examples/plain/main.cpp has ${count} lines, expected at most 60")
endif()
run("the programs of docs/embedding.md"
    ${python} ${source_folder}/tests/install/hosts.py ${source_folder}/docs/embedding.md
    ${folder}/hosts ${prefix} ${folder}/plain/plain -G ${generator}
    -D CMAKE_BUILD_TYPE=${build_type} -D CMAKE_CXX_COMPILER=${compiler}
    -D CMAKE_CXX_FLAGS=${flags})
