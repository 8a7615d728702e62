// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spdlog/spdlog.h>

#include <memory>

namespace partita {

/// The logger named "partita" if the program registered one, else spdlog's default.
inline std::shared_ptr<spdlog::logger> logger() {
  auto result = spdlog::get("partita");
  return result ? result : spdlog::default_logger();
}

} // namespace partita
