// SPDX-License-Identifier: Apache-2.0
#include "partita/app/change/dead_worker_writer.hpp"

#include "partita/actors/shell.hpp"

#include <utility>

namespace partita::app {

namespace {

using core::dead_worker;
using namespace std::chrono_literals;

constexpr auto between_tries = 50ms;

/// One key, from its first read to a known outcome.
class key_settler {
public:
  key_settler(const dead_worker& dead, dead_worker::target which, group_access& access)
      : dead_{dead}, which_{std::move(which)}, access_{access} {}

  /// Why it is not settled; empty: it is.
  std::string run() {
    auto opened = open_within(access_.self, access_.store, wanted(), access_.left());
    if (opened.status != open_status::opened)
      return opened.why;
    bucket_ = opened.bucket;
    while (!settled_ && why_.empty()) {
      auto found = ask<kv_read>(kv_last{which_.key});
      std::visit([this](const auto& x) { carry_out(x); },
                 dead_.next(which_, found, unix_seconds()));
    }
    return why_;
  }

private:
  open_bucket wanted() const {
    const auto& names = access_.settings.buckets;
    open_bucket result;
    result.name = which_.where == dead_worker::place::election     ? names.election
                  : which_.where == dead_worker::place::heartbeats ? names.heartbeat
                                                                   : names.stable_id;
    result.mode = open_mode::look;
    return result;
  }

  void carry_out(const dead_worker::done&) { settled_ = true; }

  void carry_out(const dead_worker::look_again&) { pause("it did not appear in time"); }

  template <class Write>
  void carry_out(const Write& what) {
    auto answer = ask<kv_written>(what);
    switch (answer.status) {
    case write_status::done:
      settled_ = true;
      return;
    case write_status::conflict:
      return; // What it shows now decides.
    case write_status::refused:
      why_ = answer.why;
      return;
    case write_status::not_connected:
    case write_status::unknown:
      pause(answer.why);
    }
  }

  void pause(const std::string& why) {
    if (access_.left() <= between_tries)
      why_ = why.empty() ? "the store did not answer in time" : why;
    else
      access_.self->receive(caf::after(between_tries) >> [] {});
  }

  template <class Answer, class Request>
  Answer ask(Request what) {
    Answer result;
    access_.self->request(bucket_, access_.left(), std::move(what))
        .receive([&](Answer& x) { result = std::move(x); },
                 // No answer says nothing: its status is `unknown`.
                 [](const caf::error&) {});
    return result;
  }

  const dead_worker& dead_;
  dead_worker::target which_;
  group_access& access_;
  bucket_actor bucket_;
  bool settled_ = false;
  std::string why_;
};

} // namespace

int write_for(const dead_worker& dead, group_access& access) {
  for (const auto& x : dead.targets()) {
    auto why = key_settler{dead, x, access}.run();
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
