/* keys.c -- which keys do what: readline's emacs keys with Debian's /etc/inputrc.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "shell/readline_priv.h"

struct key {
    const char *seq;
    rl_fn *fn;
};

static rl_fn *const control_keys[32] = {
    [0] = rl_set_mark,
    [1] = rl_bol,
    [2] = rl_backward,
    [4] = rl_delete_or_eof,
    [5] = rl_eol,
    [6] = rl_forward,
    [7] = rl_abort,
    [8] = rl_rubout,
    [9] = rl_complete,
    [10] = rl_accept,
    [11] = rl_kill_line,
    [12] = rl_clear_screen,
    [13] = rl_accept,
    [14] = rl_next_history,
    [15] = rl_operate_next,
    [16] = rl_prev_history,
    [17] = rl_quoted_insert,
    [18] = rl_isearch_back,
    [19] = rl_isearch_forward,
    [20] = rl_transpose,
    [21] = rl_discard_line,
    [22] = rl_quoted_insert,
    [23] = rl_word_rubout,
    [25] = rl_yank,
    [29] = rl_find_char,
    [31] = rl_undo_command,
};

/* Sequences behind ESC (Alt) and Ctrl-X. */
static const struct key sequences[] = {
    {"\033\007", rl_abort},
    {"\033\010", rl_backward_kill_word},
    {"\033\014", rl_clear_screen},
    {"\033\022", rl_revert},
    {"\033\031", rl_nth_argument},
    {"\033\033[C", rl_forward_word},
    {"\033\033[D", rl_backward_word},
    {"\033\035", rl_find_char_back},
    {"\033 ", rl_set_mark},
    {"\033#", rl_comment},
    {"\033&", rl_tilde},
    {"\033*", rl_insert_completions},
    {"\033-", rl_digit},
    {"\033.", rl_last_argument},
    {"\033/", rl_complete},
    {"\033<", rl_first_history},
    {"\033=", rl_list_completions},
    {"\033>", rl_last_history},
    {"\033?", rl_list_completions},
    {"\033OA", rl_prev_history},
    {"\033OB", rl_next_history},
    {"\033OC", rl_forward},
    {"\033OD", rl_backward},
    {"\033OF", rl_eol},
    {"\033OH", rl_bol},
    {"\033[1;3C", rl_forward_word},
    {"\033[1;3D", rl_backward_word},
    {"\033[1;5C", rl_forward_word},
    {"\033[1;5D", rl_backward_word},
    {"\033[1~", rl_bol},
    {"\033[200~", rl_paste},
    {"\033[2~", rl_quoted_insert},
    {"\033[3;5~", rl_kill_word},
    {"\033[3~", rl_delete},
    {"\033[4~", rl_eol},
    {"\033[5C", rl_forward_word},
    {"\033[5D", rl_backward_word},
    {"\033[A", rl_prev_history},
    {"\033[B", rl_next_history},
    {"\033[C", rl_forward},
    {"\033[D", rl_backward},
    {"\033[F", rl_eol},
    {"\033[H", rl_bol},
    {"\033\\", rl_delete_space},
    {"\033^", rl_expand_history},
    {"\033_", rl_last_argument},
    {"\033b", rl_backward_word},
    {"\033c", rl_capitalize},
    {"\033d", rl_kill_word},
    {"\033f", rl_forward_word},
    {"\033l", rl_downcase},
    {"\033n", rl_search_forward},
    {"\033p", rl_search_back},
    {"\033r", rl_revert},
    {"\033t", rl_transpose_words},
    {"\033u", rl_upcase},
    {"\033y", rl_yank_pop},
    {"\033~", rl_complete},
    {"\033\177", rl_backward_kill_word},
    {"\030\007", rl_abort},
    {"\030\025", rl_undo_command},
    {"\030\030", rl_exchange},
    {"\030\177", rl_backward_kill_line},
};

static rl_fn *alt_digit(const char *seq, size_t n)
{
    return n == 2 && seq[0] == 27 && seq[1] >= '0' && seq[1] <= '9' ? rl_digit : NULL;
}

rl_fn *keys_find(struct rl *r, const char *seq, size_t n, bool *prefix)
{
    unsigned char c = (unsigned char)seq[0];
    *prefix = false;
    if (n == 1 && c != 27 && c != 24) {
        if (c == 127)
            return rl_rubout;
        if (c == r->eof_char && c < 32)
            return rl_delete_or_eof;
        return c < 32 ? control_keys[c] : rl_insert;
    }
    char low[2] = {27, (char)(n == 2 ? seq[1] | 32 : 0)};
    if (n == 2 && c == 27 && seq[1] >= 'A' && seq[1] <= 'Z' && seq[1] != 'O')
        seq = low; /* Alt with a capital is Alt with the small letter */
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
        const char *s = sequences[i].seq;
        size_t len = strlen(s);
        if (len < n || memcmp(s, seq, n) != 0)
            continue;
        if (len == n)
            return sequences[i].fn;
        *prefix = true;
    }
    return *prefix ? NULL : alt_digit(seq, n);
}

bool keys_inserts(struct rl *r, int key)
{
    return key >= 32 && key != 127 && (key < 0x80 || r->utf8);
}
