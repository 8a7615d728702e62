// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/core/strategies/planning.hpp"
#include "partita/embed/member.hpp"

namespace partita::embed {

/// Plans with `assign`, and with `otherwise` where that throws or gives no plan; the log says
/// so, naming `group`.
core::strategy
function_strategy(std::function<std::vector<std::size_t>(const planning&)> assign,
                  core::strategy otherwise, std::string group);

} // namespace partita::embed
