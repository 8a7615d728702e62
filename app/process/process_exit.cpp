// SPDX-License-Identifier: Apache-2.0
#include "partita/app/process/process_exit.hpp"

#include "partita/app/output/last_words.hpp"
#include "partita/app/process/exit_codes.hpp"

#include <caf/actor_system.hpp>

#include <spdlog/spdlog.h>

#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>
#include <system_error>

#include <unistd.h>

namespace partita::app {

namespace {

using namespace std::chrono_literals;

// What a close may take.
constexpr auto a_little = 2s;

std::terminate_handler usual_end = nullptr;

/// Takes no memory.
[[noreturn]] void end_exhausted(std::string_view why) {
  last_words(why);
  ::_exit(exit_failed);
}

[[noreturn]] void end_without_handler() {
  try {
    if (auto cause = std::current_exception())
      std::rethrow_exception(cause);
  } catch (const std::bad_alloc&) {
    end_exhausted(
        "partita: out of memory: raise the limit of this process (ulimit -v, or "
        "that of its container)\n");
  } catch (const std::system_error& e) {
    if (e.code() == std::errc::resource_unavailable_try_again)
      end_exhausted(
          "partita: a thread cannot be started: raise the limit of processes or of "
          "memory (ulimit -u, ulimit -v, or the pids limit of the container)\n");
    if (e.code() == std::errc::too_many_files_open)
      end_exhausted(
          "partita: a descriptor cannot be opened: raise the limit of open files "
          "(ulimit -n)\n");
  } catch (...) {
  }
  // It met a thread that runs on its way to a handler, and cannot be looked at.
  if (std::uncaught_exceptions() > 0)
    end_exhausted("partita: cannot go on without memory, a thread or a descriptor: raise "
                  "the limits of this process\n");
  usual_end();
  std::abort();
}

} // namespace

void report_exhaustion() {
  usual_end = std::set_terminate(end_without_handler);
}

bool close(caf::scoped_actor& self, const store_actor& store) {
  auto result = false;
  self->request(store, a_little, close_store{})
      .receive([&](store_closed) { result = true; },
               [&](const caf::error& why) {
                 spdlog::debug("closing the store: {}", self->system().render(why));
               });
  return result;
}

void end_at_once(int code) {
  // The logger stays: threads that still run may use it.
  spdlog::default_logger()->flush();
  std::_Exit(code);
}

} // namespace partita::app
