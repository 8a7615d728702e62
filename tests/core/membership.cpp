#define CAF_SUITE core.membership

#include "support.hpp"

#include "partita/core/membership.hpp"

using namespace core_test;

namespace {

using change = membership::change;

/// Lost after 6.3 s.
struct fixture {
  time_point now = time_point{} + 1000s;
  membership group{6s};

  static worker_id worker(int number) { return {"worker-" + std::to_string(number)}; }

  std::vector<membership::news> show(int number, std::uint64_t at,
                                     const std::string& nonce,
                                     beat_state state = beat_state::working) {
    beat x;
    x.nonce = {nonce};
    x.state = state;
    return group.beat_shown(worker(number), {at}, x, now);
  }

  void is(const std::vector<membership::news>& xs, change what, int number) {
    CAF_REQUIRE_EQUAL(xs.size(), 1u);
    CAF_CHECK(xs.front().what == what);
    CAF_CHECK_EQUAL(xs.front().who, worker(number));
  }

  void is_lost_after_silence(int number) {
    now += 6299ms;
    CAF_CHECK(group.tick(now).empty());
    CAF_CHECK(group.present(worker(number)));
    CAF_CHECK(*group.wake_at() == now + 1ms);
    now += 1ms;
    is(group.tick(now), change::lost, number);
    CAF_CHECK(!group.present(worker(number)));
    CAF_CHECK(!group.wake_at());
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(membership_tests, fixture)

CAF_TEST(whoever beats joins whatever living state it is in) {
  is(show(1, 1, "a", beat_state::joining), change::joined, 1);
  is(show(2, 2, "b", beat_state::working), change::joined, 2);
  is(show(3, 3, "c", beat_state::draining), change::joined, 3);
  CAF_CHECK(show(1, 4, "a").empty());
}

CAF_TEST(a worker is lost after ttl and five per cent of silence) {
  show(1, 1, "a");
  is_lost_after_silence(1);
  CAF_CHECK(group.tick(now + 100s).empty());
}

CAF_TEST(every newer beat starts the silence anew and the same
         or an older one does not ) {
  show(1, 5, "a");
  now += 6s;
  CAF_CHECK(show(1, 6, "a").empty());
  now += 3s;
  CAF_CHECK(show(1, 6, "a").empty());
  CAF_CHECK(show(1, 5, "a").empty());
  now += 3299ms;
  CAF_CHECK(group.tick(now).empty());
  now += 1ms;
  is(group.tick(now), change::lost, 1);
}

CAF_TEST(a lost worker that beats again joins again) {
  show(1, 1, "a");
  is_lost_after_silence(1);
  CAF_CHECK(show(1, 1, "a").empty());
  is(show(1, 2, "a"), change::joined, 1);
  is_lost_after_silence(1);
}

CAF_TEST(every mark means that the worker has left) {
  std::uint64_t at = 0;
  for (auto state : {beat_state::stopped, beat_state::restarting, beat_state::expelled,
                     beat_state::forced}) {
    is(show(1, ++at, "a"), change::joined, 1);
    is(show(1, ++at, "a", state), change::left, 1);
    CAF_CHECK(!group.wake_at());
    CAF_CHECK(show(1, ++at, "a", state).empty());
  }
}

CAF_TEST(a mark of a worker that was never seen is no news) {
  CAF_CHECK(show(1, 1, "a", beat_state::stopped).empty());
  CAF_CHECK(!group.present(worker(1)));
}

CAF_TEST(another incarnation of a present worker replaces it) {
  show(1, 1, "a");
  is(show(1, 2, "b", beat_state::joining), change::replaced, 1);
  CAF_CHECK_EQUAL(group.members().at(worker(1)).nonce.value, "b");
}

CAF_TEST(what a beat says is known) {
  beat x;
  x.nonce = {"a"};
  x.capacity = 300;
  x.zone = "z";
  x.applied = {{2}, {7}};
  group.beat_shown(worker(1), {4}, x, now);
  const auto& m = group.members().at(worker(1));
  CAF_CHECK_EQUAL(m.capacity, 300);
  CAF_CHECK_EQUAL(m.zone, "z");
  CAF_CHECK_EQUAL(m.applied, stamp({2}, {7}));
  CAF_CHECK_EQUAL(m.revision.value, 4u);
}

CAF_TEST(several workers that fall silent are lost each at its time) {
  show(1, 1, "a");
  now += 1s;
  show(2, 2, "b");
  now += 5300ms;
  is(group.tick(now), change::lost, 1);
  now += 999ms;
  CAF_CHECK(group.tick(now).empty());
  now += 1ms;
  is(group.tick(now), change::lost, 2);
}

CAF_TEST(in a new bucket revisions begin anew) {
  show(1, 100, "a");
  group.clear();
  CAF_CHECK(!group.present(worker(1)));
  is(show(1, 1, "b"), change::joined, 1);
}

CAF_TEST(workers are in the order of their numbers) {
  for (int number : {10, 2, 1, 0, 33})
    show(number, static_cast<std::uint64_t>(number) + 1, "a");
  std::vector<int> order;
  for (const auto& [who, x] : group.members())
    order.push_back(std::stoi(who.value.substr(7)));
  CAF_CHECK_EQUAL(order, std::vector<int>({0, 1, 2, 10, 33}));
  by_number less;
  CAF_CHECK(less({"a-2"}, {"b-2"}));
  CAF_CHECK(less({"nameless"}, {"a-1"}));
  CAF_CHECK(!less({"a-2"}, {"a-2"}));
}

CAF_TEST_FIXTURE_SCOPE_END()
