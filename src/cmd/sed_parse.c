/* sed_parse.c -- from the text of a sed script to a list of commands.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <setjmp.h>
#include <string.h>

#include "cmd/sed.h"

struct parser {
    struct cmd_run *r;
    struct sed_script *out;
    const char *base, *s, *end, *which;
    bool is_file;
    unsigned flags;
    size_t open[64]; /* places of "{" */
    int depth;
    jmp_buf fail;
};

static void __attribute__((noreturn)) bad(struct parser *p, const char *what)
{
    if (p->is_file) {
        int line = 1;
        for (const char *s = p->base; s < p->s && s < p->end; s++)
            line += *s == '\n';
        cmd_warn(p->r, "file %s line %d: %s", p->which, line, what);
    } else {
        cmd_warn(p->r, "%s, char %d: %s", p->which, (int)(p->s - p->base), what);
    }
    longjmp(p->fail, 1);
}

static int peek(const struct parser *p)
{
    return p->s < p->end ? (unsigned char)*p->s : -1;
}

static int take(struct parser *p)
{
    return p->s < p->end ? (unsigned char)*p->s++ : -1;
}

static void blanks(struct parser *p)
{
    while (p->s < p->end && (*p->s == ' ' || *p->s == '\t'))
        p->s++;
}

static uint64_t number(struct parser *p)
{
    uint64_t v = 0;
    while (p->s < p->end && *p->s >= '0' && *p->s <= '9')
        v = v < UINT64_MAX / 16 ? v * 10 + (uint64_t)(*p->s++ - '0') : (p->s++, v);
    return v;
}

/* A set in brackets, in which the delimiter is an ordinary character. */
static bool bracket(struct parser *p, struct str *b)
{
    str_putc(b, '[');
    if (peek(p) == '^')
        str_putc(b, take(p));
    if (peek(p) == ']')
        str_putc(b, take(p));
    for (int c; (c = take(p)) >= 0;) {
        if (c == '\\' && peek(p) == 'n') {
            p->s++;
            c = '\n';
        }
        str_putc(b, c);
        if (c == ']')
            return true;
        int kind = c == '[' ? peek(p) : -1;
        if (kind != ':' && kind != '.' && kind != '=')
            continue;
        str_putc(b, take(p));
        while ((c = take(p)) >= 0) {
            str_putc(b, c);
            if (c == kind && peek(p) == ']') {
                str_putc(b, take(p));
                break;
            }
        }
    }
    return false;
}

/* Text up to an unescaped delimiter. In regular expressions "\delim" stands
 * for the delimiter and "\n" for a newline. */
static bool delimited(struct parser *p, int delim, bool regex, struct str *b)
{
    str_init(b, p->r->arena);
    for (int c; (c = take(p)) >= 0;) {
        if (c == delim)
            return true;
        if (c == '[' && regex) {
            if (!bracket(p, b))
                return false;
            continue;
        }
        if (c == '\\') {
            c = take(p);
            if (c < 0)
                return false;
            if (c == delim)
                str_putc(b, c);
            else if (c == 'n' && regex)
                str_putc(b, '\n');
            else if (c == 'n' && !regex)
                str_puts(b, "\\n");
            else {
                str_putc(b, '\\');
                str_putc(b, c);
            }
            continue;
        }
        str_putc(b, c);
    }
    return false;
}

/* \t \xHH and kin, which the matcher does not know, become characters. */
static void unescape(struct parser *p, struct str *b)
{
    struct str out;
    str_init(&out, p->r->arena);
    for (size_t i = 0; i < b->n; i++) {
        static const char from[] = "afrtv", to[] = "\a\f\r\t\v";
        const char *e = b->s[i] == '\\' && i + 1 < b->n ? memchr(from, b->s[i + 1], 5) : NULL;
        if (e) {
            str_putc(&out, to[e - from]);
            i++;
        } else if (b->s[i] == '\\' && i + 2 < b->n && b->s[i + 1] == 'x' &&
                   strchr("0123456789abcdefABCDEF", b->s[i + 2])) {
            uint8_t v;
            char two[3] = {'0', b->s[i + 2], 0};
            i += 2;
            if (i + 1 < b->n && strchr("0123456789abcdefABCDEF", b->s[i + 1])) {
                two[0] = two[1];
                two[1] = b->s[++i];
            }
            if (!hex_decode(&v, two, 1)) {
                if (strchr(".[]*^$\\/", v) && v)
                    str_putc(&out, '\\');
                str_putc(&out, v);
            }
        } else {
            str_putc(&out, b->s[i]);
            if (b->s[i] == '\\' && i + 1 < b->n)
                str_putc(&out, b->s[++i]);
        }
    }
    *b = out;
}

static struct regex *compile(struct parser *p, struct str *b, unsigned more)
{
    const char *why;
    if (!b->n)
        return NULL;
    unescape(p, b);
    struct regex *re = regex_new(p->r->arena, str_text(b), b->n, p->flags | more, &why);
    if (!re)
        bad(p, why);
    return re;
}

/* --- addresses ----------------------------------------------------------------------- */

static bool address(struct parser *p, struct sed_addr *a, bool second)
{
    int c = peek(p);
    *a = (struct sed_addr){0};
    if (c >= '0' && c <= '9') {
        a->kind = AD_LINE;
        a->n = number(p);
        blanks(p);
        if (peek(p) == '~' && !second) {
            p->s++;
            a->step = number(p);
            a->kind = AD_STEP;
        } else if (!a->n && !second) {
            a->kind = AD_ZERO;
        }
        return true;
    }
    if (second && (c == '+' || c == '~')) {
        p->s++;
        a->kind = c == '+' ? AD_PLUS : AD_MULTIPLE;
        a->n = number(p);
        return true;
    }
    if (c == '$') {
        p->s++;
        a->kind = AD_LAST;
        return true;
    }
    if (c != '/' && c != '\\')
        return false;
    p->s++;
    if (c == '\\')
        c = take(p);
    struct str b;
    unsigned more = 0;
    if (!delimited(p, c, true, &b))
        bad(p, "unterminated address regex");
    for (; peek(p) == 'I' || peek(p) == 'M'; p->s++)
        more |= *p->s == 'I' ? REGEX_ICASE : REGEX_NEWLINE;
    a->kind = AD_REGEX;
    a->re = compile(p, &b, more);
    return true;
}

/* --- parts of commands ------------------------------------------------------------------ */

static struct sed_cmd *add(struct parser *p)
{
    struct sed_script *o = p->out;
    if (o->n == o->cap) {
        size_t cap = o->cap ? o->cap * 2 : 16;
        struct sed_cmd *v = vm_alloc(p->r->p, cap * sizeof(*v));
        if (o->n)
            memcpy(v, o->cmd, o->n * sizeof(*v));
        o->cmd = v;
        o->cap = cap;
    }
    return &o->cmd[o->n++];
}

static void end_command(struct parser *p)
{
    blanks(p);
    int c = peek(p);
    if (c < 0 || c == '}' || c == '#')
        return;
    p->s++;
    if (c != '\n' && c != ';')
        bad(p, "extra characters after command");
}

/* The rest of the line: file names and labels. */
static const char *rest(struct parser *p, bool semicolon)
{
    blanks(p);
    const char *s = p->s;
    while (p->s < p->end && *p->s != '\n' && !(semicolon && (*p->s == ';')))
        p->s++;
    size_t n = (size_t)(p->s - s);
    while (semicolon && n && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        n--;
    const char *text = vm_asprintf(p->r->p, "%.*s", (int)n, s);
    if (p->s < p->end)
        p->s++;
    return text;
}

static struct sed_out *output(struct parser *p, const char *name)
{
    int err = 0;
    if (!*name)
        bad(p, "missing filename in r/R/w/W commands");
    for (struct sed_out *o = p->out->outs; o; o = o->next)
        if (!strcmp(o->name, name))
            return o;
    struct sed_out *o = vm_alloc(p->r->p, sizeof(*o));
    o->name = name;
    o->f = !strcmp(name, "/dev/stdout")   ? p->r->out
           : !strcmp(name, "/dev/stderr") ? p->r->err
                                          : vf_open(p->r->p, name, "we", &err);
    if (!o->f) {
        cmd_warn(p->r, "couldn't open file %s: %s", name, vm_strerror(-err));
        vm_exit(p->r->p, 4);
    }
    o->next = p->out->outs;
    p->out->outs = o;
    return o;
}

/* The text of a, i, c: on this line (GNU) or the next ones. */
static void text_argument(struct parser *p, struct sed_cmd *c)
{
    struct str b;
    str_init(&b, p->r->arena);
    blanks(p);
    if (peek(p) < 0)
        bad(p, "expected \\ after `a', `c' or `i'");
    if (peek(p) == '\\') {
        const char *kept = ++p->s;
        blanks(p);
        if (peek(p) == '\n')
            p->s++;
        else if (peek(p) >= 0)
            p->s = kept;
        else if (peek(p) < 0)
            bad(p, "expected \\ after `a', `c' or `i'");
    }
    for (int ch; (ch = take(p)) >= 0 && ch != '\n';) {
        if (ch == '\\') {
            ch = take(p);
            if (ch < 0)
                break;
            if (ch == 't') {
                str_putc(&b, '\t');
                continue;
            }
        }
        str_putc(&b, ch);
    }
    str_putc(&b, '\n');
    c->text = str_text(&b);
    c->text_n = b.n;
}

static void replacement(struct parser *p, struct sed_cmd *c, const struct str *b)
{
    struct sed_piece **at = &c->with;
    struct str t;
    char change = 0;
    str_init(&t, p->r->arena);
    for (size_t i = 0;; i++) {
        int group = -1, next = 0;
        if (i < b->n) {
            char ch = b->s[i];
            if (ch == '&') {
                group = 0;
            } else if (ch == '\\' && i + 1 < b->n) {
                ch = b->s[++i];
                if (ch >= '0' && ch <= '9')
                    group = ch - '0';
                else if (strchr("ULulE", ch))
                    next = ch;
                else {
                    static const char from[] = "afnrtv", to[] = "\a\f\n\r\t\v";
                    const char *e = memchr(from, ch, 6);
                    str_putc(&t, e ? to[e - from] : ch);
                    continue;
                }
            } else {
                str_putc(&t, ch);
                continue;
            }
        } else if (!t.n && c->with) {
            break;
        }
        struct sed_piece *piece = vm_alloc(p->r->p, sizeof(*piece));
        *piece = (struct sed_piece){NULL, str_text(&t), t.n, group, change};
        *at = piece;
        at = &piece->next;
        change = (char)next;
        str_init(&t, p->r->arena);
        if (i >= b->n)
            break;
    }
}

static void substitute(struct parser *p, struct sed_cmd *c)
{
    struct str re, with;
    unsigned more = 0;
    int delim = take(p);
    if (delim < 0 || delim == '\n' || delim == '\\' || !delimited(p, delim, true, &re) ||
        !delimited(p, delim, false, &with))
        bad(p, "unterminated `s' command");
    replacement(p, c, &with);
    for (;;) {
        int f = peek(p);
        if (f < 0 || f == '\n' || f == ';' || f == '}' || f == '#' || f == ' ' || f == '\t')
            break;
        if (f >= '0' && f <= '9') {
            if (c->nth) {
                p->s++;
                bad(p, "multiple number options to `s' command");
            }
            c->nth = number(p);
            if (!c->nth)
                bad(p, "number option to `s' command may not be zero");
            continue;
        }
        p->s++;
        switch (f) {
        case 'g':
            if (c->global)
                bad(p, "multiple `g' options to `s' command");
            c->global = true;
            break;
        case 'p':
            if (c->print)
                bad(p, "multiple `p' options to `s' command");
            c->print = true;
            break;
        case 'i':
        case 'I':
            more |= REGEX_ICASE;
            break;
        case 'm':
        case 'M':
            more |= REGEX_NEWLINE;
            break;
        case 'e':
            c->eval = true;
            break;
        case 'w':
            c->out = output(p, rest(p, false));
            p->s--;
            goto done;
        default:
            bad(p, "unknown option to `s'");
        }
    }
done:
    c->re = compile(p, &re, more);
    int most = 0;
    for (struct sed_piece *q = c->with; q; q = q->next)
        most = q->group > most ? q->group : most;
    if (c->re && (size_t)most > regex_groups(c->re)) {
        bad(p, vm_asprintf(p->r->p, "invalid reference \\%d on `s' command's RHS", most));
    }
    if (p->s < p->end && !c->out)
        end_command(p);
    else if (p->s < p->end)
        p->s++;
}

static void transliterate(struct parser *p, struct sed_cmd *c)
{
    struct str from, to;
    int delim = take(p);
    if (delim < 0 || !delimited(p, delim, true, &from) || !delimited(p, delim, true, &to))
        bad(p, "unterminated `y' command");
    unsigned char *table = vm_alloc(p->r->p, 256);
    for (int i = 0; i < 256; i++)
        table[i] = (unsigned char)i;
    size_t i = 0, k = 0;
    while (i < from.n && k < to.n) {
        unsigned char a = (unsigned char)from.s[i++], b = (unsigned char)to.s[k++];
        if (a == '\\' && i < from.n)
            a = (unsigned char)from.s[i++], a = a == 't' ? '\t' : a;
        if (b == '\\' && k < to.n)
            b = (unsigned char)to.s[k++], b = b == 't' ? '\t' : b;
        table[a] = b;
    }
    if (i < from.n || k < to.n)
        bad(p, "strings for `y' command are different lengths");
    c->text = (const char *)table;
    end_command(p);
}

static void command(struct parser *p, struct sed_cmd *c)
{
    switch (c->name) {
    case '{':
        if (p->depth == 64)
            bad(p, "too many {'s");
        p->open[p->depth++] = p->out->n - 1;
        break;
    case '}':
        if (!p->depth)
            bad(p, "unexpected `}'");
        if (c->a1.kind)
            bad(p, "} doesn't want any addresses");
        p->out->cmd[p->open[--p->depth]].jump = p->out->n - 1;
        end_command(p);
        break;
    case ':':
        if (c->a1.kind)
            bad(p, ": doesn't want any addresses");
        c->text = rest(p, true);
        if (!*c->text)
            bad(p, "\":\" lacks a label");
        break;
    case 'b':
    case 't':
    case 'T': {
        blanks(p);
        const char *s = p->s;
        while (p->s < p->end && !strchr(";\n}", *p->s) && *p->s != ' ')
            p->s++;
        c->text = vm_asprintf(p->r->p, "%.*s", (int)(p->s - s), s);
        end_command(p);
        break;
    }
    case 'a':
    case 'i':
    case 'c':
        text_argument(p, c);
        break;
    case 'r':
    case 'R':
        c->text = rest(p, false);
        break;
    case 'w':
    case 'W':
        c->out = output(p, rest(p, false));
        break;
    case 's':
        substitute(p, c);
        break;
    case 'y':
        transliterate(p, c);
        break;
    case 'q':
    case 'Q':
    case 'l':
    case 'L':
        if (c->a2.kind && c->name != 'l')
            bad(p, "command only uses one address");
        blanks(p);
        c->n = c->name == 'l' ? -1 : 0;
        if (peek(p) >= '0' && peek(p) <= '9')
            c->n = (int64_t)number(p);
        end_command(p);
        break;
    case '=':
    case 'd':
    case 'D':
    case 'F':
    case 'g':
    case 'G':
    case 'h':
    case 'H':
    case 'n':
    case 'N':
    case 'p':
    case 'P':
    case 'x':
    case 'z':
        end_command(p);
        break;
    case 'v':
        rest(p, true);
        break;
    case 'e':
        c->text = rest(p, false);
        break;
    default:
        bad(p, vm_asprintf(p->r->p, "unknown command: `%c'", c->name));
    }
}

static void parse(struct parser *p)
{
    for (;;) {
        while (p->s < p->end && (*p->s == ' ' || *p->s == '\t' || *p->s == '\n' || *p->s == ';'))
            p->s++;
        if (p->s >= p->end)
            return;
        struct sed_cmd c = {0};
        if (address(p, &c.a1, false)) {
            blanks(p);
            if (peek(p) == ',') {
                p->s++;
                blanks(p);
                if (!address(p, &c.a2, true) && (take(p), true))
                    bad(p, "unexpected `,'");
            }
            if (c.a1.kind == AD_ZERO && c.a2.kind != AD_REGEX && (take(p), true))
                bad(p, "invalid usage of line address 0");
        }
        blanks(p);
        while (peek(p) == '!') {
            p->s++;
            if (c.negate)
                bad(p, "multiple `!'s");
            c.negate = true;
            blanks(p);
        }
        int name = take(p);
        if (name == '#') {
            if (c.a1.kind)
                bad(p, "comments don't accept any addresses");
            while (p->s < p->end && *p->s != '\n')
                p->s++;
            continue;
        }
        if (name < 0 || name == '\n')
            bad(p, "missing command");
        c.name = (char)name;
        struct sed_cmd *slot = add(p);
        *slot = c;
        size_t at = p->out->n - 1;
        command(p, &p->out->cmd[at]);
    }
}

bool sed_parse(struct cmd_run *r, struct sed_script *s, const char *text, size_t n,
               const char *which, bool is_file, unsigned flags)
{
    struct parser *p = vm_alloc(r->p, sizeof(*p));
    p->r = r;
    p->out = s;
    p->base = p->s = text;
    p->end = text + n;
    p->which = which;
    p->is_file = is_file;
    p->flags = flags;
    if (setjmp(p->fail))
        return false;
    if (n >= 2 && text[0] == '#' && text[1] == 'n' && (n == 2 || text[2] == '\n') && !s->n)
        s->silent = true;
    parse(p);
    if (p->depth) {
        p->s = p->base;
        bad(p, "unmatched `{'");
    }
    return true;
}

bool sed_finish(struct cmd_run *r, struct sed_script *s)
{
    for (size_t i = 0; i < s->n; i++) {
        struct sed_cmd *c = &s->cmd[i];
        if (!strchr("btT", c->name))
            continue;
        c->jump = s->n;
        bool found = !*c->text;
        for (size_t k = 0; k < s->n && !found; k++)
            if (s->cmd[k].name == ':' && !strcmp(s->cmd[k].text, c->text)) {
                c->jump = k;
                found = true;
            }
        if (!found) {
            cmd_warn(r, "can't find label for jump to `%s'", c->text);
            return false;
        }
    }
    return true;
}
