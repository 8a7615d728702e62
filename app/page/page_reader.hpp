// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/config/settings.hpp"
#include "partita/messages/interfaces.hpp"
#include "partita/messages/message.hpp"

#include <caf/fwd.hpp>

#include <cstdint>
#include <memory>
#include <string>

/// Reads a group for those who look at its page.
namespace partita::app {

/// Where the group stands, from now on.
struct page_store {
  store_actor store;
  PARTITA_MESSAGE(page_store, x.store)
};

/// What is new since `position` (0: everything)? Answered as soon as something is, or within
/// http_api::longest_silence.
struct ask_changes {
  std::uint64_t position = 0;
  PARTITA_MESSAGE(ask_changes, x.position)
};

/// Who owns this partition, and why?
struct ask_explanation {
  std::string partition;
  PARTITA_MESSAGE(ask_explanation, x.partition)
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

using page_actor = caf::typed_actor<caf::reacts_to<page_store>,
                                    caf::replies_to<ask_changes>::with<page_text>,
                                    caf::replies_to<ask_explanation>::with<page_text>>;

/// Follows the buckets of a group and answers from what they hold, in a thread of its own.
/// Ends by itself 5 s after the last question.
page_actor spawn_page_reader(caf::actor_system& sys, const config::settings& s,
                             store_actor store);

} // namespace partita::app
