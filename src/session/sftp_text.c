/* sftp_text.c -- the texts of a directory listing over SFTP.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "session/sftp_text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/str.h"

enum { HALF_A_YEAR_S = 365 * 86400 / 2, FILE_MAX = 256 * 1024 };

/* The file as a text, "" if it cannot be read. */
static const char *slurp(struct proc *p, struct arena *a, const char *path)
{
    char block[4096];
    struct str s;
    ssize_t n;
    int fd = vm_open(p, path, O_RDONLY, 0);

    str_init(&s, a);
    if (fd < 0)
        return "";
    while (s.n < FILE_MAX && (n = vm_read(p, fd, block, sizeof block)) > 0)
        str_add(&s, block, (size_t)n);
    vm_close(p, fd);
    return str_text(&s);
}

/* Field k (from 0) of a line of colon-separated fields. */
static const char *field(struct arena *a, const char *line, int k)
{
    size_t n;

    for (; k > 0; k--) {
        line += strcspn(line, ":\n");
        if (*line != ':')
            return "";
        line++;
    }
    n = strcspn(line, ":\n");
    return arena_printf(a, "%.*s", (int)n, line);
}

const char *sftp_name_of(struct proc *p, struct arena *a, bool group, uint32_t id)
{
    const char *text = slurp(p, a, group ? "/etc/group" : "/etc/passwd");
    int64_t number;

    for (const char *at = text; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
        if (str_int(field(a, at, 2), 0, UINT32_MAX, &number) == 0 && (uint32_t)number == id)
            return field(a, at, 0);
    return "";
}

bool sftp_home_of(struct proc *p, struct arena *a, const char *user, char *out, size_t n)
{
    const char *text = slurp(p, a, "/etc/passwd");
    const char *home = vm_getenv(p, "HOME");

    if (strcmp(user, "") == 0 || strcmp(user, ".") == 0)
        return home && str_copy(out, n, home);
    for (const char *at = text; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
        if (strcmp(field(a, at, 0), user) == 0)
            return str_copy(out, n, field(a, at, 5));
    return false;
}

static void mode_text(char out[11], uint32_t mode)
{
    static const char types[] = "?pc?d?b?-?l?s???";
    static const char rwx[] = "rwxrwxrwx";

    out[0] = types[(mode & S_IFMT) >> 12];
    for (int i = 0; i < 9; i++)
        out[i + 1] = mode & (0400u >> i) ? rwx[i] : '-';
    if (mode & S_ISUID)
        out[3] = mode & 0100 ? 's' : 'S';
    if (mode & S_ISGID)
        out[6] = mode & 0010 ? 's' : 'S';
    if (mode & S_ISVTX)
        out[9] = mode & 0001 ? 't' : 'T';
    out[10] = '\0';
}

const char *sftp_longname(struct proc *p, struct arena *a, const char *name,
                          const struct vfs_stat *st)
{
    time_t t = st->mtime.tv_sec, now = vm_now(p).tv_sec;
    const char *user = sftp_name_of(p, a, false, st->uid);
    const char *group = sftp_name_of(p, a, true, st->gid);
    char mode[11], when[32], links[12];
    struct tm tm;

    mode_text(mode, st->mode);
    gmtime_r(&t, &tm);
    strftime(when, sizeof when, now - t < HALF_A_YEAR_S ? "%b %e %H:%M" : "%b %e  %Y", &tm);
    str_fmt(links, sizeof links, "%u", (unsigned)st->nlink);
    if (!*user)
        user = arena_printf(a, "%u", st->uid);
    if (!*group)
        group = arena_printf(a, "%u", st->gid);
    return arena_printf(a, "%s  %3s %-8s %-8s %8llu %s %s", mode, links, user, group,
                        (unsigned long long)st->size, when, name);
}
