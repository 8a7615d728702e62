// SPDX-License-Identifier: Apache-2.0
#include "partita/core/worker/group_check.hpp"

#include "partita/messages/codec.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

group_check::group_check(options opts)
    : options_{std::move(opts)}, random_{options_.seed}, identity_{options_.identity} {}

group_check::commands group_check::step(const event& what, time_point now) {
  out_.clear();
  std::visit([&](const auto& x) { on(x, now); }, what);
  return std::move(out_);
}

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
  if (const auto* x = std::get_if<group_identity::refused>(&verdict)) {
    refuse(x->why, now);
    return;
  }
  if (const auto* x = std::get_if<group_identity::unanswered>(&verdict)) {
    again(x->why, now);
    return;
  }
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
  auto verdict = identity_.found(*found);
  if (const auto* y = std::get_if<group_identity::refused>(&verdict)) {
    refuse(y->why, now);
    return;
  }
  if (const auto* y = std::get_if<group_identity::unanswered>(&verdict)) {
    survey_wanted_ = true;
    again(y->why, now);
    return;
  }
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

void group_check::on(const tick&, time_point now) {
  if (again_at_ && now >= *again_at_)
    proceed();
}

void group_check::again(const std::string& why, time_point now) {
  busy_ = false;
  if (!starting_) {
    again_at_ = now + pause_.next(random_);
    out_.emplace_back(waits{why});
    return;
  }
  if (now >= *startup_until_) {
    out_.emplace_back(
        give_up{"the store could not be used within timeouts.startup: " + why});
    return;
  }
  again_at_ = std::min(now + pause_.next(random_), *startup_until_);
  out_.emplace_back(waits{why});
}

void group_check::refuse(const std::string& why, time_point now) {
  if (starting_ && std::exchange(refused_, true)) {
    out_.emplace_back(give_up{why});
    return;
  }
  survey_wanted_ = true;
  again(why, now);
}

} // namespace partita::core
