// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/http/application_messages.hpp"

#include <string>
#include <utility>
#include <vector>

/// What HTTP answers look like. Nothing in them is secret.
namespace partita::app {

struct http_reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

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
