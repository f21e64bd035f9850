/* ssh.h -- the server side of SSH: bytes in, bytes out, typed callbacks.
 *
 * A struct ssh_server holds what all connections of a sensor share: host
 * keys, version string, limits, precomputed messages. A struct ssh_conn is one
 * connection. It never touches a socket: the caller feeds what it read to
 * ssh_conn_input, writes out what ssh_conn_output shows, calls ssh_conn_tick
 * at ssh_conn_deadline, and closes the socket in the manner that
 * ssh_conn_closing tells. What the client did arrives through struct
 * ssh_callbacks. Every answer the protocol itself requires (refusals, errors,
 * windows, rekeying, keep-alives) is given here, as OpenSSH's sshd gives it.
 *
 * Rules for callers: all callbacks run inside a call of this interface on the
 * same connection. Inside a callback every call below is allowed, also
 * ssh_conn_free (the memory goes when the outermost call returns; no further
 * callback comes). Pointers given to callbacks are valid during the callback
 * only, struct ssh_channel pointers until channel_free. Texts given to
 * callbacks are NUL-terminated and hold no other NUL, but any other byte.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SSH_SSH_H
#define SSH_SSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "ssh/keys.h"

struct ssh_server;
struct ssh_conn;
struct ssh_channel;
struct ssh_callbacks;

/* ---- the server: shared by all connections ---- */

struct ssh_config {
    const char *version;             /* "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10"; copied */
    const struct ssh_hostkeys *keys; /* must outlive the server */
    const struct clock *clock;       /* must outlive the server */
    const char *moduli;              /* text of an OpenSSH moduli file, or NULL: the fixed groups */
    size_t moduli_n;                 /* parsed at once; not needed afterwards */
    const char *auth_methods;        /* offered, as sshd prints them; NULL: "publickey,password" */
    const char *banner; /* sent before the first answer to a login; NULL: none; copied */
    int max_auth_tries; /* 0: 6 */
    int max_sessions;   /* session channels of a connection; 0: 10 */
    int login_grace_s;  /* 0: 120; negative: for ever */
    int max_channels;   /* of all kinds; 0: 128 */
    int keepalive_s;    /* ClientAliveInterval; 0: off, as on Debian */
    size_t output_high; /* bytes waiting at which input is no longer taken; 0: 256 KiB */
};

/* NULL: no memory, or libcrypto lacks an algorithm. */
struct ssh_server *ssh_server_new(const struct ssh_config *cfg) NODISCARD;
void ssh_server_free(struct ssh_server *s); /* after all its connections */

/* ---- a connection ---- */

/* cb must outlive the connection; ctx is handed to every callback. The
 * version line is in the output at once. NULL: no memory. */
struct ssh_conn *ssh_conn_new(struct ssh_server *s, const struct ssh_callbacks *cb,
                              void *ctx) NODISCARD;
void ssh_conn_free(struct ssh_conn *c); /* NULL is fine; tells nobody */

/* Takes bytes read from the client; the count taken. All of them, unless
 * output is over the high mark or the connection is closing: then the caller
 * stops reading until ssh_conn_wants_input says so again, and offers the rest
 * again then. */
size_t ssh_conn_input(struct ssh_conn *c, const void *p, size_t n) NODISCARD;
bool ssh_conn_wants_input(const struct ssh_conn *c);
/* The client closed its side (read returned 0) or the socket failed. */
void ssh_conn_input_eof(struct ssh_conn *c);

/* Bytes to write now: *p valid until the next call on this connection. */
size_t ssh_conn_output(struct ssh_conn *c, const uint8_t **p) NODISCARD;
void ssh_conn_output_done(struct ssh_conn *c, size_t n); /* n of them were written */

/* When (monotonic, us) ssh_conn_tick must be called; INT64_MAX: not at all. May
 * change with every call on the connection. */
int64_t ssh_conn_deadline(const struct ssh_conn *c);
void ssh_conn_tick(struct ssh_conn *c);

enum ssh_close {
    SSH_CLOSE_NOT, /* go on */
    SSH_CLOSE_FIN, /* write out the rest of the output, then close */
    SSH_CLOSE_RST, /* likewise, then close so that the client sees a reset
                    * (sshd left bytes unread): SO_LINGER with time 0 */
};
enum ssh_close ssh_conn_closing(const struct ssh_conn *c);

/* Sends DISCONNECT and closes. reason: RFC 4250 4.2.2 (sshd always says 2). */
void ssh_conn_disconnect(struct ssh_conn *c, uint32_t reason, const char *text);
void ssh_conn_abort(struct ssh_conn *c); /* closes without a word */
/* SSH_MSG_DEBUG, as sshd tells of refused forwarding; shown by ssh -v. */
void ssh_conn_debug(struct ssh_conn *c, const char *text);
int ssh_conn_rekey(struct ssh_conn *c) NODISCARD; /* starts a key exchange; ERR_BUSY in one */

const char *ssh_conn_user(const struct ssh_conn *c); /* "" before the first attempt */
bool ssh_conn_authenticated(const struct ssh_conn *c);
const char *ssh_conn_client_version(const struct ssh_conn *c); /* "" before */
void *ssh_conn_ctx(const struct ssh_conn *c);
size_t ssh_conn_memory(const struct ssh_conn *c); /* about how many bytes it holds */

/* ---- what the client offers and what was agreed ---- */

struct ssh_kexinit_info {
    const char *kex, *hostkey;
    const char *enc_cs, *enc_sc, *mac_cs, *mac_sc, *comp_cs, *comp_sc, *lang_cs, *lang_sc;
    const char *hassh; /* MD5 in hex of kex;enc_cs;mac_cs;comp_cs */
    const char *hassh_algorithms;
    bool first_follows, rekey;
};

struct ssh_kex_info {
    const char *kex, *hostkey, *enc_cs, *enc_sc, *mac_cs, *mac_sc, *comp_cs, *comp_sc;
    bool strict, rekey;
};

/* ---- authentication ---- */

enum ssh_auth_method {
    SSH_AUTH_NONE,
    SSH_AUTH_PASSWORD,
    SSH_AUTH_PUBLICKEY_QUERY, /* would this key do? accepting sends PK_OK */
    SSH_AUTH_PUBLICKEY,       /* signed; whether well: sig_ok */
    SSH_AUTH_KBDINT_START,    /* answer with ssh_auth_prompt or a refusal */
    SSH_AUTH_KBDINT_RESPONSE,
    SSH_AUTH_OTHER, /* a method that is not offered; must be refused */
};

struct ssh_auth_attempt {
    enum ssh_auth_method method;
    const char *method_name, *user, *service;
    const char *style;       /* after user:, or NULL */
    const uint8_t *password; /* NUL after it; NULL if none */
    size_t password_n;
    bool password_change; /* asked to change it: sshd refuses these */
    const char *key_alg;  /* signature algorithm: "rsa-sha2-512" ... */
    const char *key_type; /* of the blob: "ssh-rsa" ... */
    const uint8_t *key_blob;
    size_t key_blob_n;
    const char *key_fp; /* "SHA256:..." */
    int key_bits;
    bool key_usable; /* well-formed and of an accepted algorithm; others cannot be accepted */
    bool sig_ok;
    const char *const *responses; /* keyboard-interactive */
    size_t responses_n;
    int attempt, failures; /* attempts so far with this one, failures before it */
};

enum ssh_auth_verdict { SSH_AUTH_REJECT, SSH_AUTH_ACCEPT, SSH_AUTH_PARTIAL };

/* Answers the pending attempt, from inside the callback or any time later. The
 * reply is sent delay_us later (what PAM would take; sshd's own minimum time
 * of 5 to 9 ms is added here). Without a pending attempt nothing happens. A
 * pending attempt holds back all further input, as sshd does. */
void ssh_auth_answer(struct ssh_conn *c, enum ssh_auth_verdict v, int64_t delay_us);
/* Answers a keyboard-interactive start or response with (further) prompts. */
struct ssh_auth_prompt {
    const char *text;
    bool echo;
};
void ssh_auth_prompt(struct ssh_conn *c, const char *name, const char *instruction,
                     const struct ssh_auth_prompt *prompts, size_t n);

/* ---- channels ---- */

enum ssh_channel_kind {
    SSH_CHANNEL_SESSION,
    SSH_CHANNEL_DIRECT_TCPIP,
    SSH_CHANNEL_DIRECT_STREAMLOCAL,
    SSH_CHANNEL_FORWARDED_TCPIP, /* opened by ssh_channel_open_forwarded */
    SSH_CHANNEL_X11,             /* opened by ssh_channel_open_x11 */
};

struct ssh_channel_open {
    enum ssh_channel_kind kind;
    const char *kind_name;
    const char *host; /* direct-tcpip: name or address; streamlocal: path */
    uint32_t port;
    const char *origin_host;
    uint32_t origin_port;
};

enum ssh_request_kind {
    SSH_REQ_PTY,
    SSH_REQ_ENV,
    SSH_REQ_SHELL,
    SSH_REQ_EXEC,
    SSH_REQ_SUBSYSTEM,
    SSH_REQ_WINDOW_CHANGE,
    SSH_REQ_SIGNAL,
    SSH_REQ_BREAK,
    SSH_REQ_X11,
    SSH_REQ_AGENT,
};

struct ssh_request {
    enum ssh_request_kind kind;
    bool want_reply;
    const char *name;  /* env: name; signal: "INT" ...; subsystem: "sftp"; pty: TERM */
    const char *value; /* env: value; exec: the command line */
    uint32_t cols, rows, px_w, px_h; /* pty, window-change */
    const uint8_t *modes;            /* pty: encoded terminal modes (RFC 4254 8) */
    size_t modes_n;
    uint32_t break_ms;
    bool x11_single;
    const char *x11_proto, *x11_cookie;
    uint32_t x11_screen;
};

enum {
    SSH_OPEN_PROHIBITED = 1,
    SSH_OPEN_CONNECT_FAILED = 2,
    SSH_OPEN_UNKNOWN_TYPE = 3,
    SSH_OPEN_RESOURCE_SHORTAGE = 4,
};

/* Any of these may be NULL: requests are then refused, the rest ignored. */
struct ssh_callbacks {
    /* line: without CR LF; also called for lines that are refused (valid false). */
    void (*client_version)(void *ctx, const char *line, size_t n, bool valid);
    void (*client_kexinit)(void *ctx, const struct ssh_kexinit_info *k);
    void (*kex_done)(void *ctx, const struct ssh_kex_info *k);
    /* Answer with ssh_auth_answer or ssh_auth_prompt, now or later. */
    void (*auth)(void *ctx, const struct ssh_auth_attempt *a);
    void (*auth_success)(void *ctx); /* SUCCESS was sent */

    /* A client opens a channel. Sessions are open when this returns. For the
     * others ssh_channel_open_answer must be called, now or later. */
    void (*channel_open)(void *ctx, struct ssh_channel *ch, const struct ssh_channel_open *o);
    /* The client's answer to ssh_channel_open_forwarded; if not ok, channel_free follows. */
    void (*channel_opened)(void *ctx, struct ssh_channel *ch, bool ok);
    /* True accepts. Output may be written from inside: it follows the reply.
     * At most one of shell, exec and subsystem is accepted per channel; after
     * that only window-change, signal and break arrive. */
    bool (*channel_request)(void *ctx, struct ssh_channel *ch, const struct ssh_request *r);
    /* Data for the process: all of it must be taken, at most the window is
     * outstanding. Call ssh_channel_consumed when it has been read. */
    void (*channel_data)(void *ctx, struct ssh_channel *ch, const uint8_t *p, size_t n);
    void (*channel_eof)(void *ctx, struct ssh_channel *ch);   /* no more data follow */
    void (*channel_close)(void *ctx, struct ssh_channel *ch); /* the client sent CLOSE: hang up */
    /* There is room again after a write that was not taken whole. */
    void (*channel_writable)(void *ctx, struct ssh_channel *ch);
    void (*channel_free)(void *ctx, struct ssh_channel *ch); /* forget the pointer */

    /* tcpip-forward: the port that now listens (port, or one chosen if it was
     * 0), or -1 to refuse. cancel: 0, or -1 if there was none. */
    int (*tcpip_forward)(void *ctx, const char *host, uint32_t port);
    int (*tcpip_cancel)(void *ctx, const char *host, uint32_t port);
    /* streamlocal-forward@openssh.com and its cancel: true accepts. */
    bool (*streamlocal_forward)(void *ctx, const char *path, bool cancel);
    /* Other global requests, for the record (answered here as sshd does). */
    void (*global_request)(void *ctx, const char *name, bool want_reply);

    /* The client broke the protocol; what: static text for operators. */
    void (*malformed)(void *ctx, const char *what, int type);
    void (*client_disconnect)(void *ctx, uint32_t reason, const char *text);
    /* The connection is closing for the reason given; called once, last but
     * for channel_free. we: the text of a DISCONNECT we sent, or NULL. */
    void (*closed)(void *ctx, const char *why, const char *we);
};

void ssh_channel_set_ctx(struct ssh_channel *ch, void *ctx);
void *ssh_channel_ctx(const struct ssh_channel *ch);
struct ssh_conn *ssh_channel_conn(const struct ssh_channel *ch);
enum ssh_channel_kind ssh_channel_kind_of(const struct ssh_channel *ch);
uint32_t ssh_channel_id(const struct ssh_channel *ch); /* our number, small */

/* Answers a pending direct-tcpip or direct-streamlocal. text: NULL means what
 * sshd says by default ("open failed"). */
void ssh_channel_open_answer(struct ssh_channel *ch, bool ok, uint32_t reason, const char *text);
/* Output of the process. Returns how many bytes were taken (0 when full:
 * channel_writable comes later). */
size_t ssh_channel_output(struct ssh_channel *ch, const void *p, size_t n,
                          bool is_stderr) NODISCARD;
size_t ssh_channel_room(const struct ssh_channel *ch,
                        bool is_stderr);                     /* bytes a write would take */
void ssh_channel_consumed(struct ssh_channel *ch, size_t n); /* n bytes of channel_data were read */
/* No more output: EOF is sent after what is queued. */
void ssh_channel_eof(struct ssh_channel *ch);
/* The process ended. exit-status follows the queued data, then CLOSE once EOF
 * was said. Call both at the same moment: which of EOF and exit-status goes
 * first is decided here, as it comes out in sshd (fresh output: exit-status). */
void ssh_channel_exit_status(struct ssh_channel *ch, uint32_t status);
/* name: "KILL", "TERM" ... without SIG. */
void ssh_channel_exit_signal(struct ssh_channel *ch, const char *name, bool core);
/* EOF and CLOSE after what is queued (forwarded channels; sessions that failed). */
void ssh_channel_shut(struct ssh_channel *ch);

/* forwarded-tcpip from the server; NULL: no memory or too many channels. The
 * client's answer arrives as channel_opened. */
struct ssh_channel *ssh_channel_open_forwarded(struct ssh_conn *c, const struct ssh_channel_open *o,
                                               void *ch_ctx) NODISCARD;

#endif
