// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"

#include "partita/app/inspect/group_command.hpp"
#include "partita/app/process/exit_codes.hpp"
#include "partita/config/duration.hpp"
#include "partita/config/load.hpp"
#include "partita/config/text.hpp"
#include "partita/core/worker/session.hpp"

#include <iostream>

namespace partita::app {

namespace {

constexpr const char* examples = R"help(
Reports what `partita run -c FILE` would report of its configuration, with the environment
(PARTITA_<SECTION>_<KEY>) in effect. Every mistake is printed to stderr, with file, line, key,
what was found and what is allowed; exit code 2 if there is one.

For a valid file it explains what the settings mean: how long until a dead leader has a successor
and the partitions of a dead worker other owners, and how long NATS may be away before work stops.

Examples:
  partita check-config partita.toml
  partita check-config partita.toml --show   # every option as it is in effect
)help";

struct check_options {
  settings_flags settings;
  bool show = false;
};

std::string text(core::duration x) {
  using std::chrono::milliseconds;
  return config::format_duration(std::chrono::duration_cast<milliseconds>(x));
}

/// Whether the guard of one that has died spares others this wait.
std::string goodbye_of(const config::settings& x) {
  return x.hooks.used() ? "its guard does not say goodbye for it: hooks may have handed "
                          "work to others\n"
                        : "below `partita run -- COMMAND` its guard says goodbye for it "
                          "at once\n";
}

/// What the settings mean for who is on call.
std::string meaning_of(const config::settings& x) {
  const auto& election = x.election;
  auto probed = election.probe_grace.count() > 0;
  std::string result = "a leader that has died has a successor within "
                       + text(probed ? election.probe_grace * 5 / 2 : election.lease)
                       + ", one that is frozen or cut off within " + text(election.lease)
                       + '\n';
  result += "a worker that has died counts as lost after "
            + text(core::with_clock_margin(x.heartbeat.ttl))
            + "; then its partitions get other owners\n" + goodbye_of(x);
  auto goes_on = x.group.ownership == ownership::available;
  return result
         + (goes_on
                ? "work continues however long NATS is away\n"
                : "NATS may be away for " + text(core::session_length(x.heartbeat.ttl))
                      + " before work stops\n");
}

int check(const check_options& options) {
  auto settings = load(options.settings, true);
  if (options.show)
    std::cout << config::to_toml(settings);
  else
    std::cout << config::printable(options.settings.file) << " is valid\n"
              << meaning_of(settings);
  return exit_fine;
}

} // namespace

void add_check_config(CLI::App& program, chosen_command& chosen) {
  auto [command, options] = chosen.add<check_options>(
      program, "check-config", "Checks a configuration file", examples, check);
  add_file(command, options.settings, "file")->required(options.settings.file.empty());
  command.add_flag("--show", options.show, "Prints the configuration in effect");
}

} // namespace partita::app
