// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE integration.control

#include "support/group.hpp"

#include "../support/eventually.hpp"
#include "../support/nats_client.hpp"

#include "partita/messages/control_codec.hpp"
#include "partita/store/nats/client/api.hpp"
#include "partita/store/nats/client/subjects.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::test;

namespace {

const std::string bucket = "it-control";

/// A group of processes, and an operator with a connection of his own.
struct operated_group {
  process_group group;
  nats_client client;

  explicit operated_group(std::size_t workers) : client{group.server().url()} {
    group.start_many(workers);
    group.require_rest();
  }

  /// Throws with the story of the group if it is not as it must be.
  void require(bool holds) {
    if (!holds)
      throw std::runtime_error{"did not happen:\n" + group.journal().story()};
  }

  void directive_for(directive::kind what) {
    auto key = directive_key(what);
    client.put(bucket, key, to_text(directive{std::move(what), 0, "ann@box", "why not"}));
  }
  void take_back(const directive::kind& what) {
    client.request(nats::subject_of(bucket, directive_key(what)), {},
                   {{"KV-Operation", "DEL"}});
  }

  /// The value of a key; nothing if it was removed.
  std::optional<std::string> value(const std::string& key) {
    auto text =
        client
            .request("$JS.API.STREAM.MSG.GET." + nats::stream_of(bucket),
                     R"({"last_by_subj":")" + nats::subject_of(bucket, key) + "\"}")
            .data;
    auto obj = nlohmann::json::parse(text, nullptr, false);
    if (!obj.is_object() || !obj.contains("message"))
      return std::nullopt;
    auto headers = nats::from_base64(obj["message"].value("hdrs", ""));
    if (headers && headers->find("KV-Operation") != headers->npos)
      return std::nullopt;
    return nats::from_base64(obj["message"].value("data", ""));
  }
  bool gone(const std::string& key) {
    return eventually(10s, [&] { return !value(key); });
  }

  /// All plans of one leadership; no test makes more than these.
  std::vector<history_entry> history(std::uint64_t epoch) {
    std::vector<history_entry> result;
    for (std::uint64_t i = 1; i <= 20; ++i)
      if (auto text = value(history_key({{epoch}, i})))
        result.push_back(std::get<history_entry>(history_from(*text)));
    return result;
  }
  bool plan_told(std::uint64_t epoch, const std::string& reason) {
    return eventually(10s, [&] {
      for (const auto& x : history(epoch))
        if (x.reason.find(reason) != x.reason.npos)
          return true;
      return false;
    });
  }

  bool waits(const std::function<bool(const journal::views&)>& holds,
             std::chrono::milliseconds at_most = 30s) {
    return group.journal().wait(holds, at_most);
  }
  /// The whole list has owners, and `name` has so many of them.
  bool owns(const std::string& name, std::size_t count) {
    return waits([&](const journal::views& all) {
      return all.at(name).owns.size() == count
             && all_owned_once(all, group.with().partitions);
    });
  }
  std::size_t owned(const std::string& name) {
    return group.journal().now().at(name).owns.size();
  }
  std::string story() { return group.journal().story(); }
};

} // namespace

CAF_TEST(a drained worker gives all away with confirmation and gets nothing) {
  operated_group it{3};
  auto victim = it.group.a_follower();
  auto epoch = it.group.epoch_of(it.group.leader());
  it.directive_for(drain_directive{{it.group.id_of(victim)}});
  it.require(it.owns(victim, 0));
  CAF_CHECK(it.plan_told(epoch, "drain of " + it.group.id_of(victim) + " by ann@box"));
  CAF_MESSAGE("the events say why");
  CAF_CHECK_NOT_EQUAL(it.story().find(R"("reason":"drain of )" + it.group.id_of(victim)),
                      std::string::npos);
  CAF_MESSAGE("not from one that joins and leaves, and not after the leader was killed");
  it.group.start("late");
  it.require(it.owns("late", 8));
  CAF_CHECK_EQUAL(it.owned(victim), 0u);
  if (it.group.leader() != victim)
    it.group.fail_over();
  it.require(it.waits([&](const journal::views& all) {
    return all_owned_once(all, it.group.with().partitions) && !leader_of(all).empty();
  }));
  CAF_CHECK_EQUAL(it.owned(victim), 0u);
  it.take_back(drain_directive{{it.group.id_of(victim)}});
  it.require(it.owns(victim, 8));
  CAF_CHECK_EQUAL(it.group.journal().violations(), "");
}

CAF_TEST(a cordoned worker keeps what it has and a pinned partition goes to its worker) {
  operated_group it{3};
  auto victim = it.group.a_follower();
  it.directive_for(cordon_directive{{it.group.id_of(victim)}});
  auto other = it.group.leader();
  auto moving = *it.group.journal().now().at(victim).owns.begin();
  it.directive_for(pin_directive{moving, {it.group.id_of(other)}});
  it.require(it.waits([&](const journal::views& all) {
    return all.at(other).owns.contains(moving)
           && all_owned_once(all, it.group.with().partitions);
  }));
  CAF_CHECK_EQUAL(it.owned(victim), 7u);
  CAF_MESSAGE("a worker that joins takes from the others");
  it.group.start("late");
  it.require(it.waits([&](const journal::views& all) {
    return all.at("late").owns.size() >= 5
           && all_owned_once(all, it.group.with().partitions);
  }));
  CAF_CHECK_EQUAL(it.owned(victim), 7u);
  CAF_CHECK(it.group.journal().now().at(other).owns.contains(moving));
  CAF_CHECK_EQUAL(it.group.journal().violations(), "");
}

CAF_TEST(a pause holds a rebalance and no emergency and expires by itself) {
  operated_group it{3};
  it.directive_for(pause_directive{"00000000", 25s});
  it.group.start("late");
  it.require(it.waits(
      [](const journal::views& all) { return all.at("late").state == "stable"; }));
  auto victim = it.group.a_follower();
  if (victim == "late")
    victim = it.group.leader() == "w0" ? "w1" : "w0";
  it.group.kill(victim);
  it.require(it.waits([&](const journal::views& all) {
    return all_owned_once(all, it.group.with().partitions);
  }));
  CAF_MESSAGE("what it had went to the workers with the least; nothing else has moved");
  CAF_CHECK_EQUAL(it.owned("late"), 8u);
  CAF_CHECK(it.value("directive.pause.00000000").has_value());
  auto joined = it.group.journal().now().size();
  it.group.start("later");
  CAF_MESSAGE("the pause ends, and the worker that came meanwhile gets a share");
  it.require(it.owns("later", it.group.with().partitions / (joined + 1)));
  CAF_CHECK(it.gone("directive.pause.00000000"));
  CAF_CHECK_EQUAL(it.group.journal().violations(), "");
}

CAF_TEST(a directed rebalance is planned and its directive removed) {
  operated_group it{2};
  auto epoch = it.group.epoch_of(it.group.leader());
  it.directive_for(rebalance_directive{});
  CAF_CHECK(it.gone("directive.rebalance"));
  CAF_CHECK(it.plan_told(epoch, "rebalance by ann@box: why not"));
}

CAF_TEST(a leader that is asked to steps down and its directive is removed) {
  operated_group it{3};
  auto leader = it.group.leader();
  auto begin = std::chrono::steady_clock::now();
  it.directive_for(
      step_down_directive{{it.group.id_of(leader)}, {it.group.epoch_of(leader)}});
  it.require(it.waits([&](const journal::views& all) {
    auto now = leader_of(all);
    return !now.empty() && now != leader;
  }));
  CAF_CHECK(std::chrono::steady_clock::now() - begin < it.group.with().lease);
  CAF_CHECK(it.gone("directive.step_down"));
  it.group.require_rest();
  CAF_CHECK_EQUAL(it.group.journal().violations(), "");
}

CAF_TEST(directives and history outlive a killed leader and the history stays bounded) {
  operated_group it{3};
  CAF_MESSAGE("more plans than are kept, of long ago");
  history_entry old;
  old.epoch = {1};
  for (std::uint64_t i = 1; i <= history_kept; ++i)
    it.client.put(bucket, history_key({{1}, i}), to_text(old));
  CAF_CHECK(it.gone(history_key({{1}, 1})));
  auto epoch = it.group.epoch_of(it.group.leader());
  it.group.fail_over();
  it.group.require_rest();
  auto next = it.group.epoch_of(it.group.leader());
  CAF_CHECK(it.plan_told(epoch, "first plan"));
  CAF_CHECK(it.plan_told(next, "was lost"));
  auto kept = [&] {
    std::size_t result = it.history(epoch).size() + it.history(next).size();
    for (std::uint64_t i = 1; i <= history_kept; ++i)
      result += it.value(history_key({{1}, i})) ? 1 : 0;
    return result;
  };
  CAF_CHECK(eventually(10s, [&] { return kept() == history_kept; }));
  CAF_MESSAGE("the newest are those that are kept");
  CAF_CHECK(it.value(history_key({{1}, history_kept})).has_value());
}

CAF_TEST(a bucket that is deleted is made again and the group goes on) {
  operated_group it{2};
  auto victim = it.group.a_follower();
  it.directive_for(drain_directive{{it.group.id_of(victim)}});
  it.require(it.owns(victim, 0));
  it.client.delete_bucket(bucket);
  CAF_MESSAGE("the next plan makes a new one, in which no directive stands");
  it.group.start("late");
  it.require(it.waits([&](const journal::views& all) {
    return !all.at("late").owns.empty()
           && all_owned_once(all, it.group.with().partitions);
  }));
  auto epoch = it.group.epoch_of(it.group.leader());
  CAF_CHECK(it.plan_told(epoch, "directives went with their bucket"));
  CAF_MESSAGE("and its directives hold");
  it.directive_for(drain_directive{{it.group.id_of("late")}});
  it.require(it.owns("late", 0));
}
