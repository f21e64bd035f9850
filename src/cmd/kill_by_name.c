/* kill_by_name.c -- processes by name: pgrep, pkill, pidof, killall.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>

#include "base/regex.h"
#include "cmd/sig.h"
#include "cmd/sys.h"

/* A first argument such as -9 or -KILL is a signal: cut out. */
static int take_signal(struct cmd_run *r, int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++) {
        const char *a = argv[i];
        int sig = a[0] == '-' && a[1] && a[1] != '-' ? sig_number(a + 1) : -1;
        if (sig < 0)
            continue;
        memmove(&argv[i], &argv[i + 1], (size_t)(*argc - i) * sizeof(*argv));
        --*argc;
        return sig;
    }
    (void)r;
    return -1;
}

static char **with_name(struct cmd_run *r, int *argc)
{
    char **argv = vm_alloc(r->p, ((size_t)r->argc + 2) * sizeof(*argv));
    argv[0] = (char *)(uintptr_t)r->name;
    memcpy(argv + 1, r->argv, (size_t)r->argc * sizeof(*argv));
    *argc = r->argc + 1;
    return argv;
}

/* --- pgrep, pkill ---------------------------------------------------------------- */
static bool in_list(struct cmd_run *r, const char *list, const char *text)
{
    char *copy = vm_strdup(r->p, list), *word;
    while ((word = strsep(&copy, ",")))
        if (!strcmp(word, text))
            return true;
    return false;
}

static bool pgrep_takes(struct cmd_run *r, const struct vm_procinfo *p, struct regex *re)
{
    uint32_t uid, gid;
    const char *users = cmd_arg(r, 'u') ? cmd_arg(r, 'u') : cmd_arg(r, 'U');
    bool yes = true;
    if (p->pid == vm_getpid(r->p))
        return false;
    if (users) {
        yes = in_list(r, users, vm_asprintf(r->p, "%u", p->euid));
        yes |= cmd_user_id(r, users, &uid, &gid) && uid == p->euid;
    }
    if (cmd_arg(r, 'P'))
        yes &= in_list(r, cmd_arg(r, 'P'), vm_asprintf(r->p, "%d", p->ppid));
    if (cmd_arg(r, 't'))
        yes &= in_list(r, cmd_arg(r, 't'), p->tty);
    if (re && yes) {
        const char *text = cmd_has(r, 'f') && p->argv[0] ? sys_args(r, p) : p->comm;
        yes = regex_exec(re, text, strlen(text), 0, NULL, 0) == 1;
    }
    return yes != cmd_has(r, 'v');
}

static void tick(void *ctx, unsigned steps)
{
    vm_tick(ctx, steps);
}

extern const struct cmd cmd_pgrep, cmd_pkill;

static int pgrep_run(struct cmd_run *r)
{
    /* One file on disk under two names: how it was called decides. */
    bool kills = !strcmp(cmd_base(r->name), "pkill");
    r->cmd = kills ? &cmd_pkill : &cmd_pgrep;
    int argc, sig = SIGTERM, found = 0;
    char **argv = with_name(r, &argc);
    int given = kills ? take_signal(r, &argc, argv) : -1, status = cmd_getopt(r, argc, argv);
    if (status >= 0)
        return status;
    if (given >= 0)
        sig = given;
    if (cmd_arg(r, 's') && kills)
        sig = sig_number(cmd_arg(r, 's'));
    if (cmd_has(r, 'V'))
        return sys_text(r, vm_asprintf(r->p, "%s --version", r->cmd->name));
    bool filters = cmd_latest(r, "uUPtGgn") != 0;
    if (r->argc != 1 && !(r->argc == 0 && filters)) {
        cmd_warn(r,
                 r->argc ? "only one pattern can be provided" : "no matching criteria specified");
        vf_printf(r->err, "Try `%s --help' for more information.\n", r->name);
        return 2;
    }
    struct regex *re = NULL;
    const char *why;
    if (r->argc) {
        unsigned flags =
            REGEX_ERE | (cmd_has(r, 'i') ? REGEX_ICASE : 0) | (cmd_has(r, 'x') ? REGEX_LINES : 0);
        re = regex_new(r->arena, r->argv[0], strlen(r->argv[0]), flags, &why);
        if (!re) {
            cmd_warn(r, "%s", why);
            return 2;
        }
        regex_tick(re, tick, r->p);
    }
    size_t n;
    const struct vm_procinfo *rows = sys_procs(r, &n), *best = NULL;
    const char *delim = cmd_arg(r, 'd') ? cmd_arg(r, 'd') : "\n";
    for (size_t i = 0; i < n; i++) {
        if (!pgrep_takes(r, &rows[i], re))
            continue;
        if (cmd_has(r, 'n') || cmd_has(r, 'o')) {
            if (!best || (cmd_has(r, 'n') && rows[i].start_us >= best->start_us))
                best = &rows[i];
            if (i + 1 < n)
                continue;
        }
        const struct vm_procinfo *p = best ? best : &rows[i];
        best = NULL;
        found++;
        if (kills) {
            int err = vm_kill(r->p, p->pid, sig);
            if (err < 0) {
                cmd_warn_err(r, err, "killing pid %d failed", p->pid);
                found--;
            } else if (cmd_has(r, 'e')) {
                vf_printf(r->out, "%s killed (pid %d)\n", p->comm, p->pid);
            }
            continue;
        }
        if (cmd_has(r, 'c'))
            continue;
        if (found > 1)
            vf_puts(r->out, delim);
        vf_printf(r->out, "%d", p->pid);
        if (cmd_has(r, 'l') || cmd_has(r, 'a'))
            vf_printf(r->out, " %s", cmd_has(r, 'a') && p->argv[0] ? sys_args(r, p) : p->comm);
    }
    if (best) {
        found++;
        if (kills)
            (void)vm_kill(r->p, best->pid, sig);
        else
            vf_printf(r->out, "%d", best->pid);
    }
    if (cmd_has(r, 'c'))
        vf_printf(r->out, "%d\n", found);
    else if (found && !kills)
        vf_putc(r->out, '\n');
    return found ? 0 : 1;
}

static const char *const pgrep_longs[] = {
    "delimiter:=d", "list-name=l", "list-full=a", "inverse=v",     "count=c",
    "full=f",       "pgroup:=g",   "group:=G",    "ignore-case=i", "newest=n",
    "oldest=o",     "parent:=P",   "session:=s",  "terminal:=t",   "euid:=u",
    "uid:=U",       "exact=x",     "echo=e",      "signal:=s",     NULL};

const struct cmd cmd_pgrep = {.name = "pgrep",
                              .opts = "d:lavcfg:G:inoP:s:t:u:U:xwVr:F:L",
                              .longs = pgrep_longs,
                              .flags = CMD_RAW | CMD_HELP_ERR,
                              .usage_status = 2,
                              .run = pgrep_run};
const struct cmd cmd_pkill = {.name = "pkill",
                              .opts = "ecfg:G:inoP:s:t:u:U:xVr:F:L",
                              .longs = pgrep_longs,
                              .flags = CMD_RAW | CMD_HELP_ERR,
                              .usage_status = 2,
                              .run = pgrep_run};

/* --- pidof ------------------------------------------------------------------------- */
static bool runs(const struct vm_procinfo *p, const char *name)
{
    const char *arg0 = p->argv && p->argv[0] ? p->argv[0] : "";
    if (*arg0 == '-')
        arg0++;
    if (strchr(name, '/'))
        return !strcmp(p->exe, name) || !strcmp(arg0, name);
    return *p->exe && (!strcmp(cmd_base(p->exe), name) || !strcmp(cmd_base(arg0), name) ||
                       !strcmp(p->comm, name));
}

static int pidof_run(struct cmd_run *r)
{
    size_t n;
    bool any = false;
    const struct vm_procinfo *rows = sys_procs(r, &n);
    for (int k = 0; k < r->argc; k++)
        for (size_t i = n; i-- > 0;) {
            if (!runs(&rows[i], r->argv[k]) || rows[i].pid == vm_getpid(r->p))
                continue;
            if (!cmd_has(r, 'q'))
                vf_printf(r->out, "%s%d", any ? " " : "", rows[i].pid);
            any = true;
            if (cmd_has(r, 's'))
                break;
        }
    if (any && !cmd_has(r, 'q'))
        vf_putc(r->out, '\n');
    return any ? 0 : 1;
}

const struct cmd cmd_pidof = {.name = "pidof", .opts = "schno:xqzd:", .run = pidof_run};
/* sysvinit's pidof is this program under another name. */
const struct cmd cmd_killall5 = {.name = "killall5", .opts = "schno:xqzd:", .run = pidof_run};

/* --- killall ------------------------------------------------------------------------- */
static int killall_run(struct cmd_run *r)
{
    int argc, status = 0;
    char **argv = with_name(r, &argc);
    int sig = take_signal(r, &argc, argv), rc = cmd_getopt(r, argc, argv);
    if (rc >= 0)
        return rc;
    if (cmd_arg(r, 's'))
        sig = sig_number(cmd_arg(r, 's'));
    if (cmd_has(r, 'V'))
        return sys_text(r, "killall --version");
    if (cmd_has(r, 'l')) {
        for (int i = 1; i < 32; i++)
            vf_printf(r->out, "%s%s", sig_name(i), i % 16 && i < 31 ? " " : "\n");
        return 0;
    }
    if (!r->argc && !cmd_has(r, 'u')) {
        (void)sys_text(r, "killall --help");
        return 1;
    }
    if (sig < 0)
        sig = SIGTERM;
    size_t n;
    const struct vm_procinfo *rows = sys_procs(r, &n);
    for (int k = 0; k < r->argc; k++) {
        bool any = false;
        for (size_t i = 0; i < n; i++) {
            if (!runs(&rows[i], r->argv[k]) || rows[i].pid == vm_getpid(r->p))
                continue;
            any = true;
            int err = vm_kill(r->p, rows[i].pid, sig);
            if (err < 0) {
                vf_printf(r->err, "%s(%d): %s\n", r->argv[k], rows[i].pid, vm_strerror(-err));
                status = 1;
            } else if (cmd_has(r, 'v')) {
                vf_printf(r->err, "Killed %s(%d) with signal %d\n", r->argv[k], rows[i].pid, sig);
            }
        }
        if (!any && !cmd_has(r, 'q'))
            vf_printf(r->err, "%s: no process found\n", r->argv[k]);
        if (!any)
            status = 1;
    }
    return status;
}

static const char *const killall_longs[] = {"exact=e",
                                            "ignore-case=I",
                                            "process-group=g",
                                            "younger-than:=y",
                                            "older-than:=o",
                                            "interactive=i",
                                            "list=l",
                                            "quiet=q",
                                            "regexp=r",
                                            "signal:=s",
                                            "user:=u",
                                            "verbose=v",
                                            "wait=w",
                                            "ns:=n",
                                            "context:=Z",
                                            "version=V",
                                            NULL};

const struct cmd cmd_killall = {.name = "killall",
                                .opts = "eIgy:o:ilqrs:u:vwn:Z:V",
                                .longs = killall_longs,
                                .flags = CMD_RAW | CMD_HELP_ERR,
                                .run = killall_run};
