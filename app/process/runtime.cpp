// SPDX-License-Identifier: Apache-2.0
#include "partita/app/process/runtime.hpp"

#include <caf/atom.hpp>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace partita::app {

runtime_config::runtime_config() {
  // Work stealing polls: an idle worker would cost a quarter of a core.
  set("scheduler.policy", caf::atom("sharing"));
  // No actor blocks, and a plan for a thousand workers takes some 15 ms (bench/planning), so
  // that one thread is enough for hundreds of workers. A second one would be woken for each
  // message that the first sends and then handles itself.
  set("scheduler.max-threads", std::size_t{1});
}

void start_logging(const std::string& level) {
  auto log = spdlog::get("partita");
  if (!log)
    log = spdlog::stderr_color_mt("partita");
  log->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
  log->set_level(spdlog::level::from_str(level));
  log->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(log);
}

} // namespace partita::app
