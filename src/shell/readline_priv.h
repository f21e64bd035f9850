/* readline_priv.h -- the inside of the line editor, shared by readline*.c.
 *
 * The screen is rows of cells, one a character; draw.c compares the rows that
 * are shown with those that should be and writes the difference.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef SHELL_READLINE_PRIV_H
#define SHELL_READLINE_PRIV_H

#include "shell/readline.h"

enum { RL_KEY_EOF = -1, RL_KEY_INTERRUPT = -2 };
enum { RL_KILLS = 10, RL_LINE_MAX = 1 << 20 };

struct rl_cell {
    char b[4];
    uint8_t n, w;   /* bytes and columns */
    uint8_t face;   /* 1: standout */
    uint8_t hidden; /* a byte of the prompt that takes no room */
};

struct rl_screen {
    struct rl_cell *cell;
    uint32_t n, cap;
    uint32_t *row; /* where rows begin; rows + 1 entries */
    uint32_t rows, row_cap;
};

/* Capabilities of the terminal: strings of terminfo, NULL if it has none. */
enum rl_cap {
    CAP_CR,
    CAP_CLEAR,
    CAP_EL,
    CAP_CUB1,
    CAP_CUF1,
    CAP_CUU1,
    CAP_DCH1,
    CAP_DCH,
    CAP_ICH1,
    CAP_ICH,
    CAP_SMIR,
    CAP_RMIR,
    CAP_SMSO,
    CAP_RMSO,
    CAP_COUNT
};

struct rl_term {
    char *name; /* TERM it was read for */
    const char *cap[CAP_COUNT];
    bool wraps; /* am and xenl: the cursor waits behind the last column */
    bool dumb;
};

struct rl_undo {
    struct rl_undo *next;
    enum { UNDO_INSERT, UNDO_DELETE, UNDO_BEGIN, UNDO_END } kind;
    uint32_t start, end;
    char *text; /* UNDO_DELETE */
};

/* A history line that was changed while the cursor was elsewhere. */
struct rl_edit {
    struct rl_edit *next;
    int index;
    char *text;
};

struct rl;
typedef void rl_fn(struct rl *r, int count, int key);

struct rl {
    struct proc *p;
    struct arena *a;
    const struct rl_host *host;
    struct rl_term term;
    struct termios cooked;
    bool utf8, vi, vi_command, prepped, done, eof, interrupted, paste_on, echoing;
    uint8_t eof_char;
    unsigned width, height;

    char *text; /* the line: NUL-ended */
    uint32_t n, cap, point, mark;
    bool active; /* the region is shown */
    bool overwrite;
    struct rl_undo *undo;
    bool undoing;
    int undo_depth;
    char *kill[RL_KILLS];
    int kills, kill_at;
    bool killing, was_killing; /* this command kills; the last one did */
    rl_fn *last;               /* the last command */
    int arg;
    bool arg_given;
    int pending;                   /* a key read ahead, or RL_KEY_EOF */
    uint8_t partial[4], partial_n; /* of a character under way */

    int hist; /* line shown: index, or count: the new line */
    struct rl_edit *edits;
    int next_hist;                               /* Ctrl-O: where the next line starts; -1 */
    int last_arg_at, last_arg_len, last_arg_dir; /* Alt-. */
    char *search;                                /* the last string searched for */
    int find_key;                                /* vi's f t F T */
    int find_char;

    /* the screen */
    const char *prompt, *prefix; /* local part, and lines above it */
    size_t prefix_n;
    char *prompt_mem;
    size_t prompt_cap;
    struct rl_screen vis, inv;
    int last_v, last_c, bottom; /* cursor on the screen; last row shown */
    int cursor_row, cursor_col;
    uint32_t cursor_cell;
    uint32_t prompt_cells, prompt_width;
    int margin; /* first cell shown when the terminal has one row only */
    bool forced, hidden_prompt;
    bool plain; /* the next rows are written to their ends */
    struct str out;
    int listing; /* columns lists */
};

/* --- terminal (readline_term.c) ---------------------------------------------- */
void term_load(struct rl *r);                          /* reads the machine's terminfo for TERM */
void term_out(struct rl *r, enum rl_cap cap);          /* with its padding */
void term_out_n(struct rl *r, enum rl_cap cap, int n); /* one parameter */
void term_prep(struct rl *r);
void term_deprep(struct rl *r);
void term_size(struct rl *r);
void rl_flush(struct rl *r);
void rl_ding(struct rl *r);

/* --- screen (readline_draw.c) -------------------------------------------------- */
void draw_prompt(struct rl *r, const char *prompt); /* takes a copy */
void draw_new_line(struct rl *r);                   /* the cursor is at column 0 of a fresh row */
void draw(struct rl *r);
void draw_forced(struct rl *r);
void draw_final(struct rl *r);                     /* below the line */
void draw_message(struct rl *r, const char *text); /* instead of the prompt; NULL: the prompt */
void draw_resized(struct rl *r, unsigned old_width);
void draw_clear(struct rl *r);

/* --- keys (readline.c) ------------------------------------------------------------ */
int rl_key(struct rl *r); /* waits; a byte, RL_KEY_EOF or RL_KEY_INTERRUPT */
bool rl_key_waits(struct rl *r);
void rl_run(struct rl *r, rl_fn *fn, int count, int key);
rl_fn *keys_find(struct rl *r, const char *seq, size_t n, bool *prefix); /* keys.c */
bool keys_inserts(struct rl *r, int key); /* the key stands for itself */

/* --- text (readline_edit.c) ----------------------------------------------------------- */
void rl_insert_text(struct rl *r, const char *s, size_t n);
void rl_delete_text(struct rl *r, uint32_t from, uint32_t to);
void rl_kill_text(struct rl *r, uint32_t from, uint32_t to);
void rl_replace_line(struct rl *r, const char *s, bool forget_undo);
void rl_forget_undo(struct rl *r);
void rl_undo_group(struct rl *r, bool begin);
uint32_t rl_next(const struct rl *r, uint32_t at); /* end of the character at */
uint32_t rl_prev(const struct rl *r, uint32_t at);
char *rl_dup(struct rl *r, const char *s, size_t n);
void rl_drop(struct rl *r, char *s);

/* --- commands ---------------------------------------------------------------------------- */
rl_fn rl_insert, rl_accept, rl_bol, rl_eol, rl_forward, rl_backward, rl_rubout, rl_delete,
    rl_delete_or_eof, rl_kill_line, rl_discard_line, rl_word_rubout, rl_yank, rl_yank_pop,
    rl_transpose, rl_transpose_words, rl_forward_word, rl_backward_word, rl_kill_word,
    rl_backward_kill_word, rl_upcase, rl_downcase, rl_capitalize, rl_undo_command, rl_quoted_insert,
    rl_clear_screen, rl_abort, rl_digit, rl_revert, rl_set_mark, rl_exchange, rl_find_char,
    rl_find_char_back, rl_delete_space, rl_comment, rl_paste, rl_overwrite_mode,
    rl_backward_kill_line, rl_whole_line, rl_tilde, rl_tab, rl_nothing, rl_prev_history,
    rl_next_history, rl_first_history, rl_last_history, rl_isearch_back, rl_isearch_forward,
    rl_search_back, rl_search_forward, rl_last_argument, rl_nth_argument, rl_operate_next,
    rl_expand_history, rl_complete, rl_list_completions, rl_insert_completions, rl_vi_command_mode,
    rl_vi_key;
void rl_hist_reset(struct rl *r); /* a new line begins */

#endif
