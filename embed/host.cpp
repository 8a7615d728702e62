// SPDX-License-Identifier: Apache-2.0
#include "partita/embed/host.hpp"

#include "partita/actors/supervisor/supervisor.hpp"
#include "partita/embed/member_actor.hpp"
#include "partita/embed/option_checks.hpp"
#include "partita/messages/consuming.hpp"
#include "partita/store/nats/nats_bucket.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

namespace partita::embed {

void register_own_messages() {
  using namespace caf::id_block;
  register_blocks<caf::id_block::partita, partita_nats, partita_embed,
                  partita_consuming>();
}

supervisor_actor spawn_worker(caf::actor_system& sys, worker_options options,
                              store_actor store, partition_source_actor source,
                              listener_actor listener) {
  auto good = with_defaults(std::move(options));
  if (auto found = mistakes_in(good); !found.empty())
    throw bad_options{std::move(found)};
  return spawn_supervisor(sys, std::move(good), std::move(store), std::move(source),
                          std::move(listener));
}

std::vector<std::string> stop_workers(caf::actor_system& sys,
                                      const std::vector<supervisor_actor>& workers,
                                      const store_actor& store, leave_mode how) {
  std::vector<std::string> failures;
  caf::scoped_actor self{sys};
  auto ask = [&](const supervisor_actor& worker) {
    return mail(self, stop_worker{how}).request(worker, caf::infinite);
  };
  // All leave at the same time: each answers at the latest after timeouts.shutdown.
  std::vector<decltype(ask(workers.front()))> answers;
  for (const auto& worker : workers)
    answers.push_back(ask(worker));
  for (auto& answer : answers)
    std::move(answer).receive(
        [&](const worker_stopped& x) {
          if (!x.failure.empty())
            failures.push_back(x.worker_id.value + ": " + x.failure);
        },
        // It had ended before.
        [](const caf::error&) {});
  mail(self, close_store{})
      .request(store, std::chrono::seconds{10})
      .receive([](store_closed) {}, [](const caf::error&) {});
  return failures;
}

} // namespace partita::embed
