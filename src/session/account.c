/* account.c -- accounts that attackers "found" exist on their machine.
 *
 * Brute-forcers try admin, ubuntu, oracle and a hundred more names. A server
 * with a weak password for one of them has that account: it is added to the
 * machine's own copy of the account files, with the next free number.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "session/account.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/str.h"
#include "session/disk.h"
#include "vm/host.h"

enum { UID_FIRST = 1000, UID_LAST = 59999 };

bool account_plausible(const char *user)
{
    size_t n = strlen(user);

    if (n == 0 || n > 32 || !(isalpha((unsigned char)user[0]) || user[0] == '_'))
        return false;
    for (size_t i = 1; i < n; i++)
        if (!isalnum((unsigned char)user[i]) && !strchr("_-.", user[i]))
            return false;
    return true;
}

/* The line of name in text with fields separated by colons; NULL if none. */
static const char *line_of(const char *text, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = text; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
        if (strncmp(at, name, n) == 0 && at[n] == ':')
            return at;
    return NULL;
}

static unsigned next_uid(const char *passwd)
{
    unsigned top = UID_FIRST - 1;

    for (const char *at = passwd; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
        unsigned uid = 0;
        const char *field = strchr(at, ':');
        field = field ? strchr(field + 1, ':') : NULL;
        for (field = field ? field + 1 : ""; isdigit((unsigned char)*field) && uid < 100000;
             field++)
            uid = uid * 10 + (unsigned)(*field - '0');
        if (uid > top && uid <= UID_LAST)
            top = uid;
    }
    return top + 1;
}

static int append(struct vm *vm, struct arena *a, const char *path, const char *line)
{
    struct str text;
    struct vnode v;
    ssize_t n;
    int r;

    str_init(&text, a);
    r = disk_read(vm, path, &text, &v);
    if (r < 0)
        return r;
    n = vfs_write(v, NULL, line, strlen(line), (int64_t)text.n);
    return n < 0 ? (int)n : 0;
}

static int make_home(struct vm *vm, const char *user, unsigned uid)
{
    struct vfs_walk w = disk_walk(vm);
    struct vfs_cred owner = {.uid = uid, .gid = uid};
    struct vnode home;
    uint64_t ino;
    int r = vfs_walk(&w, "/home", 0, &home);

    if (r == 0 && home.fs->ops->create)
        r = home.fs->ops->create(home.fs, NULL, home.ino, user, &owner, S_IFDIR | 0700, 0, NULL,
                                 &ino);
    return r == -EEXIST ? 0 : r;
}

static int add(struct vm *vm, struct arena *a, const char *user, unsigned uid)
{
    char line[256];
    int r;

    str_fmt(line, sizeof line, "%s:x:%u:%u:,,,:/home/%s:/bin/bash\n", user, uid, uid, user);
    r = append(vm, a, "/etc/passwd", line);
    str_fmt(line, sizeof line, "%s:x:%u:\n", user, uid);
    if (r == 0)
        r = append(vm, a, "/etc/group", line);
    str_fmt(line, sizeof line, "%s:*:19700:0:99999:7:::\n", user);
    if (r == 0)
        r = append(vm, a, "/etc/shadow", line);
    return r == 0 ? make_home(vm, user, uid) : r;
}

int account_ensure(struct vm *vm, const char *user)
{
    struct arena_budget budget = {.max = 4 << 20};
    struct arena *a;
    struct str passwd;
    struct vnode v;
    int r;

    if (strcmp(user, "root") == 0)
        return 0;
    a = arena_new(&budget, 0);
    if (!a)
        return -ENOMEM;
    str_init(&passwd, a);
    r = disk_read(vm, "/etc/passwd", &passwd, &v);
    if (r == 0 && !line_of(str_text(&passwd), user))
        r = add(vm, a, user, next_uid(str_text(&passwd)));
    arena_free(a);
    return r;
}
