// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

/// What is written to a terminal besides text (ECMA-48).
namespace partita::app {

/// Whether `fd` is a terminal that takes control sequences: TERM is not `dumb`.
bool is_terminal(int fd);

/// The same, and the environment does not ask for text without colours (NO_COLOR).
bool shows_colours(int fd);

/// What a colour stands for; the text says it in words, too.
enum class tone : char { plain, attention, wrong };

/// A line, or several, in the colour of `x`; without colours: as it is.
std::string toned(std::string lines, tone x, bool colours);

} // namespace partita::app
