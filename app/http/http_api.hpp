// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/http/application_state.hpp"
#include "partita/config/settings.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace partita::app {

/// What of a request matters to the answer.
struct http_request {
  std::string method;
  /// Decoded, without parameters.
  std::string path;
  std::multimap<std::string, std::string> parameters;
  std::string host;
  std::string authorization;
  std::string content_type;
  std::string content_encoding;
  std::string transfer_encoding;
  std::string last_event_id;
  /// A browser made it for some page.
  bool of_a_page = false;
  /// The other end is this machine.
  bool from_here = false;
  std::string body;
};

struct http_reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// What a stream of server-sent events sends next.
struct stream_piece {
  /// Where the one after it begins, above 0.
  std::uint64_t position = 0;
  /// Null: the stream ends.
  std::shared_ptr<const std::string> text;
};

/// A further page that others add, read by GET. One of its functions is called in an actor,
/// which it must not block, and calls `done` there once.
struct http_page {
  std::string path;
  std::function<void(caf::event_based_actor* self, const http_request& from,
                     std::function<void(http_reply)> done)>
      show = {};
  /// Instead of it for a stream: what follows at `position` (0: the beginning), within
  /// http_api::longest_silence.
  std::function<void(caf::event_based_actor* self, std::uint64_t position,
                     std::function<void(stream_piece)> done)>
      follow = {};
};

/// Whether the worker is alive or ready.
struct probe_life {
  bool ready = false;
  bool verbose = false;
};

/// Ask again, with the body.
struct body_wanted {};

struct show_page {
  const http_page* page = nullptr;
};

/// What is to be done for a request; http_reply: nothing more than to say this.
using http_decision = std::variant<http_reply, ask_assignment, ask_events, body_wanted,
                                   release_work, probe_life, show_page>;

/// The interface for applications, probes and what others add: what each request gets. Pure:
/// sockets are http_server's, and what is owned is the application state's. docs/http.md describes it.
class http_api {
public:
  /// A longer body is refused.
  static constexpr std::size_t most_body = 64 * 1024;
  /// No call waits longer; a proxy between would time out.
  static constexpr std::chrono::milliseconds longest_wait{60'000};
  /// A client that follows the events receives something at least this often.
  static constexpr std::chrono::milliseconds longest_silence{15'000};

  explicit http_api(config::http_settings rules, std::vector<http_page> pages = {})
      : rules_{std::move(rules)}, pages_{std::move(pages)} {}

  /// Judges a request by all but its body.
  http_decision judge(const http_request& x) const;
  /// Judges the body of one that body_wanted was said of.
  http_decision judge_body(const http_request& x) const;

private:
  http_decision assignment(const http_request& x) const;
  http_decision events(const http_request& x) const;
  http_decision released(const http_request& x) const;
  /// Probes add parameters of their own (as exclude=), which change nothing here.
  http_decision probed(const http_request& x) const {
    return probe_life{x.path == "/readyz", x.parameters.contains("verbose")};
  }
  /// Why this caller may change nothing, if that is so.
  std::optional<http_reply> refusal(const http_request& x) const;
  bool shows_token(const http_request& x) const;
  caller who(const http_request& x) const;
  std::vector<std::string> paths() const;

  config::http_settings rules_;
  std::vector<http_page> pages_;
};

// -- what answers look like: nothing in them is secret ------------------------------------

/// `{"error":{"found":...,"expected":...,"remedy":...}}`; members without text are left out.
http_reply http_error(int status, const std::string& found, const std::string& expected,
                      const std::string& remedy = {});

/// `now` on the worker's clock: the answer is sent at once.
http_reply text_of(const shown_assignment& x, core::time_point now);

/// 200 if everything was released (now or before), 409 if anything was not.
http_reply text_of(const released_work& x);

/// As it goes over the wire: `id:`, `event:` and `data:` lines, an empty one at the end. What
/// a session that is over has assigned is not shown any more: it counts as missed.
std::string stream_text_of(const shown_events& x, core::time_point now);

http_reply livez_of(const shown_life& x);

/// 503 unless the worker has joined, its session holds and it has applied a record.
/// `verbose`: a line for each, with what is missing.
http_reply readyz_of(const shown_life& x, bool verbose);

} // namespace partita::app
