/* tar_read.c -- tar x and t: ustar, GNU and pax archives.
 *
 * Members land on the virtual disk only, by the virtual machine's own calls;
 * names that would leave the directory are cut or refused as GNU tar does.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/glob.h"
#include "cmd/tar.h"

enum { NAME_MAX_BYTES = 65536, COPY = 32768 };

struct member {
    char type;
    const char *name, *link, *user_group;
    struct vfs_stat st;
    /* From records before the header; NULL or -1 if there were none. */
    char *long_name, *long_link;
    int64_t pax_size, pax_mtime;
};

/* Directories get their times and modes when nothing is put into them any more. */
struct later {
    const char *name;
    struct vfs_stat st;
    struct later *next;
};

struct reader {
    struct tar *t;
    struct later *later;
    bool *found; /* which operands matched */
};

/* --- the stream ---------------------------------------------------------------- */

static void broken_pack(struct tar *t, ssize_t e)
{
    struct vfile *err = t->r->err;
    (void)vf_flush(t->r->out);
    switch (t->kind) {
    case PACK_GZIP:
        vf_printf(err, "\ngzip: stdin: %s\n",
                  e == PACK_FOREIGN ? "not in gzip format"
                  : e == PACK_SHORT ? "unexpected end of file"
                  : e == PACK_CRC   ? "invalid compressed data--crc error"
                                    : "invalid compressed data--format violated");
        break;
    case PACK_BZIP2:
        vf_puts(err, e == PACK_FOREIGN ? "bzip2: (stdin) is not a bzip2 file.\n"
                                       : "\nbzip2: Compressed file ends unexpectedly;\n\tperhaps "
                                         "it is corrupted?  *Possible* reason follows.\n");
        break;
    default:
        vf_printf(err, "xz: (stdin): %s\n",
                  e == PACK_FOREIGN ? "File format not recognized"
                  : e == PACK_SHORT ? "Unexpected end of input"
                                    : "Compressed data is corrupt");
    }
}

/* Exactly n bytes unless the archive ends: how many. */
static size_t get(struct tar *t, void *buf, size_t n)
{
    size_t have = 0;
    while (have < n) {
        ssize_t k = pack_read(t->pack, (char *)buf + have, n - have);
        if (k > 0) {
            have += (size_t)k;
            continue;
        }
        if (k < 0 && k > PACK_FOREIGN) {
            cmd_warn_err(t->r, (int)k, "%s: Cannot read", t->file);
            if (k == -EISDIR)
                cmd_warn(t->r, "At beginning of tape, quitting now");
            tar_die(t);
        }
        if (k < 0) {
            broken_pack(t, k);
            if (t->total)
                break;
            cmd_warn(t->r, "Child returned status %d", t->kind == PACK_BZIP2 ? 2 : 1);
            tar_die(t);
        }
        break;
    }
    t->total += have;
    return have;
}

static void short_archive(struct tar *t)
{
    cmd_warn(t->r, "Unexpected EOF in archive");
    cmd_warn(t->r, "Unexpected EOF in archive");
    tar_die(t);
}

static void skip(struct tar *t, uint64_t n)
{
    char block[TAR_BLOCK * 4];
    n = (n + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
    while (n) {
        size_t k = n < sizeof(block) ? (size_t)n : sizeof(block);
        if (get(t, block, k) < k)
            short_archive(t);
        n -= k;
    }
}

/* Looks at the beginning: a regular archive is unpacked by what it is, a
 * stream only by what the options say. */
static void begin(struct tar *t)
{
    uint8_t head[TAR_BLOCK];
    size_t have = 0;
    ssize_t n = 0;
    while (have < 6 && (n = vm_read(t->r->p, t->fd, head + have, 6 - have)) > 0)
        have += (size_t)n;
    if (n < 0) {
        cmd_warn_err(t->r, (int)n, "%s: Cannot read", t->file);
        if (n == -EISDIR)
            cmd_warn(t->r, "At beginning of tape, quitting now");
        tar_die(t);
    }
    enum pack_kind is = pack_guess(head, have);
    bool stream = !strcmp(t->file, "-");
    if (stream && !t->kind && is) {
        cmd_warn(t->r, "Archive is compressed. Use -%s option",
                 is == PACK_GZIP    ? "z"
                 : is == PACK_BZIP2 ? "j"
                 : is == PACK_XZ    ? "J"
                                    : "-lzma");
        tar_die(t);
    }
    if (!stream && is)
        t->kind = is;
    t->pack = pack_reader(t->r->p, t->kind, t->fd, head, have);
}

/* --- headers ----------------------------------------------------------------------- */

static uint64_t number(const char *s, size_t n)
{
    uint64_t v = 0;
    if ((unsigned char)*s & 0x80) {
        for (size_t i = 1; i < n; i++)
            v = v << 8 | (unsigned char)s[i];
        return v & INT64_MAX;
    }
    size_t i = 0;
    while (i < n && s[i] == ' ')
        i++;
    for (; i < n && s[i] >= '0' && s[i] <= '7'; i++)
        v = v << 3 | (unsigned)(s[i] - '0');
    return v & INT64_MAX;
}

static char *text(struct tar *t, const char *s, size_t n)
{
    return vm_asprintf(t->r->p, "%.*s", (int)strnlen(s, n), s);
}

static bool sum_right(const struct tar_header *h)
{
    unsigned sum = 8 * ' ';
    const unsigned char *b = (const unsigned char *)h;
    for (size_t i = 0; i < sizeof(*h); i++)
        if (i < 148 || i >= 156)
            sum += b[i];
    return sum == number(h->sum, sizeof(h->sum));
}

static bool all_zero(const struct tar_header *h)
{
    const char *b = (const char *)h;
    return !b[0] && !memcmp(b, b + 1, sizeof(*h) - 1);
}

/* The contents of a small member, NUL behind. */
static char *contents(struct tar *t, uint64_t size)
{
    if (size > NAME_MAX_BYTES) {
        skip(t, size);
        return NULL;
    }
    size_t room = (size_t)(size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
    char *s = vm_alloc(t->r->p, room + 1);
    if (get(t, s, room) < room)
        short_archive(t);
    s[size] = '\0';
    return s;
}

/* "27 path=a/long/name\n" and so on. */
static void read_pax(struct tar *t, struct member *m, uint64_t size)
{
    char *s = contents(t, size);
    for (char *end = s ? s + size : NULL; s && s < end;) {
        size_t len = 0;
        char *at = s;
        for (; *at >= '0' && *at <= '9' && len < NAME_MAX_BYTES; at++)
            len = len * 10 + (size_t)(*at - '0');
        if (*at != ' ' || len < (size_t)(at - s) + 2 || len > (size_t)(end - s))
            return;
        s[len - 1] = '\0';
        char *key = at + 1, *value = strchr(key, '=');
        if (value) {
            *value++ = '\0';
            int64_t n = 0;
            char *dot = strchr(value, '.');
            if (!strcmp(key, "path"))
                m->long_name = vm_strdup(t->r->p, value);
            else if (!strcmp(key, "linkpath"))
                m->long_link = vm_strdup(t->r->p, value);
            else if (!strcmp(key, "size") && !str_int(value, 0, INT64_MAX, &n))
                m->pax_size = n;
            if (!strcmp(key, "mtime")) {
                if (dot)
                    *dot = '\0';
                if (!str_int(value, 0, INT32_MAX * 4LL, &n))
                    m->pax_mtime = n;
            }
        }
        s += len;
    }
}

static void decode(struct tar *t, const struct tar_header *h, struct member *m)
{
    static const uint32_t kinds[] = {S_IFREG, S_IFREG, S_IFLNK, S_IFCHR,
                                     S_IFBLK, S_IFDIR, S_IFIFO, S_IFREG};
    bool posix = !memcmp(h->magic, "ustar", 6);
    m->type = h->type ? h->type : '0';
    m->name = m->long_name ? m->long_name
              : posix && h->prefix[0]
                  ? vm_asprintf(t->r->p, "%s/%s", text(t, h->prefix, sizeof(h->prefix)),
                                text(t, h->name, sizeof(h->name)))
                  : text(t, h->name, sizeof(h->name));
    if (m->type == '0' && str_ends(m->name, "/"))
        m->type = '5';
    m->link = m->type != '1' && m->type != '2' ? NULL
              : m->long_link                   ? m->long_link
                                               : text(t, h->link, sizeof(h->link));
    m->st.mode = (uint32_t)number(h->mode, 8) & 07777;
    m->st.mode |= m->type >= '0' && m->type <= '7' ? kinds[m->type - '0'] : S_IFREG;
    m->st.size = (int64_t)(m->pax_size >= 0 ? (uint64_t)m->pax_size : number(h->size, 12));
    if (m->type >= '1' && m->type <= '6')
        m->st.size = 0;
    m->st.mtime.tv_sec = m->pax_mtime >= 0 ? m->pax_mtime : (time_t)number(h->mtime, 12);
    m->st.uid = (uint32_t)number(h->uid, 8);
    m->st.gid = (uint32_t)number(h->gid, 8);
    m->st.rdev = number(h->major, 8) << 8 | (number(h->minor, 8) & 0xff);
    const char *u = text(t, h->uname, 32), *g = text(t, h->gname, 32);
    m->user_group = tar_user_group(t, u, m->st.uid, g, m->st.gid);
    uint32_t id, unused;
    if (*u && cmd_user_id(t->r, u, &id, &unused))
        m->st.uid = id;
    if (*g && cmd_group_id(t->r, g, &id))
        m->st.gid = id;
}

/* The next member's header: false at the end. */
static bool next(struct tar *t, struct member *m)
{
    struct tar_header h;
    bool lost = false;
    *m = (struct member){.pax_size = -1, .pax_mtime = -1};
    for (;;) {
        bool first = !t->total;
        size_t n = get(t, &h, sizeof(h));
        if (n < sizeof(h)) {
            if (first) {
                cmd_warn(t->r, "This does not look like a tar archive");
                t->status = TAR_FATAL;
            }
            return false;
        }
        if (all_zero(&h))
            return false;
        if (!sum_right(&h)) {
            if (!lost) {
                if (first)
                    cmd_warn(t->r, "This does not look like a tar archive");
                cmd_warn(t->r, "Skipping to next header");
            }
            lost = true;
            t->status = TAR_FATAL;
            continue;
        }
        lost = false;
        uint64_t size = number(h.size, 12);
        if (h.type == 'L')
            m->long_name = contents(t, size);
        else if (h.type == 'K')
            m->long_link = contents(t, size);
        else if (h.type == 'x')
            read_pax(t, m, size);
        else if (h.type == 'g')
            skip(t, size);
        else
            break;
    }
    decode(t, &h, m);
    return true;
}

/* --- taking members out --------------------------------------------------------------- */

static bool wanted(struct reader *rd, const char *name)
{
    struct tar *t = rd->t;
    bool any = !t->r->argc;
    for (int i = 0; i < t->r->argc; i++) {
        const char *want = t->r->argv[i];
        size_t n = strlen(want);
        while (n > 1 && want[n - 1] == '/')
            n--;
        bool match = (!strncmp(want, name, n) && (!name[n] || name[n] == '/')) ||
                     (t->wildcards && glob_match(want, name, 0));
        rd->found[i] |= match;
        any |= match;
    }
    return any && !tar_excluded(t, name);
}

/* The name without its first components: NULL if nothing is left. */
static const char *strip(const char *name, int count)
{
    while (count-- > 0) {
        name += strcspn(name, "/");
        while (*name == '/')
            name++;
    }
    return *name ? name : NULL;
}

static void make_parents(struct tar *t, const char *name)
{
    char *path = vm_strdup(t->r->p, name);
    for (char *s = path + 1; *s && *(s = s + strcspn(s, "/")); s++) {
        *s = '\0';
        (void)vm_mkdir(t->r->p, path, 0777);
        *s = '/';
    }
}

static void settle(struct tar *t, const char *name, const struct vfs_stat *st, bool link)
{
    struct proc *p = t->r->p;
    if (t->keep_owner)
        (void)vm_chown(p, name, st->uid, st->gid, false);
    if (!link) {
        uint32_t mask = vm_umask(p, 0);
        vm_umask(p, mask);
        (void)vm_chmod(p, name, (st->mode & 07777) & ~(t->keep_perms ? 0 : mask));
    }
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, st->mtime};
    if (!t->no_mtime)
        (void)vm_utimens(p, name, times, false);
}

/* The contents into a descriptor (< 0: skipped). */
static void copy_out(struct tar *t, int fd, const char *name, uint64_t size)
{
    struct proc *p = t->r->p;
    char *block = vm_alloc(p, COPY);
    uint64_t left = size;
    while (left) {
        size_t k = left < COPY ? (size_t)left : COPY;
        size_t n = get(t, block, k);
        ssize_t w = fd >= 0 && n ? vm_write_all(p, fd, block, n) : 0;
        if (w < 0) {
            cmd_warn_err(t->r, (int)w, "%s: Cannot write", name);
            t->status = TAR_FATAL;
            fd = -1;
        }
        if (n < k)
            short_archive(t);
        left -= n;
    }
    vm_release(p, block, COPY);
    char rest[TAR_BLOCK];
    size_t tail = (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
    if (get(t, rest, tail) < tail)
        short_archive(t);
}

static int make_node(struct tar *t, const struct member *m, const char *name)
{
    struct proc *p = t->r->p;
    switch (m->type) {
    case '1':
        return vm_link(p, tar_safe(t, m->link, true), name);
    case '2':
        return vm_symlink(p, m->link, name);
    case '3':
    case '4':
    case '6':
        return vm_mknod(p, name, m->st.mode, m->st.rdev);
    default:
        return vm_open(p, name, O_WRONLY | O_CREAT | O_EXCL, m->st.mode & 0700);
    }
}

static const char *failing(const struct member *m, struct tar *t)
{
    switch (m->type) {
    case '1':
        return vm_asprintf(t->r->p, "Cannot hard link to %s", cmd_quotel(t->r, m->link));
    case '2':
        return vm_asprintf(t->r->p, "Cannot create symlink to %s", cmd_quotel(t->r, m->link));
    case '3':
    case '4':
    case '6':
        return "Cannot mknod";
    default:
        return "Cannot open";
    }
}

static void extract_folder(struct reader *rd, const struct member *m, const char *name)
{
    struct tar *t = rd->t;
    struct vfs_stat st;
    char *path = vm_strdup(t->r->p, name);
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
        path[n - 1] = '\0';
    int e = vm_mkdir(t->r->p, path, 0700);
    if (e == -ENOENT) {
        make_parents(t, path);
        e = vm_mkdir(t->r->p, path, 0700);
    }
    if (e == -EEXIST && !vm_stat(t->r->p, path, &st) && S_ISDIR(st.mode))
        e = 0;
    if (e < 0) {
        tar_fail(t, e, path, "Cannot mkdir");
        return;
    }
    struct later *l = vm_alloc(t->r->p, sizeof(*l));
    *l = (struct later){path, m->st, rd->later};
    rd->later = l;
}

static void extract(struct reader *rd, const struct member *m, const char *name)
{
    struct tar *t = rd->t;
    struct proc *p = t->r->p;
    bool contents_here = m->type == '0' || m->type >= '7';
    name = tar_safe(t, name, false);
    if (m->type == '5') {
        extract_folder(rd, m, name);
        return;
    }
    int fd = make_node(t, m, name);
    if (fd == -ENOENT) {
        make_parents(t, name);
        fd = make_node(t, m, name);
    }
    if (fd == -EEXIST && !t->keep_old && vm_unlink(p, name) >= 0)
        fd = make_node(t, m, name);
    if (fd < 0)
        tar_fail(t, fd, name, failing(m, t));
    if (contents_here) {
        copy_out(t, fd, name, (uint64_t)m->st.size);
        if (fd >= 0)
            vm_close(p, fd);
    }
    if (fd >= 0 && m->type != '1')
        settle(t, name, &m->st, m->type == '2');
}

void tar_read(struct tar *t)
{
    struct reader rd = {.t = t, .found = vm_alloc(t->r->p, (size_t)t->r->argc + 1)};
    struct member m;
    begin(t);
    while (next(t, &m)) {
        vm_tick(t->r->p, 8);
        const char *name = strip(m.name, t->strip);
        if (!wanted(&rd, m.name) || (t->action == 'x' && !name)) {
            skip(t, (uint64_t)m.st.size);
            continue;
        }
        (void)tar_safe(t, m.name, false);
        if (t->verbose || t->action == 't')
            tar_show(t, &m.st, m.name, m.link, m.user_group);
        if (t->action == 't') {
            skip(t, (uint64_t)m.st.size);
        } else if (t->to_stdout) {
            (void)vf_flush(t->r->out);
            copy_out(t, m.st.size ? 1 : -1, name, (uint64_t)m.st.size);
        } else {
            if (m.type == '1' && strip(m.link, t->strip))
                m.link = strip(m.link, t->strip);
            extract(&rd, &m, name);
        }
    }
    for (struct later *l = rd.later; l; l = l->next)
        settle(t, l->name, &l->st, false);
    for (int i = 0; i < t->r->argc; i++)
        if (!rd.found[i]) {
            cmd_warn(t->r, "%s: Not found in archive", t->r->argv[i]);
            t->status = TAR_FATAL;
        }
}
