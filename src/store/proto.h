/* proto.h -- what the recorder is told, and what it answers.
 *
 * Any role may send a bare STORE_MSG_EVENT. Sensors, whose records must not be
 * lost, number theirs: the bit STORE_MSG_NUMBERED is set and the body begins
 * with a u64 that counts 1, 2, 3 ... store/client.h does that for them:
 *
 *     recorder: WHO             at the start of each line
 *     client:   HELLO           which instance; then all it has not seen confirmed
 *     recorder: RESUME n        numbers up to n are stored: send from n + 1 on
 *     client:   messages ...
 *     recorder: ACK n           again and again, after each transaction
 *
 * All integers are big-endian (base/buf.h).
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef STORE_PROTO_H
#define STORE_PROTO_H

#include "base/ipc.h"
#include "event/event.h"

enum store_msg {
    STORE_MSG_EVENT = 1, /* an encoded event */
    STORE_MSG_TTY_OPEN,  /* struct store_tty_open */
    STORE_MSG_TTY_DATA,  /* struct store_tty_data */
    STORE_MSG_TTY_CLOSE, /* struct store_tty_close */
    STORE_MSG_ARTEFACT,  /* struct store_artefact; content inside or as a sealed memfd */
    STORE_MSG_HELLO,     /* instance u64, name string */
    STORE_MSG_WHO,       /* empty */
    STORE_MSG_RESUME,    /* u64 */
    STORE_MSG_ACK,       /* u64 */
    STORE_MSG_COUNT,
    STORE_MSG_NUMBERED = 0x100,
};

enum {
    STORE_INLINE_MAX = 64 * 1024,           /* content of an artefact inside a message */
    STORE_ARTEFACT_MAX = 128 * 1024 * 1024, /* and in a memfd */
};

/* A record of a terminal begins. */
struct store_tty_open {
    uint64_t tty;          /* chosen by the sender, unique in it */
    struct event_str name; /* file name without folder and suffix; "": the session's id */
    struct event_str term, command, user; /* command absent: a login shell */
    uint32_t cols, rows;
    struct event_str head; /* an encoded EVENT_LOG_OPEN: whose and when */
};
struct store_tty_data {
    uint64_t tty;
    int64_t real_us;
    char kind; /* 'o' output, 'i' input, 'r' resize ("80x24"), 'm' marker */
    struct event_str bytes;
};
struct store_tty_close {
    uint64_t tty;
    int64_t real_us;
};
/* A file came in. The recorder computes hash, size, type and whether it is
 * new, fills them into both events and records them. outfile becomes the
 * path in the store, or the bare hash if the sender set it to "". */
struct store_artefact {
    struct event_str event;   /* an encoded EVENT_ARTEFACT: how, path, url, clipped */
    struct event_str also;    /* absent, or an encoded event with shasum, outfile, duplicate */
    struct event_str content; /* absent: it is in the memfd */
};

/* Appending to a message body; 0 or buf's errors. */
int store_put_tty_open(struct buf *b, const struct store_tty_open *m) NODISCARD;
int store_put_tty_data(struct buf *b, const struct store_tty_data *m) NODISCARD;
int store_put_tty_close(struct buf *b, const struct store_tty_close *m) NODISCARD;
int store_put_artefact(struct buf *b, const struct store_artefact *m) NODISCARD;

/* Reading untrusted bodies: 0 or ERR_FORMAT. Texts point into the body. */
int store_get_tty_open(struct buf *b, struct store_tty_open *m) NODISCARD;
int store_get_tty_data(struct buf *b, struct store_tty_data *m) NODISCARD;
int store_get_tty_close(struct buf *b, struct store_tty_close *m) NODISCARD;
int store_get_artefact(struct buf *b, struct store_artefact *m) NODISCARD;

#endif
