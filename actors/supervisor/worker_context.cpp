// SPDX-License-Identifier: Apache-2.0
#include "partita/actors/supervisor/worker_context.hpp"

namespace partita {

namespace {

std::uint64_t seed_of(const worker_options& options) {
  if (options.random_seed != 0)
    return options.random_seed;
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

} // namespace

worker_context::worker_context(supervisor_pointer self_, worker_options options_,
                               store_actor store_, partition_source_actor source_)
    : self{self_},
      options{std::move(options_)},
      store{std::move(store_)},
      source{std::move(source_)},
      listeners{self, options.group.name},
      random{seed_of(options)},
      claim_nonce{make_nonce()},
      longest_ttl{options.heartbeat.ttl} {}

nonce worker_context::make_nonce() {
  if (options.random_seed != 0)
    return {fmt::format("{:016x}{:016x}", random(), random())};
  // All 128 bits from the system: a generator seeded with 64 bits has too few states.
  std::random_device device;
  return {
      fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device())};
}

void worker_context::log(alert_level level, const std::string& text) const {
  auto shown = level == alert_level::info    ? spdlog::level::info
               : level == alert_level::warn  ? spdlog::level::warn
               : level == alert_level::error ? spdlog::level::err
                                             : spdlog::level::critical;
  log().write(shown, "{}", text);
}

} // namespace partita
