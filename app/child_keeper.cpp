#include "partita/app/child_keeper.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>

namespace partita::app {

void keep_child(caf::actor_system& sys, const child& x, std::string input,
                std::function<void()> ended) {
  sys.spawn<caf::detached>([x, text = std::move(input), call = std::move(ended)] {
    attend_child(x, text);
    call();
  });
}

} // namespace partita::app
