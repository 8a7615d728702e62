// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/command_line.hpp"

int main(int argc, char** argv) {
  return partita::app::run_command_line(argc, argv);
}
