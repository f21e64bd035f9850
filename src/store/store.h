/* store.h -- everything that is kept of attackers: one writer below the state
 * folder.
 *
 *     log/qrassh.json   today's JSON lines; older days as qrassh.json.YYYY-MM-DD
 *     qrassh.db         SQLite
 *     tty/              records of terminals
 *     artefacts/        files that came in, by SHA-256
 *
 * Messages are prepared as they arrive and stored by store_commit in one
 * transaction, which also holds what the files are about to receive: whoever
 * opens the store after a crash completes the files from there. So rows and
 * lines agree, and each message is stored exactly once, whenever the process
 * dies. When the disk refuses, nothing is lost: the batch waits, further
 * messages are not accepted, and their senders keep them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/clock.h"
#include "store/proto.h"

struct store;
struct store_conf {
    const char *dir;           /* the state folder; exists */
    const char *shown;         /* how events name it; NULL: as dir */
    const char *sensor, *uuid; /* written into every event */
    const struct clock *clock;
    bool epoch;
    int64_t tty_max; /* bytes of one terminal's record; 0: 16 MiB */
};

/* Makes folders, completes what a crash left, 0 or an error with a sentence in
 * why. conf's strings must outlive the store. */
int store_open(const struct store_conf *conf, struct store **out, char *why, size_t n) NODISCARD;
void store_close(struct store *s); /* commits what it can; NULL is fine */

/* One line to a sender. reply sends a message back to it. */
struct store_sender;
typedef void store_reply_fn(void *ctx, uint32_t type, const void *body, size_t n);
struct store_sender *store_sender_new(struct store *s, store_reply_fn *reply, void *ctx) NODISCARD;
/* The sender is gone: its records of terminals end here. */
void store_sender_free(struct store_sender *f);
/* Takes a message and fd (or -1). Nonsense is counted and dropped. */
void store_recv(struct store_sender *f, uint32_t type, const void *body, size_t n, int fd);

/* Stores what has arrived: 0, or ERR_IO (told in the log; call again later). */
int store_commit(struct store *s) NODISCARD;
size_t store_pending(const struct store *s); /* bytes that wait for it */

struct store_stats {
    uint64_t events, commits, failures, nonsense, artefacts;
};
void store_get_stats(const struct store *s, struct store_stats *out);

#endif
