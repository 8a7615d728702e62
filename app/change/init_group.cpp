// SPDX-License-Identifier: Apache-2.0
#include "partita/app/change/init_group.hpp"

#include "partita/actors/shell.hpp"
#include "partita/app/change/settled_write.hpp"
#include "partita/core/group_init.hpp"
#include "partita/core/worker/wanted_buckets.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/keys.hpp"

#include <utility>
#include <variant>

namespace partita::app {

namespace {

using core::group_init;
using std::chrono::steady_clock;

constexpr core::duration between_tries = std::chrono::milliseconds{100};

class group_initializer {
public:
  explicit group_initializer(group_access& access)
      : access_{access}, init_{access.settings.heartbeat.ttl} {}

  int run() {
    while (why_.empty() && make_buckets()) {
      auto found = look();
      if (!why_.empty())
        break;
      auto next = init_.looked(found, unix_seconds(), steady_clock::now());
      if (const auto* x = std::get_if<group_init::wait>(&next)) {
        if (!wait(x->how_long))
          return fail("stopped before the group was declared; its buckets stay");
      } else if (const auto* y = std::get_if<group_init::write>(&next)) {
        if (write(*y))
          return print("group " + access_.settings.group.name
                       + " is declared: its first leader need not wait\n");
      } else {
        why_ = std::get<group_init::refused>(next).why;
      }
    }
    return fail(why_);
  }

private:
  bool make_buckets() {
    const auto& s = access_.settings;
    for (const auto& [wanted, option] : core::wanted_buckets(
             s.buckets, s.worker.id_ttl, s.election, s.heartbeat, s.rebalance)) {
      if (wanted.name == s.buckets.partitions && !s.partitions.bucket)
        continue;
      auto x = open_within(access_.self, access_.store, wanted, access_.left());
      if (x.status != open_status::opened) {
        why_ = "cannot make the bucket " + wanted.name + ": " + x.why;
        return false;
      }
      if (wanted.name == s.buckets.assignment)
        bucket_ = x.bucket;
    }
    return true;
  }

  group_init::view look() {
    group_init::view result;
    // First: what is read after it is not older.
    result.bucket = ask<kv_identity>(kv_identify{}).identity;
    auto found = read_group(access_.self, access_.store, access_.settings.group.name,
                            access_.settings.buckets, access_.left());
    if (auto* entries = std::get_if<group_entries>(&found)) {
      result.assignments = std::move(entries->assignment);
      result.heartbeats = std::move(entries->heartbeat);
    } else {
      why_ = std::get<std::string>(found);
    }
    result.epoch = ask<kv_read>(kv_last{keys::epoch});
    return result;
  }

  /// False: an order to stop came.
  bool wait(core::duration how_long) {
    auto ms = std::chrono::ceil<std::chrono::milliseconds>(how_long);
    print("the buckets are there; waits " + std::to_string(ms.count())
          + " ms, until every session of an earlier group has ended\n");
    progress_line line{"waiting"};
    auto end = steady_clock::now() + how_long;
    auto stopped = receive_by(access_.self, end, [](const stop_worker&) {});
    access_.deadline = steady_clock::now() + access_.limit;
    return !stopped;
  }

  bool write(const group_init::write& x) {
    key_change change{keys::epoch, to_text(x.value), x.expected};
    auto pause = [&](core::duration length) {
      access_.self->receive(caf::after(std::max(length, between_tries)) >> [] {});
      return steady_clock::now() < access_.deadline;
    };
    auto access = access_to(
        access_.self, bucket_, change, [this] { return access_.left(); }, pause);
    // A key that was removed is no new group's.
    access.write = [&] {
      return ask<kv_written>(kv_update{change.key, *change.value, change.expected});
    };
    auto answer = settle(access.write(), change, access);
    if (answer.status == write_status::conflict)
      why_ = "workers have been started meanwhile; the group needs no init";
    else if (answer.status != write_status::done)
      why_ = "the epoch could not be written: " + answer.why;
    return why_.empty();
  }

  template <class Answer, class Request>
  Answer ask(Request what) {
    return app::ask<Answer>(access_.self, bucket_, access_.left(), std::move(what));
  }

  group_access& access_;
  group_init init_;
  bucket_actor bucket_;
  std::string why_;
};

} // namespace

int init_group(group_access& access) {
  return group_initializer{access}.run();
}

} // namespace partita::app
