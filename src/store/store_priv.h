/* store_priv.h -- the store's own structures: for store.c, tty.c and files.c.
 *
 * Paths are kept relative to the state folder, also in the journal: the folder
 * has another name inside a changed root.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef STORE_STORE_PRIV_H
#define STORE_STORE_PRIV_H

#include "base/list.h"
#include "store/cast.h"
#include "store/db.h"
#include "store/store.h"

enum {
    BATCH_MAX = 128 * 1024 * 1024,
    BATCH_FULL = 48 * 1024 * 1024, /* beyond this messages are not accepted */
    TTY_BUCKETS = 4096,
    STORE_PATH = 4352, /* room for a path */
};

struct store_tty {
    struct list all;   /* in its bucket */
    struct list dirty; /* in store.dirty, or linked to itself */
    struct list own;   /* in its sender */
    uint64_t instance, id;
    struct cast *cast;
    struct buf head; /* the encoded event that began it; emptied once stored */
    bool stored, closed;
    char name[64]; /* below tty/ */
};

struct store_file {
    struct list link;
    char sha256[65];
    void *p;
    size_t n;
    bool mapped;
};

struct store_sender {
    struct list link;
    struct store *store;
    store_reply_fn *reply;
    void *ctx;
    uint64_t instance, number, stored; /* accepted last; stored last */
    bool known, refusing;
    struct list ttys;
};

struct store {
    struct store_conf conf;
    const char *shown; /* the state folder as events name it */
    struct db *db;
    struct event *event, *second; /* scratch for decoding */
    struct arena_budget budget;
    struct arena *arena;
    struct list senders, ttys[TTY_BUCKETS], dirty, files;
    struct buf events, json; /* the batch */
    size_t file_bytes;
    bool stalled;
    int64_t day; /* of the present JSON file, days since 1970; -1: unknown */
    struct store_stats stats;
};

/* relative as the path to open, and as events show it. */
void store_path(const struct store *s, const char *relative, char out[STORE_PATH]);
void store_shown(const struct store *s, const char *relative, char out[STORE_PATH]);

/* Adds a decoded event to the batch, or one from its fields. */
int store_add(struct store *s, const struct event *e) NODISCARD;
int store_add_new(struct store *s, enum event_id id, const struct event_source *src,
                  int64_t real_us, const void *fields) NODISCARD;

/* tty.c: messages about terminals; each 0 or an error. */
int store_tty_open(struct store_sender *f, struct buf *b) NODISCARD;
int store_tty_data(struct store_sender *f, struct buf *b) NODISCARD;
int store_tty_close(struct store_sender *f, struct buf *b) NODISCARD;
void store_tty_orphan(struct store_sender *f); /* the sender is gone: closes all of its own */
int store_tty_put(struct store *s) NODISCARD;  /* inside the transaction */
void store_tty_forget(struct store *s);        /* after it */
void store_tty_free_all(struct store *s);

/* files.c: artefacts. */
int store_file_recv(struct store_sender *f, struct buf *b, int fd) NODISCARD;
int store_file_put(struct store *s) NODISCARD; /* writes those that wait */
void store_file_forget(struct store *s);

#endif
