// SPDX-License-Identifier: Apache-2.0
#include "partita/messages/options.hpp"

namespace partita {

bucket_options bucket_options::of(const std::string& group) {
  return {.stable_id = group + "-stableid",
          .election = group + "-election",
          .heartbeat = group + "-heartbeat",
          .assignment = group + "-assignment",
          .partitions = group + "-partitions",
          .control = group + "-control"};
}

} // namespace partita
