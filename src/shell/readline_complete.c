/* readline_complete.c -- what Tab does with the words that fit: the common part
 * goes in, a second Tab lists them in columns.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "shell/readline_priv.h"

enum { ASK_ABOVE = 100 };

static int width_of(struct rl *r, const char *s)
{
    int w = 0;
    size_t n = strlen(s);
    while (n) {
        uint32_t rune;
        unsigned char c = (unsigned char)*s;
        size_t k = r->utf8 && c >= 0x80 ? utf8_decode(s, n, &rune) : 0;
        w += k ? utf8_width(rune) : c < 32 || c == 127 ? 2 : 1;
        s += k ? k : 1;
        n -= k ? k : 1;
    }
    return w;
}

/* What lists show of a match: the last part of a path. */
static const char *shown(const struct rl_matches *m, const char *s)
{
    size_t n = strlen(s);
    if (!m->files)
        return s;
    if (n && s[n - 1] == '/')
        n--;
    while (n && s[n - 1] != '/')
        n--;
    return s + n;
}

static bool is_dir(const struct rl_matches *m, int i)
{
    size_t n = strlen(m->v[i]);
    return m->files && m->v[i][-1] == 'd' && n && m->v[i][n - 1] != '/';
}

static void out_shown(struct rl *r, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c < 32 || c == 127) {
            str_putc(&r->out, '^');
            str_putc(&r->out, c ^ 0100);
        } else {
            str_putc(&r->out, c);
        }
    }
}

/* 1 yes, 0 no, 2 one line more, -1 the line is dropped. */
static int yes_or_no(struct rl *r, bool pager)
{
    for (;;) {
        int key = rl_key(r);
        if (key < 0 || key == 7)
            return key < 0 ? -1 : 0;
        if (key == 'y' || key == 'Y' || key == ' ')
            return 1;
        if (key == 'n' || key == 'N' || key == 127 || (pager && (key == 'q' || key == 'Q')))
            return 0;
        if (pager && (key == '\r' || key == '\n'))
            return 2;
        rl_ding(r);
    }
}

/* Lines that may follow; -1: no more. */
static int pager(struct rl *r, int lines)
{
    str_puts(&r->out, "--More--");
    int answer = yes_or_no(r, true);
    term_out(r, CAP_CR);
    term_out(r, CAP_EL);
    term_out(r, CAP_CR);
    return answer <= 0 ? -1 : answer == 2 ? lines - 1 : 0;
}

static void columns(struct rl *r, const struct rl_matches *m, int max)
{
    int cols = (int)r->width;
    max += 2;
    int limit = cols / max;
    if (limit != 1 && limit * max == cols)
        limit--;
    if (limit < 1)
        limit = 1;
    int count = (m->n + limit - 1) / limit, lines = 0;
    str_putc(&r->out, '\n');
    for (int i = 0; i < count; i++) {
        for (int j = 0, k = i; j < limit && k < m->n; j++, k += count) {
            const char *s = shown(m, m->v[k]);
            out_shown(r, s);
            if (is_dir(m, k))
                str_putc(&r->out, '/');
            int pad = max - width_of(r, s) - is_dir(m, k);
            if (j + 1 < limit)
                str_fill(&r->out, ' ', pad > 0 ? (size_t)pad : 1);
        }
        str_putc(&r->out, '\n');
        vm_tick(r->p, 1);
        if (++lines >= (int)r->height - 1 && i + 1 < count) {
            lines = pager(r, lines);
            if (lines < 0)
                return;
        }
    }
}

static void list(struct rl *r, const struct rl_matches *m)
{
    int max = 0;
    for (int i = 0; i < m->n; i++) {
        int w = width_of(r, shown(m, m->v[i]));
        max = w > max ? w : max;
    }
    str_fill(&r->out, '\n', (size_t)(r->bottom > r->last_v ? r->bottom - r->last_v : 0));
    if (m->n >= ASK_ABOVE) {
        str_printf(&r->out, "\nDisplay all %d possibilities? (y or n)", m->n);
        int answer = yes_or_no(r, false);
        if (answer <= 0) {
            str_putc(&r->out, '\n');
            if (answer == 0)
                draw_forced(r);
            return;
        }
    }
    columns(r, m, max);
    if (!r->interrupted)
        draw_forced(r);
}

/* s as it is put into the line. */
static void add_quoted(struct str *out, const struct rl_matches *m, const char *s)
{
    static const char special[] = " \t\n\\\"'@<>=;|&()$`?*[!:{";
    for (; *s; s++) {
        if (m->no_quoting)
            ;
        else if (m->quote == '"' && strchr("\"\\$`", *s))
            str_putc(out, '\\');
        else if (m->quote == '\'' && *s == '\'') {
            str_puts(out, "'\\''");
            continue;
        } else if (!m->quote && strchr(special, *s))
            str_putc(out, '\\');
        str_putc(out, (unsigned char)*s);
    }
}

static size_t common(const struct rl_matches *m, bool utf8)
{
    size_t n = strlen(m->v[0]);
    for (int i = 1; i < m->n; i++) {
        size_t k = 0;
        while (k < n && m->v[i][k] == m->v[0][k])
            k++;
        n = k;
    }
    while (utf8 && n && m->n > 1 && (m->v[0][n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* Replaces the word before the cursor; false if it is the same. */
static bool replace(struct rl *r, const struct rl_matches *m, const char *s, size_t n)
{
    size_t len = r->point - m->start;
    if (len == n && memcmp(r->text + m->start, s, n) == 0)
        return false;
    rl_undo_group(r, true);
    if (n >= len && memcmp(r->text + m->start, s, len) == 0) {
        rl_insert_text(r, s + len, n - len);
    } else {
        rl_delete_text(r, m->start, r->point);
        r->point = m->start;
        rl_insert_text(r, s, n);
    }
    rl_undo_group(r, false);
    return true;
}

static void finish(struct rl *r, const struct rl_matches *m, const char *s)
{
    size_t n = strlen(s);
    if (n && s[n - 1] == '/' && !m->no_quoting) /* a directory goes on */
        return;
    char end[3] = {0};
    size_t k = 0;
    if (m->quote && (r->point >= r->n || r->text[r->point] != m->quote))
        end[k++] = m->quote;
    end[k++] = ' ';
    if (r->point < r->n && r->text[r->point] == end[k - 1] && k == 1) {
        return;
    }
    rl_insert_text(r, end, k);
}

enum { DO_COMPLETE, DO_LIST, DO_INSERT };

static bool insert_all(struct rl *r, const struct rl_matches *m)
{
    rl_undo_group(r, true);
    rl_delete_text(r, m->start, r->point);
    r->point = m->start;
    for (int i = 0; i < m->n; i++) {
        struct str s;
        str_init(&s, r->a);
        add_quoted(&s, m, m->v[i]);
        str_putc(&s, ' ');
        rl_insert_text(r, s.s, s.n);
        str_release(&s);
    }
    rl_undo_group(r, false);
    return true;
}

static bool use(struct rl *r, struct rl_matches *m, int what)
{
    if (m->n == 0) {
        rl_ding(r);
        return false;
    }
    if (what == DO_LIST) {
        list(r, m);
        return false;
    }
    if (what == DO_INSERT)
        return insert_all(r, m);
    struct str s;
    str_init(&s, r->a);
    char *v = m->v[0];
    size_t n = common(m, r->utf8);
    char was = v[n];
    v[n] = 0;
    add_quoted(&s, m, v);
    v[n] = was;
    bool changed = (n || m->n == 1) && replace(r, m, str_text(&s), s.n);
    str_release(&s);
    if (m->n > 1)
        rl_ding(r);
    else
        finish(r, m, v);
    return changed || m->n == 1;
}

static void complete(struct rl *r, int what)
{
    struct rl_matches m = {0};
    m.start = r->point;
    struct arena *tmp = vm_arena_new(r->p);
    r->host->complete(r->host->ctx, r->text, r->point, tmp, &m);
    bool changed = use(r, &m, what);
    vm_arena_drop(r->p, tmp);
    r->listing = !changed && m.n > 1;
}

void rl_complete(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    bool again = r->last == rl_complete && r->listing;
    complete(r, again ? DO_LIST : DO_COMPLETE);
}

void rl_list_completions(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    complete(r, DO_LIST);
}

void rl_insert_completions(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    complete(r, DO_INSERT);
}

void rl_tilde(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    rl_ding(r);
}
