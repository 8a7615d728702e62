// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/worker.hpp"
#include "partita/core/match.hpp"
#include "partita/messages/keys.hpp"

namespace partita {

group_store::group_store(worker& of)
    : worker_{of},
      context_{of.context},
      check_{{.identity = {.group = context_.options.group.name,
                           .ownership = context_.options.group.ownership,
                           .fresh_uid = context_.make_nonce(),
                           .bucket = context_.options.buckets.assignment},
              .startup = context_.options.timeouts.startup,
              .seed = context_.random()}} {
  const auto& o = context_.options;
  const auto all = core::wanted_buckets(o.buckets, o.worker.id_ttl, o.election,
                                        o.heartbeat, o.rebalance);
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    buckets_[i].what = all[i];
}

void group_store::step(const core::group_check::event& what) {
  if (closed_)
    return;
  for (const auto& x : check_.step(what, context_.now()))
    carry_out(x);
  worker_.set_alarm();
}

void group_store::carry_out(const core::group_check::command& what) {
  using check = core::group_check;
  constexpr auto subject = "the group's store";
  const auto& name = context_.options.buckets.assignment;
  core::match(
      what,
      [&](const check::survey&) {
        mail(context_.self, survey_servers{name, keys::group})
            .request(context_.store, store_gone_after)
            .then([this](const servers_surveyed& x) { step(check::surveyed{x}); },
                  [this](const caf::error& err) {
                    step(check::failed{error_text(context_.self, err)});
                  });
      },
      [&](const check::open&) { open(); }, [&](const check::look&) { look(); },
      [&](const check::write& x) {
        ask_to_replace(context_.self, context_.buckets[assignments], keys::group, x.value,
                       x.expected,
                       [this](const kv_written& y) { step(check::written{y}); });
      },
      [&](const check::expect& x) {
        mail(context_.self, expect_entry{name, keys::group, x.value})
            .send(context_.store);
      },
      [&](const check::identified&) {
        worker_.alerts.hear({0, subject, {}});
        worker_.live(core::life::identified{});
      },
      [&](const check::waits& x) {
        worker_.alerts.hear({0, subject, x.why});
      },
      [&](const check::give_up& x) {
        worker_.departure.step(core::departure::asked{leave_mode::stop, x.why});
      });
}

void group_store::open() {
  trouble_ = {};
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (buckets_[i].open)
      continue;
    ++opening_;
    ask_to_open(context_.self, context_.store, buckets_[i].what.wanted,
                [this, i](const bucket_opened& x) { answered(i, x); });
  }
  if (opening_ == 0)
    step(core::group_check::opened{});
}

void group_store::answered(std::size_t which, const bucket_opened& x) {
  --opening_;
  if (x.status == open_status::opened) {
    context_.buckets[which] = x.bucket;
    buckets_[which].open = true;
  } else {
    trouble_.why = x.why;
    trouble_.foreign = trouble_.foreign || x.status == open_status::foreign;
    const std::string option = buckets_[which].what.ttl_option;
    if (x.status == open_status::foreign && !option.empty())
      trouble_.why += "; " + option + " requires entries to live at least twice as long";
    if (x.status == open_status::foreign)
      trouble_.why += "; `partita buckets update` changes ttl and replicas of a bucket";
  }
  if (opening_ == 0)
    step(trouble_);
}

void group_store::look() {
  ask_read(context_.self, context_.buckets[assignments], keys::group,
           [this](const kv_read& x) {
             // The bucket may be gone with all its entries: then it is made again.
             if (x.status == read_status::refused)
               buckets_[assignments].open = false;
             step(core::group_check::looked{x});
           });
}

} // namespace partita
