// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/bucket_reader.hpp"

#include <caf/actor_system.hpp>

#include <algorithm>

namespace partita::app {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

} // namespace

milliseconds left_until(steady_clock::time_point deadline) {
  auto result = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
  return std::max(result, milliseconds{1});
}

std::string not_shown(const std::string& bucket, const std::string& why) {
  return "the store does not show the whole bucket " + bucket
         + (why.empty() ? "" : ": " + why);
}

bucket_opened open_within(caf::scoped_actor& self, const store_actor& store,
                          const open_bucket& which, milliseconds limit) {
  auto deadline = steady_clock::now() + limit;
  bucket_opened result;
  auto answered = true;
  do {
    self->request(store, left_until(deadline), which)
        .receive([&](bucket_opened& x) { result = std::move(x); },
                 [&](const caf::error& e) {
                   answered = false;
                   // The earlier answer of the store says more than that the time is
                   // over.
                   if (result.why.empty())
                     result.why = self->system().render(e);
                 });
  } while (answered && result.status == open_status::unknown
           && steady_clock::now() < deadline);
  return result;
}

std::optional<std::string> open_if_there(caf::scoped_actor& self,
                                         const store_actor& store,
                                         const open_bucket& which, milliseconds limit,
                                         bucket_actor& to) {
  auto x = open_within(self, store, which, limit);
  if (x.status == open_status::opened)
    to = std::move(x.bucket);
  if (x.status == open_status::opened || x.status == open_status::missing)
    return std::nullopt;
  return "cannot open the bucket " + which.name + ": "
         + (x.why.empty() ? to_string(x.status) : x.why);
}

std::optional<std::string>
read_bucket(caf::scoped_actor& self, const store_actor& store, const open_bucket& which,
            milliseconds limit, bucket_actor& to,
            const std::function<void(const watch_event&)>& take) {
  if (auto why = open_if_there(self, store, which, limit, to); why || !to)
    return why;
  auto sink = forwarder_to<watch_sink_actor, watch_event>(self);
  self->send(to, kv_watch{0, ">", sink});
  auto complete = false;
  auto stopped = false;
  auto late = false;
  std::string why;
  while (!complete && !stopped && !late)
    late = !receive_by(
        self, steady_clock::now() + limit,
        [&](const watch_event& x) {
          complete = x.change == watch_change::replayed;
          if (!x.why.empty())
            why = x.why;
          take(x);
        },
        [&](const stop_worker&) { stopped = true; });
  caf::anon_send_exit(sink, caf::exit_reason::user_shutdown);
  if (stopped)
    return "stopped before anything was written";
  return late ? std::optional{not_shown(which.name, why)} : std::nullopt;
}

} // namespace partita::app
