// SPDX-License-Identifier: Apache-2.0
#include "partita/core/sidecar/dead_worker.hpp"

#include "partita/messages/codec.hpp"
#include "partita/messages/keys.hpp"

namespace partita::core {

/// Limits what a guard keeps for months. The heartbeat of an incarnation so long ago is not
/// the one that stands in the store.
constexpr std::size_t most_used = 256;

void dead_worker::used(const used_nonce& x) {
  std::erase(used_, x);
  used_.push_back(x);
  if (used_.size() > most_used)
    used_.erase(used_.begin());
}

std::vector<worker_id> dead_worker::ids() const {
  std::vector<worker_id> result;
  for (auto i = used_.rbegin(); i != used_.rend(); ++i)
    if (std::find(result.begin(), result.end(), i->who) == result.end())
      result.push_back(i->who);
  return result;
}

std::vector<dead_worker::target> dead_worker::targets() const {
  std::vector<target> result{{place::election, {}, keys::leader}};
  for (const auto& id : ids())
    result.push_back({place::heartbeats, id, keys::heartbeat_of(id)});
  for (const auto& id : ids())
    result.push_back({place::ids, id, id.value});
  return result;
}

dead_worker::step dead_worker::next(const target& which, const kv_read& found,
                                    std::int64_t unix_now) const {
  if (found.status != read_status::found && found.status != read_status::missing)
    return look_again{};
  switch (which.where) {
  case place::election:
    return stop_leading(found.entry);
  case place::heartbeats:
    return say_goodbye(which, found.entry, unix_now);
  case place::ids:
    return release(found.entry, unix_now);
  }
  return done{};
}

dead_worker::step dead_worker::say_goodbye(const target& which, const kv_entry& found,
                                           std::int64_t unix_now) const {
  auto newest = std::find_if(used_.rbegin(), used_.rend(), [](const used_nonce& x) {
    return x.use == nonce_use::heartbeat;
  });
  // Its first heartbeat, over what stands there, may still be under way.
  auto awaited = newest != used_.rend() && newest->who == which.who;
  auto value = beat_from(found.value, found.stored_at_ns);
  auto* shown = std::get_if<beat>(&value);
  if (!shown)
    return awaited ? step{look_again{}} : done{};
  auto lives = is_living(shown->state);
  if ((lives || shown->state == beat_state::forced)
      && has_used(nonce_use::heartbeat, shown->nonce)) {
    shown->state = has_used(nonce_use::restart, shown->nonce) ? beat_state::restarting
                                                              : beat_state::stopped;
    shown->at = unix_now;
    shown->stopping.clear();
    return kv_update{which.key, to_text(*shown), found.revision};
  }
  // A first heartbeat never replaces a live one of another process.
  if (lives || !awaited || shown->nonce == newest->value)
    return done{};
  return look_again{};
}

dead_worker::step dead_worker::release(const kv_entry& found,
                                       std::int64_t unix_now) const {
  auto value = claim_from(found.value);
  auto* held = std::get_if<claim>(&value);
  if (!held || held->released || !has_used(nonce_use::claim, held->nonce))
    return done{};
  held->released = true;
  held->renewed_at = unix_now;
  return kv_update{found.key, to_text(*held), found.revision};
}

dead_worker::step dead_worker::stop_leading(const kv_entry& found) const {
  auto value = leader_from(found.value);
  const auto* leads = std::get_if<leader_entry>(&value);
  if (!leads || !has_used(nonce_use::leader, leads->nonce))
    return done{};
  return kv_remove{found.key, found.revision};
}

} // namespace partita::core
