// SPDX-License-Identifier: Apache-2.0
#include "conformance_session.hpp"

// Who is found alive.
namespace partita::store::conformance {

using namespace std::chrono_literals;

namespace {

/// A nonce that was never used.
nonce fresh_nonce(subject& s) {
  return {"n-" + s.fresh_bucket()};
}

probed look(session& x, const store_actor& store, const nonce& whom) {
  return ask<probed>(x.self(), store, probe{whom});
}

/// Asks until this is the answer: serving begins and ends a moment after it was asked
/// for, and nothing tells when.
void until(session& x, const store_actor& store, const nonce& whom, probe_status what) {
  using clock = std::chrono::steady_clock;
  for (auto end = clock::now() + test::patience; look(x, store, whom).status != what;
       x.self()->receive(caf::after(1ms) >> [] {}))
    if (clock::now() > end)
      CAF_FAIL("it never is " << to_string(what));
}

void a_nonce_that_nobody_serves_is_gone(subject& s) {
  session x{s};
  auto store = x.connect();
  auto answer = look(x, store, fresh_nonce(s));
  CAF_CHECK_EQUAL(answer.status, probe_status::gone);
  CAF_CHECK_EQUAL(answer.link, 1u);
  CAF_CHECK(!answer.why.empty());
}

void a_nonce_that_is_served_is_alive_to_all_until_it_is_ended(subject& s) {
  session x{s};
  auto store = x.connect();
  auto other = x.connect();
  auto me = fresh_nonce(s);
  auto stranger = fresh_nonce(s);
  x.self()->send(store, serve_probe{me});
  until(x, other, me, probe_status::alive);
  until(x, store, me, probe_status::alive);
  for (auto i = 0; i < 100; ++i)
    CAF_REQUIRE_EQUAL(look(x, other, me).status, probe_status::alive);
  CAF_CHECK_EQUAL(look(x, other, me).link, 1u);
  CAF_CHECK_EQUAL(look(x, other, stranger).status, probe_status::gone);
  x.self()->send(store, end_probe{stranger});
  CAF_CHECK_EQUAL(look(x, other, me).status, probe_status::alive);
  x.self()->send(store, end_probe{me});
  until(x, other, me, probe_status::gone);
  x.self()->send(store, serve_probe{me});
  until(x, other, me, probe_status::alive);
}

void what_is_served_ends_with_its_sender(subject& s) {
  session x{s};
  auto store = x.connect();
  auto one = fresh_nonce(s);
  auto two = fresh_nonce(s);
  {
    caf::scoped_actor passing{x.system()};
    passing->send(store, serve_probe{one});
    x.self()->send(store, serve_probe{two});
    until(x, store, one, probe_status::alive);
    until(x, store, two, probe_status::alive);
  }
  until(x, store, one, probe_status::gone);
  CAF_CHECK_EQUAL(look(x, store, two).status, probe_status::alive);
}

void what_is_served_ends_with_its_store(subject& s) {
  session x{s};
  auto store = x.connect();
  auto other = x.connect();
  auto me = fresh_nonce(s);
  x.self()->send(store, serve_probe{me});
  until(x, other, me, probe_status::alive);
  ask<store_closed>(x.self(), store, close_store{});
  CAF_CHECK_EQUAL(look(x, other, me).status, probe_status::gone);
  CAF_MESSAGE("and a closed store knows nothing");
  auto answer = look(x, store, me);
  CAF_CHECK_EQUAL(answer.status, probe_status::unknown);
  CAF_CHECK_EQUAL(answer.link, 0u);
  CAF_CHECK(!answer.why.empty());
  x.self()->send(store, serve_probe{me});
  CAF_CHECK_EQUAL(look(x, store, me).status, probe_status::unknown);
  CAF_CHECK_EQUAL(look(x, other, me).status, probe_status::gone);
}

void a_nonce_of_another_kind_is_unknown(subject& s) {
  session x{s};
  auto store = x.connect();
  for (auto text : {"", "a b", "a.b", "*", ">", "\n"}) {
    x.self()->send(store, serve_probe{{text}});
    auto answer = look(x, store, {text});
    CAF_CHECK_EQUAL(answer.status, probe_status::unknown);
    CAF_CHECK(!answer.why.empty());
  }
}

} // namespace

std::vector<test_case> probe_tests() {
  return {
      {"a nonce that no client serves is gone", a_nonce_that_nobody_serves_is_gone},
      {"a nonce that is served is alive to all until it is ended",
       a_nonce_that_is_served_is_alive_to_all_until_it_is_ended},
      {"what is served ends with its sender", what_is_served_ends_with_its_sender},
      {"what is served ends with its store", what_is_served_ends_with_its_store,
       concerned::servers},
      {"a nonce of another kind is unknown", a_nonce_of_another_kind_is_unknown},
  };
}

} // namespace partita::store::conformance
