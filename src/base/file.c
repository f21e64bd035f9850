/* file.c -- whole files of the host, for start-up and for what a role keeps.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

int file_read(const char *path, struct buf *b)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int r = 0;

    if (fd < 0)
        return errno == ENOENT ? ERR_NOTFOUND : ERR_IO;
    while (r == 0) {
        size_t room = b->max - buf_len(b);
        size_t want = room < 65536 ? room : 65536;
        uint8_t more, *at = &more;
        ssize_t n;
        if (want > 0 && (r = buf_reserve(b, want, &at)) < 0)
            break;
        n = read(fd, at, want > 0 ? want : 1); /* full: is there more? */
        if (n == 0)
            break;
        if (n < 0)
            r = errno == EINTR ? 0 : ERR_IO;
        else if (want == 0)
            r = ERR_LIMIT;
        else
            buf_commit(b, (size_t)n);
    }
    close(fd);
    return r;
}

int file_write_all(int fd, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return ERR_IO;
        p += w;
        n -= (size_t)w;
    }
    return 0;
}

/* Makes the new name of a file last. */
static void sync_folder(const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    /* The root's slash is its name; without one the folder is the current. */
    size_t n = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
    if (!str_fmt(dir, sizeof dir, "%.*s", (int)n, path))
        return;
    int fd = open(n ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

int file_write(const char *path, const void *p, size_t n, unsigned mode)
{
    char temp[PATH_MAX];
    int fd, r, e;

    if (!str_fmt(temp, sizeof temp, "%s.tmp.%d", path, (int)getpid())) {
        errno = ENAMETOOLONG;
        return ERR_IO;
    }
    fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return ERR_IO;
    r = file_write_all(fd, p, n);
    if (r == 0 && fsync(fd) < 0)
        r = ERR_IO;
    if (close(fd) < 0 && r == 0)
        r = ERR_IO;
    if (r == 0 && rename(temp, path) < 0)
        r = ERR_IO;
    if (r < 0) {
        e = errno;
        unlink(temp);
        errno = e;
        return r;
    }
    sync_folder(path);
    return 0;
}
