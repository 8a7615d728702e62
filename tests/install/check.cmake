# SPDX-License-Identifier: Apache-2.0
# Installs the build into a folder of its own, builds examples/embed against that, runs it.
# Run as a script, by the test install.find_package.

cmake_minimum_required(VERSION 3.25)

set(folder ${build_folder}/install-check)
set(prefix ${folder}/prefix)
file(REMOVE_RECURSE ${folder})

function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code TIMEOUT 500)
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

set(flags "")
if(sanitize)
  set(flags "-fsanitize=${sanitize}")
endif()
run("configuring the example"
    ${CMAKE_COMMAND} -S ${source_folder}/examples/embed -B ${folder}/embed -G ${generator}
    -D CMAKE_PREFIX_PATH=${prefix} -D CMAKE_BUILD_TYPE=${build_type}
    -D CMAKE_CXX_COMPILER=${compiler} -D CMAKE_CXX_COMPILER_LAUNCHER=${launcher}
    -D CMAKE_CXX_FLAGS=${flags})
run("building the example" ${CMAKE_COMMAND} --build ${folder}/embed)
run("the example" ${folder}/embed/embed)
