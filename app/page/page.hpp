// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/http/http_part.hpp"
#include "partita/app/page/page_reader.hpp"

#include <string>
#include <variant>
#include <vector>

/// A page for people that shows a group, and the JSON that feeds it.
namespace partita::app {

/// Starts a reader when a client looks, and passes questions on to it. Waits for page_store.
/// When it ends, so do all streams.
page_actor spawn_page(caf::actor_system& sys, const config::settings& s);

/// `/` and what belongs to it, requested from `page`.
std::vector<http_page> pages_of(const page_actor& page);

/// The page without a worker, until it is stopped.
struct page_server {
  page_actor page;
  http_part http;

  /// The other alternative says why it cannot listen, and what to do.
  static std::variant<page_server, std::string> start(caf::actor_system& sys,
                                                      const config::settings& s,
                                                      store_actor store,
                                                      const std::string& listen);
  void stop();
};

} // namespace partita::app
