/* main.c -- starting a shell: options, start-up files, sources of commands.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "shell/main.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "shell/builtin.h"
#include "shell/exec.h"
#include "shell/hist.h"
#include "shell/input.h"
#include "shell/users.h"

struct shell *shell_of(struct proc *p)
{
    return vm_own(p);
}

/* --- state -------------------------------------------------------------------------- */

static void import_environment(struct shell *sh)
{
    char **env = vm_environ(sh->p);
    for (; env && *env; env++) {
        const char *eq = strchr(*env, '=');
        if (!eq)
            continue;
        size_t n = (size_t)(eq - *env);
        if (!sh->dash && strncmp(*env, "BASH_FUNC_", 10) == 0 && n > 12 && eq[-1] == '%' &&
            eq[-2] == '%') {
            char *name = sh_tmp_strndup(sh, *env + 10, n - 12);
            if (strncmp(eq + 1, "() {", 4) == 0) {
                run_string(sh, sh_tmp_printf(sh, "%s %s", name, eq + 1), "environment", 1);
                struct sh_func *f = func_find(sh, name);
                if (f)
                    f->exported = true;
            }
            continue;
        }
        if (!lex_is_name(*env, n))
            continue;
        struct var *v = var_make(sh, sh_tmp_strndup(sh, *env, n));
        if (v->flags & (VAR_DYNAMIC | VAR_READONLY)) {
            if (v->dyn == DYN_UNDERSCORE) {
                sh_heap_free(sh, sh->last_arg);
                sh->last_arg = sh_heap_strdup(sh, eq + 1);
            }
            continue;
        }
        var_assign(sh, v, eq + 1, false);
        v->flags |= VAR_EXPORT;
    }
}

static void set_default(struct shell *sh, const char *name, const char *value, unsigned flags)
{
    struct var *v = var_make(sh, name);
    if (!v->val)
        var_assign(sh, v, value, false);
    v->flags |= flags;
}

static void set_pwd(struct shell *sh)
{
    char cwd[4096];
    struct vfs_stat a, b;
    const char *pwd = var_get(sh, "PWD");
    if (pwd && *pwd == '/' && vm_stat(sh->p, pwd, &a) == 0 && vm_stat(sh->p, ".", &b) == 0 &&
        a.ino == b.ino) {
        var_make(sh, "PWD")->flags |= VAR_EXPORT;
        return;
    }
    if (vm_getcwd(sh->p, cwd, sizeof cwd) > 0) {
        var_set(sh, "PWD", cwd);
        var_make(sh, "PWD")->flags |= VAR_EXPORT;
    }
}

static void bash_variables(struct shell *sh)
{
    static const char *const versinfo[] = {"5", "2", "15", "1", "release", "x86_64-pc-linux-gnu"};
    int64_t level = 0;
    const char *s = var_get(sh, "SHLVL");
    if (!s || str_int(s, INT32_MIN, INT32_MAX, &level) != 0)
        level = 0;
    level++;
    if (level < 0)
        level = 0;
    if (level >= 1000) {
        sh_error(sh, "warning: shell level (%lld) too high, resetting to 1", (long long)level);
        level = 1;
    }
    var_set_int(sh, "SHLVL", level);
    var_export(sh, "SHLVL");
    set_default(sh, "BASH", "/usr/bin/bash", 0);
    var_set(sh, "BASH_VERSION", "5.2.15(1)-release");
    struct var *v = var_make(sh, "BASH_VERSINFO");
    var_make_array(sh, v, false);
    for (int i = 0; i < 6; i++)
        array_set(sh, v->arr, i, versinfo[i]);
    v->flags |= VAR_READONLY;
    set_default(sh, "BASH_LOADABLES_PATH",
                "/usr/local/lib/bash:/usr/lib/bash:/opt/local/lib/bash:/usr/pkg/lib/bash:/opt/pkg/"
                "lib/bash:.",
                0);
    set_default(sh, "HOSTNAME", vm_hostname(sh->p), 0);
    set_default(sh, "HOSTTYPE", "x86_64", 0);
    set_default(sh, "MACHTYPE", "x86_64-pc-linux-gnu", 0);
    set_default(sh, "OSTYPE", "linux-gnu", 0);
    set_default(sh, "PS4", "+ ", 0);
    set_default(sh, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 0);
    set_default(sh, "TERM", "dumb", 0);
    if (!var_get(sh, "SHELL")) {
        set_default(sh, "SHELL", "/bin/bash", 0);
    }
    var_set(sh, "IFS", " \t\n");
    var_set(sh, "OPTIND", "1");
    set_default(sh, "OPTERR", "1", 0);
    var_set_int(sh, "UID", vm_getuid(sh->p));
    var_set_int(sh, "EUID", vm_geteuid(sh->p));
    var_set_int(sh, "PPID", sh->ppid);
    static const char *const fixed[] = {"UID", "EUID", "PPID"};
    for (int i = 0; i < 3; i++)
        var_make(sh, fixed[i])->flags |= VAR_READONLY | VAR_INTEGER;
    if (!sh->exec_string && !sh->interactive)
        return;
    if (sh->exec_string)
        var_set(sh, "BASH_EXECUTION_STRING", sh->exec_string);
}

static void dash_variables(struct shell *sh)
{
    set_default(sh, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 0);
    set_default(sh, "PS1", vm_geteuid(sh->p) == 0 ? "# " : "$ ", 0);
    set_default(sh, "PS2", "> ", 0);
    set_default(sh, "PS4", "+ ", 0);
    var_set(sh, "IFS", " \t\n");
    var_set(sh, "OPTIND", "1");
    var_set_int(sh, "PPID", sh->ppid);
}

static struct shell *shell_new(struct proc *p, bool dash)
{
    struct shell *sh = vm_alloc(p, sizeof *sh);
    sh->p = p;
    sh->heap = vm_arena(p);
    sh->tmp = vm_arena_new(p);
    sh->dash = dash;
    sh->pid = sh->bashpid = vm_getpid(p);
    sh->ppid = vm_getppid(p);
    sh->tty_fd = -1;
    sh->cmdsub_status = -1;
    sh->pipe_len = 1;
    sh->pipe_n = 1;
    sh->start_us = (int64_t)vm_now(p).tv_sec * 1000000;
    str_init(&sh->out, sh->heap);
    for (int s = 1; s <= 64; s++)
        if (vm_signal_get(p, s) == VM_SIG_IGN)
            sh->ignored_at_start |= 1ull << (s - 1);
    var_init(sh);
    dynvar_init(sh);
    sh_opt_defaults(sh);
    sh_register(sh);
    vm_set_own(p, sh);
    return sh;
}

/* --- options --------------------------------------------------------------------------------- */

struct start {
    bool c, s, i, login, norc, noprofile, posix, rcfile_set, version, help, dump, restricted;
    const char *rcfile;
    int arg; /* first operand */
};

static int long_option(struct shell *sh, struct start *st, int argc, char **argv, int i)
{
    const char *n = argv[i] + 2;
    if (strcmp(n, "login") == 0)
        st->login = true;
    else if (strcmp(n, "norc") == 0)
        st->norc = true;
    else if (strcmp(n, "noprofile") == 0)
        st->noprofile = true;
    else if (strcmp(n, "posix") == 0)
        st->posix = true;
    else if (strcmp(n, "version") == 0)
        st->version = true;
    else if (strcmp(n, "help") == 0)
        st->help = true;
    else if (strcmp(n, "restricted") == 0)
        st->restricted = true;
    else if (strcmp(n, "verbose") == 0)
        sh->opt[OPT_VERBOSE] = true;
    else if (strcmp(n, "noediting") == 0 || strcmp(n, "debugger") == 0 || strcmp(n, "debug") == 0)
        ;
    else if (strcmp(n, "rcfile") == 0 || strcmp(n, "init-file") == 0) {
        if (i + 1 >= argc) {
            sh_error(sh, "--%s: option requires an argument", n);
            return -1;
        }
        st->rcfile = argv[i + 1];
        return 2;
    } else {
        return 0;
    }
    return 1;
}

static void wrong_option(struct shell *sh, const char *what)
{
    size_t n;
    struct str s;
    str_init(&s, sh->tmp);
    str_printf(&s, "%s: %s: invalid option\n", sh->arg0, what);
    const char *help = vm_text(sh->p, "bash --help", &n);
    if (help) {
        const char *usage = strstr(help, "Usage:"), *end = strstr(help, "Type `");
        if (usage)
            str_add(&s, usage, end ? (size_t)(end - usage) : strlen(usage));
    }
    (void)vm_write_all(sh->p, 2, s.s, s.n);
    vm_exit(sh->p, 2);
}

static void letter_option(struct shell *sh, struct start *st, int argc, char **argv, int *i, int c,
                          bool on)
{
    if (c == 'c') {
        st->c = true;
    } else if (c == 's') {
        st->s = true;
    } else if (c == 'i') {
        st->i = true;
    } else if (c == 'l') {
        st->login = true;
    } else if (c == 'r' && !sh->dash) {
        st->restricted = true;
    } else if (c == 'D' && !sh->dash) {
        st->dump = true;
    } else if (c == 'o' || (c == 'O' && !sh->dash)) {
        if (*i + 1 >= argc)
            return;
        const char *name = argv[++*i];
        int o = c == 'o' ? sh_opt_named(name) : sh_shopt_named(name);
        if (o < 0) {
            if (sh->dash)
                sh_error(sh, "Illegal option -o %s", name);
            else
                sh_error(sh, "%s: invalid %soption name", name, c == 'o' ? "" : "shell ");
            vm_exit(sh->p, 2);
        }
        if (c == 'o')
            sh_opt_set(sh, o, on);
        else
            sh->shopt[o] = on;
    } else {
        int o = sh_opt_letter(sh, c);
        if (o < 0) {
            if (sh->dash) {
                struct str s;
                str_init(&s, sh->tmp);
                str_printf(&s, "%s: 0: Illegal option -%c\n", sh->arg0, c);
                (void)vm_write_all(sh->p, 2, s.s, s.n);
                vm_exit(sh->p, 2);
            }
            wrong_option(sh, sh_tmp_printf(sh, "%c%c", on ? '-' : '+', c));
        }
        sh_opt_set(sh, o, on);
    }
}

static void parse_options(struct shell *sh, struct start *st, int argc, char **argv)
{
    int i = 1;
    while (i < argc && str_starts(argv[i], "--") && argv[i][2] && !sh->dash) {
        int k = long_option(sh, st, argc, argv, i);
        if (k < 0)
            vm_exit(sh->p, 2);
        if (k == 0)
            wrong_option(sh, argv[i]);
        i += k;
    }
    for (; i < argc && (argv[i][0] == '-' || argv[i][0] == '+') && argv[i][1]; i++) {
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        if (argv[i][0] == '-' && argv[i][1] == '-')
            wrong_option(sh, argv[i]);
        const char *group = argv[i];
        for (const char *s = group + 1; *s; s++)
            letter_option(sh, st, argc, argv, &i, *s, *group == '-');
    }
    if (i < argc && strcmp(argv[i], "-") == 0)
        i++;
    st->arg = i;
}

/* --- start-up files ------------------------------------------------------------------------------
 */

static void try_file(struct shell *sh, const char *path)
{
    struct vfs_stat st;
    bool off = sh->gate_off;
    if (vm_stat(sh->p, path, &st) != 0 || (st.mode & S_IFMT) != S_IFREG)
        return;
    sh->gate_off = true;
    (void)run_file(sh, path, path);
    sh->gate_off = off;
    arena_reset(sh->tmp, sh->base_mark);
}

static const char *in_home(struct shell *sh, const char *name)
{
    const char *home = expand_tilde(sh, "");
    return sh_tmp_printf(sh, "%s/%s", home ? home : "", name);
}

struct startup {
    const struct start *st;
};

static void login_files(struct shell *sh)
{
    static const char *const names[] = {".bash_profile", ".bash_login", ".profile"};
    struct vfs_stat s;
    try_file(sh, "/etc/profile");
    if (sh->dash) {
        try_file(sh, in_home(sh, ".profile"));
        return;
    }
    for (int i = 0; i < 3; i++) {
        const char *path = sh_heap_strdup(sh, in_home(sh, names[i]));
        if (vm_stat(sh->p, path, &s) == 0 && vm_access(sh->p, path, 4) == 0) {
            try_file(sh, path);
            return;
        }
    }
}

static void startup_files(struct shell *sh, void *arg)
{
    const struct start *st = ((struct startup *)arg)->st;
    if (sh->login && !st->noprofile)
        login_files(sh);
    if (sh->dash) {
        const char *env = sh->interactive ? var_get(sh, "ENV") : NULL;
        if (env && *env)
            try_file(sh, expand_text(sh, env));
        return;
    }
    if (sh->login)
        return;
    if (sh->interactive) {
        if (st->norc)
            return;
        try_file(sh, "/etc/bash.bashrc");
        try_file(sh, st->rcfile ? st->rcfile : in_home(sh, ".bashrc"));
        return;
    }
    const char *level = var_get(sh, "SHLVL"), *env = var_get(sh, "BASH_ENV");
    if (st->c && (var_get(sh, "SSH_CLIENT") || var_get(sh, "SSH2_CLIENT")) && level &&
        strcmp(level, "1") == 0 && !st->norc) {
        try_file(sh, "/etc/bash.bashrc");
        try_file(sh, in_home(sh, ".bashrc"));
    } else if (env && *env) {
        try_file(sh, expand_text(sh, env));
    }
}

/* --- sources of commands
 * ----------------------------------------------------------------------------- */

static void run_c(struct shell *sh, const char *text)
{
    struct parser *p = arena_zalloc(sh->heap, sizeof *p);
    struct parse_host host;
    sh_parse_host(sh, &host);
    parse_init(p, sh->heap, &host);
    parse_feed(p, text, strlen(text));
    if (!str_ends(text, "\\") && !sh->dash)
        parse_feed(p, "\n", 1);
    (void)run_parser(sh, p, sh->dash ? NULL : "-c", true);
}

static bool binary(const char *text, size_t n)
{
    for (size_t i = 0; i < n && i < 80; i++) {
        if (text[i] == '\n')
            return false;
        if (!text[i])
            return true;
    }
    return false;
}

static void script_failed(struct shell *sh, const char *path, int err)
{
    struct str s;
    str_init(&s, sh->tmp);
    if (sh->dash)
        str_printf(&s, "%s: 0: cannot open %s: %s\n", sh->arg0, path,
                   err == -ENOENT ? "No such file" : vm_strerror(-err));
    else
        str_printf(&s, "%s: %s: %s\n", sh->arg0, path, vm_strerror(-err));
    (void)vm_write_all(sh->p, 2, s.s, s.n);
    vm_exit(sh->p, sh->dash ? (err == -ENOENT ? 2 : 126) : err == -ENOENT ? 127 : 126);
}

static void run_script(struct shell *sh, const char *path)
{
    struct vfs_stat st;
    int fd = vm_open(sh->p, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd == -ENOENT && !strchr(path, '/')) {
        char *found;
        if (exec_find(sh, path, NULL, &found) == 0)
            fd = vm_open(sh->p, found, O_RDONLY | O_CLOEXEC, 0);
    }
    if (fd < 0)
        script_failed(sh, path, fd);
    if (vm_fstat(sh->p, fd, &st) == 0 && (st.mode & S_IFMT) == S_IFDIR)
        script_failed(sh, path, -EISDIR);
    size_t n;
    char *text = read_whole(sh, sh->heap, fd, &n);
    (void)vm_close(sh->p, fd);
    if (binary(text, n) && !sh->dash) {
        struct str s;
        str_init(&s, sh->tmp);
        str_printf(&s, "%s: %s: cannot execute binary file\n", path, path);
        (void)vm_write_all(sh->p, 2, s.s, s.n);
        vm_exit(sh->p, 126);
    }
    sh->arg0 = sh->dollar0 = path;
    sh->script = path;
    struct parser *p = arena_zalloc(sh->heap, sizeof *p);
    struct parse_host host;
    sh_parse_host(sh, &host);
    parse_init(p, sh->heap, &host);
    parse_feed(p, text, n);
    (void)run_parser(sh, p, NULL, false);
}

static void run_input(struct shell *sh)
{
    struct parser *p = arena_zalloc(sh->heap, sizeof *p);
    struct parse_host host;
    sh_parse_host(sh, &host);
    host.more = input_more;
    parse_init(p, sh->heap, &host);
    (void)run_parser(sh, p, NULL, false);
}

/* --- interactive
 * ------------------------------------------------------------------------------------------ */

void shell_signals(struct shell *sh)
{
    static const int ignored[] = {SIGTERM, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};
    for (int i = 0; i < 5; i++)
        if (!sh->traps[ignored[i]] && (i < 2 || sh->job_control))
            (void)vm_signal(sh->p, ignored[i], VM_SIG_IGN, true);
    if (!sh->traps[SIGINT])
        trap_watch(sh, SIGINT);
}

static void start_interactive(struct shell *sh)
{
    sh->interactive = true;
    sh->shopt[SHOPT_EXPAND_ALIASES] = true;
    if (!sh->dash) {
        sh->opt[OPT_HISTEXPAND] = sh->opt[OPT_HISTORY] = sh->opt[OPT_EMACS] = true;
        set_default(sh, "PS1", "\\s-\\v\\$ ", 0);
        set_default(sh, "PS2", "> ", 0);
    }
    if (vm_isatty(sh->p, 2) || vm_isatty(sh->p, 0)) {
        sh->tty_fd = vm_dup(sh->p, vm_isatty(sh->p, 2) ? 2 : 0, 255);
        if (sh->tty_fd >= 0)
            (void)vm_cloexec(sh->p, sh->tty_fd, true);
        (void)vm_setpgid(sh->p, 0, 0);
        sh->pgrp = vm_getpgid(sh->p, 0);
        shell_signals(sh);
        (void)vm_signal(sh->p, SIGTTOU, VM_SIG_IGN, true);
        (void)vm_tcsetpgrp(sh->p, sh->tty_fd, sh->pgrp);
        sh->job_control = sh->opt[OPT_MONITOR] = true;
    }
    shell_signals(sh);
}

/* --- main
 * --------------------------------------------------------------------------------------------------------
 */

static int say_text(struct shell *sh, const char *key)
{
    size_t n;
    const char *t = vm_text(sh->p, key, &n);
    if (t)
        sh_out(sh, t, n);
    return 0;
}

static int shell_main(struct proc *p, int argc, char **argv, bool dash)
{
    struct shell *sh = shell_new(p, dash);
    struct start st = {0};
    const char *name = argc > 0 ? argv[0] : dash ? "sh" : "bash";
    sh->arg0 = sh->dollar0 = name;
    sh->base_mark = arena_mark(sh->tmp);
    const char *base = strrchr(name, '/');
    base = base ? base + 1 : name;
    st.login = base[0] == '-';
    st.restricted = str_eq(base, "rbash") || str_eq(base, "-rbash");
    parse_options(sh, &st, argc, argv);
    if (st.version)
        return say_text(sh, "bash --version");
    if (st.help)
        return say_text(sh, "bash --help");
    sh->login = st.login;
    sh->shopt[SHOPT_LOGIN_SHELL] = st.login && !dash;
    if (st.posix)
        sh_opt_set(sh, OPT_POSIX, true);
    int rest = st.arg;
    const char *text = NULL;
    if (st.c) {
        if (rest >= argc) {
            struct str s;
            str_init(&s, sh->tmp);
            str_printf(&s,
                       dash ? "%s: 0: -c requires an argument\n"
                            : "%s: -c: option requires an argument\n",
                       name);
            (void)vm_write_all(p, 2, s.s, s.n);
            return 2;
        }
        text = argv[rest++];
        sh->from_c = true;
        sh->exec_string = text;
        if (rest < argc)
            sh->dollar0 = sh->arg0 = argv[rest++];
    }
    bool script = !st.c && !st.s && rest < argc;
    sh->from_stdin = !st.c && !script;
    bool tty = vm_isatty(p, 0) && vm_isatty(p, 2);
    if (st.i || (sh->from_stdin && tty))
        start_interactive(sh);
    import_environment(sh);
    if (dash)
        dash_variables(sh);
    else
        bash_variables(sh);
    set_pwd(sh);
    const char *path = script ? argv[rest++] : NULL;
    if (rest < argc)
        sh_args_set(sh, argv + rest, argc - rest);
    if (sh->login && !dash)
        sh->login = true;
    if (sh->interactive && !dash)
        hist_load(sh);
    struct startup up = {&st};
    (void)sh_catch_run(sh, startup_files, &up);
    sh->restricted = st.restricted;
    sh->shopt[SHOPT_RESTRICTED_SHELL] = st.restricted;
    if (sh->interactive && !dash)
        hist_load(sh);
    sh->status = 0;
    if (text)
        run_c(sh, text);
    else if (path)
        run_script(sh, path);
    else
        run_input(sh);
    sh_exit(sh, sh->status);
}

static int bash_main(struct proc *p, int argc, char **argv)
{
    const char *base = argc > 0 ? strrchr(argv[0], '/') : NULL;
    base = base ? base + 1 : argc > 0 ? argv[0] : "bash";
    return shell_main(p, argc, argv, strcmp(base, "sh") == 0 && false);
}

static int dash_main(struct proc *p, int argc, char **argv)
{
    return shell_main(p, argc, argv, true);
}

const struct vm_program shell_programs[] = {
    {.name = "bash", .paths = (const char *const[]){"/usr/bin/rbash", NULL}, .main = bash_main},
    {.name = "dash", .paths = (const char *const[]){"/usr/bin/sh", NULL}, .main = dash_main},
    {0}};
