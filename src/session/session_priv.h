/* session_priv.h -- the insides of a session, shared by the files of this room.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SESSION_SESSION_PRIV_H
#define SESSION_SESSION_PRIV_H

#include "base/arena.h"
#include "base/buf.h"
#include "policy/session.h"
#include "session/authkeys.h"
#include "session/session.h"

enum {
    SESSION_ENV_MAX = 32,                /* variables a channel may set */
    SESSION_LISTEN_MAX = 16,             /* ports a client may ask us to listen on */
    CHANNEL_INPUT_MAX = 2097152 + 65536, /* the window, and a packet */
};

struct listener {
    char host[64];
    uint32_t port;
};

struct session {
    struct session_host *h;
    struct list link, dirty;
    struct list channels; /* struct channel.link */
    struct list retired;  /* those the protocol has forgotten: freed at the next flush */
    int fd;
    struct loop_io *io;
    struct ssh_conn *ssh;
    struct loop_timer timer;
    uint64_t id;
    int64_t started_us, active_us; /* active: bytes came or went */
    struct event_source src;
    char user[64];
    char country[3]; /* "" if not known */
    char machine_key[64];
    struct vm *vm;
    struct vm_login *login;
    struct policy_session *policy;
    const char *end_reason;
    bool counted, starting, peer_gone, ending;
    unsigned logins, failures;
    uint64_t bytes_in, bytes_out;
    struct authkey *key; /* that let them in; NULL: a password did */
    struct listener listen[SESSION_LISTEN_MAX];
    unsigned nlisten;
};

struct channel {
    struct list link;
    struct session *s;
    struct ssh_channel *ssh; /* NULL: retired */
    bool pty, started, ended, finished, recording, in_eof, agent, x11;
    struct forward *forward; /* a forwarded connection, no process */
    char term[64];
    struct winsize size;
    struct termios modes;
    char *env[SESSION_ENV_MAX + 1];
    unsigned nenv;
    struct vm_port *io, *err;
    struct buf in; /* from the client, not yet taken by the machine */
    int pid, status;
    uint64_t record;
    char host[256]; /* of a forwarded connection */
    unsigned port;
    uint64_t data_events;
};

extern const struct ssh_callbacks session_callbacks;

void session_event(struct session *s, enum event_id id, const void *fields);
void session_touch(struct session *s); /* output may wait: flush it soon */

struct policy_session *session_policy_new(struct session *s); /* decide.c */

/* auth callbacks (login.c) */
void login_attempt(struct session *s, const struct ssh_auth_attempt *a);
void login_done(struct session *s);               /* finds the machine and enters it */
int64_t login_pam_us(struct session *s, bool ok); /* how long PAM takes to say so */

/* channels (channel.c) */
void channel_opened(struct session *s, struct ssh_channel *ch, const struct ssh_channel_open *o);
bool channel_request(struct channel *c, const struct ssh_request *r);
void channel_input(struct channel *c, const uint8_t *p, size_t n);
void channel_input_eof(struct channel *c);
void channel_drain(struct channel *c);
void channel_hangup(struct channel *c);
/* The protocol's channel is gone. Any call of ssh/ may do this to the channel it
 * is about, so the memory stays until no such call is on the stack. */
void channel_retire(struct channel *c);
void channel_free(struct channel *c);

/* forwarded connections (forward.c) */
void forward_open(struct channel *c, const struct ssh_channel_open *o); /* may free c */
void forward_input(struct channel *c, const uint8_t *p, size_t n);
void forward_eof(struct channel *c);
void forward_drain(struct channel *c);
void forward_free(struct forward *f);
/* tcpip-forward: the port, or -1. cancel: 0, or -1 if there was none. */
int forward_listen(struct session *s, const char *host, uint32_t port);
int forward_cancel(struct session *s, const char *host, uint32_t port);

#endif
