// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/keys.hpp"
#include "partita/actors/log.hpp"
#include "partita/actors/supervisor/worker.hpp"
#include "partita/messages/codec.hpp"

// Which store this is, and whether it is the group's: before the first write, and again
// before each session that follows a doubt.
namespace partita {

void worker::identify_group() {
  if (std::exchange(identifying_, true))
    return;
  if (!survey_wanted_) {
    open_buckets();
    return;
  }
  self_
      ->request(store_, store_gone_after,
                survey_servers{options_.buckets.assignment, keys::group})
      .then(
          [this](const servers_surveyed& x) { surveyed(x); },
          [this](const caf::error& err) { identify_again(self_->system().render(err)); });
}

void worker::surveyed(const servers_surveyed& x) {
  if (leaving_ != leaving::no)
    return;
  if (!survey_wanted_) {
    // The group's own server is there again meanwhile: what the others hold does not matter.
    open_buckets();
    return;
  }
  auto verdict = identity_.surveyed(x);
  if (const auto* y = std::get_if<core::group_identity::refused>(&verdict)) {
    refuse_group(y->why);
    return;
  }
  if (const auto* y = std::get_if<core::group_identity::unanswered>(&verdict)) {
    identify_again(y->why);
    return;
  }
  const auto& known = std::get<core::group_identity::agreed>(verdict);
  if (known.entry)
    identity_.settle(*known.entry);
  // The connection in use may lead to one that did not answer.
  must_show_ = known.entry && x.servers.size() > 1;
  // A store that is new gets an entry, and then all servers are asked whether they show it.
  survey_wanted_ = !known.entry && x.servers.size() > 1;
  open_buckets();
}

void worker::settle_group(const group_entry& x, const std::string& text) {
  identity_.settle(x);
  self_->send(store_, expect_entry{options_.buckets.assignment, keys::group, text});
}

void worker::look_at_group() {
  ask_read(self_, buckets_[assignments].handle, kv_last{keys::group},
           [this](const kv_read& x) { group_read(x); });
}

void worker::group_read(const kv_read& x) {
  if (leaving_ != leaving::no)
    return;
  if (x.status != read_status::found && x.status != read_status::missing) {
    // It may be gone with all that was in it: then it is made again.
    if (x.status == read_status::refused)
      buckets_[assignments].open = false;
    identify_again(x.why);
    return;
  }
  auto value = group_from(x.entry.value);
  const auto* found = std::get_if<group_entry>(&value);
  if (x.status == read_status::missing || x.entry.removed || !found) {
    if (std::exchange(must_show_, false)) {
      survey_wanted_ = true;
      identify_again(
          "the server in use does not hold the group's entry, and another one in "
          "nats.url does");
      return;
    }
    write_group(x.entry.revision);
    return;
  }
  auto verdict = identity_.found(*found);
  if (const auto* y = std::get_if<core::group_identity::refused>(&verdict)) {
    refuse_group(y->why);
  } else if (const auto* z = std::get_if<core::group_identity::unanswered>(&verdict)) {
    survey_wanted_ = true;
    identify_again(z->why);
  } else {
    must_show_ = false;
    settle_group(*found, x.entry.value);
    group_identified();
  }
}

void worker::write_group(revision over) {
  ask_to_replace(self_, buckets_[assignments].handle, keys::group,
                 to_text(identity_.entry()), over, [this](const kv_written& x) {
                   if (x.status == write_status::done)
                     look_at_group();
                   else
                     identify_again(x.why); // To find what whoever was faster wrote.
                 });
}

void worker::group_identified() {
  identifying_ = false;
  if (survey_wanted_) {
    identify_group();
    return;
  }
  identified_ = true;
  identify_backoff_.reset();
  if (state_ == worker_state::init)
    opened_all();
  else
    try_to_join();
}

void worker::identify_again(const std::string& why) {
  identifying_ = false;
  if (leaving_ != leaving::no)
    return;
  if (state_ == worker_state::init) {
    wait_for_store(why);
    return;
  }
  logger()->warn("{}: waits for its group's store: {}", id_.value, why);
  identify_at_ = time_now() + identify_backoff_.next(random_);
  set_alarm();
}

/// At the start that is final, if it is so twice: of servers that are asked while another
/// worker writes the entry some show it. Later it may pass: the store that was used so far
/// comes back.
void worker::refuse_group(const std::string& why) {
  if (leaving_ == leaving::no && state_ == worker_state::init
      && std::exchange(refused_, true)) {
    identifying_ = false;
    begin_leaving(why, leave_mode::stop);
    return;
  }
  survey_wanted_ = true;
  identify_again(why);
}

} // namespace partita
