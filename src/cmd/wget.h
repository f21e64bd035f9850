/* wget.h -- one download of wget, and how its progress is drawn.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_WGET_H
#define CMD_WGET_H

#include "cmd/url.h"

struct wget {
    struct cmd_run *r;
    struct vfile *log, *out; /* out: of -O, for all documents */
    bool quiet, brief, bar, spider, cont;
    int tries, worst;
    unsigned files;
    int64_t bytes, fetch_us;
};

/* One document on its way. */
struct job {
    struct wget *w;
    struct net_url url;
    const char *file; /* where it goes; "-" is standard output */
    struct vfile *to;
    int64_t have, total; /* have: bytes that were there before (-c) */
    int64_t got, start_us;
    struct vm_fetch *fetch;
    int64_t row_us, dots, rows, partial; /* of the dots */
};

void wget_say(struct wget *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "300", "1.23K": below accuracy with so many decimals. */
const char *wget_size(struct wget *w, int64_t n, int accuracy, int decimals);
const char *wget_seconds(struct wget *w, int64_t us);
const char *wget_rate(struct wget *w, int64_t bytes, int64_t us); /* "1.20 MB/s" */
void wget_bar(struct job *j, bool done);
void wget_dots(struct job *j, int64_t n, int64_t now_us);
void wget_dots_end(struct job *j, int64_t now_us);

#endif
