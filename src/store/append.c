/* append.c -- bytes that must be in a file exactly once.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "store/append.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int64_t append_size(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

static int write_from(int fd, const char *p, size_t n, int64_t at)
{
    while (n) {
        ssize_t w = pwrite(fd, p, n, at);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return ERR_IO;
        p += w;
        n -= (size_t)w;
        at += w;
    }
    return 0;
}

int append_at(const char *path, int64_t at, const void *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    struct stat st;
    int err = 0, saved;

    if (fd < 0)
        return ERR_IO;
    if (fstat(fd, &st) < 0)
        err = ERR_IO;
    else if (st.st_size < at)
        err = write_from(fd, p, n, st.st_size);
    else if (st.st_size < at + (int64_t)n)
        err = write_from(fd, (const char *)p + (st.st_size - at), n - (size_t)(st.st_size - at),
                         st.st_size);
    saved = errno;
    close(fd);
    errno = saved;
    return err;
}
