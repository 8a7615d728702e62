// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/app/http/http_part.hpp"
#include "partita/app/inspect/group_status.hpp"
#include "partita/app/inspect/plan_history.hpp"
#include "partita/messages/interfaces.hpp"
#include "partita/messages/message.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// A page for people that shows a group, and the JSON that feeds it.
namespace partita::app {

/// What is new since `position` (0: everything)? Answered as soon as something is, or within
/// http_api::longest_silence. With a partition instead: who owns it, and why?
struct ask_page {
  std::uint64_t position = 0;
  std::string partition;
  PARTITA_MESSAGE(ask_page, x.position, x.partition)
};

/// JSON, shared by all who asked.
struct page_text {
  /// Of the document; 0: there is no answer, and `text` says why.
  std::uint64_t position = 0;
  /// Everything, not a merge patch for the position before.
  bool whole = false;
  /// Null: nothing is new.
  std::shared_ptr<const std::string> text;
  PARTITA_MESSAGE(page_text, x.position, x.whole)
};

using page_actor = caf::typed_actor<
    // Where the group stands, from now on.
    caf::reacts_to<store_actor>, caf::replies_to<ask_page>::with<page_text>>;

/// Starts a reader when a client looks, and passes questions on to it. Waits for a store.
/// When it ends, so do all streams.
page_actor spawn_page(caf::actor_system& sys, const config::settings& s);

/// INTERNAL: follows the buckets of a group and answers from what they hold, in a thread of
/// its own. Ends by itself 5 s after the last question; a stream that was closed may ask once more.
page_actor spawn_page_reader(caf::actor_system& sys, const config::settings& s,
                             store_actor store);

// What the page shows, as JSON (docs/http.md). A quiet group has the same document all the
// time: nothing in it merely grows older.

/// What `status`, `workers` and `history` say with --json, by worker and by plan. The time
/// that is left of a session stands there only below half of it.
nlohmann::json group_document(const group_status& group, const plan_history& history);

/// The merge patch (RFC 7396) that makes `to` of `from`; empty: they are equal. A member that
/// is null counts as missing.
nlohmann::json patch_between(const nlohmann::json& from, const nlohmann::json& to);

/// One file of app/page/assets.
struct page_asset {
  std::string_view name;
  /// Its Content-Type.
  std::string_view type;
  std::string_view text;
};

/// All of them, as they were when the program was built (cmake/EmbedPage.cmake).
const std::vector<page_asset>& page_assets();

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
