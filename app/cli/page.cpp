// SPDX-License-Identifier: Apache-2.0
#include "partita/app/page/page.hpp"

#include "partita/app/cli/commands.hpp"
#include "partita/app/inspect/group_command.hpp"
#include "partita/messages/events.hpp"

namespace partita::app {

namespace {

constexpr const char* examples = R"help(
Shows the group in a browser and changes nothing: leader, workers, partitions, plans,
directives. Ends on SIGTERM or SIGINT. A worker with [http] serves the same page.

Examples:
  partita page -c partita.toml
  partita page --url nats://127.0.0.1:4222 --group orders --listen 127.0.0.1:8090
)help";

struct page_command {
  group_flags flags;
  std::string listen = "127.0.0.1:0";
};

int serve(group_access& access, const std::string& listen) {
  auto page = require(
      page_server::start(access.self->system(), access.settings, access.store, listen));
  auto code = print(page.http.address() + "/\n");
  if (code == exit_fine)
    access.self->receive([](const stop_worker&) {});
  page.stop();
  return code;
}

} // namespace

void add_page(CLI::App& program, chosen_command& chosen) {
  auto run = [](const page_command& x) {
    return with_group(
        x.flags, "partita page",
        [&](group_access& access) { return serve(access, x.listen); }, true);
  };
  auto [command, options] = chosen.add<page_command>(
      program, "page", "Shows the group in a browser", examples, run);
  add_settings_flags(command, options.flags.settings);
  add_timeout(command, options.flags);
  command
      .add_option("--listen", options.listen,
                  "Where to serve it (default " + options.listen + ": any free port)")
      ->type_name("HOST:PORT");
}

} // namespace partita::app
