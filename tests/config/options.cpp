// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE config.options

#include "fixture.hpp"

#include "partita/config/checks.hpp"
#include "partita/config/text.hpp"

#include <algorithm>
#include <set>

using namespace partita::config;

namespace {

/// Values of one option, as TOML writes them, on both sides of what it accepts.
struct samples {
  std::string name;
  std::vector<std::string> good;
  std::vector<std::string> bad;
};

std::string digits(std::size_t n) {
  return "'" + std::string(n, '7') + "'";
}

const std::vector<std::string> bad_names = {"'a b'", "'a.b'", "'a*'", "'ä'",
                                            "'a/b'", "7",     "['a']"};

std::vector<std::string> plus(std::vector<std::string> xs,
                              std::vector<std::string> more) {
  xs.insert(xs.end(), more.begin(), more.end());
  return xs;
}

samples duration(const std::string& name, const std::string& below,
                 const std::string& min, const std::string& max,
                 const std::string& above) {
  return {name,
          {"'" + min + "'", "'" + max + "'", "'300ms'", "'1.5s'"},
          {"'" + below + "'", "'" + above + "'", "2", "2.5", "true", "'2'", "'2 s'", "''",
           "['2s']", "{ s = 2 }", "07:32:00", "'99999999999999999999h'", "'-2s'"}};
}

samples ttl(const std::string& name) {
  return duration(name, "99ms", "100ms", "24h", "86400001ms");
}

samples window(const std::string& name) {
  return duration(name, "-1ms", "0s", "1h", "3600001ms");
}

samples integer(const std::string& name, std::int64_t min, std::int64_t max) {
  return {name,
          {std::to_string(min), std::to_string(max)},
          {std::to_string(min - 1), std::to_string(max + 1), "'5'", "5.0", "true", "[5]",
           "{ a = 5 }", "9223372036854775807", "-9223372036854775808", "1979-05-27"}};
}

samples text(const std::string& name, std::size_t longest) {
  return {name,
          {"''", "'a b'", "'grün'", digits(longest)},
          {digits(longest + 1), "\"a\\n\"", "\"a\\u0000\"", "\"\\u007F\"", "5", "['a']"}};
}

samples file(const std::string& name) {
  return {name,
          {"''", "'config/partita.toml'"},
          {"'no/such/file'", "'config'", "5", "['a']", "\"config/partita.toml\\u0000\""}};
}

samples threshold(const std::string& name) {
  return {
      name,
      {"1.0", "1", "1000.0", "1000", "1.15"},
      {"0.999", "1000.001", "nan", "inf", "-inf", "'1.3'", "0", "-2", "1e300", "[1.3]"}};
}

samples choice(const std::string& name, std::vector<std::string> words) {
  return {name, std::move(words), {"''", "'Sticky'", "'info '", "5", "true", "['info']"}};
}

samples address(const std::string& name) {
  return {name,
          {"''", "'127.0.0.1:8080'", "'localhost:0'", "'[::1]:65535'", "'0.0.0.0:80'"},
          {"'127.0.0.1'", "':8080'", "'a:65536'", "'a:-1'", "'a:'", "'a:x'", "'::1:80'",
           "'http://a:80'", "'a b:80'", "'a:80/'", "'[::1]'", "8080", "true", "['a:1']"}};
}

samples boolean(const std::string& name) {
  return {name, {"true", "false"}, {"'true'", "''", "0", "1", "1.0", "[true]"}};
}

samples bucket(const std::string& name) {
  return {name, {"''", "'A-z_9'", digits(128)}, plus(bad_names, {digits(129)})};
}

samples command(const std::string& name) {
  return {name,
          {"''", "[]", "'a b | c'", "\"a\\nb\"", "['no/such/program']",
           "['a', '', 'b c']", "['/bin/sh', '-c', 'a']"},
          {"5", "true", "[5]", "['']", "['', 'a']", "['a', ['b']]", "{ a = 1 }",
           "\"a\\u0000\"", "[\"a\\u0000\"]", digits(65537)}};
}

samples subject(const std::string& name) {
  return {name,
          {"''", "'orders'", "'a.b'"},
          {"'a b'", "'a*'", "'>'", "'.'", "'a.'", "\"a\\n\"", "5", "['a']"}};
}

std::vector<samples> all_samples() {
  return {
      {"group.name", {"'A-z_9'", digits(64)}, plus(bad_names, {"''", digits(65)})},
      choice("group.ownership", {"'exclusive'", "'available'"}),
      {"nats.url",
       {"'nats://a'", "'tls://a.b-c_d:1'", "'nats://[::1]:65535'",
        "['nats://a', 'tls://b:22']"},
       {"''",
        "'a'",
        "'a:4222'",
        "'http://a'",
        "'NATS://a'",
        "'nats://'",
        "'nats://:1'",
        "'nats://a:0'",
        "'nats://a:65536'",
        "'nats://a:'",
        "'nats://a:x'",
        "'nats://a/'",
        "'nats://a b'",
        "'nats://u:p@a'",
        "'nats://[::1'",
        "'nats://[]'",
        "'nats://[::1]x'",
        "5",
        "[]",
        "[5]",
        "['nats://a', 'b']",
        "[['nats://a']]",
        "{ a = 1 }"}},
      text("nats.user", 1024),
      text("nats.password", 1024),
      text("nats.token", 1024),
      file("nats.credentials"),
      file("nats.nkey_seed"),
      file("nats.tls_ca"),
      file("nats.tls_cert"),
      file("nats.tls_key"),
      {"nats.domain", {"''", "'A-z_9'", digits(64)}, plus(bad_names, {digits(65)})},
      subject("nats.api_prefix"),
      subject("nats.inbox_prefix"),
      duration("nats.connect_timeout", "99ms", "100ms", "1m", "60001ms"),
      {"worker.id_prefix", {"'A-z_9'", digits(64)}, plus(bad_names, {"''", digits(65)})},
      integer("worker.id_min", 0, 999'999),
      integer("worker.id_max", 0, 999'999),
      ttl("worker.id_ttl"),
      text("worker.instance", 256),
      integer("worker.capacity", 1, 1'000'000),
      text("worker.zone", 256),
      choice("worker.shutdown", {"'drain'", "'restart'", "'stop'"}),
      choice("timing.profile", {"'default'", "'fast'", "'cluster'"}),
      duration("heartbeat.interval", "19ms", "20ms", "1h", "3600001ms"),
      ttl("heartbeat.ttl"),
      ttl("election.lease"),
      window("election.probe_grace"),
      window("rebalance.cold_start_window"),
      window("rebalance.planned_scale_window"),
      window("rebalance.settle_time"),
      integer("rebalance.expected_workers", 0, 1'000'000),
      window("rebalance.min_interval"),
      window("rebalance.restart_hold"),
      duration("rebalance.handoff_timeout", "99ms", "100ms", "24h", "86400001ms"),
      integer("rebalance.max_moves_in_flight", 0, 1'000'000),
      choice("strategy.name",
             {"'sticky'", "'consistent_hash'", "'weighted_consistent_hash'",
              "'round_robin'", "'consistent'", "'weighted'", "'roundrobin'"}),
      integer("strategy.virtual_nodes", 1, 10'000),
      {"strategy.seed",
       {"0", "9223372036854775807", "'0'", "'18446744073709551615'", "'007'"},
       {"-1", "'-1'", "'18446744073709551616'", "''", "' 1'", "'1x'", "'0x1'", "1.0",
        "true", "[1]"}},
      threshold("strategy.overload_threshold"),
      threshold("strategy.extreme_threshold"),
      integer("strategy.default_weight", 1, 1'000'000'000),
      {"partitions.list",
       {"[]", "['a']",
        "['a', ['a', 'b'], { keys = ['c'] }, { keys = ['d', 'e'], weight = 0 }]",
        "[{ keys = ['a'], weight = 1000000000 }]", "['a.b', 'grün']", "[{ keys = 'a' }]"},
       {"5",
        "'a'",
        "{ keys = ['a'] }",
        "[5]",
        "['']",
        "[[]]",
        "[['']]",
        "[['a', 5]]",
        "[[['a']]]",
        "[{}]",
        "[{ keys = [] }]",
        "[{ weight = 5 }]",
        "[{ keys = ['a'], weight = -1 }]",
        "[{ keys = ['a'], weight = 1000000001 }]",
        "[{ keys = ['a'], weight = 1.0 }]",
        "[{ keys = ['a'], wieght = 1 }]",
        "['a', 'a']",
        "['a.b', ['a', 'b']]",
        "['a b']",
        "['a*']",
        "['>']",
        "['.a']",
        "['a.']",
        "['a..b']",
        "[\"a\\tb\"]",
        "[\"a\\u0000\"]",
        "[true]"}},
      subject("partitions.prefix"),
      integer("partitions.count", 1, 1'000'000),
      file("partitions.file"),
      boolean("partitions.bucket"),
      bucket("partitions.stream"),
      bucket("buckets.stable_id"),
      bucket("buckets.election"),
      bucket("buckets.heartbeat"),
      bucket("buckets.assignment"),
      bucket("buckets.partitions"),
      bucket("buckets.control"),
      integer("buckets.replicas", 1, 5),
      integer("buckets.max_bytes", 0, std::int64_t{1} << 50),
      duration("timeouts.startup", "99ms", "100ms", "24h", "86400001ms"),
      duration("timeouts.shutdown", "99ms", "100ms", "24h", "86400001ms"),
      duration("timeouts.request", "9ms", "10ms", "1m", "60001ms"),
      duration("degraded.after", "99ms", "100ms", "24h", "86400001ms"),
      duration("degraded.warn", "99ms", "100ms", "24h", "86400001ms"),
      duration("degraded.error", "99ms", "100ms", "24h", "86400001ms"),
      duration("degraded.critical", "99ms", "100ms", "24h", "86400001ms"),
      window("degraded.grace"),
      command("hooks.assigned"),
      command("hooks.revoked"),
      command("hooks.lost"),
      command("hooks.state"),
      duration("hooks.timeout", "99ms", "100ms", "1h", "3600001ms"),
      choice("log.level", {"'trace'", "'debug'", "'info'", "'warn'", "'error'",
                           "'critical'", "'off'"}),
      choice("log.format", {"'text'", "'json'"}),
      text("log.file", 4095),
      address("http.listen"),
      text("http.token", 1024),
      boolean("http.confirm"),
      duration("http.app_ttl", "-1ms", "0s", "24h", "86400001ms"),
      {"consume.stream", {"''", "'A-z_9'", digits(255)}, plus(bad_names, {digits(256)})},
      text("consume.subject", 2048),
      integer("consume.max_ack_pending", 1, 1'000'000),
      duration("consume.ack_wait", "99ms", "100ms", "24h", "86400001ms"),
      boolean("consume.memory")};
}

const option& option_named(const std::string& name) {
  auto point = name.find('.');
  auto* found = find_option(name.substr(0, point), name.substr(point + 1));
  if (!found)
    CAF_FAIL("there is no option " << name);
  return *found;
}

complaints judge(const option& x, const std::string& toml, settings& into) {
  auto parsed = parse_toml_value(toml);
  if (!parsed)
    CAF_FAIL("the test wrote no TOML: " << toml);
  return x.set(into, *parsed);
}

std::string printed(const settings& x) {
  std::string result;
  for (const auto& option : all_options())
    result += option.get(x) + "\n";
  return result;
}

} // namespace

CAF_TEST(every option has values that this test tries) {
  std::set<std::string> tried;
  for (const auto& x : all_samples())
    tried.insert(x.name);
  for (const auto& x : all_options())
    CAF_CHECK_EQUAL(tried.count(x.name()), 1u);
  CAF_CHECK_EQUAL(tried.size(), all_options().size());
}

CAF_TEST(every good value is taken) {
  for (const auto& x : all_samples())
    for (const auto& toml : x.good) {
      settings into;
      for (const auto& complaint : judge(option_named(x.name), toml, into))
        CAF_ERROR(x.name << " = " << toml << " was refused: " << complaint.remedy);
    }
}

CAF_TEST(every bad value is refused with what would be right and changes nothing) {
  auto untouched = printed({});
  for (const auto& x : all_samples())
    for (const auto& toml : x.bad) {
      settings into;
      auto wrong = judge(option_named(x.name), toml, into);
      if (wrong.empty())
        CAF_ERROR(x.name << " = " << toml << " was taken");
      for (const auto& complaint : wrong)
        CAF_CHECK(!complaint.expected.empty());
      CAF_CHECK_EQUAL(printed(into), untouched);
    }
}

CAF_TEST(a printed value reads back as the same value) {
  for (const auto& x : all_samples()) {
    const auto& option = option_named(x.name);
    for (const auto& toml : x.good) {
      settings first;
      judge(option, toml, first);
      auto text = option.get(first);
      if (text.empty() || option.secret)
        continue;
      settings second;
      CAF_CHECK(judge(option, text, second).empty());
      CAF_CHECK_EQUAL(option.get(second), text);
    }
  }
}

CAF_TEST(values arrive in their own member and nowhere else) {
  for (const auto& x : all_samples()) {
    for (const auto& toml : x.good) {
      settings into;
      judge(option_named(x.name), toml, into);
      for (const auto& other : all_options())
        if (other.name() != x.name)
          CAF_CHECK_EQUAL(other.get(into), other.get(settings{}));
    }
  }
}

CAF_TEST(short spellings of a strategy become the long ones) {
  CAF_CHECK(loaded(named + "strategy.name = 'consistent'").strategy.name
            == "consistent_hash");
  CAF_CHECK(loaded(named + "strategy.name = 'weighted'").strategy.name
            == "weighted_consistent_hash");
  CAF_CHECK(loaded(named + "strategy.name = 'roundrobin'").strategy.name
            == "round_robin");
}

CAF_TEST(a seed beyond the integers of TOML is a string) {
  auto x = loaded(named + "strategy.seed = '18446744073709551615'");
  CAF_CHECK_EQUAL(x.strategy.seed, UINT64_MAX);
  CAF_CHECK_EQUAL(option_named("strategy.seed").get(x), "\"18446744073709551615\"");
}

CAF_TEST(partitions are keys or arrays of keys or tables) {
  auto x = loaded(
      named
      + "[partitions]\nlist = ['a.b', ['orders', '7'], { keys = ['c'], weight = 5 }]");
  CAF_REQUIRE_EQUAL(x.partitions.list.size(), 3u);
  CAF_CHECK_EQUAL(x.partitions.list[0], (partita::partition{{"a.b"}, 100}));
  CAF_CHECK_EQUAL(x.partitions.list[1], (partita::partition{{"orders", "7"}, 100}));
  CAF_CHECK_EQUAL(x.partitions.list[2], (partita::partition{{"c"}, 5}));
  CAF_CHECK(x.partitions.given());
  CAF_CHECK(x.partitions.all() == x.partitions.list);
}

CAF_TEST(prefix and count number the partitions from zero) {
  auto x = loaded(named + "[partitions]\nprefix = 'orders'\ncount = 3");
  CAF_CHECK(x.partitions.given());
  auto all = x.partitions.all();
  CAF_REQUIRE_EQUAL(all.size(), 3u);
  CAF_CHECK_EQUAL(all[0], (partita::partition{{"orders", "0"}, 100}));
  CAF_CHECK_EQUAL(all[2], (partita::partition{{"orders", "2"}, 100}));
}

CAF_TEST(buckets are named after the group unless they have names) {
  auto x = loaded(named + "buckets.election = 'votes'");
  CAF_CHECK_EQUAL(x.buckets.stable_id, "demo-stableid");
  CAF_CHECK_EQUAL(x.buckets.election, "votes");
  CAF_CHECK_EQUAL(x.buckets.heartbeat, "demo-heartbeat");
  CAF_CHECK_EQUAL(x.buckets.assignment, "demo-assignment");
  CAF_CHECK_EQUAL(x.buckets.control, "demo-control");
}

CAF_TEST(UTF8 is checked to the letter) {
  for (auto good : {"", "a", "ü", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"})
    CAF_CHECK(is_utf8(good));
  for (auto bad :
       {"\xFF", "\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
        "\xF4\x90\x80\x80", "\xF0\x80\x80\x80", "\xE2\x82", "a\xC3(", "\xF5\x80\x80\x80"})
    CAF_CHECK(!is_utf8(bad));
}
