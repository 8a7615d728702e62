// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/link.hpp"

#include "partita/store/nats/client/subjects.hpp"

#include <chrono>
#include <utility>

namespace partita::nats {

namespace {

using namespace std::chrono_literals;

/// How long the round trip that removes subscriptions may take.
constexpr std::int64_t flush_timeout_ms = 500;
/// How long the library may take for its last callbacks.
constexpr auto finish_timeout = 5s;
/// The library passes each freed message to a thread of its own and wakes that for it,
/// which is much of what wakes an idle process. So messages are freed together.
constexpr std::size_t max_used_messages = 32;
constexpr std::size_t max_used_bytes = 64 * 1024;

void learn(natsConnection* nc, server_facts& x) {
  char url[512] = {};
  if (natsConnection_GetConnectedUrl(nc, url, sizeof(url)) == NATS_OK)
    x.url = without_secrets(url);
  char id[128] = {};
  if (natsConnection_GetConnectedServerId(nc, id, sizeof(id)) == NATS_OK)
    x.process = id;
  x.max_payload = natsConnection_GetMaxPayload(nc);
}

/// The bytes that count against the server's limit: headers do.
std::size_t payload_size(const header_list& headers, std::string_view data) {
  if (headers.empty())
    return data.size();
  std::size_t size = data.size() + sizeof("NATS/1.0\r\n\r\n") - 1;
  for (const auto& [name, value] : headers)
    size += name.size() + value.size() + sizeof(": \r\n") - 1;
  return size;
}

message_ptr make_message(const std::string& subject, const std::string& reply,
                         const header_list& headers, std::string_view data,
                         natsStatus& status) {
  natsMsg* raw = nullptr;
  status = natsMsg_Create(&raw, subject.c_str(), reply.empty() ? nullptr : reply.c_str(),
                          data.data(), static_cast<int>(data.size()));
  message_ptr result{raw};
  for (const auto& [name, value] : headers)
    if (status == NATS_OK)
      status = natsMsgHeader_Set(raw, name.c_str(), value.c_str());
  return result;
}

} // namespace

// -- open and close ---------------------------------------------------------------------

link::link(std::uint64_t number, events hear, std::string api)
    : number_(number), hear_(std::move(hear)), api_(std::move(api)) {}

std::variant<std::shared_ptr<link>, link::failure>
link::open(const nats_options& options, const std::vector<std::string>& urls,
           std::uint64_t number, events hear) {
  auto prepared = prepare(options, urls);
  auto* o = prepared.options.get();
  if (!prepared.why_not.empty())
    return failure{prepared.why_not};
  std::shared_ptr<link> result{new link{number, std::move(hear), options.api()}};
  auto* closure = result.get();
  auto status = natsOptions_SetClosedCB(o, &link::on_closed, closure);
  if (status == NATS_OK)
    status = natsOptions_SetErrorHandler(o, &link::on_error, closure);
  if (status == NATS_OK)
    status = natsConnection_Connect(&result->nc_, o);
  if (status != NATS_OK)
    return failure{describe(status), false, true};
  learn(result->nc_, result->server_);
  return result;
}

link::~link() {
  // By now the connection is closed and all its subscriptions are gone, see finish().
  natsConnection_Destroy(nc_);
}

void link::finish(const std::shared_ptr<link>& self) {
  natsConnection_Close(nc_);
  std::unique_lock lock{mutex_};
  finishing_ = true;
  auto until = std::chrono::steady_clock::now() + finish_timeout;
  auto done = changed_.wait_until(lock, until, [&] { return closed_; });
  // The reader has ended before the closed callback came, so nothing can be using a
  // subscription any more.
  auto dead = std::exchange(retired_, {});
  dead.insert(dead.end(), buried_.begin(), buried_.end());
  buried_.clear();
  for (auto& [subject, subscription] : std::exchange(subscriptions_, {}))
    dead.push_back(subscription);
  lock.unlock();
  for (auto* subscription : dead)
    natsSubscription_Destroy(subscription);
  lock.lock();
  done = changed_.wait_until(lock, until, [&] { return listeners_ == 0; }) && done;
  if (!done) // A callback may still come: better leak the link than let it use
             // freed memory.
    new std::shared_ptr<link>{self};
}

bool link::over() const {
  std::lock_guard guard{mutex_};
  return over_ || broken_;
}

std::string link::why_over() const {
  std::lock_guard guard{mutex_};
  return why_over_;
}

std::size_t link::listeners() const {
  std::lock_guard guard{mutex_};
  return listeners_;
}

std::vector<std::string> link::discovered_urls() const {
  std::vector<std::string> result;
  char** urls = nullptr;
  int count = 0;
  if (natsConnection_GetDiscoveredServers(nc_, &urls, &count) != NATS_OK)
    return result;
  for (int i = 0; i < count; ++i) {
    result.emplace_back(urls[i]);
    free(urls[i]); // NOLINT: the library says so
  }
  free(urls); // NOLINT
  return result;
}

// -- sending ----------------------------------------------------------------------------

send_result link::publish(const std::string& to, const std::string& reply,
                          const header_list& headers, std::string_view data) {
  const auto subject = with_api_prefix(api_, to);
  auto size = payload_size(headers, data);
  if (server_.max_payload > 0 && size > static_cast<std::size_t>(server_.max_payload))
    return outcome_of(NATS_MAX_PAYLOAD, size);
  {
    std::lock_guard guard{mutex_};
    if (broken_ || over_)
      return {send_status::not_connected, 0, why_over_};
  }
  if (headers.empty()) {
    // Without a message object, which would wake a thread when it is freed.
    auto length = static_cast<int>(data.size());
    auto sent = reply.empty()
                    ? natsConnection_Publish(nc_, subject.c_str(), data.data(), length)
                    : natsConnection_PublishRequest(nc_, subject.c_str(), reply.c_str(),
                                                    data.data(), length);
    return outcome_of(sent, size);
  }
  natsStatus status = NATS_OK;
  auto x = make_message(subject, reply, headers, data, status);
  if (status != NATS_OK)
    return {send_status::refused, 0, describe(status)};
  return outcome_of(natsConnection_PublishMsg(nc_, x.get()), size);
}

send_result link::outcome_of(natsStatus status, std::size_t size) {
  switch (status) {
  case NATS_OK:
    return {send_status::sent, number_, {}};
  case NATS_MAX_PAYLOAD:
    return {send_status::too_large, 0,
            "a message of " + std::to_string(size)
                + " bytes (headers included) is more "
                  "than the server's max_payload of "
                + std::to_string(server_.max_payload)
                + " bytes; make the value smaller or raise max_payload in the server's "
                  "configuration"};
  case NATS_CONNECTION_CLOSED:
  case NATS_DRAINING:
  case NATS_INSUFFICIENT_BUFFER:
  case NATS_NOT_YET_CONNECTED:
  case NATS_NO_SERVER:
    return {send_status::not_connected, 0, describe(status)};
  case NATS_INVALID_SUBJECT:
  case NATS_INVALID_ARG:
  case NATS_NO_SERVER_SUPPORT:
  case NATS_NO_MEMORY:
    return {send_status::refused, 0, describe(status)};
  default:
    break;
  }
  auto why = describe(status);
  std::lock_guard guard{mutex_};
  broken_ = true;
  if (why_over_.empty())
    why_over_ = "a write failed: " + why;
  return {send_status::broken, number_, why_over_};
}

std::variant<message, std::string> link::ask(const std::string& subject,
                                             std::string_view data,
                                             std::chrono::milliseconds limit) {
  natsMsg* raw = nullptr;
  auto status =
      natsConnection_Request(&raw, nc_, with_api_prefix(api_, subject).c_str(),
                             data.data(), static_cast<int>(data.size()), limit.count());
  if (status == NATS_NO_RESPONDERS)
    return "no responders at " + subject + "; " + std::string{no_jetstream};
  if (status != NATS_OK)
    return std::string{"JetStream does not answer: "} + natsStatus_GetText(status);
  message_ptr owned{raw};
  return copy_of(raw);
}

// -- listening --------------------------------------------------------------------------

send_result link::listen(const std::string& subject, handler handle) {
  auto closure = std::make_unique<listener>();
  closure->owner = this;
  closure->handle = std::move(handle);
  {
    std::lock_guard guard{mutex_};
    if (finishing_)
      return {send_status::not_connected, 0, why_over_};
    ++listeners_;
  }
  natsSubscription* subscription = nullptr;
  auto status = natsConnection_Subscribe(&subscription, nc_, subject.c_str(),
                                         &link::on_message, closure.get());
  if (status != NATS_OK) {
    subscription_gone();
    return outcome_of(status, 0);
  }
  natsSubscription_SetPendingLimits(subscription, -1, -1);
  if (natsSubscription_SetOnCompleteCB(subscription, &link::on_complete, closure.get())
      == NATS_OK) {
    // Freed there.
    static_cast<void>(closure.release());
  } else {
    abandon(std::move(closure));
    subscription_gone();
  }
  std::lock_guard guard{mutex_};
  if (finishing_) {
    natsSubscription_Destroy(subscription);
    return {send_status::not_connected, 0, why_over_};
  }
  subscriptions_.emplace(subject, subscription);
  return {send_status::sent, number_, {}};
}

// The link was closed between subscribing and here. A callback may still be under way,
// and nothing reports its end: so the listener, without its handler, is never freed.
void link::abandon(std::unique_ptr<listener> x) {
  {
    std::lock_guard guard{x->mutex};
    x->handle = nullptr;
  }
  static std::mutex mutex;
  static auto* shells = new std::vector<std::unique_ptr<listener>>;
  std::lock_guard guard{mutex};
  shells->push_back(std::move(x));
}

void link::unlisten(const std::string& subject) {
  std::lock_guard guard{mutex_};
  auto i = subscriptions_.find(subject);
  if (i == subscriptions_.end())
    return;
  retired_.push_back(i->second);
  subscriptions_.erase(i);
}

bool link::has_retired() const {
  std::lock_guard guard{mutex_};
  return !retired_.empty();
}

void link::bury() {
  std::vector<natsSubscription*> dead;
  {
    std::lock_guard guard{mutex_};
    dead = std::exchange(retired_, {});
  }
  for (auto* subscription : dead)
    natsSubscription_Unsubscribe(subscription);
  // The reader takes a subscription from the table and uses it unlocked: destroying one
  // while its messages arrive is a use after free in 3.4.1. An answered ping shows that
  // the reader is past all that came before.
  if (natsConnection_FlushTimeout(nc_, flush_timeout_ms) == NATS_OK) {
    for (auto* subscription : dead)
      natsSubscription_Destroy(subscription);
    return;
  }
  std::lock_guard guard{mutex_};
  buried_.insert(buried_.end(), dead.begin(), dead.end());
}

void link::subscription_gone() {
  // Notified under the lock: as soon as it is released, finish() may return and the link
  // may be gone.
  std::lock_guard guard{mutex_};
  --listeners_;
  changed_.notify_all();
}

// -- the library's callbacks ------------------------------------------------------------

void link::on_message(natsConnection*, natsSubscription*, natsMsg* raw, void* closure) {
  message_ptr owned{raw};
  auto& self = *static_cast<listener*>(closure);
  std::vector<message_ptr> back; // freed once the lock is released
  std::lock_guard guard{self.mutex};
  if (self.handle)
    self.handle(copy_of(raw));
  self.used_bytes += static_cast<std::size_t>(natsMsg_GetDataLength(raw));
  self.used.push_back(std::move(owned));
  if (self.used.size() < max_used_messages && self.used_bytes < max_used_bytes)
    return;
  back.swap(self.used);
  self.used_bytes = 0;
}

void link::on_complete(void* closure) {
  std::unique_ptr<listener> last{static_cast<listener*>(closure)};
  auto* owner = last->owner;
  last.reset();
  owner->subscription_gone();
}

void link::on_closed(natsConnection* nc, void* closure) {
  auto& self = *static_cast<link*>(closure);
  auto why = last_error(nc);
  std::unique_lock lock{self.mutex_};
  if (self.why_over_.empty())
    self.why_over_ = why.empty() ? "closed" : why;
  self.over_ = true;
  lock.unlock();
  self.hear_.closed();
  lock.lock();
  // Only now: finish() waits for this, and the link may be gone after it.
  self.closed_ = true;
  self.changed_.notify_all();
}

void link::on_error(natsConnection* nc, natsSubscription*, natsStatus status,
                    void* closure) {
  // The subscription may be gone already: it is not used.
  auto text = last_error(nc);
  if (text.empty())
    text = natsStatus_GetText(status);
  if (auto x = parse_violation(text)) {
    text += "; the permissions of this user lack " + x->wanted;
    if (x->subject.starts_with("_INBOX."))
      text += "; or set nats.inbox_prefix to the one that they permit";
  }
  static_cast<link*>(closure)->hear_.complaint(std::move(text));
}

} // namespace partita::nats
