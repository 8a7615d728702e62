// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/client_version.hpp"

#include <nats/nats.h>

namespace partita {

std::string nats_client_version() {
  return nats_GetVersion();
}

} // namespace partita
