// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace partita::packing {

/// The SHA-256 of `x` (FIPS 180-4), in 64 hexadecimal digits.
std::string sha256_of(std::string_view x);

} // namespace partita::packing
