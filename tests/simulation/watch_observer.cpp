// SPDX-License-Identifier: Apache-2.0
#include "watch_observer.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace partita::simulation {

namespace {

using watch_observer_actor = watch_sink_actor::extend<caf::reacts_to<wake>>;

struct watch_observer_state {
  static inline constexpr const char* name = "watch_observer";

  // No handle first: CAF would take this aggregate for one that is made from `self`.
  process_id owner = no_process;
  watch_observer* observer = nullptr;
  std::vector<std::string> names;
  store_actor store;
  std::vector<bucket_actor> buckets;
};

using self_pointer = watch_observer_actor::stateful_pointer<watch_observer_state>;

/// Opens a bucket, sooner or later, and watches all of it; the watch has its number.
void open(self_pointer self, std::size_t which) {
  open_bucket what;
  what.name = self->state.names[which];
  what.mode = open_mode::look;
  auto again = [self, which] {
    self->delayed_send(self, std::chrono::milliseconds{500}, wake{0, which});
  };
  self->request(self->state.store, std::chrono::seconds{30}, what)
      .then(
          [self, which, again](const bucket_opened& x) {
            if (x.status != open_status::opened) {
              again();
              return;
            }
            self->state.buckets[which] = x.bucket;
            self->send(x.bucket, kv_watch{which, ">", self, true});
          },
          [again](const caf::error&) { again(); });
}

watch_observer_actor::behavior_type observe(self_pointer self, process_id owner,
                                            store_actor store,
                                            std::vector<std::string> buckets,
                                            watch_observer* observer) {
  auto& s = self->state;
  s.owner = owner;
  s.observer = observer;
  s.names = std::move(buckets);
  s.store = std::move(store);
  s.buckets.resize(s.names.size());
  for (std::size_t i = 0; i < s.names.size(); ++i)
    open(self, i);
  return {
      [self](const watch_event& x) {
        const auto& t = self->state;
        t.observer->told(t.owner, t.names[x.watch], x);
      },
      [self](const wake& x) { open(self, x.ticket); },
  };
}

} // namespace

caf::actor spawn_watch_observer(world& w, process_id owner, store_actor store,
                                std::vector<std::string> buckets,
                                watch_observer& observer) {
  return caf::actor_cast<caf::actor>(
      w.system().spawn(observe, owner, std::move(store), std::move(buckets), &observer));
}

} // namespace partita::simulation
