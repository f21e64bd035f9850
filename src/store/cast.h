/* cast.h -- records of terminals as asciicast version 2.
 *
 * One JSON array a line: seconds, kind, text. Kinds o, i, r and m are those of
 * the format; the text of a marker m is "action command". Bytes that are not
 * UTF-8 become U+FFFD, sequences that are cut between two pieces are joined.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef STORE_CAST_H
#define STORE_CAST_H

#include "event/event.h"
#include "store/proto.h"

enum {
    CAST_MAX = 16 * 1024 * 1024,        /* bytes of one record unless told otherwise */
    CAST_READ_MAX = 1024 * 1024 * 1024, /* of one that is read whole */
};

struct cast; /* one record being written */

/* Begins a record; m's head is already decoded into head. NULL: no memory. */
struct cast *cast_new(const struct store_tty_open *m, const struct event *head) NODISCARD;
/* Goes on with a record whose beginning is in a file: sizes, hash and clock are
 * taken from there. NULL if it cannot be read. */
struct cast *cast_resume(const char *path, const struct event *head) NODISCARD;
void cast_free(struct cast *c);
/* Beyond max bytes of file a record is only counted on. */
void cast_limit(struct cast *c, int64_t max);

/* Adds a piece. Texts of kind r must look like 80x24 and are dropped otherwise. */
int cast_add(struct cast *c, int64_t real_us, char kind, struct event_str bytes) NODISCARD;

/* What waits to be written to the file since the last cast_taken. */
struct event_str cast_waiting(const struct cast *c);
void cast_taken(struct cast *c);
int64_t cast_at(const struct cast *c); /* where in the file that belongs */

const struct event_source *cast_source(const struct cast *c);
/* The fields of EVENT_LOG_CLOSED but ttylog and duplicate. sha has 65 bytes and
 * must live as long as out. */
void cast_closed(const struct cast *c, int64_t real_us, char sha[65], struct event_log_closed *out);

/* --- reading ------------------------------------------------------------------- */
struct cast_header {
    unsigned cols, rows;
    int64_t start_s;
    char session[13], title[128], command[256];
};
struct cast_line {
    double t;
    char kind;
    const char *text; /* valid during the call */
    size_t n;
};
typedef int cast_line_fn(void *ctx, const struct cast_line *l); /* not 0: stop */
/* Reads a whole record; text may be anything. Lines that make no sense are
 * skipped. 0, what fn answered, or ERR_FORMAT if the header makes none. */
int cast_read(const char *text, size_t n, struct cast_header *h, cast_line_fn *fn,
              void *ctx) NODISCARD;

#endif
