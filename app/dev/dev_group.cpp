// SPDX-License-Identifier: Apache-2.0
#include "partita/app/dev/dev_group.hpp"

#include "partita/actors/supervisor/supervisor.hpp"

#include <caf/actor_system.hpp>

#include <algorithm>

namespace partita::app {

namespace {

using namespace std::chrono_literals;

// A supervisor never blocks: one that does not answer for this long is stuck.
constexpr auto answer_limit = 1s;

} // namespace

dev_group::dev_group(caf::scoped_actor& self, worker_options options, store_actor store,
                     partition_source_actor source, dev_console_actor board)
    : self_(self),
      options_(std::move(options)),
      store_(std::move(store)),
      source_(std::move(source)),
      board_(std::move(board)) {}

void dev_group::start(std::size_t count) {
  workers_.resize(count);
  for (std::size_t i = 0; i < count; ++i)
    restart(i);
}

void dev_group::restart(std::size_t slot) {
  auto options = options_;
  options.id.instance = "slot-" + std::to_string(slot);
  workers_[slot] =
      spawn_supervisor(self_->system(), std::move(options), store_, source_, board_);
}

std::size_t dev_group::kill_leader() {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    worker_status status;
    if (workers_[i])
      self_->request(workers_[i], answer_limit, get_status{})
          .receive([&](worker_status& x) { status = std::move(x); },
                   [](const caf::error&) {});
    if (!status.leading)
      continue;
    caf::anon_send_exit(workers_[i], caf::exit_reason::kill);
    workers_[i] = nullptr;
    caf::anon_send(board_, worker_killed{status.worker_id});
    return i;
  }
  return no_slot;
}

void dev_group::stop() {
  for (const auto& x : workers_)
    if (x)
      caf::anon_send(x, stop_worker{});
}

std::size_t dev_group::alive() const {
  return static_cast<std::size_t>(
      std::count_if(workers_.begin(), workers_.end(), [](const auto& x) { return !!x; }));
}

} // namespace partita::app
