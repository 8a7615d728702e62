// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace partita::app {

/// What `partita dev` is to show; durations as text, not yet checked.
struct dev_options {
  std::size_t workers = 3;
  std::uint32_t partitions = 32;
  bool nats = false;
  bool page = false;
  std::string events;
  std::string log_level = "warn";
  std::string run_for;
  std::string kill_every;
};

/// Runs a whole group in this process; the exit code.
int run_dev(const dev_options& options);

} // namespace partita::app
