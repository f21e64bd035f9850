/* priv.h -- what the files of ssh/ share: the connection and its parts.
 *
 * Who calls whom: conn.c (life of a connection, input loop) -> packet.c
 * (framing, encryption) and dispatch.c (message number -> handler by phase)
 * -> kex.c, auth.c, channel.c, request.c -> packet.c to answer. All of it
 * happens inside conn_enter/conn_leave, so no handler needs to think of the
 * connection being freed under it; after a callback it looks at closing.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SSH_PRIV_H
#define SSH_PRIV_H

#include "ssh/ssh.h"

#include "base/buf.h"
#include "ssh/cipher.h"
#include "ssh/kexmethod.h"
#include "ssh/mac.h"

enum ssh_msg_type {
    SSH_MSG_DISCONNECT = 1,
    SSH_MSG_IGNORE = 2,
    SSH_MSG_UNIMPLEMENTED = 3,
    SSH_MSG_DEBUG = 4,
    SSH_MSG_SERVICE_REQUEST = 5,
    SSH_MSG_SERVICE_ACCEPT = 6,
    SSH_MSG_EXT_INFO = 7,
    SSH_MSG_KEXINIT = 20,
    SSH_MSG_NEWKEYS = 21,
    SSH_MSG_KEX_INIT = 30,  /* ECDH_INIT, KEXDH_INIT */
    SSH_MSG_KEX_REPLY = 31, /* and DH_GEX_GROUP */
    SSH_MSG_GEX_INIT = 32,
    SSH_MSG_GEX_REPLY = 33,
    SSH_MSG_GEX_REQUEST = 34,
    SSH_MSG_TRANSPORT_MAX = 49,
    SSH_MSG_USERAUTH_REQUEST = 50,
    SSH_MSG_USERAUTH_FAILURE = 51,
    SSH_MSG_USERAUTH_SUCCESS = 52,
    SSH_MSG_USERAUTH_BANNER = 53,
    SSH_MSG_USERAUTH_PK_OK = 60,
    SSH_MSG_USERAUTH_INFO_REQUEST = 60,
    SSH_MSG_USERAUTH_INFO_RESPONSE = 61,
    SSH_MSG_GLOBAL_REQUEST = 80,
    SSH_MSG_REQUEST_SUCCESS = 81,
    SSH_MSG_REQUEST_FAILURE = 82,
    SSH_MSG_CHANNEL_OPEN = 90,
    SSH_MSG_CHANNEL_OPEN_CONFIRMATION = 91,
    SSH_MSG_CHANNEL_OPEN_FAILURE = 92,
    SSH_MSG_CHANNEL_WINDOW_ADJUST = 93,
    SSH_MSG_CHANNEL_DATA = 94,
    SSH_MSG_CHANNEL_EXTENDED_DATA = 95,
    SSH_MSG_CHANNEL_EOF = 96,
    SSH_MSG_CHANNEL_CLOSE = 97,
    SSH_MSG_CHANNEL_REQUEST = 98,
    SSH_MSG_CHANNEL_SUCCESS = 99,
    SSH_MSG_CHANNEL_FAILURE = 100,
    SSH_MSG_LOCAL_MIN = 192, /* from here on never on the wire */
};

/* All maxima of this folder. */
enum {
    SSH_PACKET_MAX = 256 * 1024,            /* packet_length, as sshd */
    SSH_INPUT_MAX = SSH_PACKET_MAX + 65536, /* bytes read and not yet processed */
    SSH_PAYLOAD_MAX = 256 * 1024,           /* of a message we build or decompress */
    SSH_OUTPUT_MAX = 4 * 1024 * 1024,
    SSH_OUTPUT_HIGH = 256 * 1024,
    SSH_HELD_MAX = 1024 * 1024, /* messages that wait for a key exchange to end */
    SSH_VERSION_MAX = 8192,     /* as sshd */
    SSH_CHANNEL_PACKET = 32768, /* maximum packet we announce */
    SSH_CHANNEL_WINDOW = 64 * SSH_CHANNEL_PACKET,
    SSH_CHANNEL_QUEUE = 64 * 1024, /* output of a process that waits for the window */
    SSH_SESSION_ID_MAX = 64,
    SSH_TEXT_MAX = 1024, /* of a DISCONNECT, as sshd */
};

/* Quirks of client software that change what sshd says. */
enum {
    SSH_QUIRK_NO_GEX = 1,      /* group exchange is not offered */
    SSH_QUIRK_NO_LIBSSH = 2,   /* curve25519-sha256@libssh.org is not offered */
    SSH_QUIRK_NO_DEBUG = 4,    /* no SSH_MSG_DEBUG */
    SSH_QUIRK_NO_HOSTKEYS = 8, /* no hostkeys-00 */
    SSH_QUIRK_OPENSSH = 16,    /* understands eow@openssh.com */
    SSH_QUIRK_HANG_UP = 32,    /* a known scanner: close at once */
    SSH_QUIRK_NO_REKEY = 64,
    SSH_QUIRK_EXTEOF = 128, /* extended data after EOF is tolerated */
};

struct z_stream_s;

/* One direction of packets. */
struct ssh_dir {
    struct ssh_cipher_state cipher;
    struct ssh_mac_state mac;
    struct z_stream_s *z; /* compression in force */
    bool zlib;            /* compression agreed, in force after login */
    uint32_t seq, packets;
    uint64_t blocks, blocks_max;
};

struct ssh_server {
    struct ssh_config cfg; /* version, banner, auth_methods: own copies */
    struct ssh_crypto crypto;
    struct ssh_groups groups;
    char hostkey_algs[160];
    struct buf scratch;            /* the message being built */
    struct buf scratch2;           /* key exchange: hashed and signed bytes */
    struct buf deflated, inflated; /* the payload being sent, the one being handled */
    uint8_t pad[1024];             /* random bytes for padding */
    size_t pad_left;
    uint64_t delay_seed; /* of the per-user minimum time of a refusal */
};

enum ssh_phase { SSH_PHASE_VERSION, SSH_PHASE_KEX, SSH_PHASE_AUTH, SSH_PHASE_OPEN };

struct ssh_kex;  /* kex.c: a running key exchange */
struct ssh_auth; /* auth.c: a login in progress */

struct ssh_conn {
    struct ssh_server *srv;
    const struct ssh_callbacks *cb;
    void *ctx;
    int depth; /* calls of the interface we are inside of */
    bool free_wanted, told_closed;
    enum ssh_close closing;
    enum ssh_phase phase;
    struct buf in, out;
    struct ssh_dir rd, wr;
    uint32_t packlen;     /* of the packet being read, 0: not known yet */
    char *client_version; /* without CR LF */
    char *user;
    struct ssh_kex *kex;   /* NULL: none is running */
    struct ssh_auth *auth; /* NULL outside authentication */
    struct buf held;       /* messages waiting for NEWKEYS: u32 length, payload */
    uint8_t session_id[SSH_SESSION_ID_MAX];
    uint8_t session_id_n;
    uint8_t quirks;
    bool kex_initial, strict, ext_info, rsa_sha256, rsa_sha512;
    bool hostkey_rsa; /* last exchange signed with RSA, by this algorithm: */
    bool hostkey_rsa_512;
    bool cr_seen; /* version line: CR came, LF must follow */
    bool no_more_sessions, agent_asked, eof_seen, pumping;
    size_t flushed; /* output that sshd would have written out by now */
    uint8_t skip;   /* a wrongly guessed key exchange packet to drop */
    uint8_t alive_missed;
    enum ssh_hostkey_type kex_hostkey; /* of the first exchange */
    int64_t grace_us, alive_us;        /* deadlines; INT64_MAX: none */
    int64_t rest_us;                   /* no input is processed before this; 0: none */
    struct ssh_channel **channels;
    uint32_t channels_n; /* slots */
};

/* ---- building messages: errors stick and end the connection at send ---- */

struct ssh_msg {
    struct buf *b;
    int err;
};
struct ssh_msg ssh_msg_new(struct ssh_conn *c, uint8_t type);
void ssh_msg_u8(struct ssh_msg *m, uint8_t v);
void ssh_msg_u32(struct ssh_msg *m, uint32_t v);
void ssh_msg_str(struct ssh_msg *m, const void *p, size_t n);
void ssh_msg_cstr(struct ssh_msg *m, const char *s);
void ssh_msg_raw(struct ssh_msg *m, const void *p, size_t n);
/* Encrypts into the output, or holds the message back during a key exchange. */
void ssh_msg_send(struct ssh_conn *c, struct ssh_msg *m);

/* ---- packet.c ---- */

/* Sends what was held back during a key exchange. */
void ssh_packet_release(struct ssh_conn *c);
/* The next packet's payload (valid until the next call), its number in *seq.
 * ERR_AGAIN: more input is needed, or the connection is closing. */
int ssh_packet_read(struct ssh_conn *c, struct buf *payload, uint32_t *seq) NODISCARD;
/* Starts compression in both directions where it was agreed. */
int ssh_packet_start_zlib(struct ssh_conn *c, struct ssh_dir *d) NODISCARD;
bool ssh_packet_rekey_due(const struct ssh_conn *c, size_t next);
void ssh_dir_done(struct ssh_dir *d);

/* zlib.c: one direction's stream; out is appended to. */
int ssh_zlib_deflate(struct z_stream_s *z, const uint8_t *p, size_t n, struct buf *out) NODISCARD;
int ssh_zlib_inflate(struct z_stream_s *z, const uint8_t *p, size_t n, struct buf *out) NODISCARD;
struct z_stream_s *ssh_zlib_new(bool deflating) NODISCARD;
void ssh_zlib_free(struct z_stream_s *z, bool deflating);

/* ---- conn.c ---- */

void ssh_conn_enter(struct ssh_conn *c);
void ssh_conn_leave(struct ssh_conn *c);
/* Closes without a word: what sshd does where it logs and exits. why: for the record. */
void ssh_conn_fail(struct ssh_conn *c, const char *why);
/* The client sent something malformed: tells the caller, then as above. */
void ssh_conn_bad(struct ssh_conn *c, const char *what, int type);
/* DISCONNECT 2 with a text, then closes. */
void ssh_conn_refuse(struct ssh_conn *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void ssh_conn_close(struct ssh_conn *c, enum ssh_close how, const char *why, const char *we);
/* Processes buffered input as far as it goes. */
void ssh_conn_process(struct ssh_conn *c);
/* The client has just had costly mathematics done since t0_us: it waits a
 * multiple of that, so that no connection takes more than a tenth of a core. */
void ssh_conn_rest(struct ssh_conn *c, int64_t t0_us);
bool ssh_conn_output_full(const struct ssh_conn *c);
void ssh_conn_authenticated_now(struct ssh_conn *c);

/* ---- ident.c ---- */

/* Takes the version line out of the input; 0 when it is complete and good. */
int ssh_ident_read(struct ssh_conn *c) NODISCARD;

/* ---- dispatch.c ---- */

typedef void ssh_handler(struct ssh_conn *c, struct buf *p);
void ssh_dispatch(struct ssh_conn *c, struct buf *payload, uint32_t seq);
void ssh_send_unimplemented(struct ssh_conn *c, uint32_t seq);

/* ---- kex.c ---- */

int ssh_kex_start(struct ssh_conn *c) NODISCARD; /* sends KEXINIT if not done yet */
bool ssh_kex_expects(const struct ssh_conn *c, uint8_t type);
void ssh_kex_recv(struct ssh_conn *c, uint8_t type, struct buf *p, uint32_t seq);
bool ssh_kex_rekeying(const struct ssh_conn *c); /* our KEXINIT is out, our NEWKEYS is not */
void ssh_kex_free(struct ssh_kex *k);

/* ---- auth.c ---- */

ssh_handler ssh_recv_service_request, ssh_recv_userauth_request, ssh_recv_userauth_info_response;
bool ssh_auth_busy(const struct ssh_conn *c); /* an attempt waits for its answer */
bool ssh_auth_started(const struct ssh_conn *c);
bool ssh_auth_prompting(const struct ssh_conn *c);
int64_t ssh_auth_deadline(const struct ssh_conn *c);
void ssh_auth_tick(struct ssh_conn *c, int64_t now);
void ssh_auth_free(struct ssh_conn *c);
size_t ssh_auth_memory(const struct ssh_conn *c);

/* ---- channel.c ---- */

enum ssh_channel_state {
    CH_LARVAL, /* a session without process */
    CH_OPEN,
    CH_DECIDING, /* the caller has not answered the client's open yet */
    CH_OPENING,  /* the client has not answered ours yet */
};

struct ssh_channel {
    struct ssh_conn *conn;
    void *ctx;
    uint32_t id, remote_id;
    uint32_t remote_window, remote_packet;
    uint32_t local_window, local_max, consumed;
    uint32_t outstanding; /* handed to the caller, not consumed yet */
    struct buf out[2];    /* stdout, stderr */
    uint8_t kind, state;
    bool has_pty, x11, subsystem;
    bool eof_wanted, eof_sent, eof_rcvd, close_sent, close_rcvd;
    uint8_t exit_kind;          /* 0: the process runs; how it ended */
    bool exit_core, exit_first; /* exit_first: before EOF */
    int64_t wrote_us;
    uint32_t exit_status;
    char exit_name[12];
    bool exited, close_wanted; /* the client was told; the caller wants it closed */
    bool starved[2];           /* a write was not taken whole */
    uint8_t env_n;
};

ssh_handler ssh_recv_channel_open, ssh_recv_channel_open_confirmation,
    ssh_recv_channel_open_failure, ssh_recv_channel_window_adjust, ssh_recv_channel_data,
    ssh_recv_channel_extended_data, ssh_recv_channel_eof, ssh_recv_channel_close;
struct ssh_channel *ssh_channel_find(struct ssh_conn *c, uint32_t id);
/* A session's process runs: the window opens. */
void ssh_channel_started(struct ssh_channel *ch);
/* Sends queued data, EOF and CLOSE as far as windows and output allow. */
void ssh_channels_pump(struct ssh_conn *c);
void ssh_channels_free(struct ssh_conn *c, bool tell);

/* ---- request.c, global.c ---- */

ssh_handler ssh_recv_channel_request, ssh_recv_global_request, ssh_recv_keepalive_reply;
void ssh_send_hostkeys(struct ssh_conn *c);

/* ---- reading: what sshd's own readers accept ---- */

/* A string without NUL, except one at its end. *s is a copy in the heap
 * (x_free). 0, ERR_AGAIN or ERR_FORMAT, ERR_NOMEM. */
int ssh_get_text(struct buf *b, char **s) NODISCARD;

#endif
