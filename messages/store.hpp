// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/ids.hpp"
#include "partita/messages/message.hpp"

#include <chrono>
#include <string>
#include <vector>

/// The words of the key-value port. An answer is a value: "no" and "no answer" are
/// different facts, and the caller must tell them apart (docs/protocol.md).
namespace partita {

/// One revision of one key.
struct kv_entry {
  std::string key;
  /// Bytes as stored; empty for a removal.
  std::string value;
  partita::revision revision;
  /// True for a delete or purge mark, and for the mark that a server leaves on expiry.
  bool removed = false;
  /// The server's wall clock at that write, nanoseconds since 1970. Never compared with a
  /// local clock.
  std::int64_t stored_at_ns = 0;
  PARTITA_MESSAGE(kv_entry, x.key, x.value, x.revision, x.removed, x.stored_at_ns)
};

/// Names one incarnation of a bucket: if it is deleted and made again, it gets another.
struct bucket_identity {
  /// The server's wall clock when the stream was made, nanoseconds since 1970.
  std::int64_t created_at_ns = 0;
  /// The last revision that the bucket had given when this was asked.
  revision last;
  /// Its entries expire by age: that one is absent proves nothing.
  bool expires = false;
  /// The longest value that it takes now, in bytes.
  std::size_t most_value = std::size_t{1} << 20;
  /// The id of the server process that we are connected to, where that alone keeps the
  /// bucket: as long as it is the same, nothing acknowledged is lost. Empty: not known, or
  /// there are several.
  std::string server = {};
  PARTITA_MESSAGE(bucket_identity, x.created_at_ns, x.last, x.expires, x.most_value,
                  x.server)
};

// -- writing ----------------------------------------------------------------------------

/// Writes whatever the key holds.
struct kv_put {
  std::string key;
  std::string value;
  PARTITA_MESSAGE(kv_put, x.key, x.value)
};

/// Writes if the key has no value; a removed key counts as having none.
struct kv_create {
  std::string key;
  std::string value;
  PARTITA_MESSAGE(kv_create, x.key, x.value)
};

/// Writes if the key's newest revision is exactly `expected`. An `expected` that names a
/// delete mark works too; `expected` 0 means: the key has no revision at all.
struct kv_update {
  std::string key;
  std::string value;
  revision expected;
  PARTITA_MESSAGE(kv_update, x.key, x.value, x.expected)
};

/// Writes a delete mark if the key's newest revision is exactly `expected`.
struct kv_remove {
  std::string key;
  revision expected;
  PARTITA_MESSAGE(kv_remove, x.key, x.expected)
};

enum class write_status : std::uint8_t {
  /// Written; the revision is known.
  done,
  /// Certainly not written: the key has another revision. Read it from the stream's
  /// leader.
  conflict,
  /// Certainly not written: there was no connection.
  not_connected,
  /// May have been written, may still be. Write the same again until an answer comes.
  unknown,
  /// Certainly not written, and writing the same again will not help before an operator
  /// acts.
  refused
};

struct kv_written {
  write_status status = write_status::unknown;
  /// Only with `done`.
  partita::revision revision;
  /// For people, unless `done`: what was found and what to do.
  std::string why;
  PARTITA_MESSAGE(kv_written, x.status, x.revision, x.why)
};

// -- reading ----------------------------------------------------------------------------

/// Reads a key from the stream's leader: never older than any acknowledged write.
struct kv_last {
  std::string key;
  PARTITA_MESSAGE(kv_last, x.key)
};

enum class read_status : std::uint8_t {
  /// A value, or a delete mark (`entry.removed`).
  found,
  /// The key has no revision at all.
  missing,
  not_connected,
  /// No answer in time.
  unknown,
  refused
};

struct kv_read {
  read_status status = read_status::unknown;
  kv_entry entry;
  /// For people, unless `found` or `missing`.
  std::string why;
  PARTITA_MESSAGE(kv_read, x.status, x.entry, x.why)
};

/// Asks which incarnation of the bucket this is.
PARTITA_SIGNAL(kv_identify);

struct kv_identity {
  read_status status = read_status::unknown;
  bucket_identity identity;
  std::string why;
  PARTITA_MESSAGE(kv_identity, x.status, x.identity, x.why)
};

// -- watching ---------------------------------------------------------------------------

/// Stops the watch that its asker numbered `watch`. Watches of an actor that ends stop by
/// themselves.
struct kv_unwatch {
  std::uint64_t watch = 0;
  PARTITA_MESSAGE(kv_unwatch, x.watch)
};

enum class watch_change : std::uint8_t {
  /// `entry` holds the newest value of a key. Never older than one shown before within
  /// one incarnation of the bucket. What was written first is shown first.
  value,
  /// `entry.key` has no value any more; `entry.revision` is that of its delete mark, or 0
  /// if the key was only absent from a replay.
  removed,
  /// All current values have been shown, and so has every write of this process that was
  /// acknowledged before. Not the end: changes follow.
  replayed,
  /// The watch works; nothing had to be said. `at` is when the sign of life arrived.
  alive,
  /// The watch was broken (`why`) and is made again: a fresh replay follows, up
  /// to the next `replayed`. Keys that are gone are reported as removed before
  /// that.
  restarted,
  /// The bucket was deleted and made again, or lost acknowledged writes (`bucket` is the
  /// new one): all that was known of it is void. A fresh replay follows.
  bucket_changed
};

/// What a watch reports to its watcher.
struct watch_event {
  /// The number that the watcher gave in kv_watch.
  std::uint64_t watch = 0;
  watch_change change = watch_change::alive;
  kv_entry entry;
  /// With `replayed` and `bucket_changed`.
  bucket_identity bucket;
  /// Monotonic clock of this process when the news arrived from the store.
  std::chrono::steady_clock::time_point at;
  std::string why;
  PARTITA_MESSAGE(watch_event, x.watch, x.change, x.entry, x.bucket, x.at, x.why)
};

// -- buckets ----------------------------------------------------------------------------

enum class open_mode : std::uint8_t {
  /// A bucket that is missing is made; one with another configuration is foreign.
  make,
  /// The bucket as it is.
  look,
  /// It is not made; with another configuration it is foreign.
  compare,
  /// As `make`, but one that differs in ttl or replicas alone is changed.
  change
};

/// Opens a bucket. History 1, file storage. Making one that another client makes at the
/// same time is tried again after 10, 20, 40, 80 and 160 ms, then the error goes up.
struct open_bucket {
  std::string name;
  /// How long an entry lives without a newer write; 0: for ever. Sweeps only, decides
  /// nothing. The store's minimum is 100 ms.
  std::chrono::milliseconds ttl{0};
  open_mode mode = open_mode::make;
  /// Number of replicas on a clustered server.
  std::uint32_t replicas = 1;
  /// A bucket that is there already will do if its entries live this long, or for ever;
  /// 0: only one with `ttl`.
  std::chrono::milliseconds least_ttl{0};

  /// Whether it is made if it is missing.
  bool makes() const { return mode == open_mode::make || mode == open_mode::change; }

  PARTITA_MESSAGE(open_bucket, x.name, x.ttl, x.mode, x.replicas, x.least_ttl)
};

enum class open_status : std::uint8_t {
  opened,
  /// Not there, and not to be made.
  missing,
  /// There with another configuration, which `why` names.
  foreign,
  not_connected,
  unknown,
  refused
};

// -- the connection ---------------------------------------------------------------------

enum class link_state : std::uint8_t {
  /// Never connected so far; being tried.
  connecting,
  connected,
  /// Lost; being tried again without end.
  disconnected
};

/// Sent to each listener of the link, at once and at every change.
struct link_changed {
  link_state state = link_state::connecting;
  /// For people: which server, or why not.
  std::string why;
  /// A server was reached and not used: it holds another entry than the expected one.
  bool foreign = false;
  /// Connected: names the server's process, until it ends; empty: not known.
  std::string process = {};
  PARTITA_MESSAGE(link_changed, x.state, x.why, x.foreign, x.process)
};

/// Reads one key at each server in the store's configuration, one by one and not only at
/// the one that it is connected to. For finding out whether they are one store.
struct survey_servers {
  std::string bucket;
  std::string key;
  PARTITA_MESSAGE(survey_servers, x.bucket, x.key)
};

struct surveyed_server {
  /// Its URL, without secrets.
  std::string server;
  /// `found`, `missing` (also where there is no such bucket or no value), or no answer.
  read_status status = read_status::unknown;
  std::string value;
  /// Names the servers that keep the same data; empty: it is alone, or this is not known.
  std::string cluster;
  /// Without an answer: why.
  std::string why;
  PARTITA_MESSAGE(surveyed_server, x.server, x.status, x.value, x.cluster, x.why)
};

struct servers_surveyed {
  std::vector<surveyed_server> servers;
  PARTITA_MESSAGE(servers_surveyed, x.servers)
};

/// From now on a server is used only if `key` of `bucket` holds `value` there, as the one
/// does that is used now; that is read after each connect, before anything else is sent.
/// One that has no such value, or does not say so, is used where it can be the same
/// server without its data: the only one that was named, the one at the address where the
/// value was seen last, or one of the same cluster. The store in this process's memory,
/// which is always the same, ignores this.
struct expect_entry {
  std::string bucket;
  std::string key;
  std::string value;
  PARTITA_MESSAGE(expect_entry, x.bucket, x.key, x.value)
};

/// Which buckets are there? For messages to people: nothing is decided by it.
PARTITA_SIGNAL(list_buckets);

struct buckets_listed {
  /// In no order.
  std::vector<std::string> names;
  /// Why some or all are missing; empty: these are all.
  std::string why;
  PARTITA_MESSAGE(buckets_listed, x.names, x.why)
};

// -- probing ----------------------------------------------------------------------------

// A process that dies loses its connection, and with it everything that it listens to:
// the server knows that within a round trip. A process that is frozen, or cut off,
// keeps its connection and merely does not answer. So a probe tells a death, which is
// quick and certain enough to be worth a try, from silence, which says nothing.

/// Lets probes of `nonce` find this process alive: answered by the connection itself, so
/// that a process whose actors are busy does not look dead. Lasts until end_probe, until
/// its sender ends, or until the store is closed; survives the loss of the connection.
struct serve_probe {
  partita::nonce nonce;
  PARTITA_MESSAGE(serve_probe, x.nonce)
};

struct end_probe {
  partita::nonce nonce;
  PARTITA_MESSAGE(end_probe, x.nonce)
};

/// A probe that is answered later is worth nothing. Less than the shortest pause between
/// two at the default grace: one that a dying leader took with it delays its successor no
/// more than one that finds no process.
inline constexpr std::chrono::milliseconds longest_probe{100};

/// Asks whether a process serves `nonce`. Answered within the store's request time-out,
/// and within longest_probe at most.
struct probe {
  partita::nonce nonce;
  PARTITA_MESSAGE(probe, x.nonce)
};

enum class probe_status : std::uint8_t {
  /// Its process answered.
  alive,
  /// The server answered that no process serves this nonce. It also does so for a process
  /// that has not come back after a reconnect yet, that may not subscribe, or that never
  /// served it: it proves a death only where the nonce was served over the same link.
  gone,
  /// No answer in time, no connection, or no permission: says nothing.
  unknown
};

struct probed {
  probe_status status = probe_status::unknown;
  /// Counts the connections of this store: which one the answer came over. 0: there is
  /// none.
  std::uint64_t link = 0;
  /// For people, unless `alive`.
  std::string why = {};
  PARTITA_MESSAGE(probed, x.status, x.link, x.why)
};

/// Closes the connection after what is under way; answers all requests before.
PARTITA_SIGNAL(close_store);
PARTITA_SIGNAL(store_closed);

// -- names ---------------------------------------------------------

/// Names for logs and events: "not_connected".
const char* to_string(write_status x);
const char* to_string(read_status x);
const char* to_string(watch_change x);
const char* to_string(open_status x);
const char* to_string(link_state x);
const char* to_string(probe_status x);

} // namespace partita
