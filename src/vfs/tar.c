/* tar.c -- reads tar streams.
 *
 * Members are told whole, contents in memory: what is read here are Debian
 * packages, one file after the other. Blocks of zeros are skipped rather than
 * taken for the end, so that archives may simply be concatenated.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "vfs/tar.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/arena.h"
#include "base/str.h"
#include "vfs/vfs.h"

enum { BLOCK = 512, NAME_ROOM = 2 * VFS_PATH_MAX };
#define MEMBER_MAX ((uint64_t)2 << 30)

struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], chksum[8], type, link[100];
    char magic[6], version[2], uname[32], gname[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a tar header is one block");

/* What extended headers said about the next member. */
struct extended {
    char path[NAME_ROOM], link[NAME_ROOM];
    bool has_size, has_mtime;
    uint64_t size;
    int64_t mtime_ns;
};

struct reader {
    FILE *in;
    struct extended ext;
    char path[NAME_ROOM], link[NAME_ROOM];
    uint8_t *data;
    size_t cap;
};

/* Octal digits, or base 256 where the first bit is set. */
static int number(const char *p, size_t n, uint64_t *out)
{
    uint64_t v = 0;
    size_t i = 0;
    if ((uint8_t)p[0] & 0x80) {
        for (i = n > 8 ? n - 8 : 1; i < n; i++)
            v = v << 8 | (uint8_t)p[i];
        *out = v;
        return 0;
    }
    while (i < n && p[i] == ' ')
        i++;
    for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
        v = v << 3 | (uint64_t)(p[i] - '0');
    if (i < n && p[i] != 0 && p[i] != ' ')
        return ERR_FORMAT;
    *out = v;
    return 0;
}

static bool good_sum(const struct header *h)
{
    uint64_t want, sum = 0;
    const uint8_t *p = (const uint8_t *)h;
    if (number(h->chksum, sizeof h->chksum, &want))
        return false;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= 148 && i < 156 ? ' ' : p[i];
    return sum == want;
}

/* Reads n bytes of contents and what pads them to a block. */
static int read_data(struct reader *r, uint64_t n)
{
    if (n > MEMBER_MAX)
        return ERR_LIMIT;
    size_t padded = (n + BLOCK - 1) / BLOCK * BLOCK;
    if (padded + 1 > r->cap) {
        uint8_t *p = x_realloc(r->data, padded + 1);
        if (!p)
            return ERR_NOMEM;
        r->data = p;
        r->cap = padded + 1;
    }
    if (fread(r->data, 1, padded, r->in) != padded)
        return ferror(r->in) ? ERR_IO : ERR_FORMAT;
    r->data[n] = 0;
    return 0;
}

static int64_t pax_time(const char *s)
{
    bool minus = *s == '-';
    int64_t v = 0, unit = 100000000;
    for (s += minus; *s >= '0' && *s <= '9' && v < 1000000000; s++)
        v = v * 10 + (*s - '0');
    v *= 1000000000;
    if (*s == '.')
        for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10)
            v += (*s - '0') * unit;
    return minus ? -v : v;
}

/* Records "LENGTH KEY=VALUE\n" of a pax header. */
static int pax_records(struct extended *x, char *p, size_t n)
{
    while (n > 0) {
        size_t len = 0, i = 0;
        for (; i < n && p[i] >= '0' && p[i] <= '9' && len <= n; i++)
            len = len * 10 + (size_t)(p[i] - '0');
        if (len > n || len < i + 3 || p[i] != ' ' || p[len - 1] != '\n')
            return ERR_FORMAT;
        p[len - 1] = 0;
        char *key = p + i + 1, *value = strchr(key, '=');
        if (!value)
            return ERR_FORMAT;
        *value++ = 0;
        int64_t size;
        if (strcmp(key, "path") == 0 && !str_copy(x->path, sizeof x->path, value))
            return ERR_LIMIT;
        if (strcmp(key, "linkpath") == 0 && !str_copy(x->link, sizeof x->link, value))
            return ERR_LIMIT;
        if (strcmp(key, "size") == 0) {
            if (str_int(value, 0, (int64_t)MEMBER_MAX, &size))
                return ERR_LIMIT;
            x->has_size = true;
            x->size = (uint64_t)size;
        }
        if (strcmp(key, "mtime") == 0) {
            x->has_mtime = true;
            x->mtime_ns = pax_time(value);
        }
        p += len;
        n -= len;
    }
    return 0;
}

/* Members that only speak of the next one. True if this was one. */
static bool is_extension(struct reader *r, const struct header *h, uint64_t size, int *result)
{
    if (!strchr("LKxg", h->type) || !h->type)
        return false;
    *result = read_data(r, size);
    if (*result || h->type == 'g')
        return true;
    if (h->type == 'x')
        *result = pax_records(&r->ext, (char *)r->data, size);
    else if (!str_copy(h->type == 'L' ? r->ext.path : r->ext.link, NAME_ROOM, (char *)r->data))
        *result = ERR_LIMIT;
    return true;
}

static uint32_t type_bits(char type)
{
    switch (type) {
    case '2':
        return S_IFLNK;
    case '3':
        return S_IFCHR;
    case '4':
        return S_IFBLK;
    case '5':
        return S_IFDIR;
    case '6':
        return S_IFIFO;
    default:
        return S_IFREG;
    }
}

static void names_of(struct reader *r, const struct header *h)
{
    bool ustar = memcmp(h->magic, "ustar\0", 6) == 0 && h->prefix[0];
    if (r->ext.path[0])
        memcpy(r->path, r->ext.path, sizeof r->path);
    else
        str_fmt(r->path, sizeof r->path, "%.155s%s%.100s", ustar ? h->prefix : "", ustar ? "/" : "",
                h->name);
    if (r->ext.link[0])
        memcpy(r->link, r->ext.link, sizeof r->link);
    else
        str_fmt(r->link, sizeof r->link, "%.100s", h->link);
}

static int read_member(struct reader *r, const struct header *h, vfs_tar_fn *fn, void *ctx)
{
    uint64_t mode, uid, gid, size, mtime, major = 0, minor = 0;
    if (!good_sum(h) || number(h->mode, 8, &mode) || number(h->uid, 8, &uid) ||
        number(h->gid, 8, &gid) || number(h->size, 12, &size) || number(h->mtime, 12, &mtime))
        return ERR_FORMAT;
    int result;
    if (is_extension(r, h, size, &result))
        return result;
    uint32_t type = type_bits(h->type);
    if ((type == S_IFCHR || type == S_IFBLK) &&
        (number(h->major, 8, &major) || number(h->minor, 8, &minor)))
        return ERR_FORMAT;
    if (r->ext.has_size)
        size = r->ext.size;
    names_of(r, h);
    bool has_data = type == S_IFREG && h->type != '1';
    if ((result = read_data(r, has_data ? size : 0)) != 0)
        return result;
    struct vfs_tar_entry e = {
        .path = r->path,
        .link = r->link,
        .hard_link = h->type == '1',
        .data = r->data,
        .n = has_data ? size : 0,
        .meta = {.mode = type | (uint32_t)(mode & 07777),
                 .uid = (uint32_t)uid,
                 .gid = (uint32_t)gid,
                 .mtime_ns = r->ext.has_mtime ? r->ext.mtime_ns
                                              : (int64_t)(mtime & 0x1ffffffff) * 1000000000,
                 .rdev = makedev((unsigned)major, (unsigned)minor)},
    };
    r->ext = (struct extended){0};
    return fn(ctx, &e);
}

int vfs_tar_read(FILE *in, vfs_tar_fn *fn, void *ctx)
{
    static const struct header zeros;
    struct reader *r = x_calloc(1, sizeof *r);
    struct header h;
    int result = r ? 0 : ERR_NOMEM;
    size_t n;
    if (r)
        r->in = in;
    while (!result && (n = fread(&h, 1, sizeof h, in)) > 0) {
        if (n != sizeof h)
            result = ERR_FORMAT;
        else if (memcmp(&h, &zeros, sizeof h) != 0)
            result = read_member(r, &h, fn, ctx);
    }
    if (!result && ferror(in))
        result = ERR_IO;
    if (r)
        x_free(r->data);
    x_free(r);
    return result;
}
