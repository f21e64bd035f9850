/* db.h -- the SQLite side of the store: one writer, any number of readers.
 *
 * WAL with synchronous = NORMAL: a transaction survives the death of this
 * process at any instant; after a power cut the last few may be missing, the
 * file is sound all the same. FULL would add a flush of the disk to each of
 * ten transactions a second, for records that are also in the JSON lines.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "event/event.h"

struct db;

/* Opens or makes the store and brings its schema up to date. 0, ERR_IO,
 * ERR_VERSION (written by a newer program) or ERR_NOMEM, with a sentence in why. */
int db_open(const char *path, struct db **out, char *why, size_t n) NODISCARD;
void db_close(struct db *d); /* NULL is fine */
/* What SQLite said last. */
const char *db_error(struct db *d);

/* Each 0 or ERR_IO; db_error tells. */
int db_begin(struct db *d) NODISCARD;
int db_commit(struct db *d) NODISCARD;
void db_rollback(struct db *d);
/* The rows of an event; json is its line. */
int db_event(struct db *d, const struct event *e, struct event_str json) NODISCARD;

/* Journal: what must be in files once the transaction is. */
int db_journal_clear(struct db *d) NODISCARD;
int db_journal_add(struct db *d, const char *path, int64_t at, const void *p, size_t n) NODISCARD;
typedef int db_journal_fn(void *ctx, const char *path, int64_t at, const void *p, size_t n);
int db_journal_each(struct db *d, db_journal_fn *fn, void *ctx) NODISCARD;

/* How far a sender was stored; 0 if it is unknown. */
int db_sender_get(struct db *d, uint64_t instance, uint64_t *number) NODISCARD;
int db_sender_set(struct db *d, uint64_t instance, uint64_t number, const char *time) NODISCARD;

/* Records of terminals that are open, so that a new recorder can go on. head:
 * the encoded event that began it; valid until the next call. */
int db_tty_opened(struct db *d, uint64_t instance, uint64_t tty, const char *path,
                  struct event_str head) NODISCARD;
int db_tty_closed(struct db *d, uint64_t instance, uint64_t tty) NODISCARD;
int db_tty_find(struct db *d, uint64_t instance, uint64_t tty, char *path, size_t n,
                struct event_str *head) NODISCARD;

bool db_artefact_known(struct db *d, const char *sha256);
bool db_typed_before(struct db *d, const char *shasum); /* the input of a terminal */
int db_meta_set(struct db *d, const char *key, const char *value) NODISCARD;
int db_sensor_set(struct db *d, const char *name) NODISCARD;

#endif
