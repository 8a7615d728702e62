// SPDX-License-Identifier: Apache-2.0
#include "partita/app/page/page.hpp"

#include "partita/app/cli/commands.hpp"
#include "partita/app/inspect/group_command.hpp"
#include "partita/messages/events.hpp"

#include <memory>

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
  auto started =
      page_server::start(access.self->system(), access.settings, access.store, listen);
  if (const auto* why = std::get_if<std::string>(&started))
    return fail(*why);
  auto& page = std::get<page_server>(started);
  auto code = print(page.http.address() + "/\n");
  if (code == exit_fine)
    access.self->receive([](const stop_worker&) {});
  page.stop();
  return code;
}

} // namespace

void add_page(CLI::App& program, chosen_command& chosen) {
  auto options = std::make_shared<page_command>();
  auto* command = program.add_subcommand("page", "Shows the group in a browser");
  command->footer(examples);
  add_settings_flags(*command, options->flags.settings);
  command
      ->add_option("--timeout", options->flags.timeout,
                   "How long the server may take (default " + options->flags.timeout
                       + ")")
      ->type_name("DURATION");
  command
      ->add_option("--listen", options->listen,
                   "Where to serve it (default " + options->listen + ": any free port)")
      ->type_name("HOST:PORT");
  chosen.by(*command, [options] {
    return with_group(
        options->flags, "partita page",
        [options](group_access& x) { return serve(x, options->listen); }, true);
  });
}

} // namespace partita::app
