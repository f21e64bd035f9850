/* readline_hist.c -- the line editor and the lines typed before: moving among
 * them, searching, taking words from them.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "shell/readline_priv.h"

static int count_of(struct rl *r)
{
    return r->host->history_count(r->host->ctx);
}

static const char *line_of(struct rl *r, int i)
{
    for (struct rl_edit *e = r->edits; e; e = e->next)
        if (e->index == i)
            return e->text;
    const char *s = r->host->history_get(r->host->ctx, i);
    return s ? s : "";
}

static void keep_edit(struct rl *r)
{
    const char *was = r->hist < count_of(r) ? line_of(r, r->hist) : NULL;
    if (was && strcmp(was, r->text) == 0)
        return;
    struct rl_edit *e = r->edits;
    while (e && e->index != r->hist)
        e = e->next;
    if (e) {
        rl_drop(r, e->text);
    } else {
        e = vm_alloc(r->p, sizeof *e);
        e->next = r->edits;
        e->index = r->hist;
        r->edits = e;
    }
    e->text = rl_dup(r, r->text, strlen(r->text));
}

void rl_hist_reset(struct rl *r)
{
    while (r->edits) {
        struct rl_edit *e = r->edits;
        r->edits = e->next;
        rl_drop(r, e->text);
        vm_release(r->p, e, sizeof *e);
    }
    r->hist = count_of(r);
    if (r->next_hist >= 0 && r->next_hist < r->hist) { /* Ctrl-O */
        r->hist = r->next_hist;
        rl_replace_line(r, line_of(r, r->hist), true);
    }
    r->next_hist = -1;
    r->last_arg_at = -1;
}

static bool go(struct rl *r, int to)
{
    if (to < 0 || to > count_of(r))
        return false;
    if (to != r->hist) {
        keep_edit(r);
        r->hist = to;
        rl_replace_line(r, line_of(r, to), true);
    }
    return true;
}

void rl_prev_history(struct rl *r, int count, int key)
{
    if (count < 0) {
        rl_next_history(r, -count, key);
        return;
    }
    for (; count > 0; count--)
        if (!go(r, r->hist - 1)) {
            rl_ding(r);
            return;
        }
}

void rl_next_history(struct rl *r, int count, int key)
{
    (void)key;
    for (; count > 0; count--)
        if (!go(r, r->hist + 1)) {
            rl_ding(r);
            return;
        }
}

void rl_first_history(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    if (r->hist == 0)
        rl_ding(r);
    (void)go(r, 0);
}

void rl_last_history(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    (void)go(r, count_of(r));
}

void rl_operate_next(struct rl *r, int count, int key)
{
    int at = r->hist;
    rl_accept(r, count, key);
    r->next_hist = at + 1;
}

void rl_expand_history(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    char *s = r->host->history_expand ? r->host->history_expand(r->host->ctx, r->text) : NULL;
    if (!s) {
        rl_ding(r);
        return;
    }
    rl_delete_text(r, 0, r->n);
    r->point = 0;
    rl_insert_text(r, s, strlen(s));
}

/* --- words of earlier lines -------------------------------------------------------------- */
/* The first word of s: its place. */
static bool first_word(const char *s, size_t *at, size_t *len)
{
    const char *w = s + strspn(s, " \t\n");
    size_t n = 0;
    char quote = 0;
    if (!*w)
        return false;
    if (strchr("|&;<>()", *w)) {
        n = 1 + (w[1] == w[0]);
    } else {
        for (; w[n] && (quote || !strchr(" \t\n|&;<>()", w[n])); n++) {
            if (w[n] == '\\' && w[n + 1] && quote != '\'')
                n++;
            else if (quote)
                quote = w[n] == quote ? 0 : quote;
            else if (strchr("'\"`", w[n]))
                quote = w[n];
        }
    }
    *at = (size_t)(w - s);
    *len = n;
    return true;
}

/* Inserts word number want of a line; -1: the last. */
static void put_word(struct rl *r, const char *line, int want)
{
    size_t at, n;
    const char *w = NULL;
    int i = 0;
    r->last_arg_len = 0;
    while ((want < 0 || i <= want) && first_word(line, &at, &n)) {
        w = line + at;
        r->last_arg_len = (int)n;
        line = w + n;
        i++;
    }
    if (w && (want < 0 || i == want + 1)) {
        rl_insert_text(r, w, (size_t)r->last_arg_len);
    } else {
        r->last_arg_len = 0;
        rl_ding(r);
    }
}

void rl_last_argument(struct rl *r, int count, int key)
{
    (void)key;
    bool again = r->last == rl_last_argument && r->last_arg_at >= 0;
    if (!again) {
        r->last_arg_at = r->hist;
        r->last_arg_dir = -1;
        r->last_arg_len = 0;
    }
    int at = r->last_arg_at - 1;
    if (at < 0) {
        rl_ding(r);
        if (again && r->last_arg_len) {
            uint32_t from = r->point - (uint32_t)r->last_arg_len;
            rl_delete_text(r, from, r->point);
            r->point = from;
            r->last_arg_len = 0;
        }
        return;
    }
    if (again && r->last_arg_len) {
        uint32_t from = r->point - (uint32_t)r->last_arg_len;
        rl_delete_text(r, from, r->point);
        r->point = from;
    }
    r->last_arg_at = at;
    rl_undo_group(r, true);
    put_word(r, line_of(r, at), count > 1 ? count : -1);
    rl_undo_group(r, false);
}

void rl_nth_argument(struct rl *r, int count, int key)
{
    (void)key;
    if (r->hist == 0) {
        rl_ding(r);
        return;
    }
    put_word(r, line_of(r, r->hist - 1), count);
}

/* --- searching as one types ------------------------------------------------------------------- */
struct isearch {
    struct str want;
    struct str prompt;
    int dir, at; /* line shown */
    uint32_t point;
    bool failed;
};

static void show(struct rl *r, struct isearch *s)
{
    str_trunc(&s->prompt, 0);
    str_printf(&s->prompt, "(%s%si-search)`%s': ", s->failed ? "failed " : "",
               s->dir < 0 ? "reverse-" : "", str_text(&s->want));
    draw_message(r, str_text(&s->prompt));
    r->active = !s->failed && s->want.n > 0;
    r->mark = r->point + (uint32_t)s->want.n;
    if (r->mark > r->n)
        r->mark = r->n;
    draw(r);
}

static int64_t find_in(const char *line, int64_t from, int dir, const struct str *want)
{
    int64_t n = (int64_t)strlen(line), k = (int64_t)want->n;
    if (dir < 0 && from > n - k)
        from = n - k;
    for (; from >= 0 && from + k <= n; from += dir)
        if (memcmp(line + from, want->s, want->n) == 0)
            return from;
    return -1;
}

/* Finds the next place from point of line at; the shown line is no match again. */
static void seek(struct rl *r, struct isearch *s, bool next)
{
    int at = s->at;
    const char *line = at == r->hist ? r->text : line_of(r, at);
    int64_t from = (int64_t)s->point + (next ? s->dir : 0);
    const char *shown_line = line;
    if (!s->want.n)
        return;
    for (;;) {
        int64_t i = from < 0 ? -1 : find_in(line, from, s->dir, &s->want);
        if (i >= 0 && (at == s->at || strcmp(line, shown_line) != 0)) {
            s->failed = false;
            s->point = (uint32_t)i;
            if (at != s->at) {
                s->at = at;
                (void)go(r, at);
            }
            r->point = s->point;
            return;
        }
        at += s->dir;
        if (at < 0 || at >= count_of(r)) {
            s->failed = true;
            rl_ding(r);
            return;
        }
        line = line_of(r, at);
        from = s->dir < 0 ? (int64_t)strlen(line) : 0;
        vm_tick(r->p, 1);
    }
}

static bool search_char(struct rl *r, struct isearch *s, int key)
{
    if (key == 18 || key == 19) {
        s->dir = key == 18 ? -1 : 1;
        if (!s->want.n && r->search)
            str_puts(&s->want, r->search);
        else if (!s->want.n) {
            rl_ding(r);
            return true;
        }
        seek(r, s, true);
        return true;
    }
    if (key == 8 || key == 127) {
        if (!s->want.n)
            rl_ding(r);
        else
            str_trunc(&s->want, s->want.n - 1);
        s->failed = !s->want.n;
        if (s->failed) {
            rl_ding(r);
            rl_ding(r);
            r->plain = true;
        }
        return true;
    }
    if (key < 32 && key != 9)
        return false;
    str_putc(&s->want, key);
    if (key < 0x80 || !rl_key_waits(r))
        seek(r, s, false);
    return true;
}

static void isearch(struct rl *r, int dir)
{
    struct isearch s = {.dir = dir, .at = r->hist, .point = r->point};
    int start = r->hist, key;
    uint32_t point = r->point;
    char *text = rl_dup(r, r->text, strlen(r->text));
    str_init(&s.want, r->a);
    str_init(&s.prompt, r->a);
    r->plain = true;
    show(r, &s);
    for (;;) {
        key = rl_key(r);
        if (key < 0 || !search_char(r, &s, key))
            break;
        show(r, &s);
    }
    draw_message(r, NULL);
    r->active = false;
    if (key == 7) {
        (void)go(r, start);
        rl_replace_line(r, text, true);
        r->point = point <= r->n ? point : r->n;
    }
    if (s.want.n) {
        rl_drop(r, r->search);
        r->search = rl_dup(r, s.want.s, s.want.n);
    }
    str_release(&s.want);
    rl_drop(r, text);
    if (key != RL_KEY_INTERRUPT)
        draw(r);
    str_release(&s.prompt);
    if (key == 27 && !rl_key_waits(r))
        return; /* ESC alone ends the search */
    if (key >= 0 && key != 7)
        r->pending = key;
}

void rl_isearch_back(struct rl *r, int count, int key)
{
    (void)key;
    isearch(r, count < 0 ? 1 : -1);
}

void rl_isearch_forward(struct rl *r, int count, int key)
{
    (void)key;
    isearch(r, count < 0 ? -1 : 1);
}

/* --- searching for a line typed first
 * ------------------------------------------------------------- */
static void search_line(struct rl *r, int dir)
{
    struct str prompt;
    char *text = rl_dup(r, r->text, strlen(r->text));
    uint32_t point = r->point;
    rl_replace_line(r, "", true);
    str_init(&prompt, r->a);
    str_printf(&prompt, "%s:", r->prompt);
    draw_message(r, prompt.s);
    draw(r);
    int key;
    while ((key = rl_key(r)) >= 0 && key != '\r' && key != '\n' && key != 7) {
        if (key == 127 || key == 8) {
            if (!r->n)
                break;
            rl_rubout(r, 1, key);
        } else {
            char c = (char)key;
            rl_insert_text(r, &c, 1);
        }
        draw(r);
    }
    if (r->n) {
        rl_drop(r, r->search);
        r->search = rl_dup(r, r->text, strlen(r->text));
    }
    draw_message(r, NULL);
    str_release(&prompt);
    int at = r->hist + dir;
    while (key >= 0 && key != 7 && r->search && at >= 0 && at < count_of(r) &&
           !strstr(line_of(r, at), r->search))
        at += dir;
    rl_replace_line(r, text, true);
    r->point = point;
    rl_drop(r, text);
    const char *hit = NULL;
    if (key >= 0 && key != 7 && r->search && at >= 0 && at < count_of(r) && go(r, at))
        hit = strstr(r->text, r->search);
    if (!hit) {
        rl_ding(r);
        return;
    }
    r->point = (uint32_t)(hit - r->text);
    r->mark = r->point + (uint32_t)strlen(r->search);
    r->active = true;
}

void rl_search_back(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    search_line(r, -1);
}

void rl_search_forward(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    search_line(r, 1);
}
