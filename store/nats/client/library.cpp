// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/link.hpp"
#include "partita/store/nats/client/nkey.hpp"

#include <algorithm>
#include <atomic>

#include <sys/mman.h>

namespace partita::nats {

namespace {

constexpr int max_pings_out = 2;

/// A dead or frozen server must be noticed well within a session or a lease: after two
/// unanswered pings, so within three intervals. Each ping costs four wake-ups, and an
/// idle process must have few; 500 ms at the default timings of a worker.
std::int64_t ping_interval_ms(const nats_options& x) {
  return std::clamp<std::int64_t>(x.watch_heartbeat.count() / 2, 200, 1000);
}

// The library holds its lock while it writes. Without a deadline a frozen server whose
// socket buffers are full would block every caller, and the ping timer with them.
constexpr std::int64_t write_deadline_ms = 250;

bool is_tls(std::string_view url) {
  return url.starts_with("tls://");
}

/// Calls setters one after the other and remembers the first failure.
class setup {
public:
  explicit setup(natsOptions* options) : options_(options) {}

  template <class... Parameters, class... Values>
  void set(const char* what, natsStatus (*setter)(natsOptions*, Parameters...),
           Values... values) {
    if (!why_not_.empty())
      return;
    if (auto status = setter(options_, values...); status != NATS_OK)
      why_not_ = std::string{what} + ": " + describe(status);
  }

  void refuse(std::string why) {
    if (why_not_.empty())
      why_not_ = std::move(why);
  }

  const std::string& why_not() const { return why_not_; }

private:
  natsOptions* options_;
  std::string why_not_;
};

void set_servers(setup& o, const std::vector<std::string>& urls) {
  std::vector<const char*> servers;
  for (const auto& url : urls)
    servers.push_back(url.c_str());
  o.set("nats.url", natsOptions_SetServers, servers.data(),
        static_cast<int>(servers.size()));
}

void set_behaviour(setup& o, const nats_options& wanted) {
  o.set("name", natsOptions_SetName, wanted.client_name.c_str());
  // keep_link() makes new links; see there.
  o.set("reconnect", natsOptions_SetAllowReconnect, false);
  // Nothing may be sent after its caller has the outcome. Should reconnects ever be
  // allowed again, this is what keeps them from applying old writes.
  o.set("buffer", natsOptions_SetReconnectBufSize, 0);
  o.set("requests", natsOptions_SetFailRequestsOnDisconnect, true);
  o.set("timeout", natsOptions_SetTimeout, wanted.connect_timeout.count());
  o.set("nats.inbox_prefix", natsOptions_SetCustomInboxPrefix,
        wanted.inbox_prefix.c_str());
  o.set("ping", natsOptions_SetPingInterval, ping_interval_ms(wanted));
  o.set("pings", natsOptions_SetMaxPingsOut, max_pings_out);
  o.set("deadline", natsOptions_SetWriteDeadline, write_deadline_ms);
  // Without it a single publish waits a millisecond for others.
  o.set("send", natsOptions_SetSendAsap, true);
  // One thread delivers for all subscriptions, in the order in which messages came.
  o.set("delivery", natsOptions_UseGlobalMessageDelivery, true);
  o.set("discovery", natsOptions_SetIgnoreDiscoveredServers, wanted.url.size() == 1);
}

void set_identity(setup& o, const nats_options& wanted) {
  if (!wanted.user.empty() || !wanted.password.empty())
    o.set("nats.user", natsOptions_SetUserInfo, wanted.user.c_str(),
          wanted.password.c_str());
  if (!wanted.token.empty())
    o.set("nats.token", natsOptions_SetToken, wanted.token.c_str());
  if (!wanted.credentials.empty())
    o.set("nats.credentials", natsOptions_SetUserCredentialsFromFiles,
          wanted.credentials.c_str(), nullptr);
  if (wanted.nkey_seed.empty())
    return;
  auto key = public_nkey_of_file(wanted.nkey_seed);
  if (!key.why_not.empty())
    o.refuse("nats.nkey_seed: " + key.why_not);
  o.set("nats.nkey_seed", natsOptions_SetNKeyFromSeed, key.text.c_str(),
        wanted.nkey_seed.c_str());
}

void set_tls(setup& o, const nats_options& wanted, const std::vector<std::string>& urls) {
  // A tls:// URL alone would be clear text with a server that does not ask for TLS.
  if (std::any_of(urls.begin(), urls.end(), is_tls) || !wanted.tls_ca.empty()
      || !wanted.tls_cert.empty())
    o.set("TLS", natsOptions_SetSecure, true);
  if (!wanted.tls_ca.empty())
    o.set("nats.tls_ca", natsOptions_LoadCATrustedCertificates, wanted.tls_ca.c_str());
  if (!wanted.tls_cert.empty())
    o.set("nats.tls_cert", natsOptions_LoadCertificatesChain, wanted.tls_cert.c_str(),
          wanted.tls_key.c_str());
}

// The library hands out its own buffer, which its threads may overwrite while we read.
// Each byte is read once and the end is bounded, so the worst is a mixed text.
__attribute__((no_sanitize("thread"))) std::string copy_volatile(const char* text) {
  constexpr std::size_t longest = 255;
  char buffer[longest];
  std::size_t size = 0;
  for (const volatile char* at = text; size < longest; ++size) {
    auto x = at[size];
    if (x == '\0')
      break;
    buffer[size] = x;
  }
  return {buffer, size};
}

} // namespace

std::string describe(natsStatus status) {
  std::string result = natsStatus_GetText(status);
  natsStatus last = NATS_OK;
  const char* detail = nats_GetLastError(&last);
  if (last == status && detail && *detail && result != detail)
    result += std::string{": "} + detail;
  return result;
}

message copy_of(natsMsg* x) {
  message result;
  auto text = [](const char* from) { return from ? std::string{from} : std::string{}; };
  result.subject = text(natsMsg_GetSubject(x));
  result.reply = text(natsMsg_GetReply(x));
  result.data.assign(natsMsg_GetData(x),
                     static_cast<std::size_t>(natsMsg_GetDataLength(x)));
  const char** keys = nullptr;
  int count = 0;
  if (natsMsgHeader_Keys(x, &keys, &count) != NATS_OK)
    return result;
  for (int i = 0; i < count; ++i) {
    const char* value = nullptr;
    if (natsMsgHeader_Get(x, keys[i], &value) == NATS_OK)
      result.headers.emplace_back(keys[i], text(value));
  }
  free(keys); // NOLINT: the library says so
  return result;
}

std::string last_error(natsConnection* nc) {
  const char* text = nullptr;
  auto status = natsConnection_GetLastError(nc, &text);
  auto result = text ? copy_volatile(text) : std::string{};
  if (result.empty() && status != NATS_OK)
    result = natsStatus_GetText(status);
  return result;
}

prepared_options prepare(const nats_options& wanted,
                         const std::vector<std::string>& urls) {
  // The library's first call starts threads, and ends the process if it cannot.
  static std::atomic<bool> begun = false;
  if (!begun) {
    constexpr std::size_t stacks = 64u << 20;
    auto* room = ::mmap(nullptr, stacks, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED)
      return {{}, "no memory for the threads of the NATS library: raise ulimit -v"};
    ::munmap(room, stacks);
    begun = nats_Open(-1) == NATS_OK;
  }
  natsOptions* raw = nullptr;
  auto status = natsOptions_Create(&raw);
  prepared_options result{options_ptr{raw}, {}};
  if (status != NATS_OK) {
    result.why_not = describe(status);
    return result;
  }
  setup set{raw};
  set_servers(set, urls);
  set_behaviour(set, wanted);
  set_identity(set, wanted);
  set_tls(set, wanted, urls);
  result.why_not = set.why_not();
  return result;
}

} // namespace partita::nats
