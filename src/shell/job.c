/* job.c -- child processes: starting, waiting, the table of jobs.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "shell/builtin.h"
#include "shell/exec.h"

enum { RUNNING = -1, STOPPED = -2 };

/* --- starting -------------------------------------------------------------------- */

static void put_fd(struct proc *p, int from, int to)
{
    if (from < 0 || from == to)
        return;
    (void)vm_dup2(p, from, to);
    (void)vm_close(p, from);
}

static int child_main(struct proc *p, void *arg)
{
    struct sh_child *c = arg;
    struct shell *sh = vm_own(p);
    for (int i = 0; i < 4; i++)
        if (c->close_fd[i] > 0)
            (void)vm_close(p, c->close_fd[i]);
    if (c->out == 0) { /* would be lost under the new standard input */
        c->out = vm_dup(p, c->out, 3);
    }
    put_fd(p, c->in, 0);
    put_fd(p, c->out, 1);
    if (c->err_to_out)
        (void)vm_dup2(p, 1, 2);
    bool jobs = sh->job_control && !c->subst;
    if (jobs) { /* while SIGTTOU is still ignored, as in the shell itself */
        int pgrp = c->pgrp ? c->pgrp : vm_getpid(p);
        (void)vm_setpgid(p, 0, pgrp);
        if (!c->background && sh->tty_fd >= 0)
            (void)vm_tcsetpgrp(p, sh->tty_fd, pgrp);
    }
    trap_reset_child(sh);
    if (sh->interactive) {
        for (int s = 0; s < 6; s++) {
            static const int back[] = {SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU};
            if (!(sh->traps[back[s]] && !*sh->traps[back[s]]))
                (void)vm_signal(p, back[s], VM_SIG_DFL, true);
        }
    }
    if (!jobs && c->background && !sh->job_control) {
        (void)vm_signal(p, SIGINT, VM_SIG_IGN, true);
        (void)vm_signal(p, SIGQUIT, VM_SIG_IGN, true);
        if (c->in < 0) {
            int null = vm_open(p, "/dev/null", O_RDONLY, 0);
            put_fd(p, null, 0);
        }
    }
    sh->loops = 0;
    sh->job_control = false;
    sh->was_interactive |= sh->interactive;
    sh->interactive = false;
    int status = c->fn ? c->fn(sh, c->arg) : exec_last(sh, c->node);
    sh_exit(sh, status);
}

int sh_fork(struct shell *sh, struct sh_child *c)
{
    struct proc *child;
    out_flush(sh);
    int pid = vm_fork(sh->p, &child);
    if (pid < 0) {
        for (int i = 0; i < 1 && pid == -EAGAIN; i++) {
            sh_error(sh,
                     sh->dash ? "Cannot fork" : "fork: retry: Resource temporarily unavailable");
            if (sh->dash)
                break;
            (void)vm_sleep_us(sh->p, 1000000);
            pid = vm_fork(sh->p, &child);
        }
        if (pid < 0) {
            if (!sh->dash)
                sh_error(sh, "fork: Resource temporarily unavailable");
            sh->status = sh->dash ? 2 : 254;
            sh_throw(sh, JUMP_DISCARD);
        }
    }
    struct shell *to = sh_clone(sh, child);
    to->bashpid = pid;
    to->subshell = sh->subshell + (c->node != NULL || c->subst);
    to->no_fork = false;
    if (c->subst)
        to->depth++;
    struct sh_child *copy = vm_alloc(child, sizeof *copy);
    *copy = *c;
    if (c->argv) {
        int n = 0;
        while (c->argv[n])
            n++;
        to->child_argv = vm_alloc(child, ((size_t)n + 1) * sizeof *to->child_argv);
        for (int i = 0; i < n; i++)
            to->child_argv[i] = sh_heap_strdup(to, c->argv[i]);
        to->child_argc = n;
    }
    vm_set_own(child, to);
    vm_start(child, child_main, copy);
    if (sh->job_control && !c->subst)
        (void)vm_setpgid(sh->p, pid, c->pgrp ? c->pgrp : pid);
    return pid;
}

/* --- the table ------------------------------------------------------------------------ */

struct job *job_add(struct shell *sh, const int *pids, int n, const char *text, bool background)
{
    int id = 1;
    struct job **at = &sh->jobs;
    for (; *at; at = &(*at)->next)
        id = (*at)->id >= id ? (*at)->id + 1 : id;
    struct job *j = arena_zalloc(sh->heap, sizeof *j);
    j->id = id;
    j->n = n;
    j->pids = arena_zalloc(sh->heap, (size_t)n * sizeof *j->pids);
    j->states = arena_zalloc(sh->heap, (size_t)n * sizeof *j->states);
    for (int i = 0; i < n; i++) {
        j->pids[i] = pids[i];
        j->states[i] = RUNNING;
    }
    j->pgid = pids[0];
    j->text = sh_heap_strdup(sh, text);
    j->background = background;
    *at = j;
    if (background) {
        if (sh->current_job != j)
            sh->previous_job = sh->current_job;
        sh->current_job = j;
    }
    return j;
}

void job_remove(struct shell *sh, struct job *j)
{
    for (struct job **at = &sh->jobs; *at; at = &(*at)->next)
        if (*at == j) {
            *at = j->next;
            break;
        }
    if (sh->current_job == j) {
        sh->current_job = sh->previous_job;
        sh->previous_job = NULL;
    }
    if (sh->previous_job == j)
        sh->previous_job = NULL;
    if (!sh->current_job)
        for (struct job *k = sh->jobs; k; k = k->next)
            sh->current_job = k;
    for (struct job *k = sh->jobs; k && !sh->previous_job; k = k->next)
        if (k != sh->current_job && !k->next)
            sh->previous_job = k;
    arena_release(sh->heap, j->pids, (size_t)j->n * sizeof *j->pids);
    arena_release(sh->heap, j->states, (size_t)j->n * sizeof *j->states);
    sh_heap_free(sh, j->text);
    arena_release(sh->heap, j, sizeof *j);
}

bool job_running(const struct job *j)
{
    for (int i = 0; i < j->n; i++)
        if (j->states[i] == RUNNING)
            return true;
    return false;
}

bool job_stopped(const struct job *j)
{
    bool stopped = false;
    for (int i = 0; i < j->n; i++) {
        if (j->states[i] == RUNNING)
            return false;
        stopped |= j->states[i] == STOPPED;
    }
    return stopped;
}

int job_status(int st)
{
    return WIFSIGNALED(st)  ? 128 + WTERMSIG(st)
           : WIFSTOPPED(st) ? 128 + WSTOPSIG(st)
                            : WEXITSTATUS(st);
}

bool job_note(struct shell *sh, int pid, int status)
{
    if (pid == sh->proc_pid && !WIFSTOPPED(status)) {
        struct sh_done d = {pid, job_status(status)};
        sh->done[sh->done_n < 8 ? sh->done_n++ : 7] = d;
        sh->proc_pid = 0;
        return true;
    }
    for (struct job *j = sh->jobs; j; j = j->next)
        for (int i = 0; i < j->n; i++)
            if (j->pids[i] == pid) {
                j->states[i] = WIFSTOPPED(status)     ? STOPPED
                               : WIFCONTINUED(status) ? RUNNING
                                                      : status;
                if (WIFSTOPPED(status))
                    j->notified = false;
                return true;
            }
    return false;
}

void job_reap(struct shell *sh)
{
    int st, pid;
    if (!sh->jobs && !sh->proc_pid)
        return;
    while ((pid = vm_wait(sh->p, -1, &st, WNOHANG | WUNTRACED | WCONTINUED)) > 0)
        (void)job_note(sh, pid, st);
}

const char *job_state_text(struct shell *sh, const struct job *j, char *buf, size_t n)
{
    (void)sh;
    if (job_running(j))
        return "Running";
    if (job_stopped(j))
        return "Stopped";
    int st = j->states[j->n - 1];
    if (WIFSIGNALED(st)) {
        (void)str_fmt(buf, n, "%s%s", sh_signal_text(WTERMSIG(st)),
                      WCOREDUMP(st) ? " (core dumped)" : "");
        return buf;
    }
    if (WEXITSTATUS(st) == 0)
        return "Done";
    (void)str_fmt(buf, n, sh->dash ? "Done(%d)" : "Exit %d", WEXITSTATUS(st));
    return buf;
}

void job_print(struct shell *sh, const struct job *j, struct str *out, bool pids)
{
    char buf[64];
    const char *state = job_state_text(sh, j, buf, sizeof buf);
    char mark = j == sh->current_job ? '+' : j == sh->previous_job ? '-' : ' ';
    str_printf(out, "[%d]%c ", j->id, mark);
    if (pids)
        str_printf(out, "%d ", j->pids[0]);
    else
        str_putc(out, ' ');
    bool running = job_running(j);
    str_printf(out, "%-24s%s%s\n", state, j->text, running && j->background ? " &" : "");
}

void job_notify(struct shell *sh)
{
    job_reap(sh);
    for (struct job *j = sh->jobs, *next; j; j = next) {
        next = j->next;
        if (job_running(j))
            continue;
        bool stopped = job_stopped(j);
        if (stopped && j->notified)
            continue;
        if (sh->interactive && !j->notified && j->background) {
            struct str s;
            str_init(&s, sh->tmp);
            job_print(sh, j, &s, false);
            (void)vm_write_all(sh->p, 2, s.s, s.n);
        }
        j->notified = true;
        if (!stopped && sh->interactive)
            job_remove(sh, j);
    }
}

/* --- waiting in the foreground ---------------------------------------------------------- */

static void say_signal(struct shell *sh, int pid, int st, const char *text)
{
    int sig = WTERMSIG(st);
    if (sig == SIGPIPE || (sig == SIGINT && !sh->interactive))
        return;
    if (sh->interactive) {
        if (sig != SIGINT) {
            struct str s;
            str_init(&s, sh->tmp);
            str_printf(&s, "%s%s\n", sh_signal_text(sig), WCOREDUMP(st) ? " (core dumped)" : "");
            (void)vm_write_all(sh->p, 2, s.s, s.n);
        } else {
            (void)vm_write_all(sh->p, 2, "\n", 1);
        }
        return;
    }
    struct str s;
    str_init(&s, sh->tmp);
    if (sh->dash) {
        str_printf(&s, "%s%s\n", sh_signal_text(sig), WCOREDUMP(st) ? " (core dumped)" : "");
    } else {
        char what[64];
        (void)str_fmt(what, sizeof what, "%s%s", sh_signal_text(sig),
                      WCOREDUMP(st) ? " (core dumped)" : "");
        str_printf(&s, "%s%5d %-24s%s\n", sh_prefix(sh), pid, what, text);
    }
    (void)vm_write_all(sh->p, 2, s.s, s.n);
}

static void stopped_fg(struct shell *sh, const int *pids, const int *states, int n,
                       const char *text)
{
    struct job *j = job_add(sh, pids, n, text, true);
    for (int i = 0; i < n; i++)
        j->states[i] = states[i] == RUNNING ? STOPPED : states[i];
    j->notified = true;
    struct str s;
    str_init(&s, sh->tmp);
    str_putc(&s, '\n');
    job_print(sh, j, &s, false);
    (void)vm_write_all(sh->p, 2, s.s, s.n);
}

int job_wait_fg(struct shell *sh, const int *pids, int n, const char *text)
{
    int few[8], *states = n <= 8 ? few : sh_tmp(sh, (size_t)n * sizeof *states);
    int left = n, st = 0;
    bool stopped = false;
    for (int i = 0; i < n; i++)
        states[i] = RUNNING;
    while (left > 0) {
        int pid = vm_wait(sh->p, n == 1 ? pids[0] : -1, &st, sh->job_control ? WUNTRACED : 0);
        if (pid == -EINTR) {
            if (!sh->interactive && sh->int_pending && sh->traps[SIGINT] == NULL)
                sh->int_pending = false;
            continue;
        }
        if (pid < 0)
            break;
        bool mine = false;
        for (int i = 0; i < n; i++)
            if (pids[i] == pid) {
                states[i] = st;
                mine = true;
                left--;
                if (WIFSTOPPED(st)) {
                    stopped = true;
                    states[i] = STOPPED;
                } else if (WIFSIGNALED(st) && (i == n - 1 || WTERMSIG(st) != SIGINT)) {
                    say_signal(sh, pid, st, text);
                }
            }
        if (!mine)
            (void)job_note(sh, pid, st);
    }
    if (sh->job_control && sh->tty_fd >= 0)
        (void)vm_tcsetpgrp(sh->p, sh->tty_fd, sh->pgrp);
    if (stopped) {
        stopped_fg(sh, pids, states, n, text);
        sh->breaking = sh->loops;
    }
    sh->pipe_n = 0;
    for (int i = 0; i < n && i < 64; i++) {
        int s = states[i] == STOPPED   ? 128 + SIGTSTP
                : states[i] == RUNNING ? 127
                                       : job_status(states[i]);
        sh->pipestatus[sh->pipe_n++] = s;
    }
    int last = states[n - 1];
    int result = last == STOPPED ? 128 + SIGTSTP : last == RUNNING ? 127 : job_status(last);
    if (sh->interactive && last >= 0 && WIFSIGNALED(last) && WTERMSIG(last) == SIGINT)
        sh->breaking = sh->loops;
    if (!sh->interactive && !sh->dash && last >= 0 && WIFSIGNALED(last) &&
        WTERMSIG(last) == SIGINT && sh->int_pending && !sh->traps[SIGINT])
        vm_exit_signal(sh->p, SIGINT);
    return result;
}

struct job *job_by_spec(struct shell *sh, const char *spec)
{
    if (*spec != '%') {
        int64_t pid;
        if (str_int(spec, 1, INT32_MAX, &pid) != 0)
            return NULL;
        for (struct job *j = sh->jobs; j; j = j->next)
            for (int i = 0; i < j->n; i++)
                if (j->pids[i] == pid)
                    return j;
        return NULL;
    }
    spec++;
    if (!*spec || strcmp(spec, "+") == 0 || strcmp(spec, "%") == 0)
        return sh->current_job;
    if (strcmp(spec, "-") == 0)
        return sh->previous_job ? sh->previous_job : sh->current_job;
    for (struct job *j = sh->jobs; j; j = j->next) {
        if (isdigit((unsigned char)*spec)) {
            if (j->id == strtol(spec, NULL, 10))
                return j;
        } else if (*spec == '?' ? strstr(j->text, spec + 1) != NULL : str_starts(j->text, spec)) {
            return j;
        }
    }
    return NULL;
}
