/* input.c -- commands from standard input, with and without a prompt.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/input.h"

#include <errno.h>
#include <string.h>

#include "policy/gate.h"
#include "shell/builtin.h"
#include "shell/exec.h"
#include "shell/hist.h"

/* One line from descriptor 0 without reading beyond it, so that commands find the
 * rest: byte by byte, or by seeking back in a file. */
static bool read_line(struct shell *sh, struct str *out)
{
    char part[512];
    bool seek = vm_lseek(sh->p, 0, 0, SEEK_CUR) >= 0;
    for (;;) {
        ssize_t n = vm_read(sh->p, 0, part, seek ? sizeof part : 1);
        if (n == -EINTR)
            continue;
        if (n <= 0)
            return out->n > 0;
        char *nl = memchr(part, '\n', (size_t)n);
        size_t k = nl ? (size_t)(nl - part) + 1 : (size_t)n;
        str_add(out, part, k);
        if (nl) {
            if (seek && k < (size_t)n)
                (void)vm_lseek(sh->p, 0, (int64_t)k - n, SEEK_CUR);
            return true;
        }
        if (out->n > (4u << 20))
            return true;
    }
}

/* A prompt without the marks around what takes no room. */
static char *visible(struct shell *sh, const char *prompt)
{
    char *copy = sh_tmp_strdup(sh, prompt), *to = copy;
    for (const char *s = prompt; *s; s++)
        if (*s != 1 && *s != 2)
            *to++ = *s;
    *to = 0;
    return copy;
}

char *shell_readline(struct shell *sh, const char *prompt, bool *interrupted)
{
    struct str s;
    char c;
    *interrupted = false;
    if (!sh->dash && (sh->opt[OPT_EMACS] || sh->opt[OPT_VI]))
        return shell_edit_line(sh, prompt, interrupted);
    prompt = visible(sh, prompt);
    str_init(&s, sh->tmp);
    (void)vm_write_all(sh->p, 2, prompt, strlen(prompt));
    for (;;) {
        ssize_t n = vm_read(sh->p, 0, &c, 1);
        if (n == -EINTR) {
            if (sh->int_pending) {
                sh->int_pending = false;
                sh->trap_pending &= ~(1ull << (SIGINT - 1));
                (void)vm_write_all(sh->p, 2, "\n", 1);
                *interrupted = true;
                return NULL;
            }
            trap_pending(sh);
            continue;
        }
        if (n <= 0)
            return s.n ? s.s : NULL;
        if (c == '\n')
            return s.s ? s.s : sh_tmp_strdup(sh, "");
        str_putc(&s, (unsigned char)c);
    }
}

static char *make_prompt(struct shell *sh, bool first)
{
    const char *ps = var_get(sh, first ? "PS1" : "PS2");
    if (!ps)
        return sh_tmp_strdup(sh, "");
    if (sh->dash)
        return sh_tmp_strdup(sh, expand_text(sh, ps));
    return prompt_expand(sh, ps);
}

static void before_prompt(struct shell *sh)
{
    job_notify(sh);
    if (sh->dash)
        return;
    const char *cmd = var_get(sh, "PROMPT_COMMAND");
    if (cmd && *cmd) {
        int status = sh->status;
        char *copy = sh_heap_strdup(sh, cmd);
        run_string(sh, copy, "PROMPT_COMMAND", 1);
        sh_heap_free(sh, copy);
        sh->status = status;
    }
}

static bool stopped_jobs(struct shell *sh)
{
    for (struct job *j = sh->jobs; j; j = j->next)
        if (job_stopped(j))
            return true;
    return false;
}

/* Ctrl-D at an empty prompt: does the shell go? */
static bool end_of_input(struct shell *sh, bool first)
{
    if (!first)
        return true;
    int64_t n = 10;
    const char *ignore = var_get(sh, "IGNOREEOF");
    if ((ignore || sh->opt[OPT_IGNOREEOF]) && !sh->dash) {
        if (ignore && (!*ignore || str_int(ignore, 0, INT32_MAX, &n) != 0))
            n = 10;
        if (sh->eof_count++ < n) {
            const char *t = sh->login ? "Use \"logout\" to leave the shell.\n"
                                      : "Use \"exit\" to leave the shell.\n";
            (void)vm_write_all(sh->p, 2, t, strlen(t));
            return false;
        }
    }
    if (stopped_jobs(sh) && !sh->warned_stopped) {
        static const char t[] = "There are stopped jobs.\n";
        sh->warned_stopped = true;
        (void)vm_write_all(sh->p, 2, t, sizeof t - 1);
        return false;
    }
    if (!sh->dash) {
        const char *t = sh->login ? "logout\n" : "exit\n";
        (void)vm_write_all(sh->p, 2, t, strlen(t));
    }
    return true;
}

bool input_more(void *ctx, struct parser *p)
{
    struct shell *sh = ctx;
    if (!sh->interactive || !vm_isatty(sh->p, 0)) {
        struct str s;
        if (sh->interactive) {
            char *prompt = visible(sh, make_prompt(sh, p->pos == 0 || p->tok_at == p->src.n));
            (void)vm_write_all(sh->p, 2, prompt, strlen(prompt));
        }
        str_init(&s, sh->heap);
        bool ok = read_line(sh, &s);
        if (ok)
            policy_line(sh->p, s.s, s.n > 0 && s.s[s.n - 1] == '\n' ? s.n - 1 : s.n);
        if (ok && sh->opt[OPT_VERBOSE])
            (void)vm_write_all(sh->p, 2, s.s, s.n);
        if (ok)
            str_add(&p->src, s.s, s.n);
        str_release(&s);
        if (!ok && sh->interactive)
            (void)vm_write_all(sh->p, 2, "exit\n", 5);
        return ok;
    }
    for (;;) {
        bool first = p->tok_at >= p->src.n && !p->depth && !p->heres, interrupted, changed;
        first = p->src.n == 0 || (p->pos == p->src.n && p->command_at == p->pos);
        if (first)
            before_prompt(sh);
        char *line = shell_readline(sh, make_prompt(sh, first), &interrupted);
        if (interrupted) {
            sh->status = 130;
            if (!first) { /* drop the whole command */
                longjmp(*p->on_error, 1);
            }
            continue;
        }
        if (!line) {
            if (end_of_input(sh, first))
                return false;
            continue;
        }
        sh->eof_count = 0;
        policy_line(sh->p, line, strlen(line));
        sh->exec_count += first && *line;
        if (first && *line)
            sh->warned_stopped = sh->warned_stopped && str_starts(line, "exit");
        if (!sh->dash && sh->opt[OPT_HISTEXPAND]) {
            line = hist_expand(sh, line, &changed);
            if (!line)
                continue;
            if (changed) {
                (void)vm_write_all(sh->p, 2, line, strlen(line));
                (void)vm_write_all(sh->p, 2, "\n", 1);
            }
        }
        if (!sh->dash && sh->opt[OPT_HISTORY])
            hist_add(sh, line);
        str_puts(&p->src, line);
        str_putc(&p->src, '\n');
        return true;
    }
}

void input_reset(struct shell *sh, struct parser *p)
{
    (void)sh;
    p->pos = p->src.n;
    p->line_start = p->pos;
    p->eof = false;
}
