/* trap.c -- signals and traps: handlers only note a signal; its action runs between
 * commands.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "shell/exec.h"
#include "shell/shell.h"

static const struct {
    int sig;
    const char *name, *text;
} signals[] = {{SIGHUP, "HUP", "Hangup"},
               {SIGINT, "INT", "Interrupt"},
               {SIGQUIT, "QUIT", "Quit"},
               {SIGILL, "ILL", "Illegal instruction"},
               {SIGTRAP, "TRAP", "Trace/breakpoint trap"},
               {SIGABRT, "ABRT", "Aborted"},
               {SIGBUS, "BUS", "Bus error"},
               {SIGFPE, "FPE", "Floating point exception"},
               {SIGKILL, "KILL", "Killed"},
               {SIGUSR1, "USR1", "User defined signal 1"},
               {SIGSEGV, "SEGV", "Segmentation fault"},
               {SIGUSR2, "USR2", "User defined signal 2"},
               {SIGPIPE, "PIPE", "Broken pipe"},
               {SIGALRM, "ALRM", "Alarm clock"},
               {SIGTERM, "TERM", "Terminated"},
               {SIGSTKFLT, "STKFLT", "Stack fault"},
               {SIGCHLD, "CHLD", "Child exited"},
               {SIGCONT, "CONT", "Continued"},
               {SIGSTOP, "STOP", "Stopped (signal)"},
               {SIGTSTP, "TSTP", "Stopped"},
               {SIGTTIN, "TTIN", "Stopped (tty input)"},
               {SIGTTOU, "TTOU", "Stopped (tty output)"},
               {SIGURG, "URG", "Urgent I/O condition"},
               {SIGXCPU, "XCPU", "CPU time limit exceeded"},
               {SIGXFSZ, "XFSZ", "File size limit exceeded"},
               {SIGVTALRM, "VTALRM", "Virtual timer expired"},
               {SIGPROF, "PROF", "Profiling timer expired"},
               {SIGWINCH, "WINCH", "Window changed"},
               {SIGIO, "IO", "I/O possible"},
               {SIGPWR, "PWR", "Power failure"},
               {SIGSYS, "SYS", "Bad system call"}};

const char *trap_signal_name(int sig)
{
    static char names[65][14]; /* filled the same way every time */
    if (sig == SIG_EXIT)
        return "EXIT";
    if (sig == SIG_DEBUG)
        return "DEBUG";
    if (sig == SIG_ERR_)
        return "ERR";
    if (sig == SIG_RETURN)
        return "RETURN";
    if (sig < 1 || sig > 64)
        return NULL;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (signals[i].sig == sig) {
            (void)str_fmt(names[sig], sizeof names[sig], "SIG%s", signals[i].name);
            return names[sig];
        }
    if (sig < 34)
        return NULL;
    if (sig == 34)
        (void)str_fmt(names[sig], sizeof names[sig], "SIGRTMIN");
    else if (sig < 50)
        (void)str_fmt(names[sig], sizeof names[sig], "SIGRTMIN+%d", sig - 34);
    else if (sig < 64)
        (void)str_fmt(names[sig], sizeof names[sig], "SIGRTMAX-%d", 64 - sig);
    else
        (void)str_fmt(names[sig], sizeof names[sig], "SIGRTMAX");
    return names[sig];
}

const char *sh_signal_text(int sig)
{
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (signals[i].sig == sig)
            return signals[i].text;
    return "Unknown signal";
}

int trap_signal_number(struct shell *sh, const char *name)
{
    if (isdigit((unsigned char)*name)) {
        int64_t n;
        return str_int(name, 0, 64, &n) == 0 ? (int)n : -1;
    }
    if (str_eqi(name, "EXIT"))
        return SIG_EXIT;
    if (!sh->dash) {
        if (str_eqi(name, "DEBUG"))
            return SIG_DEBUG;
        if (str_eqi(name, "ERR"))
            return SIG_ERR_;
        if (str_eqi(name, "RETURN"))
            return SIG_RETURN;
    }
    if (strncasecmp(name, "SIG", 3) == 0 && !sh->dash)
        name += 3;
    if (str_eqi(name, "POLL"))
        return SIGIO;
    for (int s = 1; s <= 64; s++) {
        const char *n = trap_signal_name(s);
        if (n && str_eqi(n + 3, name))
            return s;
    }
    return -1;
}

/* The shell a process runs: handlers get the process only. */
static void on_signal(struct proc *p, int sig)
{
    struct shell *sh = shell_of(p);
    if (!sh)
        return;
    if (sig >= 1 && sig <= 64)
        sh->trap_pending |= 1ull << (sig - 1);
    sh->has_pending = true;
    if (sig == SIGINT)
        sh->int_pending = true;
}

void trap_watch(struct shell *sh, int sig)
{
    (void)vm_signal(sh->p, sig, on_signal, false);
}

void trap_set(struct shell *sh, int sig, const char *action)
{
    char *old = sh->traps[sig];
    sh->traps[sig] = action ? sh_heap_strdup(sh, action) : NULL;
    if (sig == SIG_EXIT) {
        sh->trap_kept = false;
        sh->exit_trap_done = false;
    }
    if (!(sh->in_trap && old))
        sh_heap_free(sh, old);
    if (sig < 1 || sig > 64 || sig == SIGKILL || sig == SIGSTOP)
        return;
    if (!action) {
        if (sh->interactive && (sig == SIGINT || sig == SIGTERM || sig == SIGQUIT))
            shell_signals(sh);
        else
            (void)vm_signal(sh->p, sig, VM_SIG_DFL, true);
    } else if (!*action) {
        (void)vm_signal(sh->p, sig, VM_SIG_IGN, true);
    } else {
        (void)vm_signal(sh->p, sig, on_signal, false);
    }
}

void trap_run(struct shell *sh, int sig)
{
    const char *action = sh->traps[sig];
    bool inherited = sig >= SIG_DEBUG && sh->trap_here[sig - SIG_DEBUG];
    if (!action || !*action || (sh->trap_kept && !inherited))
        return;
    int status = sh->status, pipe_n = sh->pipe_n, line = sh->line;
    int saved[8];
    int keep = pipe_n < 8 ? pipe_n : 8;
    memcpy(saved, sh->pipestatus, (size_t)keep * sizeof *saved);
    bool was = sh->in_trap, returning = sh->returning;
    int breaking = sh->breaking, continuing = sh->continuing;
    sh->returning = false;
    sh->breaking = sh->continuing = 0;
    if (sig == SIG_ERR_ || sig == SIG_DEBUG || sig == SIG_RETURN)
        sh->in_err_trap++;
    sh->in_trap = true;
    char *copy = sh_heap_strdup(sh, action);
    const char *text = sh->command_text;
    run_string(sh, copy,
               sig == SIG_ERR_     ? "error trap"
               : sig == SIG_DEBUG  ? "debug trap"
               : sig == SIG_RETURN ? "return trap"
                                   : "trap",
               line);
    sh->command_text = text;
    sh_heap_free(sh, copy);
    sh->in_trap = was;
    if (sig == SIG_ERR_ || sig == SIG_DEBUG || sig == SIG_RETURN)
        sh->in_err_trap--;
    sh->line = line;
    sh->trap_status = sh->status;
    if (!sh->returning) {
        sh->status = status;
        sh->returning = returning;
    }
    sh->breaking += breaking;
    sh->continuing += continuing;
    memcpy(sh->pipestatus, saved, (size_t)keep * sizeof *saved);
    sh->pipe_n = keep;
}

int trap_exit(struct shell *sh)
{
    char *action = sh->traps[SIG_EXIT];
    int status = sh->status;
    sh->returning = false;
    sh->breaking = sh->continuing = 0;
    sh->in_trap = true;
    sh->level = 0;
    run_string(sh, action, "exit trap", sh->line);
    return status;
}

void trap_pending(struct shell *sh)
{
    while (sh->has_pending && sh->trap_pending && !sh->in_trap) {
        sh->has_pending = false;
        uint64_t bits = sh->trap_pending;
        sh->trap_pending = 0;
        for (int s = 1; s <= 64; s++)
            if (bits & (1ull << (s - 1)))
                trap_run(sh, s);
    }
}

/* A child keeps what is ignored; the rest goes back to default, but `trap` alone
 * still lists the parent's until one is set. */
void trap_reset_child(struct shell *sh)
{
    for (int s = 1; s <= 64; s++)
        if (sh->traps[s] && *sh->traps[s])
            (void)vm_signal(sh->p, s, VM_SIG_DFL, true);
    sh->trap_pending = 0;
    sh->has_pending = sh->int_pending = false;
    sh->trap_kept = true;
    for (int s = SIG_DEBUG; s <= SIG_RETURN; s++) {
        bool inherit = s == SIG_ERR_ ? sh->opt[OPT_ERRTRACE] : sh->opt[OPT_FUNCTRACE];
        sh->trap_here[s - SIG_DEBUG] = inherit;
    }
}
