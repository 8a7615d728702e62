// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/group_identity.hpp"

#include "partita/messages/codec.hpp"

#include <algorithm>
#include <set>

namespace partita::core {

namespace {

constexpr const char* one_store =
    "; nats.url must name servers of one store (one server, the nodes of one cluster, or "
    "leaf nodes without a JetStream of their own)";

} // namespace

group_identity::verdict group_identity::surveyed(const servers_surveyed& what) {
  agreed result;
  std::string without;
  std::string silent;
  std::set<std::string> answered;
  // All that answered are nodes of one cluster.
  auto clustered = true;
  std::string cluster;
  for (const auto& x : what.servers) {
    if (x.status != read_status::found && x.status != read_status::missing) {
      silent += "; " + x.server + ": " + (x.why.empty() ? "no answer" : x.why);
      continue;
    }
    if (answered.empty())
      cluster = x.cluster;
    clustered = clustered && !x.cluster.empty() && x.cluster == cluster;
    answered.insert(x.server);
    auto value = group_from(x.value);
    const auto* entry = std::get_if<group_entry>(&value);
    // What cannot be read is written over, as if there were none.
    if (x.status == read_status::missing || !entry) {
      shown_.erase(x.server);
      without = x.server;
      continue;
    }
    shown_[x.server] = entry->group_uid.value;
    if (auto why = mismatch(*entry); !why.empty())
      return refused{why + " (found at " + x.server + ')'};
    result = {*entry, x.value};
  }
  if (answered.empty())
    return unanswered{"no server says whether it knows the group" + silent};
  // A server that is not named any more says nothing.
  std::erase_if(shown_, [&](const auto& x) {
    return std::none_of(what.servers.begin(), what.servers.end(),
                        [&](const auto& y) { return y.server == x.first; });
  });
  if (clustered) {
    if (result.entry && !without.empty())
      return unanswered{"the nodes of the cluster do not show the same yet"};
    // What those show that answer counts for all nodes.
    std::erase_if(shown_, [&](const auto& x) { return !answered.contains(x.first); });
  }
  const auto* first = shown_.empty() ? nullptr : &*shown_.begin();
  for (const auto& x : shown_)
    if (x.second != first->second) {
      if (clustered)
        return unanswered{"the nodes of the cluster do not show the same yet"};
      return refused{"nats.url names servers of different stores: " + first->first
                     + " holds group_uid " + first->second + ", " + x.first + " holds "
                     + x.second + one_store};
    }
  if (first && !without.empty())
    return refused{"nats.url names servers of different stores: " + first->first
                   + " knows the group '" + options_.group + "', " + without + " does not"
                   + one_store};
  return result;
}

group_identity::verdict group_identity::found(const group_entry& what) const {
  if (auto why = mismatch(what); !why.empty())
    return refused{std::move(why)};
  if (settled_ && settled_->group_uid != what.group_uid)
    return unanswered{"the store holds group_uid " + what.group_uid.value + " instead of "
                      + settled_->group_uid.value};
  return agreed{what, {}};
}

group_entry group_identity::entry() const {
  return settled_.value_or(
      group_entry{options_.fresh_uid, options_.group, options_.ownership});
}

std::string group_identity::mismatch(const group_entry& x) const {
  if (x.group != options_.group)
    return "the bucket '" + options_.bucket + "' belongs to the group '" + x.group
           + "', and group.name is '" + options_.group
           + "'; give each group buckets of its own ([buckets])";
  if (x.ownership != options_.ownership)
    return "the group '" + options_.group + "' works with group.ownership = \""
           + to_string(x.ownership) + "\", and here it is \""
           + to_string(options_.ownership)
           + "\"; set it to the same value in all workers, or to change it stop them all "
             "and remove the key `group` of the bucket '"
           + options_.bucket + "'";
  return {};
}

} // namespace partita::core
