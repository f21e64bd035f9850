/* session.h -- where a connection, a machine and a shell meet.
 *
 * A session is one TCP connection from an attacker: it feeds the SSH protocol,
 * decides who gets in, finds the source's machine, connects channels with
 * terminals and pipes of that machine, and tells the sink what happened.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include <netinet/in.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/rng.h"
#include "conf/conf.h"
#include "session/auth.h"
#include "session/sink.h"
#include "ssh/ssh.h"
#include "vm/host.h"
#include "vm/persona.h"

struct machines;
struct policy_world;
struct tally;

/* What the sessions of a sensor share. The sensor fills it. */
struct session_host {
    const struct conf *conf;
    const struct clock *clock;
    const struct persona *persona;
    struct loop *loop;
    struct vm_world *world;
    struct machines *machines;
    struct tally *tally;
    struct ssh_server *ssh;
    struct auth_book *auth;
    struct policy_world *policy;
    const struct session_sink *sink;
    struct rng rng;
    uint64_t next_id;       /* of sessions and records, never 0 */
    struct list live;       /* struct session.link */
    struct list dirty;      /* those with output to flush */
    size_t count, starting; /* open; of those, not logged in yet */
    uint64_t refused;
};

void session_host_init(struct session_host *h);

/* Takes over an accepted socket. Nothing to answer: a connection that cannot
 * be served is closed. */
void session_start(struct session_host *h, int fd, const struct sockaddr_in6 *peer,
                   const struct sockaddr_in6 *local);
/* Writes what waits; true if there was anything. After each run of the world. */
bool session_flush_dirty(struct session_host *h);
/* Ends all of them (shutdown). */
void session_end_all(struct session_host *h, const char *reason);
/* Hooks for the world, ctx is the host. */
struct vm_hooks session_vm_hooks(struct session_host *h);

#endif
