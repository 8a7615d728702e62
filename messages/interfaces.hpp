// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/events.hpp"
#include "partita/messages/message.hpp"
#include "partita/messages/reports.hpp"
#include "partita/messages/stats.hpp"
#include "partita/messages/store.hpp"
#include "partita/messages/streams.hpp"

#include <caf/typed_actor.hpp>

/// Every actor of the system on one page. A comment says what the message means to its
/// sender.
namespace partita {

// -- the store port ---------------------------------------------------------------------

/// A WATCHER of keys, of any kind of actor: receives what its watches show.
using watch_sink_actor = caf::typed_actor<handler<void(watch_event)>>;

/// Starts a watch over all keys that match `pattern`: a key, or with the wildcards of
/// NATS subjects (`*` one token, `>` all the rest). Changes go to `sink` as watch_event
/// numbered `watch`; they begin with a replay. One sink may hold several watches. `alive`
/// is sent only to those with `signs_of_life`; `restarted` to all.
struct kv_watch {
  std::uint64_t watch = 0;
  std::string pattern;
  watch_sink_actor sink;
  bool signs_of_life = false;
  PARTITA_MESSAGE(kv_watch, x.watch, x.pattern, x.sink, x.signs_of_life)
};

/// One BUCKET. Every request is answered within the store's request time-out, or at once
/// while there is no connection. Nothing is sent that was asked while disconnected.
using bucket_actor =
    caf::typed_actor<handler<kv_written(kv_put)>, handler<kv_written(kv_create)>,
                     handler<kv_written(kv_update)>, handler<kv_written(kv_remove)>,
                     handler<kv_read(kv_last)>, handler<kv_identity(kv_identify)>,
                     handler<void(kv_watch)>,
                     handler<void(kv_unwatch, watch_sink_actor)>>;

struct bucket_opened {
  open_status status = open_status::unknown;
  /// Only with `opened`. Lives as long as an actor holds it and the store is open.
  bucket_actor bucket;
  bucket_identity identity;
  std::string why;
  PARTITA_MESSAGE(bucket_opened, x.status, x.bucket, x.identity, x.why)
};

/// Receives the state of the connection.
using link_listener_actor = caf::typed_actor<handler<void(link_changed)>>;

/// The STREAMS of a store and their consumers. Requests are answered as those of a bucket
/// are; the store in memory refuses them.
using streams_actor = caf::typed_actor<
    handler<stream_answer(stream_look)>, handler<stream_answer(stream_make)>,
    handler<consumer_answer(consumer_make)>, handler<consumer_answer(consumer_remove)>,
    handler<consumer_answer(consumer_look)>, handler<consumer_names(consumer_list)>>;

/// The STORE: one connection, shared by all workers of a process.
using store_actor = caf::typed_actor<
    // The same bucket opened twice gives the same actor.
    handler<bucket_opened(open_bucket)>,
    // Tells the listener at once and at every change.
    handler<void(link_listener_actor)>,
    // Whether the servers are one store, and that it stays the same one.
    handler<servers_surveyed(survey_servers)>, handler<void(expect_entry)>,
    // Answered within the request time-out.
    handler<buckets_listed(list_buckets)>,
    // This process can be found alive under a nonce, until its asker ends.
    handler<void(serve_probe)>, handler<void(end_probe)>,
    // Whether a process can be found under a nonce.
    handler<probed(probe)>,
    // What it has done so far, over all buckets.
    handler<store_stats(get_store_stats)>,
    // After the answer nothing is sent any more.
    handler<store_closed(close_store)>>::extend_with<streams_actor>;

// -- a worker's children ----------------------------------------------------------------

/// The REGISTRAR: claims a stable id and keeps it.
using registrar_actor = caf::typed_actor<handler<void(watch_event)>,
                                         // INTERNAL: time to look again.
                                         handler<void(wake)>,
                                         // Marks the id as free, answers, quits. Answered
                                         // also when the store did not take it.
                                         handler<id_released(release_id)>>;

/// The HEARTBEAT: writes to the store that this worker is alive and what it has applied.
using heartbeat_actor = caf::typed_actor<
    // INTERNAL: time for the next heartbeat.
    handler<void(wake)>,
    // What the next heartbeat must say; it is sent at once if it says something new.
    handler<void(record_progress)>, handler<void(shared_settings)>,
    // Writes a goodbye as the last heartbeat, answers, quits.
    handler<goodbye_said(say_goodbye)>>;

/// The ELECTOR: makes at most one worker of the group the leader.
using elector_actor =
    caf::typed_actor<handler<void(watch_event)>,
                     // INTERNAL: campaign, renewal and deadline.
                     handler<void(wake)>,
                     // Leaves: stands for no election any more, deletes the key on its
                     // own revision if it holds it, answers, quits. Only after the
                     // calculator has stopped.
                     handler<resigned(resign)>,
                     // A greater epoch was met: lets go of the key and stands again.
                     handler<void(abdicate)>,
                     // This worker is, or is not, a standby: probes the leader or not.
                     handler<void(stand_by)>,
                     // How long the lease holds without another renewal.
                     handler<lease_left(get_lease)>>;

/// The WATCHER: follows this worker's own record.
using watcher_actor = caf::typed_actor<handler<void(watch_event)>,
                                       // INTERNAL: silence, and writes to repeat.
                                       handler<void(wake)>>;

/// Receives what the heartbeats show.
using roster_listener_actor = caf::typed_actor<handler<void(roster_news)>>;

/// The ROSTER: follows all heartbeats. Runs on the leader and on the standby workers, so
/// that losing leader and worker together costs only one wait.
using roster_actor = caf::typed_actor<
    handler<void(watch_event)>,
    // Sends the listener all that is known, and then every change, until it ends.
    handler<void(roster_listener_actor)>>;

/// The CALCULATOR: decides who owns what. Exists only on the leader.
using calculator_actor = caf::typed_actor<
    handler<void(watch_event)>,
    // From the roster.
    handler<void(roster_news)>,
    // INTERNAL: a window or the cool-down ends, a silent worker is due, a write is
    // repeated.
    handler<void(wake)>,
    // From the partition source: the whole list, now and at every change.
    handler<void(partition_list)>,
    // From the partition source: the list is unavailable.
    handler<void(partitions_unavailable)>>;

/// Receives the list of partitions.
using partition_listener_actor = caf::typed_actor<handler<void(partition_list)>,
                                                  handler<void(partitions_unavailable)>>;

/// A PARTITION SOURCE: what the group works on. A host application may bring its own.
using partition_source_actor = caf::typed_actor<
    // Sends the listener the list at once and at every change, until the listener ends;
    // or that it is unavailable. If a source ends, its list counts as unavailable.
    handler<void(partition_listener_actor)>>;

/// A LISTENER: receives all events of a worker, in the order in which they happen, and
/// does its work. One that ends counts as one that has stopped all work, and takes the
/// worker down.
using listener_actor = caf::typed_actor<
    handler<void(worker_id_claimed)>, handler<void(state_changed)>,
    handler<void(leadership_changed)>, handler<void(calculator_adopted)>,
    // What the record says; the three below say what to do.
    handler<void(assignment_changed)>, handler<void(partitions_assigned)>,
    handler<work_stopped(partitions_revoked)>, handler<work_stopped(partitions_lost)>,
    handler<void(alert_raised)>, handler<void(worker_stopped)>>;

/// A SESSION LISTENER: receives the deadline of the session, to pass it on.
using session_listener_actor = caf::typed_actor<handler<void(session_valid)>>;

/// The SUPERVISOR: one worker.
using supervisor_actor = caf::typed_actor<
    handler<worker_status(get_status)>,
    // The same and all that is counted and measured.
    handler<worker_stats(get_stats)>,
    // Leaves the group; answered with the last event when all is given back.
    handler<worker_stopped(stop_worker)>,
    // Receives all events from now on, and first what it must know of those before.
    handler<void(listener_actor)>,
    // Receives the deadline at each extension from now on.
    handler<void(session_listener_actor)>,
    // From the children.
    handler<void(id_claimed)>, handler<void(id_lost)>, handler<void(session_started)>,
    handler<void(session_extended)>, handler<void(session_waits)>,
    handler<void(record_followed)>, handler<void(store_trouble)>,
    handler<void(longer_ttl_seen)>, handler<void(settings_differ)>,
    handler<void(session_over)>, handler<void(elected)>, handler<void(deposed)>,
    handler<void(leader_seen)>, handler<void(record_received)>,
    handler<void(record_lost)>, handler<may_act(adopted)>, handler<void(phase_changed)>,
    handler<void(superseded)>, handler<void(stepped_down)>,
    handler<void(control_unknown)>, handler<void(entry_invalid)>,
    handler<void(source_trouble)>, handler<void(measured)>,
    // From the partition source, if worker_options::states_partitions.
    handler<void(partition_list)>, handler<void(partitions_unavailable)>,
    // From the store.
    handler<void(link_changed)>,
    // INTERNAL: time to start a crashed child again, or to give up waiting.
    handler<void(wake)>>;

} // namespace partita

PARTITA_TYPE_IDS(
    partita, 2000, abdicate, adopted, alert_raised, assignment_changed, bucket_opened,
    buckets_listed, calculator_adopted, close_store, consumer_answer, consumer_list,
    consumer_look, consumer_make, consumer_names, consumer_remove, control_unknown,
    deposed, elected, end_probe, entry_invalid, expect_entry, get_lease, get_stats,
    get_status, get_store_stats, goodbye_said, id_claimed, id_lost, id_released,
    kv_create, kv_identify, kv_identity, kv_last, kv_put, kv_read, kv_remove, kv_unwatch,
    kv_update, kv_watch, kv_written, leader_seen, leadership_changed, lease_left,
    link_changed, list_buckets, link_listener_actor, listener_actor, longer_ttl_seen,
    may_act, measured, open_bucket, partition_list, partition_listener_actor,
    partitions_assigned, partitions_lost, partitions_revoked, partitions_unavailable,
    phase_changed, probe, probed, record_followed, record_lost, record_progress,
    record_received, release_id, resign, resigned, roster_listener_actor, roster_news,
    say_goodbye, serve_probe, servers_surveyed, session_extended, session_listener_actor,
    session_over, session_started, session_valid, session_waits, settings_differ,
    shared_settings, source_trouble, stand_by, state_changed, stepped_down, stop_worker,
    store_closed, store_stats, store_trouble, stream_answer, stream_look, stream_make,
    superseded, survey_servers, wake, watch_event, watch_sink_actor, work_stopped,
    worker_id_claimed, worker_stats, worker_status, worker_stopped)
