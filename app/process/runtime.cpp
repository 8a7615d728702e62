// SPDX-License-Identifier: Apache-2.0
#include "partita/app/process/runtime.hpp"

#include "partita/config/text.hpp"

#include <caf/atom.hpp>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace partita::app {

namespace {

/// The message on one line: parts of it may come from the store or other workers.
class printable_message : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg& what, const std::tm&,
              spdlog::memory_buf_t& to) override {
    auto text = config::printable({what.payload.data(), what.payload.size()});
    to.append(text.data(), text.data() + text.size());
  }

  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<printable_message>();
  }
};

} // namespace

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
  auto format = std::make_unique<spdlog::pattern_formatter>();
  format->add_flag<printable_message>('*').set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %*");
  log->set_formatter(std::move(format));
  log->set_level(spdlog::level::from_str(level));
  log->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(log);
}

} // namespace partita::app
