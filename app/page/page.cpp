// SPDX-License-Identifier: Apache-2.0
#include "partita/app/page/page.hpp"
#include "partita/messages/exceptions.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <utility>

namespace partita::app {

namespace {

// A reader looks at a large group for some seconds.
constexpr std::chrono::seconds answer_limit{20};

struct page_state {
  static inline constexpr const char* name = "partita.page_gate";
  config::settings settings;
  store_actor store;
  /// Null: no client looks.
  page_actor reader;

  ~page_state() { caf::anon_send_exit(reader, caf::exit_reason::kill); }
};

using self_pointer = page_actor::stateful_pointer<page_state>;

page_actor::behavior_type page(self_pointer self, config::settings settings) {
  end_on_exception(self);
  self->state.settings = std::move(settings);
  self->set_down_handler([self](const caf::down_msg&) { self->state.reader = nullptr; });
  return {
      [self](store_actor& x) { self->state.store = std::move(x); },
      [self](const ask_page& x) -> caf::result<page_text> {
        auto& s = self->state;
        if (!s.store)
          return page_text{};
        if (!s.reader) {
          s.reader = spawn_page_reader(self->system(), s.settings, s.store);
          self->monitor(s.reader);
        }
        return self->delegate(s.reader, x);
      },
  };
}

http_reply reply_of(const page_asset& x) {
  return {
      200,
      std::string{x.type},
      std::string{x.text},
      {{"Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
       {"Referrer-Policy", "no-referrer"},
       {"X-Content-Type-Options", "nosniff"}}};
}

http_reply reply_of(const page_text& x) {
  if (x.position != 0)
    return {200, "application/json", *x.text + '\n', {}};
  if (x.text)
    return http_error(404, *x.text, "the name of a partition");
  return http_error(503, "no answer from the store", "the group",
                    "try again; check GET /readyz?verbose");
}

/// As server-sent events.
stream_piece piece_of(const page_text& x) {
  if (x.position == 0)
    return {};
  auto text = x.text ? "id: " + std::to_string(x.position) + "\ndata: " + *x.text + "\n\n"
                     : std::string{"event: alive\ndata:\n\n"};
  if (x.whole)
    text.insert(0, "event: whole\n");
  return {x.position, std::make_shared<const std::string>(std::move(text))};
}

} // namespace

page_actor spawn_page(caf::actor_system& sys, const config::settings& s) {
  return sys.spawn(page, s);
}

std::vector<http_page> pages_of(const page_actor& page) {
  // Passes the answer on, or an empty one if there is none.
  auto ask = [page](caf::event_based_actor* self, const ask_page& what,
                    const auto& pass) {
    self->request(page, http_api::longest_silence + answer_limit, what)
        .then([pass](const page_text& x) { pass(x); },
              [pass](const caf::error&) { pass(page_text{}); });
  };
  auto whole = [ask](auto* self, const auto&, const auto& done) {
    ask(self, {}, [done](const page_text& x) { done(reply_of(x)); });
  };
  auto partition = [ask](auto* self, const http_request& from, const auto& done) {
    auto name = from.parameters.find("name");
    if (name == from.parameters.end())
      return done(http_error(400, "no parameter name", "name=PARTITION"));
    ask(self, {0, name->second}, [done](const page_text& x) { done(reply_of(x)); });
  };
  auto changes = [ask](auto* self, std::uint64_t position, const auto& done) {
    ask(self, {position, {}}, [done](const page_text& x) { done(piece_of(x)); });
  };
  std::vector<http_page> result{{"/v1/group", whole},
                                {"/v1/group/partition", partition},
                                {"/v1/group/changes", {}, changes}};
  for (const auto& x : page_assets())
    result.push_back({x.name == "index.html" ? "/" : "/page/" + std::string{x.name},
                      [&x](auto*, const auto&, const auto& done) { done(reply_of(x)); }});
  return result;
}

std::variant<page_server, std::string> page_server::start(caf::actor_system& sys,
                                                          const config::settings& s,
                                                          store_actor store,
                                                          const std::string& listen) {
  auto page = spawn_page(sys, s);
  caf::anon_send(page, std::move(store));
  config::http_settings http;
  http.listen = listen;
  auto started = http_part::start(sys, http, s.group.name, true, {}, {}, pages_of(page));
  if (auto* why = std::get_if<std::string>(&started)) {
    caf::anon_send_exit(page, caf::exit_reason::user_shutdown);
    return std::move(*why);
  }
  return page_server{std::move(page), std::move(std::get<http_part>(started))};
}

void page_server::stop() {
  // Streams end by that.
  caf::anon_send_exit(page, caf::exit_reason::user_shutdown);
  http.stop();
}

} // namespace partita::app
