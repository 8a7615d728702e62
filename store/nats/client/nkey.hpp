// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace partita::nats {

struct public_nkey {
  /// `U...`, as the server's configuration names the user.
  std::string text;
  /// Why there is none; never holds anything of the seed.
  std::string why_not;
};

/// The public key that belongs to an nkey seed (`SU...`). The library signs with the seed
/// but must be given the public key.
public_nkey public_nkey_of(std::string_view seed);

/// The same for a file that holds the seed, alone or within the decoration of nk and nsc.
public_nkey public_nkey_of_file(const std::string& path);

} // namespace partita::nats
