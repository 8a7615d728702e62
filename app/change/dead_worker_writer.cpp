// SPDX-License-Identifier: Apache-2.0
#include "partita/app/change/dead_worker_writer.hpp"

#include "partita/actors/shell.hpp"

#include <variant>

namespace partita::app {

namespace {

using core::dead_worker;
using namespace std::chrono_literals;

constexpr auto between_tries = 50ms;

const std::string& bucket_of(dead_worker::place x, const bucket_options& names) {
  return x == dead_worker::place::election     ? names.election
         : x == dead_worker::place::heartbeats ? names.heartbeat
                                               : names.stable_id;
}

/// Follows one key from its first read to a known outcome. Why it is not settled; empty: it is.
std::string settle_key(const dead_worker& dead, const dead_worker::target& which,
                       group_access& access) {
  auto& self = access.self;
  open_bucket wanted;
  wanted.name = bucket_of(which.where, access.settings.buckets);
  wanted.mode = open_mode::look;
  auto opened = open_within(self, access.store, wanted, access.left());
  if (opened.status != open_status::opened)
    return opened.why;
  const auto& bucket = opened.bucket;
  for (;;) {
    auto found = ask<kv_read>(self, bucket, access.left(), kv_last{which.key});
    auto step = dead.next(which, found, unix_seconds());
    if (std::holds_alternative<dead_worker::done>(step))
      return {};
    kv_written answer;
    answer.why = "it did not appear in time";
    if (const auto* x = std::get_if<kv_update>(&step))
      answer = ask<kv_written>(self, bucket, access.left(), *x);
    else if (const auto* y = std::get_if<kv_remove>(&step))
      answer = ask<kv_written>(self, bucket, access.left(), *y);
    if (answer.status == write_status::done)
      return {};
    if (answer.status == write_status::refused)
      return answer.why;
    if (answer.status == write_status::conflict)
      continue; // What it shows now decides.
    if (access.left() <= between_tries)
      return "the store did not answer in time"
             + (answer.why.empty() ? "" : ": " + answer.why);
    self->receive(caf::after(between_tries) >> [] {});
  }
}

} // namespace

int write_for(const dead_worker& dead, group_access& access) {
  for (const auto& x : dead.targets()) {
    auto why = settle_key(dead, x, access);
    if (why.empty())
      continue;
    fail("no goodbye for the dead worker: " + x.key + ": " + why);
    // Leadership ends with its lease; an id is released after the goodbye only.
    if (x.where != dead_worker::place::election)
      return exit_failed;
  }
  return exit_fine;
}

} // namespace partita::app
