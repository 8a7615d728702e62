// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/group_store.hpp"

#include "partita/actors/log.hpp"
#include "partita/messages/keys.hpp"

namespace partita {

group_store::group_store(worker_context& context, worker_alerts& alerts, callbacks to)
    : context_{context},
      alerts_{alerts},
      to_{std::move(to)},
      check_{{.identity = {.group = context.options.group,
                           .ownership = context.options.ownership,
                           .fresh_uid = context.make_nonce(),
                           .bucket = context.options.buckets.assignment},
              .startup = context.options.timeouts.startup,
              .seed = context.random()}} {
  const auto& o = context_.options;
  const auto all =
      wanted_buckets(o.buckets, o.id.ttl, o.election, o.heartbeat, o.rebalance);
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    buckets_[i].what = all[i];
}

void group_store::step(const core::group_check::event& what) {
  if (closed_)
    return;
  for (const auto& x : check_.step(what, context_.now()))
    std::visit([this](const auto& y) { carry_out(y); }, x);
  to_.moved();
}

void group_store::carry_out(const core::group_check::survey&) {
  context_.self
      ->request(context_.store, store_gone_after,
                survey_servers{context_.options.buckets.assignment, keys::group})
      .then([this](const servers_surveyed& x) { step(core::group_check::surveyed{x}); },
            [this](const caf::error& err) {
              step(core::group_check::failed{context_.self->system().render(err)});
            });
}

void group_store::carry_out(const core::group_check::open&) {
  trouble_ = {};
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (buckets_[i].open)
      continue;
    ++opening_;
    context_.self->request(context_.store, store_gone_after, buckets_[i].what.wanted)
        .then([this, i](const bucket_opened& x) { answered(i, x); },
              [this, i](const caf::error& err) {
                answered(
                    i,
                    {open_status::unknown, {}, {}, context_.self->system().render(err)});
              });
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

void group_store::carry_out(const core::group_check::look&) {
  ask_read(context_.self, context_.buckets[assignments], kv_last{keys::group},
           [this](const kv_read& x) {
             // The bucket may be gone with all its entries: then it is made again.
             if (x.status == read_status::refused)
               buckets_[assignments].open = false;
             step(core::group_check::looked{x});
           });
}

void group_store::carry_out(const core::group_check::write& x) {
  ask_to_replace(context_.self, context_.buckets[assignments], keys::group, x.value,
                 x.expected,
                 [this](const kv_written& y) { step(core::group_check::written{y}); });
}

void group_store::carry_out(const core::group_check::expect& x) {
  context_.self->send(context_.store, expect_entry{context_.options.buckets.assignment,
                                                   keys::group, x.value});
}

void group_store::carry_out(const core::group_check::waits& x) {
  alerts_.hear({0, "the group's store", x.why});
}

void group_store::carry_out(const core::group_check::identified&) {
  alerts_.hear({0, "the group's store", {}});
  to_.identified();
}

} // namespace partita
