/* pack.h -- gzip, bzip2 and xz streams over a process's descriptors.
 *
 * The libraries' memory is the process's own (vm_alloc), so a stream needs no
 * end: it vanishes with its process, or with pack_close.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef CMD_PACK_H
#define CMD_PACK_H

#include "cmd/cmd.h"

enum pack_kind { PACK_NONE, PACK_GZIP, PACK_BZIP2, PACK_XZ, PACK_LZMA };

/* Results of pack_read beside -errno. */
enum {
    PACK_FOREIGN = -10001, /* not of this format at all */
    PACK_SHORT = -10002,   /* ends too early */
    PACK_BAD = -10003,     /* damaged */
    PACK_CRC = -10004,     /* a checksum differs */
};

struct pack;

/* The format that data begins with; PACK_NONE if it is none (n >= 6 to know all). */
enum pack_kind pack_guess(const void *data, size_t n);

/* Decompresses what descriptor fd gives; head[0..n-1] was read from it already
 * (n <= 512). */
struct pack *pack_reader(struct proc *p, enum pack_kind kind, int fd, const void *head, size_t n);
/* Up to n bytes: their number, 0 at the end, or an error as above. */
ssize_t pack_read(struct pack *k, void *buf, size_t n);
bool pack_garbage(const struct pack *k);   /* was there something after the end? */
uint64_t pack_taken(const struct pack *k); /* compressed bytes read or written */

/* Compresses to descriptor fd; name (may be NULL) and mtime go into gzip's header. */
struct pack *pack_writer(struct proc *p, enum pack_kind kind, int fd, int level);
void pack_label(struct pack *k, const char *name, uint32_t mtime);
int pack_write(struct pack *k, const void *buf, size_t n); /* 0 or -errno */
int pack_finish(struct pack *k);                           /* 0 or -errno */

void pack_close(struct pack *k); /* gives the memory back; NULL is fine */

#endif
