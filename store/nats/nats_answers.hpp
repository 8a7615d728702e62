// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/store.hpp"
#include "partita/store/nats/client/api.hpp"
#include "partita/store/nats/client/subjects.hpp"
#include "partita/store/nats/nats_requests.hpp"

#include <string>

/// Translates the server's answers into the terms of the store port. Pure.
namespace partita::store {

/// The answer to a write to `key`.
kv_written written_from(const nats_outcome& x, const std::string& bucket,
                        const std::string& key);

/// The answer to a read from the stream's leader.
kv_read read_from(nats_outcome x, const std::string& bucket);

/// A stored message as an entry.
kv_entry entry_from(nats::stored_message x, const std::string& bucket);

/// What a consumer delivered, as an entry. `x` is parsed from the message's reply
/// subject.
kv_entry entry_from(nats::message news, const nats::delivery& x,
                    const std::string& bucket);

} // namespace partita::store
