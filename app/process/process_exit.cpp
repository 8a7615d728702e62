// SPDX-License-Identifier: Apache-2.0
#include "partita/app/process/process_exit.hpp"

#include "partita/app/process/exit_codes.hpp"

#include <caf/actor_system.hpp>

#include <spdlog/spdlog.h>

#include <cstdlib>

namespace partita::app {

namespace {

using namespace std::chrono_literals;

// What a close may take.
constexpr auto a_little = 2s;

} // namespace

void close(caf::scoped_actor& self, const store_actor& store) {
  self->request(store, a_little, close_store{})
      .receive([](store_closed) {},
               [&](const caf::error& why) {
                 spdlog::debug("closing the store: {}", self->system().render(why));
               });
}

void end_at_once(int code) {
  // The logger stays: threads that still run may use it.
  spdlog::default_logger()->flush();
  std::_Exit(code);
}

void leave_at_once(const std::string& why) {
  spdlog::critical("giving up: {}", why);
  end_at_once(exit_failed);
}

} // namespace partita::app
