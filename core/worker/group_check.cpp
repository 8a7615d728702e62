// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/group_check.hpp"

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

// -- the check --------------------------------------------------------------------------

group_check::group_check(options opts)
    : options_{std::move(opts)}, random_{options_.seed}, identity_{options_.identity} {}

void group_check::on(const begin&, time_point now) {
  if (starting_ && !startup_until_)
    startup_until_ = now + options_.startup;
  if (!busy_ && !again_at_)
    proceed();
}

void group_check::proceed() {
  busy_ = true;
  again_at_.reset();
  if (survey_wanted_)
    out_.emplace_back(survey{});
  else
    out_.emplace_back(open{});
}

void group_check::on(const surveyed& what, time_point now) {
  if (!survey_wanted_) {
    // The group's own server is back meanwhile: what the others hold does not matter.
    out_.emplace_back(open{});
    return;
  }
  auto verdict = identity_.surveyed(what.what);
  if (!accepts(verdict, now))
    return;
  const auto& known = std::get<group_identity::agreed>(verdict);
  auto several = what.what.servers.size() > 1;
  if (known.entry)
    identity_.settle(*known.entry);
  // The connection in use may lead to one that did not answer.
  must_show_ = known.entry && several;
  // A new store gets an entry, and then all servers are asked whether they show it.
  survey_wanted_ = !known.entry && several;
  out_.emplace_back(open{});
}

void group_check::on(const opened& what, time_point now) {
  if (what.why.empty())
    out_.emplace_back(look{});
  else if (what.foreign && starting_)
    out_.emplace_back(give_up{what.why});
  else
    again(what.why, now);
}

void group_check::on(const looked& what, time_point now) {
  const auto& x = what.what;
  if (x.status != read_status::found && x.status != read_status::missing) {
    again(x.why, now);
    return;
  }
  auto value = group_from(x.entry.value);
  const auto* found = std::get_if<group_entry>(&value);
  if (x.status == read_status::missing || x.entry.removed || !found) {
    if (std::exchange(must_show_, false)) {
      survey_wanted_ = true;
      again("the server in use does not hold the group's entry, and another one in "
            "nats.url does",
            now);
      return;
    }
    out_.emplace_back(write{to_text(identity_.entry()), x.entry.revision});
    return;
  }
  if (!accepts(identity_.found(*found), now))
    return;
  must_show_ = false;
  identity_.settle(*found);
  out_.emplace_back(expect{x.entry.value});
  if (survey_wanted_) {
    proceed();
    return;
  }
  busy_ = false;
  starting_ = false;
  pause_.reset();
  out_.emplace_back(identified{});
}

void group_check::on(const written& what, time_point now) {
  if (what.what.status == write_status::done)
    out_.emplace_back(look{});
  else
    again(what.what.why, now); // To find what a faster worker wrote.
}

void group_check::on(const connected&, time_point) {
  // The store lets no other server through than one that may be the group's.
  survey_wanted_ = survey_wanted_ && !identity_.is_settled();
  if (again_at_)
    proceed();
}

bool group_check::accepts(const group_identity::verdict& what, time_point now) {
  if (std::holds_alternative<group_identity::agreed>(what))
    return true;
  survey_wanted_ = true;
  if (const auto* x = std::get_if<group_identity::unanswered>(&what))
    again(x->why, now);
  else if (const auto& why = std::get<group_identity::refused>(what).why;
           starting_ && std::exchange(refused_, true))
    out_.emplace_back(give_up{why});
  else
    again(why, now);
  return false;
}

void group_check::again(const std::string& why, time_point now) {
  busy_ = false;
  if (starting_ && now >= *startup_until_) {
    out_.emplace_back(
        give_up{"the store could not be used within timeouts.startup: " + why});
    return;
  }
  again_at_ = now + pause_.next(random_);
  if (starting_)
    again_at_ = earlier(again_at_, startup_until_);
  out_.emplace_back(waits{why});
}

} // namespace partita::core
