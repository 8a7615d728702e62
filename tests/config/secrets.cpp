// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE config.secrets

#include "fixture.hpp"

using namespace partita::config;

namespace {

const std::string secret = "hunter2";

void check_hidden(const std::vector<std::string>& lines) {
  CAF_CHECK(!lines.empty());
  for (const auto& line : lines)
    check_lacks(line, secret);
}

} // namespace

CAF_TEST(a wrong secret is not repeated) {
  for (const auto& key : {"nats.password", "nats.token"})
    for (const auto& value : {"\"hunter2\\n\"", "[\"hunter2\"]", "{ a = \"hunter2\" }"}) {
      auto line = problem_in(named + key + " = " + value);
      check_contains(line, std::string{"f.toml:2: "} + key + ": found (hidden)");
      check_lacks(line, secret);
    }
  check_lacks(problem_in(named + "nats.token = 1234567"), "1234567");
}

CAF_TEST(a secret from the environment or the command line is not repeated) {
  load_options options;
  options.environment = {{"PARTITA_NATS_PASSWORD", secret + "\n"},
                         {"PARTITA_NATS_TOKEN", secret + "\xff"}};
  options.overrides = {"nats.token=" + secret + "\t", "nats.tokn=" + secret,
                       "nat.token=" + secret, "nats.token:" + secret,
                       "nats.token " + secret};
  auto lines = problems_in(named, options);
  CAF_CHECK_EQUAL(lines.size(), 7u);
  for (const auto& x : unknown_variables({{"PARTITA_NATS_PASWORD", secret}}))
    lines.push_back(to_string(x));
  CAF_CHECK_EQUAL(lines.size(), 8u);
  check_hidden(lines);
}

CAF_TEST(a secret under a wrong key is not repeated) {
  check_hidden(problems_in(named + "nats.passwort = '" + secret + "'"));
  check_hidden(problems_in(named + "[nats.token]\n" + secret + "1 = '" + secret + "'"));
  check_hidden(problems_in(named + "password = '" + secret + "'"));
  check_hidden(problems_in(named + "[secrets]\npassword = '" + secret + "'"));
}

CAF_TEST(a secret on a line that is not TOML is not repeated) {
  auto line = problem_in("[nats]\ntoken = 123456789012345678901234567890\n");
  check_contains(line, "f.toml:2:");
  check_lacks(line, "1234567");
  for (const auto& text : {"password = hunter2", "password = 'hunter2", "token hunter2",
                           "token = \"hunter2\\q\"", "url = nats://u:hunter2@h"})
    check_hidden(problems_in(std::string{"[nats]\n"} + text + "\n"));
}

CAF_TEST(a password inside of a URL is refused and not repeated) {
  for (const auto& url :
       {"'nats://me:hunter2@host'", "'me:hunter2@host'", "'http://hunter2@h'",
        "['nats://a', 'tls://hunter2@h:1']", "'nats://hunter2@@h'"}) {
    auto line = problem_in(named + "nats.url = " + url);
    check_contains(line, "(hidden)@");
    check_lacks(line, secret);
  }
  load_options options;
  options.overrides = {"nats.url=[nats://me:hunter2@host"};
  check_hidden(problems_in(named, options));
}

CAF_TEST(relations that fail do not tell secrets) {
  check_hidden(problems_in(named + "nats.password = '" + secret + "'"));
  check_hidden(problems_in(named + "nats.user = 'u'\nnats.password = '" + secret
                           + "'\nnats.token = '" + secret + "'"));
}

CAF_TEST(the printed settings hide secrets) {
  auto x = loaded(named + "nats.user = 'u'\nnats.password = '" + secret + "'");
  CAF_CHECK_EQUAL(x.nats.password, secret);
  x.nats.token = secret;
  x.nats.url = {"nats://me:" + secret + "@host"};
  auto text = to_toml(x);
  check_lacks(text, secret);
  check_contains(text, "password = \"(hidden)\"");
  check_contains(text, "token = \"(hidden)\"");
  check_contains(text, "nats://(hidden)@host");
}
