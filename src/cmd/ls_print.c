/* ls_print.c -- how ls shows what it found: names, colours, columns, long lines.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cmd/ls_priv.h"

enum { HALF_YEAR = 31556952 / 2 };

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
    struct ls_name *c = group ? l->groups : l->users;
    size_t *n = group ? &l->ngroups : &l->nusers;
    for (size_t i = 0; i < *n; i++)
        if (c[i].id == id)
            return c[i].name;
    const char *name = l->numeric ? NULL : group ? cmd_group_name(r, id) : cmd_user_name(r, id);
    if (!name)
        name = vm_asprintf(r->p, "%u", id);
    if (*n < 16)
        c[(*n)++] = (struct ls_name){id, name};
    return name;
}

/* --- names ---------------------------------------------------------------------- */

size_t ls_display_width(struct ls *l, const char *s)
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

const char *ls_shown_name(struct ls *l, const char *name)
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

uint32_t ls_entry_mode(const struct ls_entry *e)
{
    return e->has_stat ? e->st.mode : (uint32_t)e->type << 12;
}

static const char *entry_colour(const struct ls_entry *e)
{
    if (S_ISLNK(ls_entry_mode(e)) && e->target && !e->target_ok)
        return "40;31;01";
    return mode_colour(ls_entry_mode(e), e->name);
}

static char indicator(struct ls *l, uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return '/';
    case S_IFLNK:
        return l->classify == 'p' || l->format == LS_LONG ? 0 : '@';
    case S_IFIFO:
        return l->classify == 'p' ? 0 : '|';
    case S_IFSOCK:
        return l->classify == 'p' ? 0 : '=';
    default:
        return l->classify == 'F' && S_ISREG(mode) && (mode & 0111) ? '*' : 0;
    }
}

static size_t entry_width(struct ls *l, const struct ls_entry *e)
{
    size_t w = e->width;
    if (l->classify && indicator(l, ls_entry_mode(e)))
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

static void put_name(struct ls *l, const struct ls_entry *e)
{
    struct vfile *o = l->r->out;
    bool padded = l->quoted_any && l->quote == 's' && l->format != LS_COMMAS && l->format != LS_ONE;
    if (padded && *e->shown != '\'' && *e->shown != '"')
        vf_putc(o, ' ');
    put_coloured(l, e->shown, l->colour ? entry_colour(e) : NULL);
    char mark = l->classify ? indicator(l, ls_entry_mode(e)) : 0;
    if (l->format == LS_LONG && e->target) {
        vf_puts(o, " -> ");
        const char *colour = NULL;
        if (l->colour)
            colour = e->target_ok ? mode_colour(e->target_mode, e->target) : "40;31;01";
        put_coloured(l, ls_shown_name(l, e->target), colour);
        if (l->classify && e->target_ok)
            mark = indicator(l, e->target_mode);
    }
    if (mark)
        vf_putc(o, mark);
}

struct timespec ls_entry_time(const struct ls *l, const struct ls_entry *e)
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

/* --- printing ----------------------------------------------------------------------- */

void ls_block_text(const struct ls *l, uint64_t bytes, char *out, size_t n)
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

static void time_text(struct ls *l, const struct ls_entry *e, char *out, size_t n)
{
    struct timespec ts = ls_entry_time(l, e);
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

static struct widths measure(struct ls *l, struct ls_entry *e, size_t n)
{
    struct widths w = {0};
    char t[64];
    for (size_t i = 0; i < n; i++) {
        const struct vfs_stat *st = &e[i].st;
        str_fmt(t, sizeof(t), "%lu", (unsigned long)st->ino);
        w.inode = wider(w.inode, t);
        ls_block_text(l, (uint64_t)st->blocks * 512, t, sizeof(t));
        w.blocks = wider(w.blocks, t);
        if (l->format != LS_LONG)
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

static void put_prefix(struct ls *l, const struct ls_entry *e, const struct widths *w)
{
    char t[64];
    if (l->inode) {
        if (e->failed)
            vf_printf(l->r->out, "%*s ", w->inode, "?");
        else
            vf_printf(l->r->out, "%*lu ", w->inode, (unsigned long)e->st.ino);
    }
    if (l->blocks) {
        ls_block_text(l, (uint64_t)e->st.blocks * 512, t, sizeof(t));
        vf_printf(l->r->out, "%*s ", w->blocks, e->failed ? "?" : t);
    }
}

static void put_long(struct ls *l, const struct ls_entry *e, const struct widths *w)
{
    struct vfile *o = l->r->out;
    char mode[11], t[256];
    put_prefix(l, e, w);
    cmd_mode_text(ls_entry_mode(e), mode);
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

static void put_columns(struct ls *l, struct ls_entry *e, size_t n, const struct widths *w)
{
    size_t *len = vm_alloc(l->r->p, n * sizeof(*len));
    size_t *col = vm_alloc(l->r->p, (n + 1) * sizeof(*col));
    for (size_t i = 0; i < n; i++) {
        len[i] = entry_width(l, &e[i]) + prefix_width(l, w);
        if (l->quoted_any && l->quote == 's' && *e[i].shown != '\'' && *e[i].shown != '"')
            len[i]++;
    }
    bool down = l->format == LS_COLUMNS;
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

static void put_commas(struct ls *l, struct ls_entry *e, size_t n, const struct widths *w)
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

void ls_put_entries(struct ls *l, struct ls_entry *e, size_t n)
{
    struct widths w = {0};
    if (l->need_stat)
        w = measure(l, e, n);
    if (l->format == LS_COMMAS)
        put_commas(l, e, n, &w);
    else if ((l->format == LS_COLUMNS || l->format == LS_ROWS) && n)
        put_columns(l, e, n, &w);
    else
        for (size_t i = 0; i < n; i++) {
            if (l->format == LS_LONG) {
                put_long(l, &e[i], &w);
            } else {
                put_prefix(l, &e[i], &w);
                put_name(l, &e[i]);
            }
            vf_putc(l->r->out, l->zero ? '\0' : '\n');
        }
}
