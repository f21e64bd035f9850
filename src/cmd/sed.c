/* sed.c -- edits a stream line by line.
 *
 * Pattern and hold space are two strings; the input is read one line ahead,
 * which is how "$" is known. Text to be appended waits until the cycle ends.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "cmd/sed.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

struct append {
    struct append *next;
    const char *text; /* or a file's name */
    size_t n;
    char kind; /* 'a' text, 'r' file, 'R' a line of the file */
};

struct reader {
    struct reader *next;
    const char *name;
    struct vfile *f;
};

struct sed {
    struct cmd_run *r;
    struct sed_script script;
    struct str pat, hold;
    bool quiet, separate, in_place, null, unbuffered;
    const char *suffix;
    int64_t wrap;
    char eol;
    char **files;
    int nfiles, at;
    struct vfile *in;
    const char *name;
    struct vfile *out; /* where lines go: standard output, or the new file of -i */
    const char *tmp;
    struct str ahead; /* the line after this one */
    bool has_ahead, ahead_eol, eol_missing, owes_eol, quit, replaced;
    uint64_t line;
    int status;
    struct append *app, **app_end;
    struct regex *last;
    struct reader *readers;
};

static void tick(void *ctx, unsigned steps)
{
    vm_tick(ctx, steps);
}

/* --- input ------------------------------------------------------------------------ */

static void close_file(struct sed *s)
{
    if (s->in && s->in != s->r->in)
        (void)vf_close(s->in);
    s->in = NULL;
    if (!s->tmp)
        return;
    /* -i: the new file takes the old one's place */
    struct vfs_stat st;
    struct proc *p = s->r->p;
    int err = vf_close(s->out);
    if (!err && !vm_stat(p, s->name, &st)) {
        vm_chmod(p, s->tmp, st.mode & 07777);
        vm_chown(p, s->tmp, st.uid, st.gid, true);
    }
    if (s->suffix && *s->suffix) {
        const char *base = cmd_base(s->name);
        const char *bak = strchr(s->suffix, '*')
                              ? vm_asprintf(p, "%.*s%s%s", (int)strcspn(s->suffix, "*"), s->suffix,
                                            base, strchr(s->suffix, '*') + 1)
                              : vm_asprintf(p, "%s%s", base, s->suffix);
        if (!strchr(bak, '/'))
            bak = vm_asprintf(p, "%.*s%s", (int)(base - s->name), s->name, bak);
        vm_rename(p, s->name, bak);
    }
    err = vm_rename(p, s->tmp, s->name);
    if (err < 0)
        cmd_warn(s->r, "cannot rename %s: %s", s->tmp, vm_strerror(-err));
    s->tmp = NULL;
    s->owes_eol = false;
    s->out = s->r->out;
}

static bool open_next(struct sed *s)
{
    struct cmd_run *r = s->r;
    while (s->at < s->nfiles) {
        const char *name = s->files[s->at++];
        struct vfs_stat st;
        int err = 0;
        if (!strcmp(name, "-") && !s->in_place) {
            s->in = r->in;
            s->name = "-";
            return true;
        }
        if (!vm_stat(r->p, name, &st) && S_ISDIR(st.mode)) {
            if (s->in_place) {
                cmd_warn(r, "couldn't edit %s: not a regular file", name);
                s->status = 4;
            } else {
                cmd_warn(r, "read error on %s: Is a directory", name);
                s->status = 4;
            }
            continue;
        }
        s->in = vf_open(r->p, name, "re", &err);
        if (!s->in) {
            cmd_warn(r, "can't read %s: %s", name, vm_strerror(-err));
            s->status = 2;
            continue;
        }
        s->name = name;
        if (s->in_place) {
            const char *base = cmd_base(name);
            s->tmp = vm_asprintf(r->p, "%.*ssed%06lx", (int)(base - name), name,
                                 (unsigned long)(vm_random(r->p) & 0xffffff));
            s->out = vf_open(r->p, s->tmp, "we", &err);
            if (!s->out) {
                cmd_warn(r, "couldn't open temporary file ./%s: %s", s->tmp, vm_strerror(-err));
                s->out = r->out;
                s->tmp = NULL;
                vm_exit(r->p, 4);
            }
        }
        return true;
    }
    return false;
}

/* Fills ahead from the current or a later file. */
static void look_ahead(struct sed *s, bool next_files)
{
    s->has_ahead = false;
    for (;;) {
        size_t n;
        if (!s->in) {
            if (!next_files || !open_next(s))
                return;
            if (s->separate)
                s->line = s->in_place || s->separate ? 0 : s->line;
        }
        char *line = vf_getdelim(s->in, s->eol, &n);
        if (line) {
            s->ahead_eol = line[n - 1] == s->eol;
            str_trunc(&s->ahead, 0);
            str_add(&s->ahead, line, n - s->ahead_eol);
            s->has_ahead = true;
            return;
        }
        if (s->separate)
            return; /* the file is closed when its last line is done */
        close_file(s);
    }
}

/* The next line into the pattern space (or added to it). False at the end. */
static bool read_line(struct sed *s, bool add)
{
    if (!s->has_ahead) {
        if (s->separate && !add && s->in)
            close_file(s);
        if (s->separate && add)
            return false;
        look_ahead(s, true);
        if (!s->has_ahead) {
            if (s->separate && s->in)
                return read_line(s, add);
            return false;
        }
    }
    if (add)
        str_putc(&s->pat, s->eol);
    else
        str_trunc(&s->pat, 0);
    str_add(&s->pat, str_text(&s->ahead), s->ahead.n);
    s->eol_missing = !s->ahead_eol;
    s->line++;
    look_ahead(s, !s->separate);
    return true;
}

static bool is_last(struct sed *s)
{
    if (s->has_ahead)
        return false;
    if (s->separate)
        return true;
    return true;
}

/* --- output -------------------------------------------------------------------------- */

/* A last line without newline gets one only if something follows it. */
static void pay_newline(struct sed *s, struct vfile *f)
{
    if (f == s->out && s->owes_eol) {
        vf_putc(f, s->eol);
        s->owes_eol = false;
    }
}

static void put_line(struct sed *s, struct vfile *f, const char *text, size_t n)
{
    pay_newline(s, f);
    vf_write(f, text, n);
    if (s->eol_missing && is_last(s) && f == s->out)
        s->owes_eol = true;
    else
        vf_putc(f, s->eol);
    if (s->unbuffered)
        (void)vf_flush(f);
}

static void put_text(struct sed *s, const char *text, size_t n)
{
    pay_newline(s, s->out);
    vf_write(s->out, text, n);
}

static void defer(struct sed *s, char kind, const char *text, size_t n)
{
    struct append *a = vm_alloc(s->r->p, sizeof(*a));
    *a = (struct append){NULL, text, n, kind};
    *s->app_end = a;
    s->app_end = &a->next;
}

static void put_file_line(struct sed *s, const char *name)
{
    struct reader *rd = s->readers;
    int err;
    size_t n;
    while (rd && strcmp(rd->name, name))
        rd = rd->next;
    if (!rd) {
        rd = vm_alloc(s->r->p, sizeof(*rd));
        *rd = (struct reader){s->readers, name, vf_open(s->r->p, name, "re", &err)};
        s->readers = rd;
    }
    char *line = rd->f ? vf_getdelim(rd->f, s->eol, &n) : NULL;
    if (!line)
        return;
    put_text(s, line, n);
    if (line[n - 1] != s->eol)
        vf_putc(s->out, s->eol);
}

static void flush_appends(struct sed *s)
{
    for (struct append *a = s->app, *next; a; a = next) {
        next = a->next;
        if (a->kind == 'a') {
            put_text(s, a->text, a->n);
        } else if (a->kind == 'R') {
            put_file_line(s, a->text);
        } else {
            int err;
            struct vfile *f =
                !strcmp(a->text, "/dev/stdin") ? s->r->in : vf_open(s->r->p, a->text, "re", &err);
            char block[4096];
            for (size_t n; f && (n = vf_read(f, block, sizeof(block)));)
                put_text(s, block, n);
            if (f && f != s->r->in)
                (void)vf_close(f);
        }
        vm_release(s->r->p, a, sizeof(*a));
    }
    s->app = NULL;
    s->app_end = &s->app;
}

static void list_line(struct sed *s, int64_t wrap)
{
    struct vfile *o = s->out;
    int64_t width = wrap < 0 ? s->wrap : wrap, at = 0;
    for (size_t i = 0; i < s->pat.n; i++) {
        unsigned char c = (unsigned char)s->pat.s[i];
        char text[8];
        static const char from[] = "\\\a\b\f\n\r\t\v", to[] = "\\abfnrtv";
        const char *e = c ? strchr(from, c) : NULL;
        if (e)
            str_fmt(text, sizeof(text), "\\%c", to[e - from]);
        else if (c < 32 || c > 126)
            str_fmt(text, sizeof(text), "\\%03o", c);
        else
            str_fmt(text, sizeof(text), "%c", c);
        if (width > 1 && at + (int64_t)strlen(text) > width - 1) {
            vf_puts(o, "\\\n");
            at = 0;
        }
        vf_puts(o, text);
        at += (int64_t)strlen(text);
    }
    vf_puts(o, "$\n");
}

/* --- addresses ----------------------------------------------------------------------------- */

static bool matches(struct sed *s, struct regex *re, size_t from, struct regex_match *m, size_t nm)
{
    if (!re)
        re = s->last;
    if (!re) {
        cmd_warn(s->r, "-e expression #1, char 0: no previous regular expression");
        vm_exit(s->r->p, 1);
    }
    s->last = re;
    regex_tick(re, tick, s->r->p);
    return regex_exec(re, str_text(&s->pat), s->pat.n, from, m, nm) == 1;
}

static bool at_address(struct sed *s, const struct sed_addr *a)
{
    switch (a->kind) {
    case AD_LINE:
        return s->line == a->n;
    case AD_LAST:
        return is_last(s);
    case AD_REGEX:
        return matches(s, a->re, 0, NULL, 0);
    case AD_STEP:
        return a->step ? s->line >= a->n && (s->line - a->n) % a->step == 0 : s->line == a->n;
    default:
        return false;
    }
}

static bool selected(struct sed *s, struct sed_cmd *c)
{
    if (!c->a1.kind)
        return true;
    if (!c->a2.kind)
        return at_address(s, &c->a1);
    if (!c->in_range) {
        if (c->a1.kind == AD_ZERO ? s->line != 1 || c->range_done : !at_address(s, &c->a1))
            return false;
        c->range_done = true;
        switch (c->a2.kind) {
        case AD_LINE:
            if (c->a2.n <= s->line)
                return true;
            break;
        case AD_PLUS:
            if (!c->a2.n)
                return true;
            c->range_end = s->line + c->a2.n;
            break;
        case AD_MULTIPLE:
            if (!c->a2.n)
                return true;
            c->range_end = (s->line / c->a2.n + 1) * c->a2.n;
            break;
        case AD_REGEX:
            /* 0,/re/ may end on the very first line */
            if (c->a1.kind == AD_ZERO && at_address(s, &c->a2))
                return true;
            break;
        default:
            break;
        }
        c->in_range = !(c->a2.kind == AD_LAST && is_last(s));
        return true;
    }
    switch (c->a2.kind) {
    case AD_LINE:
        c->in_range = s->line < c->a2.n;
        return s->line <= c->a2.n;
    case AD_PLUS:
    case AD_MULTIPLE:
        c->in_range = s->line < c->range_end;
        break;
    default:
        c->in_range = !at_address(s, &c->a2);
    }
    return true;
}

/* --- substitution --------------------------------------------------------------------------- */

static void add_cased(struct str *out, const char *t, size_t n, char *once, char mode)
{
    for (size_t i = 0; i < n; i++) {
        char c = t[i], how = *once ? *once : mode;
        *once = 0;
        if ((how == 'U' || how == 'u') && c >= 'a' && c <= 'z')
            c ^= 0x20;
        if ((how == 'L' || how == 'l') && c >= 'A' && c <= 'Z')
            c ^= 0x20;
        str_putc(out, c);
    }
}

static void add_replacement(struct sed *s, struct str *out, const struct sed_piece *p,
                            const struct regex_match *m)
{
    char mode = 0, once = 0;
    for (; p; p = p->next) {
        if (p->change == 'u' || p->change == 'l')
            once = p->change;
        else if (p->change) {
            mode = p->change == 'E' ? 0 : p->change;
            once = 0;
        }
        if (!mode && !once)
            str_add(out, p->text, p->n);
        else
            add_cased(out, p->text, p->n, &once, mode);
        if (p->group < 0 || m[p->group].so == (size_t)-1)
            continue;
        const char *t = s->pat.s ? s->pat.s + m[p->group].so : "";
        size_t n = m[p->group].eo - m[p->group].so;
        if (!mode && !once)
            str_add(out, t, n);
        else
            add_cased(out, t, n, &once, mode);
    }
}

static size_t char_at(struct sed *s, size_t at)
{
    uint32_t rune;
    size_t n = cmd_utf8(s->r->p) ? utf8_decode(s->pat.s + at, s->pat.n - at, &rune) : 1;
    return n ? n : 1;
}

static bool substitute(struct sed *s, struct sed_cmd *c)
{
    struct regex_match m[10];
    int groups = 0;
    for (const struct sed_piece *p = c->with; p; p = p->next)
        groups = p->group > groups ? p->group : groups;
    if (!matches(s, c->re, 0, m, (size_t)groups + 1))
        return false;
    struct str out;
    str_init(&out, s->r->arena);
    size_t at = 0, copied = 0, last_end = (size_t)-1;
    uint64_t count = 0;
    bool done = false;
    do {
        str_add(&out, str_text(&s->pat) + copied, m[0].so - copied);
        copied = m[0].so;
        bool counts = m[0].eo > m[0].so || m[0].so != last_end;
        count += counts;
        if (counts && count >= (c->nth ? c->nth : 1)) {
            add_replacement(s, &out, c->with, m);
            copied = m[0].eo;
            done = true;
            if (!c->global)
                break;
        } else if (counts) {
            str_add(&out, str_text(&s->pat) + copied, m[0].eo - copied);
            copied = m[0].eo;
        }
        at = last_end = m[0].eo;
        if (m[0].eo == m[0].so) {
            if (at >= s->pat.n)
                break;
            size_t n = char_at(s, at);
            str_add(&out, s->pat.s + at, n);
            at += n;
            copied = at;
        }
    } while (at <= s->pat.n && matches(s, c->re, at, m, (size_t)groups + 1));
    if (copied < s->pat.n)
        str_add(&out, s->pat.s + copied, s->pat.n - copied);
    if (done) {
        struct str old = s->pat;
        s->pat = out;
        str_release(&old);
    } else {
        str_release(&out);
    }
    return done;
}

/* --- the cycle ----------------------------------------------------------------------------------
 */

static void end_cycle(struct sed *s)
{
    if (!s->quiet)
        put_line(s, s->out, str_text(&s->pat), s->pat.n);
    flush_appends(s);
}

enum outcome { NEXT_CYCLE, RESTART, QUIT };

static enum outcome quit(struct sed *s, const struct sed_cmd *c, bool print)
{
    if (print)
        end_cycle(s);
    s->status = (int)c->n & 255;
    s->quit = true;
    return QUIT;
}

static size_t first_line(const struct str *b)
{
    const char *p = b->n ? memchr(b->s, '\n', b->n) : NULL;
    return p ? (size_t)(p - b->s) : b->n;
}

/* long: one case a command. Runs the program over the pattern space. */
static enum outcome run_script(struct sed *s)
{
    struct cmd_run *r = s->r;
    s->replaced = false;
    for (size_t pc = 0; pc < s->script.n; pc++) {
        struct sed_cmd *c = &s->script.cmd[pc];
        vm_tick(r->p, 2);
        if (c->name == '}' || c->name == ':')
            continue;
        bool on = selected(s, c) != c->negate;
        if (c->name == '{') {
            pc = on ? pc : c->jump;
            continue;
        }
        if (!on)
            continue;
        switch (c->name) {
        case '=':
            vf_printf(s->out, "%lu\n", (unsigned long)s->line);
            break;
        case 'a':
            defer(s, 'a', c->text, c->text_n);
            break;
        case 'i':
            put_text(s, c->text, c->text_n);
            break;
        case 'c':
            if (!c->a2.kind || !c->in_range || c->negate)
                put_text(s, c->text, c->text_n);
            flush_appends(s);
            return NEXT_CYCLE;
        case 'b':
            pc = c->jump;
            break;
        case 't':
            if (s->replaced) {
                s->replaced = false;
                pc = c->jump;
            }
            break;
        case 'T':
            if (!s->replaced)
                pc = c->jump;
            s->replaced = false;
            break;
        case 'd':
            flush_appends(s);
            return NEXT_CYCLE;
        case 'D': {
            size_t n = first_line(&s->pat);
            if (n == s->pat.n) {
                flush_appends(s);
                return NEXT_CYCLE;
            }
            memmove(s->pat.s, s->pat.s + n + 1, s->pat.n - n - 1);
            str_trunc(&s->pat, s->pat.n - n - 1);
            flush_appends(s);
            return RESTART;
        }
        case 'F':
            vf_printf(s->out, "%s\n", s->name);
            break;
        case 'g':
            str_trunc(&s->pat, 0);
            str_add(&s->pat, str_text(&s->hold), s->hold.n);
            break;
        case 'G':
            str_putc(&s->pat, '\n');
            str_add(&s->pat, str_text(&s->hold), s->hold.n);
            break;
        case 'h':
            str_trunc(&s->hold, 0);
            str_add(&s->hold, str_text(&s->pat), s->pat.n);
            break;
        case 'H':
            str_putc(&s->hold, '\n');
            str_add(&s->hold, str_text(&s->pat), s->pat.n);
            break;
        case 'x': {
            struct str t = s->pat;
            s->pat = s->hold;
            s->hold = t;
            break;
        }
        case 'l':
            list_line(s, c->n);
            break;
        case 'n':
            if (is_last(s) && !(s->separate && s->at < s->nfiles)) {
                end_cycle(s);
                s->quit = true;
                return QUIT;
            }
            if (!s->quiet)
                put_line(s, s->out, str_text(&s->pat), s->pat.n);
            flush_appends(s);
            if (!read_line(s, false))
                return QUIT;
            break;
        case 'N':
            flush_appends(s);
            if (!read_line(s, true)) {
                end_cycle(s);
                return s->separate ? NEXT_CYCLE : QUIT;
            }
            break;
        case 'p':
            put_line(s, s->out, str_text(&s->pat), s->pat.n);
            break;
        case 'P':
            put_line(s, s->out, str_text(&s->pat), first_line(&s->pat));
            break;
        case 'q':
            return quit(s, c, true);
        case 'Q':
            return quit(s, c, false);
        case 'r':
            defer(s, 'r', c->text, 0);
            break;
        case 'R':
            defer(s, 'R', c->text, 0);
            break;
        case 's':
            if (substitute(s, c)) {
                s->replaced = true;
                if (c->print)
                    put_line(s, s->out, str_text(&s->pat), s->pat.n);
                if (c->out)
                    put_line(s, c->out->f == r->out ? s->out : c->out->f, str_text(&s->pat),
                             s->pat.n);
            }
            break;
        case 'w':
            put_line(s, c->out->f == r->out ? s->out : c->out->f, str_text(&s->pat), s->pat.n);
            break;
        case 'W':
            put_line(s, c->out->f == r->out ? s->out : c->out->f, str_text(&s->pat),
                     first_line(&s->pat));
            break;
        case 'y':
            for (size_t i = 0; i < s->pat.n; i++)
                s->pat.s[i] = c->text[(unsigned char)s->pat.s[i]];
            break;
        case 'z':
            str_trunc(&s->pat, 0);
            break;
        default:
            break;
        }
    }
    end_cycle(s);
    return NEXT_CYCLE;
}

static void run_all(struct sed *s)
{
    enum outcome o = NEXT_CYCLE;
    while (o != QUIT) {
        if (o == NEXT_CYCLE && !read_line(s, false))
            break;
        o = run_script(s);
    }
    if (s->quit && s->in_place && s->in) {
        /* q with -i: what was not read stays as it is */
        size_t n;
        if (s->has_ahead) {
            vf_write(s->out, str_text(&s->ahead), s->ahead.n);
            if (s->ahead_eol)
                vf_putc(s->out, s->eol);
        }
        for (char *line; (line = vf_getdelim(s->in, s->eol, &n));)
            vf_write(s->out, line, n);
    }
    close_file(s);
    for (struct sed_out *o2 = s->script.outs; o2; o2 = o2->next)
        (void)vf_flush(o2->f);
}

/* --- options
 * ----------------------------------------------------------------------------------------- */

static bool add_file(struct sed *s, const char *name, unsigned flags)
{
    struct cmd_run *r = s->r;
    int err;
    size_t n;
    struct vfile *f = strcmp(name, "-") ? vf_open(r->p, name, "re", &err) : r->in;
    if (!f) {
        cmd_warn(r, "couldn't open file %s: %s", name, vm_strerror(-err));
        return false;
    }
    struct str b;
    str_init(&b, r->arena);
    for (char *line; (line = vf_getline(f, &n));)
        str_add(&b, line, n);
    if (str_starts(str_text(&b), "#!")) {
        size_t skip = strcspn(b.s, "\n");
        memset(b.s, ' ', skip);
    }
    return sed_parse(r, &s->script, str_text(&b), b.n, name, true, flags);
}

static int sed_run(struct cmd_run *r)
{
    struct sed s = {.r = r, .eol = '\n', .wrap = 70, .out = r->out};
    unsigned flags = REGEX_STRICT | (cmd_has(r, 'E') || cmd_has(r, 'r') ? REGEX_ERE : 0) |
                     (cmd_utf8(r->p) ? REGEX_UTF8 : 0);
    str_init(&s.pat, r->arena);
    str_init(&s.hold, r->arena);
    str_init(&s.ahead, r->arena);
    s.app_end = &s.app;
    s.quiet = cmd_has(r, 'n');
    s.in_place = cmd_has(r, 'i');
    s.suffix = cmd_arg(r, 'i');
    s.separate = s.in_place || cmd_has(r, 's');
    s.unbuffered = cmd_has(r, 'u');
    if (cmd_has(r, 'z'))
        s.eol = '\0';
    int64_t wrap;
    if (cmd_arg(r, 'l') && !str_int(cmd_arg(r, 'l'), 0, INT32_MAX, &wrap))
        s.wrap = wrap;
    /* Pieces of -e are joined by newlines, so that "a\" may go on in the next. */
    struct str script;
    str_init(&script, r->arena);
    int parts = 0;
    for (const char *o = r->opt; *o; o++) {
        if (*o == 'e') {
            if (parts++)
                str_putc(&script, '\n');
            str_puts(&script, r->optarg[o - r->opt]);
        } else if (*o == 'f') {
            if (parts && !sed_parse(r, &s.script, str_text(&script), script.n, "-e expression #1",
                                    false, flags))
                return 1;
            parts = 0;
            str_init(&script, r->arena);
            if (!add_file(&s, r->optarg[o - r->opt], flags))
                return 1;
        }
    }
    s.files = r->argv;
    s.nfiles = r->argc;
    if (!cmd_has(r, 'e') && !cmd_has(r, 'f')) {
        if (!s.nfiles)
            return cmd_usage(r);
        str_puts(&script, *s.files++);
        s.nfiles--;
        parts = 1;
    }
    const char *which =
        parts > 1 ? vm_asprintf(r->p, "-e expression #%d", parts) : "-e expression #1";
    if (parts && !sed_parse(r, &s.script, str_text(&script), script.n, which, false, flags))
        return 1;
    if (!sed_finish(r, &s.script))
        return 4;
    s.quiet |= s.script.silent;
    static char *standard[] = {"-", NULL};
    if (!s.nfiles) {
        s.files = standard;
        s.nfiles = 1;
        if (s.in_place)
            s.in_place = s.separate = false;
    }
    run_all(&s);
    return s.status;
}

static const char *const sed_longs[] = {"binary=b",
                                        "regexp-extended=r",
                                        "debug=\1",
                                        "in-place?=i",
                                        "expression:=e",
                                        "file:=f",
                                        "line-length:=l",
                                        "null-data=z",
                                        "zero-terminated=z",
                                        "quiet=n",
                                        "posix=\2",
                                        "silent=n",
                                        "sandbox=\3",
                                        "separate=s",
                                        "unbuffered=u",
                                        "follow-symlinks=\4",
                                        NULL};

const struct cmd cmd_sed = {.name = "sed",
                            .opts = "bsnrzuEe:f:l:i::V:",
                            .longs = sed_longs,
                            .run = sed_run,
                            .flags = CMD_HELP_ERR};
