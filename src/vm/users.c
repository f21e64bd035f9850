/* users.c -- the kernel's look into the machine's /etc: accounts and groups,
 * and small files written on behalf of its daemons.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdlib.h>

#include "vm/priv.h"

enum { ACCOUNTS_MAX = 256 * 1024 };

static const struct vfs_cred ROOT = {0};

static struct vfs_walk root_walk(struct vm *vm)
{
    struct vnode top = {vm->disk, vm->disk->root};
    return (struct vfs_walk){.tree = &vm->tree, .cred = &ROOT, .root = top, .cwd = top};
}

char *file_slurp(struct vm *vm, const char *path, size_t max, size_t *n)
{
    struct vfs_walk w = root_walk(vm);
    struct vnode v;
    struct vfs_stat st;
    if (vfs_walk(&w, path, 0, &v) < 0 || vfs_stat(v, NULL, &st) < 0 || !S_ISREG(st.mode))
        return NULL;
    size_t want = st.size < 0 ? 0 : (size_t)st.size < max ? (size_t)st.size : max;
    char *text = x_malloc(want + 1);
    if (!text)
        return NULL;
    ssize_t got = want ? vfs_read(v, NULL, text, want, 0) : 0;
    *n = got > 0 ? (size_t)got : 0;
    text[*n] = 0;
    return text;
}

static int file_node(struct vm *vm, const char *path, uint32_t mode, struct vnode *v)
{
    struct vfs_walk w = root_walk(vm);
    struct vnode dir, existing;
    char last[VFS_NAME_MAX + 2];
    int err = vfs_walk(&w, path, 0, v);
    if (err != -ENOENT)
        return err;
    err = vfs_walk_parent(&w, path, 0, &dir, last, &existing);
    if (err < 0)
        return err;
    if (!dir.fs->ops->create)
        return -EPERM;
    v->fs = dir.fs;
    return dir.fs->ops->create(dir.fs, NULL, dir.ino, last, &ROOT, S_IFREG | mode, 0, NULL,
                               &v->ino);
}

void file_append(struct vm *vm, const char *path, uint32_t mode, const void *p, size_t n)
{
    struct vnode v;
    struct vfs_stat st;
    if (file_node(vm, path, mode, &v) < 0 || vfs_stat(v, NULL, &st) < 0 || !S_ISREG(st.mode))
        return;
    ssize_t put = vfs_write(v, NULL, p, n, st.size);
    (void)put; /* a full disk loses its logs */
}

int file_replace(struct vm *vm, const char *path, uint32_t mode, uint32_t gid, const void *p,
                 size_t n)
{
    struct vnode v;
    int err = file_node(vm, path, mode, &v);
    if (err < 0)
        return err;
    struct vfs_setattr a = {
        .what = VFS_SET_SIZE | VFS_SET_MODE | VFS_SET_GID, .mode = mode, .gid = gid};
    err = vfs_setattr(v, NULL, &a);
    if (err < 0)
        return err;
    ssize_t put = n ? vfs_write(v, NULL, p, n, 0) : 0;
    return put < 0 ? (int)put : 0;
}

/* --- lines of colons ------------------------------------------------------------ */
/* Splits a line into at most max fields; their number. */
static int split(char *line, char **field, int max)
{
    int n = 0;
    for (char *at = line; at && n < max; n++) {
        field[n] = at;
        at = strchr(at, ':');
        if (at)
            *at++ = 0;
    }
    return n;
}

static int user_find(struct vm *vm, const char *name, uint32_t uid, struct user *out)
{
    size_t n;
    char *text = file_slurp(vm, "/etc/passwd", ACCOUNTS_MAX, &n);
    int err = -ENOENT;
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        char *f[7];
        int64_t id, gid;
        if (split(line, f, 7) < 7 || str_int(f[2], 0, UINT32_MAX, &id) < 0 ||
            str_int(f[3], 0, UINT32_MAX, &gid) < 0)
            continue;
        if (name ? strcmp(f[0], name) != 0 : (uint32_t)id != uid)
            continue;
        str_copy(out->name, sizeof(out->name), f[0]);
        str_copy(out->home, sizeof(out->home), f[5]);
        str_copy(out->shell, sizeof(out->shell), f[6][0] ? f[6] : "/bin/sh");
        out->uid = (uint32_t)id;
        out->gid = (uint32_t)gid;
        err = 0;
        break;
    }
    x_free(text);
    return err;
}

int user_by_name(struct vm *vm, const char *name, struct user *out)
{
    return user_find(vm, name, 0, out);
}

int user_by_id(struct vm *vm, uint32_t uid, struct user *out)
{
    return user_find(vm, NULL, uid, out);
}

static bool is_member(char *list, const char *name)
{
    char *m;
    while ((m = strsep(&list, ",")) != NULL)
        if (strcmp(m, name) == 0)
            return true;
    return false;
}

void user_groups(struct vm *vm, const char *name, uint32_t gid, struct vfs_cred *c)
{
    size_t n;
    char *text = file_slurp(vm, "/etc/group", ACCOUNTS_MAX, &n);
    char *rest = text, *line;
    c->ngroups = 0;
    c->groups[c->ngroups++] = gid;
    while ((line = strsep(&rest, "\n")) != NULL) {
        char *f[4];
        int64_t id;
        if (split(line, f, 4) < 4 || str_int(f[2], 0, UINT32_MAX, &id) < 0 || id == gid)
            continue;
        if (c->ngroups < sizeof(c->groups) / sizeof(c->groups[0]) && is_member(f[3], name))
            c->groups[c->ngroups++] = (uint32_t)id;
    }
    x_free(text);
}
