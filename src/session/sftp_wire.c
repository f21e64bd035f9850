/* sftp_wire.c -- requests of SFTP taken apart, answers put together.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>

#include "session/sftp_priv.h"

static const char *const status_texts[] = {
    "Success",     "End of file",   "No such file",    "Permission denied",     "Failure",
    "Bad message", "No connection", "Connection lost", "Operation unsupported",
};

static enum status status_of(int err)
{
    switch (err < 0 ? -err : err) {
    case 0:
        return FX_OK;
    case ENOENT:
    case ENOTDIR:
    case EBADF:
    case ELOOP:
        return FX_NO_SUCH_FILE;
    case EPERM:
    case EACCES:
    case EFAULT:
        return FX_PERMISSION_DENIED;
    case ENAMETOOLONG:
    case EINVAL:
        return FX_BAD_MESSAGE;
    case ENOSYS:
        return FX_OP_UNSUPPORTED;
    default:
        return FX_FAILURE;
    }
}

/* Sends what was put after start: the length goes in front. */
int sftp_send_packet(struct sftp *s)
{
    uint8_t length[4];
    uint32_t n = (uint32_t)buf_len(&s->out);
    ssize_t r;

    for (int i = 0; i < 4; i++)
        length[i] = (uint8_t)(n >> (24 - 8 * i));
    r = vm_write_all(s->p, 1, length, 4);
    if (r >= 0)
        r = vm_write_all(s->p, 1, buf_ptr(&s->out), n);
    buf_clear(&s->out);
    return r < 0 ? ERR_IO : 0;
}

int sftp_begin(struct sftp *s, uint8_t type)
{
    int r;

    buf_clear(&s->out);
    r = buf_put_u8(&s->out, type);
    return r < 0 ? r : buf_put_u32(&s->out, s->id);
}

int sftp_reply_text(struct sftp *s, enum status st, const char *text)
{
    int r = sftp_begin(s, FXP_STATUS);

    if (r == 0)
        r = buf_put_u32(&s->out, st);
    if (r == 0 && s->version >= 3) {
        r = buf_put_cstring(&s->out, text);
        if (r == 0)
            r = buf_put_cstring(&s->out, "");
    }
    return r < 0 ? r : sftp_send_packet(s);
}

int sftp_reply_status(struct sftp *s, enum status st)
{
    return sftp_reply_text(s, st, status_texts[st]);
}

int sftp_reply_err(struct sftp *s, int err)
{
    return sftp_reply_status(s, status_of(err));
}

int sftp_put_attrs(struct buf *b, const struct vfs_stat *st)
{
    int r = buf_put_u32(b, ATTR_SIZE | ATTR_UIDGID | ATTR_PERMISSIONS | ATTR_ACMODTIME);

    if (r == 0)
        r = buf_put_u64(b, (uint64_t)st->size);
    if (r == 0)
        r = buf_put_u32(b, st->uid);
    if (r == 0)
        r = buf_put_u32(b, st->gid);
    if (r == 0)
        r = buf_put_u32(b, st->mode);
    if (r == 0)
        r = buf_put_u32(b, (uint32_t)st->atime.tv_sec);
    if (r == 0)
        r = buf_put_u32(b, (uint32_t)st->mtime.tv_sec);
    return r;
}

int sftp_reply_attrs(struct sftp *s, const struct vfs_stat *st)
{
    int r = sftp_begin(s, FXP_ATTRS);

    if (r == 0)
        r = sftp_put_attrs(&s->out, st);
    return r < 0 ? r : sftp_send_packet(s);
}

/* One name without attributes: realpath, readlink. */
int sftp_reply_name(struct sftp *s, const char *name)
{
    int r = sftp_begin(s, FXP_NAME);

    if (r == 0)
        r = buf_put_u32(&s->out, 1);
    if (r == 0)
        r = buf_put_cstring(&s->out, name);
    if (r == 0)
        r = buf_put_cstring(&s->out, name);
    if (r == 0)
        r = buf_put_u32(&s->out, 0);
    return r < 0 ? r : sftp_send_packet(s);
}
struct buf sftp_arena_buf(struct arena *a, size_t max)
{
    uint8_t *mem = arena_alloc(a, max);

    return (struct buf){.mem = mem, .cap = mem ? max : 0, .max = mem ? max : 0};
}

/* --- requests: their parts ------------------------------------------------------ */

int sftp_get_text(struct sftp *s, char **out)
{
    const uint8_t *p;
    size_t n;
    int r = buf_get_string(&s->in, &p, &n);

    if (r < 0 || memchr(p, 0, n))
        return ERR_FORMAT;
    *out = arena_memdup(s->scratch, p, n);
    return *out ? 0 : ERR_NOMEM;
}

int sftp_get_attrs(struct sftp *s, struct attrs *a)
{
    int r = buf_get_u32(&s->in, &a->flags);

    if (r == 0 && (a->flags & ATTR_SIZE))
        r = buf_get_u64(&s->in, &a->size);
    if (r == 0 && (a->flags & ATTR_UIDGID)) {
        r = buf_get_u32(&s->in, &a->uid);
        if (r == 0)
            r = buf_get_u32(&s->in, &a->gid);
    }
    if (r == 0 && (a->flags & ATTR_PERMISSIONS))
        r = buf_get_u32(&s->in, &a->perm);
    if (r == 0 && (a->flags & ATTR_ACMODTIME)) {
        r = buf_get_u32(&s->in, &a->atime);
        if (r == 0)
            r = buf_get_u32(&s->in, &a->mtime);
    }
    return r;
}

/* *h is NULL for a handle that is none of ours. */
int sftp_get_handle(struct sftp *s, struct handle **h)
{
    const uint8_t *p;
    size_t n;
    uint32_t i = UINT32_MAX;
    int r = buf_get_string(&s->in, &p, &n);

    if (r < 0)
        return r;
    if (n == 4)
        i = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    *h = i < s->nhandles && s->handles[i].used ? &s->handles[i] : NULL;
    return 0;
}

/* Standard files and what else a server holds open leave so many. */
static uint32_t handles_max(struct sftp *s)
{
    uint64_t soft, hard;

    if (vm_getrlimit(s->p, 7 /* RLIMIT_NOFILE */, &soft, &hard) < 0 || soft <= 5)
        return HANDLES;
    return soft - 5 < 4096 ? (uint32_t)soft - 5 : 4096;
}

struct handle *sftp_free_handle(struct sftp *s)
{
    uint32_t i = 0, more = s->nhandles ? 2 * s->nhandles : HANDLES, max = handles_max(s);

    while (i < s->nhandles && s->handles[i].used)
        i++;
    if (i >= max)
        return NULL;
    if (i == s->nhandles) {
        struct handle *h = vm_alloc(s->p, more * sizeof *h);
        if (s->nhandles)
            memcpy(h, s->handles, s->nhandles * sizeof *h);
        vm_release(s->p, s->handles, s->nhandles * sizeof *h);
        s->handles = h;
        s->nhandles = more;
    }
    s->handles[i] = (struct handle){.used = true, .fd = -1};
    return &s->handles[i];
}

int sftp_reply_handle(struct sftp *s, const struct handle *h)
{
    uint32_t i = (uint32_t)(h - s->handles);
    uint8_t name[4] = {(uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
    int r = sftp_begin(s, FXP_HANDLE);

    if (r == 0)
        r = buf_put_string(&s->out, name, 4);
    return r < 0 ? r : sftp_send_packet(s);
}
