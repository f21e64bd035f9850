/* stdio.h -- buffered streams on virtual descriptors.
 *
 * Standard output is line-buffered on a terminal and 4096 bytes otherwise,
 * standard error unbuffered, as in the C library; vm_exit and a returning main
 * flush, a killed process does not. A failing write sets the error flag; the
 * process dies of SIGPIPE where Linux would kill it.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VM_STDIO_H
#define VM_STDIO_H

#include <stdarg.h>

#include "vm/vm.h"

enum { VF_EOF = -1 };
struct vfile;

struct vfile *vf_stdin(struct proc *p);
struct vfile *vf_stdout(struct proc *p);
struct vfile *vf_stderr(struct proc *p);
/* mode: "r" "w" "a" with optional "+" and "e"; NULL and *err = -errno on failure. */
struct vfile *vf_open(struct proc *p, const char *path, const char *mode, int *err);
struct vfile *vf_fdopen(struct proc *p, int fd, const char *mode);
int vf_close(struct vfile *f); /* 0 or -errno of the last flush */
int vf_fd(const struct vfile *f);

int vf_getc(struct vfile *f); /* a byte or VF_EOF */
void vf_ungetc(struct vfile *f, int c);
/* One line up to and including delim, in memory owned by f until the next call
 * on it; *n its length. NULL at the end of file or on error. Lines beyond the
 * process's memory limit kill it, as they would a real one. */
char *vf_getdelim(struct vfile *f, int delim, size_t *n);
static inline char *vf_getline(struct vfile *f, size_t *n)
{
    return vf_getdelim(f, '\n', n);
}
size_t vf_read(struct vfile *f, void *buf, size_t n);
bool vf_eof(const struct vfile *f);
int vf_error(const struct vfile *f); /* 0 or -errno of the first failure */

void vf_write(struct vfile *f, const void *buf, size_t n);
void vf_putc(struct vfile *f, int c);
void vf_puts(struct vfile *f, const char *s); /* no newline added */
void vf_printf(struct vfile *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
void vf_vprintf(struct vfile *f, const char *fmt, va_list ap);
int vf_flush(struct vfile *f); /* 0 or -errno */

/* The text of errno e (positive), as glibc's strerror in the C locale. */
const char *vm_strerror(int e);

#endif
