// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/codec.hpp"
#include "partita/messages/control.hpp"

#include <string>
#include <string_view>

/// Keys and values of the control bucket, and back. As in codec.hpp, what cannot be read
/// is a value that says why.
namespace partita {

/// The keys of all directives begin with this.
inline constexpr std::string_view directive_prefix = "directive.";

/// The key of the directive. What a key of the store cannot hold is written as '=' and
/// two hexadecimal digits for each byte: partition `a b` is pinned by
/// `directive.pin.a=20b`.
std::string directive_key(const directive::kind& what);

std::string to_text(const directive& x);

/// Reads the directive under this key. A key of another form is malformed as well.
decoded<directive> directive_from(std::string_view key, std::string_view text);

/// For people: "drain of worker-3 by ann@box: disk is full".
std::string describe(const directive& x);

inline constexpr std::string_view history_prefix = "history.";

/// `history.00000000001795424376.0000000001`: sorts by time.
std::string history_key(const history_id& x);
decoded<history_id> history_id_from(std::string_view key);

std::string to_text(const history_entry& x);
decoded<history_entry> history_from(std::string_view text);

} // namespace partita
