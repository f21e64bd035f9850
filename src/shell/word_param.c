/* word_param.c -- the inside of ${...}: name, subscript, operator, operands.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/word_priv.h"

#include <string.h>

bool word_name_start(int c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool word_name_char(int c)
{
    return word_name_start(c) || (c >= '0' && c <= '9');
}

char *word_slice(struct parser *p, size_t from, size_t to)
{
    char *t = parse_alloc(p, to - from + 1);
    memcpy(t, p->src.s + from, to - from);
    return t;
}

/* The name part of ${...}; NULL if there is none. */
static const char *read_param_name(struct parser *p)
{
    size_t from = p->pos;
    int c = lex_peek(p);
    if (word_name_start(c)) {
        while (word_name_char(lex_peek(p)))
            lex_get(p);
    } else if (c >= '0' && c <= '9') {
        while ((c = lex_peek(p)) >= '0' && c <= '9')
            lex_get(p);
    } else if (c > 0 && strchr("@*#?-$!", c)) {
        lex_get(p);
    } else {
        return NULL;
    }
    return word_slice(p, from, p->pos);
}

/* Behind '[': @ and * are kinds, all else a word. */
static void read_subscript(struct parser *p, struct param *m)
{
    int c = lex_peek(p);
    if ((c == '@' || c == '*') && lex_at(p, 1) == ']') {
        m->subkind = (char)c;
        lex_get(p);
    } else {
        m->sub = word_read_mode(p, M_SUB, 0);
        if (!m->sub->segs)
            m->op = PAR_BAD;
    }
    if (lex_peek(p) == ']')
        lex_get(p);
}

static void read_bad(struct parser *p, struct param *m, int line)
{
    m->op = PAR_BAD;
    int depth = 0, c;
    while ((c = lex_peek(p)) >= 0 && (c != '}' || depth)) {
        depth += c == '{';
        depth -= c == '}';
        lex_get(p);
        if (c == '\\' && lex_peek(p) >= 0)
            lex_get(p);
        if (c == '\'' || c == '"')
            while (lex_peek(p) >= 0 && lex_get(p) != c)
                continue;
    }
    if (c < 0)
        parse_fail_eof(p, '}', line);
}

static bool op_follows(struct parser *p)
{
    int c = lex_peek(p);
    return c > 0 && strchr("-=?+:", c);
}

/* The operator and its operands, up to (not including) '}'. */
static void read_param_op(struct parser *p, struct param *m, bool dq)
{
    enum mode operand = dq ? M_OPERAND_DQ : M_OPERAND;
    int c = lex_get(p), d;
    if (p->host.dash && !strchr(":-=?+#%", c)) {
        m->op = PAR_BAD;
        return;
    }
    switch (c) {
    case ':':
        d = lex_peek(p);
        if (!(d > 0 && strchr("-=?+", d))) {
            if (p->host.dash) {
                m->op = PAR_BAD;
                return;
            }
            m->op = PAR_SLICE;
            m->a = word_read_mode(p, M_ARITH, ':');
            if (lex_peek(p) == ':') {
                lex_get(p);
                m->b = word_read_mode(p, M_ARITH, '}');
            }
            return;
        }
        m->colon = true;
        c = lex_get(p);
        /* fall through */
    case '-':
    case '=':
    case '?':
    case '+':
        m->op = c == '-'   ? PAR_DEFAULT
                : c == '=' ? PAR_ASSIGN
                : c == '?' ? PAR_ERROR
                           : PAR_ALTERNATE;
        m->a = word_read_mode(p, operand, 0);
        return;
    case '#':
    case '%':
        m->op = c == '#' ? PAR_PREFIX : PAR_SUFFIX;
        if (lex_peek(p) == c) {
            lex_get(p);
            m->op++;
        }
        m->a = word_read_mode(p, M_OPERAND, 0);
        return;
    case '/':
        m->op = PAR_REPLACE;
        d = lex_peek(p);
        if (d == '/' || d == '#' || d == '%') {
            lex_get(p);
            m->op = d == '/' ? PAR_REPLACE_A : d == '#' ? PAR_REPLACE_B : PAR_REPLACE_E;
        }
        m->a = word_read_mode(p, M_PATTERN, 0);
        if (lex_peek(p) == '/') {
            lex_get(p);
            m->b = word_read_mode(p, M_OPERAND, 0);
        }
        return;
    case '^':
    case ',':
    case '~':
        m->op = c == '^' ? PAR_UPPER : c == ',' ? PAR_LOWER : PAR_TOGGLE;
        if (lex_peek(p) == c) {
            lex_get(p);
            m->op++;
        }
        m->a = word_read_mode(p, M_OPERAND, 0);
        return;
    case '@':
        d = lex_peek(p);
        if (d > 0 && strchr("UuLQEPAKak", d) && lex_at(p, 1) == '}') {
            m->op = PAR_TRANSFORM;
            m->letter = (char)lex_get(p);
            return;
        }
        m->op = PAR_BAD;
        return;
    default:
        m->op = PAR_BAD;
    }
}

/* ${!name@} ${!name*} ${!name...} : p is behind the '!'. */
static bool read_bang(struct parser *p, struct param *m)
{
    int c = lex_peek(p);
    if (c == '}' || (op_follows(p) && !(c == '-' && lex_at(p, 1) == '}'))) {
        m->name = "!";
        return true;
    }
    m->bang = true;
    m->name = read_param_name(p);
    if (!m->name)
        return false;
    c = lex_peek(p);
    if ((c == '*' || c == '@') && lex_at(p, 1) == '}' && word_name_start(m->name[0])) {
        m->op = PAR_NAMES;
        m->subkind = (char)c;
        lex_get(p);
    }
    return true;
}

void word_read_braced(struct parser *p, struct param *m, bool dq, int line)
{
    int c = lex_peek(p);
    if (c == '!' && !p->host.dash) {
        lex_get(p);
        if (!read_bang(p, m)) {
            read_bad(p, m, line);
            return;
        }
    } else if (c == '#') {
        lex_get(p);
        int d = lex_peek(p), e = lex_at(p, 1);
        bool special = d > 0 && strchr("@*#?-$!", d) && e == '}';
        if (word_name_char(d) || special) {
            m->length = true;
            m->name = read_param_name(p);
        } else {
            m->name = "#";
        }
    } else {
        m->name = read_param_name(p);
    }
    if (!m->name) {
        read_bad(p, m, line);
        return;
    }
    if (lex_peek(p) == '[' && !p->host.dash && word_name_start(m->name[0]) && m->op == PAR_NONE) {
        lex_get(p);
        read_subscript(p, m);
    }
    if (lex_peek(p) != '}' && m->op == PAR_NONE && !m->length)
        read_param_op(p, m, dq);
    if (lex_peek(p) < 0)
        parse_fail_eof(p, '}', line);
    if (lex_peek(p) != '}' || m->op == PAR_BAD)
        read_bad(p, m, line);
}
