// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.servers

#include "program.hpp"

#include "../../support/tcp_proxy.hpp"

/// NATS as companies run it, and what a person reads where the configuration does not fit.
using namespace partita::test;

namespace {

void check_contains(const std::string& text, const std::string& part) {
  if (text.find(part) == std::string::npos)
    CAF_FAIL("'" << part << "' is not in: " << text);
}

struct fixture : program_fixture {
  /// A worker with `more` in its configuration does its work.
  void works(const std::string& more) const {
    program x{run(more), path("out")};
    x.require(at_work);
    x.signal(SIGTERM);
    CAF_CHECK_EQUAL(x.wait(), 0);
    fs::remove(path("out"));
  }

  /// One that gives up after a second ends with this text.
  void fails(const std::string& more, const std::string& why) const {
    auto x = run_partita(run("timeouts.startup = '1s'\n" + more));
    CAF_CHECK_EQUAL(x.code, 1);
    check_contains(x.err, why);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(server_tests, fixture)

CAF_TEST(an account that demands max_bytes gets it) {
  server.configure(
      "accounts { A: { jetstream: { max_file: 512M, max_bytes_required: true }, "
      "users: [{ user: u, password: p }] } }");
  server.restart();
  auto login = std::string{"nats.user = 'u'\nnats.password = 'p'\n"};
  auto refused = run_partita(run(login + "timeouts.startup = '1s'\n"));
  CAF_CHECK_EQUAL(refused.code, 1);
  CAF_CHECK_NOT_EQUAL(
      refused.err.find(
          "(400/10113): set buckets.max_bytes, as this account demands a limit"),
      std::string::npos);
  program x{run(login + "buckets.max_bytes = 1000000\n"), path("out")};
  x.require(at_work);
}

CAF_TEST(a server without JetStream is named with the remedy) {
  nats_server plain{{.jetstream = false}};
  auto words = run("timeouts.startup = '1s'\n");
  words.insert(words.end(), {"--url", plain.url()});
  auto x = run_partita(words);
  CAF_CHECK_EQUAL(x.code, 1);
  CAF_CHECK_NOT_EQUAL(x.err.find("start nats-server with -js"), std::string::npos);
}

CAF_TEST(an outage has one line when it begins and one when it ends) {
  program x{run("log.level = 'debug'\n"), path("out")};
  x.require(at_work);
  server.kill();
  auto count = [&](const std::string& part) {
    auto text = x.output();
    auto result = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
      ++result;
    return result;
  };
  x.require("debug no connection to NATS: ");
  server.start();
  x.require(" s without a connection");
  x.signal(SIGTERM);
  x.wait();
  CAF_CHECK_EQUAL(count("warning no connection to NATS: "), 1);
  CAF_CHECK_EQUAL(count("connected to NATS at"), 2);
}

CAF_TEST(servers may be listed or named one by one) {
  auto url = server.url();
  const std::string other = "nats://127.0.0.1:1";
  for (const auto& words : {std::vector<std::string>{"--url", other, "--url", url},
                            std::vector<std::string>{"--url", other + ',' + url}}) {
    auto all = run();
    all.insert(all.end(), words.begin(), words.end());
    program x{all, path("out")};
    x.require(at_work);
    x.require("joining group orders at " + other + ", " + url);
    fs::remove(path("out"));
  }
}

CAF_TEST(a server that is far away is used if it may take so long) {
  tcp_proxy far{server.port(), 130ms};
  auto words = [&](const std::string& profile) {
    auto result = run("timeouts.startup = '2s'\n");
    result.insert(result.end(),
                  {"--url", far.url(), "--set", "timing.profile=" + profile});
    return result;
  };
  auto x = run_partita(words("fast"));
  CAF_CHECK_EQUAL(x.code, 1);
  check_contains(x.err, "raise nats.connect_timeout where the server is far away");
  program y{words("default"), path("out")};
  y.require(at_work);
}

CAF_TEST(the buckets of a hub are reached over a leaf node) {
  auto leafs = std::to_string(nats_server::free_port());
  nats_server hub{{.jetstream = false,
                   .config = "jetstream { store_dir: \"$DIR/store\", domain: hub }\n"
                             "leafnodes { listen: \"127.0.0.1:"
                             + leafs + "\" }"}};
  server.configure("leafnodes { remotes: [{ url: \"nats://127.0.0.1:" + leafs
                   + "\" }] }");
  server.restart();
  works("nats.domain = 'hub'\n");
  fails("nats.domain = 'hubb'\n", "nats.domain");
}

CAF_TEST(answers come to the inboxes that are permitted) {
  server.configure("authorization { users: [{ user: me, password: p, permissions: { "
                   "publish: \">\", subscribe: \"_INBOX_me.>\" } }] }");
  server.restart();
  auto login = std::string{"nats.user = 'me'\nnats.password = 'p'\n"};
  works(login + "nats.inbox_prefix = '_INBOX_me'\n");
  fails(login, "nats.inbox_prefix");
}

CAF_TEST(the buckets of another account are reached by its export) {
  server.configure(
      "accounts { A: { jetstream: enabled, users: [{ user: a, password: p }], exports: ["
      "{ service: \"$JS.API.>\" }, { service: \"$KV.>\" }, { stream: \"inbox.>\" }] },\n"
      "B: { users: [{ user: b, password: p }], imports: ["
      "{ service: { account: A, subject: \"$JS.API.>\" }, to: \"js.a.>\" },"
      "{ service: { account: A, subject: \"$KV.>\" }, to: \"js.a.$KV.>\" },"
      "{ stream: { account: A, subject: \"inbox.>\" } }] } }");
  server.restart();
  works("nats.user = 'b'\nnats.password = 'p'\nnats.api_prefix = 'js.a'\n"
        "nats.inbox_prefix = 'inbox'\n");
}

CAF_TEST(what is no server is named) {
  auto asked = [&](const std::string& url) {
    auto words = run("timeouts.startup = '1s'\n");
    words.insert(words.end(), {"--url", url});
    return run_partita(words).err;
  };
  check_contains(asked("nats://no-such-host.invalid:4222"),
                 "the name no-such-host.invalid cannot be resolved (");
  check_contains(asked("nats://127.0.0.1:" + std::to_string(nats_server::free_port())),
                 "Connection refused");
  auto monitoring = std::to_string(nats_server::free_port());
  nats_server watched{{.config = "http: \"127.0.0.1:" + monitoring + '"'}};
  check_contains(asked("nats://127.0.0.1:" + monitoring),
                 "it is a port for HTTP, such as the server's monitoring; clients use "
                 "another one, usually 4222");
}

CAF_TEST(a group that does not exist is named by commands that work all the same) {
  program x{run(), path("out")};
  x.require(at_work);
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"partitions", "list"}, {"partitions", "add", "a.b"}, {"buckets", "check"}}) {
    auto all = words;
    all.insert(all.end(), {"--url", server.url(), "--group"});
    auto right = all;
    right.push_back("orders");
    all.push_back("ordrse");
    const std::string note =
        "partita: note: the group ordrse does not exist; did you mean orders?\n";
    check_contains(run_partita(all).err, note);
    CAF_CHECK_EQUAL(run_partita(right).err.find("note"), std::string::npos);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
