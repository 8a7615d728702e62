// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.directive_writer

#include "partita/app/change/directive_writer.hpp"

#include "../../support/fault_proxy.hpp"
#include "../../support/store_client.hpp"

#include "../inspect/sample_group.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>
#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::app;
using namespace std::chrono_literals;
using partita::test::blocking_bucket;
using partita::test::holds;

namespace {

/// A group on a store in memory, an operator, and another one with its own client.
struct fixture {
  fixture() {
    settings.group.name = "orders";
    settings.buckets = bucket_options::of("orders");
    for (const auto* role : {"stableid", "election", "heartbeat", "assignment"})
      open(std::string{"orders-"} + role);
    beat pulse;
    pulse.nonce = {"n"};
    pulse.state = beat_state::working;
    other("orders-heartbeat").put("heartbeat.worker-0", to_text(pulse));
    other("orders-heartbeat").put("heartbeat.worker-1", to_text(pulse));
  }

  ~fixture() {
    for (const auto& x : {mine, theirs})
      test::ask<store_closed>(somebody, x, close_store{});
  }

  bucket_opened open(const std::string& name, bool create = true) {
    open_bucket what;
    what.name = name;
    what.mode = create ? open_mode::make : open_mode::look;
    return test::ask<bucket_opened>(somebody, theirs, what);
  }

  blocking_bucket other(const std::string& name) { return {somebody, open(name).bucket}; }

  directive_outcome carry_out(directive_request request) {
    group_access access{settings, 20s, std::chrono::steady_clock::now() + 20s, self,
                        mine};
    return app::carry_out(access, request);
  }

  /// What a cordon of worker-0 asks for; `meanwhile` happens between check and write, the
  /// first time.
  directive_request cordoning(std::function<void()> meanwhile = {}) {
    directive_request result;
    result.reason = "slow disk";
    result.check = [this, meanwhile](const group_status& x) {
      if (++checks == 1 && meanwhile)
        meanwhile();
      seen = x;
      return cordon(x, {"worker-0"}, false);
    };
    return result;
  }

  /// Another operator's directive for the same worker.
  void they_cordon() {
    directive x{cordon_directive{{"worker-0"}}, 1, "eve@box", "theirs"};
    other("orders-control").put("directive.cordon.worker-0", to_text(x));
  }

  directive written() {
    auto found = other("orders-control").last("directive.cordon.worker-0");
    auto value = directive_from("directive.cordon.worker-0", found.entry.value);
    CAF_REQUIRE(std::holds_alternative<directive>(value));
    return std::get<directive>(value);
  }

  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  caf::scoped_actor somebody{system};
  store::memory_server_actor server = store::spawn_memory_server(system);
  test::faulty_client my_client = test::spawn_faulty_client(system, server);
  store_actor mine = my_client.client;
  store_actor theirs = store::spawn_memory_client(system, server);
  config::settings settings;
  int checks = 0;
  group_status seen;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(directive_writer_tests, fixture)

CAF_TEST(the first directive makes the bucket that it stands in) {
  CAF_CHECK(open("orders-control", false).status == open_status::missing);
  auto x = carry_out(cordoning());
  CAF_CHECK_EQUAL(x.failure, "");
  CAF_CHECK(x.change.has_value());
  CAF_MESSAGE("and is read again then");
  CAF_CHECK_EQUAL(checks, 2);
  CAF_CHECK_EQUAL(written().reason, "slow disk");
  CAF_CHECK(holds(written().by, "@"));
  CAF_CHECK(written().at > 0);
}

CAF_TEST(a group that does not exist gets no bucket) {
  settings.group.name = "nothing";
  settings.buckets = bucket_options::of("nothing");
  auto x = carry_out(cordoning());
  CAF_CHECK(holds(x.failure, "the group nothing does not exist"));
  CAF_CHECK(!x.change.has_value());
  CAF_CHECK_EQUAL(checks, 0);
  CAF_CHECK(open("nothing-control", false).status == open_status::missing);
}

CAF_TEST(what is not allowed is not written) {
  directive_request request;
  request.check = [](const group_status&) {
    return checked_directive{std::string{"no"}};
  };
  CAF_CHECK_EQUAL(carry_out(request).failure, "no");
  CAF_CHECK(open("orders-control", false).status == open_status::missing);
}

CAF_TEST(
    a directive that another operator wrote meanwhile is read before it is replaced) {
  they_cordon();
  auto x = carry_out(cordoning([this] { they_cordon(); }));
  CAF_CHECK_EQUAL(x.failure, "");
  CAF_CHECK_EQUAL(checks, 2);
  const auto* who = find(seen, {"worker-0"});
  CAF_REQUIRE(who && who->cordoned);
  CAF_CHECK_EQUAL(who->cordoned->reason, "theirs");
  CAF_CHECK_EQUAL(written().reason, "slow disk");
}

CAF_TEST(what another operator removed meanwhile is not removed again) {
  they_cordon();
  directive_request request;
  request.check = [this](const group_status& x) {
    if (++checks == 1) {
      auto bucket = other("orders-control");
      bucket.remove("directive.cordon.worker-0",
                    bucket.last("directive.cordon.worker-0").entry.revision);
    }
    return uncordon(x, {"worker-0"});
  };
  auto x = carry_out(request);
  CAF_CHECK_EQUAL(checks, 1);
  CAF_CHECK_EQUAL(x.failure, "");
}

CAF_TEST(a directive whose answer got lost is not written twice) {
  they_cordon();
  caf::anon_send(my_client.faults,
                 test::client_fault{.kind = test::fault_kind::answer_lost,
                                    .bucket = "orders-control",
                                    .times = 1});
  auto before = other("orders-control").last("directive.cordon.worker-0").entry.revision;
  auto x = carry_out(cordoning());
  CAF_CHECK_EQUAL(x.failure, "");
  CAF_CHECK_EQUAL(checks, 1);
  auto after = other("orders-control").last("directive.cordon.worker-0").entry.revision;
  CAF_CHECK_EQUAL(after.value, before.value + 1);
  CAF_CHECK_EQUAL(written().reason, "slow disk");
}

CAF_TEST(a wait ends once the directive is fulfilled) {
  auto request = cordoning();
  request.wait_limit = 20s;
  request.fulfilled = [this](const group_status& x) {
    const auto* who = find(x, {"worker-0"});
    CAF_REQUIRE(who && who->cordoned);
    // Only now does another client fulfil the directive.
    if (!find(x, {"worker-9"}))
      other("orders-heartbeat").put("heartbeat.worker-9", "{}");
    return find(x, {"worker-9"}) != nullptr;
  };
  CAF_CHECK_EQUAL(carry_out(request).failure, "");
}

CAF_TEST(a wait that takes too long leaves the directive) {
  auto request = cordoning();
  request.wait_limit = 1ms;
  request.fulfilled = [](const group_status&) { return false; };
  auto x = carry_out(request);
  CAF_CHECK(holds(x.failure, "not carried out within 1ms"));
  CAF_CHECK(x.change.has_value());
  CAF_CHECK_EQUAL(written().reason, "slow disk");
}

CAF_TEST_FIXTURE_SCOPE_END()
