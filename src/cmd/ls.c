/* ls.c -- lists directories.
 *
 * Entries are gathered with as much as the chosen format needs (names only for
 * plain output), sorted, and printed in one of four formats: one a line,
 * columns, rows, commas, or long. On a terminal: columns, colours if asked,
 * and names quoted as a shell would need them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/ls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cmd/version.h"

enum format { ONE, COLUMNS, ROWS, COMMAS, LONG };
enum { HALF_YEAR = 31556952 / 2, BLOCK = 1024 };

struct entry {
    const char *name;   /* as it is shown, before quoting */
    const char *path;   /* to reach it */
    const char *shown;  /* quoted */
    const char *target; /* of a link, when shown */
    struct vfs_stat st;
    size_t width; /* columns of shown */
    uint8_t type; /* DT_* */
    bool has_stat, target_ok;
    bool failed; /* stat did not work: question marks */
    uint32_t target_mode;
};

struct ls {
    struct cmd_run *r;
    enum format format;
    int sort;  /* 'n' name, 'S' 't' 'v' 'X' 'U' */
    int time;  /* 'm' 'a' 'c' 'b' */
    int quote; /* 'l' literal, 's' shell-escape, 'c' C, 'e' escape, 'S' always */
    int style; /* of times: 0 default, 'f' full-iso, 'l' long-iso, 'i' iso, '+' */
    const char *time_format;
    unsigned classify; /* 0, 'p', 'F', 't' (file-type) */
    bool all, almost, backups, reverse, recursive, directory, inode, blocks, numeric, no_owner,
        no_group, human, si, colour, dirs_first, follow, follow_args, zero, hide_control, author;
    bool need_stat, quoted_any;
    const char *hide, *ignore;
    uint64_t block_size, size_unit;
    size_t width;
    int64_t now;
    const struct tz *tz;
    int status;
    bool coloured;
    bool headers; /* directories are announced by name */
    bool printed; /* something was: an empty line goes before the next directory */
    struct name_cache {
        uint32_t id;
        const char *name;
    } users[16], groups[16];
    size_t nusers, ngroups;
};

void ls_human(uint64_t n, unsigned base, char *out, size_t out_n)
{
    static const char units[] = "KMGTPEZY";
    int unit = -1;
    uint64_t whole = n, rest = 0;
    bool below = false; /* something smaller than rest was cut off */
    while (whole >= base && unit < 7) {
        below |= rest != 0;
        rest = whole % base;
        whole /= base;
        unit++;
    }
    if (unit < 0) {
        str_fmt(out, out_n, "%lu", (unsigned long)n);
        return;
    }
    char letter = base == 1000 && !unit ? 'k' : units[unit];
    uint64_t tenths = (rest * 10 + base - 1) / base;
    if (below && rest * 10 % base == 0)
        tenths++;
    if (whole < 10) {
        if (tenths >= 10)
            whole++, tenths = 0;
        if (whole < 10) {
            str_fmt(out, out_n, "%lu.%lu%c", (unsigned long)whole, (unsigned long)tenths, letter);
            return;
        }
        tenths = 0;
    }
    whole += tenths > 0;
    if (whole == base && unit < 7) {
        str_fmt(out, out_n, "1.0%c", units[unit + 1]);
        return;
    }
    str_fmt(out, out_n, "%lu%c", (unsigned long)whole, letter);
}

void ls_time(const struct tz *z, int64_t t, int64_t now, char *out, size_t n)
{
    struct tm tm;
    tz_local(z, t, &tm);
    bool recent = t > now - HALF_YEAR && t <= now;
    strftime(out, n, recent ? "%b %e %H:%M" : "%b %e  %Y", &tm);
}

static const char *owner(struct ls *l, uint32_t id, bool group)
{
    struct cmd_run *r = l->r;
    struct name_cache *c = group ? l->groups : l->users;
    size_t *n = group ? &l->ngroups : &l->nusers;
    for (size_t i = 0; i < *n; i++)
        if (c[i].id == id)
            return c[i].name;
    const char *name = l->numeric ? NULL : group ? cmd_group_name(r, id) : cmd_user_name(r, id);
    if (!name)
        name = vm_asprintf(r->p, "%u", id);
    if (*n < 16)
        c[(*n)++] = (struct name_cache){id, name};
    return name;
}

/* --- names ---------------------------------------------------------------------- */

static size_t display_width(struct ls *l, const char *s)
{
    size_t w = 0, n = strlen(s);
    if (!cmd_utf8(l->r->p))
        return n;
    for (size_t i = 0; i < n;) {
        uint32_t rune;
        size_t k = utf8_decode(s + i, n - i, &rune);
        w += k ? (size_t)utf8_width(rune) : 1;
        i += k ? k : 1;
    }
    return w;
}

static void quote_c(struct str *b, const char *s, bool marks)
{
    if (marks)
        str_putc(b, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '\n')
            str_puts(b, "\\n");
        else if (c == '\t')
            str_puts(b, "\\t");
        else if (c < 32 || c == 127)
            str_printf(b, "\\%03o", c);
        else if (c == '\\' || (marks && c == '"') || (!marks && c == ' '))
            str_printf(b, "\\%c", c);
        else
            str_putc(b, c);
    }
    if (marks)
        str_putc(b, '"');
}

static const char *shown_name(struct ls *l, const char *name)
{
    struct str b;
    str_init(&b, l->r->arena);
    switch (l->quote) {
    case 's':
    case 'S':
        cmd_quote_add(&b, name, strlen(name), l->quote == 'S');
        return str_text(&b);
    case 'c':
    case 'e':
        quote_c(&b, name, l->quote == 'c');
        return str_text(&b);
    default:
        break;
    }
    if (!l->hide_control)
        return name;
    char *copy = vm_strdup(l->r->p, name);
    for (char *s = copy; *s; s++)
        if ((unsigned char)*s < 32 || *s == 127)
            *s = '?';
    return copy;
}

/* --- colours: the built-in defaults of dircolors --------------------------------- */

static const char *suffix_colour(const char *name)
{
    static const char *const archives[] = {
        ".tar", ".tgz", ".zip",  ".gz",  ".bz2", ".xz",   ".deb", ".rpm",  ".jar", ".7z", ".rar",
        ".zst", ".lz4", ".lzma", ".txz", ".tbz", ".tbz2", ".Z",   ".cpio", ".war", NULL};
    static const char *const images[] = {".jpg",  ".jpeg", ".gif", ".png",  ".svg",
                                         ".bmp",  ".avi",  ".mp4", ".mkv",  ".mov",
                                         ".webm", ".mpg",  ".tif", ".tiff", NULL};
    static const char *const audio[] = {".mp3", ".ogg", ".wav", ".flac", ".m4a", NULL};
    for (int i = 0; archives[i]; i++)
        if (str_ends(name, archives[i]))
            return "01;31";
    for (int i = 0; images[i]; i++)
        if (str_ends(name, images[i]))
            return "01;35";
    for (int i = 0; audio[i]; i++)
        if (str_ends(name, audio[i]))
            return "00;36";
    return NULL;
}

static const char *mode_colour(uint32_t mode, const char *name)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        if ((mode & S_ISVTX) && (mode & S_IWOTH))
            return "30;42";
        return mode & S_IWOTH ? "34;42" : mode & S_ISVTX ? "37;44" : "01;34";
    case S_IFLNK:
        return "01;36";
    case S_IFIFO:
        return "40;33";
    case S_IFSOCK:
        return "01;35";
    case S_IFBLK:
    case S_IFCHR:
        return "40;33;01";
    default:
        break;
    }
    if (mode & S_ISUID)
        return "37;41";
    if (mode & S_ISGID)
        return "30;43";
    if (mode & 0111)
        return "01;32";
    return suffix_colour(name);
}

static uint32_t entry_mode(const struct entry *e)
{
    return e->has_stat ? e->st.mode : (uint32_t)e->type << 12;
}

static const char *entry_colour(const struct entry *e)
{
    if (S_ISLNK(entry_mode(e)) && e->target && !e->target_ok)
        return "40;31;01";
    return mode_colour(entry_mode(e), e->name);
}

static char indicator(struct ls *l, uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return '/';
    case S_IFLNK:
        return l->classify == 'p' || l->format == LONG ? 0 : '@';
    case S_IFIFO:
        return l->classify == 'p' ? 0 : '|';
    case S_IFSOCK:
        return l->classify == 'p' ? 0 : '=';
    default:
        return l->classify == 'F' && S_ISREG(mode) && (mode & 0111) ? '*' : 0;
    }
}

static size_t entry_width(struct ls *l, const struct entry *e)
{
    size_t w = e->width;
    if (l->classify && indicator(l, entry_mode(e)))
        w++;
    return w;
}

static void put_coloured(struct ls *l, const char *text, const char *colour)
{
    if (!colour) {
        vf_puts(l->r->out, text);
        return;
    }
    /* The first colour of all is preceded by a reset, as ls does. */
    if (!l->coloured)
        vf_puts(l->r->out, "\033[0m");
    l->coloured = true;
    vf_printf(l->r->out, "\033[%sm%s\033[0m", colour, text);
}

static void put_name(struct ls *l, const struct entry *e)
{
    struct vfile *o = l->r->out;
    bool padded = l->quoted_any && l->quote == 's' && l->format != COMMAS && l->format != ONE;
    if (padded && *e->shown != '\'' && *e->shown != '"')
        vf_putc(o, ' ');
    put_coloured(l, e->shown, l->colour ? entry_colour(e) : NULL);
    char mark = l->classify ? indicator(l, entry_mode(e)) : 0;
    if (l->format == LONG && e->target) {
        vf_puts(o, " -> ");
        const char *colour = NULL;
        if (l->colour)
            colour = e->target_ok ? mode_colour(e->target_mode, e->target) : "40;31;01";
        put_coloured(l, shown_name(l, e->target), colour);
        if (l->classify && e->target_ok)
            mark = indicator(l, e->target_mode);
    }
    if (mark)
        vf_putc(o, mark);
}

/* --- gathering and sorting -------------------------------------------------------- */

static struct timespec entry_time(const struct ls *l, const struct entry *e)
{
    switch (l->time) {
    case 'a':
        return e->st.atime;
    case 'c':
        return e->st.ctime;
    case 'b':
        return e->st.btime;
    default:
        return e->st.mtime;
    }
}

static int compare(const void *x, const void *y, void *ctx)
{
    const struct entry *a = x, *b = y;
    const struct ls *l = ctx;
    int d = 0;
    if (l->dirs_first) {
        bool ad = S_ISDIR(entry_mode(a)) || (a->target_ok && S_ISDIR(a->target_mode));
        bool bd = S_ISDIR(entry_mode(b)) || (b->target_ok && S_ISDIR(b->target_mode));
        if (ad != bd)
            return ad ? -1 : 1;
    }
    switch (l->sort) {
    case 'S':
        d = a->st.size < b->st.size ? 1 : a->st.size > b->st.size ? -1 : 0;
        break;
    case 't': {
        struct timespec s = entry_time(l, a), t = entry_time(l, b);
        d = s.tv_sec != t.tv_sec    ? (s.tv_sec < t.tv_sec ? 1 : -1)
            : s.tv_nsec < t.tv_nsec ? 1
            : s.tv_nsec > t.tv_nsec ? -1
                                    : 0;
        break;
    }
    case 'X': {
        const char *p = strrchr(a->name, '.'), *q = strrchr(b->name, '.');
        d = strcmp(p ? p : "", q ? q : "");
        break;
    }
    case 'v':
        d = version_compare(a->name, strlen(a->name), b->name, strlen(b->name));
        break;
    default:
        break;
    }
    if (!d)
        d = strcmp(a->name, b->name);
    return l->reverse ? -d : d;
}

static void read_target(struct ls *l, struct entry *e)
{
    char buf[VFS_PATH_MAX];
    ssize_t n = vm_readlink(l->r->p, e->path, buf, sizeof(buf) - 1);
    if (n < 0)
        return;
    buf[n] = '\0';
    e->target = vm_strdup(l->r->p, buf);
    struct vfs_stat st;
    if (!vm_stat(l->r->p, e->path, &st)) {
        e->target_ok = true;
        e->target_mode = st.mode;
    }
}

static void finish_entry(struct ls *l, struct entry *e)
{
    e->shown = shown_name(l, e->name);
    e->width = display_width(l, e->shown);
    if (*e->shown == '\'' || *e->shown == '"')
        l->quoted_any = true;
    if (S_ISLNK(entry_mode(e)) && (l->format == LONG || l->colour || l->dirs_first))
        read_target(l, e);
}

static bool wanted(const struct ls *l, const char *name)
{
    if (l->ignore && str_match(l->ignore, name))
        return false;
    if (*name == '.')
        return l->all || l->almost;
    if (l->hide && !l->all && !l->almost && str_match(l->hide, name))
        return false;
    size_t n = strlen(name);
    return !(l->backups && n && name[n - 1] == '~');
}

/* Fills e for path: 0 or -errno. */
static int stat_entry(struct ls *l, struct entry *e, bool follow)
{
    int err = follow ? vm_stat(l->r->p, e->path, &e->st) : vm_lstat(l->r->p, e->path, &e->st);
    if (err == -ENOENT && follow)
        err = vm_lstat(l->r->p, e->path, &e->st);
    e->has_stat = !err;
    return err;
}

static void sort_entries(struct ls *l, struct entry *e, size_t n)
{
    if (l->sort != 'U')
        qsort_r(e, n, sizeof(*e), compare, l);
    vm_tick(l->r->p, (unsigned)(n * 2));
}

/* --- printing ----------------------------------------------------------------------- */

static void block_text(const struct ls *l, uint64_t bytes, char *out, size_t n)
{
    if (l->human)
        ls_human(bytes, l->si ? 1000 : 1024, out, n);
    else
        str_fmt(out, n, "%lu", (unsigned long)((bytes + l->block_size - 1) / l->block_size));
}

static void size_text(const struct ls *l, uint64_t size, char *out, size_t n)
{
    if (l->human)
        ls_human(size, l->si ? 1000 : 1024, out, n);
    else
        str_fmt(out, n, "%lu", (unsigned long)((size + l->size_unit - 1) / l->size_unit));
}

static void time_text(struct ls *l, const struct entry *e, char *out, size_t n)
{
    struct timespec ts = entry_time(l, e);
    struct tm tm;
    char part[128];
    if (!l->style) {
        ls_time(l->tz, ts.tv_sec, l->now, out, n);
        return;
    }
    tz_local(l->tz, ts.tv_sec, &tm);
    bool recent = ts.tv_sec > l->now - HALF_YEAR && ts.tv_sec <= l->now;
    switch (l->style) {
    case 'f':
        strftime(part, sizeof(part), "%Y-%m-%d %H:%M:%S", &tm);
        char zone[16];
        strftime(zone, sizeof(zone), "%z", &tm);
        str_fmt(out, n, "%s.%09ld %s", part, ts.tv_nsec, zone);
        break;
    case 'l':
        strftime(out, n, "%Y-%m-%d %H:%M", &tm);
        break;
    case 'i':
        strftime(out, n, recent ? "%m-%d %H:%M" : "%Y-%m-%d ", &tm);
        break;
    default:
        if (!strftime(out, n, l->time_format, &tm))
            *out = '\0';
    }
}

struct widths {
    int inode, blocks, links, user, group, size, major, minor;
};

static int wider(int w, const char *text)
{
    int n = (int)strlen(text);
    return n > w ? n : w;
}

static struct widths measure(struct ls *l, struct entry *e, size_t n)
{
    struct widths w = {0};
    char t[64];
    for (size_t i = 0; i < n; i++) {
        const struct vfs_stat *st = &e[i].st;
        str_fmt(t, sizeof(t), "%lu", (unsigned long)st->ino);
        w.inode = wider(w.inode, t);
        block_text(l, (uint64_t)st->blocks * 512, t, sizeof(t));
        w.blocks = wider(w.blocks, t);
        if (l->format != LONG)
            continue;
        str_fmt(t, sizeof(t), "%lu", (unsigned long)st->nlink);
        w.links = wider(w.links, t);
        w.user = wider(w.user, owner(l, st->uid, false));
        w.group = wider(w.group, owner(l, st->gid, true));
        if (S_ISCHR(st->mode) || S_ISBLK(st->mode)) {
            str_fmt(t, sizeof(t), "%u", major(st->rdev));
            w.major = wider(w.major, t);
            str_fmt(t, sizeof(t), "%u", minor(st->rdev));
            w.minor = wider(w.minor, t);
        } else {
            size_text(l, (uint64_t)st->size, t, sizeof(t));
            w.size = wider(w.size, t);
        }
    }
    if (w.major && w.major + w.minor + 2 > w.size)
        w.size = w.major + w.minor + 2;
    return w;
}

static void put_prefix(struct ls *l, const struct entry *e, const struct widths *w)
{
    char t[64];
    if (l->inode) {
        if (e->failed)
            vf_printf(l->r->out, "%*s ", w->inode, "?");
        else
            vf_printf(l->r->out, "%*lu ", w->inode, (unsigned long)e->st.ino);
    }
    if (l->blocks) {
        block_text(l, (uint64_t)e->st.blocks * 512, t, sizeof(t));
        vf_printf(l->r->out, "%*s ", w->blocks, e->failed ? "?" : t);
    }
}

static void put_long(struct ls *l, const struct entry *e, const struct widths *w)
{
    struct vfile *o = l->r->out;
    char mode[11], t[256];
    put_prefix(l, e, w);
    cmd_mode_text(entry_mode(e), mode);
    if (e->failed) {
        mode[0] = mode[0] == '?' ? '?' : mode[0];
        vf_printf(o, "%c????????? %*s ", mode[0], w->links, "?");
        if (!l->no_owner)
            vf_printf(o, "%-*s ", w->user, "?");
        if (!l->no_group)
            vf_printf(o, "%-*s ", w->group, "?");
        vf_printf(o, "%*s %12s ", w->size, "?", "?");
        put_name(l, e);
        return;
    }
    vf_printf(o, "%s %*lu ", mode, w->links, (unsigned long)e->st.nlink);
    const char *pad = l->numeric ? "" : "-";
    for (int who = 0; who < 3; who++) {
        if ((who == 0 && l->no_owner) || (who == 1 && l->no_group) || (who == 2 && !l->author))
            continue;
        const char *name = owner(l, who == 1 ? e->st.gid : e->st.uid, who == 1);
        int width = who == 1 ? w->group : w->user;
        vf_printf(o, *pad ? "%-*s " : "%*s ", width, name);
    }
    if (S_ISCHR(e->st.mode) || S_ISBLK(e->st.mode)) {
        vf_printf(o, "%*u, %*u ", w->size - w->minor - 2, major(e->st.rdev), w->minor,
                  minor(e->st.rdev));
    } else {
        size_text(l, (uint64_t)e->st.size, t, sizeof(t));
        vf_printf(o, "%*s ", w->size, t);
    }
    time_text(l, e, t, sizeof(t));
    vf_printf(o, "%s ", t);
    put_name(l, e);
}

static size_t prefix_width(const struct ls *l, const struct widths *w)
{
    return (l->inode ? (size_t)w->inode + 1 : 0) + (l->blocks ? (size_t)w->blocks + 1 : 0);
}

/* How many columns fit, and their widths (from col, which has room). */
static size_t fit_columns(struct ls *l, const size_t *len, size_t n, size_t *col, bool down)
{
    size_t most = l->width / 3 + 1;
    if (most > n)
        most = n;
    for (size_t cols = most; cols > 1; cols--) {
        size_t rows = (n + cols - 1) / cols, total = 0;
        memset(col, 0, cols * sizeof(*col));
        for (size_t i = 0; i < n; i++) {
            size_t c = down ? i / rows : i % cols;
            size_t w = len[i] + (c + 1 < cols ? 2 : 0);
            if (w > col[c])
                col[c] = w;
        }
        for (size_t c = 0; c < cols; c++)
            total += col[c];
        if (total < l->width)
            return cols;
        vm_tick(l->r->p, (unsigned)n / 16 + 1);
    }
    return 1;
}

static void pad_to(struct ls *l, size_t from, size_t to)
{
    /* As ls does: tabs where they reach, then blanks. */
    while (from < to) {
        if (to / 8 > (from + 1) / 8) {
            vf_putc(l->r->out, '\t');
            from += 8 - from % 8;
        } else {
            vf_putc(l->r->out, ' ');
            from++;
        }
    }
}

static void put_columns(struct ls *l, struct entry *e, size_t n, const struct widths *w)
{
    size_t *len = vm_alloc(l->r->p, n * sizeof(*len));
    size_t *col = vm_alloc(l->r->p, (n + 1) * sizeof(*col));
    for (size_t i = 0; i < n; i++) {
        len[i] = entry_width(l, &e[i]) + prefix_width(l, w);
        if (l->quoted_any && l->quote == 's' && *e[i].shown != '\'' && *e[i].shown != '"')
            len[i]++;
    }
    bool down = l->format == COLUMNS;
    size_t cols = l->width ? fit_columns(l, len, n, col, down) : n;
    size_t rows = (n + cols - 1) / cols;
    for (size_t row = 0; row < rows; row++) {
        size_t at = 0, start = 0;
        for (size_t c = 0; c < cols; c++) {
            size_t i = down ? c * rows + row : row * cols + c;
            if (i >= n)
                break;
            if (c && l->width)
                pad_to(l, at, start);
            else if (c)
                vf_puts(l->r->out, "  ");
            put_prefix(l, &e[i], w);
            put_name(l, &e[i]);
            at = start + len[i];
            start += col[c];
        }
        vf_putc(l->r->out, '\n');
    }
}

static void put_commas(struct ls *l, struct entry *e, size_t n, const struct widths *w)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        size_t len = entry_width(l, &e[i]) + prefix_width(l, w);
        if (i) {
            vf_putc(l->r->out, ',');
            at++;
            if (!l->width || at + len + 2 < l->width) {
                vf_putc(l->r->out, ' ');
                at++;
            } else {
                vf_putc(l->r->out, '\n');
                at = 0;
            }
        }
        put_prefix(l, &e[i], w);
        put_name(l, &e[i]);
        at += len;
    }
    if (n)
        vf_putc(l->r->out, '\n');
}

static void put_entries(struct ls *l, struct entry *e, size_t n)
{
    struct widths w = {0};
    if (l->need_stat)
        w = measure(l, e, n);
    if (l->format == COMMAS)
        put_commas(l, e, n, &w);
    else if ((l->format == COLUMNS || l->format == ROWS) && n)
        put_columns(l, e, n, &w);
    else
        for (size_t i = 0; i < n; i++) {
            if (l->format == LONG) {
                put_long(l, &e[i], &w);
            } else {
                put_prefix(l, &e[i], &w);
                put_name(l, &e[i]);
            }
            vf_putc(l->r->out, l->zero ? '\0' : '\n');
        }
}

/* --- directories --------------------------------------------------------------------- */

static void complain(struct ls *l, int err, const char *what, const char *path, bool operand)
{
    cmd_warn_err(l->r, err, "cannot %s %s", what, cmd_quote(l->r, path));
    int status = operand ? 2 : 1;
    if (l->status < status)
        l->status = status;
}

static void add_dots(struct ls *l, const char *dir, struct entry *e, size_t *n)
{
    static const char *const dots[] = {".", ".."};
    for (size_t i = 0; l->all && i < 2; i++) {
        struct entry *d = &e[(*n)++];
        d->name = dots[i];
        d->path = cmd_path_join(l->r, dir, dots[i]);
        d->type = S_IFDIR >> 12;
        if (l->need_stat && stat_entry(l, d, false) < 0)
            d->failed = true;
    }
}

static void list_dir(struct ls *l, const char *path, const char *shown, bool operand)
{
    struct cmd_run *r = l->r;
    struct vm_dirent *d;
    int count = vm_readdir(r->p, path, &d);
    if (count < 0) {
        complain(l, count, "open directory", path, operand);
        return;
    }
    struct entry *e = vm_alloc(r->p, ((size_t)count + 2) * sizeof(*e));
    size_t n = 0;
    l->quoted_any = false;
    add_dots(l, path, e, &n);
    for (int i = 0; i < count; i++) {
        if (!wanted(l, d[i].name))
            continue;
        struct entry *x = &e[n];
        *x = (struct entry){.name = d[i].name, .type = d[i].type};
        bool exec = l->classify == 'F' && d[i].type == S_IFREG >> 12;
        bool link = d[i].type == S_IFLNK >> 12 && (l->colour || l->dirs_first);
        x->path = cmd_path_join(r, path, d[i].name);
        if (l->need_stat || exec || link || l->colour || !d[i].type) {
            int err = stat_entry(l, x, l->follow);
            if (err < 0 && l->need_stat) {
                complain(l, err, "access", x->path, false);
                x->failed = true;
            }
        }
        x->st.ino = x->has_stat ? x->st.ino : d[i].ino;
        n++;
    }
    for (size_t i = 0; i < n; i++)
        finish_entry(l, &e[i]);
    sort_entries(l, e, n);
    if (l->headers) {
        vf_printf(r->out, "%s%s:\n", l->printed ? "\n" : "", shown_name(l, shown));
    }
    l->printed = true;
    if (l->format == LONG || l->blocks) {
        uint64_t total = 0;
        char t[64];
        for (size_t i = 0; i < n; i++)
            total += (uint64_t)e[i].st.blocks * 512;
        block_text(l, total, t, sizeof(t));
        vf_printf(r->out, "total %s%c", t, l->zero ? '\0' : '\n');
    }
    put_entries(l, e, n);
    if (!l->recursive || vm_deep(r->p))
        return;
    for (size_t i = 0; i < n; i++)
        if (S_ISDIR(entry_mode(&e[i])) && strcmp(e[i].name, ".") && strcmp(e[i].name, ".."))
            list_dir(l, e[i].path, e[i].path, false);
}

static void list_operands(struct ls *l, char **names, size_t n)
{
    struct cmd_run *r = l->r;
    struct entry *files = vm_alloc(r->p, (n + 1) * sizeof(*files));
    struct entry *dirs = vm_alloc(r->p, (n + 1) * sizeof(*dirs));
    size_t nfiles = 0, ndirs = 0;
    for (size_t i = 0; i < n; i++) {
        struct entry e = {.name = names[i], .path = names[i]};
        bool plain = l->format != LONG && l->classify != 'F' && !l->directory;
        struct vfs_stat st;
        int err = stat_entry(l, &e, l->follow || l->follow_args);
        if (err < 0) {
            complain(l, err, "access", names[i], true);
            continue;
        }
        bool to_dir = S_ISLNK(e.st.mode) && (plain || (l->follow_args)) &&
                      !vm_stat(r->p, names[i], &st) && S_ISDIR(st.mode);
        if (!l->directory && (S_ISDIR(e.st.mode) || to_dir))
            dirs[ndirs++] = e;
        else
            files[nfiles++] = e;
    }
    for (size_t i = 0; i < nfiles; i++)
        finish_entry(l, &files[i]);
    sort_entries(l, files, nfiles);
    sort_entries(l, dirs, ndirs);
    bool need = l->need_stat;
    put_entries(l, files, nfiles);
    l->need_stat = need;
    if (nfiles)
        l->printed = true;
    l->headers = n > 1 || l->recursive;
    for (size_t i = 0; i < ndirs; i++)
        list_dir(l, dirs[i].path, dirs[i].name, true);
}

/* --- options --------------------------------------------------------------------------- */

/* --WORD=ARG with a list of words: its letter, or 0 after a message. */
static int choose(struct cmd_run *r, const char *option, const char *arg, const char *const *words,
                  const char *letters)
{
    size_t n = strlen(arg);
    int found = 0;
    for (size_t i = 0; words[i]; i++) {
        if (!strcmp(words[i], arg))
            return letters[i];
        if (n && !strncmp(words[i], arg, n)) {
            if (found && found != letters[i])
                found = -1;
            else if (!found)
                found = letters[i];
        }
    }
    if (found > 0)
        return found;
    cmd_warn(r, "%s argument %s for %s", found < 0 ? "ambiguous" : "invalid", cmd_quotel(r, arg),
             cmd_quotel(r, option));
    struct str b;
    str_init(&b, r->arena);
    str_puts(&b, "Valid arguments are:\n");
    for (size_t i = 0; words[i]; i++) {
        bool same = i && letters[i] == letters[i - 1];
        str_printf(&b, "%s%s", same ? ", " : i ? "\n  - " : "  - ", cmd_quotel(r, words[i]));
    }
    str_putc(&b, '\n');
    vf_write(r->err, str_text(&b), b.n);
    return 0;
}

static bool set_word(struct ls *l, int option, const char *arg)
{
    static const char *const whens[] = {"always", "yes",  "force", "never",  "no",
                                        "none",   "auto", "tty",   "if-tty", NULL};
    static const char *const sorts[] = {"none",    "time",  "size", "extension",
                                        "version", "width", NULL};
    static const char *const times[] = {"atime", "access",       "use",   "ctime",    "status",
                                        "mtime", "modification", "birth", "creation", NULL};
    static const char *const formats[] = {"verbose", "long",     "commas",        "horizontal",
                                          "across",  "vertical", "single-column", NULL};
    static const char *const quotes[] = {
        "literal", "shell",   "shell-always", "shell-escape", "shell-escape-always",
        "c",       "c-maybe", "escape",       "locale",       "clocale",
        NULL};
    static const char *const marks[] = {"none", "slash", "file-type", "classify", NULL};
    struct cmd_run *r = l->r;
    int v;
    switch (option) {
    case '\1': /* --color */
    case '\7': /* --classify */
        v = arg ? choose(r, option == '\1' ? "--color" : "--classify", arg, whens, "yyynnnaaa")
                : 'y';
        if (option == '\1')
            l->colour = v == 'y' || (v == 'a' && vm_isatty(r->p, 1));
        else if (v == 'y' || (v == 'a' && vm_isatty(r->p, 1)))
            l->classify = 'F';
        return v;
    case '\2':
        v = choose(r, "--sort", arg, sorts, "UtSXvW");
        l->sort = v;
        return v;
    case '\3':
        v = choose(r, "--time", arg, times, "aaaccmmbb");
        l->time = v;
        return v;
    case '\4':
        v = choose(r, "--format", arg, formats, "llmxxC1");
        l->format = v == 'l'   ? LONG
                    : v == 'm' ? COMMAS
                    : v == 'x' ? ROWS
                    : v == 'C' ? COLUMNS
                               : ONE;
        return v;
    case '\5':
        v = choose(r, "--quoting-style", arg, quotes, "lsSsSccecc");
        l->quote = v;
        return v;
    case '\6':
        v = choose(r, "--indicator-style", arg, marks, "nptF");
        l->classify = v == 'n' ? 0 : (unsigned)v;
        return v;
    default:
        return true;
    }
}

static bool set_style(struct ls *l, const char *arg)
{
    static const char *const styles[] = {"full-iso", "long-iso", "iso", "locale", NULL};
    if (str_starts(arg, "posix-"))
        arg += 6;
    if (*arg == '+') {
        l->style = '+';
        l->time_format = arg + 1;
        return true;
    }
    for (size_t i = 0; styles[i]; i++)
        if (!strcmp(styles[i], arg)) {
            l->style = "fli\0"[i];
            return true;
        }
    cmd_warn(l->r, "invalid argument %s for %s", cmd_quotel(l->r, arg),
             cmd_quotel(l->r, "time style"));
    vf_puts(l->r->err, "Valid arguments are:\n  - [posix-]full-iso\n  - [posix-]long-iso\n"
                       "  - [posix-]iso\n  - [posix-]locale\n  - +FORMAT (e.g., +%H:%M) for a "
                       "'date'-style format\n");
    return false;
}

static bool set_option(struct ls *l, int o, const char *arg)
{
    uint64_t n;
    switch (o) {
    case 'a':
        l->all = true;
        break;
    case 'A':
        l->almost = true;
        l->all = false;
        break;
    case 'B':
        l->backups = true;
        break;
    case 'b':
        l->quote = 'e';
        break;
    case 'C':
        l->format = COLUMNS;
        break;
    case 'c':
        l->time = 'c';
        break;
    case 'd':
        l->directory = true;
        break;
    case 'F':
        l->classify = 'F';
        break;
    case 'f':
        l->all = true;
        l->sort = 'U';
        l->colour = false;
        l->blocks = false;
        if (l->format == LONG)
            l->format = vm_isatty(l->r->p, 1) ? COLUMNS : ONE;
        break;
    case 'G':
        l->no_group = true;
        break;
    case 'g':
        l->format = LONG;
        l->no_owner = true;
        break;
    case 'H':
        l->follow_args = true;
        break;
    case 'h':
        l->human = true;
        l->si = false;
        break;
    case '\x11':
        l->human = l->si = true;
        break;
    case 'I':
        l->ignore = arg;
        break;
    case '\x12':
        l->hide = arg;
        break;
    case 'i':
        l->inode = true;
        break;
    case 'k':
        l->block_size = 1024;
        break;
    case 'L':
        l->follow = true;
        break;
    case 'l':
        l->format = LONG;
        break;
    case 'm':
        l->format = COMMAS;
        break;
    case 'N':
        l->quote = 'l';
        break;
    case 'n':
        l->numeric = true;
        l->format = LONG;
        break;
    case 'o':
        l->format = LONG;
        l->no_group = true;
        break;
    case 'p':
        l->classify = 'p';
        break;
    case 'Q':
        l->quote = 'c';
        break;
    case 'q':
        l->hide_control = true;
        break;
    case 'R':
        l->recursive = true;
        break;
    case 'r':
        l->reverse = true;
        break;
    case 'S':
        l->sort = 'S';
        break;
    case 's':
        l->blocks = true;
        break;
    case 't':
        l->sort = 't';
        break;
    case 'U':
        l->sort = 'U';
        break;
    case 'u':
        l->time = 'a';
        break;
    case 'v':
        l->sort = 'v';
        break;
    case 'w':
        if (cmd_number(arg, "", &n)) {
            cmd_warn(l->r, "invalid line width: %s", cmd_quotel(l->r, arg));
            return false;
        }
        l->width = n;
        break;
    case 'X':
        l->sort = 'X';
        break;
    case 'x':
        l->format = ROWS;
        break;
    case '1':
        if (l->format != LONG)
            l->format = ONE;
        break;
    case '\x13':
        l->format = LONG;
        l->style = 'f';
        break;
    case '\x14':
        return set_style(l, arg);
    case '\x15':
        l->classify = 't';
        break;
    case '\x16':
        l->dirs_first = true;
        break;
    case '\x17':
        l->zero = true;
        l->format = l->format == LONG ? LONG : ONE;
        l->quote = 'l';
        l->colour = false;
        break;
    case '\x18':
        l->hide_control = false;
        break;
    case '\x19':
        l->author = true;
        break;
    case '\x1a':
        if (!strcmp(arg, "human-readable"))
            l->human = true;
        else if (cmd_number(arg, "bkKmMgGTPEZY0", &n) || !n) {
            cmd_warn(l->r, "invalid --block-size argument %s", cmd_quotel(l->r, arg));
            return false;
        } else
            l->block_size = l->size_unit = n;
        break;
    default:
        if (o && o < 8)
            return set_word(l, o, arg);
    }
    return true;
}

/* Does ls believe that the terminal knows colours? */
static bool colour_terminal(struct proc *p)
{
    static const char *const known[] = {
        "Eterm",   "ansi",  "alacritty",  "con",   "cygwin", "dtterm", "gnome", "hurd",
        "jfbterm", "kitty", "konsole",    "kterm", "linux",  "mlterm", "putty", "rxvt",
        "screen",  "st",    "terminator", "tmux",  "vt100",  "vt220",  "xterm", NULL};
    const char *colours = vm_getenv(p, "LS_COLORS"), *term = vm_getenv(p, "TERM");
    if ((colours && *colours) || vm_getenv(p, "COLORTERM"))
        return true;
    for (size_t i = 0; term && known[i]; i++)
        if (str_starts(term, known[i]))
            return true;
    return false;
}

static int ls_run(struct cmd_run *r)
{
    struct ls l = {
        .r = r, .sort = 'n', .time = 'm', .block_size = BLOCK, .size_unit = 1, .width = 80};
    bool tty = vm_isatty(r->p, 1);
    struct winsize ws;
    l.format = !strcmp(r->cmd->name, "vdir")         ? LONG
               : tty || !strcmp(r->cmd->name, "dir") ? COLUMNS
                                                     : ONE;
    l.quote = !strcmp(r->cmd->name, "ls") ? tty ? 's' : 'l' : 'e';
    l.hide_control = tty && l.quote == 'l';
    if (tty && !vm_getwinsize(r->p, 1, &ws) && ws.ws_col)
        l.width = ws.ws_col;
    const char *columns = vm_getenv(r->p, "COLUMNS");
    int64_t width;
    if (columns && !str_int(columns, 1, 65535, &width))
        l.width = (size_t)width;
    bool explicit_sort = false;
    for (const char *o = r->opt; *o; o++) {
        if (!set_option(&l, *o, r->optarg[o - r->opt]))
            return *o < 8 ? cmd_usage(r), 1 : *o == '\x14' ? cmd_usage(r) : 2;
        explicit_sort |= strchr("tSUXvf\2", *o) != NULL;
    }
    l.colour = l.colour && colour_terminal(r->p);
    /* -c and -u alone also sort by that time, unless the format is long. */
    if (!explicit_sort && l.time != 'm' && l.format != LONG)
        l.sort = 't';
    l.now = vm_now(r->p).tv_sec;
    l.tz = l.format == LONG ? tz_of(r->p, NULL) : NULL;
    l.need_stat = l.format == LONG || l.sort == 'S' || l.sort == 't' || l.blocks || l.inode;
    char *here[] = {".", NULL};
    if (!r->argc && !l.directory) {
        struct vfs_stat st;
        l.headers = l.recursive;
        int err = vm_stat(r->p, ".", &st);
        if (err < 0)
            complain(&l, err, "open directory", ".", true);
        else
            list_dir(&l, ".", ".", true);
    } else {
        list_operands(&l, r->argc ? r->argv : here, r->argc ? (size_t)r->argc : 1);
    }
    return l.status;
}

static const char *const ls_longs[] = {"all=a",
                                       "escape=b",
                                       "directory=d",
                                       "dired=D",
                                       "full-time=\x13",
                                       "group-directories-first=\x16",
                                       "human-readable=h",
                                       "inode=i",
                                       "kibibytes=k",
                                       "numeric-uid-gid=n",
                                       "no-group=G",
                                       "hide-control-chars=q",
                                       "reverse=r",
                                       "size=s",
                                       "width:=w",
                                       "almost-all=A",
                                       "ignore-backups=B",
                                       "classify?=\7",
                                       "file-type=\x15",
                                       "si=\x11",
                                       "dereference-command-line=H",
                                       "dereference-command-line-symlink-to-dir=H",
                                       "hide:=\x12",
                                       "ignore:=I",
                                       "indicator-style:=\6",
                                       "dereference=L",
                                       "literal=N",
                                       "quote-name=Q",
                                       "quoting-style:=\5",
                                       "recursive=R",
                                       "format:=\4",
                                       "show-control-chars=\x18",
                                       "sort:=\2",
                                       "tabsize:=T",
                                       "time:=\3",
                                       "time-style:=\x14",
                                       "zero=\x17",
                                       "color?=\1",
                                       "hyperlink?=\x1b",
                                       "block-size:=\x1a",
                                       "context=Z",
                                       "author=\x19",
                                       NULL};

#define LS_ENTRY(n)                                                                                \
    {                                                                                              \
        .name = n, .opts = "abcdfghiklmnopqrstuvw:xABCDFGHI:LNQRST:UXZ1", .longs = ls_longs,       \
        .run = ls_run, .usage_status = 2                                                           \
    }
const struct cmd cmd_ls = LS_ENTRY("ls");
const struct cmd cmd_dir = LS_ENTRY("dir");
const struct cmd cmd_vdir = LS_ENTRY("vdir");
