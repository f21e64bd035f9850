/* bi_job.c -- jobs, wait, fg, bg, disown, kill.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "shell/builtin.h"
#include "shell/exec.h"

int bi_jobs(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int c, status = 0;
    bool l = false, p = false, r = false, s = false, n = false;
    while ((c = opts_next(sh, &o, argc, argv, sh->dash ? "lp" : "lpnrsx")) != -1) {
        if (c == '?')
            return 2;
        l |= c == 'l';
        p |= c == 'p';
        r |= c == 'r';
        s |= c == 's';
        n |= c == 'n';
    }
    job_reap(sh);
    for (int i = o.i; i < argc; i++)
        if (!job_by_spec(sh, argv[i])) {
            sh_berror(sh, "%s: no such job", argv[i]);
            status = 1;
        }
    for (struct job *j = sh->jobs, *next; j; j = next) {
        next = j->next;
        bool chosen = o.i >= argc;
        for (int i = o.i; i < argc; i++)
            chosen |= job_by_spec(sh, argv[i]) == j;
        if (!chosen || (r && !job_running(j)) || (s && !job_stopped(j)) || (n && j->notified))
            continue;
        struct str t;
        str_init(&t, sh->tmp);
        if (p)
            str_printf(&t, "%d\n", j->pids[0]);
        else
            job_print(sh, j, &t, l);
        out_add(sh, t.s, t.n);
        if (!job_running(j) && !job_stopped(j))
            job_remove(sh, j);
    }
    return status;
}

/* Waits for a job or any child; the status, or -1 when a trapped signal came. */
static int wait_job(struct shell *sh, struct job *j)
{
    while (job_running(j)) {
        int st, pid = vm_wait(sh->p, -1, &st, sh->job_control ? WUNTRACED : 0);
        if (pid == -EINTR) {
            if (sh->has_pending || sh->int_pending)
                return -1;
            continue;
        }
        if (pid < 0) {
            for (int i = 0; i < j->n; i++)
                if (j->states[i] == -1)
                    j->states[i] = 127 << 8;
            break;
        }
        (void)job_note(sh, pid, st);
    }
    int last = j->states[j->n - 1];
    return last == -2 ? 128 + SIGTSTP : job_status(last);
}

static int interrupted(struct shell *sh)
{
    int sig = 0;
    for (int s = 1; s <= 64 && !sig; s++)
        if (sh->trap_pending & (1ull << (s - 1)))
            sig = s;
    trap_pending(sh);
    return 128 + (sig ? sig : SIGINT);
}

static int wait_next(struct shell *sh, const char *var)
{
    for (;;) {
        bool any = false;
        for (struct job *j = sh->jobs; j; j = j->next) {
            any = true;
            if (job_running(j) || job_stopped(j))
                continue;
            int status = job_status(j->states[j->n - 1]);
            if (var)
                var_set_int(sh, var, j->pids[j->n - 1]);
            job_remove(sh, j);
            return status;
        }
        if (!any)
            return 127;
        int st, pid = vm_wait(sh->p, -1, &st, 0);
        if (pid == -EINTR && (sh->has_pending || sh->int_pending))
            return interrupted(sh);
        if (pid == -EINTR)
            continue;
        if (pid < 0)
            return 127;
        (void)job_note(sh, pid, st);
    }
}

int bi_wait(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int c, status = 0;
    bool next = false;
    const char *var = NULL;
    while ((c = opts_next(sh, &o, argc, argv, sh->dash ? "" : "fnp:")) != -1) {
        if (c == '?')
            return 2;
        next |= c == 'n';
        if (c == 'p')
            var = o.arg;
    }
    if (next)
        return wait_next(sh, var);
    if (o.i >= argc) {
        while (sh->jobs) {
            struct job *j = sh->jobs;
            while (j && job_stopped(j))
                j = j->next;
            if (!j)
                break;
            if (wait_job(sh, j) < 0)
                return interrupted(sh);
            job_remove(sh, j);
        }
        return 0;
    }
    for (int i = o.i; i < argc; i++) {
        struct job *j = job_by_spec(sh, argv[i]);
        if (!j) {
            int64_t pid;
            if (argv[i][0] == '%') {
                sh_berror(sh, sh->dash ? "No such job: %s" : "%s: no such job", argv[i]);
                status = sh->dash ? 2 : 127;
            } else if (!legal_number(argv[i], &pid)) {
                if (sh->dash)
                    sh_berror(sh, "Illegal number: %s", argv[i]);
                else
                    sh_berror(sh, "`%s': not a pid or valid job spec", argv[i]);
                status = sh->dash ? 2 : 1;
            } else {
                struct sh_done *d = NULL;
                int st;
                if (pid == sh->proc_pid && vm_wait(sh->p, (int)pid, &st, 0) == pid)
                    (void)job_note(sh, (int)pid, st);
                for (int k = 0; k < sh->done_n; k++)
                    if (sh->done[k].pid == pid)
                        d = &sh->done[k];
                if (d) {
                    status = d->status;
                } else {
                    if (!sh->dash)
                        sh_berror(sh, "pid %s is not a child of this shell", argv[i]);
                    status = 127;
                }
            }
            continue;
        }
        status = wait_job(sh, j);
        if (status < 0)
            return interrupted(sh);
        if (var)
            var_set_int(sh, var, j->pids[j->n - 1]);
        if (!job_stopped(j)) {
            struct sh_done d = {j->pids[j->n - 1], status};
            sh->done[sh->done_n < 8 ? sh->done_n++ : 7] = d;
            job_remove(sh, j);
        }
    }
    return status;
}

static struct job *control(struct shell *sh, int argc, char **argv)
{
    if (!sh->job_control && !sh->dash) {
        sh_berror(sh, "no job control");
        return NULL;
    }
    job_reap(sh);
    struct job *j = argc > 1 ? job_by_spec(sh, argv[1]) : sh->current_job;
    if (!j && sh->dash)
        sh_berror(sh, argc > 1 ? "No such job: %s" : "No current job", argc > 1 ? argv[1] : "");
    else if (!j)
        sh_berror(sh, "%s: no such job", argc > 1 ? argv[1] : "current");
    else if (!sh->job_control) {
        sh_berror(sh, "job %s not created under job control", argc > 1 ? argv[1] : "%+");
        j = NULL;
    } else if (!job_running(j) && !job_stopped(j)) {
        sh_berror(sh, "job has terminated");
        job_remove(sh, j);
        j = NULL;
    }
    return j;
}

static void resume(struct shell *sh, struct job *j)
{
    for (int i = 0; i < j->n; i++)
        if (j->states[i] == -2)
            j->states[i] = -1;
    (void)vm_kill(sh->p, -j->pgid, SIGCONT);
}

int bi_fg(struct shell *sh, int argc, char **argv)
{
    struct job *j = control(sh, argc, argv);
    if (!j)
        return sh->dash ? 2 : 1;
    out_printf(sh, "%s\n", j->text);
    out_flush(sh);
    (void)vm_tcsetpgrp(sh->p, sh->tty_fd, j->pgid);
    resume(sh, j);
    int n = j->n, *pids = sh_tmp(sh, (size_t)n * sizeof *pids), k = 0;
    for (int i = 0; i < n; i++)
        if (j->states[i] == -1)
            pids[k++] = j->pids[i];
    char *text = sh_tmp_strdup(sh, j->text);
    job_remove(sh, j);
    return k ? job_wait_fg(sh, pids, k, text) : 0;
}

int bi_bg(struct shell *sh, int argc, char **argv)
{
    struct job *j = control(sh, argc, argv);
    if (!j)
        return sh->dash ? 2 : 1;
    if (job_running(j)) {
        sh_berror(sh, "job %d already in background", j->id);
        return 0;
    }
    resume(sh, j);
    j->background = true;
    out_printf(sh, "[%d]%c %s &\n", j->id, j == sh->current_job ? '+' : ' ', j->text);
    return 0;
}

int bi_disown(struct shell *sh, int argc, char **argv)
{
    struct opts o = {0};
    int c, status = 0;
    bool all = false, hup = false;
    while ((c = opts_next(sh, &o, argc, argv, "ahr")) != -1) {
        if (c == '?')
            return 2;
        all |= c == 'a' || c == 'r';
        hup |= c == 'h';
    }
    if (all) {
        while (sh->jobs && !hup)
            job_remove(sh, sh->jobs);
        return 0;
    }
    if (o.i >= argc) {
        if (!sh->current_job) {
            sh_berror(sh, "current: no such job");
            return 1;
        }
        if (!hup)
            job_remove(sh, sh->current_job);
        return 0;
    }
    for (int i = o.i; i < argc; i++) {
        struct job *j = job_by_spec(sh, argv[i]);
        if (!j) {
            sh_berror(sh, "%s: no such job", argv[i]);
            status = 1;
        } else if (!hup) {
            job_remove(sh, j);
        }
    }
    return status;
}

/* --- kill --------------------------------------------------------------------------------- */

static int kill_list(struct shell *sh, int argc, char **argv)
{
    if (argc == 0) {
        if (sh->dash) {
            out_puts(sh, "0\n");
            for (int i = 1; i <= 64; i++)
                if (trap_signal_name(i))
                    out_printf(sh, "%s\n", trap_signal_name(i) + 3);
            return 0;
        }
        int col = 0;
        for (int i = 1; i <= 64; i++) {
            if (!trap_signal_name(i))
                continue;
            out_printf(sh, "%2d) %s%s", i, trap_signal_name(i), ++col % 5 == 0 ? "\n" : "\t");
        }
        if (col % 5)
            out_puts(sh, "\n");
        return 0;
    }
    int status = 0;
    for (int i = 0; i < argc; i++) {
        int64_t n;
        if (legal_number(argv[i], &n)) {
            if (n > 128)
                n -= 128;
            const char *name = n == 0 ? "EXIT" : n > 0 && n <= 64 ? trap_signal_name((int)n) : NULL;
            if (name) {
                out_printf(sh, "%s\n", str_starts(name, "SIG") ? name + 3 : name);
                continue;
            }
        } else {
            int sig = trap_signal_number(sh, argv[i]);
            if (sig >= 0) {
                out_printf(sh, "%d\n", sig);
                continue;
            }
        }
        sh_berror(sh, "%s: invalid signal specification", argv[i]);
        status = 1;
    }
    return status;
}

static int kill_one(struct shell *sh, const char *arg, int sig)
{
    int64_t pid;
    int err;
    if (*arg == '%') {
        struct job *j = job_by_spec(sh, arg);
        if (!j) {
            sh_berror(sh, sh->dash ? "No such job: %s" : "%s: no such job", arg);
            return 1;
        }
        if (sh->job_control) {
            err = vm_kill(sh->p, -j->pgid, sig);
        } else {
            err = 0;
            for (int i = 0; i < j->n; i++)
                if (j->states[i] < 0)
                    err = vm_kill(sh->p, j->pids[i], sig);
        }
        if (err == 0 && job_stopped(j) && (sig == SIGTERM || sig == SIGHUP))
            (void)vm_kill(sh->p, -j->pgid, SIGCONT);
        pid = j->pgid;
    } else if (legal_number(arg, &pid)) {
        err = vm_kill(sh->p, (int)pid, sig);
    } else {
        if (sh->dash)
            sh_berror(sh, "Illegal number: %s", arg);
        else
            sh_berror(sh, "%s: arguments must be process or job IDs", arg);
        return sh->dash ? 2 : 1;
    }
    if (err < 0) {
        if (sh->dash)
            sh_berror(sh, "%s\n", vm_strerror(-err));
        else
            sh_berror(sh, "(%lld) - %s", (long long)pid, vm_strerror(-err));
        return 1;
    }
    return 0;
}

int bi_kill(struct shell *sh, int argc, char **argv)
{
    int i = 1, sig = SIGTERM;
    const char *name = NULL;
    if (argc < 2)
        return sh->dash
                   ? (sh_berror(sh,
                                "Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or"
                                "\nkill -l [exitstatus]"),
                      2)
                   : usage(sh);
    if (strcmp(argv[1], "-l") == 0 || strcmp(argv[1], "-L") == 0)
        return kill_list(sh, argc - 2, argv + 2);
    if (strcmp(argv[1], "-s") == 0 || strcmp(argv[1], "-n") == 0) {
        if (argc < 3) {
            sh_berror(sh, "%s: option requires an argument", argv[1]);
            return 1;
        }
        name = argv[2];
        i = 3;
    } else if (strcmp(argv[1], "--") == 0) {
        i = 2;
    } else if (argv[1][0] == '-' && argv[1][1]) {
        name = argv[1] + 1;
        i = 2;
    }
    if (name) {
        sig = trap_signal_number(sh, name);
        if (sig < 0 || sig > 64) {
            if (sh->dash) {
                if (argv[1][1] == 's')
                    sh_berror(sh, "invalid signal number or name: %s", name);
                else
                    sh_berror(sh, "Illegal option -%c", *name);
                return 2;
            }
            sh_berror(sh, "%s: invalid signal specification", name);
            return 1;
        }
        if (i < argc && strcmp(argv[i], "--") == 0)
            i++;
    }
    if (i >= argc)
        return sh->dash ? 2 : usage(sh);
    int status = 1, err;
    bool ok = false;
    for (; i < argc; i++)
        if ((err = kill_one(sh, argv[i], sig)) == 0)
            ok = true;
        else
            status = err;
    if (ok)
        status = 0;
    if (sh->has_pending)
        trap_pending(sh);
    return status;
}
