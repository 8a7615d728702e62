// SPDX-License-Identifier: Apache-2.0
#include "partita/app/process/child_keeper.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>

namespace partita::app {

namespace {

void keeper(caf::event_based_actor*, const child& x, const std::string& input,
            const std::function<void()>& ended) {
  attend_child(x, input);
  ended();
}

} // namespace

void keep_child(caf::actor_system& sys, const child& x, std::string input,
                std::function<void()> ended) {
  sys.spawn<caf::detached>(keeper, x, std::move(input), std::move(ended));
}

} // namespace partita::app
