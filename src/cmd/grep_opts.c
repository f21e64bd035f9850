/* grep_opts.c -- grep's options and patterns.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>

#include "cmd/grep.h"

static void tick(void *ctx, unsigned steps)
{
    vm_tick(ctx, steps);
}

void grep_add_patterns(struct grep_patterns *ps, const char *s, size_t n)
{
    if (ps->any)
        str_putc(&ps->text, '\n');
    str_add(&ps->text, s, n);
    ps->any = true;
}

/* -f FILE; an empty file has no pattern at all. */
static bool pattern_file(struct grep *g, struct grep_patterns *ps, const char *file, bool *none)
{
    struct vfile *f = cmd_stream(g->r, file);
    if (!f)
        return false;
    size_t n;
    for (char *line; (line = vf_getline(f, &n));) {
        grep_add_patterns(ps, line, n - (line[n - 1] == '\n'));
        *none = false;
    }
    cmd_stream_close(g->r, f);
    return true;
}

/* Several patterns become one with alternatives. */
static void join_patterns(struct grep *g, const char *text, size_t n, struct str *out)
{
    const char *end = text + n;
    str_init(out, g->r->arena);
    for (const char *s = text;;) {
        const char *nl = memchr(s, '\n', (size_t)(end - s));
        size_t len = (size_t)((nl ? nl : end) - s);
        if (g->kind == 'F') {
            for (size_t i = 0; i < len; i++) {
                if (s[i] && strchr(".[\\*^$", s[i]))
                    str_putc(out, '\\');
                str_putc(out, s[i]);
            }
        } else {
            str_add(out, s, len);
        }
        if (!nl)
            break;
        str_puts(out, g->kind == 'E' || g->kind == 'P' ? "|" : "\\|");
        s = nl + 1;
    }
}

bool grep_compile(struct grep *g, const struct grep_patterns *ps, bool none)
{
    const char *why = NULL, *text = str_text(&ps->text);
    size_t n = ps->text.n;
    struct str joined;
    unsigned flags = (g->kind == 'E' ? REGEX_ERE | REGEX_PAREN_ORD : 0) |
                     (g->icase ? REGEX_ICASE : 0) | (g->utf8 ? REGEX_UTF8 : 0) |
                     (g->zero ? 0 : REGEX_NEWLINE) | (g->word && !g->line ? REGEX_WORDS : 0) |
                     (g->line ? REGEX_LINES : 0);
    if (none) {
        /* No pattern matches nothing: an empty set. */
        g->re = regex_new(g->r->arena, "a\\`b", 4, 0, &why);
        return g->re != NULL;
    }
    if (memchr(text, '\n', n)) {
        join_patterns(g, text, n, &joined);
        text = str_text(&joined);
        n = joined.n;
    } else if (g->kind == 'F') {
        flags |= REGEX_LITERAL;
    }
    if (g->kind == 'P') {
        g->perl = perl_regex_new(g->r->p, text, n, g->icase, g->utf8, g->word, g->line, &why);
        if (!g->perl)
            cmd_warn(g->r, "%s", why);
        return g->perl != NULL;
    }
    if (g->kind == 'E' && *text == '*')
        cmd_warn(g->r, "warning: * at start of expression");
    g->re = regex_new(g->r->arena, text, n, flags, &why);
    if (!g->re) {
        /* A bracket right at the end is told differently. */
        if (why && str_starts(why, "Unmatched [") && (text[n - 1] == '[' || str_ends(text, "[^")))
            why = "Invalid regular expression";
        cmd_warn(g->r, "%s", why);
        return false;
    }
    regex_tick(g->re, tick, g->r->p);
    return true;
}

static bool context(struct cmd_run *r, const char *arg, int64_t *out)
{
    uint64_t n;
    int err = *arg == '+' || *arg == '-' ? -EINVAL : cmd_number(arg, "", &n);
    if (err == -EINVAL) {
        cmd_warn(r, "%s: invalid context length argument", arg);
        return false;
    }
    *out = n > INT64_MAX ? INT64_MAX : (int64_t)n;
    return true;
}

static void push(struct grep *g, const char ***list, size_t *n, const char *s)
{
    const char **more = vm_alloc(g->r->p, (*n + 1) * sizeof(*more));
    if (*n)
        memcpy(more, *list, *n * sizeof(*more));
    more[(*n)++] = s;
    *list = more;
}

static bool terminal_colour(struct proc *p)
{
    const char *term = vm_getenv(p, "TERM");
    return vm_isatty(p, 1) && term && strcmp(term, "dumb");
}

enum {
    O_COLOUR = 1,
    O_INCLUDE,
    O_EXCLUDE,
    O_EXCLUDE_DIR,
    O_LABEL,
    O_BUFFER,
    O_BINARY,
    O_NO_CASE,
    O_SEPARATOR,
    O_EXCLUDE_FROM,
    O_NO_SEPARATOR
};

/* long: one case an option */
static int set_option(struct grep *g, struct grep_patterns *ps, int o, const char *arg, bool *none)
{
    struct cmd_run *r = g->r;
    int64_t n;
    switch (o) {
    case 'E':
    case 'F':
    case 'G':
    case 'P':
        g->kind = (char)o;
        break;
    case 'e':
        grep_add_patterns(ps, arg, strlen(arg));
        *none = false;
        break;
    case 'f':
        if (!pattern_file(g, ps, arg, none))
            return 2;
        break;
    case 'i':
    case 'y':
        g->icase = true;
        break;
    case O_NO_CASE:
        g->icase = false;
        break;
    case 'v':
        g->invert = true;
        break;
    case 'w':
        g->word = true;
        break;
    case 'x':
        g->line = true;
        break;
    case 'c':
        g->count = true;
        break;
    case 'l':
        g->list = true;
        g->list_not = false;
        break;
    case 'L':
        g->list_not = true;
        g->list = false;
        break;
    case 'q':
        g->quiet = true;
        break;
    case 's':
        g->silent = true;
        break;
    case 'n':
        g->number = true;
        break;
    case 'o':
        g->only = true;
        break;
    case 'b':
        g->offset = true;
        break;
    case 'H':
        g->names = NAMES_YES;
        break;
    case 'h':
        g->names = NAMES_NO;
        break;
    case 'Z':
        g->null = true;
        break;
    case 'z':
        g->zero = true;
        g->eol = '\0';
        break;
    case 'T':
        g->initial_tab = true;
        break;
    case 'a':
        g->binary = BIN_TEXT;
        break;
    case 'I':
        g->binary = BIN_SKIP;
        break;
    case 'U':
    case 'u':
        break;
    case 'r':
        g->recursive = true;
        break;
    case 'R':
        g->recursive = g->follow = true;
        break;
    case 'm':
        if (str_int(arg, INT64_MIN, INT64_MAX, &n)) {
            cmd_warn(r, "invalid max count");
            return 2;
        }
        g->max = n < 0 ? INT64_MAX : n;
        break;
    case 'A':
        return context(r, arg, &g->after) ? 0 : 2;
    case 'B':
        return context(r, arg, &g->before) ? 0 : 2;
    case 'C':
        if (!context(r, arg, &n))
            return 2;
        g->before = g->before < 0 ? n : g->before;
        g->after = g->after < 0 ? n : g->after;
        break;
    case 'd':
        if (!strcmp(arg, "skip"))
            g->skip_dirs = true;
        else if (!strcmp(arg, "recurse"))
            g->recursive = true;
        break;
    case O_COLOUR:
        g->colour = arg && !strcmp(arg, "always");
        if (!arg || !strcmp(arg, "auto"))
            g->colour = terminal_colour(r->p);
        break;
    case O_INCLUDE:
        push(g, &g->include, &g->ninclude, arg);
        break;
    case O_EXCLUDE:
        push(g, &g->exclude, &g->nexclude, arg);
        break;
    case O_EXCLUDE_DIR:
        push(g, &g->exclude_dir, &g->nexclude_dir, arg);
        break;
    case O_LABEL:
        g->label = arg;
        break;
    case O_BUFFER:
        g->unbuffered = true;
        break;
    case O_BINARY:
        g->binary = !strcmp(arg, "text")            ? BIN_TEXT
                    : !strcmp(arg, "without-match") ? BIN_SKIP
                                                    : BIN_REPORT;
        break;
    default:
        break;
    }
    return 0;
}

/* "-5" is a context; digits gather. -C is weaker than -A and -B. */
int grep_set_options(struct grep *g, struct grep_patterns *ps, bool *none)
{
    struct cmd_run *r = g->r;
    struct str digits;
    str_init(&digits, r->arena);
    for (const char *o = r->opt; *o; o++) {
        if (*o >= '0' && *o <= '9')
            str_putc(&digits, *o);
        else if (*o != 'C') {
            int status = set_option(g, ps, *o, r->optarg[o - r->opt], none);
            if (status)
                return status;
        }
    }
    const char *both = cmd_arg(r, 'C');
    if (!both && digits.n)
        both = str_text(&digits);
    if (both && set_option(g, ps, 'C', both, none))
        return 2;
    if (g->before < 0)
        g->before = 0;
    if (g->after < 0)
        g->after = 0;
    return 0;
}
