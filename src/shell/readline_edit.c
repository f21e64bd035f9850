/* readline_edit.c -- the text being edited: inserting, deleting, undo, the kill
 * ring, moving by characters and words.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>
#include <wctype.h>

#include "shell/readline_priv.h"

char *rl_dup(struct rl *r, const char *s, size_t n)
{
    char *t = vm_alloc(r->p, n + 1);
    memcpy(t, s, n);
    t[n] = 0;
    return t;
}

void rl_drop(struct rl *r, char *s)
{
    if (s)
        vm_release(r->p, s, strlen(s) + 1);
}

/* --- characters --------------------------------------------------------------- */
uint32_t rl_next(const struct rl *r, uint32_t at)
{
    uint32_t rune;
    if (at >= r->n)
        return r->n;
    size_t k = r->utf8 ? utf8_decode(r->text + at, r->n - at, &rune) : 1;
    at += k ? (uint32_t)k : 1;
    while (r->utf8 && at < r->n) { /* what combines belongs to it */
        k = utf8_decode(r->text + at, r->n - at, &rune);
        if (k < 2 || utf8_width(rune) != 0)
            break;
        at += (uint32_t)k;
    }
    return at;
}

uint32_t rl_prev(const struct rl *r, uint32_t at)
{
    uint32_t rune;
    while (at > 0) {
        uint32_t from = at - 1;
        while (r->utf8 && from > 0 && at - from < 4 && (r->text[from] & 0xc0) == 0x80)
            from--;
        if (!r->utf8 || utf8_decode(r->text + from, at - from, &rune) != at - from)
            return at - 1;
        at = from;
        if (rune < 0x80 || utf8_width(rune) != 0)
            return at;
    }
    return 0;
}

static bool word_char(const struct rl *r, uint32_t at)
{
    unsigned char c = (unsigned char)r->text[at];
    uint32_t rune;
    if (c < 0x80)
        return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
    if (!r->utf8 || !utf8_decode(r->text + at, r->n - at, &rune))
        return false;
    return !(rune < 0xc0 && rune != 0xaa && rune != 0xb5 && rune != 0xba) && rune != 0xd7 &&
           rune != 0xf7 && !(rune >= 0x2000 && rune < 0x2c00) && !(rune >= 0x3000 && rune < 0x3005);
}

/* --- undo ------------------------------------------------------------------------ */
static void undo_add(struct rl *r, int kind, uint32_t start, uint32_t end, char *text)
{
    struct rl_undo *u = vm_alloc(r->p, sizeof *u);
    *u = (struct rl_undo){r->undo, 0, start, end, text};
    u->kind = (unsigned)kind;
    r->undo = u;
}

static void undo_pop(struct rl *r)
{
    struct rl_undo *u = r->undo;
    r->undo = u->next;
    rl_drop(r, u->text);
    vm_release(r->p, u, sizeof *u);
}

void rl_forget_undo(struct rl *r)
{
    while (r->undo)
        undo_pop(r);
}

void rl_undo_group(struct rl *r, bool begin)
{
    undo_add(r, begin ? UNDO_BEGIN : UNDO_END, 0, 0, NULL);
}

static bool undo_one(struct rl *r)
{
    int depth = 0;
    if (!r->undo)
        return false;
    r->undoing = true;
    do {
        struct rl_undo *u = r->undo;
        if (u->kind == UNDO_INSERT) {
            rl_delete_text(r, u->start, u->end);
            r->point = u->start;
        } else if (u->kind == UNDO_DELETE) {
            r->point = u->start;
            rl_insert_text(r, u->text, strlen(u->text));
        } else {
            depth += u->kind == UNDO_END ? 1 : -1;
        }
        undo_pop(r);
    } while (depth > 0 && r->undo);
    r->undoing = false;
    return true;
}

void rl_undo_command(struct rl *r, int count, int key)
{
    (void)key;
    while (count-- > 0)
        if (!undo_one(r)) {
            rl_ding(r);
            return;
        }
}

void rl_revert(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    if (!r->undo)
        rl_ding(r);
    while (r->undo)
        (void)undo_one(r);
}

/* --- changes ------------------------------------------------------------------------ */
static bool room(struct rl *r, size_t more)
{
    size_t need = (size_t)r->n + more + 1, cap = r->cap ? r->cap : 64;
    if (need > RL_LINE_MAX)
        return false;
    while (cap < need)
        cap *= 2;
    if (cap != r->cap)
        r->text = arena_realloc(r->a, r->text, r->cap, cap);
    r->cap = (uint32_t)cap;
    return true;
}

void rl_insert_text(struct rl *r, const char *s, size_t n)
{
    if (!room(r, n))
        return;
    memmove(r->text + r->point + n, r->text + r->point, r->n - r->point);
    memcpy(r->text + r->point, s, n);
    r->n += (uint32_t)n;
    r->text[r->n] = 0;
    if (!r->undoing && n) {
        struct rl_undo *u = r->undo;
        if (n == 1 && u && u->kind == UNDO_INSERT && u->end == r->point && u->end - u->start < 20)
            u->end++;
        else
            undo_add(r, UNDO_INSERT, r->point, r->point + (uint32_t)n, NULL);
    }
    r->point += (uint32_t)n;
}

void rl_delete_text(struct rl *r, uint32_t from, uint32_t to)
{
    if (to > r->n)
        to = r->n;
    if (from >= to)
        return;
    if (!r->undoing) {
        char *t = rl_dup(r, r->text + from, to - from);
        for (uint32_t i = 0; i < to - from; i++)
            if (!t[i])
                t[i] = '?'; /* NULs do not come back */
        undo_add(r, UNDO_DELETE, from, to, t);
    }
    memmove(r->text + from, r->text + to, r->n - to);
    r->n -= to - from;
    r->text[r->n] = 0;
    if (r->point > r->n)
        r->point = r->n;
    if (r->mark > r->n)
        r->mark = r->n;
}

void rl_replace_line(struct rl *r, const char *s, bool forget)
{
    if (forget)
        rl_forget_undo(r);
    bool was = r->undoing;
    r->undoing = true;
    r->n = r->point = 0;
    rl_insert_text(r, s, strlen(s));
    r->undoing = was;
    if (!r->text)
        (void)room(r, 0);
    r->text[r->n] = 0;
    r->mark = 0;
}

/* --- killing --------------------------------------------------------------------------- */
static void kill_append(struct rl *r, const char *s, size_t n, bool before)
{
    char *old = r->kill[r->kill_at];
    size_t len = strlen(old);
    char *t = vm_alloc(r->p, len + n + 1);
    memcpy(before ? t + n : t, old, len);
    memcpy(before ? t : t + len, s, n);
    rl_drop(r, old);
    r->kill[r->kill_at] = t;
}

void rl_kill_text(struct rl *r, uint32_t from, uint32_t to)
{
    bool back = from > to;
    uint32_t a = back ? to : from, b = back ? from : to;
    if (a == b) {
        r->killing = true;
        return;
    }
    size_t n = strnlen(r->text + a, b - a);
    if (r->was_killing && r->kills && n < 65536)
        kill_append(r, r->text + a, n, back);
    else {
        if (r->kills < RL_KILLS) {
            r->kill_at = r->kills++;
        } else {
            rl_drop(r, r->kill[0]);
            memmove(r->kill, r->kill + 1, (RL_KILLS - 1) * sizeof *r->kill);
            r->kill_at = RL_KILLS - 1;
        }
        r->kill[r->kill_at] = rl_dup(r, r->text + a, n);
    }
    rl_delete_text(r, a, b);
    r->point = a;
    r->killing = true;
}

void rl_yank(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    if (!r->kills) {
        rl_ding(r);
        return;
    }
    r->mark = r->point;
    rl_insert_text(r, r->kill[r->kill_at], strlen(r->kill[r->kill_at]));
}

void rl_yank_pop(struct rl *r, int count, int key)
{
    if ((r->last != rl_yank && r->last != rl_yank_pop) || !r->kills) {
        rl_ding(r);
        return;
    }
    size_t n = strlen(r->kill[r->kill_at]);
    if (r->point < n || memcmp(r->text + r->point - n, r->kill[r->kill_at], n) != 0) {
        rl_ding(r);
        return;
    }
    rl_delete_text(r, r->point - (uint32_t)n, r->point);
    r->point = r->mark;
    r->kill_at = r->kill_at > 0 ? r->kill_at - 1 : r->kills - 1;
    rl_yank(r, count, key);
}

void rl_kill_line(struct rl *r, int count, int key)
{
    (void)key;
    if (count < 0)
        rl_kill_text(r, r->point, 0);
    else
        rl_kill_text(r, r->point, r->n);
}

void rl_backward_kill_line(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    if (r->point == 0)
        rl_ding(r);
    else
        rl_kill_text(r, r->point, 0);
}

void rl_discard_line(struct rl *r, int count, int key)
{
    rl_backward_kill_line(r, count, key);
}

void rl_whole_line(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    r->point = r->n;
    rl_kill_text(r, 0, r->n);
    r->point = 0;
}

void rl_word_rubout(struct rl *r, int count, int key)
{
    (void)key;
    if (r->point == 0) {
        rl_ding(r);
        return;
    }
    uint32_t at = r->point;
    for (; count > 0 && at > 0; count--) {
        while (at > 0 && strchr(" \t", r->text[at - 1]))
            at--;
        while (at > 0 && !strchr(" \t", r->text[at - 1]))
            at--;
    }
    rl_kill_text(r, r->point, at);
}

/* --- moving ------------------------------------------------------------------------------- */
void rl_bol(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    r->point = 0;
}

void rl_eol(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    r->point = r->n;
}

void rl_forward(struct rl *r, int count, int key)
{
    if (count < 0) {
        rl_backward(r, -count, key);
        return;
    }
    for (; count > 0; count--) {
        if (r->point >= r->n) {
            rl_ding(r);
            return;
        }
        r->point = rl_next(r, r->point);
    }
}

void rl_backward(struct rl *r, int count, int key)
{
    if (count < 0) {
        rl_forward(r, -count, key);
        return;
    }
    for (; count > 0; count--) {
        if (r->point == 0) {
            rl_ding(r);
            return;
        }
        r->point = rl_prev(r, r->point);
    }
}

static uint32_t word_end(const struct rl *r, uint32_t at)
{
    while (at < r->n && !word_char(r, at))
        at = rl_next(r, at);
    while (at < r->n && word_char(r, at))
        at = rl_next(r, at);
    return at;
}

static uint32_t word_start(const struct rl *r, uint32_t at)
{
    while (at > 0 && !word_char(r, rl_prev(r, at)))
        at = rl_prev(r, at);
    while (at > 0 && word_char(r, rl_prev(r, at)))
        at = rl_prev(r, at);
    return at;
}

void rl_forward_word(struct rl *r, int count, int key)
{
    (void)key;
    for (; count > 0 && r->point < r->n; count--)
        r->point = word_end(r, r->point);
    for (; count < 0 && r->point > 0; count++)
        r->point = word_start(r, r->point);
}

void rl_backward_word(struct rl *r, int count, int key)
{
    rl_forward_word(r, -count, key);
}

void rl_kill_word(struct rl *r, int count, int key)
{
    uint32_t from = r->point;
    rl_forward_word(r, count, key);
    uint32_t to = r->point;
    r->point = from;
    rl_kill_text(r, from, to);
}

void rl_backward_kill_word(struct rl *r, int count, int key)
{
    rl_kill_word(r, -count, key);
}

/* --- small changes --------------------------------------------------------------------------- */
void rl_rubout(struct rl *r, int count, int key)
{
    (void)key;
    if (r->point == 0) {
        rl_ding(r);
        return;
    }
    uint32_t from = r->point;
    bool many = count > 1;
    for (; count > 0 && from > 0; count--)
        from = rl_prev(r, from);
    uint32_t to = r->point;
    if (many)
        rl_kill_text(r, to, from);
    else
        rl_delete_text(r, from, to);
    r->point = from;
}

void rl_delete(struct rl *r, int count, int key)
{
    (void)key;
    if (r->point == r->n) {
        rl_ding(r);
        return;
    }
    uint32_t to = r->point;
    bool many = count > 1;
    for (; count > 0 && to < r->n; count--)
        to = rl_next(r, to);
    if (many)
        rl_kill_text(r, r->point, to);
    else
        rl_delete_text(r, r->point, to);
}

void rl_transpose(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    if (r->point == 0 || r->n < 2) {
        rl_ding(r);
        return;
    }
    rl_undo_group(r, true);
    uint32_t b = r->point == r->n ? rl_prev(r, r->n) : r->point, a = rl_prev(r, b);
    uint32_t end = rl_next(r, b);
    char *first = rl_dup(r, r->text + a, b - a);
    rl_delete_text(r, a, b);
    r->point = a + (end - b);
    rl_insert_text(r, first, strlen(first));
    rl_drop(r, first);
    rl_undo_group(r, false);
}

void rl_transpose_words(struct rl *r, int count, int key)
{
    uint32_t orig = r->point;
    rl_forward_word(r, count, key);
    uint32_t e2 = r->point, s2 = word_start(r, e2), s1 = word_start(r, s2), e1 = word_end(r, s1);
    if (s1 == s2 || s2 < e1) {
        rl_ding(r);
        r->point = orig;
        return;
    }
    struct str s;
    str_init(&s, r->a);
    str_add(&s, r->text + s2, e2 - s2);
    str_add(&s, r->text + e1, s2 - e1);
    str_add(&s, r->text + s1, e1 - s1);
    rl_undo_group(r, true);
    rl_delete_text(r, s1, e2);
    r->point = s1;
    rl_insert_text(r, s.s, s.n);
    rl_undo_group(r, false);
    str_release(&s);
    r->point = e2;
}

enum { CASE_UP, CASE_DOWN, CASE_CAP };

static void change_case(struct rl *r, int count, int how)
{
    uint32_t from = r->point, orig = r->point;
    rl_forward_word(r, count, 0);
    uint32_t to = r->point;
    if (count < 0) {
        uint32_t t = from;
        from = to;
        to = t;
    }
    if (from == to)
        return;
    char *t = rl_dup(r, r->text + from, to - from);
    bool in = false;
    for (uint32_t i = 0; i < to - from; i++) {
        bool word = word_char(r, from + i);
        bool up = how == CASE_UP || (how == CASE_CAP && !in);
        if (word && up && t[i] >= 'a' && t[i] <= 'z')
            t[i] = (char)(t[i] - 32);
        else if (word && !up && t[i] >= 'A' && t[i] <= 'Z')
            t[i] = (char)(t[i] + 32);
        in = word;
    }
    rl_undo_group(r, true);
    rl_delete_text(r, from, to);
    r->point = from;
    rl_insert_text(r, t, to - from);
    rl_undo_group(r, false);
    rl_drop(r, t);
    r->point = count < 0 ? orig : to;
}

void rl_upcase(struct rl *r, int count, int key)
{
    (void)key;
    change_case(r, count, CASE_UP);
}

void rl_downcase(struct rl *r, int count, int key)
{
    (void)key;
    change_case(r, count, CASE_DOWN);
}

void rl_capitalize(struct rl *r, int count, int key)
{
    (void)key;
    change_case(r, count, CASE_CAP);
}

void rl_delete_space(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    uint32_t a = r->point, b = r->point;
    while (a > 0 && strchr(" \t", r->text[a - 1]))
        a--;
    while (b < r->n && strchr(" \t", r->text[b]))
        b++;
    rl_delete_text(r, a, b);
    r->point = a;
}

void rl_set_mark(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    r->mark = r->point;
}

void rl_exchange(struct rl *r, int count, int key)
{
    (void)count;
    (void)key;
    uint32_t t = r->mark <= r->n ? r->mark : r->n;
    r->mark = r->point;
    r->point = t;
    r->active = true;
}

void rl_comment(struct rl *r, int count, int key)
{
    r->point = 0;
    rl_insert_text(r, "#", 1);
    rl_accept(r, count, key);
}
