// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE actors.guard_link

#include "partita/actors/guard_link.hpp"

#include <caf/test/unit_test.hpp>

#include <csignal>
#include <cstdlib>

#include <fcntl.h>

using namespace partita;
using namespace std::chrono_literals;
using partita::core::guard;
using heard = guard_socket::heard;

CAF_TEST(messages of a worker to its guard arrive whole and in order) {
  auto ends = guard_socket::make_pair();
  CAF_REQUIRE(ends);
  auto& theirs = ends->first;
  guard_link worker{std::move(ends->second)};
  guard_message x;
  CAF_CHECK(theirs.receive(x) == heard::nothing);
  partita::core::time_point at{123456789ns};
  worker.leaves_within(30s);
  worker.must_stop_by("any", at);
  worker.stopped("any");
  CAF_CHECK(theirs.receive(x) == heard::message);
  CAF_CHECK(std::get<guard::leaves_within>(x).limit == 30s);
  CAF_CHECK(theirs.receive(x) == heard::message);
  CAF_CHECK(std::get<guard::must_stop_by>(x).when == at);
  CAF_CHECK(theirs.receive(x) == heard::message);
  CAF_CHECK(std::holds_alternative<guard::stopped>(x));
  CAF_CHECK(theirs.receive(x) == heard::nothing);
}

CAF_TEST(nonces are told whole or not at all) {
  auto ends = guard_socket::make_pair();
  CAF_REQUIRE(ends);
  auto& theirs = ends->first;
  guard_link worker{std::move(ends->second)};
  partita::worker_id longest{std::string(64, 'w') + "-999999"};
  const std::string nonce = "d460c038df3e6d9c4e1c8df44f8d86b4";
  partita::core::used_nonce told{partita::core::nonce_use::leader, longest, {nonce}};
  guard_message x;
  worker.wants_goodbye(6s);
  worker.used(told);
  CAF_CHECK(theirs.receive(x) == heard::message);
  CAF_CHECK(std::get<guard::goodbye_within>(x).limit == 6s);
  CAF_CHECK(theirs.receive(x) == heard::message);
  const auto& news = std::get<nonce_news>(x);
  CAF_CHECK(news.use == told.use);
  CAF_CHECK_EQUAL(std::string{news.text.data()}, longest.value + ' ' + nonce);
  CAF_MESSAGE("what has no room is not told by half");
  worker.used({told.use, longest, {std::string(100, 'n')}});
  CAF_CHECK(theirs.receive(x) == heard::nothing);
}

CAF_TEST(a worker is notified of signals and of the end of its guard) {
  auto ends = guard_socket::make_pair();
  CAF_REQUIRE(ends);
  guard_link worker{std::move(ends->second)};
  CAF_CHECK(worker.next_signal() == 0);
  {
    auto theirs = std::move(ends->first);
    CAF_CHECK(theirs.send(guard::pass{SIGTERM}));
    CAF_CHECK(worker.next_signal() == SIGTERM);
    CAF_CHECK(worker.next_signal() == 0);
  }
  CAF_CHECK(!worker.next_signal());
  CAF_MESSAGE("and may go on sending");
  worker.must_stop_by("any", {});
}

CAF_TEST(a guard that does not read does not block the worker) {
  auto ends = guard_socket::make_pair();
  CAF_REQUIRE(ends);
  auto sent = 0;
  while (sent < 100'000 && ends->second.send(guard::pass{sent}))
    ++sent;
  CAF_CHECK(sent < 100'000);
  CAF_MESSAGE(sent << " messages wait");
  // At one a second, and some more for news.
  CAF_CHECK(sent > 100);
  guard_message x;
  for (int i = 0; i < sent; ++i) {
    CAF_REQUIRE(ends->first.receive(x) == heard::message);
    CAF_REQUIRE_EQUAL(std::get<guard::pass>(x).signal, i);
  }
}

CAF_TEST(a program finds the end that a guard has left open for it and does so once) {
  auto ends = guard_socket::make_pair();
  CAF_REQUIRE(ends);
  // Another process has descriptors of its own, under the same numbers.
  auto& theirs = *new auto{std::move(ends->second)};
  theirs.hand_over();
  CAF_CHECK(::fcntl(theirs.fd(), F_GETFD) == 0);
  std::string why;
  {
    auto found = guard_socket::inherited(why);
    CAF_REQUIRE(found);
    CAF_CHECK(why.empty());
    CAF_CHECK(::fcntl(found->fd(), F_GETFD) == FD_CLOEXEC);
    CAF_CHECK(found->send(guard::stopped{}));
  }
  guard_message x;
  CAF_CHECK(ends->first.receive(x) == heard::message);
  CAF_CHECK(!guard_socket::inherited(why));
  CAF_CHECK(why.empty());
}

CAF_TEST(a program does without a guard whose line it does not understand) {
  for (const auto* value : {"2:0", "1:", "none", "1:-1", "1:99999"}) {
    ::setenv("PARTITA_GUARD", value, 1);
    std::string why;
    CAF_CHECK(!guard_socket::inherited(why));
    CAF_CHECK(why.find(std::string{"found '"} + value) != std::string::npos);
    CAF_CHECK(std::getenv("PARTITA_GUARD") == nullptr);
  }
  CAF_MESSAGE("an empty variable counts as not set");
  ::setenv("PARTITA_GUARD", "", 1);
  std::string why;
  CAF_CHECK(!guard_socket::inherited(why));
  CAF_CHECK_EQUAL(why, "");
  ::unsetenv("PARTITA_GUARD");
}
