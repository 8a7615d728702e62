// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/options.hpp"
#include "partita/store/nats/client/message.hpp"

#include <nats/nats.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Internal to this directory: the library's objects as C++ types.
namespace partita::nats {

struct release_library_object {
  void operator()(natsOptions* x) const { natsOptions_Destroy(x); }
  void operator()(natsMsg* x) const { natsMsg_Destroy(x); }
};

using options_ptr = std::unique_ptr<natsOptions, release_library_object>;
using message_ptr = std::unique_ptr<natsMsg, release_library_object>;

/// The library's text for a status, with its last error on this thread.
std::string describe(natsStatus status);

/// Copies a message out of the library's memory.
message copy_of(natsMsg* x);

/// The connection's last error. Its text may be written by another thread meanwhile.
std::string last_error(natsConnection* nc);

struct prepared_options {
  options_ptr options;
  /// Why the options cannot be used; empty: they can.
  std::string why_not;
};

/// The library's options for `wanted`, without callbacks.
prepared_options prepare(const nats_options& wanted,
                         const std::vector<std::string>& urls);

/// A URL fit for a log: without user and password.
std::string without_secrets(std::string_view url);

} // namespace partita::nats
