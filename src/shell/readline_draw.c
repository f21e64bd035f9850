/* readline_draw.c -- from the line to the terminal with as few bytes as readline.
 *
 * inv holds the rows that should be on the screen, vis those that are there.
 * Each row is compared from both ends; what differs is written, with the
 * terminal's insert and delete where readline uses them. A terminal that cannot
 * move up shows one row, scrolled sideways.
 *
 * Where readline differs between locales (how it finds the equal end of two
 * rows, how it moves right) so does this.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "shell/readline_priv.h"

/* --- cells ------------------------------------------------------------------- */
static struct rl_cell *cell_add(struct rl *r, struct rl_screen *s)
{
    if (s->n == s->cap) {
        uint32_t cap = s->cap ? s->cap * 2 : 64;
        s->cell = arena_realloc(r->a, s->cell, s->cap * sizeof *s->cell, cap * sizeof *s->cell);
        s->cap = cap;
    }
    s->cell[s->n] = (struct rl_cell){0};
    return &s->cell[s->n++];
}

static void row_set(struct rl *r, struct rl_screen *s, uint32_t i, uint32_t at)
{
    if (i >= s->row_cap) {
        uint32_t cap = s->row_cap ? s->row_cap * 2 : 4;
        s->row = arena_realloc(r->a, s->row, s->row_cap * sizeof *s->row, cap * sizeof *s->row);
        s->row_cap = cap;
    }
    s->row[i] = at;
}

static void screen_clear(struct rl *r, struct rl_screen *s)
{
    s->n = 0;
    s->rows = 1;
    row_set(r, s, 0, 0);
    row_set(r, s, 1, 0);
}

struct pen { /* where the next cell goes */
    struct rl *r;
    unsigned col, width; /* width 0: one endless row */
    uint8_t face;
    uint32_t total; /* columns from the beginning, for tabs */
};

static void break_row(struct pen *p)
{
    struct rl_screen *s = &p->r->inv;
    row_set(p->r, s, s->rows++, s->n);
    p->col = 0;
}

static void put(struct pen *p, const char *b, size_t n, unsigned w)
{
    while (p->width && p->col + w > p->width && w > 1 && p->col) {
        *cell_add(p->r, &p->r->inv) = (struct rl_cell){{' '}, 1, 1, p->face, 0};
        if (++p->col >= p->width)
            break_row(p);
    }
    struct rl_cell *c = cell_add(p->r, &p->r->inv);
    memcpy(c->b, b, n);
    c->n = (uint8_t)n;
    c->w = (uint8_t)w;
    c->face = p->face;
    p->col += w;
    p->total += w;
    if (p->width && p->col >= p->width)
        break_row(p);
}

/* One character of the line; its length. */
static size_t put_char(struct pen *p, const char *s, size_t n)
{
    unsigned char c = (unsigned char)*s;
    if (c == '\t') {
        unsigned to = 8 - p->total % 8;
        while (to--)
            put(p, " ", 1, 1);
        return 1;
    }
    if (c == '\n' && p->width) {
        break_row(p);
        return 1;
    }
    if (c < 32 || c == 127) {
        char visible = (char)(c ^ 0100);
        put(p, "^", 1, 1);
        put(p, &visible, 1, 1);
        return 1;
    }
    uint32_t rune;
    size_t k = p->r->utf8 && c >= 0x80 ? utf8_decode(s, n, &rune) : 0;
    if (k) {
        put(p, s, k, (unsigned)utf8_width(rune));
        return k;
    }
    put(p, s, 1, 1);
    return 1;
}

static void build_prompt(struct pen *p)
{
    struct rl *r = p->r;
    bool hidden = false;
    r->hidden_prompt = false;
    for (const char *s = r->prompt; *s;) {
        if (*s == 1 || *s == 2) {
            hidden = *s++ == 1;
            continue;
        }
        if (hidden) {
            struct rl_cell *c = cell_add(r, &r->inv);
            c->b[0] = *s++;
            c->n = 1;
            c->hidden = 1;
            r->hidden_prompt = true;
            continue;
        }
        unsigned char c = (unsigned char)*s;
        uint32_t rune;
        size_t k = r->utf8 && c >= 0x80 ? utf8_decode(s, strlen(s), &rune) : 0;
        put(p, s, k ? k : 1, k ? (unsigned)utf8_width(rune) : 1);
        s += k ? k : 1;
    }
    r->prompt_cells = r->inv.n;
    r->prompt_width = p->total;
}

static void note_cursor(struct pen *p)
{
    struct rl *r = p->r;
    r->cursor_row = (int)r->inv.rows - 1;
    r->cursor_col = (int)p->col;
    r->cursor_cell = r->inv.n;
}

static void build(struct rl *r, unsigned width)
{
    struct pen p = {.r = r, .width = width};
    uint32_t lo = r->mark < r->point ? r->mark : r->point;
    uint32_t hi = r->mark < r->point ? r->point : r->mark;
    bool show = r->active && r->term.cap[CAP_SMSO] && r->term.cap[CAP_RMSO];
    screen_clear(r, &r->inv);
    build_prompt(&p);
    r->cursor_row = -1;
    for (uint32_t i = 0; i < r->n;) {
        if (i >= r->point && r->cursor_row < 0)
            note_cursor(&p);
        p.face = show && i >= lo && i < hi;
        i += (uint32_t)put_char(&p, r->text + i, r->n - i);
    }
    if (r->cursor_row < 0)
        note_cursor(&p);
    row_set(r, &r->inv, r->inv.rows, r->inv.n);
    vm_tick(r->p, 1 + r->inv.n / 64);
}

/* --- writing cells --------------------------------------------------------------------- */
static int columns(const struct rl_cell *c, uint32_t n)
{
    int w = 0;
    for (uint32_t i = 0; i < n; i++)
        w += c[i].w;
    return w;
}

static void write_cells(struct rl *r, const struct rl_cell *c, uint32_t n)
{
    uint8_t face = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (c[i].face != face) {
            face = c[i].face;
            term_out(r, face ? CAP_SMSO : CAP_RMSO);
        }
        str_add(&r->out, c[i].b, c[i].n);
    }
    if (face)
        term_out(r, CAP_RMSO);
    r->last_c += columns(c, n);
}

/* --- moving the terminal's cursor ------------------------------------------------------------ */
static void move_row(struct rl *r, int to)
{
    if (to == r->last_v || to > (int)r->height)
        return;
    if (to > r->last_v) {
        str_fill(&r->out, '\n', (size_t)(to - r->last_v));
        term_out(r, CAP_CR);
        r->last_c = 0;
    } else {
        for (int i = r->last_v; i > to; i--)
            term_out(r, CAP_CUU1);
    }
    r->last_v = to;
}

static void carriage(struct rl *r)
{
    term_out(r, CAP_CR);
    r->last_c = 0;
}

/* To column col of a row that holds these cells. */
static void move_column(struct rl *r, int col, const struct rl_cell *c, uint32_t n)
{
    if (r->last_c == col)
        return;
    if (col == 0 || col + 1 < r->last_c - col || (r->term.wraps && r->last_c == (int)r->width))
        carriage(r);
    for (; r->last_c > col; r->last_c--) {
        if (r->term.cap[CAP_CUB1])
            term_out(r, CAP_CUB1);
        else
            str_putc(&r->out, '\b');
    }
    if (r->last_c == col)
        return;
    if (r->utf8 && r->term.cap[CAP_CUF1]) {
        for (; r->last_c < col; r->last_c++)
            term_out(r, CAP_CUF1);
        return;
    }
    if (r->utf8)
        carriage(r);
    int at = 0;
    for (uint32_t i = 0; i < n && at < col; i++) {
        if (at >= r->last_c && !(r->last_c && c[i].hidden))
            str_add(&r->out, c[i].b, c[i].n);
        at += c[i].w;
    }
    r->last_c = col;
}

static void spaces(struct rl *r, int n)
{
    if (n > 0) {
        str_fill(&r->out, ' ', (size_t)n);
        r->last_c += n;
    }
}

static void clear_to_end(struct rl *r, int n)
{
    if (r->term.cap[CAP_EL])
        term_out(r, CAP_EL);
    else
        spaces(r, n);
}

static bool can_insert(const struct rl *r)
{
    return r->term.cap[CAP_ICH] || r->term.cap[CAP_ICH1] || r->term.cap[CAP_SMIR];
}

static void open_spaces(struct rl *r, int n)
{
    if (r->term.cap[CAP_ICH]) {
        term_out_n(r, CAP_ICH, n);
    } else if (r->term.cap[CAP_SMIR]) {
        term_out(r, CAP_SMIR);
        str_fill(&r->out, ' ', (size_t)n);
        str_fill(&r->out, '\b', (size_t)n);
        term_out(r, CAP_RMIR);
    } else {
        for (int i = 0; i < n; i++)
            term_out(r, CAP_ICH1);
    }
}

static void delete_columns(struct rl *r, int n)
{
    if (n > (int)r->width)
        return;
    if (r->term.cap[CAP_DCH]) {
        term_out_n(r, CAP_DCH, n);
        return;
    }
    for (int i = 0; i < n; i++)
        term_out(r, CAP_DCH1);
}

/* --- one row
 * -------------------------------------------------------------------------------------- */
struct row {
    struct rl_cell *c;
    uint32_t n;
};

static struct row row_of(const struct rl_screen *s, uint32_t i)
{
    if (i >= s->rows || !s->cell)
        return (struct row){NULL, 0};
    return (struct row){s->cell + s->row[i], s->row[i + 1] - s->row[i]};
}

static bool same(const struct rl_cell *a, const struct rl_cell *b)
{
    return a->n == b->n && a->face == b->face && memcmp(a->b, b->b, a->n) == 0;
}

/* The cursor hangs behind the last column of the row above: writing the first
 * character of this one brings it down. True if that character is now there. */
static bool wrap_down(struct rl *r, struct row old, struct row new)
{
    r->last_v++;
    r->last_c = 0;
    if (!new.n || !new.c[0].w) {
        str_putc(&r->out, ' ');
        r->last_c = 1;
        return false;
    }
    write_cells(r, new.c, 1);
    if (old.n)
        old.c[0] = new.c[0];
    return r->utf8;
}

/* Ends of what differs, as readline finds them. */
static void equal_end(const struct rl *r, struct row old, struct row new, uint32_t from,
                      uint32_t end[2])
{
    uint32_t ol = old.n ? old.n - 1 : 0, nl = new.n ? new.n - 1 : 0;
    bool blank = true;
    while (!r->plain && ol > from && nl > from && same(&old.c[ol], &new.c[nl])) {
        bool space = old.c[ol].n == 1 && old.c[ol].b[0] == ' ';
        if (space == r->utf8)
            blank = false;
        ol--;
        nl--;
    }
    if (blank) {
        ol = old.n;
        nl = new.n;
    } else if (ol < old.n && nl < new.n && !same(&old.c[ol], &new.c[nl])) {
        ol++;
        nl++;
    }
    end[0] = ol;
    end[1] = nl;
}

/* Writes cells from.. of new over old; the rows differ there and the cursor is there. */
static void rewrite(struct rl *r, int at, struct row old, struct row new, uint32_t from, int bottom)
{
    uint32_t end[2];
    equal_end(r, old, new, from, end);
    uint32_t rest = new.n - from, middle = end[1] - from;
    int rest_w = columns(new.c + from, rest);
    int more = columns(new.c + from, middle) - columns(old.c + from, end[0] - from);
    if (more > 0) {
        bool grows = at >= r->bottom && bottom > r->bottom;
        if (can_insert(r) && (2 * rest_w >= more || r->term.cap[CAP_ICH]) &&
            !(r->term.wraps && grows) && end[0] < old.n) {
            open_spaces(r, more);
            write_cells(r, new.c + from, middle);
        } else {
            write_cells(r, new.c + from, rest);
            if (r->plain && old.n && old.c[0].hidden)
                clear_to_end(r, 0);
        }
        return;
    }
    if ((r->term.cap[CAP_DCH] || r->term.cap[CAP_DCH1]) && 2 * rest_w >= -more) {
        if (more)
            delete_columns(r, -more);
        /* A prompt with hidden bytes is never left half written. */
        if (at == 0 && r->hidden_prompt && from + middle < r->prompt_cells)
            middle = r->prompt_cells - from;
        write_cells(r, new.c + from, middle);
        return;
    }
    write_cells(r, new.c + from, rest);
    int less = columns(old.c, old.n) - columns(new.c, new.n);
    if (less > 0) {
        if (r->term.wraps && at < bottom)
            spaces(r, less);
        else
            clear_to_end(r, less);
    }
}

static void draw_row(struct rl *r, int at, struct row old, struct row new, int bottom)
{
    uint32_t from = 0;
    if (at > 0 && r->term.wraps && r->last_c == (int)r->width && r->last_v == at - 1 &&
        wrap_down(r, old, new)) {
        from = 1;
        if (!old.n)
            old = (struct row){new.c, 1};
    }
    while (!r->plain && from < old.n && from < new.n &&same(&old.c[from], &new.c[from]))
        from++;
    if (from == old.n && from == new.n)
        return;
    move_row(r, at);
    /* The cursor cannot be brought behind hidden bytes: the prompt is written again. */
    if (at == 0 && r->hidden_prompt && r->last_c > 0 && r->last_c < (int)r->prompt_width &&
        from >= r->prompt_cells) {
        carriage(r);
        write_cells(r, new.c, r->prompt_cells);
    }
    move_column(r, columns(new.c, from), new.c, new.n);
    rewrite(r, at, old, new, from, bottom);
}

/* --- the whole
 * ---------------------------------------------------------------------------------------- */
static void draw_rows(struct rl *r)
{
    build(r, r->width);
    int bottom = (int)r->inv.rows - 1;
    for (int i = 0; i <= bottom; i++)
        draw_row(r, i, row_of(&r->vis, (uint32_t)i), row_of(&r->inv, (uint32_t)i), bottom);
    for (int i = bottom + 1; i <= r->bottom; i++) {
        struct row old = row_of(&r->vis, (uint32_t)i);
        move_row(r, i);
        move_column(r, 0, old.c, old.n);
        clear_to_end(r, i == r->bottom ? columns(old.c, old.n) : (int)r->width);
    }
    r->bottom = bottom;
    move_row(r, r->cursor_row);
    struct row row = row_of(&r->inv, (uint32_t)r->cursor_row);
    if (r->cursor_row == 0 && r->hidden_prompt && r->last_c > 0 &&
        r->last_c < (int)r->prompt_width && r->prompt_cells <= row.n) {
        carriage(r);
        write_cells(r, row.c, r->prompt_cells);
    }
    move_column(r, r->cursor_col, row.c, row.n);
}

static int left_margin(const struct rl *r, int cursor)
{
    int width = (int)r->width, third = width / 3, at = cursor - r->margin;
    if (third < 2)
        return 0;
    if (at > width - 2)
        return cursor - 2 * third > 0 ? cursor - 2 * third : 0;
    if (cursor < width - 2)
        return 0;
    return at < 1 ? (cursor - 1) / third * third : r->margin;
}

/* One row, scrolled sideways. */
static void draw_sideways(struct rl *r)
{
    build(r, 0);
    int cursor = (int)r->cursor_cell, margin = left_margin(r, cursor);
    struct rl_screen *s = &r->inv;
    uint32_t end = (uint32_t)margin + r->width;
    if (margin > 0 && (uint32_t)margin < s->n)
        s->cell[margin] = (struct rl_cell){{'<'}, 1, 1, 0, 0};
    if (end < s->n) {
        s->cell[end - 1] = (struct rl_cell){{'>'}, 1, 1, 0, 0};
        s->n = end;
    }
    row_set(r, s, 1, s->n);
    row_set(r, s, 0, (uint32_t)margin);
    struct row new = row_of(s, 0);
    draw_row(r, 0, row_of(&r->vis, 0), new, 0);
    move_column(r, columns(new.c, (uint32_t)(cursor - margin)), new.c, new.n);
    r->margin = margin;
    r->bottom = 0;
}

void draw(struct rl *r)
{
    if (!r->echoing)
        return;
    for (size_t i = 0; r->forced && i < r->prefix_n; i++)
        if (r->prefix[i] != 1 && r->prefix[i] != 2)
            str_putc(&r->out, (unsigned char)r->prefix[i]);
    if (r->term.cap[CAP_CUU1])
        draw_rows(r);
    else
        draw_sideways(r);
    struct rl_screen t = r->vis;
    r->vis = r->inv;
    r->inv = t;
    r->forced = r->plain = false;
    rl_flush(r);
}

void draw_new_line(struct rl *r)
{
    r->last_c = r->last_v = r->bottom = r->margin = 0;
    screen_clear(r, &r->vis);
}

void draw_forced(struct rl *r)
{
    draw_new_line(r);
    r->forced = true;
    draw(r);
}

void draw_prompt(struct rl *r, const char *prompt)
{
    size_t n = strlen(prompt) + 1;
    if (n > r->prompt_cap) {
        r->prompt_mem = arena_realloc(r->a, r->prompt_mem, r->prompt_cap, n);
        r->prompt_cap = n;
    }
    memcpy(r->prompt_mem, prompt, n);
    draw_message(r, NULL);
}

void draw_message(struct rl *r, const char *text)
{
    r->prefix = r->prompt = r->prompt_mem;
    const char *nl = strrchr(r->prompt_mem, '\n');
    if (nl)
        r->prompt = nl + 1;
    r->prefix_n = (size_t)(r->prompt - r->prefix);
    if (text)
        r->prompt = text;
}

void draw_final(struct rl *r)
{
    bool full = false;
    if (!r->echoing)
        return;
    if (r->bottom > 0 && r->last_c == 0 && row_of(&r->vis, (uint32_t)r->bottom).n == 0) {
        r->bottom--;
        full = true;
    }
    move_row(r, r->bottom);
    struct row row = row_of(&r->vis, (uint32_t)r->bottom);
    if (full && r->term.wraps && columns(row.c, row.n) == (int)r->width) {
        move_column(r, (int)r->width - 1, row.c, row.n);
        clear_to_end(r, 0);
        write_cells(r, row.c + row.n - 1, 1);
    }
    r->bottom = 0;
    if (r->last_c > 0 || row.n > 0)
        str_putc(&r->out, '\n');
    rl_flush(r);
}

void draw_resized(struct rl *r, unsigned old_width)
{
    if (r->width == old_width)
        return;
    move_row(r, r->bottom);
    carriage(r);
    if (r->term.cap[CAP_EL]) {
        term_out(r, CAP_EL);
    } else {
        spaces(r, (int)r->width);
        carriage(r);
    }
    move_row(r, 0);
    draw_forced(r);
}

void draw_clear(struct rl *r)
{
    if (r->term.cap[CAP_CLEAR])
        term_out(r, CAP_CLEAR);
    else
        str_putc(&r->out, '\n');
    draw_forced(r);
}
