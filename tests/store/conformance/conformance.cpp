// SPDX-License-Identifier: Apache-2.0
#include "conformance_session.hpp"

#include <caf/send.hpp>

namespace partita::store::conformance {

using namespace std::chrono_literals;

namespace {

class registered_test : public caf::test::test {
public:
  registered_test(const test_case& x, subject_factory make)
      : test(x.name, false), run_(x.run), make_(std::move(make)) {}

  void run_test_impl() override {
    auto under_test = make_();
    run_(*under_test);
  }

private:
  void (*run_)(subject&);
  subject_factory make_;
};

} // namespace

session::session(subject& under_test)
    : subject_(under_test), self_(under_test.system()) {}

session::~session() {
  for (auto& store : stores_)
    self_->request(store, test::patience, close_store{})
        .receive([](store_closed) {}, [](caf::error&) {});
}

store_actor session::connect() {
  auto store = subject_.new_store();
  stores_.push_back(store);
  caf::scoped_actor listener{system()};
  listener->send(store, test::handle_of<link_listener_actor>(listener));
  auto connected = false;
  while (!connected)
    listener->receive(
        [&](const link_changed& x) { connected = x.state == link_state::connected; },
        caf::after(test::patience) >> [] { CAF_FAIL("the store does not connect"); });
  return store;
}

blocking_bucket session::open(const open_bucket& what) {
  auto opened = ask<bucket_opened>(self_, connect(), what);
  if (opened.status != open_status::opened)
    CAF_FAIL(to_string(opened.status) << ": " << opened.why);
  return {self_, opened.bucket};
}

blocking_bucket session::fresh() {
  return open({.name = subject_.fresh_bucket()});
}

std::chrono::milliseconds session::until_missing(blocking_bucket& bucket,
                                                 const std::string& key) {
  using clock = std::chrono::steady_clock;
  auto start = clock::now();
  while (bucket.last(key).status != read_status::missing) {
    if (clock::now() - start > test::patience)
      CAF_FAIL("'" << key << "' does not expire");
    // Nothing tells that a key has expired.
    self_->receive(caf::after(2ms) >> [] {});
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - start);
}

bool add_conformance_tests(const char* suite, const subject_factory& make, kind what) {
  for (auto list :
       {write_tests(), race_tests(), bucket_tests(), watch_tests(), probe_tests()})
    for (const auto& x : list)
      if (what == kind::server || x.concerns == concerned::all)
        caf::test::engine::add(suite, std::make_unique<registered_test>(x, make));
  return true;
}

} // namespace partita::store::conformance
