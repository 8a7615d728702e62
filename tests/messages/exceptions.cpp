// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE messages.exceptions

#include "partita/messages/exceptions.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/test/unit_test.hpp>

#include <exception>
#include <stdexcept>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

using namespace partita;

namespace {

struct scheduling : caf::actor_system_config {
  scheduling() { set("scheduler.max-threads", std::size_t{1}); }
};

caf::behavior thrower(caf::event_based_actor* self) {
  end_on_exception(self);
  return {[](int) { throw std::runtime_error{"no memory left"}; }};
}

/// How an actor ends that got a message which it cannot handle.
std::string end_of_thrower(bool ends_process) {
  scheduling cfg;
  put(cfg.content, exceptions_end_process, ends_process);
  caf::actor_system sys{cfg};
  caf::scoped_actor self{sys};
  std::string result;
  auto actor = self->spawn<caf::monitored>(thrower);
  self->send(actor, 1);
  self->receive([&](const caf::down_msg& x) { result = sys.render(x.reason); });
  return result;
}

} // namespace

CAF_TEST(an actor that throws ends with the text of the exception) {
  CAF_CHECK_NOT_EQUAL(end_of_thrower(false).find("no memory left"), std::string::npos);
}

CAF_TEST(where the option says so the exception reaches the terminate handler) {
  auto pid = ::fork();
  if (pid == 0) {
    std::set_terminate([] {
      try {
        std::rethrow_exception(std::current_exception());
      } catch (const std::exception& x) {
        ::_exit(std::string{x.what()} == "no memory left" ? 42 : 1);
      }
    });
    end_of_thrower(true);
    ::_exit(0);
  }
  int status = 0;
  CAF_REQUIRE_EQUAL(::waitpid(pid, &status, 0), pid);
  CAF_CHECK(WIFEXITED(status));
  CAF_CHECK_EQUAL(WEXITSTATUS(status), 42);
}
