/* privilege.c -- becoming somebody else: sudo, su; and ending the machine:
 * shutdown, reboot, halt, poweroff.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "cmd/privilege.h"
#include "cmd/sys.h"

struct target {
    const char *name, *home, *shell;
    uint32_t uid, gid;
};

static bool look_up(struct cmd_run *r, const char *name, struct target *t)
{
    char *at = sys_slurp(r, "/etc/passwd", NULL, NULL), *line, *f[7];
    while ((line = sys_line(&at))) {
        int64_t uid, gid;
        if (sys_fields(line, ':', f, 7) < 7 || strcmp(f[0], name) != 0 ||
            str_int(f[2], 0, UINT32_MAX, &uid) || str_int(f[3], 0, UINT32_MAX, &gid))
            continue;
        *t = (struct target){f[0], f[5], *f[6] ? f[6] : "/bin/sh", (uint32_t)uid, (uint32_t)gid};
        return true;
    }
    return false;
}

/* The environment of the new user; keep: only what tells who one is changes. */
static char **environment(struct cmd_run *r, const struct target *t, bool keep)
{
    static const char *const own[] = {"HOME=", "SHELL=", "USER=", "LOGNAME=", "MAIL="};
    static const char *const kept[] = {"TERM=", "LANG=", "LC_", "DISPLAY=", "PATH="};
    char **old = vm_environ(r->p);
    size_t n = 0, k = 0;
    while (old && old[n])
        n++;
    char **env = vm_alloc(r->p, (n + 8) * sizeof(*env));
    for (size_t i = 0; i < n; i++) {
        bool mine = false, common = keep;
        for (size_t j = 0; j < 5; j++) {
            mine |= str_starts(old[i], own[j]);
            common |= str_starts(old[i], kept[j]);
        }
        if (!mine && common)
            env[k++] = old[i];
    }
    env[k++] = vm_asprintf(r->p, "HOME=%s", t->home);
    env[k++] = vm_asprintf(r->p, "SHELL=%s", t->shell);
    env[k++] = vm_asprintf(r->p, "USER=%s", t->name);
    env[k++] = vm_asprintf(r->p, "LOGNAME=%s", t->name);
    return env;
}

/* Becomes the user and the program; comes back only with a status. */
static int become(struct cmd_run *r, const struct target *t, char *const argv[], char **env)
{
    char path[VFS_PATH_MAX];
    int err = vm_find_program(r->p, argv[0][0] == '-' ? t->shell : argv[0], path, sizeof(path));
    if (err < 0)
        return err;
    err = vm_setuid(r->p, t->uid, t->gid);
    (void)vf_flush(r->out);
    return err < 0 ? err : vm_exec(r->p, path, argv, env);
}

static bool in_sudoers(struct cmd_run *r, const char *me)
{
    char *at = sys_slurp(r, "/etc/group", NULL, NULL), *line, *f[4];
    while ((line = sys_line(&at)))
        if (sys_fields(line, ':', f, 4) == 4 && !strcmp(f[0], "sudo")) {
            char *list = f[3], *name;
            while ((name = strsep(&list, ",")))
                if (!strcmp(name, me))
                    return true;
        }
    return false;
}

static bool sudo_allowed(struct cmd_run *r, const char *me)
{
    if (vm_getuid(r->p) == 0)
        return true;
    if (cmd_has(r, 'n')) {
        vf_puts(r->err, "sudo: a password is required\n");
        return false;
    }
    if (!cmd_has(r, 'S') && !vm_isatty(r->p, 0)) {
        vf_puts(r->err,
                "sudo: a terminal is required to read the password; either use the -S option "
                "to read from standard input or configure an askpass helper\nsudo: a password "
                "is required\n");
        return false;
    }
    const char *pass = sys_ask_secret(r, vm_asprintf(r->p, "[sudo] password for %s: ", me));
    if (!pass) {
        vf_puts(r->err, "sudo: no password was provided\nsudo: a password is required\n");
        return false;
    }
    if (!in_sudoers(r, me)) {
        vf_printf(r->err, "%s is not in the sudoers file.\n", me);
        return false;
    }
    for (int i = 0; i < 2 && pass && !*pass; i++) {
        (void)vm_sleep_us(r->p, 2000000);
        vf_puts(r->err, "Sorry, try again.\n");
        pass = sys_ask_secret(r, vm_asprintf(r->p, "[sudo] password for %s: ", me));
    }
    if (pass && *pass)
        return true;
    vf_puts(r->err, "sudo: 3 incorrect password attempts\n");
    return false;
}

static int sudo_run(struct cmd_run *r)
{
    const char *me = cmd_user_name(r, vm_getuid(r->p));
    const char *user = cmd_arg(r, 'u') ? cmd_arg(r, 'u') : "root";
    struct target t;
    me = me ? me : "root";
    if (cmd_has(r, 'V'))
        return sys_text(r, "sudo --version") < 0;
    if (cmd_has(r, 'k') || cmd_has(r, 'K') || cmd_has(r, 'v'))
        return 0;
    if (cmd_has(r, 'l')) {
        if (!sudo_allowed(r, me))
            return 1;
        vf_printf(
            r->out,
            "Matching Defaults entries for %s on %s:\n    env_reset, mail_badpass,\n    "
            "secure_path=/usr/local/sbin\\:/usr/local/bin\\:/usr/sbin\\:/usr/bin\\:/sbin\\:/bin,\n"
            "    use_pty\n\nUser %s may run the following commands on %s:\n    (ALL : ALL) ALL\n",
            me, vm_hostname(r->p), me, vm_hostname(r->p));
        return 0;
    }
    bool shell = cmd_has(r, 'i') || cmd_has(r, 's');
    if (!r->argc && !shell) {
        if (sys_text(r, "sudo") < 0)
            (void)sys_text(r, "sudo --help");
        return 1;
    }
    if (!look_up(r, user, &t)) {
        vf_printf(r->err,
                  "sudo: unknown user %s\nsudo: error initializing audit plugin sudoers_audit\n",
                  user);
        return 1;
    }
    if (!sudo_allowed(r, me))
        return 1;
    /* Words such as A=1 before the command are its environment. */
    char **env = environment(r, &t, cmd_has(r, 'E')), **argv = r->argv;
    size_t n = 0;
    while (env[n])
        n++;
    while (argv[0] && strchr(argv[0], '=') && !shell && n < 4096) {
        char **more = vm_alloc(r->p, (n + 2) * sizeof(*more));
        memcpy(more, env, n * sizeof(*env));
        more[n++] = *argv++;
        env = more;
    }
    char **run = argv;
    if (shell) {
        struct str b;
        str_init(&b, r->arena);
        for (int i = 0; argv[i]; i++)
            str_printf(&b, "%s%s", i ? " " : "", argv[i]);
        run = vm_alloc(r->p, 4 * sizeof(*run));
        run[0] = cmd_has(r, 'i') ? vm_asprintf(r->p, "-%s", cmd_base(t.shell))
                                 : vm_strdup(r->p, t.shell);
        if (argv[0]) {
            run[1] = vm_strdup(r->p, "-c");
            run[2] = vm_strdup(r->p, str_text(&b));
        }
        if (cmd_has(r, 'i'))
            (void)vm_chdir(r->p, t.home);
    }
    if (!run[0])
        return 1;
    int err = become(r, &t, run, env);
    vf_printf(r->err,
              err == -ENOENT ? "sudo: %s: command not found\n"
                             : "sudo: unable to execute %s: Permission denied\n",
              run[0]);
    return 1;
}

static const char *const sudo_longs[] = {"stdin=S",    "non-interactive=n", "user:=u",  "login=i",
                                         "shell=s",    "preserve-env=E",    "list=l",   "version=V",
                                         "validate=v", "reset-timestamp=k", "group:=g", "prompt:=p",
                                         "set-home=H", "background=b",      "help=h",   NULL};

const struct cmd cmd_sudo = {.name = "sudo",
                             .opts = "+ABbC:D:EeF:g:HhiKklnPp:R:r:ST:t:U:u:Vvs",
                             .longs = sudo_longs,
                             .flags = CMD_HELP_ERR,
                             .run = sudo_run};

/* --- su ----------------------------------------------------------------------------- */
static int su_run(struct cmd_run *r)
{
    bool login = cmd_has(r, 'l');
    int i = 0;
    struct target t;
    if (i < r->argc && !strcmp(r->argv[i], "-")) {
        login = true;
        i++;
    }
    const char *user = i < r->argc ? r->argv[i++] : "root";
    const char *command = cmd_arg(r, 'c');
    if (!look_up(r, user, &t)) {
        vf_printf(r->err,
                  "su: user %s does not exist or the user entry does not contain all the required "
                  "fields\n",
                  user);
        return 1;
    }
    if (vm_getuid(r->p)) {
        const char *pass = sys_ask_secret(r, "Password: ");
        (void)vm_sleep_us(r->p, 2200000);
        /* Nobody knows root's password; another's own would do. */
        if (!pass || !*pass || t.uid == 0) {
            vf_puts(r->err, "su: Authentication failure\n");
            return 1;
        }
    }
    const char *shell = cmd_arg(r, 's') ? cmd_arg(r, 's') : t.shell;
    t.shell = shell;
    char **argv = vm_alloc(r->p, ((size_t)r->argc + 5) * sizeof(*argv));
    int n = 0;
    argv[n++] = vm_asprintf(r->p, "%s%s", login ? "-" : "", cmd_base(shell));
    if (command) {
        argv[n++] = vm_strdup(r->p, "-c");
        argv[n++] = vm_strdup(r->p, command);
    }
    while (i < r->argc)
        argv[n++] = r->argv[i++];
    char path[VFS_PATH_MAX];
    if (login)
        (void)vm_chdir(r->p, t.home);
    char **env = environment(r, &t, !login);
    int err = vm_find_program(r->p, shell, path, sizeof(path));
    if (!err)
        err = vm_setuid(r->p, t.uid, t.gid);
    if (!err)
        err = vm_exec(r->p, path, argv, env);
    vf_printf(r->err, "su: failed to execute %s: %s\n", shell, vm_strerror(-err));
    return err == -ENOENT ? 127 : 126;
}

static const char *const su_longs[] = {
    "login=l", "command:=c", "shell:=s", "preserve-environment=m", "group:=g", "pty=P", NULL};

const struct cmd cmd_su = {
    .name = "su", .opts = "fmpc:g:G:ls:Pw:hV", .longs = su_longs, .run = su_run};

/* --- the end of the machine ------------------------------------------------------------- */
/* All terminals hang up and the logins' processes end, as when it goes down. */
static int go_down(struct cmd_run *r)
{
    size_t n;
    const struct vm_procinfo *rows = sys_procs(r, &n);
    int me = vm_getpid(r->p), last = 0;
    (void)vf_flush(r->out);
    for (size_t i = 0; i < n; i++)
        if (!strncmp(rows[i].comm, "sshd", 4) && rows[i].ppid > 1)
            last = rows[i].pid;
    for (size_t i = 0; i < n; i++)
        if (last && rows[i].pid > last && rows[i].pid != me && *rows[i].exe)
            (void)vm_kill(r->p, rows[i].pid, SIGKILL);
    return 0;
}

int privilege_shutdown(struct cmd_run *r)
{
    const char *name = cmd_base(r->name);
    if (cmd_has(r, 'h') && strcmp(name, "shutdown") != 0)
        return sys_text(r, vm_asprintf(r->p, "%s --help", name)) < 0;
    if (vm_geteuid(r->p)) {
        vf_puts(r->err,
                "Failed to set wall message, ignoring: Interactive authentication required.\n"
                "Failed to call ScheduleShutdown in logind, no action will be taken: Interactive "
                "authentication required.\n");
        return 1;
    }
    if (cmd_has(r, 'c') && !strcmp(name, "shutdown"))
        return 0;
    bool now = strcmp(name, "shutdown") != 0 ||
               (r->argc && (!strcmp(r->argv[0], "now") || !strcmp(r->argv[0], "+0")));
    if (!now) {
        struct tm tm;
        time_t at = vm_now(r->p).tv_sec + 60;
        char when[64];
        (void)gmtime_r(&at, &tm);
        (void)strftime(when, sizeof(when), "%a %Y-%m-%d %H:%M:%S UTC", &tm);
        vf_printf(r->err, "%s scheduled for %s, use 'shutdown -c' to cancel.\n",
                  cmd_has(r, 'r') ? "Reboot" : "Shutdown", when);
        return 0;
    }
    return go_down(r);
}

static const char *const down_longs[] = {"help=h",  "reboot=r",  "halt=H",      "poweroff=P",
                                         "force=f", "no-wall=k", "wtmp-only=w", NULL};
#define DOWN(n)                                                                                    \
    const struct cmd cmd_##n = {                                                                   \
        .name = #n, .opts = "HPrhkcfwdni", .longs = down_longs, .run = privilege_shutdown}
DOWN(shutdown);
DOWN(reboot);
DOWN(halt);
DOWN(poweroff);
