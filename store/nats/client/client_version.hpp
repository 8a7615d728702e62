// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace partita {

/// The version of the NATS client library that this process runs with.
std::string nats_client_version();

} // namespace partita
