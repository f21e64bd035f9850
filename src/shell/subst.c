/* subst.c -- command and process substitution.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "shell/builtin.h"
#include "shell/exec.h"
#include "shell/expand.h"

static void drop_newlines(struct str *s)
{
    while (s->n && s->s[s->n - 1] == '\n')
        str_trunc(s, s->n - 1);
}

/* Reads all of fd; bytes of value 0 are left out, with bash's warning. */
static char *read_all(struct shell *sh, int fd)
{
    struct str s;
    char part[4096];
    bool nul = false;
    str_init(&s, sh->tmp);
    for (;;) {
        ssize_t n = vm_read(sh->p, fd, part, sizeof part);
        if (n == -EINTR)
            continue;
        if (n <= 0)
            break;
        if (!memchr(part, 0, (size_t)n)) {
            str_add(&s, part, (size_t)n);
            continue;
        }
        nul = true;
        for (ssize_t i = 0; i < n; i++)
            if (part[i])
                str_putc(&s, (unsigned char)part[i]);
    }
    if (nul && !sh->dash)
        sh_error(sh, "warning: command substitution: ignored null byte in input");
    drop_newlines(&s);
    return s.s ? s.s : sh_tmp_strdup(sh, "");
}

static int run_subst(struct shell *sh, void *arg)
{
    const struct seg *s = arg;
    if (!sh->shopt[SHOPT_INHERIT_ERREXIT] && !sh->dash)
        sh->opt[OPT_ERREXIT] = false;
    sh->loops = 0;
    if (s->kind == SEG_BACKQ)
        return run_string(sh, s->text, "command substitution", s->line);
    return exec_last(sh, s->tree);
}

/* $(< file): no process is needed. */
static char *read_file(struct shell *sh, const struct seg *s)
{
    int mark = sh->undo_n;
    char *out = sh_tmp_strdup(sh, "");
    if (redir_apply(sh, s->tree->redirs)) {
        out = read_all(sh, 0);
        sh->cmdsub_status = 0;
    } else {
        sh->cmdsub_status = 1;
    }
    redir_undo(sh, mark);
    return out;
}

char *exec_substitute(struct shell *sh, const struct seg *s)
{
    if (s->kind == SEG_COMMAND && !s->tree) {
        sh->cmdsub_status = 0;
        return sh_tmp_strdup(sh, "");
    }
    if (s->file && !sh->dash)
        return read_file(sh, s);
    int fds[2];
    int err = vm_pipe(sh->p, fds);
    if (err < 0) {
        sh_error(sh, "cannot make pipe for command substitution: %s", vm_strerror(-err));
        sh->cmdsub_status = 1;
        return sh_tmp_strdup(sh, "");
    }
    struct sh_child c = {.fn = run_subst, .arg = (void *)s, .in = -1, .out = fds[1], .subst = true};
    c.close_fd[0] = fds[0];
    int line = sh->line;
    int pid = sh_fork(sh, &c);
    (void)vm_close(sh->p, fds[1]);
    char *out = read_all(sh, fds[0]);
    (void)vm_close(sh->p, fds[0]);
    int saved[64], n = sh->pipe_n;
    memcpy(saved, sh->pipestatus, sizeof saved);
    bool jc = sh->job_control;
    sh->job_control = false;
    int status = job_wait_fg(sh, &pid, 1, "");
    sh->job_control = jc;
    memcpy(sh->pipestatus, saved, sizeof saved);
    sh->pipe_n = n;
    sh->line = line;
    sh->cmdsub_status = status;
    sh->status = status;
    return out;
}

static int run_process(struct shell *sh, void *arg)
{
    const struct seg *s = arg;
    return exec_last(sh, s->tree);
}

char *exec_process(struct shell *sh, const struct seg *s)
{
    int fds[2];
    if (vm_pipe(sh->p, fds) < 0)
        return sh_tmp_strdup(sh, "/dev/null");
    bool in = s->kind == SEG_PROC_IN; /* we read what it writes */
    int mine = fds[in ? 0 : 1], theirs = fds[in ? 1 : 0];
    struct sh_child c = {.fn = run_process,
                         .arg = (void *)s,
                         .in = in ? -1 : theirs,
                         .out = in ? theirs : -1,
                         .subst = true};
    c.close_fd[0] = mine;
    int pid = sh_fork(sh, &c);
    sh->last_bg = sh->proc_pid = pid;
    (void)vm_close(sh->p, theirs);
    int high = 63;
    while (high > 20 && vm_fd_flags(sh->p, high) >= 0)
        high--;
    (void)vm_dup2(sh->p, mine, high);
    (void)vm_close(sh->p, mine);
    if (sh->proc_n == sh->proc_cap) {
        int cap = sh->proc_cap ? sh->proc_cap * 2 : 8;
        sh->proc_fds =
            arena_realloc(sh->heap, sh->proc_fds, (size_t)sh->proc_cap * sizeof *sh->proc_fds,
                          (size_t)cap * sizeof *sh->proc_fds);
        sh->proc_cap = cap;
    }
    sh->proc_fds[sh->proc_n++] = high;
    return sh_tmp_printf(sh, "/dev/fd/%d", high);
}
