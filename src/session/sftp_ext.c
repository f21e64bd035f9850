/* sftp_ext.c -- OpenSSH's extensions of SFTP (PROTOCOL, section 4).
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>

#include "session/sftp_priv.h"
#include "session/sftp_text.h"

static int ext_posix_rename(struct sftp *s)
{
    return sftp_two_paths(s, vm_rename);
}
static int ext_hardlink(struct sftp *s)
{
    return sftp_two_paths(s, vm_link);
}
static int ext_lsetstat(struct sftp *s)
{
    return sftp_set_of_path(s, false);
}

static int reply_statvfs(struct sftp *s, const char *path)
{
    uint64_t blocks, bfree, files, ffree;
    int r = vm_statfs(s->p, path, &blocks, &bfree, &files, &ffree);
    uint64_t v[] = {4096, 4096, 0, 0, 0, 0, 0, 0, 0x10305, 0, 255};

    if (r < 0)
        return sftp_reply_err(s, r);
    v[2] = blocks;
    v[3] = bfree;
    v[4] = bfree - bfree / 20; /* ext4 keeps five percent for root */
    v[5] = files;
    v[6] = v[7] = ffree;
    r = sftp_begin(s, FXP_EXTENDED_REPLY);
    for (size_t i = 0; r == 0 && i < sizeof v / sizeof *v; i++)
        r = buf_put_u64(&s->out, v[i]);
    return r < 0 ? r : sftp_send_packet(s);
}

static int ext_statvfs(struct sftp *s)
{
    char *path;
    int r = sftp_get_text(s, &path);

    return r < 0 ? r : reply_statvfs(s, path);
}

static int ext_fstatvfs(struct sftp *s)
{
    struct handle *h;
    int r = sftp_get_handle(s, &h);

    if (r < 0)
        return r;
    return h && !h->dir ? reply_statvfs(s, "/") : sftp_reply_status(s, FX_FAILURE);
}

static int ext_fsync(struct sftp *s)
{
    struct handle *h;
    int r = sftp_get_handle(s, &h);

    if (r < 0)
        return r;
    return sftp_reply_status(s, !h || h->dir ? FX_NO_SUCH_FILE : FX_OK);
}

static int ext_limits(struct sftp *s)
{
    uint64_t soft, hard, v[] = {PACKET_MAX, READ_MAX, READ_MAX, 0};
    int r = sftp_begin(s, FXP_EXTENDED_REPLY);

    if (vm_getrlimit(s->p, 7 /* RLIMIT_NOFILE */, &soft, &hard) == 0 && soft > 5)
        v[3] = soft - 5;
    for (size_t i = 0; r == 0 && i < 4; i++)
        r = buf_put_u64(&s->out, v[i]);
    return r < 0 ? r : sftp_send_packet(s);
}

/* "~" is the working directory here, "~user/x" below that user's home. */
static int ext_expand_path(struct sftp *s)
{
    char *path, *user, cwd[VFS_PATH_MAX], home[256];
    size_t n;
    int r = sftp_get_text(s, &path);

    if (r < 0)
        return r;
    if (path[0] == '~' && (path[1] == '\0' || path[1] == '/')) {
        if ((r = vm_getcwd(s->p, cwd, sizeof cwd)) < 0)
            return sftp_reply_err(s, r);
        path = arena_printf(s->scratch, "%s/%s", cwd, path + 1);
    } else if (path[0] == '~') {
        n = strcspn(path + 1, "/");
        user = arena_printf(s->scratch, "%.*s", (int)n, path + 1);
        if (!user || !sftp_home_of(s->p, s->scratch, user, home, sizeof home))
            return sftp_reply_text(s, FX_NO_SUCH_FILE, "no such user");
        path = arena_printf(s->scratch, "%s%s", home, path + 1 + n);
    }
    return path ? sftp_reply_realpath(s, path) : ERR_NOMEM;
}

/* OpenSSH 9.2 looks the user up and then tells its own home directory. */
static int ext_home(struct sftp *s)
{
    char *user, home[256];
    int r = sftp_get_text(s, &user);

    if (r < 0)
        return r;
    if (!sftp_home_of(s->p, s->scratch, user, home, sizeof home) ||
        !sftp_home_of(s->p, s->scratch, "", home, sizeof home))
        return sftp_reply_status(s, FX_FAILURE);
    return sftp_reply_name(s, home);
}

static int ext_copy_data(struct sftp *s)
{
    struct handle *from, *to;
    uint64_t at, len, to_at, done = 0;
    uint8_t *block = arena_alloc(s->scratch, 65536);
    int r;

    if ((r = sftp_get_handle(s, &from)) < 0 || (r = buf_get_u64(&s->in, &at)) < 0 ||
        (r = buf_get_u64(&s->in, &len)) < 0 || (r = sftp_get_handle(s, &to)) < 0 ||
        (r = buf_get_u64(&s->in, &to_at)) < 0)
        return r;
    if (!block || !from || !to || from == to || from->dir || to->dir)
        return sftp_reply_status(s, FX_FAILURE);
    while (len == 0 || done < len) {
        size_t want = len && len - done < 65536 ? (size_t)(len - done) : 65536;
        ssize_t n = vm_pread(s->p, from->fd, block, want, (int64_t)(at + done));
        int64_t w = n > 0 ? vm_lseek(s->p, to->fd, (int64_t)(to_at + done), SEEK_SET) : n;
        if (n > 0 && w >= 0)
            w = vm_write_all(s->p, to->fd, block, (size_t)n);
        if (w < 0 || n == 0) /* a failed write ends it, without a word */
            break;
        done += (uint64_t)n;
    }
    return sftp_reply_status(s, FX_OK); /* also if the file ended early */
}

/* users-groups-by-id@openssh.com: names for lists of numbers. */
static int ext_users_groups(struct sftp *s)
{
    const uint8_t *ids[2];
    size_t n[2];
    int r = 0;

    for (int k = 0; k < 2; k++)
        if ((r = buf_get_string(&s->in, &ids[k], &n[k])) < 0)
            return r;
    r = sftp_begin(s, FXP_EXTENDED_REPLY);
    for (int k = 0; r == 0 && k < 2; k++) {
        struct buf list = buf_wrap(ids[k], n[k]);
        struct buf names = sftp_arena_buf(s->scratch, PACKET_MAX / 2);
        uint32_t id;
        while (r == 0 && buf_len(&list) > 0)
            if ((r = buf_get_u32(&list, &id)) == 0)
                r = buf_put_cstring(&names, sftp_name_of(s->p, s->scratch, k == 1, id));
        if (r == 0)
            r = buf_put_string(&s->out, buf_ptr(&names), buf_len(&names));
    }
    return r < 0 ? r : sftp_send_packet(s);
}

static const struct extension {
    const char *name, *version;
    int (*run)(struct sftp *s);
} extensions[] = {
    {"posix-rename@openssh.com", "1", ext_posix_rename},
    {"statvfs@openssh.com", "2", ext_statvfs},
    {"fstatvfs@openssh.com", "2", ext_fstatvfs},
    {"hardlink@openssh.com", "1", ext_hardlink},
    {"fsync@openssh.com", "1", ext_fsync},
    {"lsetstat@openssh.com", "1", ext_lsetstat},
    {"limits@openssh.com", "1", ext_limits},
    {"expand-path@openssh.com", "1", ext_expand_path},
    {"copy-data", "1", ext_copy_data},
    {"home-directory", "1", ext_home},
    {"users-groups-by-id@openssh.com", "1", ext_users_groups},
};

int sftp_extended(struct sftp *s)
{
    const uint8_t *name;
    size_t n;
    int r = buf_get_string(&s->in, &name, &n);

    if (r < 0)
        return r;
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
        if (strlen(extensions[i].name) == n && memcmp(extensions[i].name, name, n) == 0)
            return extensions[i].run(s);
    return sftp_reply_status(s, FX_OP_UNSUPPORTED);
}
int sftp_init(struct sftp *s)
{
    int r = buf_get_u32(&s->in, &s->version);

    buf_clear(&s->out);
    if (r == 0)
        r = buf_put_u8(&s->out, FXP_VERSION);
    if (r == 0)
        r = buf_put_u32(&s->out, 3);
    for (size_t i = 0; r == 0 && i < sizeof extensions / sizeof *extensions; i++) {
        r = buf_put_cstring(&s->out, extensions[i].name);
        if (r == 0)
            r = buf_put_cstring(&s->out, extensions[i].version);
    }
    return r < 0 ? r : sftp_send_packet(s);
}
