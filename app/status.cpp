#include "partita/app/status.hpp"

#include "partita/app/exit_codes.hpp"
#include "partita/app/group_reader.hpp"
#include "partita/app/runtime.hpp"
#include "partita/app/settings_flags.hpp"
#include "partita/app/wiring.hpp"
#include "partita/app/worker_watch.hpp"
#include "partita/config/duration.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

namespace partita::app {

namespace {

constexpr const char* examples = R"help(
Reads the group's buckets and changes nothing; asks no worker. BEAT AGE counts back from
the group's newest entry by the server's time stamps. Exit code 1 if the server cannot be
reached or the group does not exist.

Examples:
  partita status -c partita.toml
  partita status --url nats://127.0.0.1:4222 --group orders --json | jq .workers
)help";

struct status_options {
  settings_flags settings;
  bool json = false;
  std::string timeout = "5s";
};

int fail(const std::string& why) {
  std::cerr << "partita: " << why << '\n';
  return exit_failed;
}

int show(const config::settings& s, std::chrono::milliseconds limit, bool json) {
  runtime_config cfg;
  caf::actor_system sys{cfg};
  caf::scoped_actor self{sys};
  auto store = spawn_nats_store(sys, nats_options_of(s, "partita status"));
  auto read = [&]() -> std::variant<group_entries, std::string> {
    if (auto why = wait_for_link(self, store, limit))
      return "cannot reach NATS at " + shown(s.nats.url) + ": " + *why;
    return read_group(self, store, s.group.name, worker_options_of(s).buckets, limit);
  };
  auto found = read();
  close(self, store);
  if (const auto* why = std::get_if<std::string>(&found))
    return fail(*why);
  auto status = examine(std::get<group_entries>(found));
  std::cout << (json ? to_json(status) + '\n' : to_table(status)) << std::flush;
  return std::cout ? exit_fine : fail("cannot write to standard output");
}

int run(const status_options& options) {
  auto limit = config::parse_duration(options.timeout);
  if (!limit || limit->count() <= 0) {
    std::cerr << "partita: --timeout: found '" << options.timeout
              << "', expected a duration above 0 like 500ms or 5s\n";
    return exit_usage;
  }
  if (options.settings.file.empty() && options.settings.group.empty()
      && options.settings.overrides.empty()) {
    std::cerr << "partita: which group? Say -c FILE, or --url URL and --group NAME\n";
    return exit_usage;
  }
  auto settings = load(options.settings, false);
  if (!settings)
    return exit_usage;
  // For programs stdout alone counts, for people a log line between would disturb.
  start_logging("off");
  return show(*settings, *limit, options.json);
}

} // namespace

void add_status(CLI::App& program, int& code) {
  auto options = std::make_shared<status_options>();
  auto* command = program.add_subcommand("status", "Shows leader, workers and shares");
  command->footer(examples);
  add_settings_flags(*command, options->settings);
  command->add_flag("--json", options->json, "For programs: one JSON object");
  command
      ->add_option("--timeout", options->timeout,
                   "How long the server may take (default 5s)")
      ->type_name("DURATION");
  command->callback([options, &code] { code = run(*options); });
}

} // namespace partita::app
