# SPDX-License-Identifier: Apache-2.0
# What cmake/BuildCommit.cmake writes: with and without history, and when that moves. Run as a
# script, by the test install.build_commit.

cmake_minimum_required(VERSION 3.25)

set(folder ${build_folder}/commit-check)
set(tree ${folder}/tree)
set(output ${folder}/build_commit.cpp)
file(REMOVE_RECURSE ${folder})
file(WRITE ${tree}/file "one")

function(git)
  execute_process(COMMAND git -C ${tree} -c user.name=t -c user.email=t@example.com ${ARGN}
                  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# The commit as git names it.
function(head result)
  execute_process(COMMAND git -C ${tree} rev-parse --short HEAD OUTPUT_VARIABLE name
                  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(${result} ${name} PARENT_SCOPE)
endfunction()

function(must_name commit)
  execute_process(COMMAND ${CMAKE_COMMAND} -D source=${tree} -D output=${output} -P
                          ${source_folder}/cmake/BuildCommit.cmake COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${output} text)
  string(FIND "${text}" "return \"${commit}\";" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "expected the commit '${commit}', found ${text}")
  endif()
endfunction()

# An archive of the sources, unpacked inside another repository.
must_name("")

git(init --quiet --initial-branch=main)
git(add file)
git(commit -m one)
head(first)
must_name(${first})

# What has not changed is not written: nothing is compiled again.
execute_process(COMMAND touch -d @1000000000 ${output} COMMAND_ERROR_IS_FATAL ANY)
must_name(${first})
file(TIMESTAMP ${output} written "%s")
if(NOT written EQUAL 1000000000)
  message(FATAL_ERROR "the source was written again although the commit is the same")
endif()

file(WRITE ${tree}/file "two")
must_name(${first}-dirty)
git(commit -am two)
head(second)
if(second STREQUAL first)
  message(FATAL_ERROR "both commits are ${first}")
endif()
must_name(${second})
