/* env.c -- programs that run others: env, nohup, nice, timeout, stdbuf, setsid,
 * which, printenv, sleep, sync, yes.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cmd/cmd.h"
#include "cmd/sig.h"

/* Becomes argv[0], looked up in PATH: only returns on failure, with 126 or
 * 127 after a message. */
static int become(struct cmd_run *r, char **argv, char *const *env)
{
    char path[VFS_PATH_MAX];
    int err = vm_find_program(r->p, argv[0], path, sizeof(path));
    if (!err) {
        (void)vf_flush(r->out);
        err = vm_exec(r->p, path, argv, env);
    }
    if (err == -ENOEXEC) {
        /* a script without #!: the C library's execvp gives it to sh */
        size_t n = 0;
        while (argv[n])
            n++;
        char **more = vm_alloc(r->p, (n + 3) * sizeof(*more));
        more[0] = "/bin/sh";
        more[1] = path;
        memcpy(more + 2, argv + 1, n * sizeof(*more));
        err = vm_exec(r->p, "/bin/sh", more, env);
    }
    bool bare = !strcmp(r->cmd->name, "env") || !strcmp(r->cmd->name, "nice");
    const char *name =
        !strcmp(r->cmd->name, "nohup") ? cmd_quote(r, argv[0]) : cmd_quotel(r, argv[0]);
    cmd_warn_err(r, err, bare ? "%s" : "failed to run command %s", name);
    return err == -ENOENT ? 127 : 126;
}

static size_t env_index(char **env, size_t n, const char *name, size_t len)
{
    size_t i = 0;
    while (i < n && (strncmp(env[i], name, len) || env[i][len] != '='))
        i++;
    return i;
}

/* -S "a b 'c d'": the words of a string. */
static char **split_string(struct cmd_run *r, const char *s, char **rest)
{
    size_t n = 0, left = 0;
    while (rest[left])
        left++;
    char **out = vm_alloc(r->p, (strlen(s) + left + 2) * sizeof(*out));
    while (*s) {
        s += strspn(s, " \t\n");
        if (!*s)
            break;
        struct str b;
        str_init(&b, r->arena);
        for (char quote = 0; *s && (quote || !strchr(" \t\n", *s)); s++) {
            if (quote ? *s == quote : *s == '"' || *s == '\'')
                quote = quote ? 0 : *s;
            else if (*s == '\\' && s[1])
                str_putc(&b, *++s);
            else
                str_putc(&b, *s);
        }
        out[n++] = vm_strdup(r->p, str_text(&b));
    }
    memcpy(out + n, rest, (left + 1) * sizeof(*out));
    return out;
}

static int env_run(struct cmd_run *r)
{
    char **old = vm_environ(r->p), **args = r->argv;
    size_t n = 0;
    while (old[n])
        n++;
    if (cmd_arg(r, 'S'))
        args = split_string(r, cmd_arg(r, 'S'), args);
    char **env =
        vm_alloc(r->p, (n + (size_t)r->argc + strlen(cmd_arg(r, 'S') ? cmd_arg(r, 'S') : "") + 2) *
                           sizeof(*env));
    bool ignore = cmd_has(r, 'i');
    if (*args && !strcmp(*args, "-")) {
        ignore = true;
        args++;
    }
    if (ignore)
        n = 0;
    memcpy(env, old, n * sizeof(*env));
    for (const char *o = r->opt; *o; o++) {
        if (*o != 'u')
            continue;
        const char *name = r->optarg[o - r->opt];
        if (!*name || strchr(name, '=')) {
            cmd_warn_err(r, EINVAL, "cannot unset %s", cmd_quotel(r, name));
            return 125;
        }
        size_t i = env_index(env, n, name, strlen(name));
        if (i < n) {
            memmove(env + i, env + i + 1, (n - i - 1) * sizeof(*env));
            n--;
        }
    }
    for (char *eq; *args && (eq = strchr(*args, '=')); args++) {
        size_t i = env_index(env, n, *args, (size_t)(eq - *args));
        n += i == n;
        env[i] = *args;
    }
    env[n] = NULL;
    const char *dir = cmd_arg(r, 'C');
    if (dir && !*args) {
        cmd_warn(r, "must specify command with --chdir (-C)");
        return cmd_usage(r);
    }
    int err = dir ? vm_chdir(r->p, dir) : 0;
    if (err < 0) {
        cmd_warn_err(r, err, "cannot change directory to %s", cmd_quote(r, dir));
        return 125;
    }
    if (*args) {
        if (cmd_has(r, '0')) {
            cmd_warn(r, "cannot specify --null (-0) with command");
            return cmd_usage(r);
        }
        int status = become(r, args, env);
        if (strpbrk(args[0], " \t") && status == 127)
            cmd_warn(r, "use -[v]S to pass options in shebang lines");
        return status;
    }
    for (size_t i = 0; i < n; i++) {
        vf_puts(r->out, env[i]);
        vf_putc(r->out, cmd_has(r, '0') ? '\0' : '\n');
    }
    return 0;
}

static const char *const env_longs[] = {"ignore-environment=i", "null=0",  "unset:=u", "chdir:=C",
                                        "split-string:=S",      "debug=v", NULL};

const struct cmd cmd_env = {
    .name = "env", .opts = "+C:iS:u:v0", .longs = env_longs, .run = env_run, .usage_status = 125};

static int printenv_run(struct cmd_run *r)
{
    char end = cmd_has(r, '0') ? '\0' : '\n';
    int status = 0;
    if (!r->argc)
        for (char **e = vm_environ(r->p); *e; e++) {
            vf_puts(r->out, *e);
            vf_putc(r->out, end);
        }
    for (char **a = r->argv; *a; a++) {
        const char *v = strchr(*a, '=') ? NULL : vm_getenv(r->p, *a);
        if (!v) {
            status = 1;
            continue;
        }
        vf_puts(r->out, v);
        vf_putc(r->out, end);
    }
    return status;
}

static const char *const printenv_longs[] = {"null=0", NULL};

const struct cmd cmd_printenv = {.name = "printenv",
                                 .opts = "+0",
                                 .longs = printenv_longs,
                                 .run = printenv_run,
                                 .usage_status = 2};

/* Output of nohup's program: nohup.out here, else in the home directory. */
static int nohup_file(struct cmd_run *r, const char **name)
{
    *name = "nohup.out";
    int fd = vm_open(r->p, *name, O_CREAT | O_WRONLY | O_APPEND, 0600), first = fd;
    const char *home = vm_getenv(r->p, "HOME");
    if (fd < 0 && home) {
        *name = cmd_path_join(r, home, "nohup.out");
        fd = vm_open(r->p, *name, O_CREAT | O_WRONLY | O_APPEND, 0600);
    }
    if (fd < 0)
        cmd_warn_err(r, first, "failed to open %s", cmd_quote(r, "nohup.out"));
    return fd;
}

static int nohup_run(struct cmd_run *r)
{
    if (!r->argc)
        return cmd_missing(r);
    bool in = vm_isatty(r->p, 0), out = vm_isatty(r->p, 1), err = vm_isatty(r->p, 2);
    const char *name = "";
    int fd = 1;
    if (in) {
        int null = vm_open(r->p, "/dev/null", O_WRONLY, 0);
        if (null >= 0) {
            vm_dup2(r->p, null, 0);
            vm_close(r->p, null);
        }
        if (!out && !err)
            cmd_warn(r, "ignoring input");
    }
    if (out) {
        fd = nohup_file(r, &name);
        if (fd < 0)
            return 125;
        cmd_warn(r, in ? "ignoring input and appending output to %s" : "appending output to %s",
                 cmd_quote(r, name));
        vm_dup2(r->p, fd, 1);
        vm_close(r->p, fd);
    }
    if (err) {
        if (!out)
            cmd_warn(r, in ? "ignoring input and redirecting stderr to stdout"
                           : "redirecting stderr to stdout");
        vm_dup2(r->p, 1, 2);
    }
    vm_signal(r->p, SIGHUP, VM_SIG_IGN, true);
    return become(r, r->argv, vm_environ(r->p));
}

const struct cmd cmd_nohup = {.name = "nohup", .opts = "+", .run = nohup_run, .usage_status = 125};

static int setsid_run(struct cmd_run *r)
{
    if (!r->argc) {
        cmd_warn(r, "no command specified");
        return cmd_usage(r);
    }
    if (vm_getpgid(r->p, 0) == vm_getpid(r->p) || cmd_has(r, 'f')) {
        char path[VFS_PATH_MAX];
        int status = 0, err = vm_find_program(r->p, r->argv[0], path, sizeof(path));
        int pid = err ? err : vm_spawn(r->p, path, r->argv, vm_environ(r->p), NULL, NULL);
        if (pid < 0) {
            cmd_warn_err(r, pid, "failed to execute %s", r->argv[0]);
            return 0; /* it is the child that could not start */
        }
        if (cmd_has(r, 'w') && vm_wait(r->p, pid, &status, 0) > 0)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
        return 0;
    }
    vm_setsid(r->p);
    return become(r, r->argv, vm_environ(r->p));
}

static const char *const setsid_longs[] = {"ctty=c", "fork=f", "wait=w", NULL};

const struct cmd cmd_setsid = {
    .name = "setsid", .opts = "+cfw", .longs = setsid_longs, .run = setsid_run};

static int nice_run(struct cmd_run *r)
{
    int64_t add = 10;
    char **argv = r->argv - 1;
    int argc = r->argc + 1;
    /* "nice -5 cmd" and "nice --5 cmd" are the old way */
    if (argc > 1 && argv[1][0] == '-' &&
        strspn(argv[1] + 1, "-+0123456789") == strlen(argv[1] + 1) &&
        strpbrk(argv[1], "0123456789")) {
        if (str_int(argv[1] + 1 + (argv[1][1] == '+'), -1000, 1000, &add))
            add = 10;
        argv++;
        argc--;
        r->argv = argv + 1;
        r->argc = argc - 1;
    } else {
        int status = cmd_getopt(r, argc, argv);
        if (status >= 0)
            return status;
        const char *n = cmd_arg(r, 'n');
        if (n && str_int(n + (*n == '+'), -1000000, 1000000, &add)) {
            cmd_warn(r, "invalid adjustment %s", cmd_quotel(r, n));
            return 125;
        }
    }
    int now = 20 - vm_nice(r->p, 0, 0, false);
    if (!r->argc) {
        if (argc > 1 && cmd_has(r, 'n')) {
            cmd_warn(r, "a command must be given with an adjustment");
            return cmd_usage(r);
        }
        vf_printf(r->out, "%d\n", now);
        return 0;
    }
    int64_t to = now + add;
    int err = vm_nice(r->p, 0, to > 19 ? 19 : to < -20 ? -20 : (int)to, true);
    if (err < 0)
        cmd_warn_err(r, err, "cannot set niceness");
    return become(r, r->argv, vm_environ(r->p));
}

static const char *const nice_longs[] = {"adjustment:=n", NULL};

const struct cmd cmd_nice = {.name = "nice",
                             .opts = "+n:",
                             .longs = nice_longs,
                             .run = nice_run,
                             .flags = CMD_RAW,
                             .usage_status = 125};

static int stdbuf_run(struct cmd_run *r)
{
    if (!r->argc)
        return cmd_missing(r);
    if (!*r->opt) {
        cmd_warn(r, "you must specify a buffering mode option");
        return cmd_usage(r);
    }
    return become(r, r->argv, vm_environ(r->p));
}

static const char *const stdbuf_longs[] = {"input:=i", "output:=o", "error:=e", NULL};

const struct cmd cmd_stdbuf = {.name = "stdbuf",
                               .opts = "+i:o:e:",
                               .longs = stdbuf_longs,
                               .run = stdbuf_run,
                               .usage_status = 125};

/* "10", "1.5m", "2h": microseconds, or -1. */
static int64_t duration(const char *s)
{
    char *end;
    double v = strtod(s, &end);
    if (end == s || !(v >= 0))
        return -1;
    double unit = 1;
    if (*end)
        switch (*end++) {
        case 's':
            break;
        case 'm':
            unit = 60;
            break;
        case 'h':
            unit = 3600;
            break;
        case 'd':
            unit = 86400;
            break;
        default:
            return -1;
        }
    if (*end)
        return -1;
    v *= unit * 1e6;
    return v > 9e15 ? (int64_t)9e15 : (int64_t)v;
}

static int sleep_run(struct cmd_run *r)
{
    int64_t total = 0;
    bool bad = false;
    if (!r->argc)
        return cmd_missing(r);
    for (char **a = r->argv; *a; a++) {
        int64_t us = duration(*a);
        if (us < 0) {
            cmd_warn(r, "invalid time interval %s", cmd_quotel(r, *a));
            bad = true;
        }
        total += us < 9e15 ? us : (int64_t)9e15;
    }
    if (bad)
        return cmd_usage(r);
    vm_sleep_us(r->p, total);
    return 0;
}

const struct cmd cmd_sleep = {.name = "sleep", .opts = "", .run = sleep_run};

static void on_alarm(struct proc *p, int sig)
{
    (void)p;
    (void)sig; /* it only interrupts the wait */
}

static int timeout_run(struct cmd_run *r)
{
    if (r->argc < 2)
        return cmd_usage(r);
    int sig = SIGTERM;
    const char *name = cmd_arg(r, 's'), *kill = cmd_arg(r, 'k');
    if (name && (sig = sig_number(name)) < 0) {
        cmd_warn(r, "%s: invalid signal", cmd_quotel(r, name));
        return cmd_usage(r);
    }
    int64_t kill_us = kill ? duration(kill) : 0, us = duration(r->argv[0]);
    if (kill_us < 0 || us < 0) {
        cmd_warn(r, "invalid time interval %s", cmd_quotel(r, kill_us < 0 ? kill : r->argv[0]));
        return cmd_usage(r);
    }
    if (!cmd_has(r, '\1'))
        vm_setpgid(r->p, 0, 0);
    vm_signal(r->p, SIGALRM, on_alarm, false);
    char path[VFS_PATH_MAX];
    char **argv = r->argv + 1;
    int err = vm_find_program(r->p, argv[0], path, sizeof(path));
    int pid = err ? err : vm_spawn(r->p, path, argv, vm_environ(r->p), NULL, NULL);
    if (pid < 0) {
        cmd_warn_err(r, pid, "failed to run command %s", cmd_quotel(r, argv[0]));
        return pid == -ENOENT ? 127 : 126;
    }
    int64_t end = vm_mono_us(r->p) + us;
    bool timed_out = false, killed = false;
    int status = 0;
    if (us)
        vm_alarm_us(r->p, us);
    while ((err = vm_wait(r->p, pid, &status, 0)) == -EINTR) {
        if (!us || vm_mono_us(r->p) < end || killed)
            continue;
        int now = timed_out ? SIGKILL : sig;
        if (cmd_has(r, 'v'))
            cmd_warn(r, "sending signal %s to command %s", sig_name(now), cmd_quotel(r, argv[0]));
        killed = timed_out;
        timed_out = true;
        vm_kill(r->p, pid, now);
        if (now != SIGKILL)
            vm_kill(r->p, pid, SIGCONT);
        if (kill_us && !killed) {
            end = vm_mono_us(r->p) + kill_us;
            vm_alarm_us(r->p, kill_us);
        }
    }
    vm_alarm_us(r->p, 0);
    if (err < 0)
        return 125;
    if (timed_out && !cmd_has(r, '\2') && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
        return 124;
    if (WIFSIGNALED(status) && timed_out && WTERMSIG(status) == SIGKILL)
        vm_exit_signal(r->p, SIGKILL);
    if (WIFSIGNALED(status))
        return 128 + WTERMSIG(status);
    return WEXITSTATUS(status);
}

static const char *const timeout_longs[] = {"foreground=\1", "kill-after:=k", "preserve-status=\2",
                                            "signal:=s",     "verbose=v",     NULL};

const struct cmd cmd_timeout = {.name = "timeout",
                                .opts = "+k:s:v",
                                .longs = timeout_longs,
                                .run = timeout_run,
                                .usage_status = 125};

static bool runnable(struct cmd_run *r, const char *path)
{
    struct vfs_stat st;
    return !vm_stat(r->p, path, &st) && S_ISREG(st.mode) && !vm_access(r->p, path, 1);
}

/* Debian's which: a shell script that knows -a. */
static int which_run(struct cmd_run *r)
{
    bool all = false;
    int i = 0, status = 0;
    for (; i < r->argc && r->argv[i][0] == '-' && r->argv[i][1]; i++) {
        if (!strcmp(r->argv[i], "--")) {
            i++;
            break;
        }
        for (const char *o = r->argv[i] + 1; *o; o++) {
            all |= *o == 'a';
            if (*o != 'a') {
                vf_printf(r->err, "Illegal option -%c\n", *o);
                vf_puts(r->out, "Usage: /usr/bin/which [-a] args\n");
                return 2;
            }
        }
    }
    if (i >= r->argc)
        return 1;
    for (; i < r->argc; i++) {
        const char *name = r->argv[i], *path = vm_getenv(r->p, "PATH");
        bool found = false;
        if (strchr(name, '/')) {
            found = runnable(r, name);
            if (found)
                vf_printf(r->out, "%s\n", name);
        } else {
            for (const char *s = path ? path : ""; *s || s == path; s++) {
                size_t n = strcspn(s, ":");
                const char *full =
                    cmd_path_join(r, n ? vm_asprintf(r->p, "%.*s", (int)n, s) : ".", name);
                if (runnable(r, full)) {
                    found = true;
                    vf_printf(r->out, "%s\n", full);
                    if (!all)
                        break;
                }
                s += n;
                if (!*s)
                    break;
            }
        }
        status |= !found;
    }
    return status;
}

static const char *const which_paths[] = {"/usr/bin/which.debianutils", NULL};

const struct cmd cmd_which = {
    .name = "which", .paths = which_paths, .run = which_run, .flags = CMD_RAW | CMD_NO_TEXT};

static int yes_run(struct cmd_run *r)
{
    enum { BLOCK = 8192 };
    struct str b;
    str_init(&b, r->arena);
    for (int i = 0; i < r->argc; i++)
        str_printf(&b, "%s%s", i ? " " : "", r->argv[i]);
    str_puts(&b, r->argc ? "\n" : "y\n");
    size_t line = b.n;
    while (b.n + line <= BLOCK)
        str_add(&b, b.s, line);
    for (;;) {
        ssize_t n = vm_write_all(r->p, 1, b.s, b.n);
        if (n < 0) {
            cmd_warn_err(r, (int)n, "standard output");
            return 1;
        }
    }
}

const struct cmd cmd_yes = {.name = "yes", .opts = "+", .run = yes_run};

static int sync_run(struct cmd_run *r)
{
    int status = 0;
    for (char **a = r->argv; *a; a++) {
        int fd = vm_open(r->p, *a, O_RDONLY | O_NONBLOCK, 0);
        if (fd < 0) {
            cmd_warn_err(r, fd, "error opening %s", cmd_quote(r, *a));
            status = 1;
            continue;
        }
        vm_close(r->p, fd);
    }
    return status;
}

static const char *const sync_longs[] = {"data=d", "file-system=f", NULL};

const struct cmd cmd_sync = {.name = "sync", .opts = "df", .longs = sync_longs, .run = sync_run};
