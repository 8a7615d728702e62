// SPDX-License-Identifier: Apache-2.0
#include "partita/messages/exceptions.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/sec.hpp>

#include <exception>

namespace partita {

namespace {

[[noreturn]] caf::error to_terminate(std::exception_ptr& x) noexcept {
  std::rethrow_exception(x);
}

caf::error to_those_who_monitor(std::exception_ptr& x) {
  try {
    std::rethrow_exception(x);
  } catch (const std::exception& e) {
    return caf::make_error(caf::sec::runtime_error, e.what());
  } catch (...) {
    return caf::make_error(caf::sec::runtime_error, "an exception of unknown type");
  }
}

} // namespace

void end_on_exception(caf::scheduled_actor* self) {
  self->set_exception_handler(caf::get_or(self->config(), exceptions_end_process, false)
                                  ? to_terminate
                                  : to_those_who_monitor);
}

} // namespace partita
