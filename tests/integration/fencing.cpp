// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.fencing

#include "support/group.hpp"

#include "../support/store_client.hpp"

#include "partita/messages/codec.hpp"
#include "partita/store/nats/nats_store.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::test;

namespace {

/// Sees every write that the assignment bucket takes, in order.
class bucket_spy {
public:
  explicit bucket_spy(process_group& group) {
    nats_options options;
    options.url = {group.server().url()};
    store_ = spawn_nats_store(system_, options);
    caf::scoped_actor self{system_};
    open_bucket what;
    what.name = "it-assignment";
    what.mode = open_mode::look;
    bucket_opened opened;
    // The connection is made while the first tries are.
    group.journal().wait([&](const auto&) {
      opened = ask<bucket_opened>(self, store_, what);
      return opened.status == open_status::opened;
    });
    bucket_ = opened.bucket;
    probe_.watch(bucket_, ">");
    probe_.until(watch_change::replayed);
  }

  ~bucket_spy() {
    caf::scoped_actor self{system_};
    self->request(store_, patience, close_store{})
        .receive([](store_closed) {}, [](const caf::error&) {});
  }

  /// The least epoch of all records that were written from now until `key` was; 0 if
  /// there was none.
  std::uint64_t least_epoch_until(const std::string& key) {
    caf::scoped_actor self{system_};
    blocking_bucket bucket{self, bucket_};
    auto last = bucket.put(key, "here");
    std::uint64_t result = 0;
    for (;;) {
      auto x = probe_.next_of_all();
      if (x.entry.key == key && x.entry.revision >= last.revision)
        return result;
      if (x.change != watch_change::value || !x.entry.key.starts_with("assignment."))
        continue;
      auto value = record_from(x.entry.value, 0);
      auto epoch = std::get<record>(value).epoch.value;
      result = result == 0 ? epoch : std::min(result, epoch);
    }
  }

private:
  caf::actor_system_config config_;
  caf::actor_system system_{config_};
  store_actor store_;
  bucket_actor bucket_;
  watch_probe probe_{system_};
};

} // namespace

CAF_TEST(a leader that was frozen for three leases writes nothing that a worker applies) {
  process_group group;
  group.without_guard();
  group.start_many(4);
  group.require_rest();
  bucket_spy spy{group};
  for (int round = 0; round < 3; ++round) {
    auto old = group.overtake_leader();
    CAF_MESSAGE("round " << round << ": three leases pass");
    group.journal().wait([](const auto&) { return false; }, 3 * group.with().lease);
    auto epoch = std::uint64_t{0};
    for (const auto& [name, x] : group.journal().now())
      if (name != old && !x.adopted.empty())
        epoch = std::max(epoch, x.adopted.back());
    spy.least_epoch_until("mark.before");
    group.thaw(old);
    CAF_REQUIRE(
        group.journal().wait([&](const auto& all) { return !all.at(old).leading; }));
    group.require_rest();
    auto least = spy.least_epoch_until("mark.after");
    CAF_MESSAGE("what was written since bears epoch " << least << " or a greater one");
    CAF_CHECK(least == 0 || least >= epoch);
  }
  CAF_CHECK_EQUAL(group.journal().violations(), "");
  CAF_CHECK_EQUAL(went_back(group.journal().now()), "");
}
