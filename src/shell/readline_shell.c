/* readline_shell.c -- the line editor at a shell's prompt.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "shell/complete.h"
#include "shell/expand.h"
#include "shell/hist.h"
#include "shell/input.h"
#include "shell/readline.h"

static int history_count(void *ctx)
{
    return hist_count(ctx);
}

static const char *history_get(void *ctx, int i)
{
    return hist_get(ctx, i);
}

static void complete(void *ctx, const char *line, uint32_t point, struct arena *tmp,
                     struct rl_matches *out)
{
    complete_word(ctx, line, point, tmp, out);
}

static bool signalled(void *ctx)
{
    struct shell *sh = ctx;
    if (!sh->int_pending) {
        trap_pending(sh);
        return false;
    }
    sh->int_pending = false;
    sh->trap_pending &= ~(1ull << (SIGINT - 1));
    return true;
}

static void resized(void *ctx, unsigned columns, unsigned lines)
{
    struct shell *sh = ctx;
    if (!sh->shopt[SHOPT_CHECKWINSIZE] || !columns || !lines)
        return;
    var_set(sh, "COLUMNS", sh_tmp_printf(sh, "%u", columns));
    var_set(sh, "LINES", sh_tmp_printf(sh, "%u", lines));
}

static const char *variable(void *ctx, const char *name)
{
    return var_get(ctx, name);
}

static char *history_expand(void *ctx, const char *line)
{
    bool changed;
    return hist_expand(ctx, line, &changed);
}

char *shell_edit_line(struct shell *sh, const char *prompt, bool *interrupted)
{
    static const struct rl_host calls = {NULL,      history_count, history_get, complete,
                                         signalled, resized,       variable,    history_expand};
    const char *line;
    if (!sh->editor) {
        struct rl_host *host = arena_zalloc(sh->heap, sizeof *host);
        *host = calls;
        host->ctx = sh;
        sh->editor = rl_new(sh->p, sh->heap, host);
    }
    rl_set_modes(sh->editor, sh_utf8(sh), sh->opt[OPT_VI]);
    enum rl_result result = rl_read(sh->editor, prompt, &line);
    *interrupted = result == RL_INTERRUPT;
    return result == RL_LINE ? sh_tmp_strdup(sh, line) : NULL;
}
