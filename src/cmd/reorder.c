/* reorder.c -- lines turned round or joined: tac, rev, paste, nl.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "base/regex.h"
#include "cmd/cmd.h"

/* All of a stream in the arena. */
static void read_all(struct vfile *f, struct str *b)
{
    char block[4096];
    for (size_t n; (n = vf_read(f, block, sizeof(block))) > 0;)
        str_add(b, block, n);
}

/* --- tac ------------------------------------------------------------------------------- */

static void tac_text(struct cmd_run *r, const char *s, size_t n, const char *sep, bool before)
{
    size_t len = strlen(sep), end = n;
    if (!len)
        return vf_write(r->out, s, n);
    /* A record reaches from after one separator to the end of the next. */
    for (size_t i = n >= len ? n - len + 1 : 0; i-- > 0;) {
        if (i % 1024 == 0)
            vm_tick(r->p, 16);
        if (memcmp(s + i, sep, len) != 0)
            continue;
        size_t cut = before ? i : i + len;
        if (cut < end || before)
            vf_write(r->out, s + cut, end - cut);
        end = cut;
        if (i < len)
            continue;
        i -= len - 1;
    }
    vf_write(r->out, s, end);
}

static int tac_run(struct cmd_run *r)
{
    const char *sep = cmd_arg(r, 's') ? cmd_arg(r, 's') : "\n";
    char dash[] = "-", *standard[] = {dash, NULL};
    int status = 0;
    if (!*sep && cmd_has(r, 'r')) {
        cmd_warn(r, "separator cannot be empty");
        return 1;
    }
    for (char **a = r->argc ? r->argv : standard; *a; a++) {
        int fd = cmd_open(r, *a);
        if (fd < 0) {
            cmd_warn_err(r, fd, "failed to open %s for reading", cmd_quote(r, *a));
            status = 1;
            continue;
        }
        struct vfile *f = fd ? vf_fdopen(r->p, fd, "r") : r->in;
        struct str b;
        str_init(&b, r->arena);
        read_all(f, &b);
        if (vf_error(f)) {
            cmd_warn_err(r, vf_error(f), "%s: read error", cmd_quotef(r, *a));
            status = 1;
        } else {
            tac_text(r, str_text(&b), b.n, sep, cmd_has(r, 'b'));
        }
        str_release(&b);
        cmd_stream_close(r, f);
    }
    return status;
}

static const char *const tac_longs[] = {"before=b", "regex=r", "separator:=s", NULL};
const struct cmd cmd_tac = {.name = "tac", .opts = "brs:", .longs = tac_longs, .run = tac_run};

/* --- rev ------------------------------------------------------------------------------- */

static void rev_line(struct cmd_run *r, const char *s, size_t n)
{
    bool end = n && s[n - 1] == '\n', utf8 = cmd_utf8(r->p);
    n -= end;
    while (n) {
        size_t from = n - 1;
        uint32_t rune;
        while (utf8 && from && n - from < 4 && ((unsigned char)s[from] & 0xc0) == 0x80)
            from--;
        if (utf8 && utf8_decode(s + from, n - from, &rune) != n - from)
            from = n - 1;
        vf_write(r->out, s + from, n - from);
        n = from;
    }
    if (end)
        vf_putc(r->out, '\n');
}

static int rev_run(struct cmd_run *r)
{
    char dash[] = "-", *standard[] = {dash, NULL};
    int status = 0;
    for (char **a = r->argc ? r->argv : standard; *a; a++) {
        int fd = r->argc ? vm_open(r->p, *a, 0, 0) : 0;
        if (fd < 0) {
            cmd_warn_err(r, fd, "cannot open %s", *a);
            status = 1;
            continue;
        }
        struct vfile *f = fd ? vf_fdopen(r->p, fd, "r") : r->in;
        size_t n;
        for (char *line; (line = vf_getdelim(f, cmd_has(r, '0') ? 0 : '\n', &n));)
            rev_line(r, line, n);
        cmd_stream_close(r, f);
    }
    return status;
}

static const char *const rev_longs[] = {"zero=0", NULL};
const struct cmd cmd_rev = {.name = "rev", .opts = "0hV", .longs = rev_longs, .run = rev_run};

/* --- paste ----------------------------------------------------------------------------- */

/* -d's list with escapes undone: how many; 256 stands for none at all (\0). */
static int delimiters(const char *s, int *out, int max)
{
    static const char from[] = "abfnrtv\\", to[] = "\a\b\f\n\r\t\v\\";
    int n = 0;
    for (; *s && n < max; s++) {
        int c = (unsigned char)*s;
        if (c == '\\' && s[1]) {
            const char *e = strchr(from, *++s);
            c = *s == '0' ? 256 : e ? to[e - from] : (unsigned char)*s;
        }
        out[n++] = c;
    }
    if (!n)
        out[n++] = 256;
    return n;
}

static void put_delimiter(struct cmd_run *r, int c)
{
    if (c != 256)
        vf_putc(r->out, c);
}

static void paste_parallel(struct cmd_run *r, struct vfile **f, const int *delim, int n)
{
    int end = cmd_has(r, 'z') ? 0 : '\n';
    for (;;) {
        /* Delimiters of files that have ended wait until one still has a line. */
        int written = 0;
        bool any = false;
        for (int i = 0; i < r->argc; i++) {
            size_t len = 0;
            char *line = f[i] ? vf_getdelim(f[i], end, &len) : NULL;
            if (!line) {
                f[i] = NULL;
                continue;
            }
            any = true;
            for (; written < i; written++)
                put_delimiter(r, delim[written % n]);
            vf_write(r->out, line, len - (len && line[len - 1] == end));
        }
        if (!any)
            return;
        for (; written < r->argc - 1; written++)
            put_delimiter(r, delim[written % n]);
        vf_putc(r->out, end);
    }
}

static void paste_serial(struct cmd_run *r, struct vfile *f, const int *delim, int n)
{
    int end = cmd_has(r, 'z') ? 0 : '\n', i = 0;
    size_t len;
    for (char *line; (line = vf_getdelim(f, end, &len)); i++) {
        if (i)
            put_delimiter(r, delim[(i - 1) % n]);
        vf_write(r->out, line, len - (len && line[len - 1] == end));
    }
    vf_putc(r->out, end);
}

static int paste_run(struct cmd_run *r)
{
    int delim[256], status = 0;
    int n = delimiters(cmd_arg(r, 'd') ? cmd_arg(r, 'd') : "\t", delim, 256);
    static char dash[] = "-";
    char *standard[] = {dash, NULL};
    if (!r->argc) {
        r->argv = standard;
        r->argc = 1;
    }
    bool serial = cmd_has(r, 's');
    struct vfile **f = vm_alloc(r->p, (size_t)r->argc * sizeof(struct vfile *));
    for (int i = 0; i < r->argc; i++) {
        f[i] = cmd_stream(r, r->argv[i]);
        if (f[i] && serial)
            paste_serial(r, f[i], delim, n);
        if (!f[i]) {
            status = 1;
            if (!serial)
                return 1;
        }
    }
    if (!serial)
        paste_parallel(r, f, delim, n);
    return status;
}

static const char *const paste_longs[] = {"delimiters:=d", "serial=s", "zero-terminated=z", NULL};
const struct cmd cmd_paste = {
    .name = "paste", .opts = "d:sz", .longs = paste_longs, .run = paste_run};

/* --- nl -------------------------------------------------------------------------------- */

struct nl {
    struct cmd_run *r;
    const char *style[3]; /* of header, body, footer */
    struct regex *re[3];
    const char *sep;
    char format; /* 0: "ln", 1: "rn", 2: "rz" */
    int64_t number, start, step, width, blanks;
    int section;
};

static bool numbered(struct nl *nl, const char *s, size_t n, int64_t *blank)
{
    const char *style = nl->style[nl->section];
    switch (*style) {
    case 'a':
        if (n)
            return *blank = 0, true;
        return ++*blank % nl->blanks == 0;
    case 't':
        return n > 0;
    case 'p': {
        struct regex *re = nl->re[nl->section];
        return re && regex_exec(re, s, n, 0, NULL, 0) == 1;
    }
    default:
        return false;
    }
}

static void nl_line(struct nl *nl, const char *s, size_t n, int64_t *blank)
{
    struct vfile *out = nl->r->out;
    if (numbered(nl, s, n, blank)) {
        switch (nl->format) {
        case 0:
            vf_printf(out, "%-*lld%s", (int)nl->width, (long long)nl->number, nl->sep);
            break;
        case 1:
            vf_printf(out, "%*lld%s", (int)nl->width, (long long)nl->number, nl->sep);
            break;
        default:
            vf_printf(out, "%0*lld%s", (int)nl->width, (long long)nl->number, nl->sep);
            break;
        }
        nl->number += nl->step;
    } else {
        vf_printf(out, "%*s", (int)(nl->width + (int64_t)strlen(nl->sep)), "");
    }
    vf_write(out, s, n);
    vf_putc(out, '\n');
}

static bool nl_set(struct nl *nl, int64_t *to, int c, const char *what, int64_t min)
{
    const char *arg = cmd_arg(nl->r, c);
    if (!arg || !str_int(arg, min, INT32_MAX, to))
        return true;
    cmd_warn(nl->r, "invalid %s: %s", what, cmd_quotel(nl->r, arg));
    return false;
}

static bool nl_styles(struct nl *nl)
{
    static const char *const what[] = {"header", "body", "footer"};
    for (int i = 0; i < 3; i++) {
        const char *arg = cmd_arg(nl->r, "hbf"[i]), *why;
        nl->style[i] = arg ? arg : i == 1 ? "t" : "n";
        arg = nl->style[i];
        if (!strchr("atnp", *arg) || !*arg || (*arg != 'p' && arg[1])) {
            cmd_warn(nl->r, "invalid %s numbering style: %s", what[i], cmd_quotel(nl->r, arg));
            (void)cmd_usage(nl->r);
            return false;
        }
        if (*arg == 'p' &&
            !(nl->re[i] = regex_new(nl->r->arena, arg + 1, strlen(arg + 1), 0, &why))) {
            cmd_warn(nl->r, "%s", why);
            return false;
        }
    }
    return true;
}

static int nl_run(struct cmd_run *r)
{
    struct nl nl = {
        .r = r, .start = 1, .step = 1, .width = 6, .blanks = 1, .format = 1, .section = 1};
    const char *format = cmd_arg(r, 'n'), *delim = cmd_arg(r, 'd') ? cmd_arg(r, 'd') : "\\:";
    nl.sep = cmd_arg(r, 's') ? cmd_arg(r, 's') : "\t";
    if (!nl_styles(&nl) || !nl_set(&nl, &nl.start, 'v', "starting line number", INT32_MIN) ||
        !nl_set(&nl, &nl.step, 'i', "line number increment", INT32_MIN) ||
        !nl_set(&nl, &nl.blanks, 'l', "line number of blank lines", 1) ||
        !nl_set(&nl, &nl.width, 'w', "line number field width", 1))
        return 1;
    if (format && strcmp(format, "ln") && strcmp(format, "rn") && strcmp(format, "rz")) {
        cmd_warn(r, "invalid line numbering format: %s", cmd_quotel(r, format));
        return cmd_usage(r);
    }
    if (format)
        nl.format = !strcmp(format, "ln") ? 0 : !strcmp(format, "rn") ? 1 : 2;
    nl.number = nl.start;
    char mark[3] = {delim[0], delim[0] && delim[1] ? delim[1] : ':', 0};
    static char dash[] = "-";
    char *standard[] = {dash, NULL};
    int status = 0;
    int64_t blank = 0;
    for (char **a = r->argc ? r->argv : standard; *a; a++) {
        struct vfile *f = cmd_stream(r, *a);
        if (!f) {
            status = 1;
            continue;
        }
        size_t n;
        for (char *line; (line = vf_getline(f, &n));) {
            n -= n && line[n - 1] == '\n';
            size_t marks = 0;
            while (n >= 2 * (marks + 1) && !memcmp(line + 2 * marks, mark, 2))
                marks++;
            if (marks && marks <= 3 && n == 2 * marks) {
                nl.section = 3 - (int)marks;
                if (!cmd_has(r, 'p'))
                    nl.number = nl.start;
                vf_putc(r->out, '\n');
            } else {
                nl_line(&nl, line, n, &blank);
            }
        }
        cmd_stream_close(r, f);
    }
    return status;
}

static const char *const nl_longs[] = {
    "body-numbering:=b",   "section-delimiter:=d",    "footer-numbering:=f", "header-numbering:=h",
    "line-increment:=i",   "join-blank-lines:=l",     "number-format:=n",    "no-renumber=p",
    "number-separator:=s", "starting-line-number:=v", "number-width:=w",     NULL};
const struct cmd cmd_nl = {
    .name = "nl", .opts = "b:d:f:h:i:l:n:ps:v:w:", .longs = nl_longs, .run = nl_run};
