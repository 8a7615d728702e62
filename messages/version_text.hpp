// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/ids.hpp"

#include <string>

namespace partita {

/// For people: a version or a token as epoch and count, `3.2`: the second plan of epoch 3.
/// Plain below the first epoch's versions.
inline std::string readable(version x) {
  auto count = std::to_string(x.value % versions_per_epoch);
  auto number = x.value / versions_per_epoch;
  return number == 0 ? count : std::to_string(number) + '.' + count;
}

} // namespace partita
