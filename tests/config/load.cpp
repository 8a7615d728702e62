// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE config.load

#include "fixture.hpp"

#include "partita/config/text.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

using namespace partita::config;
using namespace std::chrono_literals;

CAF_TEST(an empty file lacks only what has no default) {
  CAF_CHECK_EQUAL(problem_in(""), "f.toml: group.name: is missing: it must be 1 to 64 "
                                  "characters of A-Z, a-z, 0-9, '_' and '-'");
  auto x = loaded(named);
  CAF_CHECK_EQUAL(x.group.name, "demo");
  CAF_CHECK(!x.partitions.given());
  CAF_CHECK(x.partitions.all().empty());
}

CAF_TEST(the service demands partitions and a host application does not ) {
  load_options service;
  service.partitions_required = true;
  CAF_CHECK_EQUAL(
      problem_in(named, service),
      "f.toml: partitions: no partitions are named: give list, or prefix and count, or "
      "file, or bucket = true, or stream in [partitions]");
  CAF_CHECK_EQUAL(problem_in(named + "[partitions]\n", service),
                  problem_in(named + "partitions.list = []", service));
  loaded(named + "partitions.list = ['a']", service);
  CAF_MESSAGE("a list that is wrong is not missing as well");
  check_contains(problem_in(named + "partitions.list = ['a b']", service),
                 "holds a space");
  check_contains(problem_in(named + "partitions.prefix = 'a'", service),
                 "count: is missing");
}

CAF_TEST(all mistakes are reported at once in the order of lines) {
  load_options options;
  options.environment = {{"PARTITA_LOG_LEVEL", "loud"}};
  options.overrides = {"election.lease=soon"};
  auto lines = problems_in("[worker]\n"
                           "id_max = 'x'\n"
                           "[heartbeat]\n"
                           "ttl = 2\n"
                           "colour = 'red'\n"
                           "[group]\n"
                           "name = ''\n"
                           "[nowhere]\n",
                           options);
  CAF_REQUIRE_EQUAL(lines.size(), 7u);
  check_contains(lines[0], "f.toml:2: worker.id_max: found \"x\"; must be an integer");
  check_contains(lines[1],
                 "f.toml:4: heartbeat.ttl: found 2; must be a duration from 100ms to "
                 "24h: write it in quotes with its unit, as \"2s\" or \"2ms\"");
  check_contains(lines[2],
                 "f.toml:5: heartbeat.colour: unknown key: [heartbeat] has interval "
                 "or ttl");
  check_contains(lines[3], "f.toml:7: group.name: found \"\"; must be");
  check_contains(lines[4], "f.toml:8: nowhere: unknown section");
  check_contains(lines[5],
                 "environment variable PARTITA_LOG_LEVEL: log.level: found \"loud\"");
  check_contains(lines[6],
                 "command line: election.lease: found \"soon\"; must be a duration");
}

CAF_TEST(an unknown key names the one that was meant) {
  auto hint = [](const std::string& text) { return problem_in(named + text); };
  check_contains(hint("heartbeat.intervall = '1s'"), "did you mean heartbeat.interval?");
  check_contains(hint("heartbeat.TTL = '1s'"), "did you mean heartbeat.ttl?");
  check_contains(hint("heartbeat.lease = '1s'"), "did you mean election.lease?");
  check_contains(hint("lease = '1s'"), "did you mean election.lease?");
  check_contains(hint("[heartbeet]"), "did you mean [heartbeat]?");
  check_contains(hint("'" + std::string(100'000, 'x') + "' = 1"), "unknown key");
}

CAF_TEST(options of later versions are unknown keys) {
  for (auto key : {"group.mixed", "buckets.history"})
    check_contains(problem_in(named + key + " = 1"), "unknown key");
  for (auto section : {"plugins"})
    check_contains(problem_in(named + "[" + section + "]\nx = 1"), "unknown section");
}

CAF_TEST(a section that is no table and a value that is one are reported) {
  check_contains(problem_in("group = 5\n"), "f.toml:1: group: found 5; must be a table");
  auto lines = problems_in(named + "[[log]]\nlevel = 'info'");
  CAF_REQUIRE_EQUAL(lines.size(), 1u);
  check_contains(lines[0], "f.toml:2: log: found an array; must be a table");
  check_contains(
      problem_in(named + "[heartbeat.ttl]\ndeep = { deeper = [[1], {a = 2}] }"),
      "heartbeat.ttl: found a table; must be a duration");
}

CAF_TEST(mistakes inside of a list have their own line) {
  auto lines = problems_in(named
                           + "[partitions]\nlist = [\n'good',\n'b d',\n{ keys = ['x'],"
                             " weight = -1 },\n]\n");
  CAF_REQUIRE_EQUAL(lines.size(), 2u);
  check_contains(lines[0], "f.toml:5: partitions.list[1]: found \"b d\"");
  check_contains(lines[1], "f.toml:6: partitions.list[2].weight: found -1");
}

CAF_TEST(text that is not TOML is reported with line and column and nothing else) {
  auto line = problem_in("[group]\nname = \n");
  check_contains(line, "f.toml:2:8: is not TOML: ");
  check_contains(problem_in(named + "a = 1\na = 2"), "f.toml:3:");
  check_contains(problem_in(named + "worker.id_max = 99999999999999999999"),
                 "not representable in 64 bits");
  check_contains(problem_in(std::string{"\x7f"
                                        "ELF\x02\x01\x00\x00\xff\xfe",
                                        10}),
                 "f.toml:1:");
  check_contains(problem_in("name = '\xff'"), "f.toml:1:");
  CAF_MESSAGE("what stands elsewhere is still looked at");
  load_options options;
  options.overrides = {"log.level=loud"};
  CAF_CHECK_EQUAL(problems_in("=", options).size(), 2u);
}

CAF_TEST(a character beyond ASCII in a wrong place is reported) {
  for (const auto& text : {"name \xCC\xAA = 1", "\xC2\xA7", "a = \xC2\xA7",
                           "\xE2\x82\xAC = 1", "[\xC2\xA7]", "a = 1 \xEF\xBC\x81"})
    check_contains(problem_in(named + text), "f.toml:2:");
  // A line that ends with a backslash goes on where the white space of the next one ends.
  auto x = loaded(named + "worker.instance = \"\"\"\\\n\xC2\xA7\"\"\"");
  CAF_CHECK_EQUAL(x.worker.instance, "\xC2\xA7");
}

CAF_TEST(text that breaks the parser is reported with its line) {
  for (const auto& text : {"[[[group]]]", "[[=", "[=]", "[[\n[group]]"})
    for (std::size_t above = 0; above < 9; ++above) {
      auto line = problem_in(std::string(above, '\n') + text + "\n[group]\nname = 'x'\n");
      check_contains(line, "f.toml:" + std::to_string(above + 1));
      check_contains(line, ": is not TOML: ");
    }
}

CAF_TEST(the command line wins over the environment and that over the file) {
  load_options options;
  auto text = named + "log.level = 'warn'";
  CAF_CHECK_EQUAL(loaded(text).log.level, "warn");
  options.environment = {{"PARTITA_LOG_LEVEL", "error"}};
  CAF_CHECK_EQUAL(loaded(text, options).log.level, "error");
  options.overrides = {"log.level=off", "log.level=debug"};
  CAF_CHECK_EQUAL(loaded(text, options).log.level, "debug");
  CAF_CHECK_EQUAL(loaded(named).log.level, "info");
}

CAF_TEST(a mistake in the file counts even if something stronger says otherwise) {
  load_options options;
  options.overrides = {"log.level=off"};
  check_contains(problem_in(named + "log.level = 'loud'", options), "found \"loud\"");
}

CAF_TEST(every option can be given by its variable and on the command line) {
  for (const auto& x : all_options()) {
    auto text = default_text(x);
    if (text == "required" || text == "not used" || is_derived(x))
      text = x.type == option_type::integer ? "1" : "";
    if (text.starts_with('"'))
      text = text.substr(1, text.size() - 2);
    if (x.required)
      text = "demo";
    CAF_MESSAGE(x.variable() << "=" << text);
    load_options environment;
    environment.environment = {{x.variable(), text}};
    load_options overrides;
    overrides.overrides = {x.name() + "=" + text};
    auto rest = std::string{x.required ? "" : "group.name = 'demo'\n"};
    if (x.name() == "partitions.count")
      rest += "partitions.prefix = 'a'";
    CAF_CHECK_EQUAL(to_toml(loaded(rest, environment)), to_toml(loaded(rest, overrides)));
  }
}

CAF_TEST(text from the environment is read as what the option is) {
  load_options options;
  options.environment = {
      {"PARTITA_WORKER_ID_MAX", "42"},
      {"PARTITA_STRATEGY_SEED", "18446744073709551615"},
      {"PARTITA_STRATEGY_OVERLOAD_THRESHOLD", "1.5"},
      {"PARTITA_STRATEGY_EXTREME_THRESHOLD", "3"},
      {"PARTITA_NATS_URL", "nats://a, tls://b:1"},
      {"PARTITA_PARTITIONS_LIST", "[\"x\", { keys = [\"y\"], weight = 7 }]"},
      {"PARTITA_WORKER_INSTANCE", "7"}};
  auto x = loaded(named, options);
  CAF_CHECK_EQUAL(x.worker.id_max, 42u);
  CAF_CHECK_EQUAL(x.strategy.seed, UINT64_MAX);
  CAF_CHECK_EQUAL(x.strategy.overload_threshold, 1.5);
  CAF_CHECK_EQUAL(x.strategy.extreme_threshold, 3.0);
  CAF_CHECK_EQUAL(x.nats.url, (std::vector<std::string>{"nats://a", "tls://b:1"}));
  CAF_CHECK_EQUAL(x.partitions.list.size(), 2u);
  CAF_CHECK_EQUAL(x.worker.instance, "7");
}

CAF_TEST(text that is not what the option is gets refused) {
  for (auto text : {"worker.id_max=", "worker.id_max=4 2", "worker.id_max=1.0",
                    "worker.id_max=99999999999999999999", "worker.id_max=0x10",
                    "strategy.overload_threshold=much", "strategy.overload_threshold=nan",
                    "nats.url=", "nats.url=nats://a,", "nats.url=[nats://a]",
                    "partitions.list=[\"a\"]\nx = 1", "partitions.list=a,a",
                    "worker.instance=\xff\xfe", "heartbeat.ttl=\"6s\""}) {
    load_options options;
    options.overrides = {text};
    check_contains(problem_in(named, options), "command line: ");
  }
}

CAF_TEST(something stronger can take back what the file says) {
  load_options options;
  options.overrides = {"nats.token=", "partitions.list="};
  auto x = loaded(named + "nats.token = 'abc'\npartitions.list = ['a']", options);
  CAF_CHECK_EQUAL(x.nats.token, "");
  CAF_CHECK(!x.partitions.given());
}

CAF_TEST(an unknown variable is a warning with the nearest name) {
  auto warning = [](const std::string& name) {
    auto all = unknown_variables({{name, "x"}});
    return all.size() == 1 ? to_string(all.front()) : std::to_string(all.size());
  };
  CAF_CHECK_EQUAL(warning("PARTITA_NATS_URLS"),
                  "environment variable PARTITA_NATS_URLS: names no setting and is "
                  "ignored: did you mean PARTITA_NATS_URL?");
  check_contains(warning("PARTITA_log_level"), "did you mean PARTITA_LOG_LEVEL?");
  check_contains(warning("PARTITA_CONFG"), "did you mean PARTITA_CONFIG?");
  check_contains(warning("PARTITA_"), "ignored: settings are PARTITA_<SECTION>_<KEY>");
  CAF_MESSAGE("it changes nothing");
  load_options options;
  options.environment = {{"PARTITA_NATS_URLS", "x"}, {"PARTITA_log_level", "error"}};
  CAF_CHECK_EQUAL(to_toml(loaded(named, options)), to_toml(loaded(named)));
  CAF_MESSAGE("others are not ours, or set nothing");
  CAF_CHECK(unknown_variables({{"HOME", "x"},
                               {"MY_PARTITA_LOG_LEVEL", "x"},
                               {"partita_log_level", "x"},
                               {"PARTITA_CONFIG", "x"},
                               {"PARTITA_LOG_LEVEL", "info"},
                               {"PARTITA_NATS_URLS", ""}})
                .empty());
}

CAF_TEST(what Kubernetes sets for a Service is no setting) {
  load_options options;
  for (const std::string service : {"PARTITA", "PARTITA_NATS", "PARTITA_HTTP_LISTEN"}) {
    auto port = service + "_PORT";
    auto& all = options.environment;
    all[service + "_SERVICE_HOST"] = all[port + "_4222_TCP_ADDR"] = "10.96.7.31";
    all[service + "_SERVICE_PORT"] = all[port + "_4222_TCP_PORT"] = "4222";
    all[service + "_SERVICE_PORT_CLIENT"] = "4222";
    all[port] = all[port + "_4222_TCP"] = "tcp://10.96.7.31:4222";
    all[port + "_4222_TCP_PROTO"] = "tcp";
    all[port + "_53_UDP"] = "udp://10.96.7.31:53";
  }
  CAF_CHECK_EQUAL(to_toml(loaded(named, options)), to_toml(loaded(named)));
  for (const auto& x : unknown_variables(options.environment))
    CAF_ERROR(to_string(x));
  CAF_MESSAGE("what only looks like it is a warning");
  CAF_CHECK_EQUAL(unknown_variables({{"PARTITA_NATS_PORT", "4222"}}).size(), 1u);
  for (const auto& x : all_options())
    CAF_CHECK(!x.variable().ends_with("_PORT") && !x.variable().ends_with("_HOST"));
}

CAF_TEST(an empty variable counts as not set) {
  auto text = named + "nats.token = 'abc'\nhooks.lost = 'a'";
  for (const auto& x : all_options()) {
    load_options options;
    options.environment = {{x.variable(), ""}};
    CAF_CHECK_EQUAL(to_toml(loaded(text, options)), to_toml(loaded(text)));
  }
}

CAF_TEST(an override that names nothing is a mistake) {
  for (auto text : {"", "=", "log", "log.level", "log.level.deep=1", ".=1", "log.=info",
                    "level=info", "lgo.level=info"}) {
    load_options options;
    options.overrides = {text};
    check_contains(problem_in(named, options), "command line");
  }
}

CAF_TEST(a file is read from its path) {
  auto result = load_settings("config/partita.toml");
  CAF_CHECK(std::holds_alternative<settings>(result));
}

CAF_TEST(a file that cannot be read says so) {
  load_options options;
  options.overrides = {"log.level=loud"};
  auto lines = lines_of(load_settings("no/such.toml", options));
  CAF_REQUIRE_EQUAL(lines.size(), 2u);
  CAF_CHECK_EQUAL(lines[0],
                  "no/such.toml: cannot be read: No such file or directory: name a "
                  "configuration file that can be read");
  check_contains(lines[1], "command line: log.level");
  check_contains(lines_of(load_settings("config")).at(0), "config: cannot be read: ");
  check_contains(lines_of(load_settings("/dev/zero")).at(0), "is larger than 64 MB");
  check_contains(lines_of(load_settings("")).at(0), "cannot be read");
}

CAF_TEST(a fifo is read as far as it is written) {
  auto path = (std::filesystem::temp_directory_path()
               / ("partita-fifo-" + std::to_string(::getpid())))
                  .string();
  CAF_REQUIRE_EQUAL(::mkfifo(path.c_str(), 0600), 0);
  // Without a writer that would otherwise never come.
  check_contains(lines_of(load_settings(path)).at(0),
                 "gives nothing for 5000 ms: a FIFO that nothing writes to?");
  std::thread writer{
      [&] { std::ofstream{path} << "group.name = 'orders'\npartitions.count = 0\n"; }};
  auto lines = lines_of(load_settings(path));
  writer.join();
  CAF_REQUIRE_EQUAL(lines.size(), 1u);
  check_contains(lines[0], "partitions.count");
  CAF_MESSAGE("each connection reads these files again");
  load_options options;
  options.overrides = {"group.name=orders", "partitions.count=4", "nats.tls_ca=" + path};
  check_contains(lines_of(load_settings_text("", "x", options)).at(0),
                 "it is a FIFO, which can be read only once");
  std::filesystem::remove(path);
}

CAF_TEST(the environment of the process is found) {
  ::setenv("PARTITA_LOG_LEVEL", "warn=1", 1);
  auto found = process_environment();
  ::unsetenv("PARTITA_LOG_LEVEL");
  CAF_CHECK_EQUAL(found["PARTITA_LOG_LEVEL"], "warn=1");
  CAF_CHECK_EQUAL(found.count("PATH"), 0u);
}

CAF_TEST(the printed settings load again as the same) {
  load_options options;
  options.overrides = {"nats.url=nats://a,nats://b", "worker.instance=slot \"1\"",
                       "partitions.list=[[\"a\", \"b\"], {keys = [\"c\"], weight = 3}]",
                       "strategy.seed=18446744073709551615", "timeouts.request=333ms"};
  auto text = to_toml(loaded(named, options));
  CAF_CHECK_EQUAL(to_toml(loaded(text)), text);
  for (const auto& x : all_options())
    check_contains(text,
                   "\n" + std::string{x.get(loaded(text)).empty() ? "# " : ""} + x.key);
}

CAF_TEST(a message is always one printable line) {
  load_options options;
  options.overrides = {"log.level=a\nb\x1b[31m\xff", "log.level=a\nb\x1b[31m",
                       "evil\x1b[2J.x=1"};
  for (const auto& line : problems_in(named + "\"a\\nb\\u001b\" = 1", options))
    for (auto c : line)
      CAF_CHECK(static_cast<unsigned char>(c) >= 0x20 && c != '\x7f');
}

CAF_TEST(a long value is cut in the message) {
  auto line = problem_in(named + "log.level = '" + std::string(100'000, 'x') + "'");
  check_contains(line, "... (100000 bytes)");
  CAF_CHECK_LESS(line.size(), 300u);
}

CAF_TEST(the times of a profile are good and a value that is given wins) {
  for (const auto& profile : profile_names()) {
    auto with = named + "timing.profile = '" + profile + "'\n";
    auto x = loaded(with);
    CAF_CHECK_EQUAL(x.timing.profile, profile);
    for (const auto& time : times_of(profile)) {
      auto* option = find_option(time.section, time.key);
      CAF_REQUIRE(option);
      CAF_CHECK_EQUAL(option->get(x), in_quotes(time.value));
      CAF_CHECK_NOT_EQUAL(option->get(x), option->get(settings{}));
    }
    CAF_CHECK(loaded(with + "heartbeat.ttl = '5s'").heartbeat.ttl == 5s);
    load_options options;
    options.environment = {{"PARTITA_HEARTBEAT_TTL", "4s"}};
    CAF_CHECK(loaded(with, options).heartbeat.ttl == 4s);
    options.overrides = {"heartbeat.ttl=3s"};
    CAF_CHECK(loaded(with, options).heartbeat.ttl == 3s);
  }
  CAF_CHECK(loaded(named + "timing.profile = 'fast'").heartbeat.ttl == 1s);
}

CAF_TEST(the configuration in effect shows the times of the profile) {
  auto text = to_toml(loaded(named + "timing.profile = 'fast'"));
  check_contains(text, "[timing]\nprofile = \"fast\"\n");
  check_contains(text, "ttl = \"1s\"\n");
  check_contains(to_toml(loaded(text)), "ttl = \"1s\"\n");
}

CAF_TEST(a profile that does not exist is refused with those that do) {
  check_contains(problem_in(named + "timing.profile = 'fats'"),
                 "timing.profile: found \"fats\"; must be default, fast or cluster: did "
                 "you mean fast?");
}

CAF_TEST(what does not fit a profile is refused with the name of the profile) {
  check_contains(problem_in(named + "timing.profile = 'fast'\nheartbeat.ttl = '9s'"),
                 "worker.id_ttl: found \"5s\" (the default of profile fast); must be at "
                 "least heartbeat.ttl (9s)");
}

CAF_TEST(a group on a cluster has the times of a cluster unless it has a profile) {
  auto replicated = named + "buckets.replicas = 3\n";
  auto x = loaded(replicated);
  CAF_CHECK_EQUAL(x.timing.profile, "cluster");
  CAF_CHECK(x.heartbeat.ttl == 15s);
  CAF_CHECK(x.election.lease == 15s);
  x = loaded(replicated + "heartbeat.ttl = '9s'");
  CAF_CHECK(x.heartbeat.ttl == 9s);
  CAF_CHECK(x.election.lease == 15s);
  CAF_CHECK(loaded(replicated + "timing.profile = 'default'").heartbeat.ttl == 6s);
  CAF_CHECK(loaded(named).heartbeat.ttl == 6s);
}
