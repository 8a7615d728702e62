// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/library.hpp"

#include "partita/store/nats/client/nkey.hpp"

#include <algorithm>

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
  template <class Set>
  setup& with(const char* what, Set set) {
    if (!why_not_.empty())
      return *this;
    auto status = set();
    if (status != NATS_OK)
      why_not_ = std::string{what} + ": " + describe(status);
    return *this;
  }

  template <class Set>
  setup& with_if(bool wanted, const char* what, Set set) {
    return wanted ? with(what, set) : *this;
  }

  setup& refuse(std::string why) {
    if (why_not_.empty())
      why_not_ = std::move(why);
    return *this;
  }

  const std::string& why_not() const { return why_not_; }

private:
  std::string why_not_;
};

void set_servers(setup& set, natsOptions* o, const std::vector<std::string>& urls) {
  std::vector<const char*> servers;
  for (const auto& url : urls)
    servers.push_back(url.c_str());
  set.with("nats.url", [&] {
    return natsOptions_SetServers(o, servers.data(), static_cast<int>(servers.size()));
  });
}

void set_behaviour(setup& set, natsOptions* o, const nats_options& wanted) {
  set.with("name", [&] { return natsOptions_SetName(o, wanted.client_name.c_str()); })
      // keep_link() makes new links; see there.
      .with("reconnect", [&] { return natsOptions_SetAllowReconnect(o, false); })
      // Nothing may be sent after its caller has the outcome. Should reconnects ever be
      // allowed again, this is what keeps them from applying old writes.
      .with("buffer", [&] { return natsOptions_SetReconnectBufSize(o, 0); })
      .with("requests", [&] { return natsOptions_SetFailRequestsOnDisconnect(o, true); })
      .with("timeout",
            [&] { return natsOptions_SetTimeout(o, wanted.connect_timeout.count()); })
      .with("nats.inbox_prefix",
            [&] {
              return natsOptions_SetCustomInboxPrefix(o, wanted.inbox_prefix.c_str());
            })
      .with("ping",
            [&] { return natsOptions_SetPingInterval(o, ping_interval_ms(wanted)); })
      .with("pings", [&] { return natsOptions_SetMaxPingsOut(o, max_pings_out); })
      .with("deadline",
            [&] { return natsOptions_SetWriteDeadline(o, write_deadline_ms); })
      // Without it a single publish waits a millisecond for others.
      .with("send", [&] { return natsOptions_SetSendAsap(o, true); })
      // One thread delivers for all subscriptions, in the order in which messages came.
      .with("delivery", [&] { return natsOptions_UseGlobalMessageDelivery(o, true); })
      .with("discovery", [&] {
        return natsOptions_SetIgnoreDiscoveredServers(o, wanted.url.size() == 1);
      });
}

void set_identity(setup& set, natsOptions* o, const nats_options& wanted) {
  set.with_if(!wanted.user.empty() || !wanted.password.empty(), "nats.user",
              [&] {
                return natsOptions_SetUserInfo(o, wanted.user.c_str(),
                                               wanted.password.c_str());
              })
      .with_if(!wanted.token.empty(), "nats.token",
               [&] { return natsOptions_SetToken(o, wanted.token.c_str()); })
      .with_if(!wanted.credentials.empty(), "nats.credentials", [&] {
        return natsOptions_SetUserCredentialsFromFiles(o, wanted.credentials.c_str(),
                                                       nullptr);
      });
  if (wanted.nkey_seed.empty())
    return;
  auto key = public_nkey_of_file(wanted.nkey_seed);
  if (!key.why_not.empty())
    set.refuse("nats.nkey_seed: " + key.why_not);
  set.with("nats.nkey_seed", [&] {
    return natsOptions_SetNKeyFromSeed(o, key.text.c_str(), wanted.nkey_seed.c_str());
  });
}

void set_tls(setup& set, natsOptions* o, const nats_options& wanted,
             const std::vector<std::string>& urls) {
  // A tls:// URL alone would be clear text with a server that does not ask for TLS.
  auto secure = std::any_of(urls.begin(), urls.end(), is_tls) || !wanted.tls_ca.empty()
                || !wanted.tls_cert.empty();
  set.with_if(secure, "TLS", [&] { return natsOptions_SetSecure(o, true); })
      .with_if(
          !wanted.tls_ca.empty(), "nats.tls_ca",
          [&] { return natsOptions_LoadCATrustedCertificates(o, wanted.tls_ca.c_str()); })
      .with_if(!wanted.tls_cert.empty(), "nats.tls_cert", [&] {
        return natsOptions_LoadCertificatesChain(o, wanted.tls_cert.c_str(),
                                                 wanted.tls_key.c_str());
      });
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
  natsOptions* raw = nullptr;
  auto status = natsOptions_Create(&raw);
  prepared_options result{options_ptr{raw}, {}};
  if (status != NATS_OK) {
    result.why_not = describe(status);
    return result;
  }
  setup set;
  set_servers(set, raw, urls);
  set_behaviour(set, raw, wanted);
  set_identity(set, raw, wanted);
  set_tls(set, raw, wanted, urls);
  result.why_not = set.why_not();
  return result;
}

std::string without_secrets(std::string_view url) {
  auto start = url.find("://");
  start = start == std::string_view::npos ? 0 : start + 3;
  auto at = url.rfind('@');
  if (at == std::string_view::npos || at < start)
    return std::string{url};
  return std::string{url.substr(0, start)} + std::string{url.substr(at + 1)};
}

} // namespace partita::nats
