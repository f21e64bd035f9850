/* io.c -- what programs do with files, numbers and names again and again.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"

enum { BLOCK = 65536 };

int cmd_number(const char *s, const char *suffixes, uint64_t *out)
{
    static const char powers[] = "KMGTPEZY";
    uint64_t v = 0;
    bool over = false;
    const char *at = s + (*s == '+');
    const char *digits = at;
    for (; *at >= '0' && *at <= '9'; at++)
        over |= __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *at - '0', &v);
    if (at == digits) {
        if (!*at || !strchr(suffixes, *at) || digits != s)
            return -EINVAL;
        v = 1;
    }
    if (*at) {
        if (!strchr(suffixes, *at))
            return -EINVAL;
        uint64_t base = 1024, times = 0;
        char c = *at++;
        const char *pw = strchr(powers, c == 'k'   ? 'K'
                                        : c == 'm' ? 'M'
                                        : c == 'g' ? 'G'
                                        : c == 't' ? 'T'
                                                   : c);
        if (pw) {
            times = (uint64_t)(pw - powers) + 1;
            if (at[0] == 'i' && at[1] == 'B')
                at += 2;
            else if ((at[0] == 'B' || at[0] == 'D') && strchr(suffixes, '0'))
                base = 1000, at++;
        } else if (c == 'b') {
            base = 512, times = 1;
        } else if (c == 'w') {
            base = 2, times = 1;
        }
        while (times--)
            over |= __builtin_mul_overflow(v, base, &v);
        if (*at)
            return -EINVAL;
    }
    *out = over ? UINT64_MAX : v;
    return over ? -ERANGE : 0;
}

int cmd_open(struct cmd_run *r, const char *name)
{
    return strcmp(name, "-") ? vm_open(r->p, name, O_RDONLY, 0) : 0;
}

struct vfile *cmd_stream(struct cmd_run *r, const char *name)
{
    if (!strcmp(name, "-"))
        return r->in;
    int err = 0;
    struct vfile *f = vf_open(r->p, name, "r", &err);
    if (!f)
        cmd_warn_err(r, err, "%s", cmd_quotef(r, name));
    return f;
}

void cmd_stream_close(struct cmd_run *r, struct vfile *f)
{
    if (f && f != r->in)
        (void)vf_close(f);
}

int cmd_copy(struct proc *p, int from, int to, int *err)
{
    char *block = vm_alloc(p, BLOCK);
    int status = 0;
    for (;;) {
        ssize_t n = vm_read(p, from, block, BLOCK);
        if (n <= 0) {
            status = n < 0 ? 1 : 0;
            *err = (int)-n;
            break;
        }
        n = vm_write_all(p, to, block, (size_t)n);
        if (n < 0) {
            status = 2;
            *err = (int)-n;
            break;
        }
    }
    vm_release(p, block, BLOCK);
    return status;
}

char *cmd_path_join(struct cmd_run *r, const char *dir, const char *name)
{
    size_t n = strlen(dir);
    const char *slash = n && dir[n - 1] == '/' ? "" : "/";
    return vm_asprintf(r->p, "%s%s%s", dir, slash, name);
}

const char *cmd_base(const char *path)
{
    const char *s = strrchr(path, '/');
    return s && s[1] ? s + 1 : path;
}

void cmd_mode_text(uint32_t mode, char out[11])
{
    static const char bits[] = "rwxrwxrwx";
    switch (mode & S_IFMT) {
    case S_IFDIR:
        out[0] = 'd';
        break;
    case S_IFLNK:
        out[0] = 'l';
        break;
    case S_IFCHR:
        out[0] = 'c';
        break;
    case S_IFBLK:
        out[0] = 'b';
        break;
    case S_IFIFO:
        out[0] = 'p';
        break;
    case S_IFSOCK:
        out[0] = 's';
        break;
    case S_IFREG:
        out[0] = '-';
        break;
    default:
        out[0] = '?';
    }
    for (int i = 0; i < 9; i++)
        out[i + 1] = mode & (0400u >> i) ? bits[i] : '-';
    if (mode & S_ISUID)
        out[3] = mode & S_IXUSR ? 's' : 'S';
    if (mode & S_ISGID)
        out[6] = mode & S_IXGRP ? 's' : 'S';
    if (mode & S_ISVTX)
        out[9] = mode & S_IXOTH ? 't' : 'T';
    out[10] = '\0';
}

bool cmd_confirm(struct cmd_run *r)
{
    size_t n;
    const char *line = vf_getline(r->in, &n);
    return line && n && (*line == 'y' || *line == 'Y');
}
